"""What the report does not cover: limits that lie in the kind of work, and those of this snapshot."""

from __future__ import annotations

from auditor_app.report.blocks import (
    Bullets,
    Cell,
    Column,
    Given,
    Heading,
    PageBlock,
    Paragraph,
    Table,
    given,
    said,
)
from auditor_app.report.material import Material

_ALWAYS = (
    "Assets that were borrowed, pledged, encumbered or moved in for the instant of the snapshot.",
    "Liabilities outside the ledgers: accounts left out before signing, loans, derivatives, taxes, other creditors.",
    "The exchange's internal controls, its records before the snapshot, and the way customers' identifiers were given.",
    "Anything that happened after the snapshot's instant.",
    "Which legal entity owns the keys, and whether several persons or entities control the same keys.",
    "Market value, liquidity and price of any asset.",
)


def build(material: Material) -> tuple[PageBlock, ...]:
    """The standing list, then the limitations that the procedures recorded."""
    blocks: list[PageBlock] = [
        Paragraph(said("The procedures were not designed to show, and this report says nothing about:")),
        Bullets(tuple(said(text) for text in _ALWAYS)),
        Heading(2, "Limitations of the procedures performed"),
    ]
    limitations = material.audit.limitations
    if not limitations:
        return (*blocks, Paragraph(said("No further limitation was recorded.")))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (given(item.subject, "strong"), (Given(item.message),), given(item.code, "muted")) for item in limitations
    )
    blocks.append(Table((Column("Subject", 1), Column("Limitation", 3), Column("Code", 1.2)), rows, "small"))
    return tuple(blocks)
