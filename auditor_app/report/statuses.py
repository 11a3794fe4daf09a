"""The words and shapes that stand for an outcome, the same in every section."""

from __future__ import annotations

from auditor_app.findings import Severity, Verdict
from auditor_app.report.blocks import Mark

_VERDICTS = {
    Verdict.AGREES: Mark("agrees", "Agrees"),
    Verdict.EXCEPTIONS: Mark("exception", "Exceptions"),
    Verdict.NOT_CHECKED: Mark("none", "Not performed"),
}
_SEVERITIES = {
    Severity.CRITICAL: Mark("exception", "Critical"),
    Severity.EXCEPTION: Mark("exception", "Exception"),
    Severity.WARNING: Mark("warning", "Warning"),
    Severity.NOTE: Mark("none", "Note"),
}


def verdict_mark(verdict: Verdict) -> Mark:
    """The mark of one of the three verdicts."""
    return _VERDICTS[verdict]


def severity_mark(severity: Severity) -> Mark:
    """The mark of a finding."""
    return _SEVERITIES[severity]


def agreement_mark(match: bool | None, *, missing: str = "Not compared") -> Mark:
    """Whether two values agreed; ``missing`` is said where there was nothing to compare."""
    if match is None:
        return Mark("none", missing)
    return Mark("agrees", "Agrees") if match else Mark("exception", "Differs")
