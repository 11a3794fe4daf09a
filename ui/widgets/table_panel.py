"""A titled table that sorts, filters and copies, with "displayed n of N" beside its filter."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from ui.jobs import JobRunner
from ui.models.columns import Column, Kind, Marks, in_words
from ui.models.rows import RowsModel, arranged
from ui.text import count
from ui.theme import mono_font
from ui.widgets.blocks import GRID, card, column, label, row
from ui.widgets.chips import delegate
from ui.widgets.passage import Passage
from ui.widgets.rows_panel import HEADER_HEIGHT, MOST_COPIED, RowsPanel, dress, offer_copies, to_clipboard
from ui.widgets.widths import MEASURED, widest_cell

ROW_HEIGHT = 30
_NARROWEST, _WIDEST = 48, 420
_TEXT_ROOM, _CHIP_ROOM = 38, 16
"""Beside the text or chip of a cell: the sheet's padding, the style's margin, and ours."""
_WIDE_AT_LEAST = 160
_TEXT_AT_LEAST = 104


class RowsView(QTableView):
    """A table view that does not freeze over many rows and copies full values."""

    room_shared = Signal()
    """Columns were shown or left out; :attr:`left_out` says which."""

    def __init__(self, model: RowsModel, name: str) -> None:
        super().__init__()
        self._rows = model
        self._natural: list[int] = []
        self._most_rows = 0
        self.setModel(model)
        header = self.horizontalHeader()
        dress(self, header, name)
        delegate(self, model.columns)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setAccessibleName(f"{name}: row numbers")
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(_NARROWEST)
        self.customContextMenuRequested.connect(self._open_menu)

    def fit_columns(self) -> None:
        """Widths from the first and last rows; what is left goes to the wide columns, what is missing comes from long texts."""
        header, font, mono = self.horizontalHeader(), self.font(), mono_font()
        rows, shown = self._rows.ends(MEASURED), self._rows.shown
        self._natural = []
        delegate(self, self._rows.columns)
        for at, described in enumerate(self._rows.columns):
            self.setColumnHidden(at, False)
            room = _CHIP_ROOM if described.kind is Kind.CHIP else _TEXT_ROOM
            cells = widest_cell(described, rows, shown, font, mono) + room if rows else 0
            self._natural.append(min(max(cells, header.sectionSizeHint(at), _NARROWEST), _WIDEST))
        self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room again."""
        super().resizeEvent(event)
        self._share_room()

    def fit_rows(self, at_most: int) -> None:
        """As high as its rows, up to ``at_most`` of them, with room for the scroll bar only where it is needed."""
        self._most_rows = at_most
        self._share_room()

    def _fit_height(self, width: int) -> None:
        if self._most_rows:
            shown = max(1, min(self._most_rows, self._rows.rowCount()))
            bar = self.horizontalScrollBar().sizeHint().height() if width > self.viewport().width() else 0
            self.setFixedHeight(HEADER_HEIGHT + shown * ROW_HEIGHT + bar + 4)

    def _share_room(self) -> None:
        if not self._natural or len(self._natural) != len(self._rows.columns):
            return
        room, columns, widths = self.viewport().width(), self._rows.columns, list(self._natural)
        for at in sorted(range(len(columns)), key=lambda at: -columns[at].gives_way):
            if columns[at].gives_way:
                too_many = sum(map(_least, columns, widths)) > room
                self.setColumnHidden(at, too_many)
                widths[at] = 0 if too_many else widths[at]
        for give, least in ((False, _TEXT_AT_LEAST), (True, _WIDE_AT_LEAST)):  # long texts first, then the wide columns
            for at, described in enumerate(columns):
                if described.wide if give else described.yields:
                    missing = max(0, sum(widths) - room)
                    widths[at] = max(min(widths[at], least), widths[at] - missing)
        seen = [at for at in range(len(columns)) if not self.isColumnHidden(at)]
        takers = [at for at in seen if columns[at].wide] or seen
        spare = max(0, room - sum(widths)) // len(takers)
        for at, width in enumerate(widths):
            if not self.isColumnHidden(at):
                self.setColumnWidth(at, width + (spare if at in takers else 0))
        self._fit_height(sum(widths))
        self.room_shared.emit()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Titles of the columns that there is no room for."""
        return tuple(item.title for at, item in enumerate(self._rows.columns) if self.isColumnHidden(at))

    def selected_positions(self) -> list[int]:
        """Selected rows from top to bottom."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def selectAll(self) -> None:
        """One range instead of one per row: a million rows must not freeze the window."""
        last = self._rows.index(self._rows.rowCount() - 1, self._rows.columnCount() - 1)
        everything = QItemSelection(self._rows.index(0, 0), last)
        self.selectionModel().select(everything, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def copy_rows(self) -> None:
        """The selected rows as TSV with titles; a single row without."""
        positions = self.selected_positions()[:MOST_COPIED]
        if positions:
            every = range(len(self._rows.columns))
            to_clipboard(self._rows.tsv(positions, list(every), titles=len(positions) > 1))

    def copy_column(self, at: int) -> None:
        """One column of the selected rows, one value a line."""
        to_clipboard(self._rows.tsv(self.selected_positions()[:MOST_COPIED], [at], titles=False))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies full values."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def _open_menu(self, place: QPoint) -> None:
        if not self.selected_positions():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        offer_copies(menu, self.copy_rows, self._rows.columns, self.copy_column)
        menu.popup(self.viewport().mapToGlobal(place))


class TablePanel(RowsPanel):
    """Title, filter, count and table."""

    activated = Signal(object)
    at_once = 3000

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        runner: JobRunner,
        *,
        filterable: bool = True,
        reads: Callable[[Any], str] | None = None,
    ) -> None:
        """``reads`` gives the full text of the row under the cursor, shown below the table."""
        super().__init__(title, columns, runner)
        self._reads = reads
        self._reader = Passage(f"{title}: the chosen row in full")
        self._reader_card = card(column(self._reader))
        self._reader_card.hide()
        self._tickmarks: Marks = {}
        self.model = RowsModel(columns, mono_font(), self)
        self.view = RowsView(self.model, title)
        self._fitted_for: tuple[Any, ...] | None = None
        self._why.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._title = label(title, "section")
        head = row(self._title, self._paper, 1, self._room, self._count, self.field, spacing=2 * GRID)
        self.setLayout(column(head, self._why, self.view, self._reader_card))
        self.field.setVisible(filterable)
        self._filterable = filterable
        self.view.horizontalHeader().sortIndicatorChanged.connect(self._arrange)
        self.view.selectionModel().currentRowChanged.connect(self._on_current_changed)
        self.view.doubleClicked.connect(self._on_activated)
        self.view.room_shared.connect(lambda: self._show_left_out(self.view.left_out))

    def _take_rows(self) -> None:
        if self._tickmarks:
            self.show_marks(self._tickmarks)
        self._arrange()

    def fit_rows(self, at_most: int) -> None:
        """As high as its rows, up to ``at_most`` of them."""
        self.view.fit_rows(at_most)

    def shown_count(self) -> int:
        """How many rows Go to row can go to."""
        return self.model.rowCount()

    def chosen_in_words(self) -> str:
        """The row under the cursor in one line; empty where there is none."""
        index = self.view.currentIndex()
        return in_words(self.model.row_at(index.row()), self.model.described) if index.isValid() else ""

    def show_marks(self, marks: Marks) -> None:
        """Show the tickmarks beside the rows, in front of them; no column where no row has any."""
        self._tickmarks = marks
        described = self.model.described
        here = bool(marks) and (
            len(self._rows) > self.at_once or any(in_words(item, described) in marks for item in self._rows)
        )
        chosen = self.view.selected_positions()
        if self.model.show_marks(marks if here else {}):
            header = self.view.horizontalHeader()
            if here:
                header.moveSection(header.visualIndex(len(described)), 0)
            self.view.fit_columns()
            if len(chosen) == 1:
                self.view.selectRow(chosen[0])  # its new cell, too

    def _position_of(self, wanted: Any) -> int | None:
        return self.model.position_of(wanted)

    def go_to(self, position: int) -> None:
        """Put the cursor on the row at a 0-based position, the last one at most."""
        if self.model.rowCount():
            index = self.model.index(max(0, min(position, self.model.rowCount() - 1)), 0)
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _arrange(self, *_: object) -> None:
        header = self.view.horizontalHeader()
        at, descending = header.sortIndicatorSection(), header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
        sort = (at, descending) if 0 <= at < len(self.model.columns) else None
        work = partial(arranged, self._rows, self.model.columns, self._predicate, sort)
        self._work_out(work, partial(self._show_order, self._rows))

    def _show_order(self, rows: tuple[Any, ...], order: array[int]) -> None:
        self.model.set_rows(rows, order)
        if rows is not self._fitted_for:
            self._fitted_for = rows
            self.view.fit_columns()
        total, shown = len(rows), len(order)
        self._count.setText(f"displayed {count(shown)} of {count(total)}" if self._filterable else "")
        if shown and not self.view.currentIndex().isValid():
            self.current_changed.emit(None)

    def _on_current_changed(self, now: QModelIndex, before: QModelIndex) -> None:
        row = self.model.row_at(now.row()) if now.isValid() else None
        self._read(row)
        self.current_changed.emit(row)

    def _read(self, row: Any) -> None:
        self._reader_card.setVisible(self._reads is not None and row is not None)
        if self._reads is not None and row is not None:
            self._reader.say(self.model.mask(self._reads(row)))

    def _on_activated(self, index: QModelIndex) -> None:
        self.activated.emit(self.model.row_at(index.row()))


def _least(described: Column, width: int) -> int:
    """What a column still shows something in; none for one that is left out."""
    return min(width, _WIDE_AT_LEAST if described.wide else _TEXT_AT_LEAST if described.yields else width)
