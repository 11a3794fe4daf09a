"""The working papers as one file: a workbook, or an archive with the workbook and every table as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor_app import __version__
from auditor_app.engagement.history import History
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.engagement.sampling_work import SampledWork, written_up
from auditor_app.engagement.written_history import with_history
from auditor_app.errors import UsageError
from auditor_app.report.paper_tables import paper_tables
from auditor_app.report.redaction import redacted
from auditor_app.report.tables import WorkingTable
from auditor_app.report.workbook import PaperHeading, papers_package, workbook

SUFFIXES = (".xlsx", ".zip")


def kind_of(path: Path) -> str:
    """``.xlsx`` or ``.zip``; :class:`UsageError` for a name that is neither."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            "USAGE", "the name is neither a workbook's nor an archive's", expected="papers.xlsx or papers.zip"
        )
    return suffix


def exported_papers(
    audit: Audit,
    papers: Papers | None,
    samples: Sequence[SampledWork],
    suffix: str,
    *,
    masked: bool,
    history: History | None = None,
) -> tuple[bytes, tuple[WorkingTable, ...]]:
    """The bytes for ``suffix`` and the tables in them; ``masked`` withholds identifiers."""
    samples = tuple(samples)
    audit = with_history(written_up(audit, samples, papers), history, papers)
    heading = PaperHeading(
        audit.identity.issuer,
        audit.identity.as_of,
        audit.identity.payload_sha256,
        f"Reserve Auditor {__version__}",
        None if papers is None else papers.head.text(),
    )
    if masked:
        shown = redacted(audit, papers, samples, history)
        audit, papers, samples, history = shown.audit, shown.papers, shown.samples, shown.history
    tables = paper_tables(audit, papers, samples, history)
    return (workbook(tables, heading) if suffix == ".xlsx" else papers_package(tables, heading)), tables
