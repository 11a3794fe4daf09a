"""Procedures and findings: what was agreed to be done, its extent, and beside it what was found."""

from __future__ import annotations

from collections.abc import Mapping

from auditor_app.engagement.record import PerformedProcedure
from auditor_app.engagement.terms import AgreedProcedure
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Heading,
    Inline,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    given,
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
    agreed = {} if material.papers is None else {item.key: item for item in material.papers.procedures}
    rows = [_row(material, item, agreed.get(item.key)) for item in material.audit.procedures]
    performed = {item.key for item in material.audit.procedures}
    rows += [_own(material, item) for item in agreed.values() if item.key not in performed and item.agreed]
    return (
        Paragraph(said(introduction)),
        Paragraph(_timing(material), "small"),
        Table(columns, tuple(rows), "small"),
        *_thresholds(material),
        *_departures(material, agreed),
    )


def _timing(material: Material) -> Cell:
    """When the procedures were performed, and on data of which instant."""
    stated = (Said("Timing: on data as of "), Given(material.audit.identity.as_of))
    if material.papers is None or not material.papers.runs:
        return (*stated, Said("."))
    return (*stated, Said(", performed at "), Given(material.papers.runs[-1].stamp.at), Said("."))


def _row(material: Material, item: PerformedProcedure, agreed: AgreedProcedure | None) -> tuple[Cell, ...]:
    procedure = PROCEDURES[item.key]
    done: list[Inline] = [Said(procedure.title, "strong"), Newline()]
    if agreed is None or agreed.wording == procedure.wording:
        done.append(Said(procedure.wording))
    else:
        done += material.typed(agreed.wording)
    if item.extent:
        done += [Newline(), Said("Extent: ", "muted"), Given(item.extent, "muted")]
    return said(procedure.reference, "strong"), tuple(done), _finding(material, item)


def _own(material: Material, agreed: AgreedProcedure) -> tuple[Cell, ...]:
    """A procedure of the firm's own: the program did not perform it and says only what the log says."""
    lines = [line for line in material.papers.exceptions if line.procedure == agreed.key] if material.papers else []
    finding: list[Inline] = [Mark("none", "Not performed by the program")]
    if agreed.reason:
        finding += [Newline(), *material.typed(agreed.reason)]
    if lines:
        finding += [Newline(), Said(f"See log no. {', '.join(str(line.number) for line in lines[:_LISTED])}.", "muted")]
    return (
        said("A", "strong"),
        (Given(agreed.key, "strong"), Newline(), *material.typed(agreed.wording)),
        tuple(finding),
    )


def _thresholds(material: Material) -> tuple[PageBlock, ...]:
    """Limits that were agreed; without one every exception is reported whatever its size."""
    if material.papers is None:
        return ()
    heading = Heading(2, "Agreed thresholds")
    agreed = material.papers.terms.thresholds
    if not agreed:
        return heading, Paragraph(said("No threshold was agreed: every exception is reported, whatever its size."))
    rows: tuple[tuple[Cell, ...], ...] = tuple((given(name), material.typed(text)) for name, text in agreed.items())
    return heading, Table((Column("For", 1), Column("As agreed", 3)), rows, labels=True)


def _departures(material: Material, agreed: Mapping[str, AgreedProcedure]) -> tuple[PageBlock, ...]:
    """What was changed, left out or could not be performed."""
    rows: list[tuple[Cell, ...]] = []
    for item in agreed.values():
        usual = PROCEDURES.get(item.key)
        title: Cell = given(item.key) if usual is None else said(f"{usual.reference} {usual.title}")
        if not item.agreed:
            rows.append((title, said("Left out"), material.typed(item.reason)))
        elif usual is not None and item.wording != usual.wording:
            rows.append((title, said("Worded otherwise than usual"), material.typed(item.reason)))
    for done in material.audit.procedures:
        entry = agreed.get(done.key)
        if not done.performed and (entry is None or entry.agreed):
            usual = PROCEDURES[done.key]
            rows.append((said(f"{usual.reference} {usual.title}"), said("Not performed"), given(done.outcome)))
    heading = Heading(2, "Reservations, and procedures changed, left out or not performed")
    reserved = Paragraph(said("Reservations about the data and the evidence are the limitations in section 9."))
    if not rows:
        return heading, reserved, Paragraph(said("No procedure was changed, left out or not performed."))
    return (
        heading,
        reserved,
        Table((Column("Procedure", 1.1), Column("What", 1), Column("Reason", 2.4)), tuple(rows), "small"),
    )


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
