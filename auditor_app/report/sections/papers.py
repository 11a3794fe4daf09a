"""Working papers: the index A to G, tickmarks with their one meaning, the journal's head, amendments."""

from __future__ import annotations

from auditor_app.engagement.papers import Papers
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Heading,
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
from auditor_app.report.material import Material
from auditor_app.report.quantities import count_text, plural

INDEX = (
    ("A", "Engagement"),
    ("B", "Snapshot"),
    ("C", "Liabilities"),
    ("D", "Wallets"),
    ("E", "Sampling"),
    ("F", "Exceptions"),
    ("G", "Report"),
)
"""The working-paper index: every page, table and export carries one of these letters."""


def build(material: Material) -> tuple[PageBlock, ...]:
    """Index, and what the engagement keeps beside it."""
    blocks: list[PageBlock] = [
        Table((Column("Ref", 0.3), Column("Working papers", 1), Column("Procedures", 3)), _index(), labels=True)
    ]
    papers = material.papers
    if papers is None:
        return (*blocks, Paragraph(said("No engagement is recorded: there is no journal and there are no tickmarks.")))
    blocks += [Heading(2, "Journal"), Table((Column("Item", 1), Column("Value", 3)), _journal(papers), labels=True)]
    blocks += [Heading(2, "Tickmarks"), *_tickmarks(papers)]
    if papers.amendments:
        blocks += [Heading(2, "Amendments after the lock"), _amendments(material, papers)]
    return tuple(blocks)


def _index() -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    for letter, title in INDEX:
        own = [f"{item.reference} {item.title}" for item in PROCEDURES.values() if item.reference.startswith(letter)]
        rows.append((said(letter, "strong"), said(title), said("; ".join(own) or "—")))
    return tuple(rows)


def _journal(papers: Papers) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = [
        (said("Engagement (first entry)"), digits(papers.identity)),
        (
            said("Head before this report"),
            (*digits(papers.head.sha256), Newline(), Said(f"entry {count_text(papers.head.length)}", "muted")),
        ),
        (said("Opened (UTC)"), given(papers.opened)),
    ]
    if papers.locked is not None:
        rows.append((said("Locked (UTC)"), given(f"{papers.locked.stamp.at}, {papers.locked.stamp.person}")))
    return tuple(rows)


def _tickmarks(papers: Papers) -> tuple[PageBlock, ...]:
    if not papers.tickmarks:
        return (Paragraph(said("No tickmark is defined.")),)
    counts = {mark: sum(tick.mark == mark for tick in papers.ticks) for mark, _ in papers.tickmarks}
    rows = tuple(
        (given(mark, "strong"), given(meaning), said(plural(counts[mark], "item")))
        for mark, meaning in papers.tickmarks
    )
    blocks: list[PageBlock] = [Table((Column("Mark", 0.3), Column("Meaning", 3), Column("Set beside", 0.7)), rows)]
    if papers.ticks:
        set_beside = tuple(
            (given(tick.mark, "strong"), code(tick.paper), given(tick.item), given(tick.stamp.person))
            for tick in papers.ticks
        )
        columns = (Column("Mark", 0.3), Column("Paper", 0.3), Column("Item", 2.4), Column("Set by", 1))
        blocks.append(Table(columns, set_beside, "small"))
    return tuple(blocks)


def _amendments(material: Material, papers: Papers) -> Table:
    rows = tuple(
        (
            quantity(count_text(item.stamp.entry)),
            (Given(item.stamp.at), Newline(), Given(item.stamp.person, "muted")),
            material.typed(item.amendment.what),
            material.typed(item.amendment.why),
        )
        for item in papers.amendments
    )
    columns = (Column("Entry", 0.3, "right"), Column("When (UTC), who", 1), Column("What", 1.6), Column("Why", 1.6))
    return Table(columns, rows, "small")
