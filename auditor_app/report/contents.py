"""The table of contents: one line adds a section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from auditor_app.report.blocks import PageBlock
from auditor_app.report.material import Material
from auditor_app.report.sections import (
    addresses,
    control,
    coverage,
    engagement,
    exceptions,
    funds,
    history,
    limitations,
    papers,
    procedures,
    reproduction,
    sample,
    scope,
    series,
    signature,
    snapshot,
    summary,
)


@dataclass(frozen=True, slots=True)
class Section:
    """``number`` is printed before the title, ``paper`` is its working-paper index; ``wide`` turns the page.

    Each section starts a page of its own; one without blocks is left out.
    """

    number: str
    title: str
    paper: str
    build: Callable[[Material], tuple[PageBlock, ...]]
    wide: bool = False


SECTIONS: tuple[Section, ...] = (
    Section("1", "Engagement", "A", engagement.build),
    Section("2", "Summary", "G", summary.build),
    Section("3", "Scope", "A", scope.build),
    Section("4", "Procedures and findings", "A", procedures.build),
    Section("5", "Snapshot and commitments", "B, C", snapshot.build),
    Section("6", "Coverage by asset", "D4", coverage.build, wide=True),
    Section("7", "Protection funds", "D5", funds.build),
    Section("8", "Exceptions, notes and warnings", "F", exceptions.build),
    Section("9", "What this report does not cover", "G", limitations.build),
    Section("10", "Signature", "G", signature.build),
    Section("A", "Addresses", "D1, D3", addresses.build, wide=True),
    Section("B", "Control of addresses", "D2", control.build, wide=True),
    Section("C", "Sample", "E1", sample.build),
    Section("D", "Working papers", "A", papers.build),
    Section("E", "Reproduction", "G", reproduction.build),
    Section("F", "Findings listed one by one", "F", series.build, wide=True),
    Section("G", "Series of snapshots", "B6", history.build, wide=True),
)


def sections_of(material: Material) -> tuple[tuple[Section, tuple[PageBlock, ...]], ...]:
    """The sections that have something to say, and their blocks; the last appendix moves up where one is left out."""
    built = [(section, blocks) for section in SECTIONS if (blocks := section.build(material))]
    letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return tuple(
        (replace(section, number=next(letters)) if section.number.isalpha() else section, blocks)
        for section, blocks in built
    )
