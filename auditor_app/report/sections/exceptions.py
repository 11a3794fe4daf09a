"""Exceptions, numbered, each with what was expected, observed and answered; the log; then every note and warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

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
from auditor_app.report.quantities import count_text, plural
from auditor_app.report.sections.series import APPENDIX, Series, in_series
from auditor_app.report.statuses import severity_mark

_COLUMNS = (Column("No.", 0.52), Column("Procedure", 0.9), Column("What was found", 3.1), Column("Follow-up", 1.5))


def build(material: Material) -> tuple[PageBlock, ...]:
    """The exceptions, the exceptions log of the engagement, then the notes and warnings."""
    blocks: list[PageBlock] = []
    if material.exceptions:
        blocks.append(Table(_COLUMNS, _rows(material, material.exceptions, response=True)))
    else:
        blocks.append(Paragraph(said("The procedures performed gave rise to no exceptions.")))
    blocks += _log(material)
    blocks.append(Heading(2, "Notes and warnings"))
    if material.notes:
        blocks.append(Paragraph(said("These change no verdict.")))
        blocks.append(Table(_COLUMNS, _rows(material, material.notes, response=False), "small"))
    else:
        blocks.append(Paragraph(said("None.")))
    return tuple(blocks)


def _rows(material: Material, items: Sequence[NumberedFinding], *, response: bool) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        _series(material, item, response=response)
        if isinstance(item, Series)
        else _row(material, item, response=response)
        for item in in_series(items)
    )


def _series(material: Material, series: Series, *, response: bool) -> tuple[Cell, ...]:
    """One row for a kind of finding that is many, and where each of them is listed."""
    found, lines = series.items[0].finding, [material.logged(item.finding) for item in series.items]
    procedure, logged = PROCEDURES[found.procedure], [line for line in lines if line is not None]
    content: list[Inline] = [Said(f"{plural(len(lines), 'finding')} of this kind", "strong"), Newline()]
    content += [Said(f"Every one is listed in appendix {APPENDIX}. The first: "), Given(found.subject), Newline()]
    content += [Given(found.message), Newline(), Said(found.code, "muted")]
    action: list[Inline] = [Said(CATALOGUE[found.code].action)]
    if response:
        answered = sum(bool(line.response) for line in logged)
        closed = sum(line.closed is not None for line in logged)
        told = f"{count_text(len(logged))} in the log, {count_text(closed)} closed; management's response recorded for {count_text(answered)}."
        action += [Newline(), Said(told, "muted")]
    return (
        said(series.numbers, "strong"),
        (Said(f"{procedure.reference} {procedure.title}"), Newline(), severity_mark(found.severity)),
        tuple(content),
        tuple(action),
    )


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
    if not further:
        count = len(material.papers.exceptions)
        words = (
            f"Every line of the log ({count_text(count)}) stands beside its exception above."
            if count
            else "It holds no line."
        )
        return [Heading(2, "Exceptions log of the engagement"), Paragraph(said(words))]
    heading = Heading(2, "Exceptions log of the engagement: lines that stand beside no exception above")
    size: Literal["small", "tiny"] = "small" if len(further) <= _MANY_LINES else "tiny"
    return [heading, Table(_LOG_COLUMNS, tuple(_logged(material, line) for line in further), size)]


_MANY_LINES = 100
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
