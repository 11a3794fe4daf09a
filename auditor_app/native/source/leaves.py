"""Compiled: the preimages of many leaves, written by their program and hashed side by side."""

from __future__ import annotations

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
from auditor_app.native.source.words import bytes_at, copy_bytes, offset_at, stack, store64, u64, word_at, words_at

_starts_room = stack(BATCH)
_blocks_room = stack(BATCH)


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

    ``limbs`` (row, coin, ``count``) and ``present`` (row, coin; 8 bits) are the leaves' balances as :func:`~auditor_app.native.source.balances.leaf_sums`
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
                    place = write_text(place, text + lines[number, TEXT_AT], lines[number, TEXT_LENGTH])
                    joined = joined and kind != OPEN
                elif kind == ROW:
                    length = offset_at(cells, width) - 1 - offset_at(cells, 0)
                    place = copy_bytes(place, data + offset_at(cells, 0), length, end)
                elif kind == CELL:
                    length = offset_at(cells, field + 1) - 1 - offset_at(cells, field)
                    place = copy_bytes(place, data + offset_at(cells, field), length, end)
                elif kind == DIGEST:
                    place = write_digest(place, inner + 4 * DIGEST_WORDS * (rows * field + row), lines[number, FORM])
                elif kind == KEYED:
                    place = write_keyed(place, inner + 4 * DIGEST_WORDS * (rows * field + row), lines[number, PLACES])
                elif kind == WORD_INDEX:
                    store64(place, u64(word_at(indices, row)))
                    place += 8
                elif kind == WORD_COIN:
                    own = limbs + 8 * count * (coins * row + field)
                    place = write_word_coin(place, own, count, lines[number, PLACES])
                    if place < 0:
                        return 0
                elif kind == HEX_CELL or kind == WORD_CELL:
                    cell = data + offset_at(cells, field)
                    length = np.int64(offset_at(cells, field + 1) - 1 - offset_at(cells, field))
                    place = (
                        write_hex_cell(place, cell, length)
                        if kind == HEX_CELL
                        else write_word_cell(place, cell, length)
                    )
                    if place < 0:
                        return 0
                elif kind == COIN_CELL:
                    before = place
                    cell = np.int64(0)
                    length = np.int64(0)
                    if field >= 0:
                        cell = data + offset_at(cells, field)
                        length = np.int64(offset_at(cells, field + 1) - 1 - offset_at(cells, field))
                    place = write_coin_cell(place, line, text, joined, cell, length, end)
                    joined = joined or place != before
                else:
                    before = place
                    own = limbs + 8 * count * (coins * row + field)
                    place = write_coin(place, line, text, joined, own, present[row, field], count)
                    joined = joined or place != before
            closed = close_message(start, place)
            store64(starts + 8 * message, u64(start))
            store64(blocks + 8 * message, u64(closed))
            place = start + closed * BLOCK
        hash_closed(starts, blocks, filled, digests + 4 * DIGEST_WORDS * first, keep)
    return 1
