"""Coverage by asset: exact liabilities and reserves, the signed difference, the rate rounded down, and a chart."""

from __future__ import annotations

from auditor_app.coverage.lines import CoverageLine
from auditor_app.report.blocks import (
    Cell,
    Chart,
    Column,
    Heading,
    PageBlock,
    Paragraph,
    Quantity,
    Table,
    Tone,
    given,
    mark,
    quantity,
    said,
)
from auditor_app.report.charts import coverage_charts
from auditor_app.report.material import Material
from auditor_app.report.quantities import amount_text, percent_text, shown_decimals
from auditor_app.report.sections.shares import share_blocks


def build(material: Material) -> tuple[PageBlock, ...]:
    """The per-asset table, and net figures where customers owe the exchange."""
    lines = material.audit.coverage
    if not lines:
        return (Paragraph(said("The snapshot names no asset.")),)
    introduction = (
        "Amounts are exact, in units of the asset. The difference is observed reserves less gross liabilities; "
        "the rate is rounded down. Protection funds are not included."
    )
    blocks: list[PageBlock] = [Paragraph(said(introduction)), _gross(lines)]
    indebted = tuple(line for line in lines if line.debts)
    if indebted:
        blocks += [Heading(2, "Gross and net of customers' debts"), _net(indebted)]
    return (*blocks, Heading(2, "Chart"), *_charts(lines), *share_blocks(material.audit))


def _charts(lines: tuple[CoverageLine, ...]) -> tuple[PageBlock, ...]:
    charts = coverage_charts(lines)
    if not charts:
        return (Paragraph(said("No chart: no balance was observed, so there is no rate to draw.")),)
    introduction = (
        "Each stem starts at the 100 % line and ends at the asset's rate. A triangle pointing down and the word "
        "shortfall mark observed reserves below gross liabilities; a circle marks all others; an arrow points past "
        "the edge of the axis."
    )
    drawn = tuple(Chart(chart.file, chart.alternative, chart.caption) for chart in charts)
    return (Paragraph(said(introduction), "small"), *drawn)


def _status(line: CoverageLine) -> tuple[Tone, str]:
    """The tone and word of one line: ``No shortfall`` says only that observed is not below gross liabilities."""
    if line.observed is None:
        return "none", "Not observed"
    if line.difference is None:
        return "none", "Not comparable"
    return ("exception", "Shortfall") if line.difference < 0 else ("agrees", "No shortfall")


def _gross(lines: tuple[CoverageLine, ...]) -> Table:
    columns = (
        Column("Asset", 0.82),
        Column("Gross liabilities", 1.5, "right"),
        Column("Reserves claimed", 1.5, "right"),
        Column("Reserves observed", 1.5, "right"),
        Column("Difference", 1.56, "right"),
        Column("Rate", 0.8, "right"),
        Column("Compared", 0.8),
    )
    return Table(columns, tuple(_gross_row(line) for line in lines), "small")


def _gross_row(line: CoverageLine) -> tuple[Cell, ...]:
    values = (line.liabilities, line.claimed, line.observed, line.difference)
    shown = shown_decimals(values, line.decimals)
    tone, word = _status(line)
    short: Tone | None = "exception" if tone == "exception" else None
    difference = amount_text(line.difference, line.decimals, shown, signed=True)
    return (
        given(line.asset, "strong"),
        quantity(amount_text(line.liabilities, line.decimals, shown)),
        quantity(amount_text(line.claimed, line.decimals, shown)),
        quantity(amount_text(line.observed, line.decimals, shown)),
        quantity(difference, short),
        (Quantity(percent_text(line.rate) or "no rate", short),),
        mark(tone, word),
    )


def _net(lines: tuple[CoverageLine, ...]) -> Table:
    columns = (
        Column("Asset", 0.7),
        Column("Gross liabilities", 1.5, "right"),
        Column("Customers' debts", 1.5, "right"),
        Column("Net liabilities", 1.5, "right"),
        Column("Rate, gross", 0.9, "right"),
        Column("Rate, net", 0.9, "right"),
    )
    rows = []
    for line in lines:
        shown = shown_decimals((line.liabilities, line.debts, line.net_liabilities), line.decimals)
        rows.append(
            (
                given(line.asset, "strong"),
                quantity(amount_text(line.liabilities, line.decimals, shown)),
                quantity(amount_text(line.debts, line.decimals, shown)),
                quantity(amount_text(line.net_liabilities, line.decimals, shown)),
                quantity(percent_text(line.rate)),
                quantity(percent_text(line.net_rate)),
            )
        )
    return Table(columns, tuple(rows), "small")
