"""The Execute and Evaluate tabs of a sample inside an engagement: answers in, marks and limits out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QFormLayout, QWidget

from auditor_app.errors import AuditError
from ui import prompts, sampling_work
from ui.desk import Desk
from ui.models.columns import address_column, chip_column, text_column
from ui.papers.paper import scrolled, tab_room
from ui.sampling_work import LettersTyped, Sampled
from ui.text import count
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.file_choice import FileChoice
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from auditor_app.sampling.execution import ExecutedItem

_TABLE = 240
_CSV = "Tables (*.csv);;All files (*)"


def _outcome(item: ExecutedItem) -> str:
    return "Deviation" if item.deviates else "Replaced" if "EA" in item.tickmarks else "Agrees"


_ITEMS = (
    address_column("Item", lambda item: item.item.id),
    address_column("Key", lambda item: item.item.key, wide=True),
    text_column("Marks", lambda item: " ".join(item.tickmarks)),
    chip_column("Result", _outcome, lambda item: Tone.BAD if item.deviates else Tone.GOOD),
    text_column("What was compared", lambda item: "; ".join(f"{check.check}: {check.outcome}" for check in item.checks), wide=True),
)  # fmt: skip


def _in_full(item: ExecutedItem) -> str:
    said = [
        f"{check.check}: {check.outcome}, expected {check.expected or '–'}, observed {check.observed or '–'}"
        + (f", replaced by {check.alternative}: {check.reason}" if check.reason else "")
        for check in item.checks
    ]
    return f"{item.item.id}. {'; '.join(said)}."


class AnswersTab(QWidget):
    """Extract, replies, alternatives; letters; then each item with its marks."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.state = label("", wrap=True)
        self.extract = self._choice("Extract of the exchange's ledger")
        self.replies = self._choice("Customers' replies")
        self.alternatives = self._choice("Alternative procedures")
        self.observed = QCheckBox("For reserve addresses: take the balances that the last run observed")
        self.more = QCheckBox("The extract holds more rows than the sample")
        self.reply_by = TypedField("Reply by", "reply by: a day")
        self.reply_to = TypedField("Replies go to", "replies go to: your own address")
        self.template = FileChoice("Letter template", "the program's own", lambda place, then: prompts.open_file(place, "Letter template", "Texts (*.txt);;All files (*)", then))  # fmt: skip
        self.contacts = self._choice("Contacts")
        self.letters = button("Write confirmation letters…", self._on_letters)
        self.record = button("Compare and record", self._on_record, primary=True)
        self.problem = Banner()
        self.items = TablePanel("Executed items", _ITEMS, desk.runner, reads=_in_full)
        self.meanings = label("", "muted", wrap=True)
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        for name, field in (
            ("Letters", row(self.reply_by, self.reply_to, self.letters)), ("Template, contacts", row(self.template, self.contacts)),
            ("Ledger extract", self.extract), ("Replies", self.replies), ("Alternatives", self.alternatives), ("", self.more), ("", self.observed),
        ):  # fmt: skip
            form.addRow(label(name), field)
        made = card(column(self.state, form, row(1, self.record), spacing=GRID))
        self.items.setMinimumHeight(_TABLE)
        inner = QWidget()
        layout = column(self.problem, made, self.items, self.meanings, spacing=2 * GRID)
        layout.setStretch(2, 1)
        inner.setLayout(layout)
        self.setLayout(tab_room(scrolled(inner, "Answers to the sample")))

    def _choice(self, name: str) -> FileChoice:
        return FileChoice(name, "CSV", lambda place, then: prompts.open_file(place, name, _CSV, then))

    def show_sampled(self, sampled: Sampled, *, writable: bool) -> None:
        """What stands in the journal."""
        from auditor_app.sampling.execution import TICKMARKS

        drawn, done = sampled.drawn, sampled.execution
        if drawn is None:
            said = "No sample stands in the journal yet: plan it, commit to it, draw it."
        elif done is None:
            said = f"{count(len(drawn.items))} items were drawn. Import what the exchange and its customers answer; a missing answer counts as a deviation unless it is replaced with a reason."
        else:
            said = f"{count(done.deviations)} of {count(len(done.items))} items deviate. Amounts made wrong on purpose were {'found to differ, as they must' if done.dummy_rejected else 'NOT found: do not rely on this'}."
        show_text(self.state, said)
        for part in (self.letters, self.record):
            part.setEnabled(drawn is not None and writable)
        self.items.show_rows(() if done is None else done.items)
        used = {mark for item in (() if done is None else done.items) for mark in item.tickmarks}
        show_text(self.meanings, "   ".join(f"{mark}  {text}" for mark, text in TICKMARKS.items() if mark in used))

    def _on_letters(self) -> None:
        suggested = Path.home() / "letters"
        prompts.save_file(self, "New folder for the letters", "Folders (*)", suggested, self.write_letters)

    def write_letters(self, folder: Path) -> None:
        """One letter an item, and a form for the replies, into a folder that is not there yet."""
        typed = LettersTyped(folder, self.reply_by.text().strip(), self.reply_to.text().strip(), self.template.path, self.contacts.path)  # fmt: skip
        work = partial(sampling_work.letters_engaged, typed)
        self._desk.binder.write("Writing the letters", work, partial(self._on_written, folder), self._on_failed)

    def _on_written(self, folder: Path, letters: int) -> None:
        self.problem.say(Tone.GOOD, f"{count(letters)} letters written, and a form for the replies", str(folder))

    def _on_record(self) -> None:
        from auditor_app.engagement.execution_steps import ExecutionAsked

        asked = ExecutionAsked(
            self.extract.path, self.replies.path, self.alternatives.path, more_rows=self.more.isChecked()
        )
        self.problem.hide()
        work = partial(sampling_work.execute_engaged, asked, self.observed.isChecked())
        self._desk.binder.write("Comparing the answers", work, None, self._on_failed)

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "Nothing was recorded", error.sentence())


class EvaluateTab(QWidget):
    """Deviations, most likely rate, upper limit, taints; and whether the report prints them."""

    def __init__(self, desk: Desk, changed: object) -> None:
        super().__init__()
        self._desk = desk
        self.confidence = TypedField("Confidence", "as committed")
        self.confidence.setFixedWidth(140)
        self.verdict = Banner()
        self.numbers = QFormLayout()
        self.numbers.setHorizontalSpacing(3 * GRID)
        self.numbers.setVerticalSpacing(GRID)
        self.printed = label("", wrap=True)
        self.prose = label("", "muted", wrap=True)
        self.record = button("Record the evaluation", self._on_record, primary=True)
        self.problem = Banner()
        self.confidence.editingFinished.connect(changed)
        words = label("Confidence")
        words.setBuddy(self.confidence)
        head = row(words, self.confidence, 1, self.record, spacing=2 * GRID)
        layout = column(card(column(head, self.numbers, self.prose, spacing=2 * GRID)), self.verdict, self.printed, self.problem, 1, spacing=2 * GRID)  # fmt: skip
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        self.setLayout(layout)

    def show_sampled(self, sampled: Sampled, *, writable: bool) -> None:
        """The evaluation of the last execution, computed by the core."""
        while self.numbers.rowCount():
            self.numbers.removeRow(0)
        done = sampled.conclusion
        self.record.setEnabled(done is not None and writable)
        if done is None:
            self.verdict.hide()
            show_text(self.prose, "Nothing to evaluate yet: the sample is not executed.")
            show_text(self.printed, "")
            return
        lines = [
            ("Items", done.size), ("Population", done.population), ("Deviations", done.deviations),
            ("Allowed by the plan", done.allowed_deviations or "–"), ("Most likely rate", done.most_likely_rate),
            (f"Upper limit at {done.confidence}", done.upper_limit),
        ]  # fmt: skip
        if done.monetary is not None:
            lines += [(name.replace("_", " ").capitalize(), str(getattr(done.monetary, name))) for name in done.monetary.__struct_fields__ if isinstance(getattr(done.monetary, name), str)]  # fmt: skip
        for name, value in lines:
            self.numbers.addRow(label(name, "muted"), label(value, selectable=True))
        tone, said = (Tone.GOOD, "Within the plan") if done.within_plan else (Tone.BAD, "Beyond what the plan allows")
        self.verdict.say(tone, said, f"{done.deviations} deviations among {done.size} items; tolerable rate {done.tolerable}.")  # fmt: skip
        show_text(self.prose, f"The limit is the highest share of deviating items that {done.size} items with {done.deviations} deviations still leave possible at {done.confidence} confidence, by the {done.method} rule.")  # fmt: skip
        show_text(self.printed, "The report prints limits: computing them is an agreed procedure." if sampled.limits_agreed else "The report prints no limit: under agreed-upon procedures one is printed only where computing it is itself an agreed procedure.")  # fmt: skip

    def _on_record(self) -> None:
        self.problem.hide()
        work = partial(sampling_work.evaluate_engaged, self.confidence.text().strip())
        self._desk.binder.write("Evaluating the sample", work, self._on_done, self._on_failed)

    def _on_done(self, _: object) -> None:
        self.problem.say(Tone.GOOD, "Recorded", "The evaluation stands in the journal.")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "Nothing was recorded", error.sentence())
