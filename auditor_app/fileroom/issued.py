"""What an issued report says about the engagement it came from: the journal's head before the build."""

from __future__ import annotations

import re
from pathlib import Path

import pikepdf

from auditor_app import strict_json
from auditor_app.engagement.checking import CheckResult, KnownHead
from auditor_app.errors import AuditError, EngagementError, Location
from auditor_app.files import read_capped
from auditor_app.findings import Finding
from auditor_app.report.exhibits import MANIFEST
from auditor_app.report.signed_report import ReportCheck, journal_findings

_HEAD = re.compile(r"([1-9][0-9]{0,9}):([0-9a-f]{64})\Z")
_MAX_REPORT_BYTES = 256 * 2**20
_MAX_ATTACHMENT_BYTES = 16 * 2**20


def head_of_report(path: Path) -> KnownHead:
    """The head that a report holds; ENGAGEMENT.HEAD where it holds none, or is no report.

    The report is the reader's own copy: nothing here says who made it.
    """
    read_capped(path, max_bytes=_MAX_REPORT_BYTES, code="ENGAGEMENT.HEAD")
    try:
        with pikepdf.open(path) as pdf:
            held = pdf.attachments.get(MANIFEST)
            data = b"" if held is None else held.get_file().read_bytes()
    except pikepdf.PdfError:
        raise EngagementError(
            "ENGAGEMENT.HEAD", "this is no PDF that can be read", at=Location(path.name), action="Name the report."
        ) from None
    match = None if not data else _HEAD.match(_stated(data, path.name))
    if match is None:
        raise EngagementError(
            "ENGAGEMENT.HEAD",
            "the report holds no journal head: it was not built from an engagement",
            at=Location(path.name),
            action="Name a report that was, or type the head that it prints: --head.",
        )
    return KnownHead(match[2], int(match[1]), f"report {path.name}")


def _stated(manifest: bytes, file: str) -> str:
    """The head as the report's list of attachments states it, or an empty text."""
    try:
        document = strict_json.parse(manifest, file=file, code="ENGAGEMENT.HEAD", max_bytes=_MAX_ATTACHMENT_BYTES)
    except AuditError as error:
        raise EngagementError(
            "ENGAGEMENT.HEAD",
            f"the report's list of attachments cannot be read: {error.what}",
            at=Location(file),
            action="Ask for the report again.",
        ) from None
    stated = document.get("journalHead") if isinstance(document, dict) else None
    return stated if isinstance(stated, str) else ""


def printed_heads(checked: ReportCheck, file: str) -> tuple[KnownHead, ...]:
    """The journal head that a checked report prints, to compare an engagement with."""
    head = checked.contents.manifest.journal_head
    if head is None:
        return ()
    length, _, digest = head.partition(":")
    return (KnownHead(digest, int(length), f"report {file}"),)


def all_findings(pdf: bytes, checked: ReportCheck, journal: CheckResult | None) -> tuple[Finding, ...]:
    """What was found about a report, and where it was compared with an engagement, what its journal says of it."""
    found: tuple[Finding, ...] = checked.findings
    if journal is not None:
        found += journal.findings
        if journal.papers is not None:
            found += journal_findings(pdf, checked, journal.papers)
    return found
