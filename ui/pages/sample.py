"""Sample: plan it, commit to it, draw it when the randomness is public, and look at each item."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtWidgets import QCheckBox, QFormLayout, QTabWidget, QWidget

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.sampling.result import SampleResult
from ui import prompts
from ui.jobs import Job
from ui.models.columns import address_column, chip_column, count_column, text_column
from ui.pages.page import Page
from ui.papers.paper import scrolled, tab_room
from ui.sampling_work import (
    DrawTyped,
    PlanInput,
    PlanShown,
    RecordShown,
    Sampled,
    commit_engaged,
    commit_sample,
    draw_engaged,
    fetch_randomness,
    plan_sample,
    read_record,
    read_sampled,
)
from ui.text import count
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, choice, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.file_choice import FileChoice
from ui.widgets.hash_label import HashLabel
from ui.widgets.sample_steps import AnswersTab, EvaluateTab
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
        self.reasoning = QCheckBox("Write the reasoning beside each number")
        self.reasoning.setChecked(True)
        self.strata = TypedField("Strata", "optional: BTC:1..10; BTC:10..")
        self.listed = FileChoice("Imported list", "optional: deposits, withdrawals, confirmations", lambda place, then: prompts.open_file(place, "Imported list", "Tables (*.csv);;All files (*)", then))  # fmt: skip
        self.locked = Banner()
        self.again = button("Plan another sample", self._on_again)
        self.locked.add_button(self.again)
        self._direction = label(
            "Direction: a sample of the list of liabilities finds what is overstated or wrong in it, never what was left out. For "
            "completeness import a reciprocal population: deposits and withdrawals, customers' own proofs, confirmations.", wrap=True,
        )  # fmt: skip
        self._direction.setProperty("ink", "warn")
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
        self.reasoning.toggled.connect(self._on_reasoning)

    def _fill(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(GRID)
        form.setHorizontalSpacing(3 * GRID)
        for name, field in (
            ("Ledger", self.ledger), ("Distribution", self.method), ("Confidence", self.confidence),
            ("Tolerable deviation rate", self.tolerable), ("Expected deviation rate", self.expected),
            ("Strata", self.strata), ("Reciprocal list", self.listed),
        ):  # fmt: skip
            words = label(name)
            words.setBuddy(field)
            form.addRow(words, field)
        result = card(column(label("Planned size", "overline"), self._size, self._prose, spacing=4))
        inner = QWidget()
        inner.setLayout(
            column(self.locked, card(column(form)), self.reasoning, result, self._direction, self._caution, 1, spacing=GRID + 4)
        )  # fmt: skip
        self.setLayout(tab_room(scrolled(inner, "Plan of the sample")))

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
            tuple(part.strip() for part in self.strata.text().split(";") if part.strip()), listed=self.listed.path,
        )  # fmt: skip

    def lock(self, why: str) -> None:
        """Once the seed is drawn nothing here can be changed; an empty text lets go again."""
        for part in (
            self.ledger,
            self.method,
            self.confidence,
            self.tolerable,
            self.expected,
            self.strata,
            self.listed,
        ):
            part.setEnabled(not why)
        if why:
            self.locked.say(Tone.INFO, "Locked", why)
        else:
            self.locked.hide()

    def _on_again(self) -> None:
        self._desk.case.forget_sample()

    def _on_reasoning(self, shown: bool) -> None:
        for words in (self._prose, self._direction, self._caution):
            words.setVisible(shown)

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
        self._prose.setVisible(self.reasoning.isChecked())


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
        self.digest = HashLabel("Commitment digest", whole=True)
        self._hand_over = label("Hand this to the client now: until somebody else holds it, the record's time is only your own word.", wrap=True)  # fmt: skip
        self._hand_over.setProperty("ink", "warn")
        self.shown: RecordShown | None = None
        self._read_for: object = None
        self.relay = TypedField("drand relay", "https://api.drand.sh")
        self.fetch = button("Fetch the round", self._on_fetch)
        self.extend = TypedField("Extend to", "optional: items in all", _whole)
        self.extend.setFixedWidth(190)
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
            row(self.open_record, 1), self._record, self.digest, self._hand_over,
        )  # fmt: skip
        second = column(
            label("2  Type the randomness, once it is public", "section"),
            label(
                "It is compared with the source in the record; a round that was public before the record is refused.",
                "muted",
                wrap=True,
            ),
            row(self.randomness, self.extend, self.draw, spacing=2 * GRID),
            row(self.relay, self.fetch, spacing=2 * GRID),
        )
        layout = column(self.problem, card(first), card(second), 1, spacing=2 * GRID)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        self.setLayout(layout)

    def refresh(self) -> None:
        """Show the record in use, with its digest."""
        record = self._desk.case.state.committed
        if record != self._read_for:
            self._read_for, self.shown = record, None
            if record is not None:
                job = self._desk.runner.make(partial(read_record, record.path), "Reading the record")
                job.succeeded.connect(self._on_read)
                job.failed.connect(self._on_unread)
                job.start()
        show_text(self._record, "" if record is None else f"Committed in {record.path}")
        self.digest.setVisible(self.shown is not None)
        self._hand_over.setVisible(self.shown is not None)
        self.draw.setEnabled(record is not None and not self._desk.case.running)
        self.randomness.setEnabled(record is not None)
        drand = self.shown is not None and self.shown.kind == "drand"
        online = not self._desk.connections.offline
        for part in (self.relay, self.fetch):
            part.setVisible(drand)
            part.setEnabled(drand and online)
        self.fetch.setToolTip("" if online else "You work offline: Edit → Preferences → Work offline")

    def _on_read(self, shown: RecordShown) -> None:
        self.shown = shown
        self.digest.show_digest(shown.digest)
        self.refresh()
        weaker = f" Weaker than a drand round: {shown.weakness.rstrip('.')}." if shown.weakness else ""
        show_text(self._record, f"Committed {shown.committed_at} to {shown.source}, in {shown.path}.{weaker}")

    def _on_unread(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The record cannot be read", error.sentence())

    def _on_fetch(self) -> None:
        """One request, to the relay that is typed, because it was asked for."""
        record = self._desk.case.state.committed
        if record is None or self._desk.connections.offline:
            return
        work = partial(fetch_randomness, record.path, self.relay.text().strip() or "https://api.drand.sh")
        job = self._desk.runner.make(work, "Asking for the round")
        job.succeeded.connect(self.randomness.setText)
        job.failed.connect(self._on_not_fetched)
        self._desk.follow(job)
        job.start()

    def _on_not_fetched(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The round was not fetched", error.sentence())

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
        asked = (inputs.snapshot.path, inputs.trust_store.path, inputs.trusted_time, typed, source, record)
        if self._desk.binder.papers is not None:
            work = partial(commit_engaged, *asked)
            self._desk.binder.write("Committing to the sample", work, self._on_committed, self._on_failed)
            return
        work = partial(commit_sample, *asked)
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
        record, inputs = self._desk.case.state.committed, self._desk.case.inputs
        if not text or record is None or inputs.snapshot is None or inputs.trust_store is None or self.extend.wrong:
            return
        known = text.startswith(tuple(source[3] for source in _SOURCES))
        randomness = text if known else prefix + text
        self.problem.hide()
        if self._desk.binder.papers is None:
            self._desk.case.draw_sample(randomness)
            self._desk.case.run()
            return
        extend = None if self.extend.value is None else int(self.extend.value)
        listed = self._page.plan.listed.path
        typed = DrawTyped(record.path, inputs.snapshot.path, inputs.trust_store.path, randomness, extend, inputs.trusted_time, listed)  # fmt: skip
        self._desk.binder.write(
            "Drawing the sample", partial(draw_engaged, typed), self._page.on_drawn, self._on_not_drawn
        )

    def _on_not_drawn(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The sample was not drawn", error.sentence())


def _whole(text: str) -> str:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("a whole number of items")
    return text


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
    """Plan → Select → Execute → Evaluate; the last two work on the open engagement's journal."""

    def build(self) -> QWidget:
        """Four tabs; the drawn leaves stand above what is compared with them."""
        self._sampled_for: object = None
        self.plan, self.select, self.execute = PlanTab(self), SelectTab(self), ItemsTab(self)
        self.answers, self.evaluate = AnswersTab(self.desk), EvaluateTab(self.desk, self._read_sampled)
        self.executing = QTabWidget()
        self.executing.setAccessibleName("Drawn items, answers")
        self.executing.tabBar().setAccessibleName("Drawn items, answers")
        self.executing.tabBar().setDrawBase(False)
        self.executing.addTab(self.execute, "Drawn leaves")
        self.executing.addTab(self.answers, "Answers")
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        for bar in (self.tabs, self.tabs.tabBar()):
            bar.setAccessibleName("Plan, select, execute, evaluate")
        for widget, title in (
            (self.plan, "Plan"), (self.select, "Select"), (self.executing, "Execute"), (self.evaluate, "Evaluate"),
        ):  # fmt: skip
            self.tabs.addTab(widget, title)
        self.desk.binder.changed.connect(self._read_sampled)
        self.desk.connections.changed.connect(self.select.refresh)
        self._show_sampled(Sampled())
        return self.tabs

    def tables(self) -> tuple[TablePanel, ...]:
        """The items."""
        return self.execute.items, self.answers.items

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
        self._lock()
        self._read_sampled()

    def show_audit(self, audit: Audit) -> None:
        """Ledgers to sample, and the sample if one was drawn."""
        self.plan.show_ledgers(audit)
        self.execute.show_sample(audit.sample)
        if audit.sample is not None:
            self.tabs.setCurrentWidget(self.executing)

    def on_drawn(self, _: object) -> None:
        """The engagement's draw stands in the journal: go on to the answers."""
        self.tabs.setCurrentWidget(self.executing)
        self.executing.setCurrentWidget(self.answers)
        self.desk.say("Drawn, traced and entered in the journal")

    def _lock(self) -> None:
        """Inputs are locked once the seed is drawn."""
        case, shown = self.desk.case, self.select.shown
        papers = self.desk.binder.papers
        drawn = case.inputs.sample is not None
        if papers is not None and shown is not None:
            drawn = drawn or any(
                step.action.step == "draw" and step.action.commitment == shown.digest for step in papers.samples
            )
        self.plan.lock("The seed of this sample is drawn: its inputs can no longer be changed." if drawn else "")

    def _read_sampled(self, *_: object) -> None:
        binder = self.desk.binder
        confidence = self.evaluate.confidence.text().strip()
        wanted = None if binder.papers is None else (binder.papers.samples, binder.writable, confidence)
        if wanted == self._sampled_for:
            return
        self._sampled_for = wanted
        if wanted is None:
            self._show_sampled(Sampled())
            return
        binder.read("Reading the sample", partial(read_sampled, confidence), self._show_sampled, self._on_unread)

    def _show_sampled(self, sampled: Sampled) -> None:
        for tab in (self.answers, self.evaluate):
            tab.show_sampled(sampled, writable=self.desk.binder.writable)
        if self.desk.binder.papers is None:
            show_text(self.answers.state, "Open an engagement: answers, marks and evaluations stand in its journal.")
        self._lock()

    def _on_unread(self, error: AuditError) -> None:
        self.evaluate.problem.say(Tone.WARN, "The sample cannot be evaluated", error.sentence())
