"""Control appendix: share of value by proof, then every address with what its proof of control binds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

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
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.quantities import place_text

_ROWS = (
    Column("No., address", 2.6),
    Column("Asset, method", 1.35),
    Column("Result, message, what it binds", 1.95),
    Column("Remark", 2),
)
_REPEATED = 4
"""A remark that stands in so many rows is printed once, above them."""
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
    remarks = _repeated(ownership)
    rows = tuple(_row(number, line, remarks) for number, line in enumerate(ownership.lines, start=1))
    blocks: list[PageBlock] = [Paragraph(_introduction(ownership))]
    if remarks:
        columns = (Column("Remark", 0.4), Column("In words", 4))
        listed = tuple((said(tag, "strong"), given(note)) for note, tag in remarks.items())
        blocks.append(Table(columns, listed, "small"))
    return (*blocks, Table(_ROWS, rows, "tiny"))


def _repeated(ownership: OwnershipResult) -> dict[str, str]:
    """Remarks of many rows and the sign that stands for each, in the order in which they first occur."""
    counts = Counter(line.note for line in ownership.lines if line.note)
    often = (note for note, count in counts.items() if count >= _REPEATED)
    return {note: f"R{number}" for number, note in enumerate(often, start=1)}


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


def _row(number: int, line: OwnershipLine, remarks: Mapping[str, str]) -> tuple[Cell, ...]:
    remark: Cell = ()
    if line.note:
        remark = (Said(remarks[line.note], "strong"),) if line.note in remarks else (Given(line.note),)
    if line.seen_before:
        remark = (
            *remark,
            *((Newline(),) if remark else ()),
            Said("Signature stood before at "),
            Given(line.seen_before),
        )
    return (
        code(f"{place_text(number)}  {line.row.address or line.row.account}"),
        (Given(line.row.asset, "strong"), Given(f"  {line.scheme or line.method}", "muted")),
        _result(line),
        remark,
    )


def _result(line: OwnershipLine) -> Cell:
    """Whether the proof agrees, and of one that does how fresh its message is and what it binds."""
    if line.undecided:
        return (_UNDECIDED,)
    if line.outcome is not Outcome.VALID:
        return (_RESULTS[line.outcome],)
    tone: Tone = "agrees" if line.freshness is Freshness.FRESH else "warning"
    binds = () if line.binds is Binds.NOTHING else (Given(f"  {line.binds.value}", "muted"),)
    return (_RESULTS[line.outcome], Said("  "), Mark(tone, line.freshness.value.capitalize()), *binds)


def control_cell(control: Control) -> Cell:
    """Result, what the proof binds, and its freshness; method and remark stand in the appendix on control."""
    if control.binds is None or control.freshness is None:
        return (_UNDECIDED if control.undecided else _RESULTS[control.outcome],)
    tone: Tone = "agrees" if control.freshness is Freshness.FRESH else "warning"
    return (Mark(tone, control.freshness.value.capitalize()), Given(f"  {control.binds.value}", "muted"))
