"""One reserve address in full: its grade, who controls it, and each step from the block's hash to its balance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from auditor_app.chain.exchange_reading import AccountExchanges
from auditor_app.chain.names import chain_name
from auditor_app.chain.observed import AddressLine
from auditor_app.chain.ownership.lookup import NO_PROOF, NO_PROOF_WORDS, Control, outcome_words
from auditor_app.chain.ownership.model import Freshness, Outcome, OwnershipLine
from auditor_app.chain.proof_steps import ProofStep
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui.chain_work import Subject, read_exchanges, read_steps
from ui.dialogs.exchanges import ExchangesDialog
from ui.jobs import Job, JobRunner
from ui.models.reserves import outcome_tone
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
        self._found: Control = NO_PROOF
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
        self._chain = label("", "muted", wrap=True)
        self._control = QVBoxLayout()
        self._control.setSpacing(GRID)
        self._said: list[str] = []
        self._state = label("", "muted", wrap=True)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(GRID + 4)
        inner = QWidget()
        self.close_button = button("Close", lambda: self.show_line(None, None), link=True)
        self.close_button.setAccessibleName("Close the selected address")
        self.raw = button("Raw requests…", self._on_raw)
        self.raw.setAccessibleName("Raw requests that name the selected address")
        body = column(
            row(label("Selected address", "overline"), 1, self.close_button),
            column(self._account, self._chain, spacing=2),
            self._grade,
            self._amounts,
            label("Proof of control", "overline"),
            self._control,
            label("From the block's hash to the balance", "overline"),
            self._state,
            self._steps,
            self.raw,
            1,
        )
        inner.setLayout(column(card(body)))
        self.setWidget(inner)
        self.hide()

    def show_line(self, audit: Audit | None, line: AddressLine | None, control: Control = NO_PROOF) -> None:
        """Show another address with the proofs found for it, or none."""
        if line is self._line and audit is self._audit:
            return
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._audit, self._line, self._found = audit, line, control
        self._clear()
        self.setVisible(audit is not None and line is not None)
        if audit is None or line is None:
            return
        self._show_head(audit, line)
        evidence = audit.request.evidence
        self.raw.setVisible(evidence is not None)
        self.raw.setEnabled(not self._hidden)
        if evidence is None:
            show_text(self._state, _NO_EVIDENCE)
            return
        show_text(self._state, "Following the proof…")
        subject = Subject(audit.request.snapshot, audit.request.trust_store, audit.request.trusted_time)
        origins = () if audit.evidence is None else audit.evidence.blocks
        origin = next((item for item in origins if item.chain == line.address.chain), None)
        work = partial(read_steps, subject, evidence, line.address.account, line.address.asset, origin)
        self._job = self._runner.make_aside(work, "Following the proof of one address")
        self._job.succeeded.connect(self._on_steps)
        self._job.failed.connect(self._on_failed)
        self._job.start()

    def hide_amounts(self, hidden: bool) -> None:
        """Mask amounts here as in the tables."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.raw.setEnabled(not hidden)  # raw replies hold amounts in every form
            if self._audit is not None and self._line is not None:
                self._show_head(self._audit, self._line)
            self._show_steps(self.steps)

    @property
    def text(self) -> str:
        """All that stands here, for tests."""
        said = (self._chain, self._grade, self._amounts, self._state)
        return "\n".join(
            [
                self._account.shown,
                *(item.text() for item in said),
                *self._said,
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
        chain = line.address.chain
        show_text(self._chain, f"{chain_name(chain)}  {chain}")
        self._show_control(audit)

    def _show_control(self, audit: Audit) -> None:
        """Every proof that names the account, the one that counts first."""
        _empty(self._control)
        self._said = []
        if audit.ownership is None:
            self._add_proof(Chip(NO_PROOF_WORDS, Tone.NEUTRAL), "The snapshot holds no proofs of control.")
            return
        control = self._found
        for item in sorted(control.lines, key=lambda item: item is not control.line):
            self._add_proof(Chip(outcome_words(item), outcome_tone(item)), _proof(item))
        if not control.lines:
            self._add_proof(Chip(NO_PROOF_WORDS, Tone.NEUTRAL), "No proof of control names this account.")

    def _add_proof(self, chip: Chip, words: str) -> None:
        self._said.append(f"{chip.text}: {words}")
        made = QWidget()
        inner = row(chip, label(words, wrap=True, selectable=True))
        inner.setAlignment(chip, Qt.AlignmentFlag.AlignTop)
        inner.setStretch(1, 1)
        made.setLayout(inner)
        self._control.addWidget(made)

    def _on_raw(self) -> None:
        """Look for the raw requests and show them in a dialog of their own."""
        audit, line = self._audit, self._line
        if audit is None or line is None or audit.request.evidence is None:
            return
        request = audit.request
        subject = Subject(request.snapshot, request.trust_store, request.trusted_time)
        work = partial(read_exchanges, subject, audit.request.evidence, line.address.account)
        job = self._runner.make_aside(work, "Looking for raw requests")
        job.succeeded.connect(partial(self._on_exchanges, line))
        job.failed.connect(self._on_failed)
        self.raw.setEnabled(False)
        job.start()

    def _on_exchanges(self, line: AddressLine, found: AccountExchanges) -> None:
        self.raw.setEnabled(not self._hidden)
        if line is self._line:
            ExchangesDialog(self.window(), line.address.account, found, self._runner).open()

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
        _empty(self._steps)


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
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


def _proof(item: OwnershipLine) -> str:
    """Method, what it binds, whether it is fresh, and every remark."""
    if item.outcome is Outcome.UNSIGNED and not item.method and not item.note:
        return "No proof of control names this account."
    parts = [item.scheme or item.method or "no method"]
    if item.outcome is Outcome.VALID:
        parts += [f"binds the {item.binds.value}", _FRESHNESS[item.freshness]]
    if item.seen_before:
        parts.append(f"the same signature stood at {item.seen_before}")
    if item.note:
        parts.append(item.note)
    return "; ".join(parts) + "."


_FRESHNESS = {
    Freshness.FRESH: "fresh",
    Freshness.DATED: "dated otherwise, so it may have been signed at another time",
    Freshness.REPLAYABLE: "holds neither challenge nor date, so it can be shown again at any time",
}
