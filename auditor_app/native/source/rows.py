"""The compiled row loop of the fast scanner: grammar, cell positions, amounts, exact sums, in one pass over the bytes.

An amount is an integer of its column's scale (10**-18 in a ``decimal`` column, base units in the other kind), held as
limbs of base 10**18, the lowest first, each in [0, 10**18). Its sign stands apart.

No limb can overflow a signed 64-bit word. A cell's limb is below B = 10**18 because it is made of at most eighteen
digits. An accumulator's limb is below B before each addition (it starts at 0 and is reduced at once after each), the
addend's limb is below B, and the carry is 0 or 1: their sum is at most 2·B - 1 < 2**61. The reduction subtracts B once,
which brings it below B again and carries exactly 1. The grammar allows 60 digits, so with a fraction a cell fills at
most 5 limbs; the accumulators have 6, and a carry out of the last would take 10**18 times more cells of 90 digits than
exist. Sums of both signs are kept apart, so nothing is ever subtracted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import (
    ABSENT,
    BASE_UNITS,
    BREACH,
    COLUMN_KIND,
    COLUMN_OPTIONAL,
    COLUMN_UNSIGNED,
    COLUMN_WIDTH,
    DECIMAL,
    DISORDER,
    END,
    MINUSES,
    NOTES,
    PRESENT,
    TOKEN,
    TOO_WIDE,
)
from auditor_app.native.limbs import BASE, LIMB_DIGITS, NARROW, SUM_LIMBS, WIDE
from auditor_app.native.source.words import (
    bytes_at,
    count_digits,
    count_ones,
    inlined,
    load8,
    load64,
    offsets_at,
    power_of_ten,
    read_digits,
    reversed_bytes,
    stack,
    store64,
    trailing_zeros,
    u64,
    words_at,
)

_TOKEN_LENGTH = 128
_HEX_LENGTH = 64
_WHOLE_DIGITS = 30
_BASE_UNIT_DIGITS = 60
_COMMA, _DOT, _MINUS, _ZERO, _LF = 0x2C, 0x2E, 0x2D, 0x30, 0x0A


def _classes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    table = np.zeros(256, np.uint8)
    table[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:-")] |= 1
    table[list(b"0123456789abcdef")] |= 2
    return table


_CLASS = _classes()
_TOKEN_CLASS, _HEX_CLASS = 1, 2


@inlined
def _word(place: Any, end: Any) -> Any:
    """Eight bytes, zeros from ``end`` on: a zero byte is in no cell, so every scan stops there."""
    if place + 8 <= end:
        return load64(place)
    word = u64(0)
    for step in range(end - place):
        word |= u64(load8(place + step)) << u64(8 * step)
    return word


@inlined
def _byte(place: Any, end: Any) -> Any:
    return load8(place) if place < end else np.uint8(0)


@inlined
def _run(start: Any, limit: Any, end: Any, bit: Any) -> Any:
    """End of the run of bytes of one class from ``start``, at most ``limit`` of them."""
    place = start
    stop = min(start + limit, end)
    while place < stop and _CLASS[load8(place)] & bit:
        place += 1
    return place


@inlined
def _digits_end(start: Any, limit: Any, end: Any) -> Any:
    """End of the run of digits from ``start``; not looked at further once it is longer than ``limit``."""
    place = start
    found = 8
    while found == 8 and place - start <= limit:
        found = count_digits(_word(place, end))
        place += found
    return place


@inlined
def _number(start: Any, end: Any) -> Any:
    """How many digits stand at ``start`` (0 to 24) and the number they write; no number above eighteen of them."""
    word = _word(start, end)
    length = count_digits(word)
    if length == 0:
        return length, np.int64(0)
    value = read_digits(word, length)
    if length < 8:
        return length, value
    word = _word(start + 8, end)
    more = count_digits(word)
    if more == 0:
        return length, value
    value = value * power_of_ten(more) + read_digits(word, more)
    if more < 8:
        return length + more, value
    word = _word(start + 16, end)
    more = count_digits(word)
    if more == 0 or more > 2:
        return 16 + more, value
    return 16 + more, value * power_of_ten(more) + read_digits(word, more)


@inlined
def _lay_out(start: Any, end: Any, lowest: Any, limbs: Any) -> None:
    """Add the digits from ``start`` to ``end`` to five ``limbs``; the last digit counts 10**``lowest``."""
    for place in range(start, end):
        power = lowest + end - 1 - place
        limb = limbs + 8 * (power // LIMB_DIGITS)
        digit = np.int64(load8(place) - _ZERO) * power_of_ten(power % LIMB_DIGITS)
        store64(limb, load64(limb) + u64(digit))


@inlined
def _follows(start: Any, stop: Any, earlier: Any, earlier_stop: Any, end: Any) -> Any:
    """Whether the key from ``start`` to ``stop`` comes strictly after the earlier key, byte by byte."""
    shared = min(stop - start, earlier_stop - earlier)
    for step in range(0, shared, 8):
        one = _word(start + step, end)
        two = _word(earlier + step, end)
        if shared - step < 8:
            mask = (u64(1) << u64(8 * (shared - step))) - u64(1)
            one &= mask
            two &= mask
        if one != two:
            return reversed_bytes(one) > reversed_bytes(two)
    return stop - start > earlier_stop - earlier


@inlined
def _amount(start: Any, end: Any, kind: Any, limbs: Any) -> Any:
    """Read an amount without its sign: where it ends (-1 if there is none), its two lowest limbs, whether it is wide.

    A wide amount is laid out in five zeroed ``limbs`` instead.
    """
    length, whole = _number(start, end)
    fraction = np.int64(0)
    wide = length > LIMB_DIGITS
    stop = start + length
    if length == 0 or (length > 1 and load8(start) == _ZERO):
        return np.int64(-1), fraction, whole, wide
    if wide:
        limit = _WHOLE_DIGITS if kind == DECIMAL else _BASE_UNIT_DIGITS
        stop = _digits_end(start, limit, end)
        if stop - start > limit:
            return np.int64(-1), fraction, whole, wide
        _lay_out(start, stop, LIMB_DIGITS if kind == DECIMAL else 0, limbs)
    elif kind == BASE_UNITS:
        fraction = whole
        whole = np.int64(0)
    if kind == DECIMAL and _byte(stop, end) == _DOT:
        length, fraction = _number(stop + 1, end)
        if length == 0 or length > LIMB_DIGITS:
            return np.int64(-1), fraction, whole, wide
        fraction *= power_of_ten(LIMB_DIGITS - length)
        stop += 1 + length
        if wide:
            store64(limbs, u64(fraction))
    return stop, fraction, whole, wide


_limb_room = stack(WIDE)


def scan_rows(
    data: int,
    size: int,
    start: int,
    column_table: int,
    width: int,
    cell_table: int,
    capacity: int,
    amount_table: int,
    kept: int,
    mark_table: int,
    amount_count: int,
    sum_table: int,
    note_table: int,
) -> int:
    """Scan rows from byte ``start`` until ``capacity`` rows are read, the data ends or the grammar breaks; how many.

    ``cells`` (row, column + 1; 32 bits) becomes where each cell begins and, last, where the next row begins.
    ``amounts`` (row, amount, limb) and ``marks`` (row, amount; 8 bits) become each amount's magnitude and mark;
    ``sums`` (amount, sign, limb) is added to. With 0 limbs ``kept``, amounts are summed and forgotten. ``notes`` is
    added to.
    """
    columns = words_at(column_table, (width, COLUMN_WIDTH))
    cells = offsets_at(cell_table, (capacity, width + 1))
    amounts = words_at(amount_table, (capacity, amount_count, kept))
    marks = bytes_at(mark_table, (capacity, amount_count))
    sums = words_at(sum_table, (amount_count, 2, SUM_LIMBS))
    notes = words_at(note_table, (NOTES,))
    limbs = _limb_room()
    scratch = words_at(limbs, (WIDE,))
    for limb in range(WIDE):
        scratch[limb] = 0
    end = data + size
    place = data + start
    row = 0
    while row < capacity and place < end:
        begin = place
        amount = 0
        fits = True
        for column in range(width):
            cells[row, column] = place - data
            kind = columns[column, COLUMN_KIND]
            if kind >= BASE_UNITS:
                minus = np.int64(_byte(place, end) == _MINUS)
                stop, low, high, wide = _amount(place + minus, end, kind, limbs)
                mark = PRESENT + minus
                if stop < 0:
                    fits = columns[column, COLUMN_OPTIONAL] != 0 and minus == 0
                    stop = place
                    mark = np.int64(ABSENT)
                    low = np.int64(0)
                    high = np.int64(0)
                    wide = False
                notes[MINUSES] += minus & columns[column, COLUMN_UNSIGNED]
                marks[row, amount] = mark
                if kept:
                    amounts[row, amount, 0] = low
                    amounts[row, amount, 1] = high
                    for limb in range(NARROW, kept):
                        amounts[row, amount, limb] = 0
                count = NARROW
                if wide:
                    count = WIDE
                    notes[TOO_WIDE] += 1
                    for limb in range(kept):
                        amounts[row, amount, limb] = scratch[limb]
                carry = np.int64(0)
                limb = 0
                while limb < count or carry:
                    value = sums[amount, minus, limb] + carry
                    if wide:
                        value += scratch[limb] if limb < WIDE else np.int64(0)
                    elif limb < NARROW:
                        value += low if limb == 0 else high
                    carry = np.int64(value >= BASE)
                    sums[amount, minus, limb] = value - carry * BASE
                    limb += 1
                if wide:
                    for limb in range(WIDE):
                        scratch[limb] = 0
                amount += 1
            elif kind == TOKEN:
                stop = _run(place, _TOKEN_LENGTH, end, _TOKEN_CLASS)
                fits = stop != place or columns[column, COLUMN_OPTIONAL] != 0
            else:
                stop = _run(place, _HEX_LENGTH, end, _HEX_CLASS)
                fits = stop - place == _HEX_LENGTH or (stop == place and columns[column, COLUMN_OPTIONAL] != 0)
            if not fits or _byte(stop, end) != (_LF if column == width - 1 else _COMMA):
                notes[BREACH] = begin - data
                return row
            place = stop + 1
        cells[row, width] = place - data
        if row:
            earlier = data + cells[row - 1, 0]
            follows = _follows(begin, data + cells[row, 1] - 1, earlier, data + cells[row - 1, 1] - 1, end)
            notes[DISORDER] += not follows
        row += 1
    notes[END] = place - data
    return row


@inlined
def _line_feeds(word: Any) -> Any:
    """A mark in the high bit of every byte that is an LF, exactly: no carry passes from byte to byte."""
    flipped = word ^ u64(0x0A0A0A0A0A0A0A0A)
    low = u64(0x7F7F7F7F7F7F7F7F)
    return ~(((flipped & low) + low) | flipped | low)


def find_rows(data: int, size: int, every: int, starts: int, capacity: int) -> int:
    """How many LFs the data has; ``starts`` becomes where the rows begin that follow every ``every``-th of them."""
    rows: Any = 0
    found = 0
    wanted = every
    end = data + size
    place = data
    while place < end:
        marks = _line_feeds(_word(place, end))
        rows += np.int64(count_ones(marks))
        while rows >= wanted and found < capacity:
            left = marks
            for _ in range(np.int64(count_ones(marks)) - (rows - wanted) - 1):
                left &= left - u64(1)
            store64(starts + 8 * found, u64(place - data + np.int64(trailing_zeros(left) >> u64(3)) + 1))
            found += 1
            wanted += every
        place += 8
    return int(rows)
