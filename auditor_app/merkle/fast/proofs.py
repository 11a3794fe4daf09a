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
from auditor_app.merkle.fast.nodes import Nodes, Workshop
from auditor_app.merkle.fast.part import PART_LEVEL, TreeRule
from auditor_app.merkle.inclusion import changed
from auditor_app.merkle.result import InclusionProof, ProofStep
from auditor_app.merkle.rule import Node
from auditor_app.merkle.tree import KEEP_LEVEL, Shape
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column

_PLACES = 18


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
        workshop = self.rule.workshop()
        upper = _Levels(workshop)
        if self.tops is not None:
            upper.fill(self.tops, PART_LEVEL, self.depth)
        made: dict[int, InclusionProof] = {}
        ordered = sorted(set(indices))
        for number, some in _by_part(ordered):
            token.check()
            paths = _PartPaths(self, source, number, some, token)
            for index in some:
                made[index] = self._proof(index, paths, upper)
            yield Progress(len(made), len(ordered), "proofs", f"Ledger {source.name}: building inclusion proofs")
        return tuple(made[index] for index in indices)

    def _proof(self, index: int, paths: _PartPaths, upper: _Levels) -> InclusionProof:
        """The path of one leaf as data."""
        shape = Shape(self.leaf_count, self.leaf_count, self.depth)
        steps = []
        for level, position, sibling in shape.path_up(index):
            beside: tuple[str | None, dict[str, str]] = (None, {})
            if sibling is not None:
                beside = paths.shown(level, sibling, upper)
            side = "left" if position % 2 else "right"
            steps.append(ProofStep(level + 1, side, *beside, *paths.shown(level + 1, position >> 1, upper)))
        leaf, _ = paths.shown(0, index, upper)
        return InclusionProof(
            scheme=self.scheme,
            columns=self.columns,
            parameters=self.parameters,
            index=index,
            row=paths.row(index),
            leaf=leaf,
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


class _Levels:
    """Nodes of some levels and how a proof shows them: hex digest and balances, made once for each node."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._levels: dict[int, Nodes] = {}
        self._shown: dict[tuple[int, int], tuple[str, dict[str, str]]] = {}

    def fill(self, nodes: Nodes, low: int, high: int) -> None:
        """Take the nodes of level ``low`` and make those above, up to ``high``."""
        self._levels[low] = nodes
        for level in range(low + 1, high + 1):
            nodes = self._workshop.raised(nodes, level - 1, level)
            self._levels[level] = nodes

    def holds(self, level: int) -> bool:
        """Whether the level was filled."""
        return level in self._levels

    def nodes(self, level: int) -> Nodes:
        """All nodes held of one level."""
        return self._levels[level]

    def shown(self, level: int, place: int) -> tuple[str, dict[str, str]]:
        """Digest and balances of the node at ``place`` among those held of its level."""
        known = self._shown.get((level, place))
        if known is None:
            known = self._shown[level, place] = self._show(self._levels[level], place)
        return known

    def _show(self, nodes: Nodes, place: int) -> tuple[str, dict[str, str]]:
        rule = self._workshop.programs.rule
        if nodes.limbs > 2 or (nodes.sums.size and (nodes.sums[place, :, -1] < 0).any()):
            node = self._workshop.node(nodes, place)
            return node.digest.hex(), rule.balances(node)
        digest = nodes.digests[place].astype(">u4").tobytes()[: rule.template.digest_bytes].hex()
        sums, present = nodes.sums[place].tolist(), nodes.present[place].tolist()
        coins = zip(rule.layout.coins, sums, present, strict=False)
        return digest, {coin.name: _plain(*limbs) for coin, limbs, held in coins if held}


def _plain(fraction: int, whole: int) -> str:
    """Two limbs as plain decimal text."""
    return f"{whole}.{fraction:0{_PLACES}d}".rstrip("0") if fraction else str(whole)


class _PartPaths:
    """Everything that proofs need of one part: its groups' rows hashed again, its kept nodes and those above them."""

    def __init__(
        self, tree: FastTree, source: LedgerSource, number: int, indices: Sequence[int], token: CancelToken
    ) -> None:
        self._first = number * PART_ROWS
        workshop = tree.rule.workshop()
        kept = tree.kept.part(number)
        self._groups = sorted({(index - self._first) >> KEEP_LEVEL for index in indices})
        self._ranks = {group: rank for rank, group in enumerate(self._groups)}
        part = self._rows_of_groups(tree, source, number, token)
        self._low = _Levels(workshop)
        self._hash_again(tree, part, workshop)
        again = self._low.nodes(KEEP_LEVEL)
        if not _same(again, kept.slice_of(self._groups), tree.rule.programs.rule.template.digest_bytes // 4):
            raise changed(source, self._first + (self._groups[0] << KEEP_LEVEL))
        self._high = _Levels(workshop)
        self._high.fill(kept, KEEP_LEVEL, min(PART_LEVEL, tree.depth))

    def _rows_of_groups(self, tree: FastTree, source: LedgerSource, number: int, token: CancelToken) -> LedgerPart:
        """The rows of the groups, one behind the other; they are what they were only if their hashes say so."""
        part = source.read_part(number, token)
        starts = [*tree.group_starts[number].tolist(), len(part.data)]
        rows = b"".join(part.data[starts[group] : starts[group + 1]] for group in self._groups)
        last = self._groups[-1] == len(starts) - 2
        count = (len(self._groups) << KEEP_LEVEL) - (-tree.part_rows[number] % (1 << KEEP_LEVEL) if last else 0)
        if rows.count(b"\n") != count or not rows.endswith(b"\n"):
            raise changed(source, self._first)
        self._texts = rows[:-1].split(b"\n")
        return LedgerPart(part.name, self._first, rows)

    def _hash_again(self, tree: FastTree, part: LedgerPart, workshop: Workshop) -> None:
        """All levels of the groups, leaves first."""
        scan = FastPartScan(part, ScanTable.of(Grammar.of(tree.columns)), keep_amounts=tree.rule.programs.reads_amounts)
        leaves = [workshop.leaves(scan, chunk) for chunk in scan.chunks()]
        self._low.fill(Nodes.joined(leaves), 0, KEEP_LEVEL)

    def row(self, index: int) -> str:
        """One row's text without its LF."""
        offset = index - self._first
        place = (self._ranks[offset >> KEEP_LEVEL] << KEEP_LEVEL) + (offset & ((1 << KEEP_LEVEL) - 1))
        return self._texts[place].decode("ascii")

    def shown(self, level: int, index: int, upper: _Levels) -> tuple[str, dict[str, str]]:
        """How a proof shows the node ``index`` of ``level`` of the whole tree."""
        if level >= PART_LEVEL and upper.holds(level):
            return upper.shown(level, index)
        place = index - (self._first >> level)
        if level >= KEEP_LEVEL:
            return self._high.shown(level, place)
        group = place >> (KEEP_LEVEL - level)
        inside = place - (group << (KEEP_LEVEL - level))
        return self._low.shown(level, (self._ranks[group] << (KEEP_LEVEL - level)) + inside)


def _same(one: Nodes, other: Nodes, words: int) -> bool:
    """Whether two runs of nodes agree in digests, sums and presence."""
    limbs = max(one.limbs, other.limbs)
    one, other = one.widened(limbs), other.widened(limbs)
    return bool(
        (one.digests[:, :words] == other.digests[:, :words]).all()
        and (one.sums == other.sums).all()
        and (one.present == other.present).all()
    )
