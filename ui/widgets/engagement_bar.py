"""The open engagement in the status bar: its file, whether entries can be made, and who acts."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.binder import Binder
from ui.text import cut, menu_text, tooltip
from ui.widgets.blocks import GRID, button, row
from ui.widgets.chips import Chip


class EngagementIndicator(QWidget):
    """A chip for the file and a button for the person; hidden while no engagement is open."""

    def __init__(self, binder: Binder) -> None:
        super().__init__()
        self._binder = binder
        self.chip = Chip()
        self.person = button("", binder.ask_who_acts, link=True)
        self.person.setAccessibleName("Who acts")
        layout = row(self.chip, self.person, spacing=GRID)
        layout.setContentsMargins(GRID, 0, GRID, 0)
        self.setLayout(layout)
        self.hide()
        binder.changed.connect(self._show)

    def _show(self) -> None:
        binder, papers, path = self._binder, self._binder.papers, self._binder.path
        if papers is None or path is None:
            self.hide()
            return
        state = binder.state
        self.chip.say(f"{cut(path.name, 28)}: {state.value[0].lower()}", state.tone)
        self.chip.setToolTip(tooltip(f"{path}. {binder.why_read_only}".strip()))
        acts = cut(binder.author, 28) if binder.author else "choose who acts"
        self.person.setText(menu_text(f"Acting: {acts}"))
        self.person.setAccessibleName(f"Who acts: {acts}")
        self.person.setToolTip(tooltip(binder.author or "Entries name a person of the engagement."))
        self.person.setVisible(binder.writable)
        self.show()
