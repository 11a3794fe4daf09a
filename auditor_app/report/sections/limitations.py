"""What the report does not cover: limits that lie in the kind of work, and those of this snapshot."""

from __future__ import annotations

from auditor_app.chain.names import chain_name
from auditor_app.report.blocks import (
    Bullets,
    Cell,
    Column,
    Given,
    Heading,
    PageBlock,
    Paragraph,
    Said,
    Table,
    given,
    said,
)
from auditor_app.report.material import Material

_ALWAYS = (
    (
        "Borrowed or pledged assets",
        "Whether assets were borrowed, pledged, encumbered or moved in for the instant of the snapshot.",
    ),
    (
        "Liabilities outside the tree",
        "What is owed beyond the ledgers: accounts left out before signing, loans, derivatives, taxes, other creditors.",
    ),
    (
        "Controls",
        "The exchange's internal controls, its records before the snapshot, and the way customers' identifiers were given.",
    ),
    ("After the date", "Anything that happened after the snapshot's instant."),
    (
        "Who owns the keys",
        "Which legal entity owns the keys and the assets, and whether several persons or entities control the same keys.",
    ),
    ("Value", "Market value, liquidity and price of any asset."),
)


def build(material: Material) -> tuple[PageBlock, ...]:
    """The standing list, then the limitations that the procedures recorded."""
    blocks: list[PageBlock] = [
        Paragraph(said("The procedures were not designed to show, and this report says nothing about:")),
        Table(
            (Column("Matter", 1), Column("Not shown", 4)),
            tuple((said(matter, "strong"), said(text)) for matter, text in _ALWAYS),
            "small",
        ),
        *_networks(material),
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


_UNSPENT = (
    "That coins were unspent at the named block: a transaction's place in the chain can be recalculated, a later spend that "
    "a server withheld cannot be seen. Only a node of the auditor's own, or two independent servers, speak to that."
)
_WITHOUT_PROOFS = (
    "Balances apart from the endpoints that gave them: these networks have no state proofs in the evidence, so nothing "
    "can be recalculated from a block hash, and an endpoint without history may have answered with less than there was."
)
_STATE = (
    "That the block is the one that the network agreed on, beyond what is said of its hash in the scope section: state "
    "proofs lead from that hash to each balance and no further."
)
_KINDS = (("eip155:", _STATE), ("bip122:", _UNSPENT), ("", _WITHOUT_PROOFS))


def _networks(material: Material) -> tuple[PageBlock, ...]:
    """What evidence of each kind of network cannot show, for the networks that hold reserves or funds."""
    audit = material.audit
    accounts = [line.address.account for line in audit.addresses] + [line.account for line in audit.funds]
    chains = dict.fromkeys(account.rpartition(":")[0] for account in accounts if ":" in account)
    kinds: dict[str, list[str]] = {}
    for chain in chains:
        text = next(text for start, text in _KINDS if chain.startswith(start))
        kinds.setdefault(text, []).append(chain_name(chain))
    if not kinds:
        return ()
    items = tuple((Given(", ".join(names), "strong"), Said(f"  {text}")) for text, names in kinds.items())
    return Heading(2, "What evidence of these networks does not show"), Bullets(items)
