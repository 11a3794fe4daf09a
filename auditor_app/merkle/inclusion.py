"""Inclusion proofs: built by re-hashing only the groups that hold the leaves asked for, checked from the row's text.

Nothing that a proof object says about itself is relied on when it is checked: the leaf is made again from the row,
every node from the level below, sides follow from the index, and whatever hashes and sums the object shows besides
must be the recalculated ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor_app.errors import LedgerError
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import RowBlock, scan_blocks
from auditor_app.ledger.source import LedgerPart, LedgerSource
from auditor_app.merkle.result import InclusionProof, ProofStep
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.schemes import scheme_named
from auditor_app.merkle.tree import BuiltTree, group_levels, path_up, widths
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
        groups = sorted({index >> height for index in indices})
        made: dict[int, _Group] = {}
        for number, start, rows in self._read_groups(source, groups, height, token):
            made[number] = self._rehash(source, number, start, rows, height)
            yield Progress(len(made), len(groups), "groups", f"Ledger {source.name}: building inclusion proofs")
        return tuple(self._proof(index, made[index >> height], height) for index in indices)

    def _read_groups(
        self, source: LedgerSource, groups: Iterable[int], height: int, token: CancelToken
    ) -> Iterable[tuple[int, int, bytes]]:
        """Each group's number, first leaf index and rows; every part that is needed is read once."""
        reader = _RowReader(source, self.part_rows, token)
        for number in groups:
            token.check()
            start = number << height
            yield number, start, reader.rows(start, min(start + (1 << height), self.leaf_count))

    def _rehash(self, source: LedgerSource, number: int, start: int, rows: bytes, height: int) -> _Group:
        """Hash one group again and compare its top with the node kept from the first pass."""
        grammar = Grammar.of(self.columns)
        texts: list[bytes] = []
        leaves: list[Node] = []
        for block in scan_blocks(LedgerPart(source.name, start, rows), grammar):
            texts += block.rows()
            leaves += self.tree.rule.leaves(block)
        levels = group_levels(self.tree.rule, leaves, height)
        kept = self.tree.levels[0][number] if self.tree.levels and height == self.tree.keep_level else self.tree.root
        if levels[height] != [kept]:
            raise changed(source, start)
        return _Group(texts, levels)

    def _node(self, group: _Group, level: int, index: int, height: int) -> Node:
        """A node of the re-hashed group below ``height``, a kept one from there on."""
        if level < height:
            return group.levels[level][index - ((index >> (height - level)) << (height - level))]
        return self.tree.levels[level - height][index] if self.tree.levels else group.levels[level][0]

    def _proof(self, index: int, group: _Group, height: int) -> InclusionProof:
        """The path of one leaf as data."""
        rule = self.tree.rule
        steps = []
        for level, position, sibling in path_up(index, widths(self.leaf_count, self.tree.depth)):
            beside = None if sibling is None else self._node(group, level, sibling, height)
            reached = self._node(group, level + 1, position >> 1, height)
            steps.append(
                ProofStep(
                    level + 1,
                    "left" if position % 2 else "right",
                    None if beside is None else beside.digest.hex(),
                    {} if beside is None else rule.balances(beside),
                    reached.digest.hex(),
                    rule.balances(reached),
                )
            )
        offset = index - ((index >> height) << height)
        leaf = group.levels[0][offset].digest.hex()
        row = group.rows[offset].decode("ascii")
        root = leaf if self.tree.root is None else self.tree.root.digest.hex()
        return InclusionProof(rule.scheme, self.columns, self.parameters, index, row, leaf, tuple(steps), root)


@dataclass(frozen=True, slots=True)
class _Group:
    """One re-hashed subtree: its rows' text and its levels, leaves first."""

    rows: list[bytes]
    levels: list[list[Node]]


class _RowReader:
    """Reads row ranges in ascending order, each part at most once."""

    def __init__(self, source: LedgerSource, part_rows: Sequence[int], token: CancelToken) -> None:
        self._source = source
        self._part_rows = part_rows
        self._token = token
        self._number = -1
        self._ends: list[int] = []
        self._data = b""

    def rows(self, first: int, last: int) -> bytes:
        """The rows with leaf indices ``first`` to ``last - 1``, with their LFs, across parts if need be."""
        taken = []
        begin = 0
        for number, count in enumerate(self._part_rows):
            low, high = max(first, begin), min(last, begin + count)
            if low < high:
                taken.append(self._slice(number, low - begin, high - begin))
            begin += count
        return b"".join(taken)

    def _slice(self, number: int, low: int, high: int) -> bytes:
        """Rows ``low`` to ``high - 1`` of one part."""
        if number != self._number:
            self._data = self._source.read_part(number, self._token).data
            self._ends = line_ends(self._data)
            self._number = number
            if len(self._ends) != self._part_rows[number]:
                raise changed(self._source, low)
        start = self._ends[low - 1] if low else 0
        return self._data[start : self._ends[high - 1]]


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
    if scheme.bind is None or not 0 <= proof.index < leaf_count:
        return False
    rule = scheme.bind(Layout.of(proof.columns), proof.parameters, leaf_count)
    row = parse_row(proof.row, proof.index, Grammar.of(proof.columns))
    if row is None:
        return False
    node = rule.leaf(row)
    if node.digest.hex() != proof.leaf:
        return False
    path = list(path_up(proof.index, widths(leaf_count, rule.depth(leaf_count))))
    if len(path) != len(proof.steps):
        return False
    for (level, position, sibling), step in zip(path, proof.steps, strict=True):
        above = None if (step.sibling is None) != (sibling is None) else _step_up(rule, node, level, position, step)
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
        above = rule.parent(node, sibling, level + 1) if left_child else rule.parent(sibling, node, level + 1)
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


def parse_row(text: str, index: int, grammar: Grammar) -> Row | None:
    """The row as the rule takes it; ``None`` if it breaks the grammar."""
    if not text.isascii() or "\n" in text:
        return None
    data = text.encode("ascii") + b"\n"
    if grammar.rows.fullmatch(data) is None:
        return None
    block: RowBlock = next(iter(scan_blocks(LedgerPart("row", index, data), grammar)))
    return Row(index, data[:-1], block.cells[0], tuple(column[0] for column in block.units))
