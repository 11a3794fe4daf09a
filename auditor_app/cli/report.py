"""``reserve-auditor report``: build it from procedures performed again, or write nothing at all; sign and check it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from auditor_app.cli import report_sign, report_workbook
from auditor_app.cli.audit_options import add_audit_options, audit_request
from auditor_app.cli.engaged import (
    add_engagement_options,
    author_of,
    engagement_of,
    performed,
    say_recorded,
)
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say, say_findings
from auditor_app.counts import counted
from auditor_app.engagement.audit import perform
from auditor_app.engagement.document import audit_document
from auditor_app.engagement.file import EngagementFile
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.recording import record_run, recorded_run
from auditor_app.engagement.runs import at_journal_time, with_challenge
from auditor_app.errors import UsageError
from auditor_app.fileroom.reports import (
    Files,
    Kind,
    issue,
    refuse_final,
    time_of_last_run,
)
from auditor_app.files import staged
from auditor_app.findings import exit_status
from auditor_app.instants import parse_instant
from auditor_app.operation import CancelToken
from auditor_app.report.document import Report, ReportOptions, build_report
from auditor_app.report.template import load_template


def add(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``report``."""
    commands = parser.add_subparsers(dest="report_command", metavar="COMMAND", required=True)
    build = commands.add_parser(
        "build",
        help="perform the procedures and write the report as PDF",
        description="Perform the procedures and write the report as PDF. Without an engagement it is a draft.",
    )
    add_audit_options(build)
    build.add_argument(
        "--date", metavar="D", help="the report's date, YYYY-MM-DD; without it the day of the newest input"
    )
    build.add_argument("-o", "--output", type=Path, required=True, metavar="PDF", help="where to write the report")
    add_engagement_options(build)
    build.add_argument("--final", action="store_true", help="a final report, once every sign-off stands; else a draft")
    build.add_argument(
        "--template", type=Path, metavar="DIR", help="a firm's own template: a copy of a bundled one, edited"
    )
    build.add_argument(
        "--redacted", type=Path, metavar="PDF", help="write the version with identifiers masked here, too"
    )
    add_json_option(build)
    build.set_defaults(handler=_build)
    report_sign.add(commands)
    report_workbook.add(commands)


def _build(options: argparse.Namespace) -> int:
    """Not authentic or unusable: the error's exit status and no file; exceptions: 1 and the file is written."""
    date = _date(options.date)
    if options.final and options.engagement is None:
        raise UsageError("USAGE", "--final goes with --engagement", action="A final report comes from an engagement.")
    template = None if options.template is None else load_template(options.template)
    request = audit_request(options)
    if options.redacted is not None and options.redacted == options.output:
        raise UsageError("USAGE", "--redacted and -o name the same file", action="Name two files.")
    masked: Report | None = None
    with engagement_of(options) as book:
        if book is None:
            audit = performed(request, None, options)
            plan = ReportOptions(date, template=template)
            report = drive(build_report(audit, plan, CancelToken()))
            if options.redacted is not None:
                masked = drive(build_report(audit, replace(plan, redacted=True), CancelToken()))
            with staged(_files(options, report, masked)) as put:
                put()
        else:
            plan = ReportOptions(date, template=template, final=options.final)
            audit, report, masked = _engaged(book, request, plan, options)
    told: dict[str, object] = {"report": _report_json(report, options.output)}
    if masked is not None:
        told["redacted"] = _report_json(masked, options.redacted)
    emit_json(options.json, {**told, **audit_document(report.audit)})
    _say_report(report, report.audit, options.output)
    return exit_status(report.audit.findings)


def _engaged(
    book: EngagementFile, request: AuditRequest, plan: ReportOptions, options: argparse.Namespace
) -> tuple[Audit, Report, Report | None]:
    """Build on the recorded run if the same comes out again, else record a new one; enter the report in the journal.

    The last is the redacted version, where one was asked for: only its digest is journalled.
    """
    author, token, before = author_of(options), CancelToken(), book.papers
    kind: Kind = "final" if options.final else "draft"
    if options.final:
        refuse_final(before)
    request = with_challenge(request, before)
    last = time_of_last_run(before, request.snapshot.name)
    audit = drive(perform(at_journal_time(request, last or author.at), token))
    if not options.final and recorded_run(before, audit) is None:
        say_recorded(record_run(book, audit, author, time_typed=request.trusted_time is not None))
    issuing = issue(
        book,
        audit,
        author,
        token,
        kind=kind,
        date=plan.date,
        template=plan.template,
        masked=options.redacted is not None,
        files=partial(_files, options),
    )
    issued = drive(issuing)
    say_recorded(issued.recorded)
    return audit, issued.report, issued.masked


def _files(options: argparse.Namespace, report: Report, masked: Report | None) -> Files:
    """Where the report goes, and its redacted version."""
    return ((options.output, report.pdf), *(() if masked is None else ((options.redacted, masked.pdf),)))


def _date(text: str | None) -> str | None:
    """A typed date in its one form, judged before any long work."""
    if text is None:
        return None
    try:
        return parse_instant(f"{text}T00:00:00Z").date().isoformat()
    except ValueError:
        raise UsageError("USAGE", "--date takes a day", expected="YYYY-MM-DD", observed=text[:40]) from None


def _report_json(report: Report, output: Path) -> dict[str, object]:
    return {
        "file": output.name,
        "id": report.report_id,
        "sha256": report.sha256,
        "size": str(len(report.pdf)),
        "pages": str(report.pages),
        "date": report.date.text,
        "dateTyped": report.date.typed,
        "draft": report.draft,
        "attachments": [{"name": item.name, "sha256": item.sha256} for item in report.exhibits],
    }


def _say_report(report: Report, audit: Audit, output: Path) -> None:
    say(f"{output}  {counted(report.pages, 'page')}, {report.report_id}" + (", draft" if report.draft else ""))
    say(f"  SHA-256          {report.sha256}")
    if not report.date.typed:
        say(f"  date             {report.date.text} (none was typed: the day of the newest input)")
    say(f"  authentic        {audit.verdicts.authentic.value}")
    say(f"  data             {audit.verdicts.data.value}")
    say(f"  coverage         {audit.verdicts.coverage.value}")
    say_findings(tuple(item for item in audit.findings if item.counts))
