"""The Evaluate tab of a sample: deviations, most likely rate, limits and taints, each with what it means."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from auditor_app.errors import AuditError
from ui import prompts, sampling_work
from ui.desk import Desk
from ui.papers.paper import scrolled, tab_room
from ui.sample_planning import amount_text
from ui.sampling_work import Sampled
from ui.text import short_middle
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.reasoning import Reasoning
from ui.widgets.sample_plan import show_facts
from ui.widgets.sample_steps import CHECKS

if TYPE_CHECKING:
    from auditor_app.sampling.conclusion import Conclusion


class EvaluateTab(QWidget):
    """Deviations, most likely rate, upper limit, taints; and whether the report prints them."""

    def __init__(self, desk: Desk, reasoning: Reasoning, changed: Callable[[], object]) -> None:
        super().__init__()
        self._desk, self._reasoning = desk, reasoning
        self.confidence = TypedField("Confidence", "as committed")
        self.confidence.setFixedWidth(140)
        self.verdict = Banner()
        self.numbers = QGridLayout()
        self.numbers.setColumnStretch(2, 1)
        self.numbers.setVerticalSpacing(GRID)
        self.numbers.setHorizontalSpacing(3 * GRID)
        self.printed = label("", wrap=True)
        self.nothing = label("", wrap=True)
        self.record = button("Record the evaluation", self._on_record, primary=True)
        self.save = button("Save as file…", self._on_save)
        self._document: sampling_work.Document | None = None
        self.problem = Banner()
        self.confidence.editingFinished.connect(changed)
        words = label("Confidence")
        words.setBuddy(self.confidence)
        head = row(words, self.confidence, 1, self.save, self.record, spacing=2 * GRID)
        inner = QWidget()
        inner.setLayout(column(self.problem, self.verdict, card(column(head, self.nothing, self.numbers, spacing=2 * GRID)), self.printed, 1, spacing=2 * GRID))  # fmt: skip
        self.setLayout(tab_room(scrolled(inner, "Evaluation of the sample")))

    def show_sampled(self, sampled: Sampled, *, writable: bool) -> None:
        """The evaluation of the last execution, computed by the core."""
        done, inside = sampled.conclusion, self._desk.binder.papers is not None
        self.record.setVisible(inside)
        self.record.setEnabled(done is not None and writable)
        self._document = None if sampled.loose is None else sampled.loose.execution
        self.save.setVisible(self._document is not None)
        show_facts(self.numbers, () if done is None else facts_of(done), self._reasoning, beside=True)
        if done is None:
            self.verdict.hide()
            show_text(self.nothing, "Nothing to evaluate yet: the sample is not executed. Draw it, then compare it with the answers under Execute.")  # fmt: skip
            show_text(self.printed, "")
            return
        show_text(self.nothing, "")
        tone, said = (Tone.GOOD, "Within the plan") if done.within_plan else (Tone.BAD, "Beyond what the plan allows")
        self.verdict.say(tone, said, f"{done.deviations} deviations among {done.size} items; tolerable rate {_percent(done.tolerable)}.")  # fmt: skip
        if not inside:
            show_text(
                self.printed,
                "No engagement is open: nothing of this is recorded, and no report prints it. Save it as a file, or make an engagement (Ctrl+N) and draw the sample there.",
            )
        else:
            show_text(self.printed, "The report prints limits: computing them is an agreed procedure." if sampled.limits_agreed else "The report prints no limit: under agreed-upon procedures one is printed only where computing it is itself an agreed procedure.")  # fmt: skip

    def _on_record(self) -> None:
        self.problem.hide()
        work = partial(sampling_work.evaluate_engaged, self.confidence.text().strip())
        self._desk.binder.write("Evaluating the sample", work, self._on_done, self._on_failed)

    def _on_save(self) -> None:
        prompts.save_file(self, "Save the evaluation", "Evaluations (*.json)", self._desk.beside_snapshot("evaluated.json"), self.save_to)  # fmt: skip

    def save_to(self, path: Path) -> None:
        """Write what ``sample evaluate --json`` prints."""
        if self._document is not None:
            work = partial(sampling_work.save_conclusion, self._document, self.confidence.text().strip(), path)
            job = self._desk.runner.make_aside(work, "Saving")
            job.succeeded.connect(lambda where: self._desk.say(f"Saved as {where}"))
            job.failed.connect(lambda error: self.problem.say(Tone.WARN, "Nothing was written", error.sentence()))
            job.start()

    def _on_done(self, _: object) -> None:
        self.problem.say(Tone.GOOD, "Recorded", "The evaluation stands in the journal.")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "Nothing was recorded", error.sentence())


def _percent(text: str) -> str:
    """A rate as committed or computed, for people."""
    from fractions import Fraction

    from auditor_app.sampling.rates import rate_of

    try:
        return rate_of(Fraction(text)).percent
    except ValueError:
        return text


def facts_of(done: Conclusion) -> tuple[tuple[str, str, str], ...]:
    """Name, value and meaning of each number of an evaluation."""
    by_check = "; ".join(f"{CHECKS[check]} {number}" for check, number in done.deviations_by_check.items())
    facts = [
        ("Items", f"{done.size} of {done.population}", "What was drawn, of how many."),
        ("Deviations", done.deviations, f"An item counts once. By comparison: {by_check}."),
        ("Allowed by the plan", done.allowed_deviations or "–", "The most deviations with which a sample of this size still bounds the rate below the tolerable one."),
        ("Most likely rate", _percent(done.most_likely_rate), "The share of deviating items in the sample, exact; of strata, weighted by their populations."),
        ("Upper limit", _percent(done.upper_limit), f"The highest share of deviating items that {done.deviations} deviations among {done.size} items still leave possible at a confidence of {_percent(done.confidence)}{f', by the {done.limit_rule} rule' if done.limit_rule else ''}."),
    ]  # fmt: skip
    facts += [(part.label, f"{part.deviations} of {part.size}; limit {_percent(part.upper_limit)}", f"One stratum by itself, at {_percent(part.confidence)}, of {part.population} leaves.") for part in done.strata]  # fmt: skip
    money = done.monetary
    if money is not None:
        facts += [
            (name, f"{amount_text(value)} {money.asset}", why)
            for name, value, why in (
                ("Book value", money.book, "What the signed list claims in all."),
                ("Interval", money.interval, "What each unit stands for."),
                ("Found in certain items", money.certain_misstatement, f"Book less found in {money.certain_items} accounts inspected whole ({amount_text(money.certain_book)}); never extrapolated."),
                ("Most likely misstatement", money.most_likely, "Certain items as found, the rest projected by their taints."),
                ("Upper bound (Stringer)", money.upper_bound, "Overstatement at most, at the confidence above."),
                ("Understatement bound", money.understatement_bound, "The same for understatements; the two are never netted."),
            )
        ]  # fmt: skip
        facts += [(f"Taint of {short_middle(taint.item)}", _percent(taint.taint.removeprefix("-")) + (" under" if taint.taint.startswith("-") else " over"), f"Book {taint.book}, found {taint.found}{', certain' if taint.certain else ''}.") for taint in money.taints]  # fmt: skip
    return tuple(facts)
