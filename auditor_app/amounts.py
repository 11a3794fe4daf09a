"""Exact amounts: an integer count of 10**-scale units, of unlimited precision.

``Decimal`` with its default context keeps 28 digits, and real sums in published trees need 37; floats and
64-bit integers are worse. An :class:`Amount` is two Python integers and nothing is ever rounded except where a
function says so by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_PLAIN = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")


@dataclass(frozen=True, slots=True)
class Amount:
    """``units`` · 10**-``scale``; compare with :meth:`__eq__` only after :meth:`at_scale`, or by value."""

    units: int
    scale: int = 0

    @staticmethod
    def parse(text: str) -> Amount:
        """Read plain ASCII decimal text such as ``-12.50`` exactly, keeping its scale; ``ValueError`` otherwise."""
        raw = text.encode("utf-8")
        if not _PLAIN.match(raw):
            raise ValueError(f"not a plain decimal number: {text[:80]!r}")
        whole, _, fraction = text.partition(".")
        return Amount(int(whole + fraction), len(fraction))

    def at_scale(self, scale: int) -> Amount:
        """The same value with another scale; ``ValueError`` if digits other than zero would be lost."""
        if scale >= self.scale:
            return Amount(self.units * 10 ** (scale - self.scale), scale)
        quotient, remainder = divmod(self.units, 10 ** (self.scale - scale))
        if remainder:
            raise ValueError(f"{self.plain()} has more than {scale} decimals")
        return Amount(quotient, scale)

    def __add__(self, other: Amount) -> Amount:
        scale = max(self.scale, other.scale)
        return Amount(self.at_scale(scale).units + other.at_scale(scale).units, scale)

    def __sub__(self, other: Amount) -> Amount:
        return self + Amount(-other.units, other.scale)

    def fraction(self) -> Fraction:
        """The exact value."""
        return Fraction(self.units, 10**self.scale)

    def base_units(self, decimals: int) -> int | None:
        """The value in base units of an asset with ``decimals`` decimals; ``None`` if that is no integer."""
        value = self.fraction() * 10**decimals
        return value.numerator if value.denominator == 1 else None

    def fixed(self) -> str:
        """Decimal text with exactly ``scale`` decimals: ``1.50``."""
        digits = str(abs(self.units)).rjust(self.scale + 1, "0")
        sign = "-" if self.units < 0 else ""
        return f"{sign}{digits}" if not self.scale else f"{sign}{digits[: -self.scale]}.{digits[-self.scale :]}"

    def plain(self) -> str:
        """Decimal text without exponent, trailing zeros or a trailing dot; zero is ``0``, never ``-0``."""
        text = self.fixed()
        return text.rstrip("0").rstrip(".") if self.scale else text

    def grouped(self) -> str:
        """:meth:`fixed` with thin groups of three before the dot, for people: ``1 234 567.50``."""
        whole, dot, fraction = self.fixed().partition(".")
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        return f"{sign}{int(digits):,}".replace(",", "\u202f") + dot + fraction


ZERO = Amount(0, 0)


def floor_percent(numerator: int, denominator: int, places: int = 4) -> str | None:
    """``numerator`` ÷ ``denominator`` in percent, rounded **down** to ``places`` decimals.

    ``None`` when the denominator is not positive: a rate of nothing says nothing.
    """
    if denominator <= 0:
        return None
    scaled = numerator * 100 * 10**places // denominator
    return Amount(scaled, places).fixed()
