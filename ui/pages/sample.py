"""Sample: plan it, commit to it, draw it when the randomness is public, and look at each item."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtWidgets import QFormLayout, QTabWidget, QWidget

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.sampling.result import SampleResult
from ui import prompts
from ui.jobs import Job
from ui.models.columns import address_column, chip_column, count_column, text_column
from ui.pages.page import Page
from ui.sampling_work import PlanInput, PlanShown, commit_sample, plan_sample
from ui.text import count
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, choice, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.hash_label import HashLabel
from ui.widgets.table_panel import TablePanel

_METHODS = (
    ("hypergeometric", "Hypergeometric: exact for a population of this size"),
    ("binomial", "Binomial: as if the population had no end"),
    ("poisson", "Poisson: the usual approximation"),
)
_SOURCES = (
    ("drand:quicknet:", "drand round", "round number, later than now", "drand:", "ROUND:SIGNATURE (hex)"),
    ("block:", "Block hash", "CHAIN:HEIGHT, for instance bitcoin:921500", "block:", "block hash (64 hex digits)"),
    ("dice", "Public dice", "", "dice:", "at least 20 digits from 1 to 6"),
    ("secrets:", "Two secrets", "SHA-256 of yours : SHA-256 of the client's", "secrets:", "your secret : the client's secret (hex)"),
)  # fmt: skip
_PAUSE_MS = 250


_ITEMS = (
    count_column("Leaf", lambda item: item.index),
    address_column("Account or leaf id", lambda item: item.key),
    address_column("Ticket", lambda item: item.ticket),
    text_column("Row as read", lambda item: "" if item.proof is None else item.proof.row, wide=True),
    count_column("Proof steps", lambda item: None if item.proof is None else len(item.proof.steps)),
    chip_column("Reached the root", lambda item: "Included" if item.included else "Deviation", lambda item: Tone.GOOD if item.included else Tone.BAD),
)  # fmt: skip


class PlanTab(QWidget):
    """Rates in, size and reasoning out, while typing."""

    def __init__(self, page: SamplePage) -> None:
        super().__init__()
        self._desk = page.desk
        self._job: Job | None = None
        self._populations: dict[str, int] = {}
        self.planned: PlanShown | None = None
        self.ledger, self.method = choice("Ledger to sample"), choice("Distribution")
        for key, words in _METHODS:
            self.method.addItem(words, key)
        self.confidence = TypedField("Confidence", "95%")
        self.tolerable = TypedField("Tolerable deviation rate", "5%")
        self.expected = TypedField("Expected deviation rate", "0%")
        for field, text in ((self.confidence, "95%"), (self.tolerable, "5%"), (self.expected, "0%")):
            field.setText(text)
            field.setFixedWidth(120)
        self._size = label("", "title")
        self._prose = label("", wrap=True)
        self._caution = label(
            "Every leaf is recalculated in any case. A sample serves what no program can do alone: agreeing a leaf to the exchange's own "
            "records or to the customer. It looks at what is in the ledger; what was left out needs another population.", "muted", wrap=True,
        )  # fmt: skip
        self._fill()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.plan)
        for field in (self.confidence, self.tolerable, self.expected):
            field.textChanged.connect(self._plan_soon)
        for box in (self.ledger, self.method):
            box.currentIndexChanged.connect(self._plan_soon)

    def _fill(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(GRID)
        form.setHorizontalSpacing(3 * GRID)
        for name, field in (
            ("Ledger", self.ledger), ("Distribution", self.method), ("Confidence", self.confidence),
            ("Tolerable deviation rate", self.tolerable), ("Expected deviation rate", self.expected),
        ):  # fmt: skip
            words = label(name)
            words.setBuddy(field)
            form.addRow(words, field)
        result = card(column(label("Planned size", "overline"), self._size, self._prose, spacing=4))
        layout = column(card(column(form)), result, self._caution, 1, spacing=2 * GRID)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        self.setLayout(layout)

    def show_ledgers(self, audit: Audit) -> None:
        """Ledgers with a commitment can be sampled."""
        committed = {check.ledger for check in audit.commitments}
        self._populations = {name: rows for name, rows in audit.ledgers if name in committed}
        kept = self.ledger.currentText()
        with QSignalBlocker(self.ledger):
            self.ledger.clear()
            self.ledger.addItems(list(self._populations))
            self.ledger.setCurrentIndex(max(0, self.ledger.findText(kept)))
        self.plan()

    def typed(self) -> PlanInput | None:
        """What is typed now; ``None`` where there is nothing to sample."""
        name = self.ledger.currentText()
        if name not in self._populations:
            return None
        return PlanInput(
            name, self._populations[name], str(self.method.currentData()),
            self.confidence.text().strip(), self.tolerable.text().strip(), self.expected.text().strip(),
        )  # fmt: skip

    def _plan_soon(self, *_: object) -> None:
        self._pause.start()

    def plan(self) -> None:
        """Compute the size in a job; an earlier one still running is dropped."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.planned = None
        typed = self.typed()
        if typed is None:
            self._show("–", "No ledger with a published root can be sampled.")
            return
        job = self._desk.runner.make(partial(plan_sample, typed), "Planning the sample")
        job.succeeded.connect(self._on_planned)
        job.failed.connect(self._on_failed)
        self._job = job
        job.start()

    def _on_planned(self, plan: PlanShown) -> None:
        self._job = None
        self.planned = plan
        self._show(f"{count(plan.size)} items", plan.prose)

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._show("–", error.sentence())

    def _show(self, size: str, prose: str) -> None:
        show_text(self._size, size)
        show_text(self._prose, prose)


class SelectTab(QWidget):
    """First the commitment, then the randomness, then the draw."""

    def __init__(self, page: SamplePage) -> None:
        super().__init__()
        self._page = page
        self._desk = page.desk
        self.source = choice("Source of randomness")
        for _, name, _, _, _ in _SOURCES:
            self.source.addItem(name)
        self.named = TypedField("Which round, block or digests", "")
        self.commit = button("Write commitment record…", self._on_commit)
        self.open_record = button("Use a record written earlier…", self._on_open_record, link=True)
        self._record = label("", "muted", wrap=True)
        self.randomness = TypedField("Randomness", "", mono=True)
        self.draw = button("Draw the sample", self._on_draw, primary=True)
        self.problem = Banner()
        self._fill()
        self.source.currentIndexChanged.connect(self._on_source)
        self._on_source(0)

    def _fill(self) -> None:
        first = column(
            label("1  Commit, before the randomness exists", "section"),
            label("The record fixes snapshot, root, plan and the source that will be used. Hand its digest to the client.", "muted", wrap=True),
            row(self.source, self.named, self.commit, spacing=2 * GRID),
            row(self.open_record, 1), self._record,
        )  # fmt: skip
        second = column(
            label("2  Type the randomness, once it is public", "section"),
            label(
                "It is compared with the source in the record; a round that was public before the record is refused.",
                "muted",
                wrap=True,
            ),
            row(self.randomness, self.draw, spacing=2 * GRID),
        )
        layout = column(self.problem, card(first), card(second), 1, spacing=2 * GRID)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        self.setLayout(layout)

    def refresh(self) -> None:
        """Show the record in use."""
        record = self._desk.case.state.committed
        show_text(self._record, "" if record is None else f"Committed in {record.path}")
        self.draw.setEnabled(record is not None and not self._desk.case.running)
        self.randomness.setEnabled(record is not None)

    def _on_source(self, at: int) -> None:
        self.named.setPlaceholderText(_SOURCES[at][2])
        self.named.setEnabled(bool(_SOURCES[at][2]))
        self.randomness.setPlaceholderText(_SOURCES[at][4])

    def _on_commit(self) -> None:
        snapshot = self._desk.case.inputs.snapshot
        if snapshot is not None:
            suggested = snapshot.path.parent / f"{snapshot.path.stem}-sample.json"
            prompts.save_file(self, "Write commitment record", prompts.RECORDS, suggested, self.write_record)

    def write_record(self, record: Path) -> None:
        """Commit and write, in a job."""
        typed, inputs = self._page.plan.typed(), self._desk.case.inputs
        if typed is None or inputs.snapshot is None or inputs.trust_store is None:
            return
        source = _SOURCES[self.source.currentIndex()][0] + self.named.text().strip()
        work = partial(
            commit_sample, inputs.snapshot.path, inputs.trust_store.path, inputs.trusted_time, typed, source, record
        )
        job = self._desk.runner.make(work, "Committing to the sample")
        job.succeeded.connect(self._on_committed)
        job.failed.connect(self._on_failed)
        self._desk.follow(job)
        job.start()

    def _on_open_record(self) -> None:
        prompts.open_file(self, "Use a commitment record", prompts.RECORDS, self._on_committed)

    def _on_committed(self, record: Path) -> None:
        self.problem.hide()
        self._desk.case.commit_sample(record)
        self._desk.say(f"Commitment record {record.name} is in use")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The sample was not committed to", error.sentence())

    def _on_draw(self) -> None:
        text, prefix = self.randomness.text().strip(), _SOURCES[self.source.currentIndex()][3]
        if text:
            known = text.startswith(tuple(source[3] for source in _SOURCES))
            self._desk.case.draw_sample(text if known else prefix + text)
            self._desk.case.run()


class ItemsTab(QWidget):
    """The drawn items and what makes the draw repeatable."""

    def __init__(self, page: SamplePage) -> None:
        super().__init__()
        self.items = TablePanel("Drawn leaves", _ITEMS, page.desk.runner)
        self._sentence = label("", wrap=True)
        self._dummy = label("", "muted", wrap=True)
        self.commitment, self.seed = HashLabel("Commitment digest"), HashLabel("Seed")
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.addRow(label("Commitment SHA-256", "muted"), self.commitment)
        form.addRow(label("Seed", "muted"), self.seed)
        layout = column(card(column(self._sentence, self._dummy, form)), self.items, spacing=2 * GRID)
        layout.setStretch(1, 1)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        self.setLayout(layout)

    def show_sample(self, sample: SampleResult | None) -> None:
        """Fill it in."""
        if sample is None:
            show_text(self._sentence, "No sample was drawn yet: plan it, commit to it, then type the randomness.")
            show_text(self._dummy, "")
            self.items.show_rows(())
            return
        show_text(
            self._sentence,
            f"{count(sample.size)} of {count(sample.population)} leaves of ledger {sample.ledger} drawn with {sample.source}; "
            f"{sample.deviations} deviations, {sample.allowed_deviations} allowed by the plan.",
        )
        said = (
            "The dummy leaf, which must fail, failed."
            if sample.dummy_rejected
            else "THE DUMMY LEAF PASSED: do not rely on this run."
        )
        show_text(
            self._dummy,
            f"{said}  Committed {sample.committed_at}; confidence {sample.confidence}, tolerable {sample.tolerable}, expected {sample.expected}.",
        )
        self.commitment.show_digest(sample.commitment)
        self.seed.show_digest(sample.seed)
        self.items.show_rows(sample.items)


class SamplePage(Page):
    """Plan → Select → Execute."""

    def build(self) -> QWidget:
        """Three tabs."""
        self.plan, self.select, self.execute = PlanTab(self), SelectTab(self), ItemsTab(self)
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Plan, select, execute")
        self.tabs.tabBar().setAccessibleName("Plan, select, execute")
        for widget, title in ((self.plan, "Plan"), (self.select, "Select"), (self.execute, "Execute")):
            self.tabs.addTab(widget, title)
        return self.tabs

    def tables(self) -> tuple[TablePanel, ...]:
        """The items."""
        return (self.execute.items,)

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "Nothing to sample yet",
            "Run the procedures on a snapshot first (F5): a sample is drawn from a ledger whose root was recalculated.",
        )

    def refresh(self) -> None:
        """The record may have changed without a run."""
        super().refresh()
        self.select.refresh()

    def show_audit(self, audit: Audit) -> None:
        """Ledgers to sample, and the sample if one was drawn."""
        self.plan.show_ledgers(audit)
        self.execute.show_sample(audit.sample)
        if audit.sample is not None:
            self.tabs.setCurrentWidget(self.execute)
