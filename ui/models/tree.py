"""A tree model over a tuple of frozen rows: groups with subtotals above the rows, columns as in the tables.

A tree of nodes is made from an index array, off the window's thread where there are many; the rows never move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFont

from auditor_app.operation import CancelToken, Operation, Progress
from ui.models.columns import Column, Kind, Marks, in_words
from ui.models.filters import Predicate
from ui.models.rows import CHIP_ROLE, TONE_ROLE, alignment, arranged
from ui.text import ABSENT, HIDDEN, count, spreadsheet_cell, tooltip
from ui.theme import Tone

TREE_ROW_HEIGHT = 30
_ROW_SIZE = QSize(0, TREE_ROW_HEIGHT)
_UNANSWERED = frozenset(
    int(getattr(Qt.ItemDataRole, name))
    for name in ("DecorationRole", "ForegroundRole", "BackgroundRole", "CheckStateRole")
)
"""What a view asks of every cell it paints, and no cell has."""
_CHUNK = 4096
_NO_PARENT = QModelIndex()

Cell = tuple[str, Tone | None]
"""Words of a subtotal and, where they stand in a chip or a colour, its tone."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of groups: ``key`` tells groups apart, ``title`` names one by any of its rows, ``full`` exactly."""

    key: Callable[[Any], str]
    title: Callable[[Any], str]
    full: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class TreeColumn:
    """A column beside the tree; ``total`` says what stands in a group's row for its rows.

    Columns with a higher ``gives_way`` are left out first where there is not room for all.
    """

    column: Column
    total: Callable[[Sequence[Any]], Cell]
    gives_way: int = 0


@dataclass(slots=True)
class Node:
    """A group, or a row where ``item`` is one; ``place`` is its position among its siblings."""

    parent: int
    place: int
    level: int
    item: Any = None
    title: str = ""
    full: str = ""
    children: list[int] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    cells: Sequence[Cell] = ()


def grouped(
    rows: Sequence[Any],
    columns: Sequence[Column],
    levels: Sequence[Level],
    totals: Sequence[TreeColumn],
    test: Predicate | None,
    sort: tuple[int, bool] | None,
    token: CancelToken,
) -> Operation[list[Node]]:
    """The nodes of the rows that pass ``test``, sorted within their groups; node 0 is the root.

    Groups stand in the order in which the rows first name them, whatever the rows are sorted by: amounts of different
    assets are not compared. Subtotals are made here, since there may be many rows under each.
    """
    order = yield from arranged(rows, columns, test, sort, token)
    nodes = [Node(-1, 0, 0)]
    first: dict[int, int] = {}
    known: dict[tuple[int, str], int] = {}
    for done, index in enumerate(order):
        if done % _CHUNK == 0:
            token.check()
            yield Progress(done, len(order), "rows", "Grouping")
        item, at = rows[index], 0
        nodes[0].rows.append(item)
        for depth, level in enumerate(levels):
            key = (at, level.key(item))
            if key not in known:
                known[key] = len(nodes)
                nodes[at].children.append(len(nodes))
                nodes.append(Node(at, 0, depth + 1, title=level.title(item), full=level.full(item)))
            at = known[key]
            first[at] = min(first.get(at, index), index)
            nodes[at].rows.append(item)
        nodes[at].children.append(len(nodes))
        nodes.append(Node(at, 0, len(levels) + 1, item=item))
    for node in nodes[1:]:
        if node.rows:
            token.check()
            node.cells = [described.total(node.rows) for described in totals]
    for node in nodes:
        if node.children and nodes[node.children[0]].item is None:
            node.children.sort(key=first.__getitem__)
        for place, child in enumerate(node.children):
            nodes[child].place = place
    return nodes


def occurring(rows: Sequence[Any], columns: Sequence[Column], token: CancelToken) -> Operation[list[list[str]]]:
    """What occurs in each column, as it is shown, in the column's own order."""
    found = []
    for done, described in enumerate(columns):
        token.check()
        yield Progress(done, len(columns), "columns", "Looking up")
        keys = {described.shown(item): described.key(item) for item in rows}
        found.append(sorted(keys, key=keys.__getitem__))
    return found


class TreeModel(QAbstractItemModel):
    """Read-only groups and rows; the first column is the tree, the others are the given ones."""

    def __init__(
        self,
        title: str,
        leaf: Column,
        columns: Sequence[TreeColumn],
        noun: tuple[str, str],
        mono: QFont,
        parent: QObject | None = None,
    ) -> None:
        """``leaf`` is what the tree's column shows of a row; ``noun`` what one row and several are called."""
        super().__init__(parent)
        self.title = title
        self.leaf = leaf
        self.columns = tuple(columns)
        self.rows: tuple[Any, ...] = ()
        self._nodes: list[Node] = [Node(-1, 0, 0)]
        self._leaves: list[int] = []
        self._noun = noun
        self._mono = mono
        self._heavy = QFont()
        self._heavy.setWeight(QFont.Weight.DemiBold)
        self._hidden = False
        self._tickmarks: Marks = {}

    def set_nodes(self, rows: tuple[Any, ...], nodes: list[Node]) -> None:
        """Show other rows, grouped."""
        self.beginResetModel()
        self.rows = rows
        self._nodes = nodes
        self._leaves = list(self._walk(0))
        self.endResetModel()

    def show_marks(self, marks: Marks) -> None:
        """Show these tickmarks behind the rows' names."""
        if marks != self._tickmarks:
            self._tickmarks = marks
            self.layoutChanged.emit()

    def in_words(self, item: Any) -> str:
        """A row in one line, for a tickmark."""
        return in_words(item, self.described)

    @property
    def described(self) -> tuple[Column, ...]:
        """The columns of a row, the tree's own first."""
        return (self.leaf, *(entry.column for entry in self.columns))

    def _marked(self, item: Any) -> tuple[str, str]:
        return self._tickmarks.get(self.in_words(item), ("", "")) if self._tickmarks else ("", "")

    def hide_amounts(self, hidden: bool) -> None:
        """Mask amounts on screen; copying still gives full values."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.layoutChanged.emit()

    @property
    def shown(self) -> int:
        """How many rows are in the tree, folded away or not."""
        return len(self._leaves)

    def shown_rows(self) -> Iterator[Any]:
        """The rows from top to bottom."""
        return (self._nodes[at].item for at in self._leaves)

    def leaf_index(self, position: int) -> QModelIndex:
        """The index of the row at a 0-based position, groups not counted."""
        at = self._leaves[position]
        return self.createIndex(self._nodes[at].place, 0, at)

    def position_of(self, row: Any) -> int | None:
        """Where a row stands, groups not counted."""
        return next((place for place, at in enumerate(self._leaves) if self._nodes[at].item == row), None)

    def item(self, index: QModelIndex | QPersistentModelIndex) -> Any:
        """The row at an index, ``None`` for a group."""
        return self._node(index).item if index.isValid() else None

    def rows_under(self, index: QModelIndex | QPersistentModelIndex) -> list[Any]:
        """The row itself, or all rows of a group."""
        node = self._node(index)
        return node.rows if node.item is None else [node.item]

    def index(self, row: int, column: int, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> QModelIndex:
        """The child at a place."""
        children = self._node(parent).children
        if not 0 <= row < len(children) or not 0 <= column <= len(self.columns):
            return QModelIndex()
        return self.createIndex(row, column, children[row])

    def parent(self, index: QModelIndex | QPersistentModelIndex) -> QModelIndex:  # type: ignore[override]
        """The group around it."""
        at = self._node(index).parent if index.isValid() else 0
        return self.createIndex(self._nodes[at].place, 0, at) if at > 0 else QModelIndex()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """Groups or rows below."""
        return 0 if parent.column() > 0 else len(self._node(parent).children)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """The tree and the columns."""
        return len(self.columns) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles above."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section <= len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.column_at(section).title if section else self.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self.column_at(section).note) or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(self.column_at(section))
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell in one role."""
        if role in _UNANSWERED or not index.isValid():
            return None
        node, at = self._node(index), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.shown_in(node, at)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            name = self.column_at(at).title if at else self.title
            return f"{name}: {self.shown_in(node, at)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return None if self._masks(at) else tooltip(self._full(node, at)) or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(self.column_at(at))
        if role == Qt.ItemDataRole.FontRole:
            return self._font(node, at)
        if role == Qt.ItemDataRole.SizeHintRole:
            return _ROW_SIZE
        if role in (TONE_ROLE, CHIP_ROLE):
            return self._chip(node, at) if role == CHIP_ROLE else self._tone(node, at)
        return None

    def column_at(self, section: int) -> Column:
        """The column described; the tree's own is that of the rows."""
        return self.columns[section - 1].column if section else self.leaf

    def tsv(self, rows: Sequence[Any], columns: Sequence[Column], *, titles: bool) -> str:
        """Full values as tab-separated text, one line a row."""
        lines = [[column.title for column in columns]] if titles else []
        lines += [[column.full(row) for column in columns] for row in rows]
        return "\n".join("\t".join(map(spreadsheet_cell, line)) for line in lines)

    def first(self, most: int) -> list[Node]:
        """Groups, then the first rows below them, so many at the most."""
        found: list[Node] = []
        waiting = deque([0])
        while waiting and len(found) < most:
            for child in self._nodes[waiting.popleft()].children[: most - len(found)]:
                found.append(self._nodes[child])
                waiting.append(child)
        return found

    def _walk(self, at: int) -> Iterator[int]:
        node = self._nodes[at]
        if node.item is not None:
            yield at
        for child in node.children:
            yield from self._walk(child)

    def _node(self, index: QModelIndex | QPersistentModelIndex) -> Node:
        return self._nodes[index.internalId()] if index.isValid() else self._nodes[0]

    def _cell(self, node: Node, at: int) -> Cell:
        return node.cells[at - 1]

    def shown_in(self, node: Node, at: int) -> str:
        """What stands in a cell: masked where amounts are hidden."""
        if self._masks(at):
            return HIDDEN
        if node.item is not None:
            mark = "" if at else self._marked(node.item)[0]
            return self.column_at(at).shown(node.item) + (f"  {mark}" if mark else "")
        if at:
            return self._cell(node, at)[0]
        number = len(node.rows)
        counted = f"{count(number)} {self._noun[number != 1]}" if node.level == 1 else f"({count(number)})"
        return f"{node.title}   {counted}"

    def _full(self, node: Node, at: int) -> str:
        if node.item is not None:
            means = "" if at else self._marked(node.item)[1]
            return self.column_at(at).full(node.item) + (f"  {means}" if means else "")
        return self._cell(node, at)[0] if at else node.full

    def _masks(self, at: int) -> bool:
        return self._hidden and self.column_at(at).kind is Kind.AMOUNT

    def _tone(self, node: Node, at: int) -> Tone | None:
        tone = self.column_at(at).tone
        if node.item is None:
            return self._cell(node, at)[1] if at else None
        return tone(node.item) if tone else None

    def _chip(self, node: Node, at: int) -> bool:
        if self.column_at(at).kind is not Kind.CHIP:
            return False
        return self.shown_in(node, at) != ABSENT and (node.item is not None or self._tone(node, at) is not None)

    def _font(self, node: Node, at: int) -> QFont | None:
        if node.item is None:
            return self._heavy if node.level == 1 else None
        return self._mono if self.column_at(at).kind is Kind.MONO else None
