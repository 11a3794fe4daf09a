"""``reserve-auditor report build``: perform every procedure again and write the PDF, or write nothing at all."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.cli.audit_options import add_audit_options, audit_request
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say, say_findings
from auditor_app.engagement.audit import perform
from auditor_app.engagement.document import audit_document
from auditor_app.engagement.record import Audit
from auditor_app.errors import UsageError
from auditor_app.files import write_atomically
from auditor_app.findings import exit_status
from auditor_app.instants import parse_instant
from auditor_app.operation import CancelToken
from auditor_app.report.document import Report, ReportOptions, build_report


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
    add_json_option(build)
    build.set_defaults(handler=_build)


def _build(options: argparse.Namespace) -> int:
    """Not authentic or unusable: the error's exit status and no file; exceptions: 1 and the file is written."""
    date = _date(options.date)
    token = CancelToken()
    audit = drive(perform(audit_request(options), token))
    report = drive(build_report(audit, ReportOptions(date), token))
    write_atomically(options.output, report.pdf)
    emit_json(options.json, {"report": _report_json(report, options.output), **audit_document(audit)})
    _say_report(report, audit, options.output)
    return exit_status(audit.findings)


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
    say(f"{output}  {report.pages} pages, {report.report_id}" + (", draft" if report.draft else ""))
    say(f"  SHA-256          {report.sha256}")
    if not report.date.typed:
        say(f"  date             {report.date.text} (none was typed: the day of the newest input)")
    say(f"  authentic        {audit.verdicts.authentic.value}")
    say(f"  data             {audit.verdicts.data.value}")
    say(f"  coverage         {audit.verdicts.coverage.value}")
    say_findings(tuple(item for item in audit.findings if item.counts))
