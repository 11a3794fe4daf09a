"""Compiled: writes the preimages of many leaves or nodes by their program, adds sums, and hashes them side by side."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from auditor_app.ledger.fast_rows import BASE, LIMB_DIGITS, MINUS, WIDE
from auditor_app.merkle.fast.program import (
    ABSENT_AT,
    ABSENT_LENGTH,
    AFTER_AT,
    AFTER_LENGTH,
    CELL,
    COIN_CELL,
    DIGEST,
    FIELD,
    FORM,
    HEX,
    JOINED_AT,
    JOINED_LENGTH,
    KIND,
    LEFT,
    OPEN,
    OWN,
    PLACES,
    PLAIN,
    ROW,
    SOURCE,
    TEXT,
    TEXT_AT,
    TEXT_LENGTH,
)
from auditor_app.merkle.kernel import BLOCK, close_message, hash_closed
from auditor_app.native.cache import compiled, inlined
from auditor_app.native.words import (
    address,
    copy_bytes,
    load64,
    power_of_ten,
    store8,
    store64,
    u64,
    write_integer,
    write_padded,
    write_stripped,
)

BATCH = 256
"""Messages written and hashed at a time: their slots stay in the processor's nearest caches."""

_DOT, _MINUS_SIGN, _ZERO = 0x2E, 0x2D, 0x30


@inlined
def _text(place: Any, source: Any, length: Any) -> Any:
    """Copy a program's text, behind which a whole word may be read."""
    store64(place, load64(source))
    for step in range(8, length, 8):
        store64(place + step, load64(source + step))
    return place + length


@inlined
def _hex_word(word: Any) -> Any:
    """A 32-bit word of a digest as eight lower-case hex characters, the first in the lowest byte."""
    value = u64(word)
    value = ((value >> u64(16)) | (value << u64(32))) & u64(0x0000FFFF0000FFFF)
    value = ((value >> u64(8)) | (value << u64(16))) & u64(0x00FF00FF00FF00FF)
    nibbles = ((value >> u64(4)) | (value << u64(8))) & u64(0x0F0F0F0F0F0F0F0F)
    letters = ((nibbles + u64(0x0606060606060606)) >> u64(4)) & u64(0x0101010101010101)
    return nibbles + u64(0x3030303030303030) + letters * u64(0x27)


@inlined
def _limb(limbs: Any, number: Any) -> Any:
    return np.int64(load64(limbs + 8 * number))


@inlined
def _magnitude(limbs: Any, count: Any, scratch: Any) -> Any:
    """Limbs of the absolute value, written to ``scratch``: base complement, whose top limb is below 0, turned round."""
    borrow = np.int64(0)
    for number in range(count):
        value = -_limb(limbs, number) - borrow
        borrow = np.int64(value < 0 and number < count - 1)
        store64(scratch + 8 * number, u64(value + borrow * BASE))
    return scratch


@inlined
def _number(place: Any, limbs: Any, count: Any, form: Any, places: Any, scratch: Any) -> Any:
    """Write one amount; the address behind it."""
    start = place
    if _limb(limbs, count - 1) < 0:
        limbs = _magnitude(limbs, count, scratch)
        store8(place, _MINUS_SIGN)
        place += 1
    top = count - 1
    while top > 1 and _limb(limbs, top) == 0:
        top -= 1
    place = write_integer(place, _limb(limbs, top))
    while top > 1:
        top -= 1
        place = write_padded(place, _limb(limbs, top))
    fraction = _limb(limbs, 0)
    if form == PLAIN:
        if fraction != 0:
            store8(place, _DOT)
            place = write_stripped(place + 1, fraction)
        return place
    if places > 0:
        store8(place, _DOT)
        write_padded(place + 1, fraction)
        place += 1 + places
    if load8_is_minus(start) and _only_zeros(start + 1, place):
        for step in range(start, place - 1):
            store8(step, np.uint8(load64(step + 1) & u64(0xFF)))
        place -= 1
    return place


@inlined
def load8_is_minus(place: Any) -> Any:
    """Whether a minus stands at the address."""
    return (load64(place) & u64(0xFF)) == u64(_MINUS_SIGN)


@inlined
def _only_zeros(place: Any, end: Any) -> Any:
    """Whether nothing but zeros and a dot stands there."""
    zeros = True
    while place < end:
        byte = load64(place) & u64(0xFF)
        zeros = zeros and (byte == u64(_ZERO) or byte == u64(_DOT))
        place += 1
    return zeros


@inlined
def _field(line: Any, number: Any) -> Any:
    return np.int64(load64(line + 8 * number))


@inlined
def _before_coin(place: Any, line: Any, texts: Any, joined: Any) -> Any:
    """The coin's label, with the joiner where a coin stands before."""
    at = _field(line, JOINED_AT if joined else TEXT_AT)
    return _text(place, texts + at, _field(line, JOINED_LENGTH if joined else TEXT_LENGTH))


@inlined
def _coin(place: Any, line: Any, texts: Any, joined: Any, limbs: Any, present: Any, count: Any, scratch: Any) -> Any:
    """Write one coin with its amount; an unchanged address where the coin is absent and left out."""
    if present:
        place = _before_coin(place, line, texts, joined)
        place = _number(place, limbs, count, _field(line, FORM), _field(line, PLACES), scratch)
    elif _field(line, ABSENT_LENGTH) < 0:
        return place
    else:
        place = _before_coin(place, line, texts, joined)
        place = _text(place, texts + _field(line, ABSENT_AT), _field(line, ABSENT_LENGTH))
    return _text(place, texts + _field(line, AFTER_AT), _field(line, AFTER_LENGTH))


@inlined
def _coin_cell(place: Any, line: Any, texts: Any, joined: Any, cell: Any, length: Any, end: Any) -> Any:
    """Write one coin with the cell's own text; an unchanged address where the cell is empty and left out."""
    if length:
        place = _before_coin(place, line, texts, joined)
        place = copy_bytes(place, cell, length, end)
    elif _field(line, ABSENT_LENGTH) < 0:
        return place
    else:
        place = _before_coin(place, line, texts, joined)
        place = _text(place, texts + _field(line, ABSENT_AT), _field(line, ABSENT_LENGTH))
    return _text(place, texts + _field(line, AFTER_AT), _field(line, AFTER_LENGTH))


_BYTES = numba.types.Array(numba.uint8, 1, "C", readonly=True)


@compiled(
    numba.void(
        _BYTES,
        numba.int64,
        numba.int32[:, ::1],
        numba.int64[:, ::1],
        numba.uint8[::1],
        numba.int64[:, :, ::1],
        numba.uint8[:, ::1],
        numba.uint8[::1],
        numba.uint32[:, ::1],
    )
)
def hash_leaves(
    data: Any, rows: Any, cells: Any, lines: Any, texts: Any, sums: Any, present: Any, slots: Any, digests: Any
) -> None:
    """The digests of ``rows`` rows of ``data`` whose cells begin at ``cells``.

    ``sums`` and ``present`` are the leaves' balances as :func:`leaf_sums` gives them; ``slots`` has room for
    :data:`BATCH` of the longest messages.
    """
    source = address(data)
    end = source + data.size
    base = address(slots)
    text = address(texts)
    limbs = address(sums)
    coins, count = sums.shape[1], sums.shape[2]
    spare = np.empty(WIDE, np.int64)
    scratch = address(spare)
    starts = np.empty(BATCH, np.int64)
    blocks = np.empty(BATCH, np.int64)
    width = cells.shape[1] - 1
    for first in range(0, rows, BATCH):
        filled = min(BATCH, rows - first)
        place = base
        for message in range(filled):
            row = first + message
            start = place
            joined = False
            for number in range(lines.shape[0]):
                line = address(lines) + 8 * lines.shape[1] * number
                kind = lines[number, KIND]
                field = lines[number, FIELD]
                if kind == TEXT or kind == OPEN:
                    place = _text(place, text + lines[number, TEXT_AT], lines[number, TEXT_LENGTH])
                    joined = joined and kind != OPEN
                elif kind == ROW:
                    length = cells[row, width] - 1 - cells[row, 0]
                    place = copy_bytes(place, source + cells[row, 0], length, end)
                elif kind == CELL:
                    length = cells[row, field + 1] - 1 - cells[row, field]
                    place = copy_bytes(place, source + cells[row, field], length, end)
                elif kind == COIN_CELL:
                    before = place
                    cell = np.int64(0)
                    length = np.int64(0)
                    if field >= 0:
                        cell = source + cells[row, field]
                        length = np.int64(cells[row, field + 1] - 1 - cells[row, field])
                    place = _coin_cell(place, line, text, joined, cell, length, end)
                    joined = joined or place != before
                else:
                    before = place
                    own = limbs + 8 * count * (coins * row + field)
                    place = _coin(place, line, text, joined, own, present[row, field], count, scratch)
                    joined = joined or place != before
            blocks[message] = close_message(start, place)
            starts[message] = start
            place = start + blocks[message] * BLOCK
        hash_closed(starts, blocks, filled, digests, first)


@compiled(
    numba.boolean(
        numba.int64,
        numba.int64[:, :, ::1],
        numba.uint8[:, ::1],
        numba.int64[::1],
        numba.int64[::1],
        numba.int64[:, :, ::1],
        numba.uint8[:, ::1],
    )
)
def leaf_sums(rows: Any, amounts: Any, marks: Any, positions: Any, lifts: Any, sums: Any, present: Any) -> Any:
    """Balances of leaves in the order of a rule's coins and at eighteen decimals; false where one does not fit its limbs.

    ``amounts`` and ``marks`` are the scanner's; ``lifts`` are the zeros behind each coin's last digit at eighteen
    decimals. A limb splits into what stays, (v mod 10**(18-lift))·10**lift, and what goes up, below 10**lift: their
    sum is below 10**18. A number below 0 becomes the base complement: the top limb carries the sign, the others stay
    in [0, 10**18).
    """
    count = sums.shape[2]
    for row in range(rows):
        for coin in range(positions.size):
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
                return False
    return True


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
def _add_children(node: Any, sums: Any, present: Any, filled: Any, cuts: Any, out_sums: Any, out_present: Any) -> Any:
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


@compiled(
    numba.boolean(
        numba.int64,
        numba.uint32[:, ::1],
        numba.int64[:, :, ::1],
        numba.uint8[:, ::1],
        numba.int64[:, ::1],
        numba.uint8[::1],
        numba.uint8[::1],
        numba.int64[::1],
        numba.uint8[::1],
        numba.uint32[:, ::1],
        numba.int64[:, :, ::1],
        numba.uint8[:, ::1],
    )
)
def hash_nodes(
    words: Any,
    digests: Any,
    sums: Any,
    present: Any,
    lines: Any,
    texts: Any,
    filled: Any,
    cuts: Any,
    slots: Any,
    out_digests: Any,
    out_sums: Any,
    out_present: Any,
) -> Any:
    """Parents of neighbouring pairs: digests, sums, which coins they hold; false where a sum does not fit its limbs.

    ``words`` is how many 32-bit words of a digest the scheme keeps; a last node without a partner is left alone.
    """
    base = address(slots)
    text = address(texts)
    coins, count = sums.shape[1], sums.shape[2]
    spare = np.empty(WIDE, np.int64)
    scratch = address(spare)
    starts = np.empty(BATCH, np.int64)
    blocks = np.empty(BATCH, np.int64)
    parents = digests.shape[0] // 2
    for first in range(0, parents, BATCH):
        filled_slots = min(BATCH, parents - first)
        place = base
        for message in range(filled_slots):
            node = first + message
            if not _add_children(node, sums, present, filled, cuts, out_sums, out_present):
                return False
            start = place
            joined = False
            for number in range(lines.shape[0]):
                kind = lines[number, KIND]
                source = lines[number, SOURCE]
                if kind == TEXT or kind == OPEN:
                    place = _text(place, text + lines[number, TEXT_AT], lines[number, TEXT_LENGTH])
                    joined = joined and kind != OPEN
                elif kind == DIGEST:
                    child = 2 * node + (source != LEFT)
                    if lines[number, FORM] == HEX:
                        for word in range(words):
                            store64(place, _hex_word(digests[child, word]))
                            place += 8
                    else:
                        for word in range(words):
                            value = digests[child, word]
                            for byte in range(4):
                                store8(place + byte, np.uint8((value >> (24 - 8 * byte)) & 0xFF))
                            place += 4
                else:
                    line = address(lines) + 8 * lines.shape[1] * number
                    field = lines[number, FIELD]
                    child = 2 * node + (source != LEFT)
                    limbs = address(sums) + 8 * count * (coins * child + field)
                    held = present[child, field]
                    if source == OWN:
                        limbs = address(out_sums) + 8 * count * (coins * node + field)
                        held = out_present[node, field]
                    before = place
                    place = _coin(place, line, text, joined, limbs, held, count, scratch)
                    joined = joined or place != before
            blocks[message] = close_message(start, place)
            starts[message] = start
            place = start + blocks[message] * BLOCK
        hash_closed(starts, blocks, filled_slots, out_digests, first)
    return True
