"""The engine's only contract: nodes, rows, layouts, and the rule that makes a node from a row or from two nodes.

Levels count from the leaves (0) towards the root; a rule whose hash holds the height counted from the root is bound
with the leaf count, so it knows the depth.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import amount_positions, scale_of
from auditor_app.ledger.scan import RowBlock
from auditor_app.snapshot.statement import Column


class Node(NamedTuple):
    """One node: its digest in raw bytes, its sums, and what else a parent needs of it.

    ``sums`` has one integer for each coin of the layout, at that coin's scale; ``None`` is an absent coin, which some
    schemes hash otherwise than a zero. Empty in schemes without sums. ``extra`` is the scheme's own (scales of the
    sums, a second hash); empty in most.
    """

    digest: bytes
    sums: tuple[int | None, ...] = ()
    extra: bytes = b""


class Row(NamedTuple):
    """One ledger row, parsed: ``units`` stand at the layout's scales, ``None`` for an empty cell."""

    leaf_index: int
    text: bytes
    cells: tuple[bytes, ...]
    units: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Coin:
    """One amount column: its position in the row and the decimals of its integer."""

    name: str
    position: int
    scale: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a row's fields stand. ``coins`` follow the row; :class:`Node` sums follow ``coins``."""

    columns: tuple[Column, ...]
    coins: tuple[Coin, ...]

    @staticmethod
    def of(columns: Sequence[Column], scale: int | None = None) -> Layout:
        """The layout of a ledger's columns; ``scale`` replaces each coin's own where a file has more decimals."""
        return Layout(
            tuple(columns),
            tuple(
                Coin(columns[position].name, position, scale_of(columns[position]) if scale is None else scale)
                for position in amount_positions(columns)
            ),
        )

    def as_written(self) -> Layout:
        """The layout for schemes that hash the cells' text: base units are the whole numbers they are written as."""
        scales = {column.name: 0 for column in self.columns if column.type == "base-units"}
        coins = (Coin(coin.name, coin.position, scales.get(coin.name, coin.scale)) for coin in self.coins)
        return Layout(self.columns, tuple(coins))

    def with_coins(self, names: Iterable[str], scale: int) -> Layout:
        """The layout with the coins of ``names`` that the row lacks, after its own; their position is -1."""
        held = {coin.name for coin in self.coins}
        missing = tuple(Coin(name, -1, scale) for name in names if name not in held)
        return Layout(self.columns, self.coins + missing)

    def field(self, name: str) -> int:
        """The position of the non-amount column ``name``; ``SCHEME.PARAMETERS`` if the ledger has none."""
        for position, column in enumerate(self.columns):
            if column.name == name and column.type in ("token", "hex64"):
                return position
        raise LedgerError(
            "SCHEME.PARAMETERS",
            f"the scheme needs a column {name} that is hex64 or token",
            observed=", ".join(column.name for column in self.columns),
            action="Ask the issuer for the ledger with that column.",
        )


class Rule(ABC):
    """A scheme with its parameters and layout fixed: the only thing that makes nodes."""

    def __init__(self, scheme: str, layout: Layout) -> None:
        self.scheme = scheme
        self.layout = layout

    carries_sums: bool = True
    """Nodes hold one sum for each coin of the layout; otherwise none."""
    promotes: bool = False
    """A lone node moves up a level unchanged."""
    arranges: bool = False
    """The tree's leaves stand in another order than the ledger's rows, or not all on one level."""
    needs_leaf_count: bool = False
    """The depth enters a hash, so the leaf count must be known before the first parent."""
    empty_root: bytes | None = None
    """The root of a tree without leaves, where the scheme has one."""

    def depth(self, leaf_count: int) -> int:
        """The root's level; a scheme of fixed depth says so here, one that needs 2**k leaves refuses others."""
        return max(leaf_count - 1, 0).bit_length()

    def tree_order(self, leaves: Sequence[Node]) -> Sequence[int]:
        """Where :attr:`arranges`: the leaf indices in the order in which the leaves stand in the tree."""
        return range(len(leaves))

    def bottom(self, leaf_count: int) -> int:
        """Where :attr:`arranges`: how many leaves, from the left, stand on level 0; the rest stand on level 1.

        In a heap array of 2n-1 nodes these are the last 2n - 2**depth leaves. Even wherever it is not all.
        """
        return leaf_count

    @abstractmethod
    def leaf_preimage(self, row: Row) -> bytes:
        """The bytes whose hash is the leaf."""

    @abstractmethod
    def parent_preimage(self, left: Node, right: Node | None, level: int) -> bytes:
        """The bytes whose hash is the node at ``level`` (1 above the leaves); ``right`` is ``None`` for a lone node."""

    @abstractmethod
    def leaf(self, row: Row) -> Node:
        """The leaf of one row."""

    @abstractmethod
    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """The node at ``level`` above two nodes, or above a lone one that the scheme hashes without a partner."""

    def partner(self, node: Node, level: int) -> Node | None:  # noqa: ARG002
        """What a lone ``node`` at ``level`` is paired with on its right; ``None`` where nothing is made up for it."""
        return None

    def lone_parent(self, node: Node, level: int) -> Node:
        """The node at ``level`` above a lone node of the level below."""
        return node if self.promotes else self.parent(node, self.partner(node, level - 1), level)

    def leaves(self, block: RowBlock) -> list[Node]:
        """The leaves of a block of rows, in order."""
        units: Iterable[tuple[int | None, ...]] = (
            zip(*block.units, strict=True) if block.units else ((),) * len(block.cells)
        )
        numbered = zip(block.rows(), block.cells, units, strict=True)
        leaf = self.leaf
        return [leaf(Row(index, *row)) for index, row in enumerate(numbered, block.first_row)]

    def balances(self, node: Node) -> dict[str, str]:
        """The sums a node carries, coin by coin, as plain decimal text; absent coins are left out."""
        return {
            coin.name: Amount(units, coin.scale).plain()
            for coin, units in zip(self.layout.coins, node.sums, strict=False)
            if units is not None
        }

    def node(self, digest: bytes, balances: Mapping[str, str]) -> Node:
        """The node that :meth:`balances` shows; ``ValueError`` for other coins or amounts, or another form of them."""
        known = {coin.name: coin for coin in self.layout.coins}
        units = {
            name: Amount.parse(text).at_scale(known[name].scale).units
            for name, text in balances.items()
            if name in known
        }
        sums = tuple(units.get(coin.name) for coin in self.layout.coins) if self.carries_sums else ()
        made = Node(digest, sums)
        if self.balances(made) != dict(balances):
            raise ValueError("the balances are not in the scheme's own form")
        return made
