"""Coverage: asset by asset, the chart beside its table; protection funds in a table of their own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

from auditor_app.amounts import Amount
from auditor_app.coverage.lines import CoverageLine, FundTotal
from auditor_app.engagement.record import Audit
from auditor_app.operation import CancelToken, Operation, Progress
from ui.models.columns import Column, Kind, chip_column, rate_column, text_column, units_column
from ui.pages.page import Page
from ui.text import amount
from ui.theme import Theme, Tone, current
from ui.widgets.blocks import GRID, column, label
from ui.widgets.chart import Chart
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _covers(item: CoverageLine) -> str:
    if item.difference is None:
        return "Not checked"
    return "Shortfall" if item.difference < 0 else "Covered"


def _covers_tone(item: CoverageLine) -> Tone:
    return {"Not checked": Tone.NEUTRAL, "Shortfall": Tone.BAD, "Covered": Tone.GOOD}[_covers(item)]


def _short_tone(item: CoverageLine) -> Tone | None:
    return Tone.BAD if item.difference is not None and item.difference < 0 else None


_COVERAGE = (
    text_column("Asset", lambda item: item.asset),
    chip_column("Result", _covers, _covers_tone),
    rate_column("Rate", lambda item: item.rate, note="Observed ÷ gross liabilities, rounded down to four decimals"),
    units_column("Difference", lambda item: item.difference, lambda item: item.decimals, tone=_short_tone, note="Observed less gross liabilities; negative is a shortfall"),
    units_column("Liabilities", lambda item: item.liabilities, lambda item: item.decimals, note="Gross over all ledgers: customers' debts are not netted"),
    units_column("Observed", lambda item: item.observed, lambda item: item.decimals),
    units_column("Claimed", lambda item: item.claimed, lambda item: item.decimals),
    units_column("Debts", lambda item: item.debts or None, lambda item: item.decimals, note="What customers owe; shown where there are any"),
    rate_column("Net rate", lambda item: item.net_rate, note="Against liabilities less debts, where there are debts"),
)  # fmt: skip


def _decimal_column(title: str, text: object) -> Column:
    def value(item: FundTotal) -> str | None:
        found: str | None = getattr(item, str(text))
        return found

    def shown(item: FundTotal) -> str:
        found = value(item)
        return amount(None if found is None else Amount.parse(found))

    def key(item: FundTotal) -> object:
        found = value(item)
        return None if found is None else Amount.parse(found).fraction()

    return Column(title, shown, lambda item: value(item) or "", key, Kind.AMOUNT)


def _met(item: FundTotal) -> str:
    return "Not valued" if item.met is None else "Target met" if item.met else "Below target"


_FUND_TOTALS = (
    text_column("Fund", lambda item: item.name, wide=True),
    text_column("Kind", lambda item: item.kind),
    text_column("Held", lambda item: item.custody),
    _decimal_column("Claimed", "claimed"),
    _decimal_column("Observed", "observed"),
    _decimal_column("Target", "target"),
    text_column("Unit", lambda item: item.unit),
    rate_column("Of target", lambda item: item.rate),
    chip_column("Result", _met, lambda item: Tone.NEUTRAL if item.met is None else Tone.GOOD if item.met else Tone.BAD),
)  # fmt: skip


class CoveragePage(Page):
    """Assets on the first tab with their chart, funds on the second."""

    def build(self) -> QWidget:
        """Two tabs."""
        self._drawn_for: tuple[Audit, Theme] | None = None
        self.coverage = TablePanel("Coverage by asset", _COVERAGE, self.desk.runner)
        self.chart = Chart("Coverage chart")
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.coverage)
        split.addWidget(self.chart)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.setStretchFactor(0, 1)
        self.funds = TablePanel("Protection funds", _FUND_TOTALS, self.desk.runner)
        apart = label(
            "Protection funds stand apart: they are never part of the reserves and never enter a rate above.", "muted"
        )
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Coverage and protection funds")
        self.tabs.tabBar().setAccessibleName("Coverage and protection funds")
        for title, items in (("Assets", (split,)), ("Protection funds", (apart, self.funds))):
            tab = QWidget()
            inner = column(*items, spacing=2 * GRID)
            inner.setContentsMargins(0, 2 * GRID, 0, 0)
            tab.setLayout(inner)
            self.tabs.addTab(tab, title)
        return self.tabs

    def tables(self) -> tuple[TablePanel, ...]:
        """Assets, funds."""
        return self.coverage, self.funds

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return "Coverage not calculated yet", "Open a snapshot and its evidence, then run the procedures (F5)."

    def show_audit(self, audit: Audit) -> None:
        """Tables and chart."""
        self.coverage.show_rows(audit.coverage)
        self.funds.show_rows(audit.fund_totals)
        self.tabs.setTabText(1, f"Protection funds  {len(audit.fund_totals)}")

    def refresh(self) -> None:
        """Draw the chart again for a new audit or another theme."""
        super().refresh()
        audit, theme = self.desk.case.audit, current()
        if audit is None or (
            self._drawn_for is not None and self._drawn_for[0] is audit and self._drawn_for[1] is theme
        ):
            return
        self._drawn_for = (audit, theme)
        self.chart.setVisible(any(line.rate is not None for line in audit.coverage))
        job = self.desk.runner.make(partial(_draw, audit.coverage, theme), "Drawing the chart")
        job.succeeded.connect(partial(self._on_drawn, audit, theme))
        job.start()

    def _on_drawn(self, audit: Audit, theme: Theme, figure: Figure) -> None:
        """Show the figure unless another audit or theme came in between."""
        if self._drawn_for is not None and self._drawn_for[0] is audit and self._drawn_for[1] is theme:
            self.chart.show_figure(figure, _description(audit.coverage))


def _draw(lines: tuple[CoverageLine, ...], theme: Theme, token: CancelToken) -> Operation[Figure]:
    """The core's figure in the theme's colours; matplotlib is imported here, in the worker thread."""
    yield Progress(0, 1, "charts", "Drawing the chart")
    import matplotlib.backends.backend_qtagg  # noqa: F401 the canvas will need it: half a second of imports

    from auditor_app.report.figures import Palette, coverage_figure

    token.check()
    palette = Palette(
        text=theme.text,
        muted=theme.muted,
        line=theme.strong_border,
        background=theme.surface,
        agrees=theme.tones[Tone.GOOD].text,
        shortfall=theme.tones[Tone.BAD].text,
    )
    return coverage_figure(lines, palette)


def _description(lines: tuple[CoverageLine, ...]) -> str:
    """The chart in words."""
    said = "; ".join(
        f"{line.asset} {line.rate} percent{', shortfall' if _covers(line) == 'Shortfall' else ''}"
        for line in lines
        if line.rate is not None
    )
    return f"Reserve rate by asset against the 100 percent line: {said}"
