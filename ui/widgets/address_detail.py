"""One reserve address in full: its grade, who controls it, and each step from the block's hash to its balance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from auditor_app.chain.observed import AddressLine
from auditor_app.chain.ownership.model import OwnershipLine
from auditor_app.chain.proof_steps import ProofStep
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui.chain_work import Subject, read_steps
from ui.jobs import Job, JobRunner
from ui.text import base_units, masked
from ui.theme import Tone
from ui.widgets.blocks import GRID, button, card, column, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.hash_label import HashLabel

_WIDTH = 400
_NO_EVIDENCE = "No evidence file is in the case: the balance is the issuer's word."
_MEANING = {
    "proven": "Recalculated by state proof under a block hash that does not rest on one host's word.",
    "own-node": "Read from a node that the auditor runs.",
    "two-sources": "Two different hosts gave the same balance.",
    "one-source": "One host's word.",
    "claimed": "The issuer's word; it is not observed and enters no rate.",
}


class AddressDetail(QScrollArea):
    """Hidden while no row is chosen; reads the evidence again for each address that is looked at."""

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._job: Job | None = None
        self._line: AddressLine | None = None
        self._audit: Audit | None = None
        self._hidden = False
        self.steps: tuple[ProofStep, ...] = ()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(_WIDTH)
        self.setAccessibleName("Selected address")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._account = HashLabel("account", account=True)
        self._grade = label("", "section", wrap=True)
        self._amounts = label("", wrap=True, selectable=True)
        self._amounts.setAccessibleName("Amounts of the selected address")
        self._control = label("", wrap=True)
        self._state = label("", "muted", wrap=True)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(GRID + 4)
        inner = QWidget()
        self.close_button = button("Close", lambda: self.show_line(None, None), link=True)
        self.close_button.setAccessibleName("Close the selected address")
        body = column(
            row(label("Selected address", "overline"), 1, self.close_button),
            self._account,
            self._grade,
            self._amounts,
            self._control,
            self._state,
            self._steps,
            1,
        )
        inner.setLayout(column(card(body)))
        self.setWidget(inner)
        self.hide()

    def show_line(self, audit: Audit | None, line: AddressLine | None) -> None:
        """Show another address, or none."""
        if line is self._line and audit is self._audit:
            return
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._audit, self._line = audit, line
        self._clear()
        self.setVisible(audit is not None and line is not None)
        if audit is None or line is None:
            return
        self._show_head(audit, line)
        evidence = audit.request.evidence
        if evidence is None:
            show_text(self._state, _NO_EVIDENCE)
            return
        show_text(self._state, "Following the proof…")
        subject = Subject(audit.request.snapshot, audit.request.trust_store, audit.request.trusted_time)
        work = partial(read_steps, subject, evidence, line.address.account, line.address.asset)
        self._job = self._runner.make(work, "Following the proof of one address")
        self._job.succeeded.connect(self._on_steps)
        self._job.failed.connect(self._on_failed)
        self._job.start()

    def hide_amounts(self, hidden: bool) -> None:
        """Mask amounts here as in the tables."""
        if hidden != self._hidden:
            self._hidden = hidden
            if self._audit is not None and self._line is not None:
                self._show_head(self._audit, self._line)
            self._show_steps(self.steps)

    @property
    def text(self) -> str:
        """All that stands here, for tests."""
        said = (self._grade, self._amounts, self._control, self._state)
        return "\n".join(
            [
                self._account.shown,
                *(item.text() for item in said),
                *(f"{item.title}: {item.text}" for item in self.steps),
            ]
        )

    def _show_head(self, audit: Audit, line: AddressLine) -> None:
        self._account.show_digest(line.address.account)
        grade = line.grade.value
        show_text(self._grade, f"{grade.replace('-', ' ').capitalize()}. {_MEANING[grade]}")
        observed = base_units(line.observed, line.decimals)
        amounts = (
            f"Claimed {base_units(line.address.claimed, line.decimals)} {line.address.asset}, observed {observed}."
        )
        counted = "" if line.counted else " These coins stand in an earlier row and were not counted again."
        show_text(self._amounts, self._mask(amounts) + counted)
        show_text(self._control, _control(audit, line))

    def _mask(self, text: str) -> str:
        return masked(text) if self._hidden else text

    def _on_steps(self, steps: tuple[ProofStep, ...]) -> None:
        self._job = None
        show_text(self._state, "")
        self._show_steps(steps)

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        show_text(self._state, error.sentence())

    def _show_steps(self, steps: Sequence[ProofStep]) -> None:
        self._clear()
        self.steps = tuple(steps)
        for number, step in enumerate(steps, 1):
            self._steps.addWidget(_step(number, step, self._mask(step.text)))

    def _clear(self) -> None:
        self.steps = ()
        while (item := self._steps.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()


def _step(number: int, step: ProofStep, text: str) -> QWidget:
    """A numbered step: title, whether it holds, what was found, and the digests on the way."""
    made = QWidget()
    words, tone = {True: ("Holds", Tone.GOOD), False: ("Does not hold", Tone.BAD), None: ("Stated", Tone.NEUTRAL)}[
        step.holds
    ]
    items: list[QWidget] = [label(text, wrap=True, selectable=True)]
    items += [HashLabel(f"{step.title} {at}", digest) for at, digest in enumerate(step.digests, 1)]
    head = row(label(f"{number}  {step.title}", "section"), Chip(words, tone), 1)
    layout = column(head, *items, spacing=4)
    made.setLayout(layout)
    made.setAccessibleName(f"Step {number}, {step.title}: {words.lower()}")
    return made


def _control(audit: Audit, line: AddressLine) -> str:
    """Who controls it, as far as the supplied proofs say."""
    if audit.ownership is None:
        return "Control: the snapshot holds no proofs of control."
    lines, row = audit.ownership.lines, line.address
    named = {item.identity for item in lines if (item.row.account, item.row.asset) == (row.account, row.asset)}
    found = [item for item in lines if item.identity in named and item.row.asset == row.asset]
    return "Control: " + ("; ".join(_proof(item) for item in found) or "no proof of control names this account.")


def _proof(item: OwnershipLine) -> str:
    if item.outcome.value != "valid":
        return f"{item.method or 'no method'}, {item.outcome.value}" + (f" ({item.note})" if item.note else "")
    seen = f", the same signature stood at {item.seen_before}" if item.seen_before else ""
    return f"{item.method}, valid, binds the {item.binds.value}, {item.freshness.value}{seen}"
