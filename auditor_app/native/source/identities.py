"""Compiled: keyed fingerprints of ids, the first 64 bits of SHA-256(key ‖ id), and which of many may be equal to another."""

from __future__ import annotations

import numpy as np

from auditor_app.native.layout import BATCH, BLOCK, DIGEST_WORDS, KEY_BYTES
from auditor_app.native.source.sha256 import close_message, hash_closed
from auditor_app.native.source.words import copy_bytes, load32, load64, offset_at, prints_at, stack, store64, u64

_starts_room = stack(BATCH)
_blocks_room = stack(BATCH)
_digests_room = stack(BATCH * DIGEST_WORDS // 2)


def fingerprint_ids(data: int, size: int, cells: int, width: int, rows: int, key: int, slots: int, out: int) -> int:
    """A fingerprint for the first cell of each of ``rows`` rows of ``width`` columns; 0."""
    fingerprints = prints_at(out, (rows,))
    starts, blocks, digests = _starts_room(), _blocks_room(), _digests_room()
    low, high = load64(key), load64(key + 8)
    for first in range(0, rows, BATCH):
        filled = min(BATCH, rows - first)
        place = slots
        for message in range(filled):
            cell = cells + 4 * width * (first + message)
            begin = offset_at(cell, 0)
            store64(place, low)
            store64(place + 8, high)
            length = offset_at(cell, 1) - 1 - begin
            stop = copy_bytes(place + KEY_BYTES, data + begin, length, data + size)
            count = close_message(place, stop)
            store64(starts + 8 * message, u64(place))
            store64(blocks + 8 * message, u64(count))
            place += count * BLOCK
        hash_closed(starts, blocks, filled, digests, 8)
        for message in range(filled):
            digest = digests + 4 * DIGEST_WORDS * message
            fingerprints[first + message] = (u64(load32(digest)) << u64(32)) | u64(load32(digest + 4))
    return 0


def mark_equals(prints: int, count: int, seen: int, again: int, mask: int) -> int:
    """Set the bit of every fingerprint in ``seen``, and in ``again`` where it was set already; 0.

    Both are tables of ``mask`` + 1 bits, in which a fingerprint's low bits are its place: equal ones share a place.
    """
    for number in range(count):
        place = load64(prints + 8 * number) & u64(mask)
        offset = 8 * np.int64(place >> u64(6))
        bit = u64(1) << (place & u64(63))
        word = load64(seen + offset)
        store64(seen + offset, word | bit)
        if word & bit:
            store64(again + offset, load64(again + offset) | bit)
    return 0


def take_marked(prints: int, count: int, again: int, mask: int, out: int) -> int:
    """Write the fingerprints whose bit in ``again`` is set to ``out``; how many."""
    taken = np.int64(0)
    for number in range(count):
        value = load64(prints + 8 * number)
        place = value & u64(mask)
        store64(out + 8 * taken, value)
        taken += np.int64((load64(again + 8 * np.int64(place >> u64(6))) >> (place & u64(63))) & u64(1))
    return int(taken)
