"""Compiled: limbs of base 10**18 added up; why none overflows stands in :mod:`auditor_app.native.source.rows`."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.limbs import BASE, SUM_LIMBS, WIDE
from auditor_app.native.source.decimals import carried_limbs
from auditor_app.native.source.words import inlined, store64, u64, word_at


@inlined
def add_limbs(line: Any, low: Any, high: Any) -> None:
    """Add two limbs to the six at ``line``."""
    value = word_at(line, 0) + low
    carry = np.int64(value >= BASE)
    store64(line, u64(value - carry * BASE))
    value = word_at(line, 1) + high + carry
    carry = np.int64(value >= BASE)
    store64(line + 8, u64(value - carry * BASE))
    limb = 2
    while carry:
        value = word_at(line, limb) + 1
        carry = np.int64(value >= BASE)
        store64(line + 8 * limb, u64(value - carry * BASE))
        limb += 1


@inlined
def add_wide(line: Any, limbs: Any) -> None:
    """Add five limbs to the six at ``line``."""
    carry = np.int64(0)
    for limb in range(SUM_LIMBS):
        value = word_at(line, limb) + carry + (word_at(limbs, limb) if limb < WIDE else np.int64(0))
        carry = np.int64(value >= BASE)
        store64(line + 8 * limb, u64(value - carry * BASE))


@inlined
def _add_limb(line: Any, limb: Any, value: Any) -> None:
    """Add a limb to the six at ``line``, from place ``limb`` on."""
    while value:
        total = word_at(line, limb) + value
        value = np.int64(total >= BASE)
        store64(line + 8 * limb, u64(total - value * BASE))
        limb += 1


@inlined
def let_go(held: Any, count: Any, sums: Any) -> None:
    """Add what a plain row read in all its rows to the sums."""
    for amount in range(count):
        line = sums + 16 * SUM_LIMBS * amount
        low, high, above = carried_limbs(held + 32 * amount)
        add_limbs(line, low, high)
        _add_limb(line, np.int64(2), above)
