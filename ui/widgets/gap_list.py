"""What keeps a report from being final: one button a thing, and each takes the person to where it is supplied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui.text import cut, menu_text
from ui.widgets.blocks import GRID, button, column, label, show_text

if TYPE_CHECKING:
    from auditor_app.report.elements import Gap

_LONGEST = 110
_LINE = 36


class GapList(QFrame):
    """Heading with the number, then the buttons."""

    def __init__(self, go: Callable[[Gap], object]) -> None:
        super().__init__()
        self._go = go
        self.buttons: list[QPushButton] = []
        self.setProperty("card", True)
        self._heading = label("", "section", wrap=True)
        self._hint = label("Press one to go to where it is supplied.", "muted", wrap=True)
        inner = QWidget()
        self._rows = QVBoxLayout(inner)
        self._rows.setSpacing(0)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inner)
        inner.setProperty("page", True)
        self._area.setAccessibleName("What keeps the report a draft")
        self.setLayout(column(self._heading, self._hint, self._area, margins=2 * GRID))

    def show_gaps(self, gaps: Sequence[Gap]) -> None:
        """Show these instead."""
        for old in self.buttons:
            self._rows.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.buttons = []
        for at, gap in enumerate(gaps):
            text = f"{gap.text[:1].upper()}{gap.text[1:]}"
            made = button("", partial(self._go, gap), link=True)
            made.setText("\n".join(menu_text(line) for line in wrap(cut(text, _LONGEST), _LINE)))
            made.setAccessibleName(f"Go to: {text}")
            made.setToolTip(cut(text, 300))
            self._rows.insertWidget(at, made)
            self.buttons.append(made)
        show_text(self._heading, f"Keeps it a draft  {len(gaps)}" if gaps else "Nothing keeps it a draft")
        show_text(self._hint, "Press one to go to where it is supplied." if gaps else "Every element, note and sign-off that a final report needs is there.")  # fmt: skip
