"""Building a tree leaf by leaf in bounded memory, keeping its upper levels for inclusion proofs.

A tree is its levels: level 0 are the leaves, and level k+1 pairs neighbours of level k; a lone last node follows the
rule's odd-node rule. That shape is RFC 6962's where a lone node moves up unchanged, and every published text-hash
scheme's otherwise. At any time one pending node a level is held, plus the packed nodes of level :data:`KEEP_LEVEL`
and above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor_app.merkle.rule import Node, Rule
from auditor_app.merkle.store import NodeStore

KEEP_LEVEL = 5
"""Nodes of 32 leaves and more are kept: one in sixteen leaves' worth, about 4 bytes a leaf."""


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
        self.leaf_count = 0

    def add(self, leaves: Sequence[Node]) -> None:
        """Take the next leaves and pair whatever can be paired."""
        self.leaf_count += len(leaves)
        nodes = list(leaves)
        level = 0
        parent = self.rule.parent
        while nodes:
            if level == len(self._pending):
                self._pending.append(None)
            self._store(level, nodes)
            waiting = self._pending[level]
            if waiting is not None:
                nodes.insert(0, waiting)
            self._pending[level] = nodes.pop() if len(nodes) % 2 else None
            level += 1
            pairs = iter(nodes)
            nodes = [parent(left, right, level) for left, right in zip(pairs, pairs, strict=True)]

    def finish(self) -> BuiltTree:
        """Close the tree: lone nodes climb by the odd-node rule until one root is left."""
        if not self.leaf_count:
            return BuiltTree(self.rule, 0, 0, None, self._keep, ())
        depth = self.rule.depth(self.leaf_count)
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
        return BuiltTree(self.rule, self.leaf_count, depth, root, self._keep, tuple(self._levels))

    def _store(self, level: int, nodes: Sequence[Node]) -> None:
        """Keep new nodes of ``level``, if it is kept."""
        if level < self._keep:
            return
        while len(self._levels) <= level - self._keep:
            self._levels.append(NodeStore())
        store = self._levels[level - self._keep]
        for node in nodes:
            store.append(node)


def widths(leaf_count: int, depth: int) -> tuple[int, ...]:
    """How many nodes each level has, from the leaves to the root."""
    return tuple(-(-leaf_count >> level) if leaf_count else 0 for level in range(depth + 1))


def group_levels(rule: Rule, leaves: Sequence[Node], height: int) -> list[list[Node]]:
    """All levels, 0 to ``height``, of one aligned subtree whose last leaves may be missing."""
    levels = [list(leaves)]
    for level in range(1, height + 1):
        below = levels[-1]
        above = [rule.parent(below[i], below[i + 1], level) for i in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(rule.lone_parent(below[-1], level))
        levels.append(above)
    return levels


def root_of(rule: Rule, leaves: Sequence[Node]) -> Node | None:
    """The root over leaves held in memory; ``None`` for none."""
    builder = TreeBuilder(rule)
    builder.add(leaves)
    return builder.finish().root


def path_up(index: int, tree_widths: Sequence[int]) -> Iterator[tuple[int, int, int | None]]:
    """For each level below the root: the level, the node's index in it, and its sibling's index or ``None``."""
    for level, width in enumerate(tree_widths[:-1]):
        sibling = index ^ 1
        yield level, index, sibling if sibling < width else None
        index >>= 1
