"""Many nodes of one level as arrays, one compiled step up the tree, and the way to and from single nodes.

A compiled step pairs neighbours only. What becomes of a lone last node is left to the reference rule: odd-node rules
exist once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat

import numpy as np
import numpy.typing as npt

from auditor_app.ledger.fast_scan import Chunk, FastPartScan
from auditor_app.merkle.fast.program import LONGEST_NUMBER, Program, Programs, Table
from auditor_app.merkle.rule import Node
from auditor_app.native.layout import DIGEST_WORDS, SLACK, slot_bytes
from auditor_app.native.library import MachineCode, address, machine_code
from auditor_app.native.limbs import BASE, LIMB_DIGITS, WIDE


class DoesNotFit(Exception):
    """A number does not fit where it belongs: the work is done again with :data:`WIDE` limbs, or by the reference."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one level: digests, limbs of each coin's sum, and which coins are present.

    Shapes (node, 9), (node, coin, limb), (node, coin). A digest is eight words and how many of them the scheme keeps.
    """

    digests: npt.NDArray[np.uint32]
    sums: npt.NDArray[np.int64]
    present: npt.NDArray[np.uint8]

    @cached_property
    def addresses(self) -> tuple[int, int, int]:
        """Where the three arrays begin."""
        return address(self.digests), address(self.sums), address(self.present)

    @staticmethod
    def empty(count: int, coins: int, limbs: int) -> Nodes:
        """Room for ``count`` nodes."""
        return Nodes(
            np.empty((count, DIGEST_WORDS), np.uint32),
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

    def copied(self) -> Nodes:
        """The same nodes in memory of their own."""
        return Nodes(self.digests.copy(), self.sums.copy(), self.present.copy())

    def slice_of(self, places: list[int] | npt.NDArray[np.int64]) -> Nodes:
        """The nodes at some places."""
        return Nodes(self.digests[places], self.sums[places], self.present[places])


_SLOTS, _OUT = 11, 12
"""Places among the arguments of a level: where messages are written, where the nodes go."""


@dataclass
class Workshop:
    """One rule's programs with the memory they work in; used by one thread at a time.

    ``depth`` is the root's level where the rule's hash holds the height counted from the root.
    """

    programs: Programs
    depth: int | None
    _code: MachineCode = field(default_factory=machine_code)
    _slots: npt.NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    _slots_at: int = 0
    _node_programs: dict[int, Program] = field(default_factory=dict)
    _memory: dict[tuple[int, int], Nodes] = field(default_factory=dict)
    _plans: dict[tuple[int, int, int, int], tuple[Table, list[Nodes]]] = field(default_factory=dict)

    def leaves(self, scan: FastPartScan, chunk: Chunk, indices: Table | None = None) -> Nodes:
        """The leaves of the last chunk of a scan, in memory that the next call may use again.

        ``indices`` are the leaves' own where they do not follow the chunk's first; :class:`DoesNotFit` where a value
        does not fit the scheme's field.
        """
        if indices is None and self.programs.reads_indices:
            indices = np.arange(chunk.first_row, chunk.first_row + len(chunk.cells))
        try:
            return self._leaves(scan, chunk, indices)
        except DoesNotFit:
            return self._leaves(scan, scan.widened(chunk), indices)

    def groups(self, scan: FastPartScan, chunk: Chunk, height: int) -> Nodes:
        """The nodes above every 2**height leaves of the last chunk of a scan."""
        nodes = self.leaves(scan, chunk)
        above = self._at_once(nodes, 0, height)
        if above is not None:
            return above
        for level in range(1, height):
            nodes = self._above(nodes, level, lent=True)
        return self._above(nodes, height, lent=False)

    def _at_once(self, nodes: Nodes, low: int, high: int) -> Nodes | None:
        """The nodes of level ``high`` above whole subtrees of level ``low`` in one call.

        ``None`` where the nodes are no whole subtrees or a sum does not fit. The levels between lie in memory that is
        lent; the plan keeps it alive under its addresses.
        """
        if high == low or not len(nodes) or len(nodes) % (1 << (high - low)):
            return None
        coins = self.programs.coins
        key = (len(nodes), nodes.limbs, low, high)
        plan = self._plans.get(key)
        if plan is None:
            lines, levels = [], [nodes]
            for level in range(low + 1, high + 1):
                below = levels[-1]
                levels.append(self._lent(level, len(below) // 2, coins, nodes.limbs))
                lines.append(self._arguments(below, level, levels[-1]))
            plan = self._plans[key] = np.array(lines, np.int64), levels[1:]
        table = plan[0]
        made = Nodes.empty(len(nodes) >> (high - low), coins, nodes.limbs)
        table[0, : len(nodes.addresses)] = nodes.addresses
        table[-1, _OUT : _OUT + 3] = made.addresses
        table[:, _SLOTS] = self._slots_at
        return made if self._code.hash_levels(len(table), address(table)) else None

    def _arguments(self, below: Nodes, level: int, above: Nodes) -> list[int]:
        """What machine code takes to hash the nodes of ``level``."""
        program = self._program(level)
        return [
            *below.addresses,
            len(below),
            self.programs.coins,
            below.limbs,
            *program.addresses,
            self.programs.addresses.filled,
            self.programs.addresses.cuts,
            self._room(program.longest),
            *above.addresses,
            self.programs.node_words,
        ]

    def _program(self, level: int) -> Program:
        program = self._node_programs.get(level)
        if program is None:
            program = self._node_programs[level] = self.programs.node(level, self.depth)
        return program

    def _lent(self, level: int, count: int, coins: int, limbs: int) -> Nodes:
        """Room for nodes that are forgotten before the next chunk: fresh memory costs more than the work in it."""
        held = self._memory.get((level, limbs))
        if held is None or len(held) < count:
            held = self._memory[level, limbs] = Nodes.empty(count, coins, limbs)
        if len(held) == count:
            return held
        return Nodes(held.digests[:count], held.sums[:count], held.present[:count])

    def _leaves(self, scan: FastPartScan, chunk: Chunk, indices: Table | None) -> Nodes:
        rows, programs = len(chunk.cells), self.programs
        nodes = self._lent(0, rows, len(programs.positions), chunk.amounts.shape[2])
        _, amounts, marks = chunk.addresses
        _, sums, present = nodes.addresses
        amount_count = chunk.marks.shape[1]
        table = programs.addresses
        coins = len(programs.positions)
        fits = self._code.leaf_sums(
            rows, amounts, marks, amount_count, table.positions, table.lifts, coins, nodes.limbs, sums, present
        )
        if not fits:
            raise DoesNotFit
        indices_at = 0 if indices is None else address(indices)
        inner_at = 0
        if programs.inner:
            inner = np.empty((len(programs.inner), rows, DIGEST_WORDS), np.uint32)
            inner_at = address(inner)
            for program, digests in zip(programs.inner, inner, strict=True):
                self._hash(program, scan, chunk, nodes, places=(indices_at, inner_at, address(digests), 8))
        self._hash(
            programs.leaf, scan, chunk, nodes, places=(indices_at, inner_at, nodes.addresses[0], programs.leaf_words)
        )
        return nodes if programs.coins else Nodes.empty(rows, 0, 0).with_digests(nodes)

    def _hash(
        self, program: Program, scan: FastPartScan, chunk: Chunk, nodes: Nodes, *, places: tuple[int, int, int, int]
    ) -> None:
        """One hash of every row of a chunk.

        ``places`` are where the leaves' indices stand and the hashes made before, where the digests go, and how many
        words of them are kept.
        """
        slots = self._room(program.longest + program.row_texts * chunk.longest_row)
        _, sums, present = nodes.addresses
        indices, inner, digests, words = places
        fits = self._code.hash_leaves(
            scan.address,
            scan.size,
            chunk.addresses[0],
            chunk.cells.shape[1] - 1,
            len(chunk.cells),
            *program.addresses,
            sums,
            present,
            nodes.present.shape[1],
            nodes.limbs,
            indices,
            inner,
            slots,
            digests,
            words,
        )
        if not fits:
            raise DoesNotFit

    def _above(self, nodes: Nodes, level: int, *, lent: bool) -> Nodes:
        """The nodes of ``level`` above all nodes of the level below, with wider limbs where they are needed."""
        try:
            return self._parents(nodes, level, lent=lent)
        except DoesNotFit:
            return self._parents(nodes.widened(WIDE), level, lent=lent)

    def _parents(self, nodes: Nodes, level: int, *, lent: bool) -> Nodes:
        """The nodes of ``level``; a lone last one follows the reference rule. :class:`DoesNotFit` if a sum does not fit."""
        room = self._lent if lent else _fresh
        parents = room(level, (len(nodes) + 1) // 2, self.programs.coins, nodes.limbs)
        fits = self._code.hash_nodes(*self._arguments(nodes, level, parents))
        if not fits:
            raise DoesNotFit
        if len(nodes) % 2:
            self.put(parents, len(parents) - 1, self._lone_parent(self.node(nodes, len(nodes) - 1), level))
        return parents

    def _lone_parent(self, node: Node, level: int) -> Node:
        """The node above a lone one, by the rule; :class:`DoesNotFit` where the rule has none."""
        try:
            return self.programs.rule.lone_parent(node, level)
        except ValueError:
            raise DoesNotFit from None

    def raised(self, nodes: Nodes, low: int, high: int) -> Nodes:
        """The nodes of level ``high`` above all nodes of level ``low``."""
        above = self._at_once(nodes, low, high)
        if above is not None:
            return above
        for level in range(low + 1, high + 1):
            nodes = self._above(nodes, level, lent=False)
        return nodes

    def node(self, nodes: Nodes, index: int) -> Node:
        """One node as the reference has it."""
        words = nodes.digests[index]
        digest = words[:8].astype(">u4").tobytes()[: 4 * int(words[8])]
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

    def balances(self, nodes: Nodes) -> list[dict[str, str]]:
        """Every node's balances as plain text by coin, those it holds; for nodes without a sum below zero."""
        coins = nodes.present.shape[1]
        names = [coin.name for coin in self.programs.rule.layout.coins][:coins]
        if not coins or not len(nodes):
            return [{} for _ in range(len(nodes))]
        room = np.empty(len(nodes) * (coins * (LONGEST_NUMBER + 1) + 1) + SLACK * 4, np.uint8)
        _, sums, present = nodes.addresses
        size = self._code.write_balances(len(nodes), sums, present, coins, nodes.limbs, address(room))
        texts = iter(room[: size - 1].tobytes().decode("ascii").replace("\n", ",").split(","))
        made = list(map(dict, map(zip, repeat(names), zip(*[texts] * coins, strict=True))))
        if nodes.present.all():
            return made
        return [{name: text for name, text in row.items() if text} for row in made]

    def put(self, nodes: Nodes, index: int, node: Node) -> None:
        """Write one of the reference's nodes; :class:`DoesNotFit` if a sum does not fit."""
        raw = np.zeros(32, np.uint8)
        raw[: len(node.digest)] = np.frombuffer(node.digest, np.uint8)
        nodes.digests[index, :8] = raw.view(">u4")
        nodes.digests[index, 8] = len(node.digest) // 4
        for number, (coin, units) in enumerate(zip(self.programs.rule.layout.coins, node.sums, strict=False)):
            nodes.present[index, number] = units is not None
            value = (units or 0) * 10 ** (LIMB_DIGITS - coin.scale)
            for limb in range(nodes.limbs - 1):
                value, nodes.sums[index, number, limb] = divmod(value, BASE)
            if not -BASE < value < BASE:
                raise DoesNotFit
            nodes.sums[index, number, nodes.limbs - 1] = value

    def _room(self, longest: int) -> int:
        """Where there are slots for a batch of messages of at most ``longest`` bytes."""
        size = slot_bytes(longest)
        if len(self._slots) < size:
            self._slots = np.empty(size, np.uint8)
            self._slots_at = address(self._slots)
        return self._slots_at


def _fresh(_level: int, count: int, coins: int, limbs: int) -> Nodes:
    """Room for nodes that are kept."""
    return Nodes.empty(count, coins, limbs)
