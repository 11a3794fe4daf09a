"""The core's matplotlib figure on a page; matplotlib itself is imported when the first one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Chart(QFrame):
    """Holds at most one canvas; a new figure replaces it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName(name)
        self._canvas: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 8, 8, 8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(180)

    def show_figure(self, figure: Figure, description: str) -> None:
        """Show a figure; ``description`` is its alternative text."""
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg

        self.clear()
        canvas: QWidget = FigureCanvasQTAgg(figure)  # type: ignore[no-untyped-call]
        canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.setAccessibleName(description)
        self._canvas = canvas
        self._layout.addWidget(canvas)
        self.setAccessibleDescription(description)

    def clear(self) -> None:
        """Show nothing."""
        if self._canvas is not None:
            self._layout.removeWidget(self._canvas)
            self._canvas.deleteLater()
            self._canvas = None

    def sizeHint(self) -> QSize:
        """A comfortable chart."""
        return QSize(640, 280)
