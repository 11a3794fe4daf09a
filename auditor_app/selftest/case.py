"""What an attack's case is: files made twice, once as the attacker makes them and once as an honest exchange would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from auditor_app.engagement.record import Audit
from auditor_app.findings import Finding, Limitation, Severity
from auditor_app.selftest.fixtures import Fixture

Shown = Mapping[str, object]


class Version(Enum):
    """Who made the files."""

    ATTACK = "attack"
    HONEST = "honest"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the procedures gave: codes of findings above a note, those of them that count, codes of limitations.

    ``shown`` holds what the case demonstrates on the way, by the names that the fixture uses.
    """

    findings: frozenset[str]
    counting: frozenset[str]
    limitations: frozenset[str]
    shown: Shown = field(default_factory=dict)

    @staticmethod
    def of(findings: Iterable[Finding], limitations: Iterable[Limitation] = (), shown: Shown | None = None) -> Seen:
        """From what one or several procedures yielded."""
        found = tuple(findings)
        return Seen(
            frozenset(item.code for item in found if item.severity is not Severity.NOTE),
            frozenset(item.code for item in found if item.counts),
            frozenset(item.code for item in limitations),
            shown or {},
        )

    @staticmethod
    def in_audit(audit: Audit, shown: Shown | None = None) -> Seen:
        """From a whole run."""
        return Seen.of(audit.findings, audit.limitations, shown)


@dataclass(frozen=True, slots=True)
class Case:
    """One attack in files. ``also`` are codes that the attack, or the scheme it needs, cannot but give besides."""

    make: Callable[[Fixture, Path, Version], Seen]
    also: frozenset[str] = field(default_factory=frozenset)
