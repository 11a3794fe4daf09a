"""A line edit that leaves the window its shortcuts: on X11 Qt would take Ctrl+E and Ctrl+K for editing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

THE_WINDOWS = frozenset({Qt.Key.Key_E, Qt.Key.Key_F, Qt.Key.Key_G, Qt.Key.Key_H, Qt.Key.Key_K, Qt.Key.Key_T})


class Line(QLineEdit):
    """Base of every field that is typed into."""

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
