"""Small building blocks of every page: plain-text labels, cards, banners, buttons on an 8-pixel grid."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui.text import menu_text, sentence_case, visible
from ui.theme import Tone

GRID = 8
_READING_WIDTH = 560


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label that shows its text literally; ``role`` is ``title``, ``section``, ``muted`` or ``overline``."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(visible(text))
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def show_text(target: QLabel, text: str) -> None:
    """Put other text into a label; an empty one takes no room."""
    target.setText(visible(text))
    if target.parentWidget() is not None or not text:  # without a parent it would flash up as a window
        target.setVisible(bool(text))


def button(text: str, clicked: Callable[[], object], *, primary: bool = False, link: bool = False) -> QPushButton:
    """A push button; one primary per page at most."""
    made = QPushButton(menu_text(text))
    made.setProperty("primary", primary)
    made.setProperty("link", link)
    made.setAutoDefault(False)
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    made.clicked.connect(lambda: clicked())
    return made


def column(*items: QWidget | QLayout | int, spacing: int = GRID, margins: int = 0) -> QVBoxLayout:
    """A vertical layout; an integer is a stretch."""
    layout = QVBoxLayout()
    _fill(layout, items, spacing, margins)
    return layout


def choice(name: str) -> QComboBox:
    """A combo box whose list is named as well."""
    made = QComboBox()
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    made.setAccessibleName(name)
    made.setItemDelegate(QStyledItemDelegate(made))  # the default one knows no style sheet
    made.view().setAccessibleName(f"{name}: choices")
    return made


def row(*items: QWidget | QLayout | int, spacing: int = GRID, margins: int = 0) -> QHBoxLayout:
    """A horizontal layout; an integer is a stretch."""
    layout = QHBoxLayout()
    _fill(layout, items, spacing, margins)
    return layout


def card(layout: QBoxLayout) -> QFrame:
    """A framed surface with room around its contents."""
    frame = QFrame()
    frame.setProperty("card", True)
    layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
    frame.setLayout(layout)
    return frame


def holder(layout: QBoxLayout) -> QWidget:
    """A bare widget around a layout, to show and hide it as one."""
    widget = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    widget.setLayout(layout)
    return widget


def tabs(name: str) -> QTabWidget:
    """Tabs whose bar is named as well."""
    made = QTabWidget()
    for bar in (made, made.tabBar()):
        bar.setAccessibleName(name)
    made.tabBar().setDrawBase(False)
    return made


def tab_of(*parts: QWidget, stretch: int = -1) -> QWidget:
    """One tab: its parts below each other, one of them (the last, unless told) taking the room that is left."""
    layout = column(*parts, spacing=2 * GRID)
    layout.setStretch(stretch % len(parts), 1)
    tab = holder(layout)
    layout.setContentsMargins(0, 2 * GRID, 0, 0)
    return tab


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at changed properties again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def bold(font: QFont) -> QFont:
    """The same font, semi-bold."""
    heavier = QFont(font)
    heavier.setWeight(QFont.Weight.DemiBold)
    return heavier


class Banner(QFrame):
    """A toned strip with a heading, a sentence and at most a few buttons."""

    def __init__(self) -> None:
        super().__init__()
        self._heading = label(wrap=True)
        self._heading.setProperty("role", "section")
        self._text = label(wrap=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GRID)
        words = column(self._heading, self._text, spacing=4)
        layout = row(words, self._buttons, spacing=2 * GRID, margins=2 * GRID)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)  # Maximum would cut wrapped text
        self.hide()

    def add_button(self, made: QPushButton) -> None:
        """One more thing to do about it."""
        self._buttons.addWidget(made)

    def say(self, tone: Tone, heading: str, text: str) -> None:
        """Show it."""
        text = sentence_case(text)
        self.setProperty("tone", tone.value)
        for item in (self._heading, self._text):
            item.setProperty("ink", tone.value)
        show_text(self._heading, heading)
        show_text(self._text, text)
        self.setAccessibleName(visible(f"{heading}. {text}"))
        restyle(self)
        restyle(self._heading)
        restyle(self._text)
        self.show()

    @property
    def text(self) -> str:
        """What it says, for tests and screen readers."""
        return f"{self._heading.text()} {self._text.text()}"


class EmptyState(QFrame):
    """Where there is nothing yet: says what would stand here and what to do next."""

    def __init__(self, heading: str, text: str, *buttons: QPushButton) -> None:
        super().__init__()
        self._heading = label(heading, "section")
        self._heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = label(text, "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setMaximumWidth(_READING_WIDTH)
        layout = QVBoxLayout(self)
        layout.setSpacing(GRID)
        layout.addStretch(2)
        layout.addWidget(self._heading)
        middle = row(1, self._text, 1)
        middle.setStretch(1, 100)  # as wide as it may be, up to the reading width
        layout.addLayout(middle)
        if buttons:
            layout.addSpacing(GRID)
            layout.addLayout(row(1, *buttons, 1))
        layout.addStretch(3)

    def say(self, heading: str, text: str) -> None:
        """Say something else."""
        show_text(self._heading, heading)
        show_text(self._text, sentence_case(text))


def _fill(layout: QBoxLayout, items: tuple[QWidget | QLayout | int, ...], spacing: int, margins: int) -> None:
    layout.setSpacing(spacing)
    layout.setContentsMargins(margins, margins, margins, margins)
    for item in items:
        if isinstance(item, int):
            layout.addStretch(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)
