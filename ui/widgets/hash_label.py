"""A digest or an account on a page: short on screen, whole on copy; a digest in groups of four."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from ui.text import groups, short_hash, short_middle, tooltip, visible
from ui.theme import current, mono_font

_ACCOUNT_ENDS = 17
_LARGE_LINE = 32
_LARGE_POINTS = (15.0, 13.0, 11.5, 10.0)
_SPACING = 8


class HashLabel(QWidget):
    """Monospaced, focusable, Ctrl+C and a Copy button give all of it."""

    def __init__(
        self, name: str, digest: str = "", *, whole: bool = False, account: bool = False, large: bool = False
    ) -> None:
        """``large`` is for comparing by eye: in lines of 32 digits, as large as there is room for, so that none is cut off."""
        super().__init__()
        self._digest = ""
        self._whole = whole
        self._account = account
        self._shown = QLabel()
        self._shown.setTextFormat(Qt.TextFormat.PlainText)
        font = mono_font()
        font.setPointSizeF(_LARGE_POINTS[0] if large else font.pointSizeF())
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
        layout.setSpacing(_SPACING)
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
            self._shown.setText(self._in_lines(safe) if self._whole else short_hash(safe))
            self._fit()
        self._shown.setToolTip(tooltip(digest if self._account else groups(digest)))
        self.setAccessibleDescription(safe)
        self._copy.setEnabled(bool(digest))

    def _in_lines(self, digits: str) -> str:
        step = _LARGE_LINE if self._large else len(digits) or 1
        return "\n".join(groups(digits[at : at + step]) for at in range(0, len(digits), step))

    def _beside(self) -> int:
        """What stands beside the digits."""
        return self._copy.sizeHint().width() + 2 * _SPACING

    def minimumSizeHint(self) -> QSize:
        """A large digest asks for its smallest size only."""
        least = super().minimumSizeHint()
        if self._large and self._whole:
            least.setWidth(min(least.width(), self._wide(_LARGE_POINTS[-1]) + self._beside()))
        return least

    def _wide(self, points: float) -> int:
        """How wide the longest line is at that size."""
        font = self._shown.font()
        font.setPointSizeF(points)
        longest = min(len(self._digest), _LARGE_LINE)
        return QFontMetrics(font).horizontalAdvance(groups("0" * longest))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As large as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if not (self._large and self._whole):
            return
        room = self.width() - self._beside()
        points = next((points for points in _LARGE_POINTS if self._wide(points) <= room), _LARGE_POINTS[-1])
        font = self._shown.font()
        if font.pointSizeF() != points:
            font.setPointSizeF(points)
            self._shown.setFont(font)

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
