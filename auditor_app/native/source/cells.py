"""Compiled: one cell of a row, read byte by byte or, where its end is known, eight digits at a time.

An amount's limbs are as :mod:`auditor_app.native.source.rows` says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import (
    ABSENT,
    BASE_UNITS,
    COLUMN_KIND,
    COLUMN_OPTIONAL,
    COLUMN_UNSIGNED,
    DECIMAL,
    MINUSES,
    PRESENT,
    TOKEN,
    TOO_WIDE,
)
from auditor_app.native.limbs import LIMB_DIGITS, NARROW, SUM_LIMBS, WIDE
from auditor_app.native.source.byte_marks import no_digits, no_hex
from auditor_app.native.source.exact_sums import add_limbs, add_wide
from auditor_app.native.source.words import (
    count_digits,
    inlined,
    load8,
    load64,
    power_of_ten,
    read_digits,
    read_fraction,
    reversed_bytes,
    store8,
    store64,
    trailing_zeros,
    u64,
    word_at,
)

TOKEN_LENGTH = 128
_HEX_LENGTH = 64
_WHOLE_DIGITS = 30
_BASE_UNIT_DIGITS = 60
_DOT, _MINUS, _ZERO = 0x2E, 0x2D, 0x30


def _classes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    table = np.zeros(256, np.uint8)
    table[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:-")] |= 1
    table[list(b"0123456789abcdef")] |= 2
    return table


_CLASS = _classes()
_TOKEN_CLASS, _HEX_CLASS = 1, 2


@inlined
def follows(start: Any, stop: Any, earlier: Any, earlier_stop: Any, end: Any) -> Any:
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
def _word(place: Any, end: Any) -> Any:
    """Eight bytes, zeros from ``end`` on: a zero byte is in no cell, so every scan stops there."""
    if place + 8 <= end:
        return load64(place)
    word = u64(0)
    for step in range(end - place):
        word |= u64(load8(place + step)) << u64(8 * step)
    return word


@inlined
def byte_at(place: Any, end: Any) -> Any:
    """The byte at ``place``, 0 at ``end``: no cell holds one."""
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
    if kind == DECIMAL and byte_at(stop, end) == _DOT:
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
    strange = no_digits(start) & ((u64(1) << u64(length)) - u64(1))
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
def _read_amount(place: Any, end: Any, length: Any, kind: Any, limbs: Any) -> Any:
    """As :func:`_amount`; a separator is known to follow behind ``length`` bytes, unless that is below 0."""
    if length >= 0:
        plain, low, high = _plain_amount(place, length, kind)
        if plain:
            return place + length, low, high, False
    stop, low, high, wide = _amount(place, end, kind, limbs)
    if stop < 0:
        return stop, np.int64(0), np.int64(0), False
    if wide and word_at(limbs, 2) == 0 and word_at(limbs, 3) == 0 and word_at(limbs, 4) == 0:
        low = word_at(limbs, 0)
        high = word_at(limbs, 1)
        store64(limbs, u64(0))
        store64(limbs + 8, u64(0))
        wide = False
    return stop, low, high, wide


@inlined
def amount_cell(
    place: Any, end: Any, known: Any, column: Any, limbs: Any, own: Any, kept: Any, mark: Any, line: Any, notes: Any
) -> Any:
    """Read the amount at ``place``, keep it with its mark and add it to the sums at ``line``; where it ends, -1 if none fits.

    ``known`` is where it ends if that is known, else 0; ``limbs`` are five zeros and become so again.
    """
    minus = np.int64(byte_at(place, end) == _MINUS)
    begin = place + minus
    stop, low, high, wide = _read_amount(
        begin, end, known - begin if known else np.int64(-1), word_at(column, COLUMN_KIND), limbs
    )
    store8(mark, np.uint8(PRESENT + minus))
    if stop < 0:
        if minus or word_at(column, COLUMN_OPTIONAL) == 0:
            return stop
        stop = place
        store8(mark, np.uint8(ABSENT))
    if minus and word_at(column, COLUMN_UNSIGNED):
        store64(notes + 8 * MINUSES, u64(word_at(notes, MINUSES) + 1))
    if wide:
        store64(notes + 8 * TOO_WIDE, u64(word_at(notes, TOO_WIDE) + 1))
        add_wide(line + 8 * SUM_LIMBS * minus, limbs)
        for limb in range(kept):
            store64(own + 8 * limb, load64(limbs + 8 * limb))
        for limb in range(WIDE):
            store64(limbs + 8 * limb, u64(0))
        return stop
    add_limbs(line + 8 * SUM_LIMBS * minus, low, high)
    if kept:
        store64(own, u64(low))
        store64(own + 8, u64(high))
        for limb in range(NARROW, kept):
            store64(own + 8 * limb, u64(0))
    return stop


@inlined
def text_cell(place: Any, end: Any, known: Any, column: Any) -> Any:
    """Where the token or hash at ``place`` ends, -1 if none fits; ``known`` as for :func:`amount_cell`."""
    token = word_at(column, COLUMN_KIND) == TOKEN
    limit = TOKEN_LENGTH if token else _HEX_LENGTH
    fits = True
    if known:
        stop = known
        fits = stop - place <= limit and (token or not no_hex(place))
    else:
        stop = _run(place, limit, end, _TOKEN_CLASS if token else _HEX_CLASS)
    if stop == place:
        fits = word_at(column, COLUMN_OPTIONAL) != 0
    elif not token:
        fits = fits and stop - place == _HEX_LENGTH
    return stop if fits else np.int64(-1)
