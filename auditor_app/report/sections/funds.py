"""Protection funds: a table of their own, against their targets, never inside the rate."""

from __future__ import annotations

from auditor_app.coverage.lines import FundLine, FundTotal
from auditor_app.report.blocks import (
    Cell,
    Code,
    Column,
    Given,
    Heading,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Quantity,
    Said,
    Table,
    given,
    quantity,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import amount_text, grouped_decimal, percent_text, shown_decimals


def build(material: Material) -> tuple[PageBlock, ...]:
    """Each fund against its target, then each of its accounts."""
    audit = material.audit
    if not audit.funds and not audit.fund_totals:
        return (Paragraph(said("The snapshot names no protection fund.")),)
    introduction = "Protection funds are not part of the reserves and do not enter any rate of the coverage table."
    blocks: list[PageBlock] = [Paragraph(said(introduction))]
    if audit.fund_totals:
        blocks += [Heading(2, "Funds against their targets"), _totals(audit.fund_totals)]
    if audit.funds:
        blocks += [Heading(2, "Accounts"), _accounts(audit.funds)]
    return tuple(blocks)


def _totals(totals: tuple[FundTotal, ...]) -> Table:
    columns = (
        Column("Fund", 1.4),
        Column("Claimed", 1.3, "right"),
        Column("Observed", 1.3, "right"),
        Column("Target", 1.3, "right"),
        Column("Unit", 0.6),
        Column("Of target", 0.9, "right"),
        Column("Compared", 1),
    )
    return Table(columns, tuple(_total(item) for item in totals), "small")


def _total(item: FundTotal) -> tuple[Cell, ...]:
    mark = {
        True: Mark("agrees", "Target met"),
        False: Mark("exception", "Below target"),
        None: Mark("none", "Not valued"),
    }[item.met]
    return (
        (Given(item.name, "strong"), Newline(), Given(f"{item.kind}, {item.custody}", "muted")),
        quantity(grouped_decimal(item.claimed)),
        quantity(grouped_decimal(item.observed)),
        quantity(grouped_decimal(item.target)),
        given(item.unit),
        quantity(percent_text(item.rate)),
        (mark,),
    )


def _accounts(lines: tuple[FundLine, ...]) -> Table:
    columns = (
        Column("Fund and account", 2.9),
        Column("Asset", 0.6),
        Column("Claimed", 1.2, "right"),
        Column("Observed", 1.2, "right"),
        Column("Grade", 0.7),
    )
    return Table(columns, tuple(_account(line) for line in lines), "small")


def _account(line: FundLine) -> tuple[Cell, ...]:
    shown = shown_decimals((line.claimed, line.observed), line.decimals)
    observed = amount_text(line.observed, line.decimals, shown)
    return (
        (Given(line.name, "strong"), Newline(), Code(line.account)),
        given(line.asset),
        quantity(amount_text(line.claimed, line.decimals, shown)),
        (Quantity(observed),) if observed is not None else (Said("not observed", "muted"),),
        given(line.grade),
    )
