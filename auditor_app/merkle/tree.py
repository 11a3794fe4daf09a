"""Building a tree leaf by leaf in bounded memory, keeping its upper levels for inclusion proofs.

A tree is its levels: level 0 are the leaves, and level k+1 pairs neighbours of level k; a lone last node follows the
rule's odd-node rule. That shape is RFC 6962's where a lone node moves up unchanged, and every published text-hash
scheme's otherwise. At any time one pending node a level is held, plus the packed nodes of level :data:`KEEP_LEVEL`
and above. Only rules that arrange their leaves (sorted by hash, or in a heap array) make it hold all leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor_app.errors import LedgerError
from auditor_app.merkle.rule import Node, Rule
from auditor_app.merkle.store import NodeStore

KEEP_LEVEL = 5
"""Nodes of 32 leaves and more are kept: one in sixteen leaves' worth, about 4 bytes a leaf."""


MAX_ARRANGED = 2**22
"""How many leaves a tree may have whose rule arranges them, since it holds them all."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which nodes a tree has: ``bottom`` leaves on level 0, further leaves on level 1, and the root at ``depth``."""

    leaf_count: int
    bottom: int
    depth: int

    @staticmethod
    def of(rule: Rule, leaf_count: int) -> Shape:
        """The shape that ``rule`` gives to ``leaf_count`` leaves."""
        return Shape(leaf_count, rule.bottom(leaf_count) if rule.arranges else leaf_count, rule.depth(leaf_count))

    def width(self, level: int) -> int:
        """How many nodes a level has."""
        if level == 0:
            return self.bottom
        return -(-(-(-self.bottom // 2) + self.leaf_count - self.bottom) >> (level - 1))

    def ancestor(self, position: int, level: int) -> int:
        """The index at ``level`` (1 and above) of the node over the leaf at ``position`` in tree order."""
        if position < self.bottom:
            return position >> level
        return (self.bottom // 2 + position - self.bottom) >> (level - 1)

    def under(self, index: int, level: int) -> tuple[range, range]:
        """The positions of the leaves under node ``index`` of ``level``: those on level 0, those on level 1."""
        first, last = index << level, (index + 1) << level
        low = range(min(first, self.bottom), min(last, self.bottom))
        if self.bottom == self.leaf_count:
            return low, range(0)
        shift = self.bottom // 2
        high = (max(first // 2, shift) + shift, max(last // 2, shift) + shift)
        return low, range(min(high[0], self.leaf_count), min(high[1], self.leaf_count))

    def path_up(self, position: int) -> Iterator[tuple[int, int, int | None]]:
        """From a leaf to below the root: the level, the node's index in it, and its sibling's index or ``None``."""
        start = 0 if position < self.bottom else 1
        index = position if start == 0 else self.ancestor(position, 1)
        for level in range(start, self.depth):
            sibling = index ^ 1
            yield level, index, sibling if sibling < self.width(level) else None
            index >>= 1


@dataclass(frozen=True)
class BuiltTree:
    """A finished tree: its root (``None`` where it has none) and its kept levels, lowest first.

    ``levels[i]`` holds every node of level ``keep_level + i``; empty where the tree is lower than that.
    """

    rule: Rule
    leaf_count: int
    depth: int
    root: Node | None
    keep_level: int
    levels: tuple[NodeStore, ...]
    order: Sequence[int] | None = None
    """The leaf indices in tree order, where the rule arranges them."""

    @property
    def shape(self) -> Shape:
        """Which nodes the tree has."""
        return Shape.of(self.rule, self.leaf_count)

    @property
    def root_digest(self) -> bytes | None:
        """The root's digest; the rule's own for no leaves at all."""
        return self.rule.empty_root if self.root is None else self.root.digest


class TreeBuilder:
    """Takes leaves in order, any number at a time."""

    def __init__(self, rule: Rule, keep_level: int = KEEP_LEVEL) -> None:
        self.rule = rule
        self._keep = keep_level
        self._pending: list[Node | None] = []
        self._levels: list[NodeStore] = []
        self._collected = NodeStore()
        self.leaf_count = 0

    def add(self, leaves: Sequence[Node]) -> None:
        """Take the next leaves; :class:`LedgerError` where a rule that arranges them would have to hold too many."""
        self.leaf_count += len(leaves)
        if not self.rule.arranges:
            self._climb(leaves, 0)
            return
        if self.leaf_count > MAX_ARRANGED:
            raise LedgerError(
                "SCHEME.LIMIT",
                f"the scheme {self.rule.scheme} arranges all leaves in memory",
                expected=f"at most {MAX_ARRANGED} leaves",
            )
        for leaf in leaves:
            self._collected.append(leaf)

    def _climb(self, leaves: Sequence[Node], level: int) -> None:
        """Take the next nodes of ``level`` and pair whatever can be paired."""
        nodes = list(leaves)
        parent = self.rule.parent
        while nodes:
            while level >= len(self._pending):
                self._pending.append(None)
            self._store(level, nodes)
            waiting = self._pending[level]
            if waiting is not None:
                nodes.insert(0, waiting)
            self._pending[level] = nodes.pop() if len(nodes) % 2 else None
            level += 1
            pairs = iter(nodes)
            nodes = [parent(left, right, level) for left, right in zip(pairs, pairs, strict=True)]

    def _arrange(self) -> Sequence[int]:
        """Take the collected leaves in tree order."""
        order = self.rule.tree_order(self._collected)
        bottom = self.rule.bottom(self.leaf_count)
        for at, index in enumerate(order):
            self._climb([self._collected[index]], 0 if at < bottom else 1)
        return order

    def finish(self) -> BuiltTree:
        """Close the tree: lone nodes climb by the odd-node rule until one root is left."""
        if not self.leaf_count:
            return BuiltTree(self.rule, 0, 0, None, self._keep, ())
        depth = self.rule.depth(self.leaf_count)
        order = self._arrange() if self.rule.arranges else None
        carried: Node | None = None
        for level in range(depth):
            waiting = self._pending[level] if level < len(self._pending) else None
            lone = carried if waiting is None else waiting
            if waiting is not None and carried is not None:
                carried = self.rule.parent(waiting, carried, level + 1)
            elif lone is not None:
                carried = self.rule.lone_parent(lone, level + 1)
            if carried is not None:
                self._store(level + 1, [carried])
        root = self._pending[depth] if carried is None else carried
        return BuiltTree(self.rule, self.leaf_count, depth, root, self._keep, tuple(self._levels), order)

    def _store(self, level: int, nodes: Sequence[Node]) -> None:
        """Keep new nodes of ``level``, if it is kept."""
        if level < self._keep:
            return
        while len(self._levels) <= level - self._keep:
            self._levels.append(NodeStore())
        store = self._levels[level - self._keep]
        for node in nodes:
            store.append(node)


def group_levels(rule: Rule, low: Sequence[Node], height: int, high: Sequence[Node] = ()) -> list[list[Node]]:
    """All levels, 0 to ``height``, of one aligned subtree: ``low`` leaves on level 0, ``high`` ones on level 1.

    Leaves may be missing at the end only.
    """
    levels = [list(low)]
    for level in range(1, height + 1):
        below = levels[-1]
        above = [rule.parent(below[i], below[i + 1], level) for i in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(rule.lone_parent(below[-1], level))
        levels.append([*above, *high] if level == 1 else above)
    return levels


def root_of(rule: Rule, leaves: Sequence[Node]) -> Node | None:
    """The root over leaves held in memory; ``None`` for none."""
    builder = TreeBuilder(rule)
    builder.add(leaves)
    return builder.finish().root
