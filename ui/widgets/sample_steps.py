"""The Execute tab of a sample: drawn items, letters and answers, and each item with its marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QFormLayout, QWidget

from auditor_app.counts import counted
from auditor_app.errors import AuditError
from ui import prompts, sampling_work
from ui.desk import Desk
from ui.models.columns import Column, Kind, address_column, chip_column, count_column, text_column
from ui.papers.paper import scrolled, tab_room
from ui.sample_planning import amount_text
from ui.sampling_work import DrawnRow, LettersTyped, Loose, Sampled
from ui.text import count, short_middle
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, column, holder, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.file_choice import FileChoice
from ui.widgets.hash_label import HashLabel
from ui.widgets.reasoning import Reasoning
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from auditor_app.sampling.answers import Replacement
    from auditor_app.sampling.execution import ExecutedItem

_CSV = "Tables (*.csv);;All files (*)"
CHECKS = {"trace": "tracing", "ledger": "ledger extract", "confirmation": "customer's reply"}
_WHY_ITEMS = (
    "Each drawn leaf is traced along its inclusion proof to the published root, a listed item to its leaf, an account to the signed list. "
    "One made-up item goes the same way and must fail: were it accepted, nothing else here could be relied on."
)
_WHY_ANSWERS = (
    "Drawn items are compared with what only people can supply: an extract of the exchange's own ledger, and the customers' replies to "
    "letters. A missing answer counts as a deviation unless an alternative procedure replaces it with a reason."
)
_WHY_RESULTS = (
    "An item counts once. A difference is never replaced; for an item without an answer say what you did instead."
)


def _book(shown: DrawnRow) -> str:
    return "; ".join(f"{asset} {amount}" for asset, amount in shown.item.book.items())


def _stratum(shown: DrawnRow) -> int | None:
    return None if shown.item.stratum is None else shown.item.stratum + 1


_DRAWN = (
    address_column("Item", lambda shown: shown.item.id),
    address_column("Key", lambda shown: shown.item.key, wide=True),
    chip_column("Traced", lambda shown: "Deviation" if not shown.item.reached else "Certain" if shown.item.certain else "Traced", lambda shown: Tone.GOOD if shown.item.reached else Tone.BAD),
    replace(Column("Amounts", _book, _book, _book, Kind.AMOUNT), yields=True),
    replace(count_column("Stratum", _stratum), gives_way=3),
    replace(count_column("Units", lambda shown: shown.item.times), gives_way=4),
    replace(address_column("Ticket", lambda shown: shown.item.ticket), gives_way=5),
    replace(count_column("Proof steps", lambda shown: shown.steps), gives_way=6),
    replace(text_column("Row as read", lambda shown: shown.row), gives_way=7),
)  # fmt: skip


def _outcome(item: ExecutedItem) -> str:
    return "Deviation" if item.deviates else "Replaced" if "EA" in item.tickmarks else "Agrees"


def _missing(item: ExecutedItem) -> list[str]:
    return [check.check for check in item.checks if check.outcome == "no answer"]


_EXECUTED = (
    address_column("Item", lambda item: item.item.id),
    address_column("Key", lambda item: item.item.key, wide=True),
    text_column("Marks", lambda item: " ".join(item.tickmarks)),
    chip_column("Result", _outcome, lambda item: Tone.BAD if item.deviates else Tone.GOOD),
    text_column("What was compared", lambda item: "; ".join(f"{CHECKS[check.check]} {check.outcome}" for check in item.checks), wide=True),
)  # fmt: skip


def _in_full(item: ExecutedItem) -> str:
    """Each comparison of an item: its mark, what the mark means, and both sides."""
    from auditor_app.sampling.execution import TICKMARKS

    lines = []
    for check in item.checks:
        sides = f" Expected {check.expected or '–'}, observed {check.observed or '–'}." if check.expected or check.observed else ""  # fmt: skip
        instead = f" {check.alternative}. Reason: {check.reason}." if check.alternative else ""
        lines.append(f"{check.tickmark}  {CHECKS[check.check].capitalize()}: {TICKMARKS[check.tickmark]}.{sides}{instead}")  # fmt: skip
    return f"{short_middle(item.item.id, 17)}.  " + "  ".join(lines)


class ItemsTab(QWidget):
    """The drawn items and what makes the draw repeatable."""

    def __init__(self, desk: Desk, reasoning: Reasoning) -> None:
        super().__init__()
        self.items = TablePanel("Drawn items", _DRAWN, desk.runner)
        self._sentence = label("", wrap=True)
        self._dummy = label("", "muted", wrap=True)
        self.commitment, self.seed = HashLabel("Commitment digest"), HashLabel("Seed")
        self._repeat = QWidget()
        form = QFormLayout(self._repeat)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(3 * GRID)
        form.addRow(label("Commitment SHA-256", "muted"), self.commitment)
        form.addRow(label("Seed", "muted"), self.seed)
        why = reasoning.hold(label(_WHY_ITEMS, "muted", wrap=True))
        layout = column(card(column(self._sentence, self._dummy, why, self._repeat)), self.items, spacing=2 * GRID)
        layout.setStretch(1, 1)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        self.setLayout(layout)

    def show_sampled(self, sampled: Sampled) -> None:
        """Fill it in."""
        drawn = sampled.drawn
        self.items.show_rows(sampled.rows)
        self._repeat.setVisible(drawn is not None)
        if drawn is None:
            show_text(self._sentence, "No sample was drawn yet: plan it, commit to it, then type the randomness.")
            show_text(self._dummy, "")
            return
        whence = {"leaves": f"leaves of ledger {drawn.ledger}", "list": f"items of the list {drawn.list_name}"}
        of = whence.get(drawn.kind, f"accounts that claim {drawn.asset}, by {int(drawn.size):,} monetary units,")
        failed = sum(not item.reached for item in drawn.items)
        certain = sum(item.certain for item in drawn.items)
        held = f" {count(certain)} are certain: each claims at least one interval of {amount_text(drawn.interval)} {drawn.asset}." if drawn.kind == "reserves" else ""  # fmt: skip
        show_text(self._sentence, f"{count(len(drawn.items))} of {count(int(drawn.population))} {of} drawn with {drawn.source}; {count(failed)} not traced, {drawn.allowed_deviations} deviations allowed by the plan.{held}")  # fmt: skip
        said = "The dummy, which must fail, failed." if drawn.dummy_rejected else "THE DUMMY PASSED: do not rely on this run."  # fmt: skip
        show_text(self._dummy, f"{said}  Committed {drawn.committed_at}; confidence {drawn.confidence}, tolerable {drawn.tolerable}, expected {drawn.expected}.")  # fmt: skip
        self.commitment.show_digest(drawn.commitment)
        self.seed.show_digest(drawn.seed)


class AnswersTab(QWidget):
    """Letters out; extract, replies and alternatives in."""

    def __init__(self, desk: Desk, reasoning: Reasoning, executed: Callable[[Loose | None], object]) -> None:
        super().__init__()
        self._desk, self._executed = desk, executed
        self._loose: Loose | None = None
        self.typed: tuple[Replacement, ...] = ()
        self.state = label("", wrap=True)
        self.extract = self._choice("Extract of the exchange's ledger")
        self.replies = self._choice("Customers' replies")
        self.alternatives = self._choice("Alternative procedures")
        self._by_role = {"ledger extract": self.extract, "customer replies": self.replies, "alternative procedures": self.alternatives}  # fmt: skip
        self.observed = QCheckBox("For reserve addresses: take the balances that the last run observed")
        self.more = QCheckBox("The extract holds more rows than the sample")
        self.reply_by = TypedField("Reply by", "reply by: a day")
        self.reply_to = TypedField("Replies go to", "replies go to: your own address")
        self.template = FileChoice("Letter template", "template: the program's own", lambda place, then: prompts.open_file(place, "Letter template", "Texts (*.txt);;All files (*)", then))  # fmt: skip
        self.contacts = self._choice("Contacts")
        self.letters = button("Write confirmation letters…", self._on_letters)
        self.record = button("Compare and record", self.compare, primary=True)
        self.problem = Banner()
        self.outside = Banner()
        self.new_engagement = button("New engagement…", desk.new_engagement)
        self.outside.add_button(self.new_engagement)
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        self._form = form
        self._lines = (
            holder(row(self.reply_by, self.reply_to, self.letters)),
            holder(row(self.template, self.contacts)),
        )
        form.addRow(label("Letters"), self._lines[0])
        form.addRow(label("Template, contacts"), self._lines[1])
        for name, field in (
            ("Ledger extract", self.extract), ("Replies", self.replies), ("Alternatives", self.alternatives), ("", self.more), ("", self.observed),
        ):  # fmt: skip
            form.addRow(label(name), field)
        why = reasoning.hold(label(_WHY_ANSWERS, "muted", wrap=True))
        made = card(column(self.state, why, form, row(1, self.record), spacing=GRID))
        inner = QWidget()
        inner.setLayout(column(self.outside, self.problem, made, 1, spacing=2 * GRID))
        self.setLayout(tab_room(scrolled(inner, "Answers to the sample")))

    def _choice(self, name: str) -> FileChoice:
        return FileChoice(name, f"{name.lower()}: CSV", lambda place, then: prompts.open_file(place, name, _CSV, then))

    def show_sampled(self, sampled: Sampled, *, writable: bool) -> None:
        """What stands in the journal, or in this window."""
        drawn, done, inside = sampled.drawn, sampled.execution, self._desk.binder.papers is not None
        self._loose = sampled.loose
        self.typed = sampled.typed
        for role, path in sampled.answers:
            choice = self._by_role.get(role)
            if choice is not None and choice.path is None:
                choice.use(path)
        if drawn is None:
            said = "No sample is drawn yet: plan it, commit to it, draw it."
        elif inside and not sampled.recorded:
            said = "The sample on screen is part of the run only. Commit to one and draw it in this engagement: its journal then holds what becomes of each item."  # fmt: skip
        elif done is None:
            said = f"{counted(len(drawn.items), 'item was', 'items were')} drawn. Import what the exchange and its customers answer."
        else:
            said = f"{count(done.deviations)} of {count(len(done.items))} items deviate. Amounts made wrong on purpose were {'found to differ, as they must' if done.dummy_rejected else 'NOT found: do not rely on this'}."
        show_text(self.state, said)
        usable = drawn is not None and (sampled.recorded and writable if inside else sampled.loose is not None)
        self.record.setText("Compare and record" if inside else "Compare")
        self.record.setEnabled(usable)
        for line in self._lines:
            self._form.setRowVisible(line, inside)
        self.observed.setVisible(inside)
        self.letters.setEnabled(usable)
        if inside:
            self.outside.hide()
        else:
            self.outside.say(Tone.INFO, "No engagement is open", "Answers are compared here all the same, and can be saved as files, but nothing is recorded and no report shows them. Letters need the names of client and firm, which an engagement holds.")  # fmt: skip

    def _on_letters(self) -> None:
        suggested = self._desk.beside_snapshot("letters")
        prompts.save_file(self, "New folder for the letters", "Folders (*)", suggested, self.write_letters)

    def write_letters(self, folder: Path) -> None:
        """One letter an item, and a form for the replies, into a folder that is not there yet."""
        typed = LettersTyped(folder, self.reply_by.text().strip(), self.reply_to.text().strip(), self.template.path, self.contacts.path)  # fmt: skip
        work = partial(sampling_work.letters_engaged, typed)
        self._desk.binder.write("Writing the letters", work, partial(self._on_written, folder), self._on_failed)

    def _on_written(self, folder: Path, letters: int) -> None:
        self.problem.say(Tone.GOOD, f"{count(letters)} letters written, and a form for the replies", str(folder))

    def compare(self) -> None:
        """Compare with everything that is chosen and typed; inside an engagement it enters the journal."""
        from auditor_app.engagement.execution_steps import ExecutionAsked

        asked = ExecutionAsked(
            self.extract.path, self.replies.path, self.alternatives.path, self.typed, more_rows=self.more.isChecked()
        )
        self.problem.hide()
        if self._desk.binder.papers is not None:
            work = partial(sampling_work.execute_engaged, asked, self.observed.isChecked())
            self._desk.binder.write("Comparing the answers", work, lambda _: self._executed(None), self._on_failed)
        elif self._loose is not None:
            job = self._desk.runner.make_aside(partial(sampling_work.execute_loose, self._loose, asked), "Comparing the answers")  # fmt: skip
            job.succeeded.connect(self._executed)
            job.failed.connect(self._on_failed)
            self._desk.follow(job)
            job.start()

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "Nothing was recorded", error.sentence())


class ResultsTab(QWidget):
    """Each item with its marks and their meaning, and what may be done about an answer that is missing."""

    def __init__(self, desk: Desk, reasoning: Reasoning, answers: AnswersTab) -> None:
        super().__init__()
        self._desk, self._answers = desk, answers
        self._chosen: ExecutedItem | None = None
        self._document: sampling_work.Document | None = None
        self._kept: tuple[Replacement, ...] = ()
        self._writable = False
        self.items = TablePanel("Executed items", _EXECUTED, desk.runner, reads=_in_full)
        self.meanings = label("", "muted", wrap=True)
        self.alternative = button("Alternative procedure…", self._on_alternative)
        self.compare = button("Compare again", self._on_compare)
        self.drop = button("Take back", self._on_drop, link=True)
        self.save = button("Save as file…", self._on_save)
        self.pending = label("", wrap=True)
        self.items.current_changed.connect(self._on_chosen)
        actions = row(self.alternative, self.pending, 1, self.drop, self.compare, self.save, spacing=GRID)
        actions.setStretch(1, 4)
        self.nothing = label("", wrap=True)
        why = reasoning.hold(label(_WHY_RESULTS, "muted", wrap=True))
        self.setLayout(tab_room(self.nothing, why, self.items, self.meanings, holder(actions), stretch=1))

    def show_sampled(self, sampled: Sampled, *, writable: bool) -> None:
        """The last execution."""
        from auditor_app.sampling.execution import TICKMARKS

        items = () if sampled.execution is None else sampled.execution.items
        self._writable = writable or sampled.loose is not None
        self._document = None if sampled.loose is None else sampled.loose.execution
        self._kept = sampled.typed
        self._chosen = None
        self.items.show_rows(items)
        drawn_only = "Nothing is compared yet: import the answers on the tab Answers, then compare."
        show_text(self.nothing, "" if items else drawn_only if sampled.drawn else "No sample is drawn yet: plan it, commit to it, draw it.")  # fmt: skip
        used = {mark for item in items for mark in item.tickmarks}
        show_text(self.meanings, "   ".join(f"{mark}  {text}" for mark, text in TICKMARKS.items() if mark in used))
        self.save.setVisible(self._document is not None)
        self._show_pending()

    def _on_chosen(self, item: ExecutedItem | None) -> None:
        self._chosen = item
        self.meanings.setVisible(item is None and bool(self.meanings.text()))  # the row's own stand below the table
        self._show_pending()

    def _show_pending(self) -> None:
        typed = [one for one in self._answers.typed if one not in self._kept]
        said = "; ".join(f"item {one.item}: {one.alternative}" for one in typed[:3]) + ("; …" if len(typed) > 3 else "")
        show_text(self.pending, f"Typed, not compared yet: {said}" if typed else "")
        for part in (self.compare, self.drop):
            part.setVisible(bool(typed))
        missing = [] if self._chosen is None else _missing(self._chosen)
        self.alternative.setEnabled(self._writable and bool(missing))
        self.alternative.setToolTip("" if missing else "Choose an item that has no answer")

    def _on_alternative(self) -> None:
        from ui.dialogs.alternative import AlternativeDialog

        if self._chosen is not None:
            AlternativeDialog(self, self._chosen.item.id, _missing(self._chosen), self._use).open()

    def _use(self, made: Replacement) -> None:
        same = [one for one in self._answers.typed if (one.item, one.check) != (made.item, made.check)]
        self._answers.typed = (*same, made)
        self._show_pending()

    def _on_drop(self) -> None:
        self._answers.typed = self._kept
        self._show_pending()

    def _on_compare(self) -> None:
        self._answers.compare()

    def _on_save(self) -> None:
        prompts.save_file(self, "Save the executed sample", "Executed samples (*.json)", self._desk.beside_snapshot("executed.json"), self.save_to)  # fmt: skip

    def save_to(self, path: Path) -> None:
        """Write what ``sample execute -o`` writes."""
        if self._document is not None:
            job = self._desk.runner.make_aside(partial(sampling_work.save_document, self._document, path), "Saving")
            job.succeeded.connect(lambda where: self._desk.say(f"Saved as {where}"))
            job.failed.connect(lambda error: self._desk.say(error.sentence()))
            job.start()
