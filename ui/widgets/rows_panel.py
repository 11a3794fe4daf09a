"""What tables and trees of rows share: a filter field, how many rows are displayed, what there is no room for, and one job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QMenu, QWidget

from auditor_app.operation import CancelToken, run
from ui.jobs import Job, JobRunner, Work
from ui.models.columns import Column, left_out_in_full, left_out_words
from ui.models.filters import BadFilter, Predicate
from ui.text import menu_text, tooltip
from ui.widgets.blocks import label, show_text
from ui.widgets.elided import Elided
from ui.widgets.filter_field import FilterField

HEADER_HEIGHT = 32
MOST_COPIED = 100_000
"""Rows that are copied at once, at the most."""


def dress(view: QAbstractItemView, header: QHeaderView, name: str) -> None:
    """What every view of rows is like: read-only, scrolled by the pixel, sorted by its header, named for a screen reader."""
    view.setAccessibleName(name)
    view.setAlternatingRowColors(True)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    header.setAccessibleName(f"{name}: columns")
    header.setSectionsClickable(True)
    header.setSortIndicatorClearable(True)
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    header.setSortIndicatorShown(True)
    header.setFixedHeight(HEADER_HEIGHT)


def offer_copies(menu: QMenu, rows: Callable[[], None], columns: Sequence[Column], one: Callable[[int], None]) -> None:
    """In a menu of selected rows: copy them whole, or one column, whose number ``one`` is given."""
    menu.addAction("Copy rows", rows)
    below = menu.addMenu("Copy column")
    for at, described in enumerate(columns):
        below.addAction(menu_text(described.title), partial(one, at))


def to_clipboard(text: str) -> None:
    """Copy a text."""
    QGuiApplication.clipboard().setText(text)


class RowsPanel(QWidget):
    """Few rows are arranged at once, many in a job; a late answer is dropped. Subclasses show what was arranged."""

    current_changed = Signal(object)
    """The row under the cursor, or ``None``."""

    at_once = 0
    """So many rows are arranged in the window's own thread."""

    def __init__(self, title: str, columns: Sequence[Column], runner: JobRunner) -> None:
        """``columns`` are all that a filter may name."""
        super().__init__()
        self._runner = runner
        self._rows: tuple[Any, ...] = ()
        self._predicate: Predicate | None = None
        self._job: Job | None = None
        self.field = FilterField(columns, title)
        self._count = _told(f"{title}: displayed rows")
        self._room = Elided("", "muted")
        self._room.setAccessibleName(f"{title}: columns left out")
        self._room.hide()
        self._why = label("", wrap=True)
        self._why.setProperty("ink", "bad")
        self._why.hide()
        self._paper = label("", "muted")
        self._paper.hide()
        self.field.filtered.connect(self._on_filtered)
        self.field.explained.connect(partial(show_text, self._why))

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows under the same filter and order."""
        if self._rows and (rows is self._rows or tuple(rows) == self._rows):
            return
        self._rows = tuple(rows)
        try:
            self._predicate = self.field.predicate
        except BadFilter:
            self._predicate = None
        self._take_rows()

    def expect_rows(self) -> None:
        """Other rows are being made ready."""
        self._count.setText("Reading…")

    @property
    def arranging(self) -> bool:
        """Whether rows are being arranged in a job."""
        return self._job is not None

    def name_paper(self, reference: str) -> None:
        """Name the working paper that the table belongs to."""
        show_text(self._paper, reference)
        self._paper.setAccessibleName(f"Working paper {reference}" if reference else "")

    def focus_filter(self) -> None:
        """Ctrl+F."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def select(self, wanted: Any) -> bool:
        """Put the cursor on a row; ``False`` if it is not displayed."""
        position = self._position_of(wanted)
        if position is not None:
            self.go_to(position)
        return position is not None

    def go_to(self, position: int) -> None:
        """Put the cursor on the row at a 0-based position, the last one at most."""
        raise NotImplementedError

    def _position_of(self, wanted: Any) -> int | None:
        raise NotImplementedError

    def _take_rows(self) -> None:
        """Other rows are there."""
        self._arrange()

    def _arrange(self, *_: object) -> None:
        """Filter, sort and show the rows."""
        raise NotImplementedError

    def _work_out(self, work: Work, show: Callable[[Any], None]) -> None:
        """Do ``work`` on the rows and show its result; what was being worked out before is dropped."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if len(self._rows) <= self.at_once:
            show(run(work(CancelToken())))
            return
        job = self._job = self._runner.make(work, "Filtering")
        job.succeeded.connect(partial(self._on_worked_out, show))
        self._count.setText("Filtering…")
        job.start()

    def _on_worked_out(self, show: Callable[[Any], None], result: object) -> None:
        self._job = None
        show(result)

    def _show_left_out(self, titles: Sequence[str]) -> None:
        show_text(self._room, left_out_words(titles))
        self._room.setToolTip(tooltip(left_out_in_full(titles)))

    def _on_filtered(self, predicate: Predicate | None) -> None:
        if predicate is not None or self._predicate is not None:
            self._predicate = predicate
            self._arrange()


def _told(name: str) -> QLabel:
    made = label("", "muted")
    made.setAccessibleName(name)
    return made
