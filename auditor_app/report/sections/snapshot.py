"""Snapshot identity and commitments: who signed which bytes, and claimed against recomputed roots and totals."""

from __future__ import annotations

from auditor_app.merkle.result import CommitmentCheck, TotalCheck
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Heading,
    Inline,
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
from auditor_app.report.quantities import amount_text, count_text, decimal_text, shown_decimals
from auditor_app.report.statuses import agreement_mark

_LABEL, _VALUE = Column("Item", 1), Column("As found", 3)


def build(material: Material) -> tuple[PageBlock, ...]:
    """Identity, signers, one table per commitment, totals."""
    blocks: list[PageBlock] = [
        Table((_LABEL, _VALUE), _identity(material), labels=True),
        Heading(2, "Signers"),
        *_signers(material),
        Heading(2, "Commitments"),
    ]
    for commitment in material.audit.commitments:
        blocks += _commitment(commitment)
    if not material.audit.commitments:
        blocks.append(Paragraph(said("The snapshot holds no commitment to recalculate.")))
    blocks += [Heading(2, "Liability totals"), *_totals(material.audit.totals)]
    return tuple(blocks)


def _identity(material: Material) -> tuple[tuple[Cell, ...], ...]:
    audit, identity = material.audit, material.audit.identity
    rows: list[tuple[Cell, ...]] = [(said("File"), given(identity.file_name))]
    file_digest = next((item.sha256 for item in audit.inputs if item.role == "snapshot"), None)
    if file_digest is not None:
        rows.append((said("File SHA-256"), digits(file_digest)))
    rows += [
        (said("Payload SHA-256"), digits(identity.payload_sha256)),
        (said("Snapshot id"), given(identity.snapshot_id)),
        (said("Sequence"), said(count_text(identity.sequence))),
        (said("Keys judged at"), _trusted_time(material)),
    ]
    if audit.evidence is not None:
        evidence = audit.evidence
        pinned = (
            "captured under a pinned auditor key" if evidence.pinned else "by no pinned auditor key: counts as claimed"
        )
        rows += [
            (said("Evidence file"), (Given(evidence.file_name), Said(f", {pinned}"))),
            (said("Evidence payload SHA-256"), digits(evidence.payload_sha256)),
            (said("Evidence captured"), given(", ".join((evidence.captured_at, *evidence.captured_by)))),
            (said("Endpoints"), given(", ".join(evidence.endpoints))),
        ]
    else:
        rows.append((said("Evidence file"), said("none; reserves are only claimed")))
    return tuple(rows)


def _trusted_time(material: Material) -> Cell:
    """A time read from the clock is not printed: the same inputs must give the same page."""
    trusted = material.audit.identity.trusted_time
    if trusted.source == "now":
        return said("the time of the run")
    return (Given(trusted.instant), Said(f", {material.audit.keys_judged}"))


def _signers(material: Material) -> tuple[PageBlock, ...]:
    identity = material.audit.identity
    distinct = len({key.spki_sha256 for key in identity.signers})
    asked = f"{distinct} distinct keys of {len({key.signer for key in identity.signers})} signers signed; {identity.threshold} asked for."
    columns = (
        Column("Signer", 0.85),
        Column("Algorithm", 0.48),
        Column("Key fingerprint (SHA-256 of SPKI) and provenance", 3.8),
    )
    rows = []
    for key in identity.signers:
        lines: list[Inline] = list(digits(key.spki_sha256))
        for step in key.provenance:
            lines += [Newline(), Given(step, "muted")]
        rows.append((given(key.signer, "strong"), given(key.algorithm), tuple(lines)))
    return Paragraph(said(asked)), Table(columns, tuple(rows))


def _commitment(item: CommitmentCheck) -> tuple[PageBlock, ...]:
    parameters = ", ".join(f"{name} = {value}" for name, value in sorted(item.parameters.items()))
    leaves: Cell = (
        Said(f"{count_text(item.leaf_count)} counted, {count_text(item.claimed_leaf_count)} claimed"),
        Newline(),
        agreement_mark(item.leaf_count == item.claimed_leaf_count),
    )
    rows: tuple[tuple[Cell, ...], ...] = (
        (said("Ledger"), given(item.ledger, "strong")),
        (said("Scheme"), (Given(item.scheme), Said(f", digest of {item.digest_bits} bits"))),
        (said("Parameters"), given(parameters)),
        (said("Leaves"), leaves),
        (said("Recalculated root"), digits(item.recomputed)),
        (said("Root in the snapshot"), _root(item.published, agreement_mark(item.match))),
        (said("Root typed from the exchange's publication"), _root(item.typed, agreement_mark(item.typed_match))),
    )
    return (Table((Column("Commitment", 1), _VALUE), rows, labels=True),)


def _root(root: str | None, mark: Inline) -> Cell:
    return said("none typed", "muted") if root is None else (*digits(root), Newline(), mark)


def _totals(totals: tuple[TotalCheck, ...]) -> tuple[PageBlock, ...]:
    if not totals:
        return (Paragraph(said("No totals were recalculated.")),)
    columns = (
        Column("Ledger", 0.8),
        Column("Asset", 0.6),
        Column("Published", 1.5, "right"),
        Column("Recalculated", 1.5, "right"),
        Column("Compared", 0.8),
    )
    return (Table(columns, tuple(_total(item) for item in totals), "small"),)


def _total(item: TotalCheck) -> tuple[Cell, ...]:
    units = None if item.recomputed is None else item.recomputed.base_units(item.decimals)
    if units is None:
        published, recomputed = amount_text(item.published, item.decimals, item.decimals), decimal_text(item.recomputed)
    else:
        shown = shown_decimals((item.published, units), item.decimals)
        published, recomputed = (amount_text(value, item.decimals, shown) for value in (item.published, units))
    mark = agreement_mark(item.match)
    return code(item.ledger), given(item.asset, "strong"), quantity(published), quantity(recomputed), (mark,)
