"""The room in which one of many pages stands at a time."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class PageRoom(QWidget):
    """Shows one of its pages as large as itself, and leaves the hidden ones alone.

    A ``QStackedWidget`` stops and starts the painting of every widget in all of its pages, and asks all of them how large
    they want to be, whenever another one comes to the front: with fifteen pages that was felt.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[QWidget] = []
        self._shown: QWidget | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def addWidget(self, page: QWidget) -> None:
        """Take in one more page; it stays hidden."""
        page.hide()
        page.setParent(self)
        page.setGeometry(self.rect())
        self._pages.append(page)

    def count(self) -> int:
        """How many there are."""
        return len(self._pages)

    def currentWidget(self) -> QWidget | None:
        """The page on screen."""
        return self._shown

    def setCurrentWidget(self, page: QWidget) -> None:
        """Show another page; a keyboard that was in the page before goes along."""
        before = self._shown
        if page is before:
            return
        self._shown = page
        focused: QWidget | None = self.window().focusWidget()
        page.setGeometry(self.rect())
        page.show()
        page.raise_()
        if before is not None:
            if focused is not None and before.isAncestorOf(focused):
                _focus(page)
            before.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The page on screen is as large as the room."""
        super().resizeEvent(event)
        if self._shown is not None:
            self._shown.setGeometry(self.rect())


def _focus(page: QWidget) -> None:
    """Where the keyboard was when the page was on screen last, else its first control that takes it."""
    wanted: QWidget | None = page.focusWidget()
    if wanted is None:
        takes = Qt.FocusPolicy.TabFocus
        wanted = next((item for item in page.findChildren(QWidget) if item.focusPolicy() & takes and item.isVisible() and item.isEnabled()), page)  # fmt: skip
    wanted.setFocus(Qt.FocusReason.OtherFocusReason)
