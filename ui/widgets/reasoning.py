"""One switch for the explanatory prose of a page: the texts it governs are there, or take no room."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget

from ui.widgets.blocks import column, holder


class Reasoning:
    """The switch, and the texts that it shows and hides."""

    def __init__(self, name: str) -> None:
        self.switch = QCheckBox(name)
        self.switch.setChecked(True)
        self._held: list[QWidget] = []
        self.switch.toggled.connect(self._on_toggled)

    def hold(self, *texts: QWidget) -> QWidget:
        """``texts`` below each other in a widget that the switch governs; each may still hide itself."""
        held = holder(column(*texts, spacing=4))
        if not self.switch.isChecked():
            held.hide()
        self._held.append(held)
        return held

    def let_go(self, held: QWidget) -> None:
        """Governed no longer: it is about to go."""
        if held in self._held:
            self._held.remove(held)

    def _on_toggled(self, shown: bool) -> None:
        for held in self._held:
            held.setVisible(shown)
