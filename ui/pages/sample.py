"""Sample: plan it, commit to it, draw it when the randomness is public, look at each item, and evaluate what came out."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QPushButton

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui.pages.page import Building, Page
from ui.sampling_work import Loose, Sampled, read_loose, read_sampled
from ui.theme import Tone
from ui.widgets.blocks import button, column, tabs
from ui.widgets.reasoning import Reasoning
from ui.widgets.sample_evaluate import EvaluateTab
from ui.widgets.sample_plan import PlanTab
from ui.widgets.sample_select import SelectTab
from ui.widgets.sample_steps import AnswersTab, ItemsTab, ResultsTab
from ui.widgets.table_panel import TablePanel


class SamplePage(Page):
    """Plan → Select → Execute → Evaluate, on the open engagement's journal; without one in this window only."""

    def build(self) -> Building:
        """Four tabs; Execute holds the drawn items, the answers and the results."""
        self._sampled_for: object = None
        self._loose: Loose | None = None
        self._loose_of: object = None
        self._unread = False
        self.reasoning = Reasoning("Reasoning beside each number")
        self.tabs = tabs("Plan, select, execute, evaluate")
        self.tabs.setCornerWidget(self.reasoning.switch)
        self.content.setLayout(column(self.tabs))
        self.plan = PlanTab(self.desk, self.reasoning, self._on_again)
        self.tabs.addTab(self.plan, "Plan")
        yield
        self.select = SelectTab(self.desk, self.plan, self.reasoning, self.on_drawn)
        self.tabs.addTab(self.select, "Select")
        yield
        self.executing = tabs("Drawn items, answers, results")
        self.tabs.addTab(self.executing, "Execute")
        self.execute = ItemsTab(self.desk, self.reasoning)
        self.executing.addTab(self.execute, "Drawn items")
        yield
        self.answers = AnswersTab(self.desk, self.reasoning, self.on_executed)
        self.executing.addTab(self.answers, "Answers")
        yield
        self.results = ResultsTab(self.desk, self.reasoning, self.answers)
        self.executing.addTab(self.results, "Results")
        yield
        self.evaluate = EvaluateTab(self.desk, self.reasoning, self._read_sampled)
        self.tabs.addTab(self.evaluate, "Evaluate")
        yield
        self.desk.binder.changed.connect(self._read_sampled)
        self.desk.connections.changed.connect(self.select.refresh)
        self._show_sampled(Sampled())

    def tables(self) -> tuple[TablePanel, ...]:
        """The items."""
        return self.execute.items, self.results.items

    def empty_buttons(self) -> tuple[QPushButton, ...]:
        """A sample that stops the run can be put aside."""
        self.without = button("Perform without the sample", self._on_without)
        return (self.without,)

    def _on_without(self) -> None:
        self.desk.case.forget_sample()
        self.desk.case.run()

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "Nothing to sample yet",
            "Run the procedures on a snapshot first (F5): a sample is drawn from a ledger whose root was recalculated.",
        )

    def refresh(self) -> None:
        """The record may have changed without a run."""
        super().refresh()
        outcome = self.desk.case.outcome
        failed = outcome is not None and outcome.error is not None and outcome.error.code.startswith("SAMPLE.")
        self.without.setVisible(failed and self.desk.case.inputs.sample is not None)
        snapshot = self.desk.case.inputs.snapshot
        if snapshot != self._loose_of:
            self._loose, self._loose_of = None, snapshot
        self.select.refresh()
        self._lock()
        self._read_sampled()

    def show_audit(self, audit: Audit) -> None:
        """Ledgers to sample, and the sample if one was drawn."""
        self.plan.show_ledgers(audit)
        if audit.sample is not None:
            self.tabs.setCurrentWidget(self.executing)

    def on_drawn(self, loose: Loose | None) -> None:
        """A draw stands in the journal, or in this window: go on to the items."""
        if loose is not None:
            self._loose = loose
            self._read_sampled()
        self.tabs.setCurrentWidget(self.executing)
        self.executing.setCurrentWidget(self.execute)
        self.desk.say("Drawn and traced" if loose is not None else "Drawn, traced and entered in the journal")

    def on_executed(self, loose: Loose | None) -> None:
        """Answers were compared: show what came out."""
        if loose is not None:
            self._loose = loose
            self._read_sampled()
        self.executing.setCurrentWidget(self.results)

    def _on_again(self) -> None:
        self._loose = None
        self.desk.case.forget_sample()
        self._read_sampled()
        self._lock()

    def _lock(self) -> None:
        """Inputs are locked once the seed is drawn."""
        case, shown = self.desk.case, self.select.shown
        papers = self.desk.binder.papers
        drawn = case.inputs.sample is not None
        if papers is None:
            drawn = drawn or self._loose is not None
        elif shown is not None:
            drawn = drawn or any(
                step.action.step == "draw" and step.action.commitment == shown.digest for step in papers.samples
            )
        self.plan.lock("The seed of this sample is drawn: its inputs can no longer be changed." if drawn else "")

    def _read_sampled(self, *_: object) -> None:
        binder, audit = self.desk.binder, self.desk.case.audit
        confidence = self.evaluate.confidence.text().strip()
        own = None if audit is None else audit.sample
        inside = binder.papers is not None
        state: object = (binder.path, binder.papers.samples, binder.writable) if binder.papers is not None else self._loose  # fmt: skip
        wanted = (inside, state, own, confidence)
        if wanted == self._sampled_for:
            return
        self._sampled_for = wanted
        if inside:
            work = partial(read_sampled, confidence, own)
            binder.read("Reading the sample", work, self._show_sampled, self._on_unread)
            return
        job = self.desk.runner.make_aside(partial(read_loose, self._loose, own, confidence), "Reading the sample")
        job.succeeded.connect(partial(self._show_loose, wanted))
        job.failed.connect(self._on_unread)
        job.start()

    def _show_loose(self, wanted: object, sampled: Sampled) -> None:
        if wanted == self._sampled_for:  # nothing else was asked for meanwhile
            self._show_sampled(sampled)

    def _show_sampled(self, sampled: Sampled) -> None:
        if self._unread:
            self._unread = False
            self.evaluate.problem.hide()
        self.execute.show_sampled(sampled)
        self.select.show_sampled(sampled)
        for tab in (self.answers, self.results, self.evaluate):
            tab.show_sampled(sampled, writable=self.desk.binder.writable)
        self.plan.show_journal()
        self._lock()

    def _on_unread(self, error: AuditError) -> None:
        self._unread = True
        self.evaluate.problem.say(Tone.WARN, "The sample cannot be evaluated", error.sentence())
