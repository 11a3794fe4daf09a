"""The hashes of the first zkmerkle layout, as Gate publishes it: accounts, nodes, totals and batches of field elements.

Source: ``merkle-schemes.md`` section 8, ``merkle-schemes-more.md`` section 15.2. P is :func:`poseidon`. Three 64-bit
numbers are packed into one element by addition, so a number that does not fit 64 bits stands for another: a price of
2**64 + 1000 with no debt is the same element as a price of 1000 with a debt of 1. Hashes are recalculated all the same;
:func:`fits` is what tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from auditor_app.merkle.poseidon import FIELD, poseidon
from auditor_app.merkle.rule import Layout, Node, Row, Rule

NAME = "gate-zk"
DEPTH = 28
WORD_LIMIT = 2**64
SLOTS = (800, 350, 64)
"""How many assets an account's commitment has room for: Gate in 2025, in 2023, and Websea."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset of the exchange: totals over all customers and the price, as the published integers."""

    symbol: str
    equity: int
    debt: int
    price: int


def fits(value: int) -> bool:
    """Whether a number fits its 64 bits."""
    return 0 <= value < WORD_LIMIT


def packed(values: Sequence[int]) -> list[int]:
    """Three 64-bit numbers an element, the first highest, zero-padded."""
    padded = [*values, *([0] * (-len(values) % 3))]
    return [_element(*padded[at : at + 3]) for at in range(0, len(padded), 3)]


def _element(high: int, middle: int, low: int) -> int:
    return ((high << 128) + (middle << 64) + low) % FIELD


@lru_cache(maxsize=256)
def assets_commitment(held: tuple[tuple[int, int, int], ...], slots: int) -> int:
    """P over equity and debt of every slot; ``held`` lists index, equity and debt of those not zero."""
    values = [0] * (2 * slots)
    for index, equity, debt in held:
        values[2 * index], values[2 * index + 1] = equity, debt
    return poseidon(packed(values))


def leaf_of(account: int, equity: int, debt: int, commitment: int) -> int:
    """One account's leaf."""
    return poseidon((account % FIELD, equity, debt, commitment))


@lru_cache(maxsize=len(SLOTS))
def empty_nodes(slots: int) -> tuple[int, ...]:
    """The node above nothing but empty leaves, level by level; the last is the root of a tree without accounts."""
    nodes = [leaf_of(0, 0, 0, assets_commitment((), slots))]
    while len(nodes) <= DEPTH:
        nodes.append(poseidon((nodes[-1], nodes[-1])))
    return tuple(nodes)


def totals_commitment(assets: Sequence[Asset], slots: int, *, before: bool = False) -> int:
    """P over the assets' totals and prices; ``before`` the first account, when totals are zero and prices stand."""
    totals = [(0, 0, asset.price) if before else (asset.equity, asset.debt, asset.price) for asset in assets]
    elements = [_element(equity, debt, price) for equity, debt, price in totals]
    return poseidon([*elements, *([0] * (slots - len(elements)))])


def sparse_root(leaves: Sequence[int], slots: int) -> int:
    """The root over the leaves at the first indices of a tree of depth 28, empty behind them."""
    level = list(leaves)
    for empty in empty_nodes(slots)[:DEPTH]:
        if len(level) % 2:
            level.append(empty)
        level = [poseidon((level[at], level[at + 1])) for at in range(0, len(level), 2)] or [poseidon((empty, empty))]
    return level[0]


def as_bytes(element: int) -> bytes:
    """A field element in 32 bytes, big-endian."""
    return element.to_bytes(32, "big")


class GateRule(Rule):
    """One account's path: a row holds the account's id, both totals and the commitment to its assets."""

    carries_sums = False

    def __init__(self, layout: Layout) -> None:
        super().__init__(NAME, layout)

    def depth(self, leaf_count: int) -> int:
        """Always 28."""
        return DEPTH

    def leaf_preimage(self, row: Row) -> bytes:
        """The four elements hashed, 32 bytes each."""
        account, equity, debt, commitment = (int(cell, 16) for cell in row.cells)
        return b"".join(as_bytes(element) for element in (account % FIELD, equity, debt, commitment))

    def leaf(self, row: Row) -> Node:
        """P of the account's id, totals and commitment."""
        account, equity, debt, commitment = (int(cell, 16) for cell in row.cells)
        return Node(as_bytes(leaf_of(account, equity, debt, commitment)))

    def parent_preimage(self, left: Node, right: Node | None, level: int) -> bytes:
        """Both children."""
        return left.digest + (b"" if right is None else right.digest)

    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """P of both children."""
        if right is None:
            raise ValueError("a tree of fixed depth has no lone nodes")
        return Node(as_bytes(poseidon((int.from_bytes(left.digest, "big"), int.from_bytes(right.digest, "big")))))
