"""Compiled: the preimages of many leaves, written by their program and hashed side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor_app.native.layout import (
    BATCH,
    BLOCK,
    CELL,
    COIN_CELL,
    DIGEST,
    DIGEST_WORDS,
    FIELD,
    FORM,
    HEX_CELL,
    KEYED,
    KIND,
    OPEN,
    PLACES,
    ROW,
    TEXT,
    TEXT_AT,
    TEXT_LENGTH,
    WIDTH,
    WORD_CELL,
    WORD_COIN,
    WORD_INDEX,
)
from auditor_app.native.source.pieces import (
    write_coin,
    write_coin_cell,
    write_digest,
    write_hex_cell,
    write_keyed,
    write_text,
    write_word_cell,
    write_word_coin,
)
from auditor_app.native.source.sha256 import close_message, hash_closed
from auditor_app.native.source.words import copy_bytes, inlined, load8, load64, offset_at, stack, store64, u64, word_at

_starts_room = stack(BATCH)
_blocks_room = stack(BATCH)


@inlined
def _length(cells: Any, field: Any) -> Any:
    """Bytes of one cell of a row."""
    return np.int64(offset_at(cells, field + 1) - 1 - offset_at(cells, field))


@inlined
def _write_leaf(
    place: Any,
    data: Any,
    end: Any,
    cells: Any,
    width: Any,
    line_table: Any,
    line_count: Any,
    text: Any,
    limbs: Any,
    present: Any,
    count: Any,
    index: Any,
    inner: Any,
    between: Any,
) -> Any:
    """Write the preimage of one row's leaf; the address behind it, -1 where a value does not fit.

    All tables begin with the row's own entries; ``between`` are the bytes from one of its ``inner`` digests to the next.
    """
    joined = False
    for number in range(line_count):
        line = line_table + 8 * WIDTH * number
        kind = word_at(line, KIND)
        field = word_at(line, FIELD)
        if kind == TEXT or kind == OPEN:
            place = write_text(place, text + word_at(line, TEXT_AT), word_at(line, TEXT_LENGTH))
            joined = joined and kind != OPEN
        elif kind == ROW:
            length = offset_at(cells, width) - 1 - offset_at(cells, 0)
            place = copy_bytes(place, data + offset_at(cells, 0), length, end)
        elif kind == CELL:
            place = copy_bytes(place, data + offset_at(cells, field), _length(cells, field), end)
        elif kind == DIGEST:
            place = write_digest(place, inner + between * field, word_at(line, FORM))
        elif kind == KEYED:
            place = write_keyed(place, inner + between * field, word_at(line, PLACES))
        elif kind == WORD_INDEX:
            store64(place, load64(index))
            place += 8
        elif kind == WORD_COIN:
            place = write_word_coin(place, limbs + 8 * count * field, count, word_at(line, PLACES))
        elif kind == HEX_CELL:
            place = write_hex_cell(place, data + offset_at(cells, field), _length(cells, field))
        elif kind == WORD_CELL:
            place = write_word_cell(place, data + offset_at(cells, field), _length(cells, field))
        else:
            before = place
            if kind == COIN_CELL:
                cell = np.int64(0)
                length = np.int64(0)
                if field >= 0:
                    cell = data + offset_at(cells, field)
                    length = _length(cells, field)
                place = write_coin_cell(place, line, text, joined, cell, length, end)
            else:
                held = load8(present + field)
                place = write_coin(place, line, text, joined, limbs + 8 * count * field, held, count)
            joined = joined or place != before
        if place < 0:
            return place
    return place


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

    ``limbs`` (row, coin, ``count``) and ``present`` (row, coin; 8 bits) are the leaves' balances as
    :func:`~auditor_app.native.source.balances.leaf_sums` gives them; ``indices`` (row) the leaves' own, ``inner`` (hash,
    row) digests in the preimages; ``slots`` has room for :data:`BATCH` of the longest messages; ``keep`` is how many words
    of a digest the scheme keeps.
    """
    end = data + size
    starts, blocks = _starts_room(), _blocks_room()
    for first in range(0, rows, BATCH):
        filled = min(BATCH, rows - first)
        start = slots
        for message in range(filled):
            row = first + message
            stop = _write_leaf(
                start,
                data,
                end,
                cell_table + 4 * width * row,
                width,
                line_table,
                line_count,
                text,
                limbs + 8 * count * coins * row,
                present_table + coins * row,
                count,
                indices + 8 * row,
                inner + 4 * DIGEST_WORDS * row,
                4 * DIGEST_WORDS * rows,
            )
            if stop < 0:
                return 0
            closed = close_message(start, stop)
            store64(starts + 8 * message, u64(start))
            store64(blocks + 8 * message, u64(closed))
            start += closed * BLOCK
        hash_closed(starts, blocks, filled, digests + 4 * DIGEST_WORDS * first, keep)
    return 1
