"""Sample appendix: plan, commitment, randomness, and every drawn leaf, so that anybody can draw it again."""

from __future__ import annotations

from auditor_app.engagement.sampling_work import limits_agreed
from auditor_app.report.blocks import (
    Cell,
    Column,
    Heading,
    Inline,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    code,
    digits,
    given,
    quantity,
    said,
)
from auditor_app.report.legible import fours
from auditor_app.report.material import Material
from auditor_app.report.quantities import count_text, plural
from auditor_app.report.sample_blocks import strata_blocks, tickmark_legend, work_blocks
from auditor_app.sampling.result import SampleItem, SampleResult

_TICKET_DIGITS = 16
_COLUMNS = (
    Column("No.", 0.24, "right"),
    Column("Leaf index", 0.48, "right"),
    Column("Ticket (first digits)", 0.9),
    Column("Key as read", 2.72),
    Column("Traced to root", 0.62),
)


def build(material: Material) -> tuple[PageBlock, ...]:
    """The run's sample and those of the engagement's journal; or that no sample was drawn."""
    sample = material.audit.sample
    journalled = {work.sample.commitment for work in material.samples}
    blocks: list[PageBlock] = []
    if sample is not None and sample.commitment not in journalled:
        blocks += _of_run(sample)
    limits = limits_agreed(material.papers)
    for work in material.samples:
        blocks += work_blocks(work, material.typed, limits=limits)
    if material.samples:
        blocks += tickmark_legend(material.samples)
    return tuple(blocks) or (Paragraph(said("No sample was drawn in this run.")),)


def _of_run(sample: SampleResult) -> list[PageBlock]:
    rows = tuple(_row(place, item) for place, item in enumerate(sample.items, start=1))
    return [
        Table((Column("Plan", 1), Column("As committed", 3)), _plan(sample), labels=True),
        *strata_blocks(sample.strata),
        Heading(2, "Selection"),
        Table((Column("Step", 1), Column("As recorded", 3)), _selection(sample), labels=True),
        Heading(2, "Items"),
        Paragraph(said("Leaf index counts from 0. Tickets stand in full in the attachment sample.csv.")),
        Table(_COLUMNS, rows, "tiny"),
    ]


def _plan(sample: SampleResult) -> tuple[tuple[Cell, ...], ...]:
    return (
        (said("Ledger and scheme"), given(f"{sample.ledger}, {sample.scheme}")),
        (said("Published root"), digits(sample.root)),
        (said("Population"), said(plural(sample.population, "leaf", "leaves"))),
        (said("Confidence"), given(sample.confidence)),
        (said("Tolerable rate"), given(sample.tolerable)),
        (said("Expected rate"), given(sample.expected)),
        (
            said("Size"),
            said(f"{count_text(sample.size)} drawn, {count_text(sample.allowed_deviations)} allowed deviations"),
        ),
        (said("Deviations found"), said(count_text(sample.deviations))),
    )


def _selection(sample: SampleResult) -> tuple[tuple[Cell, ...], ...]:
    dummy: Inline = (
        Mark("agrees", "Rejected, as it must be") if sample.dummy_rejected else Mark("exception", "Accepted: defect")
    )
    return (
        (said("Committed at"), given(sample.committed_at)),
        (said("Commitment SHA-256"), digits(sample.commitment)),
        (said("Source named beforehand"), given(sample.source)),
        (said("Randomness"), code(sample.randomness)),
        (said("Seed"), code(sample.seed)),
        (said("Selection method"), said("Rivest's sampler over the seed")),
        (said("Dummy leaf"), (dummy, Newline(), Said("A made-up leaf that must not lead to the root.", "muted"))),
    )


def _row(number: int, item: SampleItem) -> tuple[Cell, ...]:
    mark = Mark("agrees", "Traced") if item.included else Mark("exception", "Deviation")
    ticket = fours(item.ticket[:_TICKET_DIGITS])
    return quantity(count_text(number)), quantity(count_text(item.index)), code(ticket), code(item.key), (mark,)
