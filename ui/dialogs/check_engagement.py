"""Check an engagement file: against heads that somebody kept outside it, and what it cannot show without one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QWidget

from auditor_app.counts import counted
from auditor_app.engagement.checking import CheckResult
from auditor_app.errors import AuditError
from ui import engagement_work, prompts
from ui.desk import Desk
from ui.engagement_work import CheckAsked
from ui.models.columns import chip_column, text_column
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.line import Line
from ui.widgets.table_panel import TablePanel

_COLUMNS = (
    chip_column("Kind", lambda item: item[0], lambda item: Tone.BAD if item[0] == "Finding" else Tone.NEUTRAL),
    text_column("Code", lambda item: item[1]),
    text_column("Subject", lambda item: item[2], yields=True),
    text_column("What was found, or could not be shown", lambda item: item[3], wide=True),
)


class CheckEngagementDialog(QDialog):
    """File, head, report, sign-off, trust store; the result below."""

    def __init__(self, parent: QWidget, desk: Desk, path: Path | None, trust: Path | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Check engagement")
        self.setMinimumWidth(880)
        self._desk = desk
        self._chosen: dict[str, Path | None] = {"file": path, "report": None, "sign-off": None, "trust": trust}
        self._fields: dict[str, QLineEdit] = {}
        self.head = TypedField(
            "Head that was kept", "N:HEX or 64 hex digits, from a report or a note", _head, mono=True
        )
        self.inputs = QCheckBox("Compare the inputs' digests, too")
        self.verdict = Banner()
        self.table = TablePanel("Findings, and what could not be shown", _COLUMNS, desk.runner, filterable=False, reads=lambda item: item[4])  # fmt: skip
        self.check = button("Check", self.start, primary=True)
        self._why = label("", "muted", wrap=True)
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        for key, words, kinds in (
            ("file", "Engagement file", prompts.ENGAGEMENTS),
            ("report", "Issued report", prompts.REPORTS),
            ("sign-off", "Signed sign-off", prompts.SIGN_OFFS),
            ("trust", "Trust store", prompts.TRUST_STORES),
        ):
            self._add(form, key, words, kinds)
        head = label("Head")
        head.setBuddy(self.head)
        form.insertRow(1, head, self.head)
        form.addRow("", self.inputs)
        buttons = row(self._why, 1, button("Close", self.reject), self.check, spacing=GRID)
        buttons.setStretch(0, 1)
        layout = column(label("Check engagement", "title"), label(_SENTENCE, wrap=True), form, self.verdict, self.table, buttons, spacing=2 * GRID, margins=3 * GRID)  # fmt: skip
        layout.setStretch(4, 1)
        self.setLayout(layout)
        self.table.hide()
        self.head.judged.connect(self._judge)
        self._judge()

    def _add(self, form: QFormLayout, key: str, words: str, kinds: str) -> None:
        field = Line()
        field.setReadOnly(True)
        field.setAccessibleName(words)
        field.setPlaceholderText("none" if key != "file" else "choose the file")
        field.setText("" if self._chosen[key] is None else str(self._chosen[key]))
        self._fields[key] = field
        choose = button("Choose…", lambda: prompts.open_file(self, words, kinds, partial(self.use, key)))
        choose.setAccessibleName(f"Choose: {words.lower()}")
        form.addRow(label(words), row(field, choose))

    def use(self, key: str, path: Path) -> None:
        """Take a file for ``file``, ``report``, ``sign-off`` or ``trust``."""
        self._chosen[key] = path
        self._fields[key].setText(str(path))
        self._judge()

    def _judge(self) -> None:
        missing = ""
        if self._chosen["file"] is None:
            missing = "Choose the engagement file."
        elif self.head.wrong:
            missing = f"Head: {self.head.wrong}."
        elif self._chosen["sign-off"] is not None and self._chosen["trust"] is None:
            missing = "A signed sign-off is compared with the keys of a trust store: choose one."
        show_text(self._why, missing)
        self.check.setEnabled(not missing)

    def start(self) -> None:
        """Check, in a job; the open engagement through its own connection."""
        path = self._chosen["file"]
        if path is None:
            return
        asked = CheckAsked(
            path, self.head.value, self._chosen["report"], self._chosen["sign-off"], self._chosen["trust"], self.inputs.isChecked()
        )  # fmt: skip
        self.check.setEnabled(False)
        binder = self._desk.binder
        if binder.path is not None and _same(binder.path, path):
            work = partial(engagement_work.check_open, asked)
            binder.read("Checking the engagement", work, self._on_checked, self._on_failed, self._judge)
            return
        job = self._desk.runner.make_aside(partial(engagement_work.check_file, asked), "Checking the engagement")
        job.succeeded.connect(self._on_checked)
        job.failed.connect(self._on_failed)
        job.wound_down.connect(self._judge)
        job.start()

    def _on_checked(self, result: CheckResult) -> None:
        head = f"{cut(result.file, 60)}: {counted(result.head.length, 'entry', 'entries')}. Head {result.head.text()}"
        compared = (
            f" Compared with {', '.join(cut(item.source, 60) for item in result.compared)}." if result.compared else ""
        )
        if any(item.counts for item in result.findings):
            self.verdict.say(Tone.BAD, f"{counted(len(result.findings), 'finding')}", head + compared)
        elif not result.compared:
            self.verdict.say(Tone.WARN, "No entry was edited, dropped or moved. Without a head from outside it is not shown whether entries were cut from the end or the journal was written anew.", head)  # fmt: skip
        else:
            self.verdict.say(Tone.GOOD, "The journal agrees with every head it was compared with", head + compared)
        lines = [("Finding", item.code, item.subject, item.message, _text(item)) for item in result.findings]
        lines += [("Not shown", item.code, item.subject, item.message, item.message) for item in result.limitations]
        self.table.show_rows(tuple(lines))
        self.table.show()
        self.resize(self.width(), max(self.height(), 620))

    def _on_failed(self, error: AuditError) -> None:
        self.table.hide()
        self.verdict.say(Tone.BAD, "It could not be checked", error.sentence())


_SENTENCE = (
    "Recalculates the journal's chain and every kept result. Against a head that was kept outside the file (an issued report, "
    "a signed sign-off, a note) it also finds entries cut from the end and a journal written anew."
)


def _head(text: str) -> str:
    from auditor_app.engagement.checking import typed_head

    try:
        known = typed_head(text)
    except AuditError:
        raise ValueError("64 hex digits, or N:HEX") from None
    return f"{known.length}:{known.sha256}" if known.length else known.sha256


def _text(item: object) -> str:
    expected, observed = getattr(item, "expected", ""), getattr(item, "observed", "")
    return f"{getattr(item, 'message', '')} Expected {expected or '–'}, observed {observed or '–'}."


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
