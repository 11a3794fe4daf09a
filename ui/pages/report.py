"""Report: its date, a preview page by page, and the PDF on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFrame, QWidget

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.files import write_atomically
from auditor_app.operation import CancelToken, Operation, Progress
from ui import prompts
from ui.desk import BuildReport
from ui.jobs import Job, Work
from ui.pages.page import Page
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, EmptyState, button, column, label, row, show_text
from ui.widgets.fields import TypedField, day
from ui.widgets.pdf_pages import PdfPages


def write_report(
    build: BuildReport, audit: Audit, date: str | None, path: Path, token: CancelToken
) -> Operation[bytes]:
    """Build the report and put the whole file in place, or nothing."""
    pdf = yield from build(audit, date, token)
    token.check()
    yield Progress(0, None, "bytes", "Writing the report")
    write_atomically(path, pdf)
    return pdf


class ReportPage(Page):
    """Controls above, the pages below."""

    def build(self) -> QWidget:
        """One card and the preview."""
        self._job: Job | None = None
        self._written: Path | None = None
        self.date = TypedField("Report date", "YYYY-MM-DD", day)
        self.date.setFixedWidth(140)
        self.preview = button("Preview", self.build_preview)
        self.save = button("Export PDF…  (Ctrl+E)", self.export, primary=True)
        self._why = label("", "muted")
        words = label("Report date")
        words.setBuddy(self.date)
        bar = QFrame()
        bar.setProperty("card", True)
        bar.setLayout(row(words, self.date, self._why, 1, self.preview, self.save, spacing=2 * GRID, margins=2 * GRID))
        self.problem = Banner()
        self.pages = PdfPages(self.desk.runner)
        self.hint = EmptyState(
            "Preview the report", "Without a date the day of the newest input is printed and named as such. Nothing is written until you export.",
            button("Show preview", self.build_preview),
        )  # fmt: skip
        self.date.judged.connect(self._on_judged)
        content = QWidget()
        layout = column(bar, self.problem, self.hint, self.pages, spacing=2 * GRID)
        layout.setStretch(2, 1)
        layout.setStretch(3, 1)
        content.setLayout(layout)
        self._on_judged()
        return content

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "No report yet",
            "Open a snapshot and run the procedures (F5). There is no report on a file that is not authentic.",
        )

    def show_audit(self, audit: Audit) -> None:
        """Another run: the preview shown belongs to the last one."""
        self.pages.hide()
        self.hint.show()
        self.problem.hide()

    def refresh(self) -> None:
        """Export only what is current."""
        super().refresh()
        self._on_judged()

    def build_preview(self) -> None:
        """Build the report and show its pages."""
        audit = self.desk.case.audit
        if audit is not None and not self.date.wrong:
            self._start(partial(self.desk.build_report, audit, self.date.value), "Building the report", self._on_built)

    def export(self) -> None:
        """Ask where the PDF goes, build it, write it."""
        case = self.desk.case
        if case.audit is None or self.date.wrong:
            self.desk.say("There is no report to export yet")
            return
        if not case.current:
            self.desk.say("The result is out of date: run the procedures again (F5) before exporting")
            return
        snapshot = case.audit.request.snapshot
        prompts.save_file(
            self, "Export report", prompts.REPORTS, snapshot.parent / f"{snapshot.stem}-report.pdf", self.export_to
        )

    def export_to(self, path: Path) -> None:
        """Build and write, in a job."""
        audit = self.desk.case.audit
        if audit is not None and self.desk.case.current:
            self._written = path
            self._start(
                partial(write_report, self.desk.build_report, audit, self.date.value, path),
                "Building the report",
                self._on_written,
            )

    def _start(self, work: Work, title: str, done: Callable[[bytes], None]) -> None:
        if self._job is not None and self._job.running:
            self._job.cancel()
        job = self.desk.runner.make(work, title)
        job.succeeded.connect(done)
        job.failed.connect(self._on_failed)
        self.problem.hide()
        self.desk.follow(job)
        self._job = job
        job.start()

    def _on_built(self, pdf: bytes) -> None:
        self.hint.hide()
        self.pages.show_pdf(pdf)

    def _on_written(self, pdf: bytes) -> None:
        self._on_built(pdf)
        self.desk.case.mark_exported()
        self.problem.say(Tone.GOOD, "Report written", str(self._written))
        self.desk.say(f"Report written to {self._written}")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The report was not written", error.sentence())

    def _on_judged(self) -> None:
        show_text(self._why, self.date.wrong)
        usable = self.desk.case.audit is not None and not self.date.wrong
        self.preview.setEnabled(usable)
        self.save.setEnabled(usable and self.desk.case.current)
