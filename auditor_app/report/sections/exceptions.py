"""Exceptions, numbered, each with what was expected, observed and answered; the log; then every note and warning."""

from __future__ import annotations

from auditor_app.engagement.papers import LoggedException
from auditor_app.findings import CATALOGUE
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import (
    Cell,
    Code,
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
    quantity,
    said,
)
from auditor_app.report.material import Material, NumberedFinding
from auditor_app.report.quantities import count_text
from auditor_app.report.statuses import severity_mark

_COLUMNS = (Column("No.", 0.36), Column("Procedure", 0.9), Column("What was found", 3.1), Column("Follow-up", 1.5))


def build(material: Material) -> tuple[PageBlock, ...]:
    """The exceptions, the exceptions log of the engagement, then the notes and warnings."""
    blocks: list[PageBlock] = []
    if material.exceptions:
        blocks.append(Table(_COLUMNS, tuple(_row(material, item, response=True) for item in material.exceptions)))
    else:
        blocks.append(Paragraph(said("The procedures performed gave rise to no exceptions.")))
    blocks += _log(material)
    blocks.append(Heading(2, "Notes and warnings"))
    if material.notes:
        blocks.append(Paragraph(said("These change no verdict.")))
        blocks.append(Table(_COLUMNS, tuple(_row(material, item, response=False) for item in material.notes), "small"))
    else:
        blocks.append(Paragraph(said("None.")))
    return tuple(blocks)


def _row(material: Material, item: NumberedFinding, *, response: bool) -> tuple[Cell, ...]:
    found, entry = item.finding, CATALOGUE[item.finding.code]
    procedure = PROCEDURES[found.procedure]
    content: list[Inline] = [Given(found.subject, "strong"), Newline(), Given(found.message)]
    where = found.at.text()
    for label, value in (("Expected: ", found.expected), ("Observed: ", found.observed), ("At: ", where)):
        if value:
            content += [Newline(), Said(label, "muted"), Code(value)]
    action: list[Inline] = [Said(entry.action)]
    if response:
        action += [Newline(), *_response(material, material.logged(found))]
    return (
        said(item.number, "strong"),
        (Said(f"{procedure.reference} {procedure.title}"), Newline(), severity_mark(found.severity)),
        (*content, Newline(), Said(found.code, "muted")),
        tuple(action),
    )


def _response(material: Material, line: LoggedException | None) -> Cell:
    """The log's line beside its exception: state, cause, management's response, disposition."""
    if line is None:
        return said("Management's response: none recorded.", "muted")
    state = "open" if line.closed is None else "closed"
    told: list[Inline] = [Said(f"Log no. {line.number}, {state}. ", "muted"), *_told(material, line)]
    if line.closing_reason:
        told += [Newline(), Said("Closed: ", "muted"), *material.typed(line.closing_reason)]
    return tuple(told)


def _told(material: Material, line: LoggedException) -> list[Inline]:
    """Cause and disposition where there are any; the response always, recorded or not."""
    told: list[Inline] = []
    for label, text in (
        ("Cause: ", line.cause),
        (_RESPONSE, line.response),
        ("Disposition: ", line.disposition),
    ):
        if not text and label != _RESPONSE:
            continue
        if told:
            told.append(Newline())
        told += [Said(label, "muted"), *(material.typed(text) if text else said("none recorded.", "muted"))]
    return told


def _log(material: Material) -> list[PageBlock]:
    """The lines of the log that stand beside no exception above: numbered, nothing left out, closed ones with their reason."""
    if material.papers is None:
        return []
    shown = {line.number for item in material.exceptions if (line := material.logged(item.finding)) is not None}
    further = [line for line in material.papers.exceptions if line.number not in shown]
    heading = Heading(2, "Exceptions log of the engagement: further lines")
    if not further:
        return [heading, Paragraph(said("Every line of the log stands beside its exception above."))]
    return [heading, Table(_LOG_COLUMNS, tuple(_logged(material, line) for line in further), "small")]


_RESPONSE = "Management's response: "
_LOG_COLUMNS = (
    Column("Log no.", 0.4, "right"),
    Column("Item", 2.2),
    Column("Cause and response", 2.2),
    Column("State", 1.2),
)


def _logged(material: Material, line: LoggedException) -> tuple[Cell, ...]:
    procedure = PROCEDURES.get(line.procedure)
    item: list[Inline] = [Given(line.item, "strong"), Newline()]
    item += [Given(line.procedure if procedure is None else f"{procedure.reference} {procedure.title}", "muted")]
    for label, value in (("Expected: ", line.expected), ("Observed: ", line.observed)):
        if value:
            item += [Newline(), Said(label, "muted"), Code(value)]
    state: Cell = (Mark("warning", "Open"),)
    if line.closed is not None:
        state = (Mark("none", "Closed"), Newline(), *material.typed(line.closing_reason))
    return quantity(count_text(line.number)), tuple(item), tuple(_told(material, line)), state
