"""A table model over a tuple of frozen rows: sorting and filtering fill an index array, the rows never move."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from auditor_app.operation import CancelToken, Operation, Progress
from ui.models.columns import Column, Kind, Marks, marks_column
from ui.models.filters import Predicate
from ui.text import HIDDEN, masked, spreadsheet_cell, tooltip

TONE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
CHIP_ROLE = int(Qt.ItemDataRole.UserRole) + 2
_DISPLAY, _TOOL_TIP, _ALIGNMENT, _FONT, _SPOKEN = (
    int(getattr(Qt.ItemDataRole, name))
    for name in ("DisplayRole", "ToolTipRole", "TextAlignmentRole", "FontRole", "AccessibleTextRole")
)
_ROLES = frozenset({_DISPLAY, _TOOL_TIP, _ALIGNMENT, _FONT, _SPOKEN, TONE_ROLE, CHIP_ROLE})
"""What cells answer. A view asks for several others of every cell it paints: those cost one look-up."""
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CHUNK = 4096
_NO_PARENT = QModelIndex()


def arranged(
    rows: Sequence[Any],
    columns: Sequence[Column],
    test: Predicate | None,
    sort: tuple[int, bool] | None,
    token: CancelToken,
) -> Operation[array[int]]:
    """The indices of the rows that pass ``test``, sorted by (column, descending); missing values last."""
    kept: list[int] = []
    for start in range(0, len(rows), _CHUNK):
        token.check()
        yield Progress(start, len(rows), "rows", "Filtering")
        block = range(start, min(start + _CHUNK, len(rows)))
        kept.extend(block if test is None else (index for index in block if test(rows[index])))
    if sort is not None:
        token.check()
        key = columns[sort[0]].key
        keyed = [(key(rows[index]), index) for index in kept]
        known = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=sort[1])
        kept = [index for _, index in known] + [index for value, index in keyed if value is None]
    return array("q", kept)


class RowsModel(QAbstractTableModel):
    """Read-only rows under :class:`Column` descriptions."""

    def __init__(self, columns: Sequence[Column], mono: QFont, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.described = tuple(columns)
        """The table's own columns."""
        self.columns = self.described
        """These, and the tickmarks behind them where there are any."""
        self.rows: Sequence[Any] = ()
        self._order: Sequence[int] = array("q")
        self._mono = mono
        self._hidden = False
        self._held: tuple[int, Any] = (-1, None)

    def set_rows(self, rows: Sequence[Any], order: Sequence[int]) -> None:
        """Show other rows, made when asked for, in the given order."""
        self.beginResetModel()
        self._held = (-1, None)
        self.rows = rows
        self._order = order
        self.endResetModel()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Another table altogether: other columns and no rows yet."""
        self.beginResetModel()
        self._held = (-1, None)
        self.described = self.columns = tuple(columns)
        self.rows, self._order = (), array("q")
        self.endResetModel()

    def show_marks(self, marks: Marks) -> bool:
        """Show these tickmarks in a last column, none without any; whether there is another column now."""
        there, at = len(self.columns) > len(self.described), len(self.described)
        columns = (*self.described, marks_column(marks, self.described)) if marks else self.described
        if bool(marks) == there:
            self.columns = columns
            if marks and self._order:
                self.dataChanged.emit(self.index(0, at), self.index(len(self._order) - 1, at))
        elif marks:
            self.beginInsertColumns(QModelIndex(), at, at)
            self.columns = columns
            self.endInsertColumns()
        else:
            self.beginRemoveColumns(QModelIndex(), at, at)
            self.columns = columns
            self.endRemoveColumns()
        return bool(marks) != there

    def hide_amounts(self, hidden: bool) -> None:
        """Mask amounts on screen; copying still gives full values."""
        if hidden != self._hidden:
            self._hidden = hidden
            if self._order:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(self.columns) - 1))

    def row_at(self, position: int) -> Any:
        """The row shown at a position."""
        return self.rows[self._order[position]]

    def ends(self, most: int) -> list[Any]:
        """Rows from the top and from the bottom, so many together at the most: row numbers grow towards the bottom."""
        rows = len(self._order)
        above = most - most // 2
        shown = range(rows) if rows <= most else (*range(above), *range(rows - most // 2, rows))
        return [self.row_at(position) for position in shown]

    def _held_row(self, position: int) -> Any:
        """As :meth:`row_at`; a row is painted cell by cell, and may be made anew for each."""
        if self._held[0] != position:
            self._held = (position, self.row_at(position))
        return self._held[1]

    def position_of(self, row: Any) -> int | None:
        """Where a row is shown now."""
        rows = self.rows
        return next((at for at, index in enumerate(self._order) if rows[index] is row or rows[index] == row), None)

    def shown_rows(self) -> Iterator[Any]:
        """The displayed rows from top to bottom."""
        return (self.rows[index] for index in self._order)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """Displayed rows."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles above; row numbers are not shown."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(column.note) or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(column)
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell in one role."""
        if role not in _ROLES or not index.isValid() or index.row() >= len(self._order):
            return None
        column, row = self.columns[index.column()], self._held_row(index.row())
        if role == _DISPLAY:
            return self.shown(column, row)
        if role == _TOOL_TIP:
            return None if self._masks(column) else tooltip(self._mask_text(column, column.full(row)))
        if role == _ALIGNMENT:
            return alignment(column)
        if role == _FONT:
            return self._mono if column.kind is Kind.MONO else None
        if role == _SPOKEN:
            return f"{column.title}: {self.shown(column, row)}"
        if role == TONE_ROLE:
            return column.tone(row) if column.tone else None
        if role == CHIP_ROLE:
            return column.kind is Kind.CHIP
        return None

    def tsv(self, positions: Sequence[int], columns: Sequence[int], *, titles: bool) -> str:
        """Full values as tab-separated text, one line a row."""
        lines = [[self.columns[column].title for column in columns]] if titles else []
        lines += [[self.columns[column].full(self.row_at(at)) for column in columns] for at in positions]
        return "\n".join("\t".join(map(spreadsheet_cell, line)) for line in lines)

    def mask(self, text: str) -> str:
        """A sentence as it may be shown now: with its numbers hidden or not."""
        return masked(text) if self._hidden else text

    def _masks(self, column: Column) -> bool:
        return self._hidden and column.kind is Kind.AMOUNT

    def _mask_text(self, column: Column, text: str) -> str:
        return self.mask(text) if column.kind is Kind.TEXT else text

    def shown(self, column: Column, row: Any) -> str:
        """What stands in a cell: masked where amounts are hidden."""
        return HIDDEN if self._masks(column) else self._mask_text(column, column.shown(row))


def alignment(column: Column) -> int:
    """Numbers to the right, everything else to the left."""
    return _RIGHT if column.kind in (Kind.AMOUNT, Kind.NUMBER) else _LEFT
