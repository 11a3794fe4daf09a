"""Compiled: writes the preimages of many leaves or nodes by their program, adds sums, and hashes them side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import (
    ABSENT_AT,
    ABSENT_LENGTH,
    AFTER_AT,
    AFTER_LENGTH,
    BATCH,
    BLOCK,
    CELL,
    COIN_CELL,
    DIGEST,
    DIGEST_WORDS,
    ENDED,
    FIELD,
    FIXED,
    FORM,
    HEX_CELL,
    HEX_TEXT,
    JOINED_AT,
    JOINED_LENGTH,
    KEYED,
    KIND,
    LEFT,
    MINUS,
    OPEN,
    OWN,
    PLACES,
    PLAIN,
    RAW,
    ROW,
    SOURCE,
    TEXT,
    TEXT_AT,
    TEXT_LENGTH,
    WHOLE_AT,
    WHOLE_LENGTH,
    WIDTH,
    WORD_CELL,
    WORD_COIN,
    WORD_INDEX,
    ZERO_AT,
    ZERO_LENGTH,
)
from auditor_app.native.limbs import BASE, LIMB_DIGITS, WIDE
from auditor_app.native.source.sha256 import close_message, hash_closed
from auditor_app.native.source.words import (
    bytes_at,
    copy_bytes,
    inlined,
    load8,
    load32,
    load64,
    offset_at,
    power_of_ten,
    stack,
    store8,
    store64,
    u64,
    word_at,
    words_at,
    write_integer,
    write_padded,
    write_stripped,
)

_starts_room = stack(BATCH)
_blocks_room = stack(BATCH)
_magnitude_room = stack(WIDE)

_DOT, _MINUS_SIGN, _ZERO, _NINE, _LETTER, _COMMA, _LF = 0x2E, 0x2D, 0x30, 0x39, 0x61, 0x2C, 0x0A


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
def _is_zero(limbs: Any, count: Any) -> Any:
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
def _number(place: Any, limbs: Any, count: Any, form: Any, places: Any) -> Any:
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


@inlined
def _before_coin(place: Any, line: Any, texts: Any, joined: Any) -> Any:
    """The coin's label, with the joiner where a coin stands before."""
    at = word_at(line, JOINED_AT if joined else TEXT_AT)
    return _text(place, texts + at, word_at(line, JOINED_LENGTH if joined else TEXT_LENGTH))


@inlined
def _coin(place: Any, line: Any, texts: Any, joined: Any, limbs: Any, present: Any, count: Any) -> Any:
    """Write one coin with its amount; an unchanged address where the coin is absent and left out."""
    if present:
        place = _before_coin(place, line, texts, joined)
        form = word_at(line, FORM)
        if form == ENDED and _is_zero(limbs, count):
            place = _text(place, texts + word_at(line, ZERO_AT), word_at(line, ZERO_LENGTH))
        else:
            place = _number(place, limbs, count, form, word_at(line, PLACES))
            if form == ENDED and word_at(limbs, 0) == 0:
                place = _text(place, texts + word_at(line, WHOLE_AT), word_at(line, WHOLE_LENGTH))
    elif word_at(line, ABSENT_LENGTH) < 0:
        return place
    else:
        place = _before_coin(place, line, texts, joined)
        place = _text(place, texts + word_at(line, ABSENT_AT), word_at(line, ABSENT_LENGTH))
    return _text(place, texts + word_at(line, AFTER_AT), word_at(line, AFTER_LENGTH))


@inlined
def _coin_cell(place: Any, line: Any, texts: Any, joined: Any, cell: Any, length: Any, end: Any) -> Any:
    """Write one coin with the cell's own text; an unchanged address where the cell is empty and left out."""
    if length:
        place = _before_coin(place, line, texts, joined)
        place = copy_bytes(place, cell, length, end)
    elif word_at(line, ABSENT_LENGTH) < 0:
        return place
    else:
        place = _before_coin(place, line, texts, joined)
        place = _text(place, texts + word_at(line, ABSENT_AT), word_at(line, ABSENT_LENGTH))
    return _text(place, texts + word_at(line, AFTER_AT), word_at(line, AFTER_LENGTH))


@inlined
def _digest(place: Any, digest: Any, form: Any) -> Any:
    """Write as much of a digest as the scheme keeps."""
    kept = np.int64(load32(digest + 32))
    if form == HEX_TEXT:
        for word in range(kept):
            store64(place + 8 * word, _hex_word(load32(digest + 4 * word)))
        return place + 8 * kept
    for word in range(kept):
        value = load32(digest + 4 * word)
        for byte in range(4):
            store8(place + 4 * word + byte, np.uint8((value >> (24 - 8 * byte)) & 0xFF))
    return place + 4 * kept


@inlined
def _keyed(place: Any, digest: Any, pad: Any) -> Any:
    """A digest as the key of an HMAC (FIPS 198-1): 64 bytes, zeros behind the digest, each combined with ``pad``."""
    _digest(place, digest, RAW)
    pads = u64(pad) * u64(0x0101010101010101)
    for word in range(4):
        store64(place + 8 * word, load64(place + 8 * word) ^ pads)
        store64(place + 32 + 8 * word, pads)
    return place + BLOCK


@inlined
def _hex_cell(place: Any, cell: Any, length: Any) -> Any:
    """The bytes that a cell of 64 hex digits stands for; -1 for a cell of another length."""
    if length != 64:
        return np.int64(-1)
    for byte in range(32):
        value = np.uint8(0)
        for digit in range(2):
            character = load8(cell + 2 * byte + digit)
            value = np.uint8(16 * value + (character - _ZERO if character <= _NINE else character - _LETTER + 10))
        store8(place + byte, value)
    return place + 32


@inlined
def _word_cell(place: Any, cell: Any, length: Any) -> Any:
    """A cell's whole number of at most eighteen digits as 8 bytes little-endian; -1 for any other cell."""
    if length < 1 or length > LIMB_DIGITS or (length > 1 and load8(cell) == _ZERO):
        return np.int64(-1)
    value = np.int64(0)
    for step in range(length):
        character = load8(cell + step)
        if character < _ZERO or character > _NINE:
            return np.int64(-1)
        value = value * 10 + np.int64(character - _ZERO)
    store64(place, u64(value))
    return place + 8


@inlined
def _word_coin(place: Any, limbs: Any, count: Any, scale: Any) -> Any:
    """An amount at ``scale`` as 8 bytes little-endian; -1 where it is below zero or might not fit."""
    for limb in range(2, count):
        if word_at(limbs, limb) != 0:
            return np.int64(-1)
    whole, fraction = word_at(limbs, 1), word_at(limbs, 0)
    unit = power_of_ten(scale)
    if whole < 0 or u64(whole) >= u64(0xFFFFFFFFFFFFFFFF) // u64(unit):
        return np.int64(-1)
    store64(place, u64(whole) * u64(unit) + u64(fraction // power_of_ten(LIMB_DIGITS - scale)))
    return place + 8


def hash_leaves(
    data: int,
    size: int,
    cell_table: int,
    width: int,
    rows: int,
    line_table: int,
    line_count: int,
    text: int,
    limbs: int,
    present_table: int,
    coins: int,
    count: int,
    indices: int,
    inner: int,
    slots: int,
    digests: int,
    keep: int,
) -> int:
    """The digests of ``rows`` rows of ``width`` columns whose cells begin at ``cells``; 0 where a value does not fit.

    ``limbs`` (row, coin, ``count``) and ``present`` (row, coin; 8 bits) are the leaves' balances as :func:`leaf_sums`
    gives them; ``indices`` (row) the leaves' own, ``inner`` (hash, row) digests in the preimages; ``slots`` has room for
    :data:`BATCH` of the longest messages; ``keep`` is how many words of a digest the scheme keeps.
    """
    lines = words_at(line_table, (line_count, WIDTH))
    present = bytes_at(present_table, (rows, coins))
    end = data + size
    starts, blocks = _starts_room(), _blocks_room()
    for first in range(0, rows, BATCH):
        filled = min(BATCH, rows - first)
        place = slots
        for message in range(filled):
            row = first + message
            cells = cell_table + 4 * width * row
            start = place
            joined = False
            for number in range(line_count):
                line = line_table + 8 * WIDTH * number
                kind = lines[number, KIND]
                field = lines[number, FIELD]
                if kind == TEXT or kind == OPEN:
                    place = _text(place, text + lines[number, TEXT_AT], lines[number, TEXT_LENGTH])
                    joined = joined and kind != OPEN
                elif kind == ROW:
                    length = offset_at(cells, width) - 1 - offset_at(cells, 0)
                    place = copy_bytes(place, data + offset_at(cells, 0), length, end)
                elif kind == CELL:
                    length = offset_at(cells, field + 1) - 1 - offset_at(cells, field)
                    place = copy_bytes(place, data + offset_at(cells, field), length, end)
                elif kind == DIGEST:
                    place = _digest(place, inner + 4 * DIGEST_WORDS * (rows * field + row), lines[number, FORM])
                elif kind == KEYED:
                    place = _keyed(place, inner + 4 * DIGEST_WORDS * (rows * field + row), lines[number, PLACES])
                elif kind == WORD_INDEX:
                    store64(place, u64(word_at(indices, row)))
                    place += 8
                elif kind == WORD_COIN:
                    own = limbs + 8 * count * (coins * row + field)
                    place = _word_coin(place, own, count, lines[number, PLACES])
                    if place < 0:
                        return 0
                elif kind == HEX_CELL or kind == WORD_CELL:
                    cell = data + offset_at(cells, field)
                    length = np.int64(offset_at(cells, field + 1) - 1 - offset_at(cells, field))
                    place = _hex_cell(place, cell, length) if kind == HEX_CELL else _word_cell(place, cell, length)
                    if place < 0:
                        return 0
                elif kind == COIN_CELL:
                    before = place
                    cell = np.int64(0)
                    length = np.int64(0)
                    if field >= 0:
                        cell = data + offset_at(cells, field)
                        length = np.int64(offset_at(cells, field + 1) - 1 - offset_at(cells, field))
                    place = _coin_cell(place, line, text, joined, cell, length, end)
                    joined = joined or place != before
                else:
                    before = place
                    own = limbs + 8 * count * (coins * row + field)
                    place = _coin(place, line, text, joined, own, present[row, field], count)
                    joined = joined or place != before
            closed = close_message(start, place)
            store64(starts + 8 * message, u64(start))
            store64(blocks + 8 * message, u64(closed))
            place = start + closed * BLOCK
        hash_closed(starts, blocks, filled, digests + 4 * DIGEST_WORDS * first, keep)
    return 1


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


@inlined
def _hash_nodes(
    digests: Any,
    sum_table: Any,
    present_table: Any,
    nodes: Any,
    coins: Any,
    count: Any,
    line_table: Any,
    line_count: Any,
    text: Any,
    filled_table: Any,
    cut_table: Any,
    slots: Any,
    out_digests: Any,
    out_sum_table: Any,
    out_present_table: Any,
    keep: Any,
) -> Any:
    """As :func:`hash_nodes`."""
    sums = words_at(sum_table, (nodes, coins, count))
    present = bytes_at(present_table, (nodes, coins))
    lines = words_at(line_table, (line_count, WIDTH))
    filled = bytes_at(filled_table, (coins,))
    cuts = words_at(cut_table, (coins,))
    parents = nodes // 2
    out_sums = words_at(out_sum_table, (parents, coins, count))
    out_present = bytes_at(out_present_table, (parents, coins))
    starts, blocks = _starts_room(), _blocks_room()
    for first in range(0, parents, BATCH):
        filled_slots = min(BATCH, parents - first)
        place = slots
        for message in range(filled_slots):
            node = first + message
            if not _add_children(node, sums, present, filled, cuts, out_sums, out_present):
                return 0
            start = place
            joined = False
            for number in range(line_count):
                kind = lines[number, KIND]
                source = lines[number, SOURCE]
                child = 2 * node + (source != LEFT)
                if kind == TEXT or kind == OPEN:
                    place = _text(place, text + lines[number, TEXT_AT], lines[number, TEXT_LENGTH])
                    joined = joined and kind != OPEN
                elif kind == DIGEST:
                    place = _digest(place, digests + 4 * DIGEST_WORDS * child, lines[number, FORM])
                else:
                    line = line_table + 8 * WIDTH * number
                    field = lines[number, FIELD]
                    limbs = sum_table + 8 * count * (coins * child + field)
                    held = present[child, field]
                    if source == OWN:
                        limbs = out_sum_table + 8 * count * (coins * node + field)
                        held = out_present[node, field]
                    if kind == WORD_COIN:
                        place = _word_coin(place, limbs, count, lines[number, PLACES])
                        if place < 0:
                            return 0
                    else:
                        before = place
                        place = _coin(place, line, text, joined, limbs, held, count)
                        joined = joined or place != before
            closed = close_message(start, place)
            store64(starts + 8 * message, u64(start))
            store64(blocks + 8 * message, u64(closed))
            place = start + closed * BLOCK
        hash_closed(starts, blocks, filled_slots, out_digests + 4 * DIGEST_WORDS * first, keep)
    return 1


def hash_nodes(
    digests: int,
    sum_table: int,
    present_table: int,
    nodes: int,
    coins: int,
    count: int,
    line_table: int,
    line_count: int,
    text: int,
    filled_table: int,
    cut_table: int,
    slots: int,
    out_digests: int,
    out_sum_table: int,
    out_present_table: int,
    keep: int,
) -> int:
    """Parents of neighbouring pairs of ``nodes``: digests, sums, coins held; 0 where a sum does not fit its limbs.

    ``digests`` (node, word), ``sums`` (node, coin, ``count``) and ``present`` (node, coin; 8 bits) are the children's;
    ``keep`` is how many words of a digest the scheme keeps; a last node without a partner is left alone.
    """
    return int(
        _hash_nodes(
            digests,
            sum_table,
            present_table,
            nodes,
            coins,
            count,
            line_table,
            line_count,
            text,
            filled_table,
            cut_table,
            slots,
            out_digests,
            out_sum_table,
            out_present_table,
            keep,
        )
    )


def hash_levels(levels: int, table: int) -> int:
    """:func:`hash_nodes` for several levels, one line of a table of sixteen arguments each; 0 where a sum does not fit."""
    for level in range(levels):
        line = table + 128 * level
        fits = _hash_nodes(
            word_at(line, 0),
            word_at(line, 1),
            word_at(line, 2),
            word_at(line, 3),
            word_at(line, 4),
            word_at(line, 5),
            word_at(line, 6),
            word_at(line, 7),
            word_at(line, 8),
            word_at(line, 9),
            word_at(line, 10),
            word_at(line, 11),
            word_at(line, 12),
            word_at(line, 13),
            word_at(line, 14),
            word_at(line, 15),
        )
        if fits == 0:
            return 0
    return 1


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
                place = _number(place, sums + 8 * count * (coins * node + coin), count, PLAIN, 0)
        store8(place, _LF)
        place += 1
    return int(place - out)
