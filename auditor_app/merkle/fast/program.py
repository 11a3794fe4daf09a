"""A scheme's template as a table of numbers that compiled code reads: one line of it writes one piece of a preimage.

The table is made from the very template that the reference rule runs, so there is no second definition of a scheme.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from auditor_app.ledger.columns import amount_positions, scale_of
from auditor_app.merkle.rule import Coin, Layout, Rule
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    ChildSums,
    Hashed,
    Level,
    NumberForm,
    RowText,
    Sums,
    TemplateRule,
    Text,
)
from auditor_app.native import layout as places
from auditor_app.native.layout import (
    CELL,
    COIN,
    COIN_CELL,
    DIGEST,
    ENDED,
    FIXED,
    HEX_TEXT,
    KIND,
    LEFT,
    OPEN,
    OWN,
    PLAIN,
    RAW,
    RIGHT,
    ROW,
    SLACK,
    TEXT,
    TEXT_AT,
    TEXT_LENGTH,
    WIDTH,
    WORD_INDEX,
)
from auditor_app.native.library import address
from auditor_app.native.limbs import LIMB_DIGITS, WIDE
from auditor_app.snapshot.statement import Column

_DIGEST_BYTES = 32
LONGEST_NUMBER = 2 + LIMB_DIGITS * WIDE
"""Sign, dot and digits."""

Table = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Program:
    """The lines of one preimage, the bytes that they point into, and the most bytes that one preimage can have.

    ``longest`` leaves out cells and row text, of which there are ``row_texts`` at most a row's length each.
    """

    lines: Table
    texts: npt.NDArray[np.uint8]
    longest: int
    row_texts: int

    @cached_property
    def addresses(self) -> tuple[int, int, int]:
        """Where the lines begin, how many there are, where the texts begin."""
        return address(self.lines), len(self.lines), address(self.texts)


class Addresses(NamedTuple):
    """Where a rule's tables begin."""

    cuts: int
    filled: int
    positions: int
    lifts: int


@dataclass(frozen=True)
class Programs:
    """Everything compiled code needs of one rule.

    ``inner`` are the programs of hashes that stand in the leaf's own preimage, each in those behind it. ``node`` gives
    the program of nodes at a level under a root at a depth (``None`` where the scheme does not count from it).
    ``coins`` is how many sums a node carries, ``leaf_words`` and ``node_words`` how many words of a digest are kept.
    For each coin that leaves read, ``cuts`` is how many of the eighteen decimals of a sum are cut off at every node,
    ``filled`` whether it becomes a zero where both children lack it, ``positions`` its amount column or -1, ``lifts``
    the zeros behind its last digit at eighteen decimals.
    """

    rule: Rule
    leaf: Program
    inner: tuple[Program, ...]
    node: Callable[[int, int | None], Program]
    coins: int
    leaf_words: int
    node_words: int
    cuts: Table
    filled: npt.NDArray[np.uint8]
    positions: Table
    lifts: Table

    @cached_property
    def addresses(self) -> Addresses:
        """Where the tables begin."""
        return Addresses(*(address(table) for table in (self.cuts, self.filled, self.positions, self.lifts)))

    @property
    def digest_words(self) -> int:
        """Words of the longest digest in the tree."""
        return max(self.leaf_words, self.node_words)

    @property
    def reads_amounts(self) -> bool:
        """Whether leaves need the amounts as numbers."""
        return len(self.positions) > 0

    @cached_property
    def reads_indices(self) -> bool:
        """Whether leaves hold their own index."""
        return any(bool((program.lines[:, KIND] == WORD_INDEX).any()) for program in (self.leaf, *self.inner))


def template_programs(rule: TemplateRule) -> Programs | None:
    """The programs of a template; ``None`` where the rule does more than it says or needs what compiled code lacks."""
    if rule.arranges or not _is_plain(rule):
        return None
    template, layout = rule.template, rule.layout
    writer = Writer(layout)
    try:
        inner = _leaf_pieces(writer, template.leaf)
        leaf = writer.program()
        writes_numbers = any((program.lines[:, KIND] == COIN).any() for program in (leaf, *inner))
        coins = layout.coins if template.sums or writes_numbers else ()
        if template.digest_bytes % 4 or rule.leaf_bytes % 4:
            return None
        amounts = amount_positions(layout.columns)
        programs = Programs(
            rule,
            leaf,
            inner,
            _node_programs(rule),
            len(coins) if template.sums else 0,
            rule.leaf_bytes // 4,
            template.digest_bytes // 4,
            np.array([_cut(coin, unit) for coin, unit in zip(coins, rule.cuts, strict=False)], np.int64),
            np.array([coin.name in template.zero_filled for coin in coins], np.uint8),
            np.array([amounts.index(coin.position) if coin.position >= 0 else -1 for coin in coins], np.int64),
            np.array([_lift(coin, layout) for coin in coins], np.int64),
        )
        programs.node(1, 1)
    except _Unsupported:
        return None
    return programs


def _node_programs(rule: TemplateRule) -> Callable[[int, int | None], Program]:
    """The programs of a template's nodes, each made once; one for all levels where no piece counts them."""
    if any(isinstance(piece, Level) for piece in rule.template.node):
        return cache(partial(_node_program, rule))
    everywhere = _node_program(rule, 1, None)
    return lambda _level, _depth: everywhere


def _node_program(rule: TemplateRule, level: int, depth: int | None) -> Program:
    """The program of a template's nodes at ``level``."""
    writer = Writer(rule.layout)
    for piece in rule.template.node:
        _node_piece(writer, piece, level, depth, rule.template.digest_bytes)
    return writer.program()


def _cut(coin: Coin, unit: int) -> int:
    """How many of eighteen decimals are cut off a sum of this coin, which is cut to a multiple of ``unit``."""
    return LIMB_DIGITS - coin.scale + len(str(unit)) - 1 if unit > 1 else 0


def _lift(coin: Coin, layout: Layout) -> int:
    """The zeros behind a coin's last digit at eighteen decimals."""
    if coin.scale > LIMB_DIGITS or (coin.position >= 0 and not _is_own_scale(coin, layout.columns[coin.position])):
        raise _Unsupported
    return LIMB_DIGITS - coin.scale


def _is_own_scale(coin: Coin, column: Column) -> bool:
    """Whether a coin's integers are those of the scanner; a base-unit cell is an integer at any scale."""
    return column.type == "base-units" or coin.scale == scale_of(column)


class _Unsupported(Exception):
    """A piece that compiled code does not write."""


def _is_plain(rule: TemplateRule) -> bool:
    """Whether the rule's preimages and sums are the template's own, whatever short cuts it takes to them."""
    own = ("leaf", "leaf_preimage", "parent_preimage", "_preimage", "_sums")
    return not rule.arranges and all(getattr(type(rule), name) is getattr(TemplateRule, name) for name in own)


class Writer:
    """Collects lines and texts."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._lines: list[list[int]] = []
        self._texts = bytearray()
        self._longest = 0
        self._row_texts = 0

    def _place(self, text: bytes) -> tuple[int, int]:
        """Where a text stands among all texts, and its length."""
        at = self._texts.find(text)
        if at < 0:
            at = len(self._texts)
            self._texts += text
        return at, len(text)

    def line(self, kind: int, text: bytes = b"", *, longest: int = 0, **fields: int) -> None:
        """One line; ``fields`` are named as the places in a line, in lower case. Texts that meet become one."""
        if kind in (TEXT, OPEN) and self._lines and self._lines[-1][KIND] == TEXT:
            before = self._lines.pop()
            text = bytes(self._texts[before[TEXT_AT] : before[TEXT_AT] + before[TEXT_LENGTH]]) + text
        if kind == TEXT and not text:
            return
        line = [0] * WIDTH
        line[KIND] = kind
        line[TEXT_AT], line[TEXT_LENGTH] = self._place(text)
        for name, value in fields.items():
            line[getattr(places, name.upper())] = value
        self._lines.append(line)
        self._longest += len(text) + longest
        self._row_texts += kind in (CELL, ROW, COIN_CELL)

    def balances(self, text: BalanceText, source: int, *, verbatim: bool) -> None:
        """The lines of a set of balances."""
        form = text.number or NumberForm()
        if form.kind not in ("plain", "fixed") or form.places > LIMB_DIGITS:
            raise _Unsupported
        ended = form.kind == "plain" and (form.whole or form.zero != "0")
        after, join = text.after.encode("ascii"), text.joiner.encode("ascii")
        absent = None if text.absent is None else text.absent.encode("ascii")
        self.line(OPEN, text.opening.encode("ascii"))
        for place, label in text.labels(self.layout):
            coin = self.layout.coins[place]
            if verbatim and coin.position < 0 and absent is None:
                continue
            after_at, after_length = self._place(after)
            joined_at, joined_length = self._place(join + label.encode("ascii"))
            absent_at, absent_length = self._place(absent or b"")
            whole_at, whole_length = self._place(form.whole.encode("ascii"))
            zero_at, zero_length = self._place(form.zero.encode("ascii"))
            self.line(
                COIN_CELL if verbatim else COIN,
                label.encode("ascii"),
                longest=len(after) + len(join) + max(absent_length, zero_length, LONGEST_NUMBER + whole_length),
                field=coin.position if verbatim else place,
                form=FIXED if form.kind == "fixed" else ENDED if ended else PLAIN,
                places=form.places,
                after_at=after_at,
                after_length=after_length,
                joined_at=joined_at,
                joined_length=joined_length,
                absent_at=absent_at,
                absent_length=-1 if absent is None else absent_length,
                source=source,
                whole_at=whole_at,
                whole_length=whole_length,
                zero_at=zero_at,
                zero_length=zero_length,
            )
        self.line(TEXT, text.closing.encode("ascii"))

    def column(self, name: str | None) -> int:
        """The position of a named column, of the key without a name."""
        return 0 if name is None else self.layout.field(name)

    def program(self) -> Program:
        """What was collected; texts are followed by room for a whole word to be read."""
        texts = np.frombuffer(bytes(self._texts) + bytes(SLACK), np.uint8).copy()
        return Program(np.array(self._lines, np.int64).reshape(-1, WIDTH), texts, self._longest, self._row_texts)


def _leaf_pieces(writer: Writer, pieces: Sequence[Any]) -> tuple[Program, ...]:
    """The lines of a leaf, and the programs of the hashes in it."""
    inner: list[Program] = []
    for piece in pieces:
        if isinstance(piece, Hashed):
            own = Writer(writer.layout)
            for part in piece.pieces:
                _leaf_piece(own, part)
            writer.line(DIGEST, field=len(inner), form=HEX_TEXT, longest=2 * _DIGEST_BYTES)
            inner.append(own.program())
        else:
            _leaf_piece(writer, piece)
    return tuple(inner)


def _leaf_piece(writer: Writer, piece: Any) -> None:
    """The lines of one piece of a leaf."""
    match piece:
        case Text(value):
            writer.line(TEXT, value)
        case RowText():
            writer.line(ROW)
        case Cell(column):
            writer.line(CELL, field=writer.column(column))
        case Balances(text):
            writer.balances(text, OWN, verbatim=text.number is None)
        case _:
            raise _Unsupported


def _node_piece(writer: Writer, piece: Any, level: int, depth: int | None, digest_bytes: int) -> None:
    """The lines of one piece of a node."""
    match piece:
        case Text(value):
            writer.line(TEXT, value)
        case Child(side, form):
            source = LEFT if side == "left" else RIGHT
            writer.line(DIGEST, source=source, form=HEX_TEXT if form == "hex" else RAW, longest=2 * digest_bytes)
        case ChildSums(side, text):
            writer.balances(text, LEFT if side == "left" else RIGHT, verbatim=False)
        case Sums(text):
            writer.balances(text, OWN, verbatim=False)
        case Level(first, from_root):
            if from_root and depth is None:
                raise _Unsupported
            height = (depth or 0) - level + first if from_root else level + first
            writer.line(TEXT, b"%d" % height)
        case _:
            raise _Unsupported
