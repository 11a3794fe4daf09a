"""Rules written as data: a preimage is a row of pieces, and most published schemes are nothing more.

A scheme's file lists the pieces of its leaf and of its nodes; :class:`TemplateRule` turns them into functions once.
Because the pieces are plain values, a fast kernel can compile the same description and the window can explain it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Literal

from auditor_app.merkle.rule import Layout, Node, Row, Rule

LeafWriter = Callable[[Row], bytes]
NodeWriter = Callable[[Node, "Node | None", tuple["int | None", ...], int], bytes]
"""Left child, right child, the parent's sums, the parent's level."""


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How an integer of 10**-scale is written: ``plain`` (no trailing zeros) or ``fixed`` with ``places`` decimals.

    ``fixed`` cuts further digits off, towards zero. ``whole`` stands behind plain whole numbers other than zero, and
    ``zero`` for plain zero: some publishers write ``7.0`` and ``0.0``.
    """

    kind: Literal["plain", "fixed"] = "plain"
    places: int = 0
    whole: str = ""
    zero: str = "0"

    def writer(self, scale: int) -> Callable[[int], str]:
        """The function for amounts at ``scale``."""
        unit = 10**scale
        if self.kind == "plain" and (self.whole or self.zero != "0"):
            return partial(_dotted, unit, scale, self.whole, self.zero)
        if self.kind == "plain":
            return partial(_plain, unit, scale)
        return partial(_fixed, unit, scale, self.places)


def _plain(unit: int, scale: int, units: int) -> str:
    """Decimal text without exponent, trailing zeros or a trailing dot; zero is ``0``."""
    whole, fraction = divmod(units if units >= 0 else -units, unit)
    text = f"{whole}.{fraction:0{scale}d}".rstrip("0") if fraction else str(whole)
    return text if units >= 0 else f"-{text}"


def _dotted(unit: int, scale: int, whole: str, zero: str, units: int) -> str:
    """Plain text with the publisher's own ending of whole numbers and form of zero."""
    if not units:
        return zero
    return _plain(unit, scale, units) + ("" if units % unit else whole)


def _fixed(unit: int, scale: int, places: int, units: int) -> str:
    """Decimal text with exactly ``places`` decimals; zero has no sign."""
    whole, fraction = divmod(units if units >= 0 else -units, unit)
    digits = f"{fraction:0{scale}d}"[:places].ljust(places, "0") if scale else "0" * places
    text = f"{whole}.{digits}" if places else str(whole)
    return f"-{text}" if units < 0 and text.strip("0.") else text


@dataclass(frozen=True, slots=True)
class BalanceText:
    """How a set of balances is written into a preimage.

    ``order`` lists the coins, or is ``None`` for all of the layout in ASCII order of their names. Each coin is
    ``before + name + between + amount + after`` (without ``before``, name and ``between`` where not ``named``);
    coins are joined by ``joiner`` between ``opening`` and ``closing``. ``number`` formats the amount; ``None`` writes
    a leaf's cell verbatim. ``absent`` is the amount written for an absent coin, ``None`` leaves the coin out.
    """

    order: tuple[str, ...] | None = None
    opening: str = ""
    before: str = ""
    between: str = ":"
    after: str = ""
    joiner: str = ","
    closing: str = ""
    named: bool = True
    number: NumberForm | None = NumberForm()
    absent: str | None = None

    def labels(self, layout: Layout) -> list[tuple[int, str]]:
        """For each coin in order: its place among the layout's coins, and the text before its amount."""
        places = {coin.name: place for place, coin in enumerate(layout.coins)}
        names = sorted(places) if self.order is None else [name for name in self.order if name in places]
        return [(places[name], f"{self.before}{name}{self.between}" if self.named else "") for name in names]

    def of_sums(self, layout: Layout) -> Callable[[Sequence[int | None]], bytes]:
        """The writer for sums in the order of ``layout.coins``."""
        form = self.number or NumberForm()
        items = [(place, label, form.writer(layout.coins[place].scale)) for place, label in self.labels(layout)]
        absent, after, joiner, opening, closing = self.absent, self.after, self.joiner, self.opening, self.closing

        def write(sums: Sequence[int | None]) -> bytes:
            parts = []
            for place, label, number in items:
                units = sums[place]
                if units is not None:
                    parts.append(f"{label}{number(units)}{after}")
                elif absent is not None:
                    parts.append(f"{label}{absent}{after}")
            return f"{opening}{joiner.join(parts)}{closing}".encode("ascii")

        return write

    def of_cells(self, layout: Layout) -> Callable[[Sequence[bytes]], bytes]:
        """The writer for a row's cells, verbatim."""
        items = [
            (layout.coins[place].position, label.encode("ascii"))
            for place, label in self.labels(layout)
            if layout.coins[place].position >= 0 or self.absent is not None
        ]
        absent = None if self.absent is None else self.absent.encode("ascii")
        after, joiner = self.after.encode("ascii"), self.joiner.encode("ascii")
        opening, closing = self.opening.encode("ascii"), self.closing.encode("ascii")

        def write(cells: Sequence[bytes]) -> bytes:
            parts = []
            for position, label in items:
                cell = cells[position] if position >= 0 else b""
                if cell:
                    parts.append(label + cell + after)
                elif absent is not None:
                    parts.append(label + absent + after)
            return opening + joiner.join(parts) + closing

        return write


@dataclass(frozen=True, slots=True)
class Text:
    """Fixed bytes: a separator, a tag, a parameter."""

    value: bytes


@dataclass(frozen=True, slots=True)
class RowText:
    """The row's bytes without the LF."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell of one column, verbatim; the key column where ``column`` is ``None``."""

    column: str | None = None


@dataclass(frozen=True, slots=True)
class Balances:
    """A leaf's balances."""

    text: BalanceText


@dataclass(frozen=True, slots=True)
class Child:
    """A child's digest, as lower-case hex text or raw bytes; nothing for a right child that is not there."""

    side: Literal["left", "right"]
    form: Literal["hex", "raw"] = "hex"


@dataclass(frozen=True, slots=True)
class ChildSums:
    """A child's own sums."""

    side: Literal["left", "right"]
    text: BalanceText


@dataclass(frozen=True, slots=True)
class Sums:
    """The parent's sums."""

    text: BalanceText


@dataclass(frozen=True, slots=True)
class Level:
    """The parent's level as decimal text: counted from the leaves, which have ``first``, or down to the root's ``first``."""

    first: int
    from_root: bool = False


@dataclass(frozen=True, slots=True)
class Hashed:
    """The SHA-256 of further pieces, as lower-case hex text."""

    pieces: tuple[LeafPiece, ...]


LeafPiece = Text | RowText | Cell | Balances | Hashed
NodePiece = Text | Child | ChildSums | Sums | Level


class Odd(Enum):
    """What becomes of a lone node."""

    PROMOTE = "moves up unchanged"
    ALONE = "is hashed without a right child"
    ZERO_COPY = "is paired with its own hash and zero balances"
    DUPLICATE = "is paired with itself, balances included"
    PAD = "is paired with a fixed padding node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A scheme's pieces and number rules.

    ``lone`` are the pieces of a lone node's parent under :attr:`Odd.ALONE` (``node`` if empty); ``pad`` the partner
    under :attr:`Odd.PAD`. ``digest_bytes`` cuts SHA-256, ``leaf_bytes`` a leaf's where that is shorter. Where ``sums`` is false, nodes carry none. Coins named in
    ``zero_filled`` become zero when absent from both children of a pair; ``rounding`` cuts every sum of a pair to
    that many decimals, towards zero.
    """

    leaf: tuple[LeafPiece, ...]
    node: tuple[NodePiece, ...]
    odd: Odd
    lone: tuple[NodePiece, ...] = ()
    pad: Node | None = None
    digest_bytes: int = 32
    leaf_bytes: int | None = None
    sums: bool = True
    zero_filled: frozenset[str] = frozenset()
    rounding: int | None = None


class TemplateRule(Rule):
    """A :class:`Template` fixed to a layout; the reference implementation of every scheme made of pieces."""

    def __init__(
        self,
        scheme: str,
        layout: Layout,
        template: Template,
        *,
        leaf_count: int | None = None,
        empty_root: bytes | None = None,
    ) -> None:
        super().__init__(scheme, layout)
        self.template = template
        self.carries_sums = template.sums
        self.promotes = template.odd is Odd.PROMOTE
        self.needs_leaf_count = any(isinstance(piece, Level) and piece.from_root for piece in template.node)
        self.empty_root = empty_root
        depth = None if leaf_count is None else self.depth(leaf_count)
        self._leaf_writers = tuple(_leaf_writer(piece, layout) for piece in template.leaf)
        self._node_writers = tuple(_node_writer(piece, layout, depth) for piece in template.node)
        self._lone_writers = tuple(_node_writer(piece, layout, depth) for piece in template.lone or template.node)
        self._filled = tuple(coin.name in template.zero_filled for coin in layout.coins)
        self.leaf_bytes = template.digest_bytes if template.leaf_bytes is None else template.leaf_bytes
        self.cuts = tuple(
            1 if template.rounding is None else 10 ** max(coin.scale - template.rounding, 0) for coin in layout.coins
        )
        """What the sum of a pair is cut to a multiple of, coin by coin."""
        self._virtual = (None,) * sum(coin.position < 0 for coin in layout.coins)
        self._zeros = (0,) * len(layout.coins) if template.sums else ()

    def leaf_preimage(self, row: Row) -> bytes:
        """The leaf's pieces, joined."""
        return b"".join([write(row) for write in self._leaf_writers])

    def leaf(self, row: Row) -> Node:
        """SHA-256 of the leaf's pieces, cut to the scheme's width, with the row's balances."""
        digest = hashlib.sha256(self.leaf_preimage(row)).digest()[: self.leaf_bytes]
        return Node(digest, row.units + self._virtual) if self.template.sums else Node(digest)

    def parent_preimage(self, left: Node, right: Node | None, level: int) -> bytes:
        """The node's pieces, joined."""
        return self._preimage(left, right, self._sums(left, right), level)

    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """SHA-256 of the node's pieces, cut to the scheme's width, with the children's sums."""
        sums = self._sums(left, right)
        preimage = self._preimage(left, right, sums, level)
        return Node(hashlib.sha256(preimage).digest()[: self.template.digest_bytes], sums)

    def partner(self, node: Node, level: int) -> Node | None:  # noqa: ARG002
        """The made-up right sibling of a lone node, by the scheme's odd-node rule."""
        if self.template.odd is Odd.ZERO_COPY:
            return Node(node.digest, self._zeros)
        if self.template.odd is Odd.DUPLICATE:
            return node
        return self.template.pad if self.template.odd is Odd.PAD else None

    def _preimage(self, left: Node, right: Node | None, sums: tuple[int | None, ...], level: int) -> bytes:
        writers = self._lone_writers if right is None else self._node_writers
        return b"".join([write(left, right, sums, level) for write in writers])

    def _sums(self, left: Node, right: Node | None) -> tuple[int | None, ...]:
        """Coin by coin: a sum where either child has the coin, zero or nothing where neither has."""
        if right is None or not self.template.sums:
            return left.sums
        sums = tuple(
            [
                (0 if filled else None) if a is None and b is None else (a or 0) + (b or 0)
                for a, b, filled in zip(left.sums, right.sums, self._filled, strict=True)
            ]
        )
        if max(self.cuts, default=1) == 1:
            return sums
        return tuple(
            None if units is None else units - (units % cut if units >= 0 else -(-units % cut))
            for units, cut in zip(sums, self.cuts, strict=True)
        )


def _leaf_writer(piece: LeafPiece, layout: Layout) -> LeafWriter:
    """The function that writes one piece of a leaf."""
    match piece:
        case Text(value):
            return lambda _row: value
        case RowText():
            return lambda row: row.text
        case Cell(column):
            position = 0 if column is None else layout.field(column)
            return lambda row: row.cells[position]
        case Hashed(pieces):
            writers = [_leaf_writer(inner, layout) for inner in pieces]
            return lambda row: hashlib.sha256(b"".join([write(row) for write in writers])).hexdigest().encode("ascii")
        case Balances(text) if text.number is None:
            of_cells = text.of_cells(layout)
            return lambda row: of_cells(row.cells)
        case Balances(text):
            of_sums = text.of_sums(layout)
            virtual = (None,) * sum(coin.position < 0 for coin in layout.coins)
            return lambda row: of_sums(row.units + virtual)


def _node_writer(piece: NodePiece, layout: Layout, depth: int | None) -> NodeWriter:
    """The function that writes one piece of a node."""
    match piece:
        case Text(value):
            return lambda _left, _right, _sums, _level: value
        case Child(side, form):
            return _child_writer(side, form)
        case ChildSums(side, text):
            of_child = text.of_sums(layout)
            if side == "left":
                return lambda left, _right, _sums, _level: of_child(left.sums)
            return lambda _left, right, _sums, _level: b"" if right is None else of_child(right.sums)
        case Sums(text):
            of_sums = text.of_sums(layout)
            return lambda _left, _right, sums, _level: of_sums(sums)
        case Level(first, from_root):
            if from_root:
                return lambda _left, _right, _sums, level: b"%d" % (_known(depth) - level + first)
            return lambda _left, _right, _sums, level: b"%d" % (level + first)


def _child_writer(side: str, form: str) -> NodeWriter:
    """The function that writes a child's digest."""
    if side == "left":
        if form == "hex":
            return lambda left, _right, _sums, _level: left.digest.hex().encode("ascii")
        return lambda left, _right, _sums, _level: left.digest
    if form == "hex":
        return lambda _left, right, _sums, _level: b"" if right is None else right.digest.hex().encode("ascii")
    return lambda _left, right, _sums, _level: b"" if right is None else right.digest


def _known(depth: int | None) -> int:
    """The depth, which whoever binds a rule that counts from the root must have given."""
    if depth is None:
        raise ValueError("a rule that counts levels from the root was bound without the leaf count")
    return depth
