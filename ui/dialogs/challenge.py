"""A challenge: the text that the exchange is asked to sign with the key of every reserve address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from auditor_app.chain.ownership.challenge import Challenge, make_challenge
from auditor_app.errors import AuditError
from ui.dialogs.engagement import Question
from ui.widgets.blocks import button, label, row
from ui.widgets.fields import TypedField

_SENTENCE = (
    "Nobody could have signed this text before now, and nobody will be asked to sign it again: its nonce is drawn here. A "
    "block mined just now, from a source of yours, shows others that a signature is younger than it."
)
_HEIGHT = 112


class ChallengeDialog(Question):
    """Purpose and block are typed; the text stands below as it will be signed."""

    def __init__(self, parent: QWidget, then: Callable[[Challenge], object]) -> None:
        super().__init__(parent, "New challenge", _SENTENCE, "Use this challenge")
        self._then = then
        self._today = datetime.now(UTC).date().isoformat()
        self._drawn = make_challenge("Proof of reserves", date=self._today).nonce
        self.made: Challenge | None = None
        self.purpose = TypedField("Purpose", "for instance: Audit of Example Exchange 2026")
        self.purpose.setText("Proof of reserves")
        self.block = TypedField("Block (optional)", "eip155:1:21925176=0x…", mono=True)
        self.shown = QPlainTextEdit()
        self.shown.setReadOnly(True)
        self.shown.setAccessibleName("Challenge")
        self.shown.setFixedHeight(_HEIGHT)
        self.copy = button("Copy", self._on_copy)
        self.add("Purpose", self.purpose)
        self.add("Block (optional)", self.block)
        self.form.addRow(label("To be signed"), row(self.shown, self.copy))
        for field in (self.purpose, self.block):
            field.textChanged.connect(self._on_typed)
        self._on_typed()

    def _on_typed(self, *_: object) -> None:
        make = partial(make_challenge, date=self._today, nonce=self._drawn)
        try:
            self.made, why = make(self.purpose.text().strip(), block=self.block.text().strip()), ""
        except AuditError as error:
            self.made, why = None, f"{error.what[:1].upper()}{error.what[1:]}."
        self.shown.setPlainText("" if self.made is None else self.made.text)
        self.copy.setEnabled(self.made is not None)
        self.judge(why)

    def _on_copy(self) -> None:
        QApplication.clipboard().setText(self.shown.toPlainText())

    def on_yes(self) -> None:
        """Compare with it from now on."""
        made = self.made
        self.accept()
        if made is not None:
            self._then(made)
