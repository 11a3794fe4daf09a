"""Where the pass over a ledger may take the fast way, and what it gives back to the one that asked.

Compiled code is loaded only here, and only when there are rows enough: a small ledger never waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from auditor_app.errors import LedgerError
from auditor_app.findings import Finding, finding
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import scan_blocks
from auditor_app.ledger.source import LedgerPart, LedgerSource
from auditor_app.merkle.rule import Node, Rule
from auditor_app.merkle.tree import KEEP_LEVEL, group_levels
from auditor_app.merkle.warm import FEWEST_ROWS, prepared
from auditor_app.operation import CancelToken, Operation

if TYPE_CHECKING:
    from auditor_app.merkle.fast.reading import FastRead


@dataclass(frozen=True, slots=True)
class Declined:
    """The reference path must go on; ``findings`` hold the note to make of it, if any."""

    findings: tuple[Finding, ...] = ()


def is_worth_it(first_part: LedgerPart) -> bool:
    """Whether a ledger that begins with this part has rows enough for compiled code."""
    rows = end = 0
    while rows < FEWEST_ROWS and (end := first_part.data.find(b"\n", end) + 1):
        rows += 1
    return rows == FEWEST_ROWS


def read_compiled(
    source: LedgerSource,
    parts: Iterator[LedgerPart],
    rules: Sequence[tuple[Rule, int | None]],
    token: CancelToken,
    *,
    compare_ids: bool,
    threads: int | None = None,
) -> Operation[FastRead | Declined]:
    """Scan and hash all parts for every rule, each with the leaf count that it was bound to.

    Declined are rules that compiled code does not know, parts that are not whole subtrees, and code that cannot be
    compiled here or whose first group of nodes is not the reference's. :class:`LedgerError` as the reference raises it.
    """
    state = yield from prepared(token)
    if not state.ready:
        return Declined(_fallback(source, state.reason))
    from auditor_app.merkle.fast.nodes import DoesNotFit
    from auditor_app.merkle.fast.part import tree_rule
    from auditor_app.merkle.fast.reading import UnevenParts, read_fast
    from auditor_app.merkle.fast.search import FastDuplicateSearch

    ready = [tree_rule(rule, leaf_count) for rule, leaf_count in rules]
    known = [rule for rule in ready if rule is not None]
    if len(known) < len(ready):
        return Declined()
    first_part = next(parts)
    expected = _first_groups(source, first_part, [rule for rule, _ in rules])
    parts = chain([first_part], parts)
    del first_part  # so that its bytes go when its work is done
    search = FastDuplicateSearch() if compare_ids else None
    try:
        read = yield from read_fast(source, parts, known, search, token, threads=threads)
        for tree in read.trees:
            with suppress(LedgerError):  # whoever asked meets it again, tree by tree
                tree.finish(source, read.tally.part_rows, {})
    except (UnevenParts, DoesNotFit):
        return Declined()
    if [tree.first_group() for tree in read.trees] != expected:
        return Declined(_fallback(source, "its first nodes were not those of the reference"))
    return read


def _first_groups(source: LedgerSource, part: LedgerPart, rules: Sequence[Rule]) -> list[Node]:
    """The reference's node above the first 32 leaves, for every rule; empty where the grammar breaks before."""
    end = 0
    for _ in range(1 << KEEP_LEVEL):
        end = part.data.find(b"\n", end) + 1
    try:
        (block,) = scan_blocks(LedgerPart(part.name, part.first_row, part.data[:end]), Grammar.of(source.columns))
    except LedgerError:
        return []
    return [group_levels(rule, rule.leaves(block), KEEP_LEVEL)[-1][0] for rule in rules]


def _fallback(source: LedgerSource, reason: str) -> tuple[Finding, ...]:
    """The note that a slower path was taken."""
    message = f"Hashes were calculated one by one with hashlib, because {reason}. The results are the same."
    return (finding("KERNEL.FALLBACK", procedure="root", subject=f"ledger {source.name}", message=message),)
