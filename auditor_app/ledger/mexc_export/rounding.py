"""How far a sum of the exporter's cells may be from the exact sum, cell by cell, in exact numbers.

EasyExcel 3.3.2 writes an amount through a ``double`` with the number format General (``merkle-schemes.md`` 1.3): ten
significant digits, half up, at most ten decimals, whole numbers from 10**10 up, and zero for anything up to 10**-10.
So a cell stands for an interval, and the intervals of a column add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

SIGNIFICANT = 10
DECIMALS = 10
DOUBLE_ERROR = Fraction(1, 2**53)
"""Largest relative error of a number that passes through a ``double``."""

_HALF_SCALE = DECIMALS + 1
"""Half steps are whole numbers of 10**-11."""


def half_step(whole_digits: int, *, zero: bool = False) -> int:
    """How far the exact amount may be from a cell, before it was a ``double``, in units of 10**-11.

    ``whole_digits`` are the digits before the dot, 0 for a cell below one.
    """
    if zero:
        return 10
    return int(5 * 10 ** min(whole_digits, SIGNIFICANT))


def most_decimals(whole_digits: int) -> int:
    """Decimals that the exporter writes behind so many digits."""
    return max(SIGNIFICANT - whole_digits, 0) if whole_digits else DECIMALS


@dataclass(slots=True)
class ColumnTally:
    """One column, added up: cells in units of 10**-10, what they may be off by, and what is odd about them."""

    units: int = 0
    absolute: int = 0
    half_steps: int = 0
    negative: int = 0
    too_many_digits: int = 0

    def add(self, cell: bytes) -> int:
        """Take one cell that fits the grammar, an empty one as zero; its units."""
        sign = cell[:1] == b"-"
        whole, _, fraction = (cell[1:] if sign else cell).partition(b".")
        magnitude = int((whole or b"0") + fraction.ljust(DECIMALS, b"0"))
        digits = 0 if whole in (b"", b"0") else len(whole)
        self.half_steps += half_step(digits, zero=not magnitude)
        self.absolute += magnitude
        self.too_many_digits += len(fraction) > most_decimals(digits)
        units = -magnitude if sign else magnitude
        self.units += units
        self.negative += sign and magnitude > 0
        return units

    def tolerance(self) -> Fraction:
        """How far the column's sum may be from the sum of the exact amounts: cells' half steps, and the ``double``.

        An exact amount is at most its cell and a whole step, which bounds what the ``double`` adds.
        """
        halves = Fraction(self.half_steps, 10**_HALF_SCALE)
        return halves + DOUBLE_ERROR * (Fraction(self.absolute, 10**DECIMALS) + 2 * halves)
