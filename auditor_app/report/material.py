"""What every section is built from: the finished run, the report's date and identity, and numbered findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor_app.engagement.record import Audit
from auditor_app.findings import Finding
from auditor_app.report.elements import Element
from auditor_app.report.exhibits import Exhibit


@dataclass(frozen=True, slots=True)
class ReportDate:
    """The document's date, ``YYYY-MM-DD``; ``typed`` is false where it was taken from the newest input."""

    text: str
    typed: bool


@dataclass(frozen=True, slots=True)
class NumberedFinding:
    """A finding with its number in this report: ``X1`` … for exceptions, ``N1`` … for notes and warnings."""

    number: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Material:
    """The input of every section; ``report_id`` is made from the exhibits' digests, ``missing`` keeps it a draft."""

    audit: Audit
    date: ReportDate
    report_id: str
    exhibits: tuple[Exhibit, ...]
    missing: tuple[Element, ...]
    exceptions: tuple[NumberedFinding, ...]
    notes: tuple[NumberedFinding, ...]


def numbered(findings: Sequence[Finding], prefix: str, *, counting: bool) -> tuple[NumberedFinding, ...]:
    """The findings that count (or those that do not), numbered in the order they were made."""
    chosen = [item for item in findings if item.counts is counting]
    return tuple(NumberedFinding(f"{prefix}{place}", item) for place, item in enumerate(chosen, start=1))
