"""Building the report for the window: the core's operation, imported in the worker thread."""

from __future__ import annotations

from auditor_app.engagement.record import Audit
from auditor_app.operation import CancelToken, Operation


def build_pdf(audit: Audit, date: str | None, token: CancelToken) -> Operation[bytes]:
    """The PDF of a finished run; ``date`` is the typed document date or ``None``."""
    from auditor_app.report.document import ReportOptions, build_report

    report = yield from build_report(audit, ReportOptions(date=date), token)
    return bytes(report.pdf)
