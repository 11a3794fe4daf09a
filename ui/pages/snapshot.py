"""Snapshot: what is put in, whether it is authentic, and who vouches for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from auditor_app.chain.ownership.challenge import Challenge
from auditor_app.engagement.actions import IssueChallenge
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui.dialogs.challenge import ChallengeDialog
from ui.models.columns import Column, count_column, hash_column, text_column
from ui.models.reserves import named_chain
from ui.pages.findings import REASON_COLUMNS, severity_order
from ui.pages.page import Building, Page
from ui.session import InputFile, Outcome
from ui.text import short_middle, tooltip
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, column, holder, label, row, show_text
from ui.widgets.elided import Elided
from ui.widgets.fields import TypedField, hex_digits, instant
from ui.widgets.hash_label import HashLabel
from ui.widgets.table_panel import TablePanel
from ui.widgets.verdicts import VerdictLines

_INPUTS_WIDTH = (308, 372)
"""In a narrow window, and where there is room."""

_SIGNERS = (
    text_column("Signer", lambda item: item.signer, wide=True),
    hash_column("Fingerprint", lambda item: item.spki_sha256, ends=1),
    text_column("Algorithm", lambda item: item.algorithm, gives_way=1),
    text_column("Pinned from", lambda item: "; ".join(item.provenance), yields=True),
)
_CHAINS = (
    Column("Chain", lambda item: named_chain(item[0]), lambda item: item[0], lambda item: item[0], wide=True),
    replace(count_column("Height", lambda item: int(item[1])), gives_way=1),
    hash_column("Block hash", lambda item: item[2]),
)
_READING_WIDTH = 620
_WHAT_FIRST = (
    "A .porsnap file or a snapshot folder. Everything is read on this machine; no connection is opened. "
    "Begin with a snapshot to look at, or with an engagement that keeps what you do."
)
_FIRST_STEPS = (
    ("Open", "the snapshot that the exchange handed over, and your trust store"),
    ("Pin", "each signer's key by the fingerprint you obtained over a second channel"),
    ("Run", "the procedures (F5); what they observed stands under Findings"),
    ("Report", "what was observed, with every exception"),
)
_HOW_TO_PIN = (
    "This program never takes a key from the snapshot itself. Obtain the fingerprint of each signer's key over a second "
    "channel, such as the engagement letter or a call, then pin the key and run again."
)


class _FileLine(QWidget):
    """One input file: what it is, its name, and what can be done about it."""

    def __init__(self, name: str, missing: str) -> None:
        super().__init__()
        self._missing = missing
        self._name = label("")
        self._folder = label("", "muted")
        self.buttons = row(spacing=0)
        head = row(Elided(name, "overline"), 1, self.buttons)
        self.setLayout(column(head, self._name, self._folder, spacing=2))

    def show_file(self, file: InputFile | None) -> None:
        """Show the chosen file, or what is missing."""
        if file is None:
            show_text(self._name, self._missing)
            show_text(self._folder, "")
            return
        gone = "  (no longer there)" if file.size < 0 else ""
        show_text(self._name, short_middle(file.path.name, 20) + gone)
        show_text(self._folder, short_middle(str(file.path.parent), 21))
        self._name.setToolTip(tooltip(str(file.path)))


class InputsCard(QFrame):
    """Files and typed values on the left of the page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        desk = page.desk
        self._case, self._binder = desk.case, desk.binder
        self.setProperty("card", True)
        self.setMinimumWidth(_INPUTS_WIDTH[0])
        self.setMaximumWidth(_INPUTS_WIDTH[1])
        self.snapshot = _FileLine("Snapshot", "None open")
        self.trust_store = _FileLine("Trust store", "None chosen: without pinned keys nothing is authentic")
        self.evidence = _FileLine("Evidence (optional)", "None: reserves count as claimed only")
        self.remove_evidence = button("Remove", partial(desk.case.use_evidence, None), link=True)
        for line, buttons in (
            (self.snapshot, (button("Open another…", desk.ask_for_snapshot, link=True),)),
            (self.trust_store, (button("Choose…", desk.ask_for_trust_store, link=True), button("Pin a key…", desk.pin_key, link=True))),
            (self.evidence, (button("Add evidence…", desk.ask_for_evidence, link=True), self.remove_evidence)),
        ):  # fmt: skip
            for made in buttons:
                line.buttons.addWidget(made)
        self.nonce = TypedField("Nonce issued for this engagement", "64 hex digits", hex_digits(64, 64), mono=True)
        self.previous = TypedField(
            "Payload digest of the previous snapshot", "64 hex digits", hex_digits(64, 64), mono=True
        )
        self.time = TypedField("Trusted time", "now, or 2026-11-01T00:00:00Z", instant, mono=True)
        self.challenge = TypedField("Challenge to be signed with the reserve addresses' keys", "text of your own")
        self.new_challenge = button("Make one…", self._on_new_challenge, link=True)
        self._typed = (self.nonce, self.previous, self.time, self.challenge)
        self.run = button("Run procedures  (F5)", desk.case.run, primary=True)
        self._why = label("", "muted", wrap=True)
        self._why.setProperty("ink", "bad")
        self._fill()
        for field in self._typed:
            field.editingFinished.connect(self._on_typed)
            field.judged.connect(self._on_judged)

    def _fill(self) -> None:
        layout = column(self.snapshot, self.trust_store, self.evidence, spacing=GRID + 4)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, GRID)
        layout.addWidget(_rule())
        layout.addWidget(label("Held by you, for comparison (optional)", "overline"))
        for name, field in (
            ("Nonce you issued", self.nonce),
            ("Previous payload SHA-256", self.previous),
            ("Trusted time (UTC)", self.time),
            ("Challenge you asked to be signed", self.challenge),
        ):
            words = label(name)
            words.setBuddy(field)
            typed = row(field, self.new_challenge) if field is self.challenge else field
            layout.addLayout(column(words, typed, spacing=4))
        layout.addStretch(1)
        foot = column(self._why, self.run, spacing=GRID)
        foot.setContentsMargins(2 * GRID, GRID, 2 * GRID, 2 * GRID)
        inside = QWidget()
        inside.setLayout(layout)
        everything = column(_scrolled(inside, "Inputs"), _rule(), foot, spacing=0)
        everything.setContentsMargins(1, 1, 1, 1)
        self.setLayout(everything)
        self._why.hide()

    def refresh(self) -> None:
        """Show the inputs of the case."""
        inputs = self._case.inputs
        self.snapshot.show_file(inputs.snapshot)
        self.trust_store.show_file(inputs.trust_store)
        self.evidence.show_file(inputs.evidence)
        self.remove_evidence.setVisible(inputs.evidence is not None)
        for field, value in (
            (self.nonce, inputs.nonce),
            (self.previous, inputs.previous),
            (self.time, inputs.trusted_time),
            (self.challenge, inputs.challenge),
        ):
            if not field.hasFocus() and field.value != value:
                field.setText(value or "")
        self._on_judged()

    def _on_new_challenge(self) -> None:
        ChallengeDialog(self.window(), self.use_challenge).open()

    def use_challenge(self, made: Challenge) -> None:
        """Compare with it from now on; an open engagement keeps it."""
        self.challenge.setText(made.text)
        self.challenge.setCursorPosition(0)
        self._on_typed()
        if self._binder.writable:
            block_from = "typed" if made.block else ""
            action = IssueChallenge(challenge=made.text, nonce=made.nonce, block=made.block, block_from=block_from)
            self._binder.record(action, title="Recording the challenge")

    def _on_typed(self) -> None:
        if not any(field.wrong for field in self._typed):
            self._case.type_held_values(
                nonce=self.nonce.value,
                previous=self.previous.value,
                trusted_time=self.time.value,
                challenge=self.challenge.value,
            )

    def _on_judged(self) -> None:
        wrong = next(
            (f"{field.accessibleName()}: {field.wrong}" for field in self._typed if field.wrong),
            "",
        )
        show_text(self._why, wrong)
        self.run.setEnabled(self._case.inputs.complete and not self._case.running and not wrong)


def _rule() -> QFrame:
    made = QFrame()
    made.setProperty("rule", True)
    made.setFixedHeight(1)
    return made


def _scrolled(inner: QWidget, name: str) -> QScrollArea:
    """``inner`` as wide as its room; what does not fit in height is scrolled to."""
    inner.setProperty("page", True)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setAccessibleName(name)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area


class IdentityCard(QFrame):
    """Which snapshot it is."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._issuer = label("", "section", wrap=True, selectable=True)
        self._values = {
            name: label("", selectable=True)
            for name in ("As of", "Created", "Snapshot id", "Sequence", "Threshold", "Keys judged at")
        }
        self.digest = HashLabel("Payload SHA-256")
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(6)
        for name, value in self._values.items():
            form.addRow(label(name, "muted"), value)
        form.addRow(label("Payload SHA-256", "muted"), self.digest)
        self.setLayout(column(self._issuer, form, spacing=GRID, margins=2 * GRID))

    def show_identity(self, audit: Audit) -> None:
        """Fill it in."""
        identity = audit.identity
        show_text(self._issuer, identity.issuer)
        signers = len(identity.signers)
        for name, text in (
            ("As of", identity.as_of), ("Created", identity.created_at), ("Snapshot id", short_middle(identity.snapshot_id, 26)),
            ("Sequence", str(identity.sequence)),
            ("Threshold", f"{identity.threshold} distinct signers asked for, {signers} signed"),
            ("Keys judged at", f"{identity.trusted_time.instant}  ({audit.keys_judged})"),
        ):  # fmt: skip
            show_text(self._values[name], text)
        self.digest.show_digest(identity.payload_sha256)


class DropZone(QFrame):
    """The first thing one sees: where to drop a snapshot, and those opened lately."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._desk = page.desk
        self.setProperty("dropzone", True)
        heading = label("Drop a signed snapshot here", "title")
        heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = label(_WHAT_FIRST, "muted", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setFixedWidth(_READING_WIDTH)
        desk = page.desk
        self.open = button("Open snapshot…", desk.ask_for_snapshot, primary=True)
        self.new_engagement = button("New engagement…", desk.new_engagement)
        self.open_engagement = button("Open engagement…", desk.open_engagement)
        self.demo = button("Try it on the demo…", desk.open_demo)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._recent_title = label("Opened lately", "overline")
        self._recent_title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        doors = row(1, self.open, self.new_engagement, self.open_engagement, self.demo, 1)
        steps = QGridLayout()
        steps.setHorizontalSpacing(2 * GRID)
        steps.setVerticalSpacing(4)
        steps.setColumnStretch(1, 1)
        for at, (does, words) in enumerate(_FIRST_STEPS):
            steps.addWidget(label(f"{at + 1}   {does}"), at, 0)
            steps.addWidget(label(words, "muted"), at, 1)
        centred = row(1, text, 1)
        self.setLayout(
            column(
                2, heading, centred, doors, row(1, steps, 1), 1, self._recent_title, self._recent, 2,
                spacing=2 * GRID, margins=3 * GRID,
            )
        )  # fmt: skip

    def refresh(self) -> None:
        """List the recent snapshots."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        recent = self._desk.settings.recent[:5]
        for path in recent:
            made = button(
                f"{path.name}   —   {short_middle(str(path.parent), 24)}",
                partial(self._desk.open_snapshot, path),
                link=True,
            )
            self._recent.addWidget(made, 0, Qt.AlignmentFlag.AlignHCenter)
        self._recent_title.setVisible(bool(recent))


class SnapshotPage(Page):
    """Inputs left; verdicts, identity, signers and chains right."""

    def build(self) -> Building:
        """Two columns."""
        self.inputs = InputsCard(self)
        self.drop_zone = DropZone(self)
        self.verdict_lines = VerdictLines()
        self.refused = Banner()
        self.refused.add_button(button("Pin a key…", self.desk.pin_key))
        self.failed = Banner()
        self.waiting = label("", "muted", wrap=True)
        self.identity = IdentityCard()
        runner = self.desk.runner
        self.reasons = TablePanel("Why it was refused", REASON_COLUMNS, runner, filterable=False)
        self.signers = TablePanel("Signers", _SIGNERS, runner, filterable=False)
        self.chains = TablePanel("Blocks", _CHAINS, runner, filterable=False)
        self._results = holder(column(self.identity, self.signers, self.chains, spacing=2 * GRID))
        right = column(
            self.refused,
            self.failed,
            self.waiting,
            self.verdict_lines,
            self.reasons,
            self._results,
            1,
            spacing=2 * GRID,
        )
        right.setContentsMargins(0, 0, GRID, 0)
        results = QWidget()
        results.setLayout(right)
        both = row(self.inputs, _scrolled(results, "Results"), spacing=2 * GRID)
        both.setStretch(0, 2)
        both.setStretch(1, 3)
        self._both = holder(both)
        self.content.setLayout(column(self.drop_zone, self._both))
        yield

    def tables(self) -> tuple[TablePanel, ...]:
        """None has a filter field; amounts stand only in the reasons."""
        return self.reasons, self.signers, self.chains

    def refresh(self) -> None:
        """Inputs are shown whatever the outcome."""
        super().refresh()
        case = self.desk.case
        opened = case.inputs.snapshot is not None
        self.drop_zone.setVisible(not opened)
        self._both.setVisible(opened)
        if not opened:
            self.drop_zone.refresh()
        self.inputs.refresh()
        self._show_outcome(case.outcome)
        self.show_content(True)

    def show_audit(self, audit: Audit) -> None:
        """Verdicts, identity, signers, blocks."""
        self.verdict_lines.show_verdicts(audit.verdicts, audit.findings)
        self.identity.show_identity(audit)
        self.signers.show_rows(audit.identity.signers)
        self.chains.show_rows(audit.identity.chains)
        for table in (self.signers, self.chains):
            table.fit_rows(6)

    def _show_outcome(self, outcome: Outcome | None) -> None:
        audit = None if outcome is None else outcome.audit
        refusal = None if outcome is None else outcome.refusal
        error = None if outcome is None or refusal is not None else outcome.error
        self._results.setVisible(audit is not None)
        self.verdict_lines.setVisible(audit is not None)
        self.reasons.setVisible(refusal is not None)
        if outcome is None or refusal is None:
            self.refused.hide()
        else:
            pinnable = any(item.code.startswith("SIGNATURE.") for item in outcome.findings)
            self.refused.say(
                Tone.BAD, "NOT AUTHENTIC", f"{refusal.sentence()} {_HOW_TO_PIN}" if pinnable else refusal.sentence()
            )
            self.reasons.show_rows(severity_order(outcome.findings))
            self.reasons.fit_rows(8)
        self._show_error(error)
        show_text(self.waiting, "" if outcome is not None else self._what_next())

    def _show_error(self, error: AuditError | None) -> None:
        if error is None:
            self.failed.hide()
        else:
            self.failed.say(Tone.WARN, "The run could not finish", error.sentence())

    def _what_next(self) -> str:
        case = self.desk.case
        if case.running:
            return "Running: results appear here when the run has ended. Esc cancels."
        if case.inputs.trust_store is None:
            return "Choose your trust store, or pin the first key. A snapshot counts as authentic only under keys whose fingerprints you obtained over a second channel."
        return "Ready. Run the procedures (F5)."
