"""Control appendix: share of value by proof, then every address with what its proof of control binds."""

from __future__ import annotations

from auditor_app.chain.ownership.lookup import NOT_DECIDED_WORDS, Control
from auditor_app.chain.ownership.model import Binds, Freshness, Outcome, OwnershipLine, OwnershipResult
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    Tone,
    code,
    given,
    mark,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import place_text

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
_UNDECIDED = Mark("warning", NOT_DECIDED_WORDS)


def build(material: Material) -> tuple[PageBlock, ...]:
    """The table, or the sentence that there is nothing to inspect."""
    ownership = material.audit.ownership
    if ownership is None:
        return (Paragraph(said("The snapshot holds no proofs of control; who controls the addresses is not shown.")),)
    rows = tuple(_row(number, line) for number, line in enumerate(ownership.lines, start=1))
    return (
        Paragraph(_introduction(ownership)),
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
        (_UNDECIDED if line.undecided else _RESULTS[line.outcome],),
        given(line.binds.value) if shown and line.binds is not Binds.NOTHING else said("—", "muted"),
        _freshness(line) if shown else said("—", "muted"),
        remark,
    )


def _freshness(line: OwnershipLine) -> Cell:
    word = line.freshness.value.capitalize()
    return mark("agrees", word) if line.freshness is Freshness.FRESH else mark("warning", word)


def control_cell(control: Control) -> Cell:
    """Result, what the proof binds, and its freshness; method and remark stand in the appendix on control."""
    if control.binds is None or control.freshness is None:
        return (_UNDECIDED if control.undecided else _RESULTS[control.outcome],)
    tone: Tone = "agrees" if control.freshness is Freshness.FRESH else "warning"
    return (Mark(tone, control.freshness.value.capitalize()), Given(f"  {control.binds.value}", "muted"))
