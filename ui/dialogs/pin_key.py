"""Pin a key: a PEM file and its fingerprint, typed from a second channel. Never offered from a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QWidget

from auditor_app.errors import AuditError
from auditor_app.files import read_capped
from auditor_app.instants import format_instant
from ui import prompts
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, choice, column, label, row, show_text
from ui.widgets.fields import TypedField, hex_digits, instant
from ui.widgets.line import Line

_MAX_PEM = 64 * 1024
_ROLES = (("issuer", "Issuer: signs snapshots"), ("auditor", "Auditor: signs evidence"))


class PinKeyDialog(QDialog):
    """Collects one key with its provenance and adds it to the store at ``store``."""

    def __init__(self, parent: QWidget, store: Path, pinned: Callable[[Path], None]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Pin a key")
        self.setMinimumWidth(640)
        self._store = store
        self._pinned = pinned
        self._pem: bytes = b""
        self.key_file = Line()
        self.key_file.setReadOnly(True)
        self.key_file.setAccessibleName("Public key file")
        self.key_file.setPlaceholderText("PEM file of the public key")
        self.choose = button("Choose…", self._on_choose)
        self.fingerprint = TypedField(
            "Fingerprint from a second channel",
            "64 hex digits; spaces and colons are fine",
            hex_digits(64, 64),
            mono=True,
        )
        self.role = choice("Role")
        for key, words in _ROLES:
            self.role.addItem(words, key)
        self.issuer = TypedField("Issuer's legal name", "exactly as the snapshot writes it")
        self.signer = TypedField("Signer", "person or office, e.g. Head of Treasury")
        self.channel = TypedField("Second channel", "e.g. engagement letter of 2026-10-01")
        self.by = TypedField("Obtained by", "your name")
        self.not_before = TypedField("Valid from", "optional, 2026-01-01T00:00:00Z", instant)
        self.not_after = TypedField("Valid until", "optional", instant)
        self.problem = Banner()
        self._why = label("", "muted", wrap=True)
        self.pin = button("Pin this key", self._on_pin, primary=True)
        self.pin.setDefault(True)
        self._fill()
        for field in self._fields():
            field.judged.connect(self._on_judged)
        self.role.currentIndexChanged.connect(self._on_judged)
        self._on_judged()

    def _fields(self) -> tuple[TypedField, ...]:
        return self.fingerprint, self.issuer, self.signer, self.channel, self.by, self.not_before, self.not_after

    def _fill(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        form.addRow(label("Public key"), row(self.key_file, self.choose))
        for name, field in (
            ("Fingerprint (SHA-256)", self.fingerprint), ("Role", self.role), ("Issuer", self.issuer), ("Signer", self.signer),
            ("Obtained over", self.channel), ("By", self.by), ("Valid from", self.not_before), ("Valid until", self.not_after),
        ):  # fmt: skip
            words = label(name)
            words.setBuddy(field)
            form.addRow(words, field)
        buttons = row(self._why, 1, button("Cancel", self.reject), self.pin, spacing=GRID)
        buttons.setStretch(0, 1)
        intro = label(
            "Type or paste the fingerprint that you obtained over a second channel, not from whoever sent the key file. "
            "A key that does not have it is refused.", wrap=True,
        )  # fmt: skip
        where = label(f"It is added to the trust store {self._store}", "muted", wrap=True)
        self.setLayout(
            column(
                label("Pin a key", "title"),
                intro,
                self.problem,
                form,
                where,
                buttons,
                spacing=2 * GRID,
                margins=3 * GRID,
            )
        )

    def _on_choose(self) -> None:
        prompts.open_file(self, "Public key", prompts.PEM_KEYS, self.use_key_file)

    def use_key_file(self, path: Path) -> None:
        """Read the key; nothing is shown of its fingerprint, which must come over the other channel."""
        try:
            self._pem = read_capped(path, max_bytes=_MAX_PEM, code="TRUST.KEY")
        except AuditError as error:
            self._show_problem(error)
            return
        self.problem.hide()
        self.key_file.setText(str(path))
        self._on_judged()

    def _missing(self) -> str:
        """The first thing still to fill in."""
        issuer_role = self.role.currentData() == "issuer"
        wanted = (
            (bool(self._pem), "Choose the key file."),
            (
                self.fingerprint.value is not None,
                f"Fingerprint: {self.fingerprint.wrong or 'type it from the second channel'}.",
            ),
            (not issuer_role or self.issuer.value is not None, "Type the issuer's legal name."),
            (self.signer.value is not None, "Say whose key it is."),
            (self.channel.value is not None, "Say over which channel the fingerprint came."),
            (self.by.value is not None, "Say who obtained it."),
            (not self.not_before.wrong and not self.not_after.wrong, "Validity takes UTC instants."),
        )
        return next((text for there, text in wanted if not there), "")

    def _on_judged(self) -> None:
        missing = self._missing()
        show_text(self._why, missing)
        self.pin.setEnabled(not missing)

    def _on_pin(self) -> None:
        from auditor_app.snapshot.trust import EMPTY, Provenance, add_key, load_store, save_store

        try:
            store = load_store(self._store) if self._store.exists() else EMPTY
            provenance = Provenance(
                channel=self.channel.value or "", by=self.by.value or "", at=format_instant(datetime.now(UTC))
            )
            changed = add_key(
                store,
                pem=self._pem,
                typed_fingerprint=self.fingerprint.value or "",
                role="issuer" if self.role.currentData() == "issuer" else "auditor",
                issuer=self.issuer.value,
                signer=self.signer.value or "",
                provenance=provenance,
                not_before=self.not_before.value,
                not_after=self.not_after.value,
            )
            self._store.parent.mkdir(parents=True, exist_ok=True)
            save_store(self._store, changed)
        except AuditError as error:
            self._show_problem(error)
            return
        self._pinned(self._store)
        self.accept()

    def _show_problem(self, error: AuditError) -> None:
        self.problem.say(Tone.BAD, "The key was not pinned", error.sentence())
