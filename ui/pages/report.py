"""Report: date, kind, version and template, what is missing, a preview page by page, the PDF on disk, its signatures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from auditor_app.counts import counted
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui import prompts, report_work
from ui.dialogs.check_report import CheckReportDialog
from ui.dialogs.sign_report import SignReportDialog
from ui.jobs import Job
from ui.pages.page import Building, Page
from ui.pages.papers_page import PapersPage
from ui.papers.terms import TermsPaper
from ui.report_work import ReportAsked
from ui.session import Step
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, EmptyState, button, choice, column, holder, label, row, show_text
from ui.widgets.fields import TypedField, day
from ui.widgets.gap_list import GapList
from ui.widgets.pdf_pages import PdfPages

if TYPE_CHECKING:
    from auditor_app.report.elements import Gap

_PAUSE_MS = 150
_FIELD_HEIGHT = 30
_OWN = "Another folder…"


class ReportPage(Page):
    """Controls above, what is missing beside the pages."""

    def build(self) -> Building:
        """One card, the list and the preview."""
        self._job: Job | None = None
        self._written: Path | None = None
        self._template: Path | None = None
        self._asked_for: tuple[object, ...] = ()
        self.date = TypedField("Report date", "YYYY-MM-DD", day)
        self.kind, self.version, self.template = choice("Kind"), choice("Version"), choice("Template")
        self.kind.addItems(["Draft", "Final"])
        self.version.addItems(["Full", "Redacted"])
        self.template.addItems(["Of the standard", _OWN])
        self.place = button("", self._edit_place, link=True)
        self.place.setFixedHeight(_FIELD_HEIGHT)
        self.preview = button("Preview", self.build_preview)
        self.save = button("Export PDF…  (Ctrl+E)", self.export, primary=True)
        self.papers = button("Working papers…", self.export_papers)
        self.sign = button("Sign…", self.sign_report)
        self.check = button("Check a report…", self.check_report)
        self._why = label("", "muted", wrap=True)
        self.problem = Banner()
        layout = column(self._bar(), self.problem, spacing=2 * GRID)
        self.content.setLayout(layout)
        yield
        self.gaps = GapList(self.go_to_gap)
        self.pages = PdfPages(self.desk.runner)
        self.hint = EmptyState(
            "Preview the report", "Without a date the day of the newest input is printed and named as such. Nothing is written until you export.",
            button("Show preview", self.build_preview),
        )  # fmt: skip
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._look_for_gaps)
        self.date.judged.connect(self._on_chosen)
        for box in (self.kind, self.version):
            box.currentIndexChanged.connect(self._on_chosen)
        self.template.activated.connect(self._on_template)
        self.desk.binder.changed.connect(self._on_chosen)
        room = self._room()
        layout.addWidget(room, 1)
        self._on_chosen()
        yield

    def _bar(self) -> QFrame:
        chosen = row(
            _named("Report date", self.date), _named("Place", self.place), _named("Kind", self.kind),
            _named("Version", self.version), _named("Template", self.template), spacing=2 * GRID,
        )  # fmt: skip
        for at, share in enumerate((2, 2, 2, 2, 3)):
            chosen.setStretch(at, share)
        others = row(self.papers, self.sign, self.check, 1, self.preview, self.save, spacing=GRID)
        bar = QFrame()
        bar.setProperty("card", True)
        bar.setLayout(column(chosen, self._why, others, spacing=GRID + 4, margins=2 * GRID))
        return bar

    def _room(self) -> QSplitter:
        shown = column(self.hint, self.pages)
        shown.setStretch(0, 1)
        shown.setStretch(1, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.gaps)
        split.addWidget(holder(shown))
        self.gaps.setMinimumWidth(230)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.setStretchFactor(1, 1)
        split.setSizes([280, 720])
        return split

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "No report yet",
            "Open a snapshot and run the procedures (F5). There is no report on a file that is not authentic.",
        )

    def show_audit(self, audit: Audit) -> None:
        """Another run: the preview shown belongs to the last one."""
        self._forget_preview()
        self.problem.hide()

    def refresh(self) -> None:
        """Export only what is current."""
        super().refresh()
        self._on_chosen()

    # what is chosen

    @property
    def asked(self) -> ReportAsked:
        """What stands on the page now."""
        final = self.kind.currentIndex() == 1 and self.desk.binder.papers is not None
        return ReportAsked(self.date.value, self._template, final, self.version.currentIndex() == 1)

    def use_template(self, folder: Path) -> None:
        """Take a firm's own template; it is read when a report is built or looked at."""
        self._template = folder
        self.template.setItemText(1, cut(folder.name, 40) or str(folder))
        self.template.setCurrentIndex(1)
        self._on_chosen()

    def _on_template(self, at: int) -> None:
        if at == 0:
            self._template = None
            self.template.setItemText(1, _OWN)
            self._on_chosen()
            return
        if self._template is None:
            self.template.setCurrentIndex(0)
        prompts.open_folder(self, "Template folder", self.use_template)

    def _on_chosen(self, *_: object) -> None:
        papers, audit = self.desk.binder.papers, self.desk.case.audit
        if papers is None and self.kind.currentIndex() == 1:
            self.kind.setCurrentIndex(0)
        self.kind.setEnabled(papers is not None)
        self.kind.setToolTip("" if papers is not None else "A final report comes from an engagement: open one")
        self.place.setText("no engagement" if papers is None else cut(papers.terms.place, 24) or "not stated")
        self.place.setAccessibleName(f"Place: {self.place.text()}. Change it in the terms")
        self.place.setEnabled(papers is not None)
        asked = self.asked
        chosen = (audit, papers, asked)
        if chosen != self._asked_for and self._asked_for[:1] == (audit,):
            self._forget_preview()
        self._asked_for = chosen
        self._say_why(asked)
        self._pause.start()

    def _say_why(self, asked: ReportAsked) -> None:
        papers, audit = self.desk.binder.papers, self.desk.case.audit
        usable = audit is not None and not self.date.wrong
        said = f"Report date: {self.date.wrong}." if self.date.wrong else ""
        if not said and papers is None:
            said = "Without an engagement every report is a draft with a watermark."
        elif not said and asked.masked:
            said = (
                "Identifiers are masked. Exporting enters the full version in the journal, with the digest of this one."
            )
        elif not said and asked.final:
            said = "A final report is entered in the journal with its bytes. Build it on the run that was signed off."
        elif not said:
            said = "A draft carries a watermark; exporting enters it in the journal."
        show_text(self._why, said)
        enters = papers is None or self.desk.binder.writable
        self.preview.setEnabled(usable)
        self.save.setEnabled(usable and self.desk.case.current and enters)
        self.papers.setEnabled(audit is not None)

    def _forget_preview(self) -> None:
        self.pages.hide()
        self.hint.show()

    def _look_for_gaps(self) -> None:
        audit, asked = self.desk.case.audit, self.asked
        if audit is None:
            return
        if self.desk.binder.papers is not None:
            engaged = partial(report_work.find_engaged_gaps, audit, asked)
            self.desk.binder.read("Looking for missing elements", engaged, self.gaps.show_gaps, self._on_failed)
            return
        work = partial(report_work.find_gaps, audit, asked)
        job = self.desk.runner.make_aside(work, "Looking for missing elements")
        job.succeeded.connect(self.gaps.show_gaps)
        job.failed.connect(self._on_failed)
        job.start()

    # going to what is missing

    def go_to_gap(self, gap: Gap) -> None:
        """Put the person where the missing thing is supplied."""
        if gap.kind == "date":
            self.date.setFocus(Qt.FocusReason.OtherFocusReason)
        elif gap.kind == "template":
            prompts.open_folder(self, "Template folder", self.use_template)
        elif gap.kind == "run":
            self.desk.go_to(Step.SNAPSHOT.value)
        elif gap.kind == "note":
            self.desk.go_to("notes")
        elif gap.kind == "term":
            self._go_to_term(gap.name)
        else:
            self._go_to_engagement("Sign-offs" if gap.kind == "sign-off" else "Terms")

    def _go_to_engagement(self, tab: str) -> QWidget | None:
        page = self.desk.go_to("engagement")
        there = isinstance(page, PapersPage) and self.desk.binder.papers is not None
        return page.show_paper(tab) if there else None

    def _go_to_term(self, name: str) -> None:
        paper = self._go_to_engagement("Terms")
        if isinstance(paper, TermsPaper):
            paper.go_to_term(name)

    def _edit_place(self) -> None:
        self._go_to_term("place")

    # building

    def build_preview(self) -> None:
        """Build the report and show its pages; a final one that lacks something says what."""
        audit, asked = self.desk.case.audit, self.asked
        if audit is None or self.date.wrong:
            return
        self.problem.hide()
        if self.desk.binder.papers is None:
            self._start(partial(self.desk.build_report, audit, asked), self._on_built)
        else:
            work = partial(report_work.preview_engaged, audit, asked)
            self.desk.binder.read("Building the report", work, self._on_built, self._on_failed, shown=True)

    def export(self) -> None:
        """Ask where the PDF goes, build it, write it."""
        case = self.desk.case
        if case.audit is None or self.date.wrong:
            self.desk.say("There is no report to export yet")
            return
        if not case.current:
            self.desk.say("The result is out of date: run the procedures again (F5) before exporting")
            return
        if not self.save.isEnabled():
            self.desk.say(self.desk.binder.why_read_only or "The engagement takes no entries")
            return
        snapshot, asked = case.audit.request.snapshot, self.asked
        name = f"{snapshot.stem}-report{'-redacted' if asked.masked else ''}.pdf"
        prompts.save_file(self, "Export report", prompts.REPORTS, snapshot.parent / name, self.export_to)

    def export_to(self, path: Path) -> None:
        """Build and write, in a job; in an engagement the full version is entered in its journal, and a redacted one by digest."""
        audit, asked, binder = self.desk.case.audit, self.asked, self.desk.binder
        if audit is None or not self.desk.case.current:
            return
        self._written = path
        self.problem.hide()
        if binder.papers is None:
            self._start(partial(report_work.write_report, self.desk.build_report, audit, asked, path), self._on_written)
        else:
            typed = self.desk.case.inputs.trusted_time is not None
            work = partial(report_work.issue_engaged, audit, asked, typed, path)
            binder.write("Building the report", work, self._on_written, self._on_failed)

    def _start(self, work: Callable[..., object], done: Callable[[bytes], None]) -> None:
        if self._job is not None and self._job.running:
            self._job.cancel()
        job = self.desk.runner.make_aside(work, "Building the report")  # type: ignore[arg-type]
        job.succeeded.connect(done)
        job.failed.connect(self._on_failed)
        self.desk.follow(job)
        self._job = job
        job.start()

    def _on_built(self, pdf: bytes) -> None:
        self.hint.hide()
        self.pages.show_pdf(pdf)

    def _on_written(self, pdf: bytes) -> None:
        self._on_built(pdf)
        if not self.asked.masked:
            self.desk.case.mark_exported()
        self.problem.say(Tone.GOOD, "Report written", str(self._written))
        self.desk.say(f"Report written to {self._written}")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The report was not written", error.sentence())

    # papers and signatures

    def export_papers(self) -> None:
        """Ask where the working papers go: a workbook, or an archive with CSV tables."""
        audit = self.desk.case.audit
        if audit is not None:
            snapshot = audit.request.snapshot
            suggested = snapshot.parent / f"{snapshot.stem}-papers.xlsx"
            prompts.save_file(self, "Export working papers", prompts.PAPERS, suggested, self.export_papers_to)

    def export_papers_to(self, path: Path) -> None:
        """Write them, in a job; the version chosen above says whether identifiers are masked."""
        audit, binder, masked = self.desk.case.audit, self.desk.binder, self.asked.masked
        if audit is None:
            return
        done = partial(self._on_papers, path)
        work = partial(report_work.write_papers, audit, masked, path)
        if binder.papers is not None:
            binder.read("Writing the working papers", work, done, self._on_failed, shown=True)
            return
        job = self.desk.runner.make_aside(partial(work, None), "Writing the working papers")
        job.succeeded.connect(done)
        job.failed.connect(self._on_failed)
        self.desk.follow(job)
        job.start()

    def _on_papers(self, path: Path, tables: int) -> None:
        self.problem.say(Tone.GOOD, f"Working papers written: {counted(tables, 'table')}", str(path))

    def sign_report(self) -> None:
        """Sign a final report that is on the disk."""
        dialog = SignReportDialog(self.window(), self.desk, self._written)
        dialog.signed.connect(self._on_signed)
        dialog.open()

    def _on_signed(self, signed: Path) -> None:
        self._written = signed  # what one checks, or signs, next

    def check_report(self) -> None:
        """Check a report's signatures, attachments and journal head."""
        CheckReportDialog(self.window(), self.desk, self._written).open()


def _named(words: str, field: QWidget) -> QVBoxLayout:
    name = label(words, "overline")
    name.setBuddy(field)
    return column(name, field, 1, spacing=4)
