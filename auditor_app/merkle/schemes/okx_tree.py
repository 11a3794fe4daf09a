"""OKX's file of a whole tree, checked as a stream: each row is written right to left, the root's row first.

One line a node: ``hash,height,{"BTC":"…","ETH":"…","USDT":"…"}``. The first line of a row is padding where it repeats
the hash of the next with zero balances; padding has no children, and the row below holds two nodes for each other node,
in the same order. So two readers, one a row ahead of the other, recalculate any tree in constant memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

from auditor_app.errors import Location, ProofError
from auditor_app.ledger.columns import DECIMAL_SCALE
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.published import ProofDocument, Side
from auditor_app.merkle.rule import Layout, Node
from auditor_app.merkle.schemes.okx_v1 import COINS, LEAF_HEIGHT, NODE
from auditor_app.merkle.template import Odd, Template, TemplateRule
from auditor_app.merkle.text_sums import EIGHT_PLACES
from auditor_app.snapshot.statement import Column

NAME = "okx-v1-full"
MAX_LINE = 1024
MAX_HEIGHT = 64
_AMOUNT = rb'"(-?[0-9][0-9.eE+-]{0,127})"'
_LINE = re.compile(
    rb'([0-9a-f]{64}),([1-9][0-9]?),\{"BTC":'
    + _AMOUNT
    + rb',"ETH":'
    + _AMOUNT
    + rb',"USDT":'
    + _AMOUNT
    + rb"\}\r?\n?\Z"
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf by hash and balances: either alone does not name it."""

    digest: bytes
    units: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One line of the file."""

    number: int
    height: int
    digest: bytes
    units: tuple[int, ...]

    @property
    def node(self) -> Node:
        """The line as the engine's node."""
        return Node(self.digest, self.units)


def recognises_tree(head: bytes) -> bool:
    """The first line is a node's."""
    return _LINE.match(head.split(b"\n", 1)[0]) is not None


class NodeLines:
    """Reads lines of bounded length; every refusal names file and line."""

    def __init__(self, name: str, source: Iterable[bytes], scales: Sequence[int]) -> None:
        self._name = name
        self._source = source
        self._scales = scales

    def refuse(self, what: str, number: int, expected: str = "", observed: str = "") -> ProofError:
        """The error for line ``number``."""
        return ProofError(
            "PROOF.UNREADABLE",
            what,
            at=Location(self._name, row=number),
            expected=expected,
            observed=observed[:200],
            action="Ask for the tree file as OKX publishes it.",
        )

    def __iter__(self) -> Iterator[TreeLine]:
        for number, line in enumerate(self._source, 1):
            match = _LINE.match(line)
            if match is None:
                shown = line[:200].decode("ascii", "replace")
                raise self.refuse(
                    "the line is not a node", number, 'hash,height,{"BTC":"…","ETH":"…","USDT":"…"}', shown
                )
            digest, height, *amounts = match.groups()
            units = tuple(self._units(text, scale, number) for text, scale in zip(amounts, self._scales, strict=True))
            yield TreeLine(number, int(height), bytes.fromhex(digest.decode("ascii")), units)

    def _units(self, text: bytes, scale: int, number: int) -> int:
        try:
            amount = AmountText.parse(text.decode("ascii"))
        except ValueError:
            raise self.refuse("an amount is not a decimal number", number, observed=text.decode("ascii")) from None
        if amount.scale > scale:
            raise self.refuse(f"an amount has more than {scale} decimals", number, observed=amount.text)
        return amount.units(scale)


def bounded(handle: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, an overlong one cut, so that it fits no node."""
    while line := handle.readline(MAX_LINE):
        yield line


def node_rule(scales: Sequence[int] = (DECIMAL_SCALE,) * 3) -> TemplateRule:
    """The rule for inner nodes; leaves are not made here."""
    columns = (Column(name="hash", type="hex64"), *(Column(name=coin, type="decimal", signed=True) for coin in COINS))
    layout = Layout.of(columns, max(scales))
    return TemplateRule(NAME, layout, Template(leaf=(), node=NODE, odd=Odd.ZERO_COPY, rounding=EIGHT_PLACES))


def is_padding(node: TreeLine, beside: TreeLine | None) -> bool:
    """Whether a row's last node repeats its neighbour's hash with zero balances."""
    return beside is not None and node.digest == beside.digest and not any(node.units)


def nodes(lines: NodeLines, paddings: list[tuple[TreeLine, TreeLine]]) -> Iterator[TreeLine]:
    """Every node but padding, in the file's order; padding goes to ``paddings`` with the node it stands beside.

    :class:`ProofError` where the rows are not one below the other, from a single root to the leaves.
    """
    above: int | None = None
    for height, row in groupby(lines, lambda line: line.height):
        rest = iter(row)
        first, second = next(rest), next(rest, None)
        if above is None and (height > MAX_HEIGHT or second is not None):
            raise lines.refuse(
                "the file does not begin with one root", first.number, f"one node, height up to {MAX_HEIGHT}"
            )
        if above is not None and height != above - 1:
            raise lines.refuse("a row is missing, repeated or out of order", first.number, str(above - 1), str(height))
        above = height
        if second is not None and is_padding(first, second):
            paddings.append((first, second))
        else:
            yield first
        if second is not None:
            yield second
        yield from rest
    if above is None:
        raise lines.refuse("the file holds no node", 1)
    if above != LEAF_HEIGHT:
        raise lines.refuse("the file ends above the leaves", 1, f"a last row of height {LEAF_HEIGHT}", str(above))


def children_of(lines: NodeLines, parent: TreeLine, below: Iterator[TreeLine]) -> tuple[TreeLine, TreeLine]:
    """The left and the right child: the next two nodes of the row below, written right to left."""
    right, left = next(below, None), next(below, None)
    if right is None or left is None or not right.height == left.height == parent.height - 1:
        raise lines.refuse("a node has not two children in the row below", parent.number, f"height {parent.height - 1}")
    return left, right


# ---- the paths of some leaves


@dataclass(frozen=True, slots=True)
class TreeStep:
    """One level up: the sibling as the file has it, its side, and the digest the file states for the node reached."""

    digest: bytes
    units: tuple[int, ...]
    side: Side
    reached: bytes
    pads: bool


@dataclass(frozen=True, slots=True)
class PathInTree:
    """Where a leaf stands: ``found`` shows the leaf as the tree has it, ``agrees`` whether its balances are the same."""

    found: str
    agrees: bool
    steps: tuple[TreeStep, ...]
    root: bytes
    totals: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What one pass learns of a tree: its real nodes in each row, its padding, and where some hashes stand as leaves.

    ``places`` counts leaves from the left.
    """

    counts: dict[int, int]
    paddings: dict[int, TreeLine]
    places: dict[bytes, list[tuple[int, TreeLine]]]
    root: TreeLine


def find_paths(anchor: ProofDocument, leaves: Sequence[Leaf], scales: Sequence[int]) -> list[PathInTree]:
    """The path of each leaf through the tree file ``anchor``, of which only the nodes on the paths are kept.

    Equal leaves are given different places. A leaf that is absent, or there with other balances only, gets no steps.
    """

    def lines() -> NodeLines:
        return NodeLines(anchor.file, bounded(io.BytesIO(anchor.data)), scales)

    rule = node_rule(scales)
    shape = _shape(lines(), {leaf.digest for leaf in leaves})
    chosen = [_choose(shape.places.get(leaf.digest, []), leaf) for leaf in leaves]
    wanted = {
        (height, index)
        for place in chosen
        if place is not None
        for height in shape.counts
        for index in (place >> (height - LEAF_HEIGHT), place >> (height - LEAF_HEIGHT) ^ 1)
    }
    kept = _collect(lines(), shape, wanted)
    return [_path(rule, shape, kept, place, leaf) for place, leaf in zip(chosen, leaves, strict=True)]


def _shape(lines: NodeLines, digests: set[bytes]) -> _Shape:
    """One pass: the rows' sizes, which must fit each other, and the leaves with the wanted hashes."""
    paddings: list[tuple[TreeLine, TreeLine]] = []
    counts: dict[int, int] = {}
    places: dict[bytes, list[tuple[int, TreeLine]]] = {}
    root: TreeLine | None = None
    for line in nodes(lines, paddings):
        root = root or line
        if line.height == LEAF_HEIGHT and line.digest in digests:
            places.setdefault(line.digest, []).append((counts.get(LEAF_HEIGHT, 0), line))
        counts[line.height] = counts.get(line.height, 0) + 1
    padded = {line.height: line for line, _ in paddings}
    for height, count in counts.items():
        expected = 2 * counts.get(height + 1, 0)
        if expected and count + (height in padded) != expected:
            raise lines.refuse(
                f"the row of height {height} has not two nodes for each node above", 1, str(expected), str(count)
            )
    last = counts[LEAF_HEIGHT] - 1
    found = {digest: [(last - place, line) for place, line in held[::-1]] for digest, held in places.items()}
    if root is None:
        raise ValueError("a tree file that was read holds a root")
    return _Shape(counts, padded, found, root)


def _choose(places: list[tuple[int, TreeLine]], leaf: Leaf) -> int | None:
    """The first place, not yet taken, that has the leaf's balances too."""
    wanted = tuple(units or 0 for units in leaf.units)
    for number, (place, line) in enumerate(places):
        if line.units == wanted:
            del places[number]
            return place
    return None


def _collect(lines: NodeLines, shape: _Shape, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], TreeLine]:
    """A second pass: the nodes of ``wanted`` by height and index from the left, padding included."""
    kept = {(height, shape.counts[height]): line for height, line in shape.paddings.items()}
    seen = dict.fromkeys(shape.counts, 0)
    for line in nodes(lines, []):
        seen[line.height] += 1
        index = shape.counts[line.height] - seen[line.height]
        if (line.height, index) in wanted:
            kept[line.height, index] = line
    return kept


def _path(
    rule: TemplateRule, shape: _Shape, kept: dict[tuple[int, int], TreeLine], place: int | None, leaf: Leaf
) -> PathInTree:
    """The steps from ``place`` to the root."""
    root, totals = shape.root.digest, rule.balances(shape.root.node)
    if place is None:
        others = [
            f"{leaf.digest.hex()}, {_listed(rule.balances(line.node))}" for _, line in shape.places.get(leaf.digest, [])
        ]
        return PathInTree((others or ["no such hash"])[0], agrees=False, steps=(), root=root, totals=totals)
    found = f"{leaf.digest.hex()}, {_listed(rule.balances(kept[LEAF_HEIGHT, place].node))}"
    steps = []
    for height in range(LEAF_HEIGHT, shape.root.height):
        sibling, above = kept[height, place ^ 1], kept[height + 1, place >> 1]
        side: Side = "left" if place % 2 else "right"
        pads = place ^ 1 == shape.counts[height]
        steps.append(TreeStep(sibling.digest, sibling.units, side, above.digest, pads))
        place >>= 1
    return PathInTree(found, agrees=True, steps=tuple(steps), root=root, totals=totals)


def _listed(balances: dict[str, str]) -> str:
    return ", ".join(f"{coin} {text}" for coin, text in balances.items())
