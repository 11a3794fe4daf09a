"""Findings of one kind that are many: told once among the exceptions, and every one of them listed here, none left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor_app.engagement.papers import LoggedException
from auditor_app.findings import CATALOGUE
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Heading,
    Inline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    given,
    said,
)
from auditor_app.report.material import Material, NumberedFinding
from auditor_app.report.quantities import plural
from auditor_app.report.statuses import severity_mark

APPENDIX = "F"
_MANY = 25
_COLUMNS = (Column("No., exceptions log, item", 2.6), Column("What was found", 3.6), Column("Follow-up", 1.6))
"""Few columns and one run of text in each cell: with thousands of rows each costs the typesetter more than the words."""


@dataclass(frozen=True, slots=True)
class Series:
    """More than 25 findings of one code in one procedure."""

    items: tuple[NumberedFinding, ...]

    @property
    def numbers(self) -> str:
        """``X4 to X90`` where they follow each other, else the first."""
        first, last = self.items[0].number, self.items[-1].number
        together = int(last[1:]) - int(first[1:]) + 1 == len(self.items)
        return f"{first} to {last}" if together else f"{first} and others"

    @property
    def message(self) -> str | None:
        """The sentence that they share, if they do."""
        told = {item.finding.message for item in self.items}
        return self.items[0].finding.message if len(told) == 1 else None


def in_series(items: Sequence[NumberedFinding]) -> tuple[Series | NumberedFinding, ...]:
    """The findings in order, with each kind that is many as one :class:`Series` in the place of its first."""
    kinds: dict[tuple[str, str], list[NumberedFinding]] = {}
    for item in items:
        kinds.setdefault(_kind(item), []).append(item)
    found: list[Series | NumberedFinding] = []
    for item in items:
        kind = kinds[_kind(item)]
        if len(kind) <= _MANY:
            found.append(item)
        elif kind[0] is item:
            found.append(Series(tuple(kind)))
    return tuple(found)


def _kind(item: NumberedFinding) -> tuple[str, str]:
    return item.finding.code, item.finding.procedure


def build(material: Material) -> tuple[PageBlock, ...]:
    """A list for each series; nothing where there is none."""
    blocks: list[PageBlock] = []
    for item in (*in_series(material.exceptions), *in_series(material.notes)):
        if isinstance(item, Series):
            blocks += _listed(material, item)
    if not blocks:
        return ()
    return (Paragraph(said("Each kind stands once in section 8; here every finding of it is listed.")), *blocks)


def _listed(material: Material, series: Series) -> Iterable[PageBlock]:
    first = series.items[0].finding
    procedure, shared = PROCEDURES[first.procedure], series.message
    yield Heading(2, f"{series.numbers}: {first.code}")
    about: list[Inline] = [
        severity_mark(first.severity),
        Said(f"  {procedure.reference} {procedure.title}, {plural(len(series.items), 'finding')}. "),
        Said(CATALOGUE[first.code].action, "muted"),
    ]
    yield Paragraph(tuple(about))
    if shared is not None:
        yield Paragraph(given(shared))
    logged = [material.logged(item.finding) for item in series.items]
    follow_up = any(_follow_up(line) for line in logged)
    rows = tuple(
        _row(item, line, told=shared is None, follow_up=follow_up)
        for item, line in zip(series.items, logged, strict=True)
    )
    yield Table(_COLUMNS if follow_up else _COLUMNS[:2], rows, "tiny")


def _row(item: NumberedFinding, line: LoggedException | None, *, told: bool, follow_up: bool) -> tuple[Cell, ...]:
    found = item.finding
    number = item.number if line is None else f"{item.number} (log {line.number})"
    texts = [found.message] if told else []
    texts += [
        f"{name}\u00a0{text}" for name, text in (("Expected", found.expected), ("Observed", found.observed)) if text
    ]
    where = found.at.text()
    first = f"{number}  {found.subject}" + (f"  At: {where}" if where else "")
    cells = (Given(first),), (Given(" · ".join(texts)),)
    return (*cells, (Given(_follow_up(line)),)) if follow_up else cells


def _follow_up(line: LoggedException | None) -> str:
    """What the log says besides the finding; empty for an open line that nobody has written to yet."""
    if line is None:
        return ""
    told = [("Cause", line.cause), ("Response", line.response), ("Disposition", line.disposition)]
    closed = f"Closed: {line.closing_reason}" if line.closed is not None else ""
    texts = [*(f"{name}: {text}" for name, text in told if text), closed]
    return "  ".join(text.replace("\n", " ") for text in texts if text)
