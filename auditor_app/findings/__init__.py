"""Findings: what a procedure observed, in one form for window, command line and report."""

from auditor_app.findings.catalogue import CATALOGUE, LIMITATIONS, Area, CodeEntry, Severity
from auditor_app.findings.model import (
    Finding,
    Limitation,
    Verdict,
    Verdicts,
    exit_status,
    finding,
    from_error,
    limitation,
    verdicts,
)

__all__ = [
    "CATALOGUE",
    "LIMITATIONS",
    "Area",
    "CodeEntry",
    "Finding",
    "Limitation",
    "Severity",
    "Verdict",
    "Verdicts",
    "exit_status",
    "finding",
    "from_error",
    "limitation",
    "verdicts",
]
