"""Help in two columns: what is pressed or typed, and what it does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from ui.theme import mono_font
from ui.widgets.blocks import GRID, button, column, label, row, show_text


class WordsDialog(QDialog):
    """One line an entry: four blanks separate its two parts; a line without them stands below, across both."""

    def __init__(self, parent: QWidget, title: str, text: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        lines = QGridLayout()
        lines.setHorizontalSpacing(3 * GRID)
        lines.setVerticalSpacing(6)
        for at, line in enumerate(filter(None, text.splitlines())):
            typed, between, does = line.partition("    ")
            if between:
                left = label()
                left.setFont(mono_font())
                show_text(left, typed)
                lines.addWidget(left, at, 0)
                lines.addWidget(label(does), at, 1)
            else:
                lines.addWidget(label(line, "muted", wrap=True), at, 0, 1, 2)
        self.done_with = button("Close", self.accept, primary=True)
        self.setLayout(column(label(title, "title"), lines, row(1, self.done_with), spacing=2 * GRID, margins=3 * GRID))
