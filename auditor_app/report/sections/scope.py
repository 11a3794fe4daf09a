"""Scope: entity, instant, ledgers, assets, networks with their blocks, and how the ratio is defined."""

from __future__ import annotations

from auditor_app.chain.names import chain_name
from auditor_app.report.blocks import (
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

_DEFINITIONS = (
    (
        "Rate (the ratio)",
        (
            "Observed reserves ÷ gross liabilities of the same asset over all ledgers, in percent, rounded down to four "
            "decimals. Exact amounts stand beside every rate."
        ),
    ),
    (
        "Gross liabilities",
        "The sum of what is owed to customers: every balance above zero, of every row of every ledger in the snapshot.",
    ),
    (
        "Negative balances",
        (
            "What customers owe is counted apart as customers' debts and never lowers gross liabilities. A minus in a column "
            "that is not signed is an exception as well."
        ),
    ),
    (
        "Gross and net",
        (
            "Net liabilities are gross liabilities less customers' debts. Where there are debts, net liabilities and the net "
            "rate (observed reserves ÷ net liabilities) stand beside the gross ones; every comparison is made with the gross ones."
        ),
    ),
    (
        "Observed reserves",
        (
            "Balances of the listed addresses at the named block, from the evidence file; coins that stand in two rows count "
            "once. A claimed balance that was not observed counts as nothing observed."
        ),
    ),
    (
        "Loans",
        (
            "A loan to a customer is no reserve: its repayment is a claim on the borrower. A loan that a ledger holds as a "
            "negative balance is a customer's debt as above. Whether reserves were themselves borrowed is not shown."
        ),
    ),
    (
        "Staked and locked assets",
        (
            "They count with what was observed of the asset itself at a listed address, and with nothing where a validator, a "
            "contract or a pool holds them and the evidence has no balance of the listed address."
        ),
    ),
    (
        "Wrapped and pegged assets",
        (
            "Assets of their own, compared with liabilities in that very form; no asset is converted into another. A wrapped "
            "form and the coins behind it, both counted, are an exception."
        ),
    ),
    (
        "Custodians",
        (
            "Assets with a custodian count only at addresses that the snapshot lists, with the balance observed there; a "
            "custodian's statement without an address counts as nothing observed. Who holds the keys is the matter of appendix B."
        ),
    ),
)
_FUNDS = "Never part of the reserves or of the rate; they have a table of their own."


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
            Column("Network (CAIP-2)", 1.3),
            Column("Height", 0.75, "right"),
            Column("Block hash, and whose word it is", 3.75),
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
        blocks.append(Table(columns, rows, "small"))
    else:
        blocks.append(Paragraph(said("The snapshot names no network.")))
    blocks += [
        Heading(2, "Definitions"),
        Table(
            (Column("Term", 1), Column("As used in this report", 4)),
            tuple(
                (said(term, "strong"), said(text))
                for term, text in (*_DEFINITIONS, ("Protection funds", _funds(material)))
            ),
            "small",
        ),
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
            "Never part of the reserves or of the rate. As the terms of the engagement ask, the "
            "section on protection funds shows, apart, the rate without and with them."
        )
    return _FUNDS


def _height(height: str) -> str:
    return count_text(int(height)) if height.isascii() and height.isdigit() else height
