"""What every section is built from: the finished run, the report's date and identity, and numbered findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor_app.engagement.history import History
from auditor_app.engagement.papers import LoggedException, Papers
from auditor_app.engagement.record import Audit
from auditor_app.engagement.sampling_work import SampledWork
from auditor_app.findings import Finding
from auditor_app.report.blocks import Cell, typed
from auditor_app.report.elements import Missing
from auditor_app.report.exhibits import Exhibit
from auditor_app.report.template import Template


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
    """The input of every section.

    ``report_id`` is made from the exhibits' digests; ``papers`` is ``None`` without an engagement; ``missing`` and
    ``obstacles`` are what keeps the report from being final; ``full_id`` is the id of the full version where this is the
    redacted one.
    """

    audit: Audit
    date: ReportDate
    report_id: str
    exhibits: tuple[Exhibit, ...]
    missing: tuple[Missing, ...]
    exceptions: tuple[NumberedFinding, ...]
    notes: tuple[NumberedFinding, ...]
    template: Template
    papers: Papers | None = None
    obstacles: tuple[str, ...] = ()
    final: bool = False
    full_id: str | None = None
    log: Mapping[tuple[str, str, str], LoggedException] = field(default_factory=dict)
    samples: tuple[SampledWork, ...] = ()
    history: History | None = None

    def typed(self, text: str) -> Cell:
        """What a person typed; a draft underlines words that the report must not use."""
        return typed(text, underline=not self.final)

    def logged(self, finding: Finding) -> LoggedException | None:
        """The line of the exceptions log that was raised from ``finding``."""
        return self.log.get((finding.code, finding.procedure, logged_item(finding)))


LogKey = tuple[str, str, str]


def log_by_finding(papers: Papers | None) -> Mapping[LogKey, LoggedException]:
    """The log's lines by code, procedure and item of the finding that they were raised from; the first of several."""
    lines = () if papers is None else papers.exceptions
    return {(line.finding, line.procedure, line.item): line for line in reversed(lines)}


def logged_item(finding: Finding) -> str:
    """A finding's subject as the exceptions log keeps it."""
    return finding.subject[:5000] or "(no subject)"


def numbered(findings: Sequence[Finding], prefix: str, *, counting: bool) -> tuple[NumberedFinding, ...]:
    """The findings that count (or those that do not), numbered in the order they were made."""
    chosen = [item for item in findings if item.counts is counting]
    return tuple(NumberedFinding(f"{prefix}{place}", item) for place, item in enumerate(chosen, start=1))
