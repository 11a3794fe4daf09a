"""A file or folder that is chosen, shown as a read-only field beside its button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from ui.widgets.blocks import button, row

Ask = Callable[[QWidget, Callable[[Path], None]], object]
"""Opens the dialog and hands over what was chosen."""


class FileChoice(QWidget):
    """At most one path; ``None`` until chosen."""

    chosen = Signal()

    def __init__(self, name: str, placeholder: str, ask: Ask, path: Path | None = None) -> None:
        super().__init__()
        self.path = path
        self._field = QLineEdit("" if path is None else str(path))
        self._field.setReadOnly(True)
        self._field.setAccessibleName(name)
        self._field.setPlaceholderText(placeholder)
        self.button: QPushButton = button("Choose…", lambda: ask(self, self.use))
        self.button.setAccessibleName(f"Choose: {name.lower()}")
        layout = row(self._field, self.button)
        layout.setContentsMargins(0, 0, 0, 0)
        self.setLayout(layout)
        self.setFocusProxy(self.button)

    def use(self, path: Path) -> None:
        """Take this one."""
        self.path = path
        self._field.setText(str(path))
        self._field.setCursorPosition(0)
        self.chosen.emit()
