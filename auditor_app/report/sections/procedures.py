"""Procedures and findings: what was agreed to be done, its extent, and beside it what was found."""

from __future__ import annotations

from auditor_app.engagement.record import PerformedProcedure
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Inline,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    said,
)
from auditor_app.report.material import Material

_LISTED = 12


def build(material: Material) -> tuple[PageBlock, ...]:
    """The table of procedures; every finding is numbered in the sections it points to."""
    introduction = (
        "Reference is the working-paper index. Every exception (X) and every note or warning (N) is listed in the "
        "sections that follow; none was left out for its size."
    )
    columns = (Column("Ref", 0.32), Column("Procedure", 2.6), Column("Finding", 2.4))
    rows = tuple(_row(material, item) for item in material.audit.procedures)
    return (Paragraph(said(introduction)), Table(columns, rows, "small"))


def _row(material: Material, item: PerformedProcedure) -> tuple[Cell, ...]:
    procedure = PROCEDURES[item.key]
    done: list[Inline] = [Said(procedure.title, "strong"), Newline(), Said(procedure.wording)]
    if item.extent:
        done += [Newline(), Said("Extent: ", "muted"), Given(item.extent, "muted")]
    return said(procedure.reference, "strong"), tuple(done), _finding(material, item)


def _finding(material: Material, item: PerformedProcedure) -> Cell:
    exceptions = [entry.number for entry in material.exceptions if entry.finding.procedure == item.key]
    notes = [entry.number for entry in material.notes if entry.finding.procedure == item.key]
    if not item.performed:
        mark = Mark("none", "Not performed")
    elif exceptions:
        mark = Mark("exception", "Exceptions noted")
    else:
        mark = Mark("agrees", "No exceptions noted")
    content: list[Inline] = [mark, Newline(), Given(item.outcome)]
    if exceptions or notes:
        content += [Newline(), Said(f"See {_listed(exceptions + notes)}.", "muted")]
    return tuple(content)


def _listed(numbers: list[str]) -> str:
    more = len(numbers) - _LISTED
    return ", ".join(numbers[:_LISTED]) + (f" and {more} more" if more > 0 else "")
