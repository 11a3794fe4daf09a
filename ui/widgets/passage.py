"""A text to read, as high as it is long: unbroken digits and addresses are wrapped too, not cut at the edge."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from ui.text import visible


class Passage(QPlainTextEdit):
    """Read-only and plain; a label breaks lines between words only. Copying gives the text without breaks."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("passage", True)
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.document().setDocumentMargin(0)
        self.setMinimumWidth(120)
        self.viewport().setAutoFillBackground(False)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def say(self, text: str) -> None:
        """Show another text; an empty one takes no room."""
        shown = visible(text)
        if shown != self.text():
            self.setPlainText(shown)
        self._fit()
        if self.parentWidget() is not None or not text:  # without a parent it would flash up as a window
            self.setVisible(bool(text))

    def text(self) -> str:
        """What it says."""
        return self.toPlainText()

    def sizeHint(self) -> QSize:
        """As wide as it may be, as high as its lines."""
        return QSize(super().sizeHint().width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other widths have other lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self, *_: object) -> None:
        lines = max(1, int(self.document().size().height()))
        height = lines * self.fontMetrics().lineSpacing() + 2
        if height != self.minimumHeight():
            self.setFixedHeight(height)
