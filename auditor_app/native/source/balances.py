"""Compiled: balances of leaves and the sums of their parents, in limbs whose top one carries the sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import MINUS
from auditor_app.native.limbs import BASE, LIMB_DIGITS
from auditor_app.native.source.words import bytes_at, inlined, power_of_ten, words_at


def leaf_sums(
    rows: int,
    amount_table: int,
    mark_table: int,
    amount_count: int,
    position_table: int,
    lift_table: int,
    coins: int,
    count: int,
    sum_table: int,
    present_table: int,
) -> int:
    """Balances of leaves in the order of a rule's coins and at eighteen decimals; 0 where one does not fit its limbs.

    ``amounts`` (row, amount, ``count``) and ``marks`` are the scanner's; ``positions`` the amount of each coin or -1;
    ``lifts`` are the zeros behind each coin's last digit at eighteen decimals. A limb splits into what stays,
    (v mod 10**(18-lift))·10**lift, and what goes up, below 10**lift: their sum is below 10**18. A number below 0 becomes
    the base complement: the top limb carries the sign, the others stay in [0, 10**18).
    """
    amounts = words_at(amount_table, (rows, amount_count, count))
    marks = bytes_at(mark_table, (rows, amount_count))
    positions = words_at(position_table, (coins,))
    lifts = words_at(lift_table, (coins,))
    sums = words_at(sum_table, (rows, coins, count))
    present = bytes_at(present_table, (rows, coins))
    for row in range(rows):
        for coin in range(coins):
            amount = positions[coin]
            mark = marks[row, amount] if amount >= 0 else np.uint8(0)
            present[row, coin] = mark != 0
            lift = lifts[coin]
            unit = power_of_ten(LIMB_DIGITS - lift)
            up = np.int64(0)
            borrow = np.int64(0)
            for limb in range(count):
                value = amounts[row, amount, limb] if mark else np.int64(0)
                if lift:
                    rest = value // unit
                    value = (value - rest * unit) * power_of_ten(lift) + up
                    up = rest
                if mark == MINUS:
                    value = -value - borrow
                    borrow = np.int64(value < 0 and limb < count - 1)
                    value += borrow * BASE
                sums[row, coin, limb] = value
            if up:
                return 0
    return 1


@inlined
def _cut(sums: Any, node: Any, coin: Any, unit: Any) -> None:
    """Cut a sum to a multiple of ``unit`` of 10**-18, towards zero.

    The fraction of a number below 0 counts upwards from the next lower whole, so towards zero is up for it.
    """
    top = sums.shape[2] - 1
    fraction = sums[node, coin, 0]
    rest = fraction % unit
    if rest and sums[node, coin, top] < 0:
        fraction += unit
    fraction -= rest
    carry = np.int64(fraction >= BASE)
    sums[node, coin, 0] = fraction - carry * BASE
    limb = 1
    while carry:
        value = sums[node, coin, limb] + 1
        carry = np.int64(value >= BASE and limb < top)
        sums[node, coin, limb] = value - carry * BASE
        limb += 1


@inlined
def add_children(node: Any, sums: Any, present: Any, filled: Any, cuts: Any, out_sums: Any, out_present: Any) -> Any:
    """Sums of one parent; whether every top limb stays below 10**18 in size.

    Children's limbs are in [0, 10**18) and the carry is 0 or 1, so a sum is below 2·10**18; top limbs are within
    10**18 of zero by this very check, made at every node.
    """
    top = out_sums.shape[2] - 1
    fits = True
    for coin in range(out_sums.shape[1]):
        held = present[2 * node, coin] | present[2 * node + 1, coin]
        out_present[node, coin] = held | filled[coin]
        carry = np.int64(0)
        for limb in range(top):
            value = sums[2 * node, coin, limb] + sums[2 * node + 1, coin, limb] + carry
            carry = np.int64(value >= BASE)
            out_sums[node, coin, limb] = value - carry * BASE
        value = sums[2 * node, coin, top] + sums[2 * node + 1, coin, top] + carry
        out_sums[node, coin, top] = value
        if cuts[coin] > 0:
            _cut(out_sums, node, coin, power_of_ten(cuts[coin]))
            value = out_sums[node, coin, top]
        fits = fits and -BASE < value < BASE
    return fits
