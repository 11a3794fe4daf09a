"""History: an issuer's snapshots in this engagement, one after the other: rates, rows, addresses, what should not have changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QPushButton, QSplitter

from auditor_app.engagement.file import EngagementFile
from auditor_app.engagement.history import AssetPoint, History, Link, Movement, SnapshotPoint
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.operation import CancelToken, Operation, Progress
from ui.models.columns import chip_column, count_column, hash_column, rate_column, text_column, units_column
from ui.pages.page import Building, Page
from ui.papers.paper import scrolled
from ui.text import cut
from ui.theme import Tone, current
from ui.widgets.blocks import GRID, Banner, button, choice, column, label, row, tab_of, tabs
from ui.widgets.chart import Chart
from ui.widgets.chart_palette import chart_palette
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class _Line:
    """One snapshot with what moved since the one before."""

    point: SnapshotPoint
    moved: Movement | None
    chained: Link


@dataclass(frozen=True, slots=True)
class _Rate:
    """One asset of one snapshot."""

    as_of: str
    item: AssetPoint


@dataclass(frozen=True, slots=True)
class Shown:
    """The history, and its figure in words."""

    history: History
    words: str


_CHAINED = {
    "in order": ("In order", Tone.GOOD),
    "broken": ("See findings", Tone.BAD),
    "first": ("First here", Tone.NEUTRAL),
}
_SNAPSHOTS = (
    text_column("As of (UTC)", lambda item: item.point.as_of),
    count_column("Sequence", lambda item: item.point.sequence),
    text_column("Snapshot", lambda item: item.point.snapshot_id, yields=True),
    chip_column("Chain", lambda item: _CHAINED[item.chained][0], lambda item: _CHAINED[item.chained][1]),
    count_column("Leaves", lambda item: sum(rows for _, rows in item.point.leaf_counts)),
    count_column("Addresses", lambda item: len(item.point.accounts)),
    count_column("Came", lambda item: None if item.moved is None else len(item.moved.came)),
    count_column("Went", lambda item: None if item.moved is None else len(item.moved.went)),
    hash_column("Payload SHA-256", lambda item: item.point.payload_sha256, ends=1),
    hash_column("Previous payload", lambda item: item.point.previous, ends=1),
)
_RATES = (
    text_column("As of (UTC)", lambda item: item.as_of),
    text_column("Asset", lambda item: item.item.asset),
    rate_column("Rate", lambda item: item.item.rate, note="Observed ÷ gross liabilities, rounded down"),
    units_column("Liabilities", lambda item: item.item.liabilities, lambda item: item.item.decimals),
    units_column("Observed", lambda item: item.item.observed, lambda item: item.item.decimals),
)
_FINDINGS = (
    chip_column("Severity", lambda item: item.severity.value.capitalize(), lambda item: Tone.BAD if item.counts else Tone.WARN),
    text_column("Code", lambda item: item.code),
    text_column("Subject", lambda item: item.subject, yields=True),
    text_column("What was observed", lambda item: item.message, wide=True),
)  # fmt: skip
_REPEATED = (
    hash_column("Signature SHA-256", lambda item: item.sha256, ends=1),
    text_column("Accounts", lambda item: ", ".join(item.accounts), wide=True),
    text_column("Seen as of", lambda item: ", ".join(item.seen), wide=True),
    chip_column("Every snapshot", lambda item: "Yes" if item.every else "No", lambda item: Tone.WARN if item.every else Tone.NEUTRAL),
)  # fmt: skip


def read_history(issuer: str, book: EngagementFile, token: CancelToken) -> Operation[Shown]:
    """The core's history of one issuer."""
    yield Progress(0, None, "snapshots", "Reading the history")
    from auditor_app.engagement.history import history_of
    from auditor_app.report.history_figure import in_words

    history = history_of(book, issuer)
    token.check()
    return Shown(history, in_words(history))


_CHART_AND_TABLE = 340


class HistoryPage(Page):
    """Rates, snapshots, findings."""

    def build(self) -> Building:
        """Three tabs below the choice of an issuer."""
        self._read_for: tuple[object, ...] = ()
        self.run_again.hide()
        self.issuer = choice("Issuer")
        self.issuer.currentIndexChanged.connect(self._on_issuer)
        self.problem = Banner()
        self.tabs = tabs("Rates, snapshots, findings")
        words = label("Issuer")
        words.setBuddy(self.issuer)
        layout = column(row(words, self.issuer, 1, spacing=2 * GRID), self.problem, self.tabs, spacing=2 * GRID)
        layout.setStretch(2, 1)
        self.content.setLayout(layout)
        runner = self.desk.runner
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        self.chart = Chart("Reserve rates over time", runner)
        split.addWidget(self.chart)
        self.rates = TablePanel("Rates by snapshot and asset", _RATES, runner)
        split.addWidget(self.rates)
        split.setMinimumHeight(_CHART_AND_TABLE)  # what has no room is scrolled to: the table would lie under the chart
        self.tabs.addTab(tab_of(scrolled(split, "Rates: chart and table")), "Rates")
        yield
        self.snapshots = TablePanel("Snapshots, oldest first", _SNAPSHOTS, runner, reads=_moved)
        self.tabs.addTab(tab_of(self.snapshots), "Snapshots")
        yield
        self.findings = TablePanel("Findings", _FINDINGS, runner, filterable=False, reads=lambda item: f"{item.message} Expected {item.expected or '–'}, observed {item.observed or '–'}.")  # fmt: skip
        self.repeated = TablePanel("Signatures of control seen in several snapshots", _REPEATED, runner)
        findings = tab_of(self.findings, self.repeated, stretch=0)
        self.tabs.addTab(findings, "Findings")
        yield

    def empty_buttons(self) -> tuple[QPushButton, ...]:
        """What to do first."""
        return (button("Open engagement…", self.desk.open_engagement, primary=True),)

    def tables(self) -> tuple[TablePanel, ...]:
        """All of them."""
        return self.rates, self.snapshots, self.findings, self.repeated

    def show_audit(self, audit: Audit) -> None:
        """Nothing here comes from the run on screen alone."""

    def refresh(self) -> None:
        """Read the runs again where the journal has grown, the issuer or the theme changed."""
        papers = self.desk.binder.papers
        if papers is None or not papers.runs:
            heading = "No engagement is open" if papers is None else "No run is recorded yet"
            self._read_for = ()
            self.empty.say(heading, "The history sets the recorded runs of one issuer's snapshots beside each other: rates, rows, addresses that came and went, roots that changed for a past date.")  # fmt: skip
            self.show_content(False)
            return
        self._fill_issuers(papers)
        wanted = (papers.identity, papers.runs, self.issuer.currentData(), current())
        if wanted != self._read_for:
            self._read_for = wanted
            work = partial(read_history, self.issuer.currentData())
            self.desk.binder.read("Reading the history", work, self._on_read, self._on_failed)
        self.hide_amounts(self.desk.settings.hide_amounts)
        self.show_content(True)

    def refresh_status(self) -> None:
        """A run's progress is none of this page's."""

    def _fill_issuers(self, papers: Papers) -> None:
        names = sorted({run.action.subject.issuer for run in papers.runs})
        if [self.issuer.itemData(at) for at in range(self.issuer.count())] == names:
            return
        kept = self.issuer.currentData()
        with QSignalBlocker(self.issuer):
            self.issuer.clear()
            for name in names:
                self.issuer.addItem(cut(name, 60), name)
            self.issuer.setCurrentIndex(max(0, names.index(kept) if kept in names else 0))

    def _on_issuer(self, *_: object) -> None:
        self.refresh()

    def _on_read(self, shown: Shown) -> None:
        history = shown.history
        self.problem.hide()
        if len(history.points) < 2:
            self.problem.say(Tone.INFO, "One snapshot so far", "Run the procedures on another snapshot of this issuer inside the engagement: it will stand beside this one.")  # fmt: skip
        from auditor_app.report.history_figure import rates_figure

        self.chart.show_figure(partial(rates_figure, history, chart_palette(current())), shown.words)
        self.rates.show_rows(tuple(_Rate(point.as_of, item) for point in history.points for item in point.assets))
        self.snapshots.show_rows(
            tuple(_Line(item, history.movement(item), history.link(item)) for item in history.points)
        )
        self.findings.show_rows(history.findings)
        self.repeated.show_rows(history.repeated)
        self.tabs.setTabText(2, f"Findings  {len(history.findings)}")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.BAD, "The history could not be read", error.sentence())


def _moved(line: _Line) -> str:
    """Accounts that came and went since the snapshot before."""
    counts = ", ".join(f"{name} {rows:,}" for name, rows in line.point.leaf_counts)
    if line.moved is None:
        return f"Leaves: {counts}."
    came, went = (", ".join(items) or "none" for items in (line.moved.came, line.moved.went))
    return f"Leaves: {counts}. Came: {came}. Went: {went}."
