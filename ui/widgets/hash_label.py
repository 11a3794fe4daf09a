"""A digest or an account on a page: short on screen, whole on copy; a digest in groups of four."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from ui.text import groups, short_hash, short_middle, tooltip, visible
from ui.theme import current, mono_font

_ACCOUNT_ENDS = 17
_LARGE_LINE = 32
_LARGE_POINTS = 15


class HashLabel(QWidget):
    """Monospaced, focusable, Ctrl+C and a Copy button give all of it."""

    def __init__(
        self, name: str, digest: str = "", *, whole: bool = False, account: bool = False, large: bool = False
    ) -> None:
        """``large`` is for comparing by eye: in lines of 32 digits, so that none is cut off."""
        super().__init__()
        self._digest = ""
        self._whole = whole
        self._account = account
        self._shown = QLabel()
        self._shown.setTextFormat(Qt.TextFormat.PlainText)
        font = mono_font()
        font.setPointSizeF(_LARGE_POINTS if large else font.pointSizeF())
        self._shown.setFont(font)
        self._large = large
        self._copy = QToolButton()
        self._copy.setText("Copy")
        self._copy.setProperty("quiet", True)
        self._copy.setAccessibleName(f"Copy {name}")
        self._copy.clicked.connect(self.copy)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._shown)
        layout.addWidget(self._copy)
        layout.addStretch(1)
        self.show_digest(digest)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A ring around the digits that have the keyboard."""
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(current().accent), 2))
            painter.drawRoundedRect(self.ring, 6, 6)
            painter.end()

    @property
    def ring(self) -> QRect:
        """Where it is drawn."""
        return self._shown.geometry().adjusted(-4, 0, 4, 0).intersected(self.rect().adjusted(1, 1, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Draw the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take it away."""
        super().focusOutEvent(event)
        self.update()

    def show_digest(self, digest: str) -> None:
        """Show another digest."""
        self._digest = digest
        safe = visible(digest)
        if self._account:
            self._shown.setText(short_middle(digest, _ACCOUNT_ENDS))
        else:
            lines = [safe[at : at + _LARGE_LINE] for at in range(0, len(safe), _LARGE_LINE)] if self._large else [safe]
            self._shown.setText("\n".join(map(groups, lines)) if self._whole else short_hash(safe))
        self._shown.setToolTip(tooltip(digest if self._account else groups(digest)))
        self.setAccessibleDescription(safe)
        self._copy.setEnabled(bool(digest))

    @property
    def shown(self) -> str:
        """What stands on screen."""
        return self._shown.text()

    def copy(self) -> None:
        """Put the whole digest on the clipboard."""
        QGuiApplication.clipboard().setText(self._digest)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """A menu with Copy."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy", self.copy)
        menu.popup(event.globalPos())
