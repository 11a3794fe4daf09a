"""The table of contents: one line adds a section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor_app.report.blocks import PageBlock
from auditor_app.report.material import Material
from auditor_app.report.sections import (
    addresses,
    control,
    coverage,
    exceptions,
    funds,
    limitations,
    procedures,
    reproduction,
    sample,
    scope,
    snapshot,
    summary,
)


@dataclass(frozen=True, slots=True)
class Section:
    """``number`` is printed before the title; ``wide`` turns the page; ``fresh`` starts a new one."""

    number: str
    title: str
    build: Callable[[Material], tuple[PageBlock, ...]]
    wide: bool = False
    fresh: bool = False


SECTIONS: tuple[Section, ...] = (
    Section("1", "Summary", summary.build, fresh=True),
    Section("2", "Scope", scope.build, fresh=True),
    Section("3", "Procedures and findings", procedures.build, fresh=True),
    Section("4", "Snapshot and commitments", snapshot.build, fresh=True),
    Section("5", "Coverage by asset", coverage.build, wide=True, fresh=True),
    Section("6", "Protection funds", funds.build, fresh=True),
    Section("7", "Exceptions, notes and warnings", exceptions.build, fresh=True),
    Section("8", "What this report does not cover", limitations.build, fresh=True),
    Section("A", "Addresses", addresses.build, wide=True, fresh=True),
    Section("B", "Control of addresses", control.build, wide=True, fresh=True),
    Section("C", "Sample", sample.build, fresh=True),
    Section("D", "Reproduction", reproduction.build, fresh=True),
)
