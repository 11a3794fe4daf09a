"""Control appendix: share of value by proof, then every address with what its proof of control binds."""

from __future__ import annotations

from auditor_app.chain.ownership.model import Binds, Freshness, Outcome, OwnershipLine, OwnershipResult, ValueShare
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Heading,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    code,
    given,
    mark,
    quantity,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import decimal_text, place_text

_SHARES = (
    Column("Asset", 0.7),
    Column("Claimed", 1.3, "right"),
    Column("Fresh proof", 1.3, "right"),
    Column("Stale proof", 1.3, "right"),
    Column("Bound to a key or owner", 1.3, "right"),
    Column("No proof", 1.3, "right"),
)
_ROWS = (
    Column("No., address", 2.6),
    Column("Asset", 0.6),
    Column("Method", 1),
    Column("Result", 0.9),
    Column("Binds", 0.7),
    Column("Message", 1),
    Column("Remark", 1.5),
)
_RESULTS = {
    Outcome.VALID: Mark("agrees", "Agrees"),
    Outcome.INVALID: Mark("exception", "Differs"),
    Outcome.UNSIGNED: Mark("none", "No proof"),
    Outcome.UNDECODABLE: Mark("exception", "Not decoded"),
}


def build(material: Material) -> tuple[PageBlock, ...]:
    """Both tables, or the sentence that there is nothing to inspect."""
    ownership = material.audit.ownership
    if ownership is None:
        return (Paragraph(said("The snapshot holds no proofs of control; who controls the addresses is not shown.")),)
    rows = tuple(_row(number, line) for number, line in enumerate(ownership.lines, start=1))
    return (
        Paragraph(_introduction(ownership)),
        Heading(2, "Share of claimed value by proof"),
        Table(_SHARES, tuple(_share(share) for share in ownership.shares), "small"),
        Heading(2, "Proofs"),
        Table(_ROWS, rows, "tiny"),
    )


def _introduction(ownership: OwnershipResult) -> Cell:
    if ownership.challenge is None:
        return said(
            "No challenge of the auditor was typed: a message counts as fresh if it holds a date within seven days "
            "of the snapshot."
        )
    return (
        Said("A message counts as fresh if it holds the auditor's challenge: "),
        Given(ownership.challenge, "strong"),
        Said("."),
    )


def _share(share: ValueShare) -> tuple[Cell, ...]:
    parts = (share.total, share.fresh, share.stale, share.indirect, share.none)
    return (given(share.asset, "strong"), *(quantity(decimal_text(part)) for part in parts))


def _row(number: int, line: OwnershipLine) -> tuple[Cell, ...]:
    shown = line.outcome is Outcome.VALID
    remark: Cell = (Given(line.note),) if line.note else ()
    if line.seen_before:
        remark = (
            *remark,
            *((Newline(),) if remark else ()),
            Said("Signature stood before at "),
            Given(line.seen_before),
        )
    return (
        code(f"{place_text(number)}  {line.row.address or line.row.account}"),
        given(line.row.asset, "strong"),
        given(line.scheme or line.method),
        (_RESULTS[line.outcome],),
        given(line.binds.value) if shown and line.binds is not Binds.NOTHING else said("—", "muted"),
        _freshness(line) if shown else said("—", "muted"),
        remark,
    )


def _freshness(line: OwnershipLine) -> Cell:
    word = line.freshness.value.capitalize()
    return mark("agrees", word) if line.freshness is Freshness.FRESH else mark("warning", word)
