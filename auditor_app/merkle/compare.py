"""Roots and totals as recalculated, beside the ones that were published and typed, and what differs as findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor_app.findings import Finding, finding
from auditor_app.ledger.columns import is_amount
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.result import ColumnTotal, CommitmentCheck, TotalCheck
from auditor_app.snapshot.statement import Commitment


def compare_roots(
    ledger: str,
    commitments: Sequence[Commitment],
    recomputed: Sequence[tuple[int | None, str | None]],
    rows: int,
    typed_root: str | None,
) -> tuple[CommitmentCheck, ...]:
    """Each claim beside the recalculated root and, where it belongs to it, the typed one.

    ``recomputed`` holds, for each commitment, its scheme's digest bits and the root, ``None`` where there is none.
    """
    published = [commitment.root for commitment in commitments]
    typed = _assign_typed(typed_root, published, [root for _, root in recomputed])
    return tuple(
        CommitmentCheck(
            ledger=ledger,
            scheme=commitment.scheme,
            parameters=commitment.parameters,
            digest_bits=4 * len(commitment.root) if bits is None else bits,
            published=commitment.root,
            recomputed=root,
            typed=typed[number],
            leaf_count=rows,
            claimed_leaf_count=int(commitment.leaf_count),
        )
        for number, (commitment, (bits, root)) in enumerate(zip(commitments, recomputed, strict=True))
    )


def _assign_typed(
    typed: str | None, published: Sequence[str], recomputed: Sequence[str | None]
) -> tuple[str | None, ...]:
    """Which commitments a typed root is compared with: those it equals, else those as long as it, else all."""
    nothing: tuple[str | None, ...] = (None,) * len(published)
    if typed is None:
        return nothing
    root = typed.strip().lower().removeprefix("0x")
    for belongs in (
        [item == root for item in recomputed],
        [len(item) == len(root) for item in published],
        [True for _ in published],
    ):
        if any(belongs):
            return tuple(root if fits else None for fits in belongs)
    return nothing


def root_findings(check: CommitmentCheck) -> list[Finding]:
    """What the compared roots and leaf counts give."""
    subject = f"ledger {check.ledger}, {check.scheme}"
    found = []
    if check.claimed_leaf_count != check.leaf_count:
        message = f"The commitment claims {check.claimed_leaf_count} leaves; the ledger has {check.leaf_count} rows."
        counts = (str(check.claimed_leaf_count), str(check.leaf_count))
        found.append(_compared("ROWS.COUNT", subject, message, *counts))
    if check.match is False:
        message = "The root recalculated from every leaf is not the one in the snapshot."
        found.append(_compared("ROOT.MISMATCH", subject, message, check.published, check.recomputed or ""))
    if check.typed_match is False:
        message = "The root recalculated from every leaf is not the one typed from the exchange's own publication."
        found.append(_compared("ROOT.TYPED_MISMATCH", subject, message, check.typed or "", check.recomputed or ""))
    return found


def _compared(code: str, subject: str, message: str, expected: str, observed: str) -> Finding:
    return finding(code, procedure="root", subject=subject, message=message, expected=expected, observed=observed)


def compare_totals(
    source: LedgerSource, column_totals: Sequence[ColumnTotal], totals: Mapping[str, str] | None
) -> tuple[TotalCheck, ...]:
    """Each recalculated total beside the published one; empty where nothing was published."""
    if totals is None:
        return ()
    held = {total.asset: total.total for total in column_totals}
    decimals = {column.name: column.decimals for column in source.columns if is_amount(column)}
    return tuple(
        TotalCheck(
            source.name,
            asset,
            decimals.get(asset) or 0,
            int(totals[asset]) if asset in totals else None,
            held.get(asset),
        )
        for asset in [*held, *(asset for asset in totals if asset not in held)]
    )


def total_findings(checks: Sequence[TotalCheck]) -> list[Finding]:
    """A finding for each total that differs or stands on one side only."""
    return [
        finding(
            "TOTALS.MISMATCH",
            procedure="totals",
            subject=f"ledger {check.ledger}, asset {check.asset}",
            message="The total recalculated from all rows is not the published one."
            if check.match is False
            else "The total stands on one side only: published without a column, or a column without a total.",
            expected="no total" if check.published is None else f"{check.published} base units",
            observed="no column" if check.recomputed is None else f"{check.recomputed_base_units()} base units",
        )
        for check in checks
        if check.match is not True
    ]
