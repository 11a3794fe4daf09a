"""The offline indicator: whether this program may open a connection, and to whom, shown all the time."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.connections import Connections
from ui.endpoints import inspect
from ui.text import tooltip
from ui.theme import Tone
from ui.widgets.blocks import row
from ui.widgets.chips import Chip


class OfflineIndicator(QWidget):
    """A chip in the status bar; it says *Offline* exactly where no :class:`~ui.connections.Permission` can be made."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections
        self.chip = Chip("Offline", Tone.GOOD)
        layout = row(self.chip)
        layout.setContentsMargins(8, 0, 8, 0)
        self.setLayout(layout)
        connections.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        permission = self._connections.permission()
        if permission is None:
            self.chip.say("Offline", Tone.GOOD)
            self.setAccessibleName("Offline: no connection is opened")
            why = "Nothing in this window opens a connection. Files are read on this machine only."
        else:
            hosts = ", ".join(dict.fromkeys(inspect(item).netloc for item in permission.endpoints))
            self.chip.say("Online when asked", Tone.INFO)
            self.setAccessibleName("Online when asked: connections to configured endpoints only")
            why = f"Only a capture or a live check that you start opens a connection, and only to {hosts}."
        self.setToolTip(tooltip(why))
