"""Reports for the window: the core's operations, imported in the worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.engagement.file import Author, EngagementFile
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.files import write_atomically
from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.engagement.history import History
    from auditor_app.engagement.sampling_work import SampledWork
    from auditor_app.report.elements import Gap
    from auditor_app.report.template import Template


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """What is chosen on the page: ``date`` typed or ``None``, the firm's template folder, which kind and version."""

    date: str | None = None
    template: Path | None = None
    final: bool = False
    masked: bool = False


BuildReport = Callable[[Audit, ReportAsked, CancelToken], Operation[bytes]]
"""Builds the report on a run without an engagement."""


def _template(asked: ReportAsked) -> Template | None:
    from auditor_app.report.template import load_template

    return None if asked.template is None else load_template(asked.template)


def build_pdf(audit: Audit, asked: ReportAsked, token: CancelToken) -> Operation[bytes]:
    """The PDF of a finished run without an engagement: always a draft."""
    from auditor_app.report.document import ReportOptions, build_report

    options = ReportOptions(asked.date, template=_template(asked), redacted=asked.masked)
    report = yield from build_report(audit, options, token)
    return bytes(report.pdf)


def preview_engaged(audit: Audit, asked: ReportAsked, book: EngagementFile, token: CancelToken) -> Operation[bytes]:
    """The PDF as the open engagement gives it now; nothing is entered in its journal."""
    from auditor_app.fileroom.reports import build_engaged

    report = yield from build_engaged(
        audit,
        book.papers,
        asked.date,
        token,
        kind="final" if asked.final else "draft",
        kept=book.document,
        template=_template(asked),
        masked=asked.masked,
    )
    return bytes(report.pdf)


def issue_engaged(
    audit: Audit,
    asked: ReportAsked,
    time_typed: bool,
    output: Path,
    book: EngagementFile,
    author: Author,
    token: CancelToken,
) -> Operation[bytes]:
    """Build the report, enter it in the journal with its bytes, and write it; a draft records its run first if need be.

    Of the redacted version, built from the same papers as the full one, the journal keeps the digest.
    """
    from auditor_app.engagement.recording import record_run, recorded_run, refuse_itself
    from auditor_app.fileroom.reports import issue

    refuse_itself(book, output, "replaced by a report")
    if not asked.final and recorded_run(book.papers, audit) is None:
        record_run(book, audit, author, time_typed=time_typed)
    issued = yield from issue(
        book,
        audit,
        author,
        token,
        kind="final" if asked.final else "draft",
        date=asked.date,
        template=_template(asked),
        masked=asked.masked,
        files=lambda report, masked: ((output, (masked or report).pdf),),
    )
    return bytes((issued.masked or issued.report).pdf)


def write_report(
    build: BuildReport, audit: Audit, asked: ReportAsked, output: Path, token: CancelToken
) -> Operation[bytes]:
    """Build a report without an engagement and put the whole file in place, or nothing."""
    pdf = yield from build(audit, asked, token)
    return (yield from _written(pdf, output, token))


def _written(pdf: bytes, output: Path, token: CancelToken) -> Operation[bytes]:
    token.check()
    yield Progress(0, None, "bytes", "Writing the report")
    write_atomically(output, pdf)
    return pdf


def find_gaps(audit: Audit, asked: ReportAsked, token: CancelToken) -> Operation[tuple[Gap, ...]]:
    """What keeps a report from being final where no engagement is open."""
    yield Progress(0, 1, "elements", "Looking for missing elements")
    from auditor_app.report.document import ReportOptions, report_gaps

    token.check()
    return report_gaps(audit, ReportOptions(asked.date, template=_template(asked)))


def find_engaged_gaps(
    audit: Audit, asked: ReportAsked, book: EngagementFile, token: CancelToken
) -> Operation[tuple[Gap, ...]]:
    """What keeps the engagement's report from being final: of the very report that would be built."""
    yield Progress(0, 1, "elements", "Looking for missing elements")
    from auditor_app.fileroom.reports import engaged_options
    from auditor_app.report.document import report_gaps

    token.check()
    options = engaged_options(
        book.papers,
        asked.date,
        issuer=audit.identity.issuer,
        kind="final" if asked.final else "draft",
        kept=book.document,
        template=_template(asked),
    )
    return report_gaps(audit, options)


def write_papers(
    audit: Audit, masked: bool, output: Path, book: EngagementFile | None, token: CancelToken
) -> Operation[int]:
    """Write the working papers as a workbook or an archive; how many tables they hold."""
    yield Progress(0, 2, "steps", "Writing the working papers")
    from auditor_app.engagement.history import reported_history
    from auditor_app.engagement.recording import refuse_itself
    from auditor_app.engagement.sampling_work import sampled_work
    from auditor_app.report.paper_export import exported_papers, kind_of

    suffix = kind_of(output)
    papers: Papers | None = None
    samples: tuple[SampledWork, ...] = ()
    history: History | None = None
    if book is not None:
        refuse_itself(book, output, "replaced by working papers")
        papers, samples = book.papers, sampled_work(book.papers, book.document)
        history = reported_history(papers, book.document, audit.identity.issuer)
    token.check()
    data, tables = exported_papers(audit, papers, samples, suffix, masked=masked, history=history)
    token.check()
    yield Progress(1, 2, "steps", "Writing the working papers")
    write_atomically(output, data)
    return len(tables)
