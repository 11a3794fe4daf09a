"""How amounts are held where Python integers would be too slow: limbs of base 10**18, the lowest first."""

from __future__ import annotations

BASE = 10**18
LIMB_DIGITS = 18

NARROW, WIDE = 2, 5
"""Limbs of an amount: as a rule, and where a cell or a sum has more digits."""

SUM_LIMBS = 6
"""Limbs of a column's sums."""
