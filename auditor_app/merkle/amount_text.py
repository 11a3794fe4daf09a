"""Amounts as published files write them: any plain or exponent decimal text, its value, and Java's way to print it.

A scheme that hashes the text keeps the text; a scheme that hashes the value prints it anew. Some print a
``BigDecimal``, which remembers how many digits it was written with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor_app.amounts import Amount

MAX_DIGITS = 80
MAX_SCALE = 60
"""Digits and decimals far beyond any balance, and few enough for arithmetic to stay cheap."""

_TEXT = re.compile(
    r"(?P<whole>-?(?:0|[1-9][0-9]{0,79}))(?:\.(?P<fraction>[0-9]{1,60}))?(?:[eE](?P<exponent>[+-]?[0-9]{1,2}))?\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class AmountText:
    """One amount: the text as written, and what it stands for, ``unscaled`` · 10**-``scale`` (scale may be negative)."""

    text: str
    unscaled: int
    scale: int

    @staticmethod
    def parse(text: str) -> AmountText:
        """Read ASCII decimal text such as ``-12.50`` or ``6.7E-7``; ``ValueError`` for anything else."""
        match = _TEXT.match(text)
        if match is None:
            raise ValueError(f"not a decimal number: {text[:80]!r}")
        fraction = match["fraction"] or ""
        scale = len(fraction) - int(match["exponent"] or "0")
        if abs(scale) > MAX_SCALE or len(match["whole"]) + len(fraction) > MAX_DIGITS:
            raise ValueError(f"a number of too many digits: {text[:80]!r}")
        return AmountText(text, int(match["whole"] + fraction), scale)

    def units(self, scale: int) -> int:
        """The value as an integer of 10**-``scale``; ``scale`` must be at least :attr:`scale`."""
        factor: int = 10 ** (scale - self.scale)
        return self.unscaled * factor

    def plain(self) -> str:
        """Plain decimal text of the value: no exponent, no trailing zeros."""
        return Amount(self.units(max(self.scale, 0)), max(self.scale, 0)).plain()


def java_text(unscaled: int, scale: int) -> str:
    """``BigDecimal.toString()`` of ``unscaled`` · 10**-``scale``: all digits kept, an exponent below 10**-6.

    Source: the Java API documentation of ``java.math.BigDecimal.toString``.
    """
    digits = str(abs(unscaled))
    sign = "-" if unscaled < 0 else ""
    adjusted = len(digits) - 1 - scale
    if scale == 0:
        return sign + digits
    if scale > 0 and adjusted >= -6:
        digits = digits.rjust(scale + 1, "0")
        return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{mantissa}" + (f"E{adjusted:+d}" if adjusted else "")
