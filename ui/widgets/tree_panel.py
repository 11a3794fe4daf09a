"""Rows in groups with subtotals: a filter field, a choice for each way to narrow, "displayed n of N", and the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QMenu,
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
)

from ui.jobs import JobRunner
from ui.models.columns import Column, Kind, Marks
from ui.models.filters import Predicate
from ui.models.tree import TREE_ROW_HEIGHT, Level, Node, TreeColumn, TreeModel, grouped, occurring
from ui.text import count
from ui.theme import current, mono_font
from ui.widgets.blocks import GRID, choice, column, row
from ui.widgets.chips import delegate
from ui.widgets.rows_panel import HEADER_HEIGHT, MOST_COPIED, RowsPanel, dress, offer_copies, to_clipboard
from ui.widgets.widths import widest_text

_UNFOLDED_AT_MOST = 300
_TREE_AT_LEAST = 216
_TREE_AT_MOST = 300
_PAD = 26
_MEASURED = 80


class TreeView(QTreeView):
    """A tree that leaves out columns it has no room for, and copies full values of all of them."""

    room_shared = Signal()
    """Columns were shown or left out; :attr:`left_out` says which."""

    def __init__(self, model: TreeModel, every: Sequence[Column], name: str) -> None:
        super().__init__()
        self._rows = model
        self._every = tuple(every)
        self._natural: list[int] = []
        self._tree = _TREE_AT_LEAST
        self.setModel(model)
        header = self.header()
        dress(self, header, name)
        delegate(self, [model.column_at(at) for at in range(model.columnCount())])
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSortingEnabled(False)
        header.setSectionsMovable(False)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.customContextMenuRequested.connect(self._open_menu)

    def fit_columns(self) -> None:
        """Widths from the first rows and all groups; then as many columns as there is room for."""
        nodes, words = self._rows.first(_MEASURED), QFontMetrics(self.font()).horizontalAdvance
        titles = [words(self._rows.shown_in(node, 0)) + node.level * self.indentation() for node in nodes]
        self._tree = max(_TREE_AT_LEAST, min(max(titles, default=0) + _PAD, _TREE_AT_MOST))
        self._natural = [self._wanted(at, nodes) for at in range(1, len(self._rows.columns) + 1)]
        self._share_room()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Titles of the columns that there is no room for."""
        return tuple(
            item.column.title for at, item in enumerate(self._rows.columns, 1) if self.header().isSectionHidden(at)
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room again."""
        super().resizeEvent(event)
        self._share_room()

    def _wanted(self, at: int, nodes: Sequence[Node]) -> int:
        described = self._rows.column_at(at)
        texts = (self._rows.shown_in(node, at) for node in nodes)
        cells = widest_text(texts, self.font(), chip=described.kind is Kind.CHIP)
        return max(cells, QFontMetrics(self.font()).horizontalAdvance(described.title) + 14) + _PAD

    def _share_room(self) -> None:
        columns = self._rows.columns
        if len(self._natural) != len(columns):
            return
        room = self.viewport().width() - self._tree
        kept = list(range(len(columns)))
        for at in sorted(kept, key=lambda at: -columns[at].gives_way):
            if sum(self._natural[item] for item in kept) > room and columns[at].gives_way:
                kept.remove(at)
        for at, width in enumerate(self._natural):
            self.header().setSectionHidden(at + 1, at not in kept)
            if at in kept:
                self.setColumnWidth(at + 1, width)
        left = room - sum(self._natural[at] for at in kept)
        self.setColumnWidth(0, max(_TREE_AT_LEAST, self._tree + left))
        self.room_shared.emit()

    def unfold_all(self) -> None:
        """Show every row."""
        self.expandAll()

    def drawRow(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """A flat selection over the whole row: the style would shade it, and pass over the folding mark."""
        if self.selectionModel().isSelected(index):
            shown = QStyleOptionViewItem(option)
            shown.features &= ~QStyleOptionViewItem.ViewItemFeature.Alternate
            shown.state &= ~QStyle.StateFlag.State_MouseOver
            painter.fillRect(option.rect, QColor(current().selection))
            super().drawRow(painter, shown, index)
        else:
            super().drawRow(painter, option, index)

    def selected_rows(self) -> list[Any]:
        """Selected rows from top to bottom; a selected group stands for all of its rows."""
        chosen = {
            id(row): row for index in self.selectionModel().selectedRows() for row in self._rows.rows_under(index)
        }
        return [row for row in self._rows.shown_rows() if id(row) in chosen][:MOST_COPIED]

    def copy_rows(self) -> None:
        """The selected rows as TSV with all columns."""
        rows = self.selected_rows()
        if rows:
            to_clipboard(self._rows.tsv(rows, self._every, titles=len(rows) > 1))

    def copy_column(self, at: int) -> None:
        """One of all columns of the selected rows, one value a line."""
        to_clipboard(self._rows.tsv(self.selected_rows(), [self._every[at]], titles=False))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies full values."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self.selectionModel().hasSelection():
            offer_copies(menu, self.copy_rows, self._every, self.copy_column)
            menu.addSeparator()
        menu.addAction("Unfold all", self.unfold_all)
        menu.addAction("Fold all", self.collapseAll)
        menu.popup(self.viewport().mapToGlobal(place))

    def sizeHint(self) -> QSize:
        """A few rows."""
        return QSize(640, HEADER_HEIGHT + 8 * TREE_ROW_HEIGHT)


class TreePanel(RowsPanel):
    """A filter field, choices, count and the tree; the current row is ``None`` on a group."""

    at_once = 500

    def __init__(
        self,
        title: str,
        heading: str,
        levels: Sequence[Level],
        every: Sequence[Column],
        leaf: Column,
        columns: Sequence[TreeColumn],
        runner: JobRunner,
        *,
        noun: tuple[str, str],
        narrow_by: Sequence[tuple[str, Column]],
    ) -> None:
        """``every`` are all columns that a filter may name and that are copied; ``narrow_by`` those with a choice."""
        super().__init__(title, every, runner)
        self._every = tuple(every)
        self._levels = tuple(levels)
        self._offered = True
        self.model = TreeModel(heading, leaf, columns, noun, mono_font(), self)
        self.view = TreeView(self.model, self._every, title)
        self.field.setMinimumWidth(170)
        self.choices = {name: _choice(f"{title}: {name.lower()}", name) for name, _ in narrow_by}
        self._narrow_by = dict(narrow_by)
        head = row(self._paper, self.field, self._count, spacing=2 * GRID)
        head.setStretch(1, 1)
        layout = column(head, self._why, row(*self.choices.values(), 1, self._room), self.view)
        layout.setStretch(3, 1)
        self.setLayout(layout)
        for box in self.choices.values():
            box.currentIndexChanged.connect(self._arrange)
        self.view.header().sortIndicatorChanged.connect(self._arrange)
        self.view.room_shared.connect(lambda: self._show_left_out(self.view.left_out))
        self.view.selectionModel().currentRowChanged.connect(self._on_current_changed)

    def _take_rows(self) -> None:
        """What the rows can be narrowed by is looked up first; they are arranged after that."""
        self._offered = False
        self._work_out(partial(occurring, self._rows, tuple(self._narrow_by.values())), self._offer_choices)

    def _offer_choices(self, occurring: Sequence[Sequence[str]]) -> None:
        self._offered = True
        for (name, box), values in zip(self.choices.items(), occurring, strict=True):
            _refill(box, name, values)
        self._arrange()

    def shown_count(self) -> int:
        """How many rows Go to row can go to."""
        return self.model.shown

    def chosen_in_words(self) -> str:
        """The row under the cursor in one line; empty where there is none, or a group."""
        item = self.model.item(self.view.currentIndex())
        return "" if item is None else self.model.in_words(item)

    def show_marks(self, marks: Marks) -> None:
        """Show the tickmarks beside the rows."""
        self.model.show_marks(marks)

    def _position_of(self, wanted: Any) -> int | None:
        return self.model.position_of(wanted)

    def go_to(self, position: int) -> None:
        """Put the cursor on the row at a 0-based position, groups not counted, and unfold what hides it."""
        if self.model.shown:
            index = self.model.leaf_index(max(0, min(position, self.model.shown - 1)))
            only = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.view.selectionModel().setCurrentIndex(index, only)
            self.view.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _test(self) -> Predicate | None:
        """Filter and choices together."""
        tests: list[Predicate] = [] if self._predicate is None else [self._predicate]
        for name, box in self.choices.items():
            if box.currentIndex() > 0:
                tests.append(_is(self._narrow_by[name].shown, box.currentData()))
        return (lambda item: all(test(item) for test in tests)) if tests else None

    def _sort(self) -> tuple[int, bool] | None:
        """Among all columns: those of the tree's header stand there as well."""
        header = self.view.header()
        at, descending = header.sortIndicatorSection(), header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
        if not 0 <= at <= len(self.model.columns):
            return None
        return self._every.index(self.model.column_at(at)), descending

    def _arrange(self, *_: object) -> None:
        if not self._offered:
            return
        test = self._test()
        work = partial(grouped, self._rows, self._every, self._levels, self.model.columns, test, self._sort())
        self._work_out(work, partial(self._show_nodes, self._rows, test is not None))

    def _show_nodes(self, rows: tuple[Any, ...], narrowed: bool, nodes: list[Node]) -> None:
        current, chosen = self.model.item(self.view.currentIndex()), self._chosen_ids()
        self.model.set_nodes(rows, nodes)
        if self.model.shown <= _UNFOLDED_AT_MOST:
            self.view.expandAll()
        elif not narrowed or self.model.rowCount() > 1:
            self.view.expandToDepth(0)
        self.view.fit_columns()
        self._count.setText(f"displayed {count(self.model.shown)} of {count(len(rows))}")
        if not self._choose_again(current, chosen):
            self.current_changed.emit(None)

    def _chosen_ids(self) -> set[int]:
        """The selected rows by identity; they are the panel's own, so none is another's."""
        indexes = self.view.selectionModel().selectedRows()
        return {id(item) for index in indexes if (item := self.model.item(index)) is not None}

    def _choose_again(self, current: Any, chosen: set[int]) -> bool:
        """Select what was selected before the rows were arranged anew; whether the cursor's row is still there."""
        selection = self.view.selectionModel()
        start = last = None
        chosen_now = QItemSelection()
        cursor = QModelIndex()
        for position, item in enumerate(self.model.shown_rows()):
            if item is current:
                cursor = self.model.leaf_index(position)
            if id(item) not in chosen:
                continue
            index = self.model.leaf_index(position)
            if last is None or index.row() != last.row() + 1 or index.parent() != last.parent():
                if start is not None and last is not None:
                    chosen_now.append(QItemSelectionRange(start, last))
                start = index
            last = index
        if start is not None and last is not None:
            chosen_now.append(QItemSelectionRange(start, last))
        flags = QItemSelectionModel.SelectionFlag
        if cursor.isValid():
            selection.setCurrentIndex(cursor, flags.NoUpdate)
            self.view.scrollTo(cursor, QAbstractItemView.ScrollHint.EnsureVisible)
        selection.select(chosen_now, flags.ClearAndSelect | flags.Rows)
        return cursor.isValid()

    def _on_current_changed(self, now: QModelIndex, before: QModelIndex) -> None:
        self.current_changed.emit(self.model.item(now) if now.isValid() else None)


def _is(value: Callable[[Any], str], wanted: str) -> Predicate:
    return lambda item: value(item) == wanted


def _choice(accessible: str, name: str) -> QComboBox:
    made = choice(accessible)
    made.addItem(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    made.setMinimumWidth(96)
    made.setMaximumWidth(168)
    return made


def _refill(box: QComboBox, name: str, values: Sequence[str]) -> None:
    """The values that occur; what was chosen stays chosen while it occurs."""
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(name)
    for value in values:
        box.addItem(value, value)
    box.setCurrentIndex(max(0, box.findData(chosen)) if chosen is not None else 0)
    box.blockSignals(False)
