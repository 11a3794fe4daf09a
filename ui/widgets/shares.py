"""Shares of value on a page: the core's stacked bars, and beside them the table of exact amounts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from auditor_app.coverage.shares import ValueParts
from ui.jobs import JobRunner
from ui.models.columns import Column, Kind, text_column
from ui.text import ABSENT, amount
from ui.theme import Theme, current
from ui.widgets.blocks import GRID, label
from ui.widgets.chart import Chart
from ui.widgets.chart_palette import chart_palette
from ui.widgets.table_panel import TablePanel

_MOST_HEIGHT = 320
_PIXELS_PER_INCH = 104


class SharesPanel(QWidget):
    """One figure and its table; drawn for each new run and theme, when it is first looked at."""

    def __init__(self, title: str, words: str, kinds: Sequence[str], runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._lines: tuple[ValueParts, ...] = ()
        self._scale = ""
        self._drawn: tuple[tuple[ValueParts, ...], Theme] | None = None
        self.chart = Chart(title, runner)
        room = QScrollArea()
        room.setWidgetResizable(True)
        room.setFrameShape(QFrame.Shape.NoFrame)
        room.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the table below says the same to a keyboard
        room.setAccessibleName(f"{title}: chart")
        room.setWidget(self.chart)
        self.table = TablePanel(title, _columns(kinds), runner, filterable=False)
        self._room = room
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(label(words, "muted", wrap=True))
        layout.addWidget(room)
        layout.addWidget(self.table, 1)

    def show_lines(self, lines: tuple[ValueParts, ...], scale: str) -> None:
        """Other shares; ``scale`` is the name of the core's scale for them."""
        self._lines, self._scale = lines, scale
        self.table.show_rows(lines)
        self.draw()

    def draw(self) -> None:
        """Draw what is new since the last time, if this can be seen."""
        wanted = (self._lines, current())
        if not self.isVisible() or wanted == self._drawn:
            return
        self._drawn = wanted
        self._room.setVisible(bool(self._lines))
        if self._lines:
            from auditor_app.report import share_figures

            scale = {"grade": share_figures.GRADE_SCALE, "control": share_figures.CONTROL_SCALE}[self._scale]
            height = round(share_figures.inches_high(self._lines) * _PIXELS_PER_INCH) + 2 * GRID
            self.chart.setMinimumHeight(height)
            self._room.setFixedHeight(min(height, _MOST_HEIGHT))
            make = partial(share_figures.share_figure, self._lines, scale, chart_palette(current()))
            self.chart.show_figure(make, share_figures.share_alternative(self._lines, scale))

    def showEvent(self, event: object) -> None:
        """Seen for the first time, or again."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.draw()


def _columns(kinds: Sequence[str]) -> tuple[Column, ...]:
    parts = [_part(kind, at) for at, kind in enumerate(kinds)]
    return (text_column("Asset", lambda item: item.asset), _value(), *parts)


def _value() -> Column:
    return Column(
        "Value", lambda item: amount(item.total), lambda item: item.total.plain(), lambda item: item.total.fraction(), Kind.AMOUNT, gives_way=1
    )  # fmt: skip


def _part(kind: str, at: int) -> Column:
    def shown(item: ValueParts) -> str:
        part = item.amounts[at]
        return f"{amount(part)}   {item.percent(at)} %" if part.units else ABSENT

    def key(item: ValueParts) -> object:
        total = item.total.fraction()
        return item.amounts[at].fraction() / total if total else None

    return Column(
        kind, shown, lambda item: item.amounts[at].plain(), key, Kind.AMOUNT, note="Exact, and as a share rounded down"
    )
