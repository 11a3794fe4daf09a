"""``reserve-auditor report workbook``: the working papers as XLSX, or as one ZIP for the file room."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from auditor_app.cli.audit_options import add_audit_options, audit_request
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say
from auditor_app.engagement.audit import perform
from auditor_app.engagement.file import open_for_reading
from auditor_app.engagement.history import History, reported_history
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.runs import at_journal_time, with_challenge
from auditor_app.engagement.sampling_work import SampledWork, sampled_work, written_up
from auditor_app.engagement.written_history import with_history
from auditor_app.fileroom.reports import time_of_last_run
from auditor_app.files import write_atomically
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken
from auditor_app.report.paper_export import exported_papers, kind_of


def add(commands: Any) -> None:
    """Add ``workbook``."""
    parser = commands.add_parser(
        "workbook",
        help="write the working papers as XLSX, or as one ZIP with CSV tables and digests",
        description="Perform the procedures and write the working papers, A to G: an XLSX workbook, or a ZIP with the "
        "workbook, every table as CSV, and their digests. The same inputs give the same bytes.",
    )
    add_audit_options(parser)
    parser.add_argument("--engagement", type=Path, metavar="FILE", help="read terms, log and sign-offs from here")
    parser.add_argument("--redacted", action="store_true", help="mask identifiers")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="papers.xlsx or papers.zip")
    add_json_option(parser)
    parser.set_defaults(handler=_workbook)


def _workbook(options: argparse.Namespace) -> int:
    """Exit status as of ``report build``."""
    suffix = kind_of(options.output)
    audit, papers, samples, history = _performed(audit_request(options), options.engagement)
    status = exit_status(with_history(written_up(audit, samples, papers), history, papers).findings)
    data, tables = exported_papers(audit, papers, samples, suffix, masked=options.redacted, history=history)
    write_atomically(options.output, data)
    emit_json(
        options.json,
        {
            "file": options.output.name,
            "tables": [
                {"reference": item.reference, "name": item.name, "rows": str(len(item.rows)), "sha256": item.sha256}
                for item in tables
            ],
        },
    )
    say(f"{options.output}  {len(tables)} tables, {sum(len(item.rows) for item in tables):,} rows")
    return status


def _performed(
    request: AuditRequest, engagement: Path | None
) -> tuple[Audit, Papers | None, tuple[SampledWork, ...], History | None]:
    """The run, judged at the time of the engagement's last run on this snapshot where there is one; nothing is recorded."""
    if engagement is None:
        return drive(perform(request, CancelToken())), None, (), None
    with open_for_reading(engagement) as book:
        papers = book.papers
        samples = sampled_work(papers, book.document)
        request = with_challenge(request, papers)
        last = time_of_last_run(papers, request.snapshot.name)
        again = request if last is None else at_journal_time(request, last)
        audit = drive(perform(again, CancelToken()))
        return audit, papers, samples, reported_history(papers, book.document, audit.identity.issuer)
