"""The Plan tab of a sample: what is sampled, by which method, at which rates; sizes and their meaning while typing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtWidgets import QComboBox, QFormLayout, QGridLayout, QSizePolicy, QWidget

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui import prompts
from ui.desk import Desk
from ui.jobs import Job
from ui.papers.paper import scrolled, tab_room
from ui.sample_planning import Kind, PlanInput, PlanShown, plan_engaged, plan_sample
from ui.text import count
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, bold, button, card, choice, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.file_choice import FileChoice
from ui.widgets.reasoning import Reasoning

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("leaves", "Leaves of a ledger"),
    ("list", "An imported list, looked up in the ledger"),
    ("reserves", "Reserve addresses, by monetary units"),
)
_ATTRIBUTE = (
    ("hypergeometric", "Hypergeometric: exact for this population"),
    ("binomial", "Binomial: as if it had no end"),
    ("poisson", "Poisson: the usual approximation"),
    ("two-stage-binomial", "Two stages, binomial"),
    ("two-stage-poisson", "Two stages, Poisson"),
)
_MONETARY = (
    ("fixed-interval", "Fixed interval from a random start"),
    ("cell", "Cell: one random unit in each interval"),
    ("random", "Random units, with replacement"),
)
_ABOUT = {
    "hypergeometric": "Drawn without replacement from a known number of items: the exact distribution, and the smallest size.",
    "binomial": "Counts as if each draw came from an endless population: slightly larger, never too small.",
    "poisson": "The approximation behind most printed tables: a little larger still.",
    "two-stage-binomial": "A first stage that may end the work early, and a second one of the same size where it found exactly as many deviations as typed.",
    "two-stage-poisson": "Two stages, by the Poisson approximation.",
    "fixed-interval": "Every interval-th unit of value after one random start: the usual choice; a pattern in the list's order could escape it.",
    "cell": "One unit at random in each interval: as even as fixed intervals, and no pattern in the order escapes it.",
    "random": "Units drawn independently over the whole value: the only selection that can be extended later.",
}
_ALLOCATIONS = (
    ("proportional", "Proportional to the leaves in each"),
    ("equal", "The same in each"),
    ("", "Sizes typed"),
)
_LISTED = (
    "Direction: a list that did not come from the ledger (deposits, withdrawals, customers' own proofs, confirmations) looks "
    "for what was left out. Each drawn item must be in the ledger, on a path to the published root."
)
_CAUTION = (
    "Every leaf is recalculated in any case. A sample serves what no program can do alone: agreeing an item to the exchange's "
    "own records, to the customer, or to the chain."
)
_RISKS = (("audit", "5%"), ("inherent", "100%"), ("control", "100%"), ("analytical", "100%"))
_PAUSE_MS = 250
_SHORT = 110
_CHARACTERS = 14


def _narrow(box: QComboBox) -> QComboBox:
    """As wide as its room: a long choice must not push the numbers beside it out of the window."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_CHARACTERS)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def _box(name: str, items: tuple[tuple[str, str], ...]) -> QComboBox:
    made = _narrow(choice(name))
    for key, words in items:
        made.addItem(words, key)
    return made


class PlanTab(QWidget):
    """Rates in, size, allowed deviations and reasoning out, while typing."""

    def __init__(self, desk: Desk, reasoning: Reasoning, again: Callable[[], object]) -> None:
        super().__init__()
        self._desk = desk
        self._reasoning = reasoning
        self._job: Job | None = None
        self._populations: dict[str, int] = {}
        self._claimed: dict[str, tuple[int, dict[str, int]]] = {}
        self.planned: PlanShown | None = None
        self.kind = _box("What is sampled", _KINDS)
        self.ledger, self.asset = _narrow(choice("Ledger to sample")), _narrow(choice("Asset of the reserves"))
        self.method = _box("Method", _ATTRIBUTE)
        self.stages = TypedField("Deviations in each stage", "1,1")
        self.stages.setToolTip("K,L: exactly K deviations in the first stage lead to a second one, which may hold L")
        self.listed = FileChoice("Imported list", "CSV: id, key, asset, amount", lambda place, then: prompts.open_file(place, "Imported list", "Tables (*.csv);;All files (*)", then))  # fmt: skip
        self.basis = _box("Confidence from", (("typed", "Typed"), ("risks", "The audit risk model")))
        self.confidence = TypedField("Confidence", "95%")
        self.risks = {name: TypedField(f"{name.capitalize()} risk", text) for name, text in _RISKS}
        self.tolerable = TypedField("Tolerable deviation rate", "5%")
        self.expected = TypedField("Expected deviation rate", "0%")
        self.strata = TypedField("Strata", "optional: BTC:1..10; BTC:10..")
        self.allocation = _box("Allocation", _ALLOCATIONS)
        self.sizes = TypedField("Sizes of the strata", "20,20,20: that of all others last")
        for field, text in (
            (self.confidence, "95%"), (self.tolerable, "5%"), (self.expected, "0%"), (self.stages, "1,1"),
            *((self.risks[name], text) for name, text in _RISKS),
        ):  # fmt: skip
            field.setText(text)
            field.setFixedWidth(_SHORT)
        self._size, self._prose = label("", "title"), label("", wrap=True)
        self._why_not = label("", wrap=True)
        self._why_not.setProperty("ink", "bad")
        self._facts = QGridLayout()
        self._facts.setColumnStretch(0, 1)
        self._facts.setVerticalSpacing(4)
        self._facts.setHorizontalSpacing(2 * GRID)
        self._about = label("", "muted", wrap=True)
        self._direction = label("", wrap=True)
        self._direction.setProperty("ink", "warn")
        self.record = button("Record this plan", self._on_record)
        self.recorded = label("", "muted", wrap=True)
        self.locked = Banner()
        self.again = button("Plan another sample", again)
        self.locked.add_button(self.again)
        self.problem = Banner()
        self._fill()
        self._connect()
        self._arrange()

    def _fill(self) -> None:
        self._form = QFormLayout()
        self._form.setVerticalSpacing(GRID)
        self._form.setHorizontalSpacing(2 * GRID)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        for name, field in (
            ("What is sampled", self.kind), ("Ledger", self.ledger), ("Reciprocal list", self.listed), ("Asset", self.asset),
            ("Method", self.method), ("Stage limits", self.stages), ("Confidence from", self.basis),
            ("Confidence", self.confidence), *((f"{name.capitalize()} risk", self.risks[name]) for name, _ in _RISKS),
            ("Tolerable rate", self.tolerable), ("Expected rate", self.expected), ("Strata", self.strata),
            ("Allocation", self.allocation), ("Sizes", self.sizes),
        ):  # fmt: skip
            words = label(name)
            words.setBuddy(field)
            self._form.addRow(words, field)
        asked = card(column(self._form, self._reasoning.hold(self._about), 1))
        result = card(
            column(
                label("Planned size", "overline"), self._size, self._why_not, self._reasoning.hold(self._prose), self._facts,
                self._direction, self._reasoning.hold(label(_CAUTION, "muted", wrap=True)), 1,
                row(self.record, self.recorded, 1), spacing=GRID,
            )
        )  # fmt: skip
        both = row(asked, result, spacing=2 * GRID)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        inner = QWidget()
        inner.setLayout(column(self.locked, self.problem, both, 1, spacing=GRID + 4))
        self.setLayout(tab_room(scrolled(inner, "Plan of the sample")))

    def _connect(self) -> None:
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.plan)
        for field in (self.confidence, self.tolerable, self.expected, self.stages, *self.risks.values()):
            field.textChanged.connect(self._plan_soon)
        for box in (self.ledger, self.asset):
            box.currentIndexChanged.connect(self._plan_soon)
        for box in (self.kind, self.method, self.basis, self.allocation):
            box.currentIndexChanged.connect(self._on_arranged)
        self.listed.chosen.connect(self._plan_soon)
        self.kind.currentIndexChanged.connect(self._on_kind)

    @property
    def chosen(self) -> Kind:
        """What is sampled."""
        found: Kind = self.kind.currentData()
        return found

    def _on_kind(self, *_: object) -> None:
        methods = _MONETARY if self.chosen == "reserves" else _ATTRIBUTE
        with QSignalBlocker(self.method):
            self.method.clear()
            for key, words in methods:
                self.method.addItem(words, key)
        self._on_arranged()

    def _on_arranged(self, *_: object) -> None:
        self._arrange()
        self._plan_soon()

    def _arrange(self) -> None:
        """Only what goes with the chosen kind and method is asked for."""
        kind, method = self.chosen, str(self.method.currentData())
        staged, risks = method.startswith("two-stage"), self.basis.currentData() == "risks"
        banded = kind == "leaves" and not staged
        for field, wanted in (
            (self.ledger, kind != "reserves"), (self.listed, kind == "list"), (self.asset, kind == "reserves"),
            (self.stages, staged), (self.confidence, not risks), *((field, risks) for field in self.risks.values()),
            (self.expected, not staged), (self.strata, banded), (self.allocation, banded),
            (self.sizes, banded and not self.allocation.currentData()),
        ):  # fmt: skip
            self._form.setRowVisible(field, wanted)
        show_text(self._about, _ABOUT.get(method, ""))

    def show_ledgers(self, audit: Audit) -> None:
        """Ledgers with a commitment and assets with claimed addresses can be sampled."""
        committed = {check.ledger for check in audit.commitments}
        self._populations = {name: rows for name, rows in audit.ledgers if name in committed}
        self._claimed = {}
        for line in audit.addresses:
            if line.address.claimed:
                held = self._claimed.setdefault(line.address.asset, (line.decimals, {}))[1]
                held[line.address.account] = held.get(line.address.account, 0) + line.address.claimed
        for box, names in ((self.ledger, self._populations), (self.asset, self._claimed)):
            kept = box.currentText()
            with QSignalBlocker(box):
                box.clear()
                box.addItems(list(names))
                box.setCurrentIndex(max(0, box.findText(kept)))
        self.plan()

    def typed(self) -> PlanInput | None:
        """What is typed now; ``None`` where there is nothing to sample."""
        kind, name, asset = self.chosen, self.ledger.currentText(), self.asset.currentText()
        if (asset not in self._claimed) if kind == "reserves" else (name not in self._populations):
            return None
        risks = tuple(self.risks[key].text().strip() or text for key, text in _RISKS)
        decimals, claimed = self._claimed.get(asset, (0, {}))
        banded = not self.strata.isHidden() and kind == "leaves"
        bands = tuple(part.strip() for part in self.strata.text().split(";") if part.strip())
        return PlanInput(
            kind, str(self.method.currentData()), self.confidence.text().strip(), self.tolerable.text().strip(),
            self.expected.text().strip(), name, self._populations.get(name, 0),
            risks=risks if self.basis.currentData() == "risks" else None,  # type: ignore[arg-type]
            stages=self.stages.text().strip(), strata=bands if banded else (),
            allocation=str(self.allocation.currentData()) or self.sizes.text().strip(), listed=self.listed.path,
            asset=asset, claimed=tuple(claimed.items()), decimals=decimals,
        )  # fmt: skip

    def lock(self, why: str) -> None:
        """Once the seed is drawn nothing here can be changed; an empty text lets go again."""
        for part in (
            self.kind, self.ledger, self.asset, self.listed, self.method, self.stages, self.basis, self.confidence,
            *self.risks.values(), self.tolerable, self.expected, self.strata, self.allocation, self.sizes,
        ):  # fmt: skip
            part.setEnabled(not why)
        if why:
            self.locked.say(Tone.INFO, "Locked", why)
        else:
            self.locked.hide()

    def show_journal(self) -> None:
        """Whether plans can be entered, and how many stand in the journal."""
        binder = self._desk.binder
        self.record.setVisible(binder.papers is not None)
        self.record.setEnabled(binder.writable and self.planned is not None)
        plans = [] if binder.papers is None else [step for step in binder.papers.samples if step.action.step == "plan"]
        show_text(self.recorded, f"Last recorded as journal entry {plans[-1].stamp.entry}" if plans else "")

    def _on_record(self) -> None:
        typed = self.typed()
        if typed is not None:
            self.problem.hide()
            self._desk.binder.write("Recording the plan", partial(plan_engaged, typed), self._on_recorded, self._on_not_recorded)  # fmt: skip

    def _on_recorded(self, entered: bool) -> None:
        self._desk.say("The plan stands in the journal" if entered else "This plan stands in the journal already")

    def _on_not_recorded(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The plan was not recorded", error.sentence())

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
            what = "The snapshot claims no reserve addresses" if self.chosen == "reserves" else "No ledger with a published root can be sampled"  # fmt: skip
            self._show("–", f"{what}.")
            return
        job = self._desk.runner.make_aside(partial(plan_sample, typed), "Planning the sample")
        job.succeeded.connect(self._on_planned)
        job.failed.connect(self._on_failed)
        self._job = job
        job.start()

    def _on_planned(self, plan: PlanShown) -> None:
        self._job = None
        self.planned = plan
        self._show(f"{count(plan.size)} {plan.unit}", plan=plan)

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._show("–", error.sentence())

    def _show(self, size: str, why_not: str = "", plan: PlanShown | None = None) -> None:
        show_text(self._size, size)
        show_text(self._why_not, why_not)
        show_text(self._prose, "" if plan is None else plan.prose)
        show_facts(self._facts, () if plan is None else plan.facts, self._reasoning)
        show_text(self._direction, _LISTED if self.chosen == "list" else "" if plan is None else plan.warning)
        self.show_journal()


def show_facts(
    grid: QGridLayout, facts: tuple[tuple[str, str, str], ...], reasoning: Reasoning, *, beside: bool = False
) -> None:
    """Name and value on a line, and below or ``beside`` them what the value means."""
    while grid.count():
        item = grid.takeAt(0)
        widget = None if item is None else item.widget()
        if widget is not None:
            reasoning.let_go(widget)
            widget.hide()
            widget.deleteLater()
    for at, (name, value, why) in enumerate(facts):
        shown = label(value, wrap=not beside, selectable=True)
        shown.setAccessibleName(name)
        named, why_shown = label(name), reasoning.hold(label(why, "muted", wrap=True))
        named.setFont(bold(named.font()))
        for widget, down, across, columns in ((named, 2 * at, 0, 1), (shown, 2 * at, 1, 1), (why_shown, 2 * at + (not beside), 2 * beside, 2 - beside)):  # fmt: skip
            grid.addWidget(widget, down, across, 1, columns)
