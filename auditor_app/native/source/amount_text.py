"""Compiled: amounts of limbs as text, below zero in base complement."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import FIXED, PLAIN
from auditor_app.native.limbs import BASE, WIDE
from auditor_app.native.source.words import (
    inlined,
    load8,
    stack,
    store8,
    store64,
    u64,
    word_at,
    write_integer,
    write_padded,
    write_stripped,
)

_magnitude_room = stack(WIDE)

_DOT, _MINUS_SIGN, _ZERO, _COMMA, _LF = 0x2E, 0x2D, 0x30, 0x2C, 0x0A


@inlined
def is_zero(limbs: Any, count: Any) -> Any:
    """Whether all limbs are 0."""
    zero = True
    for number in range(count):
        zero = zero and word_at(limbs, number) == 0
    return zero


@inlined
def _magnitude(limbs: Any, count: Any) -> Any:
    """Limbs of the absolute value, on the stack: base complement, whose top limb is below 0, turned round."""
    scratch = _magnitude_room()
    borrow = np.int64(0)
    for number in range(count):
        value = -word_at(limbs, number) - borrow
        borrow = np.int64(value < 0 and number < count - 1)
        store64(scratch + 8 * number, u64(value + borrow * BASE))
    return scratch


@inlined
def write_amount(place: Any, limbs: Any, count: Any, form: Any, places: Any) -> Any:
    """Write one amount; the address behind it."""
    start = place
    if word_at(limbs, count - 1) < 0:
        limbs = _magnitude(limbs, count)
        store8(place, _MINUS_SIGN)
        place += 1
    top = count - 1
    while top > 1 and word_at(limbs, top) == 0:
        top -= 1
    place = write_integer(place, word_at(limbs, top))
    while top > 1:
        top -= 1
        place = write_padded(place, word_at(limbs, top))
    fraction = word_at(limbs, 0)
    if form != FIXED:
        if fraction != 0:
            store8(place, _DOT)
            place = write_stripped(place + 1, fraction)
        return place
    if places > 0:
        store8(place, _DOT)
        write_padded(place + 1, fraction)
        place += 1 + places
    if load8(start) == _MINUS_SIGN and _only_zeros(start + 1, place):
        for step in range(start, place - 1):
            store8(step, load8(step + 1))
        place -= 1
    return place


@inlined
def _only_zeros(place: Any, end: Any) -> Any:
    """Whether nothing but zeros and a dot stands there."""
    zeros = True
    while place < end:
        byte = load8(place)
        zeros = zeros and (byte == _ZERO or byte == _DOT)
        place += 1
    return zeros


def write_balances(nodes: int, sums: int, present: int, coins: int, count: int, out: int) -> int:
    """Write every node's balances as plain numbers: a comma behind each that is not the last, nothing for an absent one, LF.

    ``sums`` (node, coin, ``count``) and ``present`` (node, coin; 8 bits) are the nodes'; the bytes written.
    """
    place = out
    for node in range(nodes):
        for coin in range(coins):
            if coin:
                store8(place, _COMMA)
                place += 1
            if load8(present + coins * node + coin):
                place = write_amount(place, sums + 8 * count * (coins * node + coin), count, PLAIN, 0)
        store8(place, _LF)
        place += 1
    return int(place - out)
