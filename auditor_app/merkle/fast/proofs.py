"""Inclusion proofs from kept nodes: only the groups that hold the leaves asked for are read and hashed again."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, zip_longest

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
        for number, some, part in self._parts_of(source, ordered, token):
            token.check()
            with _no_cycles_sought():
                paths = _PartPaths(self, source, number, some, part)
                for index, steps in zip(some, paths.steps(some, upper), strict=True):
                    made[index] = self._proof(index, paths, steps)
            yield Progress(len(made), len(ordered), "proofs", f"Ledger {source.name}: building inclusion proofs")
        return tuple(made[index] for index in indices)

    def _parts_of(
        self, source: LedgerSource, ascending: Sequence[int], token: CancelToken
    ) -> Iterator[tuple[int, list[int], LedgerPart]]:
        """The parts that hold the indices, each with its own; the next one is read and digested meanwhile."""
        wanted = list(_by_part(ascending))
        with ThreadPoolExecutor(1, thread_name_prefix="ledger-read") as reader:
            ahead = [_begun(reader, partial(source.read_part, number, token)) for number, _ in wanted[:1]]
            for (number, some), (following, _) in zip_longest(wanted, wanted[1:], fillvalue=(-1, [])):
                part = ahead.pop()()
                if following >= 0:
                    ahead.append(_begun(reader, partial(source.read_part, following, token)))
                yield number, some, part

    def _proof(self, index: int, paths: _PartPaths, steps: tuple[ProofStep, ...]) -> InclusionProof:
        """The path of one leaf as data."""
        place = paths.place_of(index)
        return InclusionProof(
            scheme=self.scheme,
            columns=self.columns,
            parameters=self.parameters,
            index=index,
            row=paths.row(place),
            leaf=paths.low[0].shown[place][0],
            steps=steps,
            root=self.root.digest.hex(),
        )


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """For a part's moment: nothing of a proof refers to itself, and to look for that takes a third of the time."""
    sought = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if sought:
            gc.enable()


def _begun(reader: ThreadPoolExecutor, read: Callable[[], LedgerPart]) -> Callable[[], LedgerPart]:
    """What gives the part, begun in a thread; without one it is read when it is asked for."""
    try:
        return reader.submit(read).result
    except RuntimeError:
        return read


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


_Shown = tuple[str, dict[str, str]]
_NOBODY: tuple[str | None, dict[str, str]] = (None, {})
"""What a proof shows beside a lone node."""


class _Level:
    """All nodes of one level over some leaves, and how a proof shows those that it needs: digest in hex, balances."""

    def __init__(self, workshop: Workshop, nodes: Nodes) -> None:
        self._workshop = workshop
        self._nodes = nodes
        self.width = len(nodes)
        self.shown: dict[int, _Shown] = {}

    def show(self, places: npt.NDArray[np.int64]) -> None:
        """Make ready the nodes at these places and those beside them."""
        wanted = np.unique(np.concatenate([places, places ^ 1]))
        there = wanted[wanted < self.width]
        self.shown = dict(zip(there.tolist(), self._texts(self._nodes.slice_of(there)), strict=True))

    def _texts(self, nodes: Nodes) -> Iterable[_Shown]:
        if not len(nodes):
            return []
        if nodes.limbs > NARROW or (nodes.sums[:, :, -1:] < 0).any():
            balances = self._workshop.programs.rule.balances
            some = [self._workshop.node(nodes, number) for number in range(len(nodes))]
            return [(node.digest.hex(), balances(node)) for node in some]
        digests = nodes.digests[:, :8].astype(">u4").tobytes().hex(",", -32).split(",")
        kept = nodes.digests[:, 8]
        if (kept < 8).any():
            digests = [digest[: 8 * words] for digest, words in zip(digests, kept.tolist(), strict=True)]
        return zip(digests, self._workshop.balances(nodes), strict=True)


_Run = tuple["_Level", npt.NDArray[np.int64]]
"""A level, and where the way from each leaf passes through it."""


def _steps_between(number: int, run: _Run, above: _Run) -> dict[int, ProofStep]:
    """The step up from every node of a level that some leaf's way passes through; ``number`` is the level's."""
    here, there = run[0].shown, above[0].shown
    return {
        place: ProofStep(
            number + 1, "left" if place & 1 else "right", *here.get(place ^ 1, _NOBODY), *there[place_above]
        )
        for place, place_above in dict(zip(run[1].tolist(), above[1].tolist(), strict=True)).items()
    }


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
        self, tree: FastTree, source: LedgerSource, number: int, indices: Sequence[int], part: LedgerPart
    ) -> None:
        self._depth = tree.depth
        self.first = number * PART_ROWS
        workshop = tree.rule.workshop()
        self._groups = sorted({(index - self.first) >> KEEP_LEVEL for index in indices})
        self._ranks = {group: rank for rank, group in enumerate(self._groups)}
        part = self._rows_of_groups(tree, source, number, part)
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

    def _rows_of_groups(self, tree: FastTree, source: LedgerSource, number: int, part: LedgerPart) -> LedgerPart:
        """The rows of the groups, one behind the other; they are what they were only if their hashes say so."""
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

    def steps(self, indices: Sequence[int], upper: Sequence[_Level]) -> Iterator[tuple[ProofStep, ...]]:
        """The steps from each leaf to the root, ``upper`` being the levels above whole parts."""
        offsets = np.array(indices, np.int64) - self.first
        places = np.array([self.place_of(index) for index in indices], np.int64)
        runs: list[_Run] = [(level, places >> number) for number, level in enumerate(self.low)]
        runs += [(level, offsets >> number) for number, level in enumerate(self.high, KEEP_LEVEL)]
        runs += [(level, (offsets + self.first) >> number) for number, level in enumerate(upper, PART_LEVEL)]
        del runs[self._depth + 1 :]
        for level, here in runs:
            level.show(here)
        made = [_steps_between(number, *pair) for number, pair in enumerate(pairwise(runs))]
        for path in np.stack([here for _, here in runs[:-1]], axis=1).tolist():
            yield tuple([steps[place] for steps, place in zip(made, path, strict=True)])

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
