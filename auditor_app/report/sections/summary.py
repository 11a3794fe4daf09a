"""Summary: three verdicts kept apart, the figures behind them, and the contents."""

from __future__ import annotations

from auditor_app.amounts import Amount
from auditor_app.coverage.lines import CoverageLine
from auditor_app.engagement.sampling_work import SampledWork, title_of
from auditor_app.findings import Area
from auditor_app.report.blocks import (
    Card,
    Cards,
    Cell,
    Column,
    Contents,
    Given,
    Heading,
    Locked,
    PageBlock,
    Paragraph,
    Said,
    Table,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import count_text, percent_text, plural
from auditor_app.report.standard_paragraphs import SUMMARY_NOTICE
from auditor_app.report.statuses import verdict_mark


def build(material: Material) -> tuple[PageBlock, ...]:
    """Verdict cards, key figures, contents."""
    return (
        Cards(_cards(material)),
        _figures(material),
        Paragraph((Locked(SUMMARY_NOTICE),), "small"),
        Heading(2, "Contents"),
        Contents(),
    )


def _cards(material: Material) -> tuple[Card, ...]:
    verdicts = material.audit.verdicts
    return (
        Card("Is the file authentic?", verdict_mark(verdicts.authentic), _detail(material, Area.AUTHENTIC)),
        Card("Does the data agree?", verdict_mark(verdicts.data), _detail(material, Area.DATA)),
        Card("Do the reserves cover it?", verdict_mark(verdicts.coverage), _detail(material, Area.COVERAGE)),
    )


def _detail(material: Material, area: Area) -> Cell:
    numbers = [item.number for item in material.exceptions if item.finding.area is area]
    if not numbers:
        return said("No exceptions noted in this area.")
    listed = ", ".join(numbers[:6]) + (", …" if len(numbers) > 6 else "")
    return said(f"{plural(len(numbers), 'exception')} noted: {listed}.")


def _figures(material: Material) -> Table:
    audit = material.audit
    performed = sum(item.performed for item in audit.procedures)
    rows: list[tuple[Cell, ...]] = [
        (said("Procedures performed"), said(f"{performed} of {len(audit.procedures)}")),
        (said("Ledger rows counted"), said(count_text(sum(rows for _, rows in audit.ledgers)))),
        (said("Exceptions"), said(count_text(len(material.exceptions)))),
        (said("Notes and warnings"), said(count_text(len(material.notes)))),
        (said("Assets compared"), said(_compared(audit.coverage))),
        (said("Lowest rate"), _lowest(audit.coverage)),
    ]
    journalled = {work.sample.commitment for work in material.samples}
    rows += [((Given(title_of(work.sample)),), said(_sampled(work))) for work in material.samples]
    if audit.sample is not None and audit.sample.commitment not in journalled:
        outcome = f"{plural(audit.sample.size, 'leaf', 'leaves')} drawn, {plural(audit.sample.deviations, 'deviation')}"
        rows.append((said("Sample"), said(outcome)))
    return Table((Column("Key figure", 1), Column("As found", 2.2)), tuple(rows), labels=True)


def _sampled(work: SampledWork) -> str:
    drawn = f"{plural(len(work.sample.items), 'item')} drawn"
    if work.execution is None:
        return f"{drawn}, {count_text(sum(not item.reached for item in work.sample.items))} not traced"
    return f"{drawn} and compared, {plural(work.execution.deviations, 'deviation')}"


def _compared(lines: tuple[CoverageLine, ...]) -> str:
    observed = sum(line.observed is not None for line in lines)
    return f"{count_text(observed)} of {count_text(len(lines))} with observed balances"


def _lowest(lines: tuple[CoverageLine, ...]) -> Cell:
    rated = [(Amount.parse(line.rate).fraction(), line) for line in lines if line.rate is not None]
    if not rated:
        return said("No rate: no balance was observed.")
    line = min(rated, key=lambda pair: pair[0])[1]
    return (Given(line.asset), Said(f"  {percent_text(line.rate)} of gross liabilities, rounded down"))
