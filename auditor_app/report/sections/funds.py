"""Protection funds: a table of their own, against their targets, never inside the rate."""

from __future__ import annotations

from collections.abc import Sequence

from auditor_app.amounts import floor_percent
from auditor_app.chain.ownership.lookup import ProofsOfControl
from auditor_app.coverage.lines import CoverageLine, FundLine, FundPrice, FundTotal
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
    Quantity,
    Said,
    Table,
    given,
    quantity,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import amount_text, grouped_decimal, percent_text, shown_decimals
from auditor_app.report.sections.control import control_cell


def build(material: Material) -> tuple[PageBlock, ...]:
    """Each fund against its target, then each of its accounts."""
    audit = material.audit
    if not audit.funds and not audit.fund_totals:
        return (Paragraph(said("The snapshot names no protection fund.")),)
    introduction = "Protection funds are not part of the reserves and do not enter any rate of the coverage table."
    blocks: list[PageBlock] = [Paragraph(said(introduction))]
    if audit.fund_totals:
        blocks += [Heading(2, "Funds against their targets"), _totals(audit.fund_totals)]
    priced = [(item.name, price) for item in audit.fund_totals for price in item.prices]
    if priced:
        introduction = "What each fund was valued with; amounts in the target's own unit need no price."
        blocks += [Heading(2, "Prices"), Paragraph(said(introduction), "small"), _prices(priced)]
    if audit.funds:
        blocks += [Heading(2, "Accounts"), _accounts(audit.funds, ProofsOfControl(audit.ownership))]
    if material.papers is not None and material.papers.terms.funds_with_reserves:
        blocks += [Heading(2, "Rate without and with protection funds"), *_both_ways(audit.coverage, audit.funds)]
    return tuple(blocks)


def _both_ways(lines: tuple[CoverageLine, ...], funds: tuple[FundLine, ...]) -> tuple[PageBlock, ...]:
    """Assets in which a fund's balance was observed on chain; each fund counts in its own asset only."""
    held: dict[str, int] = {}
    for fund in funds:
        if fund.observed is not None:
            held[fund.asset] = held.get(fund.asset, 0) + fund.observed
    shown = [(line, held[line.asset]) for line in lines if line.asset in held]
    if not shown:
        return (Paragraph(said("No balance of a protection fund was observed, so both rates are the same.")),)
    introduction = (
        "Shown because the terms of the engagement ask for it. A fund counts with its observed balance and in its own "
        "asset only; a claim in the issuer's ledger does not count."
    )
    return Paragraph(said(introduction)), Table(_BOTH, tuple(_both(*pair) for pair in shown), "small")


_BOTH = (
    Column("Asset", 0.6),
    Column("Gross liabilities", 1.4, "right"),
    Column("Reserves observed", 1.4, "right"),
    Column("Funds observed", 1.3, "right"),
    Column("Rate without", 0.9, "right"),
    Column("Rate with", 0.9, "right"),
)


def _both(line: CoverageLine, fund: int) -> tuple[Cell, ...]:
    shown = shown_decimals((line.liabilities, line.observed, fund), line.decimals)
    together = None
    if line.observed is not None and line.liabilities is not None:
        together = floor_percent(line.observed + fund, line.liabilities)
    return (
        given(line.asset, "strong"),
        quantity(amount_text(line.liabilities, line.decimals, shown)),
        quantity(amount_text(line.observed, line.decimals, shown)),
        quantity(amount_text(fund, line.decimals, shown)),
        quantity(percent_text(line.rate)),
        quantity(percent_text(together)),
    )


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
        None: Mark("none", "Claim only" if item.custody == "ledger" else "Not valued"),
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


def _prices(priced: Sequence[tuple[str, FundPrice]]) -> Table:
    columns = (
        Column("Fund", 1.1),
        Column("Asset", 0.6),
        Column("Price", 1.1, "right"),
        Column("In", 0.5),
        Column("As of (UTC)", 1.3),
        Column("Source, grade", 2.2),
    )
    return Table(columns, tuple(_price(*item) for item in priced), "small")


def _price(fund: str, price: FundPrice) -> tuple[Cell, ...]:
    as_of: Cell = (Given(price.as_of),)
    if price.stale:
        as_of = (*as_of, Newline(), Mark("warning", "More than a day away"))
    return (
        given(fund, "strong"),
        given(price.symbol),
        quantity(grouped_decimal(price.price)),
        given(price.quote),
        as_of,
        (Given(price.source), Newline(), Given(price.grade, "muted")),
    )


def _accounts(lines: tuple[FundLine, ...], proofs: ProofsOfControl) -> Table:
    columns = (
        Column("Fund and account", 2.5),
        Column("Asset", 0.6),
        Column("Claimed", 1.2, "right"),
        Column("Observed", 1.2, "right"),
        Column("Grade", 0.8),
        Column("Proof of control", 1.1),
    )
    return Table(columns, tuple(_account(line, proofs) for line in lines), "small")


def _account(line: FundLine, proofs: ProofsOfControl) -> tuple[Cell, ...]:
    shown = shown_decimals((line.claimed, line.observed), line.decimals)
    observed = amount_text(line.observed, line.decimals, shown)
    in_ledger = line.custody == "ledger"
    where: Inline = Code(line.account) if line.account else Said("an entry in the issuer's ledger", "muted")
    return (
        (Given(line.name, "strong"), Newline(), where),
        given(line.asset),
        quantity(amount_text(line.claimed, line.decimals, shown)),
        (Quantity(observed),) if observed is not None else (Said("not observed", "muted"),),
        given(line.grade),
        (Mark("none", "Claim only"),) if in_ledger else control_cell(proofs.of(line.account)),
    )
