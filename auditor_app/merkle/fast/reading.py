"""The fast pass over a ledger: every part scanned and hashed once, by several threads, into tallies and trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor_app.allocator import keep_freed_memory
from auditor_app.ledger.checks import LedgerTally
from auditor_app.ledger.fast_scan import ScanTable
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.source import PART_ROWS, LedgerPart, LedgerSource, rows_read
from auditor_app.merkle.fast.kept import KeptNodes
from auditor_app.merkle.fast.nodes import Nodes
from auditor_app.merkle.fast.part import (
    PART_LEVEL,
    Bench,
    PartResult,
    Slice,
    SliceResult,
    TreeRule,
    joined_part,
    process_slice,
    slices,
)
from auditor_app.merkle.fast.pool import in_order
from auditor_app.merkle.fast.proofs import FastTree
from auditor_app.merkle.fast.search import FastDuplicateSearch
from auditor_app.merkle.rule import Node
from auditor_app.merkle.tree import KEEP_LEVEL
from auditor_app.operation import CancelToken, Operation
from auditor_app.processors import processors


class UnevenParts(Exception):
    """A part is too long, or not full and not the last: subtrees and parts no longer coincide; the reference path goes on."""


@dataclass(frozen=True)
class FastRead:
    """What the pass gives: the joined scans, the search for repeated ids, and what each tree is finished from."""

    tally: LedgerTally
    search: FastDuplicateSearch | None
    trees: tuple[UnfinishedTree, ...]


class UnfinishedTree:
    """One tree's parts as they come in."""

    def __init__(self, rule: TreeRule) -> None:
        self._rule = rule
        self._kept = KeptNodes(rule.programs.coins, rule.programs.digest_words)
        self._tops: list[Nodes] = []
        self._last: Nodes | None = None
        self._group_starts: list[npt.NDArray[np.uint32]] = []

    def add(self, number: int, result: PartResult) -> None:
        """Take the next part's nodes."""
        roots = result.trees[number]
        self._kept.append(roots.kept)
        self._group_starts.append(result.group_starts)
        if roots.top is not None:
            self._tops.append(roots.top)
        elif len(roots.kept):
            self._last = roots.kept

    def first_group(self) -> Node:
        """The node above the first 32 leaves."""
        return self._rule.workshop().node(self._kept.part(0), 0)

    def finish(self, source: LedgerSource, part_rows: Sequence[int], parameters: Mapping[str, str]) -> FastTree:
        """The finished tree; :class:`LedgerError` where the rule refuses so many leaves."""
        leaf_count = sum(part_rows)
        rule = self._rule.programs.rule
        depth = rule.depth(leaf_count)
        workshop = self._rule.workshop()
        if not self._tops and self._last is not None:
            top = [self._last]
            level = KEEP_LEVEL
        else:
            top = list(self._tops)
            level = PART_LEVEL
            if self._last is not None:
                top.append(workshop.raised(self._last, KEEP_LEVEL, PART_LEVEL))
        tops = Nodes.joined(top)
        root = workshop.node(workshop.raised(tops, level, depth), 0)
        return FastTree(
            self._rule,
            source.columns,
            parameters,
            tuple(part_rows),
            depth,
            root,
            self._kept,
            tuple(self._group_starts),
            tops if level == PART_LEVEL else None,
        )


def read_fast(
    source: LedgerSource,
    parts: Iterable[LedgerPart],
    rules: Sequence[TreeRule],
    search: FastDuplicateSearch | None,
    token: CancelToken,
    *,
    threads: int | None = None,
) -> Operation[FastRead]:
    """Scan, fingerprint and hash every part.

    :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` at the first breach; :class:`UnevenParts` as soon as it shows.
    """
    keep_freed_memory()
    grammar = Grammar.of(source.columns)
    table = ScanTable.of(grammar)
    key = None if search is None else search.key
    read = FastRead(LedgerTally(source, grammar), search, tuple(UnfinishedTree(rule) for rule in rules))
    idle: list[Bench] = []

    def process(work: Slice, on_rows: Callable[[int], None]) -> SliceResult:
        try:
            bench = idle.pop()
        except IndexError:  # as many as there are threads
            bench = Bench(table, rules, key)
        result = process_slice(work, bench, on_rows)
        idle.append(bench)
        return result

    results = in_order(
        slices(parts),
        process,
        token,
        processors() if threads is None else threads,
    )
    pending: list[SliceResult] = []
    size = 0
    for result in results:
        if isinstance(result, int):
            yield rows_read(source, result, size, "hashing leaves")
            continue
        size += result.span.stop - result.span.start
        pending.append(result)
        if result.last:
            _take(read, joined_part(pending, grammar, rules))
            pending = []
    return read


def _take(read: FastRead, result: PartResult) -> None:
    """Join one part to those before it."""
    uneven = read.tally.part_rows and read.tally.part_rows[-1] != PART_ROWS
    if uneven or result.scan.rows > PART_ROWS:
        raise UnevenParts
    read.tally.add(result.part, result.scan)
    if read.search is not None:
        read.search.add(result.fingerprints)
    for number, tree in enumerate(read.trees):
        tree.add(number, result)
