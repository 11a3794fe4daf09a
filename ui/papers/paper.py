"""What every part of an engagement page is: it shows the papers and enters what is typed through the binder."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from auditor_app.engagement.papers import Papers, Stamp
from ui.desk import Desk
from ui.text import cut
from ui.widgets.blocks import GRID, column
from ui.widgets.table_panel import TablePanel


class Paper(QWidget):
    """One tab; subclasses fill themselves from the papers whenever these change."""

    title = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.binder = desk.binder

    def show_papers(self, papers: Papers) -> None:
        """Show the papers as they are now."""
        raise NotImplementedError

    def tables(self) -> tuple[TablePanel, ...]:
        """The tables, the main one first."""
        return ()

    def looked_at(self) -> None:
        """The tab came to the front."""

    def hide_amounts(self, hidden: bool) -> None:
        """Mask amounts that stand elsewhere than in the tables."""

    @property
    def writable(self) -> bool:
        """Whether something can be entered; a locked engagement asks for the amendment."""
        return self.binder.writable


def tab_room(*parts: QWidget, stretch: int = 0) -> QVBoxLayout:
    """A tab's layout: its parts below each other, one of them taking the room that is left."""
    layout = column(*parts, spacing=2 * GRID)
    layout.setContentsMargins(0, 2 * GRID, 0, 0)
    layout.setStretch(stretch, 1)
    return layout


def scrolled(inner: QWidget, name: str) -> QScrollArea:
    """``inner`` in a scroll area that is as wide as its room."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setAccessibleName(name)
    inner.setProperty("page", True)
    area.setWidget(inner)
    return area


def beside(table: QWidget, detail: QWidget, sizes: Sequence[int] = (560, 330)) -> QSplitter:
    """A table with its details to the right."""
    split = QSplitter(Qt.Orientation.Horizontal)
    split.addWidget(table)
    split.addWidget(detail)
    detail.setMinimumWidth(260)
    split.setStretchFactor(0, 1)
    split.setChildrenCollapsible(False)
    split.setHandleWidth(2 * GRID)
    split.setSizes(list(sizes))
    return split


def by(stamp: Stamp) -> str:
    """Who, when, in which entry."""
    return f"{cut(stamp.person, 60)}, {stamp.at}, entry {stamp.entry}"
