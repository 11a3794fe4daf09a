"""Many nodes of one level as arrays, one compiled step up the tree, and the way to and from single nodes.

A compiled step pairs neighbours only. What becomes of a lone last node is left to the reference rule: odd-node rules
exist once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from auditor_app.ledger.fast_rows import BASE, LIMB_DIGITS, WIDE
from auditor_app.ledger.fast_scan import Chunk, FastPartScan
from auditor_app.merkle.fast.preimages import BATCH, hash_leaves, hash_nodes, leaf_sums
from auditor_app.merkle.fast.program import Program, Programs
from auditor_app.merkle.kernel import BLOCK, PADDING
from auditor_app.merkle.rule import Node
from auditor_app.native.words import SLACK


class SumTooWide(Exception):
    """A sum does not fit the limbs it was given; the work is done again with :data:`WIDE` ones."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one level: eight words of digest, limbs of each coin's sum, and which coins are present.

    Shapes (node, 8), (node, coin, limb), (node, coin).
    """

    digests: npt.NDArray[np.uint32]
    sums: npt.NDArray[np.int64]
    present: npt.NDArray[np.uint8]

    @staticmethod
    def empty(count: int, coins: int, limbs: int) -> Nodes:
        """Room for ``count`` nodes."""
        return Nodes(
            np.empty((count, 8), np.uint32),
            np.empty((count, coins, limbs), np.int64),
            np.empty((count, coins), np.uint8),
        )

    @staticmethod
    def joined(some: list[Nodes]) -> Nodes:
        """Several runs of nodes one behind the other."""
        limbs = max(nodes.sums.shape[2] for nodes in some)
        wide = [nodes.widened(limbs) for nodes in some]
        return Nodes(
            np.concatenate([nodes.digests for nodes in wide]),
            np.concatenate([nodes.sums for nodes in wide]),
            np.concatenate([nodes.present for nodes in wide]),
        )

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def limbs(self) -> int:
        """How many limbs a sum has."""
        return int(self.sums.shape[2])

    def widened(self, limbs: int) -> Nodes:
        """The same nodes with more limbs; a sign moves to the new top limb."""
        if limbs == self.limbs:
            return self
        sums = np.zeros((*self.sums.shape[:2], limbs), np.int64)
        sums[:, :, : self.limbs] = self.sums
        for limb in range(self.limbs - 1, limbs - 1):
            below = sums[:, :, limb] < 0
            sums[:, :, limb] += np.where(below, BASE, 0)
            sums[:, :, limb + 1] -= below
        return Nodes(self.digests, sums, self.present)

    def with_digests(self, nodes: Nodes) -> Nodes:
        """These sums under the digests of other nodes."""
        return Nodes(nodes.digests, self.sums, self.present)

    def slice_of(self, places: list[int]) -> Nodes:
        """The nodes at some places."""
        return Nodes(self.digests[places], self.sums[places], self.present[places])


@dataclass
class Workshop:
    """One rule's programs with the memory they work in; used by one thread at a time.

    ``depth`` is the root's level where the rule's hash holds the height counted from the root.
    """

    programs: Programs
    depth: int | None
    _slots: npt.NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    _node_programs: dict[int, Program] = field(default_factory=dict)

    def leaves(self, scan: FastPartScan, chunk: Chunk) -> Nodes:
        """The leaves of the last chunk of a scan."""
        try:
            return self._leaves(scan.data, chunk)
        except SumTooWide:
            return self._leaves(scan.data, scan.widened(chunk))

    def _leaves(self, data: npt.NDArray[np.uint8], chunk: Chunk) -> Nodes:
        rows, programs = len(chunk.cells), self.programs
        nodes = Nodes.empty(rows, len(programs.positions), chunk.amounts.shape[2])
        if not leaf_sums(
            rows, chunk.amounts, chunk.marks, programs.positions, programs.lifts, nodes.sums, nodes.present
        ):
            raise SumTooWide
        longest = int((chunk.cells[:, -1] - chunk.cells[:, 0]).max(initial=0))
        leaf = programs.leaf
        slots = self._room(leaf.longest + leaf.row_texts * longest)
        hash_leaves(data, rows, chunk.cells, leaf.lines, leaf.texts, nodes.sums, nodes.present, slots, nodes.digests)
        return nodes if programs.rule.template.sums else Nodes.empty(rows, 0, nodes.limbs).with_digests(nodes)

    def parents(self, nodes: Nodes, level: int) -> Nodes:
        """The nodes of ``level`` above all nodes of the level below; a lone last one follows the reference rule.

        :class:`SumTooWide` where a sum outgrows the limbs.
        """
        program = self._node_programs.get(level)
        if program is None:
            program = self._node_programs[level] = self.programs.node(level, self.depth)
        parents = Nodes.empty((len(nodes) + 1) // 2, self.programs.coins, nodes.limbs)
        words = self.programs.rule.template.digest_bytes // 4
        fits = hash_nodes(
            words,
            nodes.digests,
            nodes.sums,
            nodes.present,
            program.lines,
            program.texts,
            self.programs.filled,
            self.programs.cuts,
            self._room(program.longest),
            parents.digests,
            parents.sums,
            parents.present,
        )
        if not fits:
            raise SumTooWide
        if len(nodes) % 2:
            lone = self.programs.rule.lone_parent(self.node(nodes, len(nodes) - 1), level)
            self.put(parents, len(parents) - 1, lone)
        return parents

    def raised(self, nodes: Nodes, low: int, high: int) -> Nodes:
        """The nodes of level ``high`` above all nodes of level ``low``, with wider limbs where they are needed."""
        for level in range(low + 1, high + 1):
            try:
                nodes = self.parents(nodes, level)
            except SumTooWide:
                nodes = self.parents(nodes.widened(WIDE), level)
        return nodes

    def node(self, nodes: Nodes, index: int) -> Node:
        """One node as the reference has it."""
        digest = nodes.digests[index].astype(">u4").tobytes()[: self.programs.rule.template.digest_bytes]
        return Node(digest, self._units(nodes.sums[index].tolist(), nodes.present[index].tolist()))

    def _units(self, sums: list[list[int]], present: list[int]) -> tuple[int | None, ...]:
        """Limbs as integers at each coin's own scale."""
        units: list[int | None] = []
        for coin, limbs, held in zip(self.programs.rule.layout.coins, sums, present, strict=False):
            value = 0
            for limb in reversed(limbs):
                value = value * BASE + limb
            units.append(value // 10 ** (LIMB_DIGITS - coin.scale) if held else None)
        return tuple(units)

    def put(self, nodes: Nodes, index: int, node: Node) -> None:
        """Write one of the reference's nodes; :class:`SumTooWide` if a sum does not fit."""
        raw = np.zeros(32, np.uint8)
        raw[: len(node.digest)] = np.frombuffer(node.digest, np.uint8)
        nodes.digests[index] = raw.view(">u4")
        for number, (coin, units) in enumerate(zip(self.programs.rule.layout.coins, node.sums, strict=False)):
            nodes.present[index, number] = units is not None
            value = (units or 0) * 10 ** (LIMB_DIGITS - coin.scale)
            for limb in range(nodes.limbs - 1):
                value, nodes.sums[index, number, limb] = divmod(value, BASE)
            if not -BASE < value < BASE:
                raise SumTooWide
            nodes.sums[index, number, nodes.limbs - 1] = value

    def _room(self, longest: int) -> npt.NDArray[np.uint8]:
        """Slots for a batch of messages of at most ``longest`` bytes."""
        size = BATCH * -(-(longest + PADDING) // BLOCK) * BLOCK + BLOCK + SLACK
        if len(self._slots) < size:
            self._slots = np.empty(size, np.uint8)
        return self._slots
