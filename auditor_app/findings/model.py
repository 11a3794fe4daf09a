"""The frozen values every step yields: findings, limitations, and the three verdicts drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from auditor_app.errors import NOWHERE, AuditError, Location
from auditor_app.findings.catalogue import CATALOGUE, LIMITATIONS, Area, Severity


class Verdict(StrEnum):
    """One of three answers to one of three questions."""

    AGREES = "agrees"
    EXCEPTIONS = "exceptions"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one procedure observed about one subject.

    ``procedure`` is a key of :data:`auditor_app.procedures.PROCEDURES`; ``subject`` names what was looked at
    (``"ledger spot, asset BTC"``); ``message`` is one sentence in the report's vocabulary. ``places`` are all that
    the message names, where there are several; ``at`` is the first.
    """

    code: str
    severity: Severity
    procedure: str
    subject: str
    message: str
    expected: str = ""
    observed: str = ""
    at: Location = NOWHERE
    places: tuple[Location, ...] = ()

    @property
    def area(self) -> Area:
        """The verdict this code belongs to."""
        return CATALOGUE[self.code].area

    @property
    def counts(self) -> bool:
        """Whether it changes a verdict and the exit status."""
        return self.severity in (Severity.EXCEPTION, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Limitation:
    """Something the procedure could not have shown, whatever the data; it never changes a verdict."""

    code: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Kept apart, never one green tick: is the file authentic, does the data agree, do the reserves cover it."""

    authentic: Verdict
    data: Verdict
    coverage: Verdict


def finding(
    code: str,
    *,
    procedure: str,
    subject: str,
    message: str,
    expected: str = "",
    observed: str = "",
    at: Location = NOWHERE,
    severity: Severity | None = None,
    places: tuple[Location, ...] = (),
) -> Finding:
    """A finding with the catalogue's severity unless another is given; ``KeyError`` for an unknown code."""
    entry = CATALOGUE[code]
    return Finding(code, severity or entry.severity, procedure, subject, message, expected, observed, at, places)


def from_error(error: AuditError, *, procedure: str, subject: str) -> Finding:
    """The finding for an error that stopped a procedure."""
    return finding(
        error.code,
        procedure=procedure,
        subject=subject,
        message=error.sentence(),
        expected=error.expected,
        observed=error.observed,
        at=error.at,
    )


def limitation(code: str, *, subject: str, message: str = "") -> Limitation:
    """A limitation, with the catalogue's text unless a more exact one is given."""
    return Limitation(code, subject, message or LIMITATIONS[code])


def verdicts(findings: Iterable[Finding], performed: frozenset[Area]) -> Verdicts:
    """The verdict of each area: exceptions if a finding counts, else agrees if the area was performed."""
    bad = {item.area for item in findings if item.counts}

    def of(area: Area) -> Verdict:
        if area in bad:
            return Verdict.EXCEPTIONS
        return Verdict.AGREES if area in performed else Verdict.NOT_CHECKED

    return Verdicts(of(Area.AUTHENTIC), of(Area.DATA), of(Area.COVERAGE))


def exit_status(findings: Iterable[Finding]) -> int:
    """0 nothing to report, 1 exceptions or critical findings, 2 not authentic.

    A stale or replayed snapshot and a bad time stamp are exceptions about an authentic file: 1, not 2.
    """
    counting = [item for item in findings if item.counts]
    if any(item.area is Area.AUTHENTIC and item.severity is Severity.CRITICAL for item in counting):
        return 2
    return 1 if counting else 0
