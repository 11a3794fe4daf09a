"""Compiled: the pieces of a preimage, each written behind the one before by its line of a program."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import (
    ABSENT_AT,
    ABSENT_LENGTH,
    AFTER_AT,
    AFTER_LENGTH,
    BLOCK,
    ENDED,
    FORM,
    HEX_TEXT,
    JOINED_AT,
    JOINED_LENGTH,
    PLACES,
    RAW,
    TEXT_AT,
    TEXT_LENGTH,
    WHOLE_AT,
    WHOLE_LENGTH,
    ZERO_AT,
    ZERO_LENGTH,
)
from auditor_app.native.limbs import LIMB_DIGITS
from auditor_app.native.source.amount_text import is_zero, write_amount
from auditor_app.native.source.words import (
    copy_bytes,
    inlined,
    load8,
    load32,
    load64,
    power_of_ten,
    store8,
    store64,
    u64,
    word_at,
)

_ZERO, _NINE, _LETTER = 0x30, 0x39, 0x61


@inlined
def write_text(place: Any, source: Any, length: Any) -> Any:
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
def _before_coin(place: Any, line: Any, texts: Any, joined: Any) -> Any:
    """The coin's label, with the joiner where a coin stands before."""
    at = word_at(line, JOINED_AT if joined else TEXT_AT)
    return write_text(place, texts + at, word_at(line, JOINED_LENGTH if joined else TEXT_LENGTH))


@inlined
def write_coin(place: Any, line: Any, texts: Any, joined: Any, limbs: Any, present: Any, count: Any) -> Any:
    """Write one coin with its amount; an unchanged address where the coin is absent and left out."""
    if present:
        place = _before_coin(place, line, texts, joined)
        form = word_at(line, FORM)
        if form == ENDED and is_zero(limbs, count):
            place = write_text(place, texts + word_at(line, ZERO_AT), word_at(line, ZERO_LENGTH))
        else:
            place = write_amount(place, limbs, count, form, word_at(line, PLACES))
            if form == ENDED and word_at(limbs, 0) == 0:
                place = write_text(place, texts + word_at(line, WHOLE_AT), word_at(line, WHOLE_LENGTH))
    elif word_at(line, ABSENT_LENGTH) < 0:
        return place
    else:
        place = _before_coin(place, line, texts, joined)
        place = write_text(place, texts + word_at(line, ABSENT_AT), word_at(line, ABSENT_LENGTH))
    return write_text(place, texts + word_at(line, AFTER_AT), word_at(line, AFTER_LENGTH))


@inlined
def write_coin_cell(place: Any, line: Any, texts: Any, joined: Any, cell: Any, length: Any, end: Any) -> Any:
    """Write one coin with the cell's own text; an unchanged address where the cell is empty and left out."""
    if length:
        place = _before_coin(place, line, texts, joined)
        place = copy_bytes(place, cell, length, end)
    elif word_at(line, ABSENT_LENGTH) < 0:
        return place
    else:
        place = _before_coin(place, line, texts, joined)
        place = write_text(place, texts + word_at(line, ABSENT_AT), word_at(line, ABSENT_LENGTH))
    return write_text(place, texts + word_at(line, AFTER_AT), word_at(line, AFTER_LENGTH))


@inlined
def write_digest(place: Any, digest: Any, form: Any) -> Any:
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
def write_keyed(place: Any, digest: Any, pad: Any) -> Any:
    """A digest as the key of an HMAC (FIPS 198-1): 64 bytes, zeros behind the digest, each combined with ``pad``."""
    write_digest(place, digest, RAW)
    pads = u64(pad) * u64(0x0101010101010101)
    for word in range(4):
        store64(place + 8 * word, load64(place + 8 * word) ^ pads)
        store64(place + 32 + 8 * word, pads)
    return place + BLOCK


@inlined
def write_hex_cell(place: Any, cell: Any, length: Any) -> Any:
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
def write_word_cell(place: Any, cell: Any, length: Any) -> Any:
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
def write_word_coin(place: Any, limbs: Any, count: Any, scale: Any) -> Any:
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
