"""The rail on the left: every page with its step's state; a workspace to go back and forth in, not a wizard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.session import StepStatus
from ui.theme import current
from ui.widgets.blocks import bold
from ui.widgets.chips import draw_chip

RAIL_WIDTH = 216
_ITEM_HEIGHT = 50
_LOW_HEIGHT = 30
_GROUP_HEIGHT = 24
_STATUS_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_REFERENCE_ROLE = int(Qt.ItemDataRole.UserRole) + 2
_NUMBER_ROLE = int(Qt.ItemDataRole.UserRole) + 3
_GROUP_ROLE = int(Qt.ItemDataRole.UserRole) + 4
_NO_PARENT = QModelIndex()


@dataclass(frozen=True, slots=True)
class RailEntry:
    """One line of the rail: ``number`` for steps, ``status`` is ``None`` for pages without a state."""

    title: str
    reference: str
    status: Callable[[], StepStatus | None]
    number: str = ""
    group: str = ""
    """The heading above it, on the first entry of a group."""


class RailModel(QAbstractListModel):
    """The entries; states are asked for when painted, and kept until they change: each looks at every finding."""

    def __init__(self, entries: Sequence[RailEntry], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries = tuple(entries)
        self._states: dict[int, StepStatus | None] = {}

    def states_changed(self) -> None:
        """Ask for the states again and repaint the chips."""
        self._states.clear()
        if self._entries:
            self.dataChanged.emit(self.index(0), self.index(len(self._entries) - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """Entries."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title, state, and both in a sentence for screen readers."""
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == _STATUS_ROLE:
            return self._state(index.row())
        if role == _REFERENCE_ROLE:
            return entry.reference
        if role == Qt.ItemDataRole.AccessibleTextRole:
            status = self._state(index.row())
            place = f", {entry.number} of {self.steps}" if entry.number else ""
            return f"{entry.title}{place}: {status.text}" if status else entry.title
        if role == _GROUP_ROLE:
            return entry.group
        if role == _NUMBER_ROLE:
            return entry.number
        return None

    def _state(self, at: int) -> StepStatus | None:
        if at not in self._states:
            self._states[at] = self._entries[at].status()
        return self._states[at]

    @property
    def steps(self) -> int:
        """How many of the entries are steps."""
        return sum(bool(entry.number) for entry in self._entries)


class _RailDelegate(QStyledItemDelegate):
    """Two lines: number and title with the working-paper letter, then the chip."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one entry."""
        theme = current()
        group = str(index.data(_GROUP_ROLE))
        box: QRect = option.rect.adjusted(8, _GROUP_HEIGHT if group else 1, -8, -1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if group:
            _draw_group(painter, option.rect, option.font, group)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.surface if chosen else theme.border))
            painter.drawRoundedRect(box, 8, 8)
        if chosen:
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRect(box.x(), box.y() + 10, 4, box.height() - 20), 2, 2)
        if chosen and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(theme.accent))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 8, 8)
        self._draw_words(painter, box, option.font, index)
        painter.restore()

    def _draw_words(
        self, painter: QPainter, box: QRect, font: QFont, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, status = current(), index.data(_STATUS_ROLE)
        first = (
            QRect(box.x() + 12, box.y() + 2, box.width() - 24, 22)
            if status
            else QRect(box.x() + 12, box.y() + 2, box.width() - 24, box.height() - 4)
        )
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        upright = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.drawText(first, upright, str(index.data(_NUMBER_ROLE)))
        painter.drawText(
            first,
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
            str(index.data(_REFERENCE_ROLE)),
        )
        painter.setPen(QColor(theme.text))
        painter.setFont(bold(font))
        painter.drawText(first.adjusted(20, 0, -20, 0), upright, str(index.data()))
        if status:
            draw_chip(
                painter, QRect(box.x() + 32, box.y() + 23, box.width() - 40, 24), status.text, status.state.tone, font
            )

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Every step is as high; pages without a state are lower; the first of a group has its heading above."""
        height = _ITEM_HEIGHT if index.data(_STATUS_ROLE) else _LOW_HEIGHT
        return QSize(RAIL_WIDTH, height + (_GROUP_HEIGHT if index.data(_GROUP_ROLE) else 0))


def _draw_group(painter: QPainter, room: QRect, font: QFont, name: str) -> None:
    """A rule, and below it what the entries that follow have in common."""
    theme, small = current(), QFont(font)
    small.setPointSizeF(font.pointSizeF() - 1)
    painter.setPen(QColor(theme.border))
    painter.drawLine(room.left() + 20, room.top() + 4, room.right() - 20, room.top() + 4)
    painter.setPen(QColor(theme.muted))
    painter.setFont(small)
    place = QRect(room.left() + 20, room.top() + 5, room.width() - 40, _GROUP_HEIGHT - 5)
    painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), name)


class StepRail(QListView):
    """The list itself; ``chosen`` carries the entry's position."""

    chosen = Signal(int)

    def __init__(self, entries: Sequence[RailEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("rail", True)
        self.setAccessibleName("Steps")
        self._rail_model = RailModel(entries, self)
        self.setModel(self._rail_model)
        self.setItemDelegate(_RailDelegate(self))
        self.setFixedWidth(RAIL_WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setViewportMargins(0, 8, 0, 8)
        self.selectionModel().currentChanged.connect(self._on_current_changed)

    def show_chosen(self, position: int) -> None:
        """Mark an entry as the page shown."""
        self.setCurrentIndex(self._rail_model.index(position))

    def states_changed(self) -> None:
        """Repaint the chips."""
        self._rail_model.states_changed()

    def _on_current_changed(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(now.row())
