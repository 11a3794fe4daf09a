"""Rates as typed, kept exact: ``95%`` and ``0.95`` are the same rational, and neither ever becomes a float.

0.035 × 400 in binary floating point is 14.000000000000002, which made a published tool plan 423 items where
400 do. A rate is the decimal text that was typed and the :class:`~fractions.Fraction` it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.errors import SamplingError

_RATIO = re.compile(r"([1-9][0-9]{0,29})/([1-9][0-9]{0,29})\Z", re.ASCII)
_RATE = re.compile(r"((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,30})?) ?(%?)\Z", re.ASCII)

_PLACES = 30


@dataclass(frozen=True, slots=True)
class Rate:
    """An exact rate from 0 to 1; ``text`` is what is committed to: ``0.95``, or ``11/12`` where no decimal is exact."""

    text: str
    value: Fraction

    @property
    def percent(self) -> str:
        """For people: ``95 %``; ``11/12 (about 91.6667 %)``."""
        if "/" in self.text:
            about = Amount(round(self.value * 10**6), 4)
            return f"{self.text} (about {about.plain()} %)"
        amount = Amount.parse(self.text)
        return f"{Amount(amount.units * 100, amount.scale).plain()} %"

    def complement(self) -> Rate:
        """One minus the rate: the risk that belongs to a confidence."""
        if "/" in self.text:
            return rate_of(1 - self.value)
        amount = Amount.parse(self.text)
        text = Amount(10**amount.scale - amount.units, amount.scale).plain()
        return Rate(text, Fraction(text))


def rate_of(value: Fraction) -> Rate:
    """A computed rate: as a decimal of at most 30 places where one is exact, else as a ratio."""
    rest, places = value.denominator, 0
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest, power = rest // prime, power + 1
        places = max(places, power)
    if rest != 1 or places > _PLACES:
        return Rate(f"{value.numerator}/{value.denominator}", value)
    return Rate(Amount(int(value * 10**places), places).plain(), value)


def parse_rate(text: str, *, name: str) -> Rate:
    """Read ``95%``, ``95``, ``0.95`` or ``11/12`` exactly; ``name`` stands in the message.

    A number above 1 can only be a percentage; a bare ``1`` is all. Raises :class:`SamplingError` ``SAMPLE.PLAN`` for
    anything else.
    """
    ratio = _RATIO.match(text)
    if ratio is not None:
        value = Fraction(int(ratio[1]), int(ratio[2]))
        if value > 1:
            raise _refused(name, text)
        return rate_of(value)
    match = _RATE.match(text)
    if match is None:
        raise _refused(name, text)
    amount = Amount.parse(match[1])
    if match[2] or amount.fraction() > 1:
        amount = Amount(amount.units, amount.scale + 2)
    if amount.fraction() > 1:
        raise _refused(name, text)
    plain = amount.plain()
    return Rate(plain, Fraction(plain))


def _refused(name: str, text: str) -> SamplingError:
    return SamplingError(
        "SAMPLE.PLAN",
        f"the {name} is no rate from 0 to 1",
        expected="a rate such as 95% or 0.95",
        observed=repr(text[:40]),
        action="Write a percentage, or a decimal from 0 to 1.",
    )
