"""Sign off with a key: which one, its pass phrase, and where the signed sign-off is kept outside the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

from auditor_app.engagement.terms import Role
from auditor_app.errors import AuditError
from ui import prompts
from ui.chain_work import SigningFile, encrypted
from ui.dialogs.engagement import Question
from ui.widgets.blocks import button, label, row, show_text
from ui.widgets.line import Line

Signed = Callable[[SigningFile, Path], object]


class SignOffDialog(Question):
    """Key, pass phrase, output."""

    def __init__(self, parent: QWidget, role: Role, then: Signed) -> None:
        sentence = (
            "The key signs the journal's head as it is now. Kept outside the file, the signed sign-off shows a journal "
            "that is cut or written anew later."
        )
        super().__init__(parent, f"Sign off as {role}, with a key", sentence, "Sign off")
        self._role, self._then = role, then
        self._key: Path | None = None
        self._output: Path | None = None
        self.key = _shown("Private key", "PEM file of your private key")
        self.output = _shown("Signed sign-off", "a file outside the engagement")
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setAccessibleName("Pass phrase of the key")
        self.choose_key = button("Choose…", self._on_choose_key)
        self.choose_output = button("Choose…", self._on_choose_output)
        self.choose_key.setAccessibleName("Choose the private key")
        self.choose_output.setAccessibleName("Choose where the sign-off is kept")
        self.form.addRow(label("Private key"), row(self.key, self.choose_key))
        self.add("Pass phrase", self.passphrase)
        self.form.addRow(label("Keep it in"), row(self.output, self.choose_output))
        self.form.setRowVisible(self.passphrase, False)
        self.passphrase.textChanged.connect(self._judge)
        self._judge()

    def _on_choose_key(self) -> None:
        prompts.open_file(self, "Private key", prompts.PRIVATE_KEYS, self.use_key)

    def use_key(self, path: Path) -> None:
        """This key; an encrypted one asks for its pass phrase."""
        try:
            asks = encrypted(path)
        except AuditError as error:
            show_text(self.why, error.sentence())
            return
        self._key = path
        self.key.setText(str(path))
        self.form.setRowVisible(self.passphrase, asks)
        self._judge()

    def _on_choose_output(self) -> None:
        folder = Path.home() if self._key is None else self._key.parent
        prompts.save_file(
            self, "Keep the signed sign-off", prompts.SIGN_OFFS, folder / f"{self._role}.sign-off", self.use_output
        )

    def use_output(self, path: Path) -> None:
        """Where it goes."""
        self._output = path
        self.output.setText(str(path))
        self._judge()

    def _judge(self, *_: object) -> None:
        locked_key = not self.passphrase.isHidden() and not self.passphrase.text()
        missing = (
            ("Choose the key.", self._key is None),
            ("Type the pass phrase.", locked_key),
            ("Choose where it is kept.", self._output is None),
        )
        self.judge(next((words for words, lacks in missing if lacks), ""))

    def on_yes(self) -> None:
        """Sign; the pass phrase is forgotten here."""
        key, output, phrase = self._key, self._output, self.passphrase.text()
        self.passphrase.clear()
        self.accept()
        if key is not None and output is not None:
            self._then(SigningFile(key, phrase), output)


def _shown(name: str, placeholder: str) -> QLineEdit:
    field = Line()
    field.setReadOnly(True)
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    return field
