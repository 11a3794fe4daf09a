"""Check a report: its signatures against certificates that the reader names, its attachments, an engagement's journal."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QWidget

from auditor_app.counts import counted
from auditor_app.errors import AuditError
from ui import prompts, signing_work
from ui.desk import Desk
from ui.models.columns import chip_column, hash_column, text_column
from ui.signing_work import CheckAsked, CheckedReport
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, column, label, row, show_text
from ui.widgets.fields import TypedField, instant
from ui.widgets.file_choice import FileChoice
from ui.widgets.table_panel import TablePanel

_NAMED = {True: ("By a named certificate", Tone.GOOD), False: ("By no named certificate", Tone.BAD), None: ("Nobody named", Tone.WARN)}  # fmt: skip
_SIGNATURES = (
    text_column("Role", lambda item: item.field.capitalize()),
    text_column("Signer", lambda item: item.subject.removeprefix("Common Name: "), wide=True),
    chip_column("Bytes", lambda item: "Intact" if item.intact else "NOT intact", lambda item: Tone.GOOD if item.intact else Tone.BAD),
    chip_column("Certificate", lambda item: _NAMED[item.named][0], lambda item: _NAMED[item.named][1]),
    text_column("Signed at", lambda item: f"{item.stamped} (time stamp)" if item.stamped else f"{item.signed_at or '–'} (signer's word)"),
    replace(hash_column("Certificate SHA-256", lambda item: item.certificate_sha256, ends=1), gives_way=1),
)  # fmt: skip
_FINDINGS = (
    chip_column("Severity", lambda item: item.severity.value.capitalize(), lambda item: Tone.BAD if item.counts else Tone.NEUTRAL),
    text_column("Code", lambda item: item.code),
    text_column("Subject", lambda item: item.subject, yields=True),
    text_column("What was found", lambda item: item.message, wide=True),
)  # fmt: skip


class CheckReportDialog(QDialog):
    """Report, certificates, engagement, time; the result below."""

    def __init__(self, parent: QWidget, desk: Desk, report: Path | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Check a report")
        self.setMinimumWidth(900)
        self._desk = desk
        self.certificates: list[Path] = []
        self.report = FileChoice("Report", "the PDF", lambda place, then: prompts.open_file(place, "Report", prompts.REPORTS, then), report)  # fmt: skip
        self.engagement = FileChoice("Engagement file", "optional: the engagement that issued it", lambda place, then: prompts.open_file(place, "Engagement", prompts.ENGAGEMENTS, then), desk.binder.path)  # fmt: skip
        self.time = TypedField(
            "Judge certificates at", "optional UTC instant; without it a time stamp, or now", instant
        )
        self.named = label("none", "muted", wrap=True)
        self.add = button("Add certificates…", self._on_add)
        self.clear = button("Clear", self._on_clear)
        self.verdict = Banner()
        self.facts = label("", "muted", wrap=True)
        self.signatures = TablePanel("Signatures", _SIGNATURES, desk.runner, filterable=False)
        self.findings = TablePanel("Findings", _FINDINGS, desk.runner, filterable=False, reads=_in_full)
        self.check = button("Check", self.start, primary=True)
        self.check.setDefault(True)
        self._why = label("", "muted", wrap=True)
        self._fill()
        for part in (self.signatures, self.findings, self.facts):
            part.hide()
        for file in (self.report, self.engagement):
            file.chosen.connect(self._judge)
        self.time.judged.connect(self._judge)
        self._judge()

    def _fill(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        named = row(self.named, 1, self.clear, self.add)
        named.setStretch(0, 1)
        form.addRow(label("Report"), self.report)
        form.addRow(label("Certificates you name"), named)
        form.addRow(label("Engagement"), self.engagement)
        form.addRow(label("Judge them at"), self.time)
        buttons = row(self._why, 1, button("Close", self.reject), self.check, spacing=GRID)
        buttons.setStretch(0, 1)
        intro = label(
            "A certificate inside the file proves nothing about who signed: name those that you obtained elsewhere. With the "
            "engagement, the file's bytes and its journal head are compared with the journal.", wrap=True,
        )  # fmt: skip
        parts = (
            label("Check a report", "title"),
            intro,
            form,
            self.verdict,
            self.facts,
            self.signatures,
            self.findings,
        )
        layout = column(*parts, buttons, spacing=2 * GRID, margins=3 * GRID)
        layout.setStretch(6, 1)
        self.setLayout(layout)

    def _on_add(self) -> None:
        prompts.open_files(self, "Certificates", prompts.CERTIFICATES, self.use_certificates)

    def use_certificates(self, paths: list[Path]) -> None:
        """Name these, too."""
        self.certificates += [path for path in paths if path not in self.certificates]
        self._say_named()

    def _on_clear(self) -> None:
        self.certificates = []
        self._say_named()

    def _say_named(self) -> None:
        self.named.setText(", ".join(cut(path.name, 60) for path in self.certificates) or "none")

    def _judge(self, *_: object) -> None:
        missing = "Choose the report." if self.report.path is None else self.time.wrong
        show_text(self._why, missing)
        self.check.setEnabled(not missing)

    def start(self) -> None:
        """Check, in a job."""
        path, engagement, binder = self.report.path, self.engagement.path, self._desk.binder
        if path is None or self.time.wrong:
            return
        asked = CheckAsked(path, tuple(self.certificates), engagement, self.time.value)
        self.check.setEnabled(False)
        if engagement is not None and binder.path is not None and _same(engagement, binder.path):
            work = partial(signing_work.check_open, asked)
            binder.read("Checking the report", work, self._on_checked, self._on_failed, self._judge)
            return
        job = self._desk.runner.make_aside(partial(signing_work.check_file, asked), "Checking the report")
        job.succeeded.connect(self._on_checked)
        job.failed.connect(self._on_failed)
        job.wound_down.connect(self._judge)
        job.start()

    def _on_checked(self, result: CheckedReport) -> None:
        manifest, counting = result.report.contents.manifest, [item for item in result.findings if item.counts]
        compared = "" if result.journal is None else " Compared with the engagement's journal."
        said = f"{counted(len(result.report.signatures), 'signature')}, {counted(len(manifest.attachments), 'attachment')}.{compared}"
        if counting:
            self.verdict.say(
                Tone.BAD,
                counted(len(counting), "finding"),
                f"{counting[0].message} {said}",
            )
        elif result.findings or not result.report.signatures:
            self.verdict.say(Tone.WARN, "Nothing was changed, but read what is noted", said)
        else:
            self.verdict.say(Tone.GOOD, "Signatures, attachments and digests agree", said)
        redacted = f", redacted version of {manifest.redacted_from}" if manifest.redacted_from else ""
        head = f" Journal head {manifest.journal_head}." if manifest.journal_head else " It names no journal head."
        show_text(self.facts, f"{cut(result.file, 80)}: {manifest.report_id}, {manifest.kind}, {manifest.report_date}{redacted}. SHA-256 {result.report.sha256}.{head}")  # fmt: skip
        self.signatures.show_rows(result.report.signatures)
        self.signatures.fit_rows(3)
        self.signatures.setVisible(bool(result.report.signatures))
        self.findings.show_rows(result.findings)
        self.findings.setVisible(bool(result.findings))
        self.resize(self.width(), max(self.height(), 640))

    def _on_failed(self, error: AuditError) -> None:
        for part in (self.signatures, self.findings, self.facts):
            part.hide()
        self.verdict.say(Tone.BAD, "It could not be checked", error.sentence())


def _in_full(item: object) -> str:
    expected, observed = getattr(item, "expected", ""), getattr(item, "observed", "")
    return f"{getattr(item, 'message', '')} Expected {expected or '–'}, observed {observed or '–'}."


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
