"""Sign a final report: which file, as what, with a key file or a token, with a time stamp if one is asked for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from auditor_app.engagement.terms import SIGNING_ROLES
from auditor_app.errors import AuditError
from ui import prompts, signing_work
from ui.desk import Desk
from ui.dialogs.engagement import Question
from ui.signing_work import SignAsked, TokenPlace
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import Banner, choice, label
from ui.widgets.fields import TypedField
from ui.widgets.file_choice import FileChoice

_KEYS = ("Key file (PKCS#12)", "Token or smart card (PKCS#11)")


class SignReportDialog(Question):
    """Report, role, key, time stamp, output; pass phrase and PIN are forgotten once the job has them."""

    signed = Signal(object)
    """The path of the signed file."""

    def __init__(self, parent: QWidget, desk: Desk, report: Path | None) -> None:
        sentence = (
            "Adds an invisible PAdES signature behind the report's bytes, which stay as they are. Preparer and partner sign "
            "one after the other. Drafts are not signed."
        )
        super().__init__(parent, "Sign a report", sentence, "Sign")
        self.setMinimumWidth(680)
        self._desk, self._window = desk, parent
        self.report = FileChoice("Report", "the final report", lambda place, then: prompts.open_file(place, "Report", prompts.REPORTS, then), report)  # fmt: skip
        self.role, self.kind = choice("Sign as"), choice("Key")
        for role in SIGNING_ROLES:
            self.role.addItem(role.capitalize(), role)
        self.kind.addItems(_KEYS)
        self.key = FileChoice("Key file", "KEY.p12 with its certificate", lambda place, then: prompts.open_file(place, "Key file", prompts.KEYS_P12, then))  # fmt: skip
        self.module = FileChoice("PKCS#11 module", "the token's library", lambda place, then: prompts.open_file(place, "PKCS#11 module", prompts.MODULES, then))  # fmt: skip
        self.token, self.key_label = TypedField("Token's label", "optional"), TypedField("Label of the key", "as on the token")  # fmt: skip
        self.secret = QLineEdit()
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.authority = TypedField("Time-stamping authority", "optional, https://…", _address)
        self.long_term = QCheckBox("Embed what is needed to check it for years (B-LTA)")
        self.certificate = FileChoice("Authority's certificates", "CA.pem, obtained elsewhere", lambda place, then: prompts.open_file(place, "Certificates", prompts.CERTIFICATES, then))  # fmt: skip
        self.output = FileChoice("Signed report", "where it is written", self._ask_output)
        self.network = label("", "muted", wrap=True)
        self.problem = Banner()
        for name, field in (
            ("Report", self.report), ("Sign as", self.role), ("Key", self.kind), ("Key file", self.key),
            ("Module", self.module), ("Token", self.token), ("Key label", self.key_label), ("Pass phrase", self.secret),
            ("Time stamp", self.authority), ("", self.network), ("", self.long_term), ("Certificates", self.certificate),
            ("Signed report", self.output),
        ):  # fmt: skip
            self.add(name, field)
        self.form.addRow(self.problem)
        for file in (self.report, self.key, self.module, self.certificate, self.output):
            file.chosen.connect(self._judge)
        for typed in (self.token, self.key_label, self.authority):
            typed.judged.connect(self._judge)
        self.secret.textChanged.connect(self._judge)
        self.kind.currentIndexChanged.connect(self._judge)
        self.long_term.toggled.connect(self._judge)
        self._judge()

    def _ask_output(self, place: QWidget, then: object) -> object:
        report = self.report.path or Path.home() / "report.pdf"
        suggested = report.with_name(f"{report.stem}-signed.pdf")
        return prompts.save_file(place, "Signed report", prompts.REPORTS, suggested, then)  # type: ignore[arg-type]

    @property
    def _on_token(self) -> bool:
        return self.kind.currentIndex() == 1

    def _judge(self, *_: object) -> None:
        self._say_network()
        on_token, stamped = self._on_token, self.authority.value is not None
        for field, shown in (
            (self.key, not on_token), (self.module, on_token), (self.token, on_token), (self.key_label, on_token),
            (self.network, bool(self.authority.text())), (self.long_term, stamped),
            (self.certificate, stamped and self.long_term.isChecked()),
        ):  # fmt: skip
            self.form.setRowVisible(field, shown)
        self.secret.setAccessibleName("PIN of the token" if on_token else "Pass phrase of the key")
        self.secret.setPlaceholderText("PIN, typed unseen" if on_token else "pass phrase, typed unseen; empty if it has none")  # fmt: skip
        self.judge(self._missing())

    def _say_network(self) -> None:
        host = urlsplit(self.authority.value or "").hostname or ""
        asks = f"Signing sends one digest to {cut(host, 80)}, and nothing of the report."
        if self.long_term.isChecked():
            asks += " For the long term it also asks the revocation services that the certificates name."
        offline = self._desk.connections.offline
        self.network.setText("You work offline: turn off Edit → Preferences → Work offline first." if offline else asks if host else "")  # fmt: skip

    def _missing(self) -> str:
        stamped = bool(self.authority.text())
        wanted = (
            (self.report.path is None, "Choose the report."),
            (not self._on_token and self.key.path is None, "Choose the key file."),
            (self._on_token and self.module.path is None, "Choose the token's module."),
            (self._on_token and self.key_label.value is None, "Type the label of the key."),
            (bool(self.authority.wrong), f"Time stamp: {self.authority.wrong}."),
            (stamped and self._desk.connections.offline, "A time stamp needs a connection."),
            (stamped and self.long_term.isChecked() and self.certificate.path is None, "Choose the certificates."),
            (self.output.path is None, "Choose where the signed report goes."),
        )
        return next((text for lacks, text in wanted if lacks), "")

    def on_yes(self) -> None:
        """Sign in a job; the dialog stays open where it fails."""
        report, output = self.report.path, self.output.path
        if self._missing() or report is None or output is None:
            return
        key: Path | TokenPlace | None = self.key.path
        if self._on_token and self.module.path is not None:
            key = TokenPlace(self.module.path, self.token.value, self.key_label.value or "")
        if key is None:
            return
        authority = self.authority.value
        long_term = authority is not None and self.long_term.isChecked()
        certificates = () if self.certificate.path is None else (self.certificate.path,)
        asked = SignAsked(report, self.role.currentData(), key, output, authority, long_term, certificates, self.secret.text())  # fmt: skip
        self.secret.clear()
        self.problem.hide()
        self.yes.setEnabled(False)
        job = self._desk.runner.make(partial(signing_work.sign, asked), "Signing the report")
        job.succeeded.connect(self._on_signed)
        job.failed.connect(self._on_failed)
        job.start()

    def _on_signed(self, output: Path) -> None:
        self._desk.say(f"Signed: {output}")
        self.signed.emit(output)
        role = str(self.role.currentText()).lower()
        self.accept()
        text = f"{output}\n\nSigned as {role}. Check it with: Check a report…"
        prompts.tell(self._window, "Report signed", text, alarming=False)

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.BAD, "The report was not signed", error.sentence())
        self.secret.setFocus()
        self._judge()


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise ValueError("a web address that starts with https://")
    return text
