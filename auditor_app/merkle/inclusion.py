"""Inclusion proofs: built by re-hashing only the groups that hold the leaves asked for, checked from the row's text.

Nothing that a proof object says about itself is relied on when it is checked: the leaf is made again from the row,
every node from the level below, sides follow from the index, and whatever hashes and sums the object shows besides
must be the recalculated ones.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor_app.errors import LedgerError
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import parse_amounts
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.result import InclusionProof, ProofStep
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.schemes import scheme_named
from auditor_app.merkle.tree import BuiltTree, Shape, group_levels
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column


@dataclass(frozen=True)
class ProvableTree:
    """A :class:`~auditor_app.merkle.result.RecomputedTree`: a built tree with what is needed to read its rows again.

    ``part_rows`` are the rows counted in each part when the tree was built.
    """

    tree: BuiltTree
    columns: tuple[Column, ...]
    parameters: Mapping[str, str]
    part_rows: tuple[int, ...]

    @property
    def scheme(self) -> str:
        """The scheme's name."""
        return self.tree.rule.scheme

    @property
    def leaf_count(self) -> int:
        """How many leaves the tree has."""
        return self.tree.leaf_count

    @property
    def root_digest(self) -> bytes | None:
        """The root's digest; the rule's own for no leaves at all."""
        return self.tree.root_digest

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
        height = min(self.tree.keep_level, self.tree.depth)
        positions = self._positions(indices)
        numbers = {position: self._group_of(position, height) for position in positions}
        groups = sorted(set(numbers.values()))
        rows = self._read_rows(source, groups, height, token)
        grammar = Grammar.of(self.columns)
        made: dict[int, _Group] = {}
        for number in groups:
            token.check()
            made[number] = self._rehash(source, number, rows, height, grammar)
            yield Progress(len(made), len(groups), "groups", f"Ledger {source.name}: building inclusion proofs")
        return tuple(
            self._proof(index, position, made[numbers[position]], height)
            for index, position in zip(indices, positions, strict=True)
        )

    def _positions(self, indices: Sequence[int]) -> list[int]:
        """Where the leaves stand in tree order."""
        if self.tree.order is None:
            return list(indices)
        places = {index: position for position, index in enumerate(self.tree.order)}
        return [places[index] for index in indices]

    def _group_of(self, position: int, height: int) -> int:
        """The number of the re-hashed group that holds a leaf."""
        return self.tree.shape.ancestor(position, height) if height else 0

    def _members(self, number: int, height: int) -> tuple[list[int], list[int]]:
        """The leaf indices of a group's leaves on level 0 and on level 1."""
        low, high = self.tree.shape.under(number, height)
        order = self.tree.order
        return (
            [at if order is None else order[at] for at in low],
            [at if order is None else order[at] for at in high],
        )

    def _read_rows(
        self, source: LedgerSource, groups: Iterable[int], height: int, token: CancelToken
    ) -> dict[int, bytes]:
        """The rows of all leaves of the groups, LFs included; every part that is needed is read once."""
        wanted = sorted(index for number in groups for some in self._members(number, height) for index in some)
        rows: dict[int, bytes] = {}
        begin = taken = 0
        for number, count in enumerate(self.part_rows):
            upto = bisect_left(wanted, begin + count, taken)
            if taken < upto:
                data = source.read_part(number, token).data
                ends = [0, *line_ends(data)]
                if len(ends) != count + 1:
                    raise changed(source, begin)
                for index in wanted[taken:upto]:
                    rows[index] = data[ends[index - begin] : ends[index - begin + 1]]
            begin, taken = begin + count, upto
        return rows

    def _rehash(
        self, source: LedgerSource, number: int, rows: Mapping[int, bytes], height: int, grammar: Grammar
    ) -> _Group:
        """Hash one group again and compare its top with the node kept from the first pass."""
        low, high = self._members(number, height)
        leaves = {index: self._leaf(source, index, rows[index], grammar) for index in (*low, *high)}
        levels = group_levels(
            self.tree.rule, [leaves[index] for index in low], height, [leaves[index] for index in high]
        )
        kept = self.tree.levels[0][number] if self.tree.levels and height == self.tree.keep_level else self.tree.root
        if levels[height] != [kept]:
            raise changed(source, (*low, *high)[0])
        return _Group(number, {index: rows[index] for index in leaves}, leaves, levels)

    def _leaf(self, source: LedgerSource, index: int, line: bytes, grammar: Grammar) -> Node:
        """One leaf, hashed again."""
        row = parse_row(line[:-1], index, grammar)
        if row is None:
            raise changed(source, index)
        return self.tree.rule.leaf(row)

    def _node(self, group: _Group, level: int, index: int, height: int) -> Node:
        """A node of the re-hashed group below ``height``, a kept one from there on."""
        if level < height:
            return group.levels[level][index - (group.number << (height - level))]
        return self.tree.levels[level - height][index] if self.tree.levels else group.levels[level][0]

    def _proof(self, index: int, position: int, group: _Group, height: int) -> InclusionProof:
        """The path of one leaf as data."""
        rule = self.tree.rule
        steps = []
        for level, at, sibling in self.tree.shape.path_up(position):
            beside = None if sibling is None else self._node(group, level, sibling, height)
            reached = self._node(group, level + 1, at >> 1, height)
            steps.append(
                ProofStep(
                    level + 1,
                    "left" if at % 2 else "right",
                    None if beside is None else beside.digest.hex(),
                    {} if beside is None else rule.balances(beside),
                    reached.digest.hex(),
                    rule.balances(reached),
                )
            )
        leaf = group.leaves[index].digest.hex()
        return InclusionProof(
            scheme=rule.scheme,
            columns=self.columns,
            parameters=self.parameters,
            index=index,
            row=group.rows[index][:-1].decode("ascii"),
            leaf=leaf,
            steps=tuple(steps),
            root=leaf if self.tree.root is None else self.tree.root.digest.hex(),
            position=position if rule.arranges else None,
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """One re-hashed subtree: its rows and leaves by leaf index, and its levels, lowest first."""

    number: int
    rows: Mapping[int, bytes]
    leaves: Mapping[int, Node]
    levels: list[list[Node]]


def line_ends(data: bytes) -> list[int]:
    """The offset behind each LF."""
    import numpy as np

    return (np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1).tolist()


def changed(source: LedgerSource, start: int) -> LedgerError:
    """The error for a ledger that gives other rows than on the first pass."""
    return LedgerError(
        "LEDGER.CHANGED",
        f"the ledger {source.name} gives other rows around leaf {start} than when its root was recalculated",
        action="Make a copy that nobody writes to, and run again.",
    )


def verify_inclusion(proof: InclusionProof, root: str, leaf_count: int) -> bool:
    """Whether the row at ``proof.index`` of a tree of ``leaf_count`` leaves leads to ``root`` (lower-case hex).

    Recalculated from the row's text through the scheme. A proof whose shape, sides, hashes or balances differ in any
    way from the recalculated ones does not agree. :class:`LedgerError` for an unknown scheme or parameters.
    """
    scheme = scheme_named(proof.scheme)
    position = proof.index if proof.position is None else proof.position
    if scheme.bind is None or not 0 <= proof.index < leaf_count or not 0 <= position < leaf_count:
        return False
    rule = scheme.bind(Layout.of(proof.columns), proof.parameters, leaf_count)
    row = parse_row(proof.row, proof.index, Grammar.of(proof.columns))
    if row is None or rule.arranges != (proof.position is not None):
        return False
    node = rule.leaf(row)
    if node.digest.hex() != proof.leaf:
        return False
    path = list(Shape.of(rule, leaf_count).path_up(position))
    if len(path) != len(proof.steps):
        return False
    for (level, at, sibling), step in zip(path, proof.steps, strict=True):
        above = None if (step.sibling is None) != (sibling is None) else _step_up(rule, node, level, at, step)
        if above is None:
            return False
        node = above
    return node.digest.hex() == proof.root == root


def _step_up(rule: Rule, node: Node, level: int, position: int, step: ProofStep) -> Node | None:
    """The node above, or ``None`` where the step is not what the scheme has at this place."""
    left_child = position % 2 == 0
    if step.level != level + 1 or step.side != ("right" if left_child else "left"):
        return None
    if step.sibling is None:
        above = rule.lone_parent(node, level + 1)
        agrees = not step.sibling_balances
    else:
        sibling = _read_node(rule, step.sibling, step.sibling_balances)
        if sibling is None or len(sibling.sums) != len(node.sums):
            return None
        left, right = (node, sibling) if left_child else (sibling, node)
        try:
            above = rule.parent(left, right, level + 1)
        except LedgerError:  # a sum that does not fit the scheme's field
            return None
        agrees = True
    agrees = agrees and step.node == above.digest.hex() and dict(step.node_balances) == rule.balances(above)
    return above if agrees else None


def _read_node(rule: Rule, digest: str, balances: Mapping[str, str]) -> Node | None:
    """The sibling as a node; ``None`` unless hash and balances are written as this program writes them."""
    try:
        raw = bytes.fromhex(digest)
        return rule.node(raw, balances) if raw.hex() == digest else None
    except ValueError:
        return None


def parse_row(text: str | bytes, index: int, grammar: Grammar) -> Row | None:
    """The row (without LF) as the rule takes it; ``None`` if it breaks the grammar."""
    data = text if isinstance(text, bytes) else text.encode("ascii", "replace")
    cells = grammar.rows.fullmatch(data + b"\n")
    return None if cells is None else Row(index, data, cells.groups(), parse_amounts(cells.groups(), grammar))
