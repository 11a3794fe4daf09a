"""Exceptions, numbered, each with what was expected and observed; then every note and warning."""

from __future__ import annotations

from auditor_app.findings import CATALOGUE
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import (
    Cell,
    Code,
    Column,
    Given,
    Heading,
    Inline,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    said,
)
from auditor_app.report.material import Material, NumberedFinding
from auditor_app.report.statuses import severity_mark

_COLUMNS = (Column("No.", 0.36), Column("Procedure", 0.9), Column("What was found", 3.1), Column("Follow-up", 1.5))


def build(material: Material) -> tuple[PageBlock, ...]:
    """The exceptions, then the notes and warnings."""
    blocks: list[PageBlock] = []
    if material.exceptions:
        blocks.append(Table(_COLUMNS, tuple(_row(item, response=True) for item in material.exceptions)))
    else:
        blocks.append(Paragraph(said("The procedures performed gave rise to no exceptions.")))
    blocks.append(Heading(2, "Notes and warnings"))
    if material.notes:
        blocks.append(Paragraph(said("These change no verdict.")))
        blocks.append(Table(_COLUMNS, tuple(_row(item, response=False) for item in material.notes), "small"))
    else:
        blocks.append(Paragraph(said("None.")))
    return tuple(blocks)


def _row(item: NumberedFinding, *, response: bool) -> tuple[Cell, ...]:
    found, entry = item.finding, CATALOGUE[item.finding.code]
    procedure = PROCEDURES[found.procedure]
    content: list[Inline] = [Given(found.subject, "strong"), Newline(), Given(found.message)]
    where = found.at.text()
    for label, value in (("Expected: ", found.expected), ("Observed: ", found.observed), ("At: ", where)):
        if value:
            content += [Newline(), Said(label, "muted"), Code(value)]
    action: list[Inline] = [Said(entry.action)]
    if response:
        action += [Newline(), Said("Management's response: none recorded.", "muted")]
    return (
        said(item.number, "strong"),
        (Said(f"{procedure.reference} {procedure.title}"), Newline(), severity_mark(found.severity)),
        (*content, Newline(), Said(found.code, "muted")),
        tuple(action),
    )
