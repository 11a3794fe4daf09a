"""The compiled row loop of the fast scanner: grammar, cell positions, amounts, exact sums, in one pass over the bytes.

An amount is an integer of its column's scale (10**-18 in a ``decimal`` column, base units in the other kind), held as
limbs of base 10**18, the lowest first, each in [0, 10**18). Its sign stands apart.

No limb can overflow a signed 64-bit word. A cell's limb is below B = 10**18 because it is made of at most eighteen
digits. An accumulator's limb is below B before each addition (it starts at 0 and is reduced at once after each), the
addend's limb is below B, and the carry is 0 or 1: their sum is at most 2·B - 1 < 2**61. The reduction subtracts B once,
which brings it below B again and carries exactly 1. The grammar allows 60 digits, so with a fraction a cell fills at
most 5 limbs; the accumulators have 6, and a carry out of the last would take 10**18 times more cells of 90 digits than
exist. Sums of both signs are kept apart, so nothing is ever subtracted.

The amounts of plain rows are first held in two words each: the fraction, reduced like a limb at every row, and the whole
number, which is not. A plain whole number has at most 16 digits and the carry adds 1, so after 512 rows it is at most
512·10**16 < 2**63. It is then split into what is below B, added like a limb, and at most 9 above it, added to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from auditor_app.native.layout import (
    ABSENT,
    BASE_UNITS,
    BREACH,
    CELLS_AHEAD,
    COLUMN_KIND,
    COLUMN_OPTIONAL,
    COLUMN_UNSIGNED,
    COLUMN_WIDTH,
    DECIMAL,
    DISORDER,
    END,
    LONGEST,
    MINUSES,
    PRESENT,
    TOKEN,
    TOO_WIDE,
)
from auditor_app.native.limbs import BASE, LIMB_DIGITS, NARROW, SUM_LIMBS, WIDE
from auditor_app.native.source.decimals import PLAIN_DIGITS, add_value, read_decimal
from auditor_app.native.source.words import (
    VECTOR_BYTES,
    count_digits,
    count_ones,
    inlined,
    load8,
    load64,
    marker,
    offset_at,
    power_of_ten,
    read_digits,
    read_fraction,
    reversed_bytes,
    stack,
    store8,
    store32,
    store64,
    trailing_zeros,
    u64,
    word_at,
)

_TOKEN_LENGTH = 128
_HEX_LENGTH = 64
_WHOLE_DIGITS = 30
_BASE_UNIT_DIGITS = 60
_COMMA, _DOT, _MINUS, _ZERO, _LF = 0x2C, 0x2E, 0x2D, 0x30, 0x0A
_SLASH, _COLON, _UNDERSCORE, _SMALL_A = 0x2F, 0x3A, 0x5F, 0x61


def _classes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    table = np.zeros(256, np.uint8)
    table[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:-")] |= 1
    table[list(b"0123456789abcdef")] |= 2
    return table


_CLASS = _classes()
_TOKEN_CLASS, _HEX_CLASS = 1, 2

_MOST_AMOUNTS = 64
"""Amounts of a row, one more than a ledger may have."""

_HELD_ROWS = 512
"""Rows whose amounts are added before they go to the sums."""


@marker
def _line_feeds(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks LFs."""
    return builder.icmp_unsigned("==", found, every(_LF))


@marker
def _separators(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks commas and LFs."""
    comma = builder.icmp_unsigned("==", found, every(_COMMA))
    return builder.or_(comma, builder.icmp_unsigned("==", found, every(_LF)))


def _not_a_digit(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks everything but decimal digits."""
    return builder.icmp_unsigned(">", builder.sub(found, every(_ZERO)), every(9))


_no_digits = marker(_not_a_digit)
_PLAIN_BYTES = 32
"""The longest plain cell: half a vector, so that the widest registers, which slow the others down, stay out of its way."""

_no_digits_in_plain = marker(_not_a_digit, _PLAIN_BYTES)


@marker
def _no_hex(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks everything but lower-case hex digits."""
    digit = builder.icmp_unsigned(">", builder.sub(found, every(_ZERO)), every(9))
    return builder.and_(digit, builder.icmp_unsigned(">", builder.sub(found, every(_SMALL_A)), every(5)))


@marker
def _strangers(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks everything that stands neither in a cell nor behind one.

    From comma to colon all but the slash, letters of both cases (bit 5 apart), the underscore, LF.
    """
    row = builder.icmp_unsigned(">", builder.sub(found, every(_COMMA)), every(_COLON - _COMMA))
    letter = builder.icmp_unsigned(">", builder.sub(builder.or_(found, every(0x20)), every(_SMALL_A)), every(25))
    strange = builder.and_(row, letter)
    for byte in (_UNDERSCORE, _LF):
        strange = builder.and_(strange, builder.icmp_unsigned("!=", found, every(byte)))
    return builder.or_(strange, builder.icmp_unsigned("==", found, every(_SLASH)))


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


@inlined
def _whole(start: Any, count: Any) -> Any:
    """The number that ``count`` (1 to 18) digits write."""
    if count <= 8:
        return read_digits(load64(start), count)
    last = read_digits(load64(start + count - 8), np.int64(8))
    if count <= 16:
        return read_digits(load64(start), count - 8) * 100_000_000 + last
    middle = read_digits(load64(start + count - 16), np.int64(8))
    return (read_digits(load64(start), count - 16) * 100_000_000 + middle) * 100_000_000 + last


@inlined
def _fraction(start: Any, count: Any) -> Any:
    """The number that ``count`` (1 to 18) digits write, with zeros behind them up to eighteen."""
    if count <= 8:
        return read_fraction(load64(start), count) * 10_000_000_000
    value = read_fraction(load64(start), np.int64(8)) * 10_000_000_000
    if count <= 16:
        return value + read_fraction(load64(start + 8), count - 8) * 100
    value += read_fraction(load64(start + 8), np.int64(8)) * 100
    return value + read_fraction(load64(start + 16), count - 16) // 1_000_000


@inlined
def _plain_amount(start: Any, length: Any, kind: Any) -> Any:
    """Read an amount without its sign, known to be followed by a separator behind ``length`` bytes.

    Whether it is a plain one, and its two lowest limbs. Not plain is what breaks the grammar or fills more than two
    limbs; :func:`_amount` tells these apart. 64 bytes may be read.
    """
    low = np.int64(0)
    high = np.int64(0)
    if length < 1 or length > 2 * LIMB_DIGITS + 1:
        return False, low, high
    strange = _no_digits(start) & ((u64(1) << u64(length)) - u64(1))
    whole = min(np.int64(trailing_zeros(strange)), length)
    if whole == 0 or (whole > 1 and load8(start) == _ZERO):
        return False, low, high
    if kind == BASE_UNITS:
        if strange or length > 2 * LIMB_DIGITS:
            return False, low, high
        if length > LIMB_DIGITS:
            high = _whole(start, length - LIMB_DIGITS)
            return True, _whole(start + length - LIMB_DIGITS, np.int64(LIMB_DIGITS)), high
        return True, _whole(start, length), high
    if whole > LIMB_DIGITS:
        return False, low, high
    if strange:
        places = length - whole - 1
        if strange & (strange - u64(1)) or load8(start + whole) != _DOT or places < 1 or places > LIMB_DIGITS:
            return False, low, high
        low = _fraction(start + whole + 1, places)
    return True, low, _whole(start, whole)


@inlined
def _split(data: Any, size: Any, seen: Any, cells: Any, filled: Any, wanted: Any) -> Any:
    """Write down where cells begin from byte ``seen`` on, until ``wanted`` of them are known; bytes seen and cells known.

    Stops short, with ``seen`` at ``size``, where fewer than 64 bytes are left or one stands there that is in no cell. Up
    to 64 more entries are written than are known.
    """
    while filled < wanted and seen < size:
        if seen + VECTOR_BYTES > size or _strangers(data + seen):
            return size, filled
        marks = _separators(data + seen)
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
def _add(line: Any, low: Any, high: Any) -> None:
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
def _add_wide(line: Any, limbs: Any) -> None:
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
def _let_go(held: Any, count: Any, sums: Any) -> None:
    """Move what :func:`_plain_row` held to the sums."""
    for amount in range(count):
        line = sums + 16 * SUM_LIMBS * amount
        high = word_at(held, 2 * amount + 1)
        above = high // BASE
        _add(line, word_at(held, 2 * amount), high - above * BASE)
        _add_limb(line, np.int64(2), above)
        store64(held + 16 * amount, u64(0))
        store64(held + 16 * amount + 8, u64(0))


@inlined
def _plain_row(data: Any, cell: Any, columns: Any, width: Any, marks: Any, values: Any) -> Any:
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
            below |= _TOKEN_LENGTH - length
        else:
            below |= _PLAIN_BYTES - length
            strange = _no_digits_in_plain(place) & ((u64(1) << u64(length & 63)) - u64(1))
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
            read_decimal(place + whole, mask, (u64(1) << u64((places + (1 - dotted)) & 31)) - u64(1), values)
            values += 16
            store8(marks, np.uint8(present))
            marks += 1
        start = stop + 1
    return other == u64(0) and below >= 0


@inlined
def _is_plain(columns: Any, width: Any) -> Any:
    """Whether a row holds tokens and decimals only."""
    plain = True
    for column in range(width):
        kind = word_at(columns, COLUMN_WIDTH * column + COLUMN_KIND)
        plain = plain and (kind == TOKEN or kind == DECIMAL)
    return plain


_limb_room = stack(WIDE)
_value_room = stack(2 * _MOST_AMOUNTS)
_held_room = stack(2 * _MOST_AMOUNTS)


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
    The amounts of a plain row are read together and held back from the sums for at most :data:`_HELD_ROWS` rows.
    A cell that is not plain, and the last rows of the data, are read byte by byte from the cell's start; whatever that
    way accepts holds no separator, so the places found ahead stay right.
    """
    limbs = _limb_room()
    for limb in range(WIDE):
        store64(limbs + 8 * limb, u64(0))
    scratch, held = _value_room(), _held_room()
    for word in range(2 * _MOST_AMOUNTS):
        store64(held + 8 * word, u64(0))
    held_rows = 0
    plain_rows = _is_plain(column_table, width) and (kept == 0 or kept == NARROW)
    end = data + size
    place = data + start
    store32(cells, np.uint32(start))
    row = 0
    seen = start
    filled = 0
    last = capacity * width
    longest = word_at(notes, LONGEST)
    minuses = word_at(notes, MINUSES)
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
        line = sums
        columns = width
        may_be_plain = plain_rows and ahead and begin - data >= PLAIN_DIGITS
        values = own_amounts if kept else scratch
        if may_be_plain and _plain_row(data, cell, column_table, width, own_marks, values):
            for amount in range(amount_count):
                add_value(held + 16 * amount, values + 16 * amount)
            held_rows += 1
            if held_rows == _HELD_ROWS:
                _let_go(held, amount_count, sums)
                held_rows = 0
            columns = 0
            place = data + offset_at(cell, width)
        for column in range(columns):
            kind = word_at(column_table, COLUMN_WIDTH * column + COLUMN_KIND)
            fits = True
            if kind >= BASE_UNITS:
                minus = np.int64(_byte(place, end) == _MINUS)
                plain = False
                wide = False
                low = np.int64(0)
                high = np.int64(0)
                mark = PRESENT + minus
                stop = place
                if ahead:
                    stop = data + offset_at(cell, column + 1) - 1
                    plain, low, high = _plain_amount(place + minus, stop - place - minus, kind)
                if not plain:
                    stop, low, high, wide = _amount(place + minus, end, kind, limbs)
                    if stop < 0:
                        fits = word_at(column_table, COLUMN_WIDTH * column + COLUMN_OPTIONAL) != 0 and minus == 0
                        stop = place
                        mark = np.int64(ABSENT)
                        low = np.int64(0)
                        high = np.int64(0)
                        wide = False
                    if wide and word_at(limbs, 2) == 0 and word_at(limbs, 3) == 0 and word_at(limbs, 4) == 0:
                        wide = False
                        low = word_at(limbs, 0)
                        high = word_at(limbs, 1)
                        store64(limbs, u64(0))
                        store64(limbs + 8, u64(0))
                minuses += minus & word_at(column_table, COLUMN_WIDTH * column + COLUMN_UNSIGNED)
                store8(own_marks, np.uint8(mark))
                own_marks += 1
                sign_line = line + 8 * SUM_LIMBS * minus
                if wide:
                    store64(notes + 8 * TOO_WIDE, u64(word_at(notes, TOO_WIDE) + 1))
                    _add_wide(sign_line, limbs)
                    for limb in range(kept):
                        store64(own_amounts + 8 * limb, load64(limbs + 8 * limb))
                    for limb in range(WIDE):
                        store64(limbs + 8 * limb, u64(0))
                else:
                    _add(sign_line, low, high)
                    if kept:
                        store64(own_amounts, u64(low))
                        store64(own_amounts + 8, u64(high))
                        for limb in range(NARROW, kept):
                            store64(own_amounts + 8 * limb, u64(0))
                own_amounts += 8 * kept
                line += 16 * SUM_LIMBS
            else:
                limit = _TOKEN_LENGTH if kind == TOKEN else _HEX_LENGTH
                if ahead:
                    stop = data + offset_at(cell, column + 1) - 1
                    fits = stop - place <= limit and (kind == TOKEN or not _no_hex(place))
                else:
                    stop = _run(place, limit, end, _TOKEN_CLASS if kind == TOKEN else _HEX_CLASS)
                if stop == place:
                    fits = word_at(column_table, COLUMN_WIDTH * column + COLUMN_OPTIONAL) != 0
                elif kind != TOKEN:
                    fits = fits and stop - place == _HEX_LENGTH
            if not fits or _byte(stop, end) != (_LF if column == width - 1 else _COMMA):
                store64(notes + 8 * BREACH, u64(begin - data))
                store64(notes + 8 * DISORDER, u64(disorder))
                store64(notes + 8 * MINUSES, u64(minuses))
                return row
            place = stop + 1
            store32(cell + 4 * column + 4, np.uint32(place - data))
        longest = max(longest, place - begin)
        stop = data + offset_at(cell, 1) - 1
        if row:
            disorder += not _follows(begin, stop, earlier, earlier_stop, end)
        earlier = begin
        earlier_stop = stop
        row += 1
    _let_go(held, amount_count, sums)
    store64(notes + 8 * END, u64(place - data))
    store64(notes + 8 * LONGEST, u64(longest))
    store64(notes + 8 * DISORDER, u64(disorder))
    store64(notes + 8 * MINUSES, u64(minuses))
    return row


def find_rows(data: int, size: int, first: int, every: int, starts: int, capacity: int) -> int:
    """How many LFs the data has; ``starts`` becomes where rows begin behind the ``first`` and every ``every``-th from there."""
    rows: Any = 0
    found = 0
    wanted = first
    end = data + size
    place = data
    while place + VECTOR_BYTES <= end:
        marks = _line_feeds(place)
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
