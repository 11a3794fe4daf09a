"""Scope: entity, instant, ledgers, assets, networks with their blocks, and how the ratio is defined."""

from __future__ import annotations

from auditor_app.chain.names import chain_name
from auditor_app.report.blocks import (
    Bullets,
    Cell,
    Code,
    Column,
    Given,
    Heading,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    digits,
    given,
    quantity,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import count_text
from auditor_app.report.sections.blocks_named import origin_of

_RATE = (
    "Rate: observed reserves divided by gross liabilities of the same asset over all ledgers, in percent, rounded "
    "down to four decimals. Exact amounts stand beside every rate."
)
_GROSS = (
    "Gross liabilities: the sum of what is owed to customers. Debts of customers (negative balances) are not netted; "
    "where there are debts, net liabilities and the net rate are shown beside the gross ones."
)
_OBSERVED = (
    "Observed reserves: balances at the named block, from the evidence file. A claimed balance that was not observed "
    "counts as nothing observed."
)
_SAME_ASSET = (
    "Each asset is compared with itself. Wrapped and pegged forms are assets of their own; no asset is converted "
    "into another."
)
_LOANS = (
    "Loans to customers, staked and otherwise locked assets, and assets held by custodians enter as the snapshot states "
    "them: a claimed reserve counts only with a balance observed at its own address; a claim on a borrower, a validator "
    "or a custodian without an address does not."
)
_FUNDS = "Protection funds are never part of the reserves or of the rate; they have a table of their own."


def build(material: Material) -> tuple[PageBlock, ...]:
    """Subject matter, networks, definitions."""
    identity = material.audit.identity
    blocks: list[PageBlock] = [
        Table((Column("Subject", 1), Column("As stated in the snapshot", 3)), _subject(material), labels=True),
        *_agreed(material),
        Heading(2, "Ledgers"),
        Table(
            (Column("Ledger", 2), Column("Rows counted", 1, "right")),
            tuple((given(name), quantity(count_text(rows))) for name, rows in material.audit.ledgers),
        ),
        Heading(2, "Networks and blocks"),
    ]
    if identity.chains:
        columns = (
            Column("Network (CAIP-2)", 1.2),
            Column("Height", 0.6, "right"),
            Column("Block hash, and whose word it is", 3.2),
        )
        rows = tuple(
            (
                (Given(chain_name(chain), "strong"), Newline(), Code(chain)),
                quantity(_height(height)),
                (
                    Code(block) if block else Said("not stated in the snapshot", "muted"),
                    Newline(),
                    Said(origin_of(material, chain), "muted"),
                ),
            )
            for chain, height, block in identity.chains
        )
        blocks.append(Table(columns, rows))
    else:
        blocks.append(Paragraph(said("The snapshot names no network.")))
    blocks += [
        Heading(2, "Definitions"),
        Bullets(tuple(said(text) for text in (_RATE, _GROSS, _OBSERVED, _SAME_ASSET, _LOANS, _funds(material)))),
    ]
    return tuple(blocks)


def _subject(material: Material) -> tuple[tuple[Cell, ...], ...]:
    identity = material.audit.identity
    assets = ", ".join(line.asset for line in material.audit.coverage)
    return (
        (said("Entity"), given(identity.issuer, "strong")),
        (said("Subject matter"), said("Liabilities to customers and reserves held against them, by asset")),
        (said("Instant (UTC)"), given(identity.as_of)),
        (said("Snapshot made (UTC)"), given(identity.created_at)),
        (said("Assets"), given(assets)),
        (said("Snapshot"), given(identity.snapshot_id)),
        (said("Payload SHA-256"), digits(identity.payload_sha256)),
    )


def _agreed(material: Material) -> tuple[PageBlock, ...]:
    """The scope in the words of the engagement's terms."""
    if material.papers is None or not material.papers.terms.scope:
        return ()
    return Heading(2, "Scope as agreed"), Paragraph(material.typed(material.papers.terms.scope))


def _funds(material: Material) -> str:
    if material.papers is not None and material.papers.terms.funds_with_reserves:
        return (
            "Protection funds are never part of the reserves or of the rate. As the terms of the engagement ask, the "
            "section on protection funds shows, apart, the rate without and with them."
        )
    return _FUNDS


def _height(height: str) -> str:
    return count_text(int(height)) if height.isascii() and height.isdigit() else height
