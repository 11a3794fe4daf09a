"""Address appendix: every reserve address by network, claimed beside observed, with the evidence's grade."""

from __future__ import annotations

from auditor_app.chain.names import chain_name
from auditor_app.chain.observed import AddressLine, Grade
from auditor_app.chain.ownership.lookup import ProofsOfControl
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
    Said,
    Table,
    code,
    given,
    quantity,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import amount_text, count_text, place_text, shown_decimals
from auditor_app.report.sections.blocks_named import origin_of
from auditor_app.report.sections.control import control_cell

_COLUMNS = (
    Column("No., address", 2.6),
    Column("Asset, role", 0.85),
    Column("Claimed", 1.35, "right"),
    Column("Observed", 1.35, "right"),
    Column("Compared, grade, sources", 1.7),
    Column("Proof of control", 1.4),
)


def build(material: Material) -> tuple[PageBlock, ...]:
    """One table per network, under its block."""
    lines = material.audit.addresses
    if not lines:
        return (Paragraph(said("The snapshot names no reserve address.")),)
    blocks: list[PageBlock] = [
        Paragraph(said("Balances are those at the block named above each table. Amounts are exact."))
    ]
    sources = {name: f"S{place}" for place, name in enumerate(_sources(lines), start=1)}
    if sources:
        columns = (Column("Source", 0.3), Column("Endpoints that answered", 4))
        listed = tuple((said(tag, "strong"), given(name)) for name, tag in sources.items())
        blocks.append(Table(columns, listed, "small"))
    blocks.append(Table((Column("Grade", 0.5), Column("What it rests on", 4)), _grades(lines), "small"))
    decimals = _decimals(lines)
    number = 0
    held = material.audit.ownership
    proofs = None if held is None else ProofsOfControl(held)  # without any, the same words in every row tell nothing
    shown = _COLUMNS if proofs is not None else _COLUMNS[:-1]
    if proofs is None:
        blocks.append(Paragraph(said("The snapshot holds no proofs of control: none stands beside any address.")))
    for chain in dict.fromkeys(line.address.chain for line in lines):
        here = [line for line in lines if line.address.chain == chain]
        rows = tuple(_row(number + place, line, decimals, sources, proofs) for place, line in enumerate(here, start=1))
        number += len(here)
        blocks += [Heading(2, "Network"), Paragraph(network(material, chain)), Table(shown, rows, "tiny")]
    return tuple(blocks)


_GRADES = {
    Grade.PROVEN: "recalculated from a state proof under the hash of the block named above the table",
    Grade.OWN_NODE: "read by a pinned auditor from a node of the auditor's own",
    Grade.TWO_SOURCES: "two sources: endpoints on two different hosts gave the same balance at the block, to a pinned auditor",
    Grade.ONE_SOURCE: "one host's word",
    Grade.CLAIMED: "the issuer's word only: counted as nothing observed",
}


def _grades(lines: tuple[AddressLine, ...]) -> tuple[tuple[Cell, ...], ...]:
    """The grades that occur, best first: on how many sources each balance rests."""
    found = {line.grade for line in lines}
    return tuple((given(grade.value, "strong"), said(text)) for grade, text in _GRADES.items() if grade in found)


def _sources(lines: tuple[AddressLine, ...]) -> list[str]:
    """Distinct sources in the order they first occur; printed once, since every row repeats them."""
    return list(dict.fromkeys(line.source for line in lines if line.source))


def _decimals(lines: tuple[AddressLine, ...]) -> dict[str, int]:
    """Decimals to print per asset, the same down the whole appendix."""
    values: dict[str, list[int | None]] = {}
    scales: dict[str, int] = {}
    for line in lines:
        values.setdefault(line.address.asset, []).extend((line.address.claimed, line.observed))
        scales[line.address.asset] = line.decimals
    return {asset: shown_decimals(values[asset], scales[asset]) for asset in scales}


def network(material: Material, chain: str) -> Cell:
    """The chain by name and id, its block, and where the block's hash came from."""
    known = {name: (height, block) for name, height, block in material.audit.identity.chains}
    content: list[Inline] = [Given(chain_name(chain), "strong"), Said("  "), Code(chain), Newline()]
    if chain not in known:
        return (*content, Said("no block named in the snapshot", "muted"))
    height, block = known[chain]
    content += [Said("block "), Given(count_text(int(height)) if height.isdigit() else height, "strong"), Said("  ")]
    content += [Code(block) if block else Said("no block hash named", "muted"), Newline()]
    return (*content, Said(origin_of(material, chain), "muted"))


def _row(
    number: int, line: AddressLine, decimals: dict[str, int], sources: dict[str, str], proofs: ProofsOfControl | None
) -> tuple[Cell, ...]:
    address = line.address
    shown = decimals[address.asset]
    observed = amount_text(line.observed, line.decimals, shown)
    if not line.counted:
        compared = Mark("warning", "Counted before")
    elif line.observed is None:
        compared = Mark("none", "Not observed")
    else:
        agrees = line.observed == address.claimed
        compared = Mark("agrees", "Agrees") if agrees else Mark("exception", "Differs")
    source = f", {sources[line.source]}" if line.source else ""
    cells = (
        code(f"{place_text(number)}  {address.account.rpartition(':')[2]}"),
        (Given(address.asset, "strong"), Given(f" {address.role}", "muted")),
        quantity(amount_text(address.claimed, line.decimals, shown)),
        quantity(observed),
        (compared, Given(f"  {line.grade.value}{source}", "muted")),
    )
    return cells if proofs is None else (*cells, control_cell(proofs.of(address.account, address.asset)))
