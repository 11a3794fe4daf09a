"""The offline indicator: this program opens no connection, and says so all the time."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.text import tooltip
from ui.theme import Tone
from ui.widgets.blocks import row
from ui.widgets.chips import Chip


class OfflineIndicator(QWidget):
    """A chip in the status bar."""

    def __init__(self) -> None:
        super().__init__()
        self.chip = Chip("Offline", Tone.GOOD)
        layout = row(self.chip)
        layout.setContentsMargins(8, 0, 8, 0)
        self.setLayout(layout)
        self.setAccessibleName("Offline: no connection is opened")
        self.setToolTip(tooltip("Nothing in this window opens a connection. Files are read on this machine only."))
