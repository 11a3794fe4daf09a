"""The compiled row loop of the fast scanner: grammar, cell positions, amounts, exact sums, in one pass over the bytes.

An amount is an integer of its column's scale (10**-18 in a ``decimal`` column, base units in the other kind), held as
limbs of base 10**18, the lowest first, each in [0, 10**18). Its sign stands apart.

No limb can overflow a signed 64-bit word. A cell's limb is below B = 10**18 because it is made of at most eighteen
digits. An accumulator's limb is below B before each addition (it starts at 0 and is reduced at once after each), the
addend's limb is below B, and the carry is 0 or 1: their sum is at most 2·B - 1 < 2**61. The reduction subtracts B once,
which brings it below B again and carries exactly 1. The grammar allows 60 digits, so with a fraction a cell fills at
most 5 limbs; the accumulators have 6, and a carry out of the last would take 10**18 times more cells of 90 digits than
exist. Sums of both signs are kept apart, so nothing is ever subtracted.

The amounts of plain rows are first held as four sums each, one for every eight digits: a row adds less than 10**8 to each.
A byte's place has 32 bits and a row at least one byte, so there are at most 2**32 rows in a call and a sum stays below
2**32·10**8 < 2**59. At the end of the call the four sums become a fraction and a whole number below B, added like limbs, and
less than 2**59 / 10**10 < B above it, added to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import (
    BASE_UNITS,
    BREACH,
    CELLS_AHEAD,
    COLUMN_KIND,
    COLUMN_OPTIONAL,
    COLUMN_WIDTH,
    DECIMAL,
    DISORDER,
    END,
    LONGEST,
    TOKEN,
)
from auditor_app.native.limbs import NARROW, SUM_LIMBS, WIDE
from auditor_app.native.source.byte_marks import PLAIN_BYTES, line_feeds, no_digits_in_plain, separators, strangers
from auditor_app.native.source.cells import TOKEN_LENGTH, amount_cell, byte_at, follows, text_cell
from auditor_app.native.source.decimals import PLAIN_DIGITS, add_groups, read_groups, weigh_groups
from auditor_app.native.source.exact_sums import let_go
from auditor_app.native.source.words import (
    VECTOR_BYTES,
    count_ones,
    inlined,
    load8,
    offset_at,
    stack,
    store8,
    store32,
    store64,
    trailing_zeros,
    u64,
    word_at,
)

_COMMA, _DOT, _ZERO, _LF = 0x2C, 0x2E, 0x30, 0x0A

_MOST_AMOUNTS = 64
"""Amounts of a row, one more than a ledger may have."""


@inlined
def _split(data: Any, size: Any, seen: Any, cells: Any, filled: Any, wanted: Any) -> Any:
    """Write down where cells begin from byte ``seen`` on, until ``wanted`` of them are known; bytes seen and cells known.

    Stops short, with ``seen`` at ``size``, where fewer than 64 bytes are left or one stands there that is in no cell. Up
    to 64 more entries are written than are known.
    """
    while filled < wanted and seen < size:
        if seen + VECTOR_BYTES > size or strangers(data + seen):
            return size, filled
        marks = separators(data + seen)
        count = np.int64(count_ones(marks))
        place = cells + 4 * filled
        for step in range(6):
            store32(place + 4 * step, np.uint32(seen + 1 + np.int64(trailing_zeros(marks))))
            marks &= marks - u64(1)
        for step in range(6, count):
            store32(place + 4 * step, np.uint32(seen + 1 + np.int64(trailing_zeros(marks))))
            marks &= marks - u64(1)
        filled += count
        seen += VECTOR_BYTES
    return seen, filled


@inlined
def _plain_row(data: Any, cell: Any, columns: Any, width: Any, marks: Any, groups: Any) -> Any:
    """Read a row of tokens and decimals whose cells' places are known; whether it is a plain one.

    Plain is what the grammar allows with at most sixteen digits on each side of the dot and no minus. 16 bytes before the
    row and 64 behind it may be read. Nothing is decided cell by cell: ``other`` gathers the bits of bytes that should be
    others and of strangers behind the first, ``below`` the signs of differences that should not be below zero: a cell
    left out, a token, an amount or one side of the dot too long, nothing before or behind a dot, a zero before other
    digits.
    """
    other = u64(0)
    below = np.int64(0)
    start = offset_at(cell, 0)
    for column in range(width):
        stop = offset_at(cell, column + 1) - 1
        length = stop - start
        place = data + start
        behind = np.uint8(_LF if column == width - 1 else _COMMA)
        other |= u64(load8(data + stop) ^ behind)
        below |= length - 1 + word_at(columns, COLUMN_WIDTH * column + COLUMN_OPTIONAL)
        if word_at(columns, COLUMN_WIDTH * column + COLUMN_KIND) == TOKEN:
            below |= TOKEN_LENGTH - length
        else:
            below |= PLAIN_BYTES - length
            strange = no_digits_in_plain(place) & ((u64(1) << u64(length & 63)) - u64(1))
            whole = min(np.int64(trailing_zeros(strange)), length)
            places = length - whole - 1
            present = np.int64(length != 0)
            dotted = np.int64(strange != u64(0))
            other |= strange & (strange - u64(dotted))
            other |= u64(load8(place + whole) ^ (np.uint8(_DOT) if dotted else behind))
            below |= (whole - present) | (places + 1 - 2 * dotted)
            below |= (PLAIN_DIGITS - whole) | (PLAIN_DIGITS - places)
            below |= (np.int64(load8(place) ^ np.uint8(_ZERO)) - 1) & (1 - whole)
            mask = (u64(0xFFFF) << u64((PLAIN_DIGITS - whole) & 31)) & u64(0xFFFF)
            read_groups(place + whole, mask, (u64(1) << u64((places + (1 - dotted)) & 31)) - u64(1), groups)
            groups += 32
            store8(marks, np.uint8(present))
            marks += 1
        start = stop + 1
    return other == u64(0) and below >= 0


@inlined
def _take_groups(groups: Any, count: Any, held: Any, own: Any, kept: Any) -> None:
    """Add a plain row's amounts to what is held, and keep them at ``own`` if any are ``kept``."""
    for amount in range(count):
        add_groups(held + 32 * amount, groups + 32 * amount)
    if kept:
        for amount in range(count):
            weigh_groups(groups + 32 * amount, own + 16 * amount)


@inlined
def _any_row(
    data: Any,
    end: Any,
    cell: Any,
    ahead: Any,
    columns: Any,
    width: Any,
    limbs: Any,
    own: Any,
    kept: Any,
    marks: Any,
    sums: Any,
    notes: Any,
) -> Any:
    """Read a row cell by cell from where ``cell`` says, and write down where each begins; where the next row begins, or -1.

    ``ahead`` says whether the places behind are known; whatever is accepted holds no separator, so they stay right.
    """
    place = data + offset_at(cell, 0)
    for number in range(width):
        column = columns + 8 * COLUMN_WIDTH * number
        known = data + offset_at(cell, number + 1) - 1 if ahead else np.int64(0)
        if word_at(column, COLUMN_KIND) >= BASE_UNITS:
            stop = amount_cell(place, end, known, column, limbs, own, kept, marks, sums, notes)
            own += 8 * kept
            marks += 1
            sums += 16 * SUM_LIMBS
        else:
            stop = text_cell(place, end, known, column)
        if stop < 0 or byte_at(stop, end) != (_LF if number == width - 1 else _COMMA):
            return np.int64(-1)
        place = stop + 1
        store32(cell + 4 * number + 4, np.uint32(place - data))
    return place


@inlined
def _is_plain(columns: Any, width: Any) -> Any:
    """Whether a row holds tokens and decimals only."""
    plain = True
    for column in range(width):
        kind = word_at(columns, COLUMN_WIDTH * column + COLUMN_KIND)
        plain = plain and (kind == TOKEN or kind == DECIMAL)
    return plain


_limb_room = stack(WIDE)
_groups_room = stack(4 * _MOST_AMOUNTS)
_held_room = stack(4 * _MOST_AMOUNTS)


def scan_rows(
    data: int,
    size: int,
    start: int,
    column_table: int,
    width: int,
    cells: int,
    capacity: int,
    amounts: int,
    kept: int,
    marks: int,
    amount_count: int,
    sums: int,
    notes: int,
) -> int:
    """Scan rows from byte ``start`` until ``capacity`` rows are read, the data ends or the grammar breaks; how many.

    ``cells`` (32 bits; room for :data:`CELLS_AHEAD` more) becomes where each cell begins, row after row, and last where
    the next row begins. ``amounts`` (row, amount, limb) and ``marks`` (row, amount;
    8 bits) become each amount's magnitude and mark; ``sums`` (amount, sign, limb) is added to. With 0 limbs ``kept``, amounts are summed and
    forgotten. ``notes`` is added to.

    Separators are looked for ahead, 64 bytes at a time, so that the next cell's place is known before this one is read.
    The amounts of plain rows are added up in groups of digits and go to the sums at the end.
    A row that is not plain, and the last rows of the data, are read cell by cell.
    """
    limbs = _limb_room()
    for limb in range(WIDE):
        store64(limbs + 8 * limb, u64(0))
    groups, held = _groups_room(), _held_room()
    for word in range(4 * amount_count):
        store64(held + 8 * word, u64(0))
    plain_rows = _is_plain(column_table, width) and (kept == 0 or kept == NARROW)
    end = data + size
    place = data + start
    store32(cells, np.uint32(start))
    row = 0
    seen = start
    filled = 0
    last = capacity * width
    longest = word_at(notes, LONGEST)
    disorder = word_at(notes, DISORDER)
    earlier = place
    earlier_stop = place
    while row < capacity and place < end:
        begin = place
        cell = cells + 4 * width * row
        if filled < (row + 1) * width and seen < size:
            seen, filled = _split(data, size, seen, cells + 4, filled, min(last, (row + 1) * width + CELLS_AHEAD // 2))
        ahead = filled >= (row + 1) * width and offset_at(cell, width) + VECTOR_BYTES < size
        own_amounts = amounts + 8 * kept * amount_count * row
        own_marks = marks + amount_count * row
        may_be_plain = plain_rows and ahead and begin - data >= PLAIN_DIGITS
        if may_be_plain and _plain_row(data, cell, column_table, width, own_marks, groups):
            _take_groups(groups, amount_count, held, own_amounts, kept)
            place = data + offset_at(cell, width)
        else:
            place = _any_row(
                data, end, cell, ahead, column_table, width, limbs, own_amounts, kept, own_marks, sums, notes
            )
            if place < 0:
                store64(notes + 8 * BREACH, u64(begin - data))
                return row
        longest = max(longest, place - begin)
        stop = data + offset_at(cell, 1) - 1
        if row:
            disorder += not follows(begin, stop, earlier, earlier_stop, end)
        earlier = begin
        earlier_stop = stop
        row += 1
    let_go(held, amount_count, sums)
    store64(notes + 8 * END, u64(place - data))
    store64(notes + 8 * LONGEST, u64(longest))
    store64(notes + 8 * DISORDER, u64(disorder))
    return row


def find_rows(data: int, size: int, first: int, every: int, starts: int, capacity: int) -> int:
    """How many LFs the data has; ``starts`` becomes where rows begin behind the ``first`` and every ``every``-th from there."""
    rows: Any = 0
    found = 0
    wanted = first
    end = data + size
    place = data
    while place + VECTOR_BYTES <= end:
        marks = line_feeds(place)
        rows += np.int64(count_ones(marks))
        while rows >= wanted and found < capacity:
            left = marks
            for _ in range(np.int64(count_ones(marks)) - (rows - wanted) - 1):
                left &= left - u64(1)
            store64(starts + 8 * found, u64(place - data + np.int64(trailing_zeros(left)) + 1))
            found += 1
            wanted += every
        place += VECTOR_BYTES
    while place < end:
        rows += load8(place) == _LF
        place += 1
        if rows >= wanted and found < capacity:
            store64(starts + 8 * found, u64(place - data))
            found += 1
            wanted += every
    return int(rows)
