"""Compiled: the preimages of many nodes above their children, sums included, written by their program and hashed side by side."""

from __future__ import annotations

from typing import Any

from auditor_app.native.layout import (
    BATCH,
    BLOCK,
    DIGEST,
    DIGEST_WORDS,
    FIELD,
    FORM,
    KIND,
    LEFT,
    OPEN,
    OWN,
    PLACES,
    SOURCE,
    TEXT,
    TEXT_AT,
    TEXT_LENGTH,
    WIDTH,
    WORD_COIN,
)
from auditor_app.native.source.balances import add_children
from auditor_app.native.source.pieces import write_coin, write_digest, write_text, write_word_coin
from auditor_app.native.source.sha256 import close_message, hash_closed
from auditor_app.native.source.words import bytes_at, inlined, load8, stack, store64, u64, word_at, words_at

_starts_room = stack(BATCH)
_blocks_room = stack(BATCH)


@inlined
def _write_node(
    place: Any,
    node: Any,
    line_table: Any,
    line_count: Any,
    text: Any,
    digests: Any,
    sums: Any,
    present: Any,
    own_sums: Any,
    own_present: Any,
    coins: Any,
    count: Any,
) -> Any:
    """Write the preimage of one parent; the address behind it, -1 where a value does not fit."""
    joined = False
    for number in range(line_count):
        line = line_table + 8 * WIDTH * number
        kind = word_at(line, KIND)
        source = word_at(line, SOURCE)
        child = 2 * node + (source != LEFT)
        if kind == TEXT or kind == OPEN:
            place = write_text(place, text + word_at(line, TEXT_AT), word_at(line, TEXT_LENGTH))
            joined = joined and kind != OPEN
        elif kind == DIGEST:
            place = write_digest(place, digests + 4 * DIGEST_WORDS * child, word_at(line, FORM))
        else:
            entry = coins * child + word_at(line, FIELD)
            limbs = sums + 8 * count * entry
            held = load8(present + entry)
            if source == OWN:
                entry = coins * node + word_at(line, FIELD)
                limbs = own_sums + 8 * count * entry
                held = load8(own_present + entry)
            if kind == WORD_COIN:
                place = write_word_coin(place, limbs, count, word_at(line, PLACES))
                if place < 0:
                    return place
            else:
                before = place
                place = write_coin(place, line, text, joined, limbs, held, count)
                joined = joined or place != before
    return place


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
    filled = bytes_at(filled_table, (coins,))
    cuts = words_at(cut_table, (coins,))
    parents = nodes // 2
    out_sums = words_at(out_sum_table, (parents, coins, count))
    out_present = bytes_at(out_present_table, (parents, coins))
    starts, blocks = _starts_room(), _blocks_room()
    for first in range(0, parents, BATCH):
        filled_slots = min(BATCH, parents - first)
        start = slots
        for message in range(filled_slots):
            node = first + message
            if not add_children(node, sums, present, filled, cuts, out_sums, out_present):
                return 0
            stop = _write_node(
                start,
                node,
                line_table,
                line_count,
                text,
                digests,
                sum_table,
                present_table,
                out_sum_table,
                out_present_table,
                coins,
                count,
            )
            if stop < 0:
                return 0
            closed = close_message(start, stop)
            store64(starts + 8 * message, u64(start))
            store64(blocks + 8 * message, u64(closed))
            start += closed * BLOCK
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
