"""What an issued report says about the engagement it came from: the journal's head before the build."""

from __future__ import annotations

from pathlib import Path

import pikepdf

from auditor_app import strict_json
from auditor_app.engagement.checking import KnownHead
from auditor_app.errors import AuditError, EngagementError, Location
from auditor_app.files import read_capped

ATTACHMENT = "engagement.json"
"""The attachment with ``{"engagement": SHA-256, "journal": {"head": SHA-256, "length": "12"}}``."""
_MAX_REPORT_BYTES = 256 * 2**20
_MAX_ATTACHMENT_BYTES = 16 * 2**20


def head_of_report(path: Path) -> KnownHead:
    """The head that a report holds; ENGAGEMENT.HEAD where it holds none, or is no report.

    The report is the reader's own copy: nothing here says who made it.
    """
    read_capped(path, max_bytes=_MAX_REPORT_BYTES, code="ENGAGEMENT.HEAD")
    try:
        with pikepdf.open(path) as pdf:
            held = pdf.attachments.get(ATTACHMENT)
            data = b"" if held is None else held.get_file().read_bytes()
    except pikepdf.PdfError:
        raise EngagementError("ENGAGEMENT.HEAD", "this is no PDF that can be read", at=Location(path.name)) from None
    if not data:
        raise EngagementError(
            "ENGAGEMENT.HEAD",
            "the report holds no journal head: it was not built from an engagement",
            at=Location(path.name),
            action="Type the head that the report prints: --head.",
        )
    return _head(data, path.name)


def _head(data: bytes, file: str) -> KnownHead:
    try:
        document = strict_json.parse(data, file=file, code="ENGAGEMENT.HEAD", max_bytes=_MAX_ATTACHMENT_BYTES)
        journal = document["journal"]
        head, length, identity = journal["head"], int(journal["length"]), document.get("engagement")
        if not (isinstance(head, str) and len(head) == 64 and length > 0):
            raise ValueError
    except (AuditError, KeyError, TypeError, ValueError, AttributeError):
        raise EngagementError(
            "ENGAGEMENT.HEAD", "the report's journal head cannot be read", at=Location(file)
        ) from None
    return KnownHead(head, length, f"report {file}", identity if isinstance(identity, str) else None)
