"""What the reserves rest on: the share of value at each grade of evidence, and behind each kind of proof of control."""

from __future__ import annotations

from collections.abc import Sequence

from auditor_app.amounts import Amount
from auditor_app.coverage.shares import ValueParts, value_by_control, value_by_grade
from auditor_app.engagement.record import Audit
from auditor_app.report.blocks import (
    Cell,
    Chart,
    Column,
    Given,
    Heading,
    Newline,
    PageBlock,
    Paragraph,
    Quantity,
    Table,
    given,
    quantity,
    said,
)
from auditor_app.report.charts import ShareChart, control_charts, grade_charts
from auditor_app.report.quantities import decimal_text, percent_text
from auditor_app.report.share_figures import CONTROL_SCALE, GRADE_SCALE, ShareScale

_GRADES = (
    "Proven: recalculated by state proof under a block hash that needs nobody's word. Own node, two sources, one source: "
    "read by a pinned auditor from a node of its own, from two different hosts that agreed, from one host. Claimed only: "
    "the issuer's word. The value of a row is its observed balance, and its claim where none was observed."
)
_CONTROL = (
    "Fresh: bound to the address itself, over a message that holds the auditor's challenge or a date near the snapshot. "
    "Stale: bound to the address, over a message that could have been signed at another time. Values are the claimed ones."
)

_NO_PROOFS = "The snapshot holds no proofs of control: of no asset any part of the claimed reserves is under a proof."


def share_blocks(audit: Audit) -> tuple[PageBlock, ...]:
    """Both figures, each with its table of exact amounts; nothing where no reserve row is named."""
    if not audit.addresses:
        return ()
    by_grade = _shares("Grade of evidence", _GRADES, grade_charts(audit), value_by_grade(audit.addresses), GRADE_SCALE)
    if audit.ownership is None:
        return (*by_grade, Heading(2, "Proof of control"), Paragraph(said(_NO_PROOFS)))
    by_control = value_by_control(audit.ownership, audit.addresses)
    return (*by_grade, *_shares("Proof of control", _CONTROL, control_charts(audit), by_control, CONTROL_SCALE))


def _shares(
    title: str, words: str, charts: Sequence[ShareChart], lines: Sequence[ValueParts], scale: ShareScale
) -> tuple[PageBlock, ...]:
    if not lines:
        return ()
    columns = (
        Column("Asset", 0.8),
        Column("Value", 1.3, "right"),
        *(Column(kind.word.capitalize(), 1.3, "right") for kind in scale.kinds),
    )
    return (
        Heading(2, title),
        Paragraph(said(words), "small"),
        *(Chart(chart.file, chart.alternative, chart.caption) for chart in charts),
        Table(columns, tuple(_row(line) for line in lines), "small"),
    )


def _row(line: ValueParts) -> tuple[Cell, ...]:
    parts = (_part(amount, line.percent(at)) for at, amount in enumerate(line.amounts))
    return (given(line.asset, "strong"), quantity(decimal_text(line.total)), *parts)


def _part(amount: Amount, percent: str | None) -> Cell:
    if not amount.units:
        return quantity("0")
    return (Quantity(decimal_text(amount) or ""), Newline(), Given(percent_text(percent) or "", "muted"))
