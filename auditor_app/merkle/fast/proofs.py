"""Inclusion proofs from kept nodes: only the groups that hold the leaves asked for are read and hashed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor_app.ledger.fast_scan import FastPartScan, ScanTable
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.source import PART_ROWS, LedgerPart, LedgerSource
from auditor_app.merkle.fast.kept import KeptNodes
from auditor_app.merkle.fast.nodes import DoesNotFit, Nodes, Workshop
from auditor_app.merkle.fast.part import PART_LEVEL, TreeRule
from auditor_app.merkle.inclusion import changed
from auditor_app.merkle.result import InclusionProof, ProofStep
from auditor_app.merkle.rule import Node
from auditor_app.merkle.tree import KEEP_LEVEL
from auditor_app.native.limbs import NARROW
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column


@dataclass(frozen=True)
class FastTree:
    """A :class:`~auditor_app.merkle.result.RecomputedTree` whose groups of 32 leaves were kept from the fast pass.

    ``group_starts`` are each part's byte offsets of its groups; ``tops`` are the nodes above whole parts, where there
    is more than one part or a full one.
    """

    rule: TreeRule
    columns: tuple[Column, ...]
    parameters: Mapping[str, str]
    part_rows: tuple[int, ...]
    depth: int
    root: Node
    kept: KeptNodes
    group_starts: tuple[npt.NDArray[np.uint32], ...]
    tops: Nodes | None

    @property
    def scheme(self) -> str:
        """The scheme's name."""
        return self.rule.programs.rule.scheme

    @property
    def leaf_count(self) -> int:
        """How many leaves the tree has."""
        return sum(self.part_rows)

    @property
    def root_digest(self) -> bytes:
        """The root's digest."""
        return self.root.digest

    def prove(
        self, source: LedgerSource, indices: Sequence[int], token: CancelToken
    ) -> Operation[tuple[InclusionProof, ...]]:
        """The inclusion proofs of the leaves at ``indices``, in that order.

        :class:`LedgerError` ``LEDGER.CHANGED`` if a re-hashed group is not the node kept from the first pass;
        ``IndexError`` for an index that no leaf has.
        """
        for index in indices:
            if not 0 <= index < self.leaf_count:
                raise IndexError(index)
        upper: list[_Level] = []
        if self.tops is not None:
            upper = _levels(self.rule.workshop(), self.tops, PART_LEVEL, self.depth)
        made: dict[int, InclusionProof] = {}
        ordered = sorted(set(indices))
        for number, some in _by_part(ordered):
            token.check()
            paths = _PartPaths(self, source, number, some, token)
            for index in some:
                made[index] = self._proof(index, paths, upper)
            yield Progress(len(made), len(ordered), "proofs", f"Ledger {source.name}: building inclusion proofs")
        return tuple(made[index] for index in indices)

    def _proof(self, index: int, paths: _PartPaths, upper: Sequence[_Level]) -> InclusionProof:
        """The path of one leaf as data."""
        place = paths.place_of(index)
        path = [(level, place >> number) for number, level in enumerate(paths.low)]
        offset = index - paths.first
        path += [(level, offset >> number) for number, level in enumerate(paths.high, KEEP_LEVEL)]
        path += [(level, index >> number) for number, level in enumerate(upper, PART_LEVEL)]
        steps = []
        for number in range(self.depth):
            level, here = path[number]
            beside = level.shown(here ^ 1) if here ^ 1 < level.width else _NOBODY
            above, there = path[number + 1]
            steps.append(ProofStep(number + 1, "left" if here & 1 else "right", *beside, *above.shown(there)))
        return InclusionProof(
            scheme=self.scheme,
            columns=self.columns,
            parameters=self.parameters,
            index=index,
            row=paths.row(place),
            leaf=paths.low[0].shown(place)[0],
            steps=tuple(steps),
            root=self.root.digest.hex(),
        )


def _by_part(ascending: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Indices with the part that holds them."""
    some: list[int] = []
    for index in ascending:
        if some and index // PART_ROWS != some[0] // PART_ROWS:
            yield some[0] // PART_ROWS, some
            some = []
        some.append(index)
    if some:
        yield some[0] // PART_ROWS, some


_NOBODY: tuple[str | None, dict[str, str]] = (None, {})
"""What a proof shows beside a lone node."""


class _Level:
    """All nodes of one level over some leaves, and how a proof shows them, made once for each node that is shown."""

    def __init__(self, workshop: Workshop, nodes: Nodes) -> None:
        self._workshop = workshop
        self._nodes = nodes
        self.width = len(nodes)
        self._digests = nodes.digests[:, :8].astype(">u4").tobytes()
        self._ends = (32 * np.arange(self.width) + 4 * nodes.digests[:, 8].astype(np.int64)).tolist()
        self._coins = [coin.name for coin in workshop.programs.rule.layout.coins]
        self._simple = nodes.limbs <= NARROW and not (nodes.sums[:, :, -1:] < 0).any()
        self._shown: dict[int, tuple[str, dict[str, str]]] = {}

    def shown(self, place: int) -> tuple[str, dict[str, str]]:
        """Digest in hex and balances of one node."""
        known = self._shown.get(place)
        if known is None:
            known = self._shown[place] = self._show(place)
        return known

    def _show(self, place: int) -> tuple[str, dict[str, str]]:
        if not self._simple:
            node = self._workshop.node(self._nodes, place)
            return node.digest.hex(), self._workshop.programs.rule.balances(node)
        sums, present = self._nodes.sums[place].tolist(), self._nodes.present[place].tolist()
        return (
            self._digests[32 * place : self._ends[place]].hex(),
            {
                name: f"{whole}.{fraction:018d}".rstrip("0") if fraction else str(whole)
                for name, (fraction, whole), held in zip(self._coins, sums, present, strict=False)
                if held
            },
        )


def _levels(workshop: Workshop, nodes: Nodes, low: int, high: int) -> list[_Level]:
    """The levels from ``low``, whose nodes are given, to ``high``."""
    made = [_Level(workshop, nodes)]
    for level in range(low + 1, high + 1):
        nodes = workshop.raised(nodes, level - 1, level)
        made.append(_Level(workshop, nodes))
    return made


class _PartPaths:
    """Everything that proofs need of one part: its groups' rows hashed again, its kept nodes and those above them.

    ``low`` are the levels below the kept one over the groups' leaves, one group behind the other; ``high`` the kept
    level and those above it, as far as they are inside the part.
    """

    def __init__(
        self, tree: FastTree, source: LedgerSource, number: int, indices: Sequence[int], token: CancelToken
    ) -> None:
        self.first = number * PART_ROWS
        workshop = tree.rule.workshop()
        self._groups = sorted({(index - self.first) >> KEEP_LEVEL for index in indices})
        self._ranks = {group: rank for rank, group in enumerate(self._groups)}
        part = self._rows_of_groups(tree, source, number, token)
        kept = tree.kept.part(number)
        try:
            leaves = self._leaves(tree, part, workshop)
            again = workshop.raised(leaves, 0, KEEP_LEVEL)
        except DoesNotFit:
            raise changed(source, self.first + (self._groups[0] << KEEP_LEVEL)) from None
        if not _same(again, kept.slice_of(self._groups)):
            raise changed(source, self.first + (self._groups[0] << KEEP_LEVEL))
        self.low = _levels(workshop, leaves, 0, KEEP_LEVEL - 1)
        highest = tree.depth if tree.tops is None else PART_LEVEL - 1
        self.high = _levels(workshop, kept, KEEP_LEVEL, highest)

    def _rows_of_groups(self, tree: FastTree, source: LedgerSource, number: int, token: CancelToken) -> LedgerPart:
        """The rows of the groups, one behind the other; they are what they were only if their hashes say so."""
        part = source.read_part(number, token)
        starts = [*tree.group_starts[number].tolist(), len(part.data)]
        rows = b"".join([part.data[starts[group] : starts[group + 1]] for group in self._groups])
        last = self._groups[-1] == len(starts) - 2
        count = (len(self._groups) << KEEP_LEVEL) - (-tree.part_rows[number] % (1 << KEEP_LEVEL) if last else 0)
        if rows.count(b"\n") != count or not rows.endswith(b"\n"):
            raise changed(source, self.first)
        self._texts = rows[:-1].split(b"\n")
        return LedgerPart(part.name, self.first, rows)

    def _leaves(self, tree: FastTree, part: LedgerPart, workshop: Workshop) -> Nodes:
        """The groups' leaves, hashed again."""
        scan = FastPartScan(part, ScanTable.of(Grammar.of(tree.columns)), keep_amounts=tree.rule.programs.reads_amounts)
        first = self.first + (np.array(self._groups, np.int64) << KEEP_LEVEL)
        indices = (first[:, None] + np.arange(1 << KEEP_LEVEL)).ravel()
        made = []
        for chunk in scan.chunks():
            start = chunk.first_row - part.first_row
            made.append(workshop.leaves(scan, chunk, indices[start : start + len(chunk.cells)]).copied())
        return Nodes.joined(made)

    def place_of(self, index: int) -> int:
        """Where a leaf stands among those hashed again."""
        offset = index - self.first
        return (self._ranks[offset >> KEEP_LEVEL] << KEEP_LEVEL) + (offset & ((1 << KEEP_LEVEL) - 1))

    def row(self, place: int) -> str:
        """One row's text without its LF."""
        return self._texts[place].decode("ascii")


def _same(one: Nodes, other: Nodes) -> bool:
    """Whether two runs of nodes agree in digests, sums and presence."""
    limbs = max(one.limbs, other.limbs)
    one, other = one.widened(limbs), other.widened(limbs)
    beyond = np.arange(8) >= one.digests[:, 8:]
    return bool(
        (one.digests[:, 8] == other.digests[:, 8]).all()
        and ((one.digests[:, :8] == other.digests[:, :8]) | beyond).all()
        and (one.sums == other.sums).all()
        and (one.present == other.present).all()
    )
