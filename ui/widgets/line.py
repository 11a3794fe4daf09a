"""A line edit that leaves the window its shortcuts, and says which characters of its text do not show.

On X11 Qt would take Ctrl+E and Ctrl+K for editing. A line edit obeys characters that turn the direction of writing, so that
``abc`` may stand there as ``cba``: where a text holds any, the field's right end names them.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ui.text import disguised
from ui.theme import Tone, current

THE_WINDOWS = frozenset({Qt.Key.Key_E, Qt.Key.Key_F, Qt.Key.Key_G, Qt.Key.Key_H, Qt.Key.Key_K, Qt.Key.Key_T})
_GAP = 6


class Line(QLineEdit):
    """Base of every field that is typed into."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hidden = ""
        self.textChanged.connect(self._look)

    @property
    def hidden(self) -> str:
        """What stands at the right end: the characters that do not show, as escapes."""
        return self._hidden

    def event(self, event: QEvent) -> bool:
        """Let the window have its own key combinations."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
            and event.key() in THE_WINDOWS
        ):
            event.ignore()
            return False
        return bool(super().event(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, and what of it does not show."""
        super().paintEvent(event)
        if self._hidden:
            pair = current().tones[Tone.WARN]
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(pair.fill))
            room = self._room()
            painter.drawRoundedRect(room, 4, 4)
            painter.setPen(QColor(pair.text))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), self._hidden)
            painter.end()

    def _room(self) -> QRect:
        width = self.fontMetrics().horizontalAdvance(self._hidden) + 2 * _GAP
        return QRect(self.width() - width - _GAP, 4, width, self.height() - 8)

    def _look(self, text: str) -> None:
        found = disguised(text)
        said = f"holds {found}" if found else ""
        if said != self._hidden:
            self._hidden = said
            self.setTextMargins(0, 0, self._room().width() + _GAP if said else 0, 0)
            self.setAccessibleDescription(said)
            self.update()
