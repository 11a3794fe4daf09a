"""What the auditor holds beside the snapshot and its evidence, set against it.

Other snapshots of the series, balances around the instant, assets known to be the exchange's own: none is needed for a
run, each that is supplied is one comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor_app.chain.observed import ReserveResult
from auditor_app.chain.window import read_window, window_findings
from auditor_app.coverage.coverage import CoverageResult
from auditor_app.coverage.self_issued import self_issued_findings
from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import AuditError, UsageError
from auditor_app.files import read_capped
from auditor_app.findings import Finding, finding
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.debts import debts_found
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.publication import equivocation_findings, lateness_findings, roots_of
from auditor_app.snapshot.trust import TrustStore

_MAX_WINDOW_BYTES = 64 * 2**20


def publication(
    request: AuditRequest, store: TrustStore, snapshot: AuthenticSnapshot, token: CancelToken
) -> tuple[Finding, ...]:
    """When the roots could be seen, whether others exist for the instant, and whether the series goes forward."""
    predicate = snapshot.statement.predicate
    found = lateness_findings(predicate, snapshot.trusted_time, within_days=request.published_within)
    for path in request.earlier:
        held = _open(path, request, store, token)
        try:
            other = held.statement.predicate
        finally:
            held.members.close()
        found += equivocation_findings(predicate, roots_of(other, f"the snapshot {held.file_name}"))
        found += _order(held, snapshot)
    return tuple(found)


def customers_debts(
    snapshot: AuthenticSnapshot, results: Sequence[LedgerResult], token: CancelToken
) -> Operation[tuple[Finding, ...]]:
    """Debts in signed columns, row by row, of every ledger that was read to its end."""
    found: tuple[Finding, ...] = ()
    for ledger, result in zip(snapshot.statement.predicate.ledgers, results, strict=True):
        owed: Mapping[str, bool] = {total.asset: total.negatives.units < 0 for total in result.totals}
        found += yield from debts_found(SnapshotLedger(snapshot, ledger), result.row_count, owed, token)
    return found


def reserve_comparisons(
    request: AuditRequest, snapshot: AuthenticSnapshot, reserves: ReserveResult, coverage: CoverageResult
) -> tuple[Finding, ...]:
    """Balances around the instant, and assets that the auditor names as the exchange's own."""
    found = self_issued_findings(snapshot.statement.predicate, coverage.lines, request.own_assets)
    if request.window is not None:
        data = read_capped(request.window, max_bytes=_MAX_WINDOW_BYTES, code="USAGE")
        found += window_findings(read_window(data, request.window.name), reserves.lines)
    return tuple(found)


def _open(path: Path, request: AuditRequest, store: TrustStore, token: CancelToken) -> AuthenticSnapshot:
    """Another snapshot of the series; one that is not authentic can say nothing about this one."""
    try:
        return authenticate_snapshot(path, store, token=token, trusted_time=request.trusted_time)
    except AuditError as error:
        raise UsageError(
            "USAGE",
            f"the snapshot to compare with cannot be used: {error.what}",
            at=error.at,
            action=f"Leave {path.name} out, or obtain it again.",
        ) from None


def _order(held: AuthenticSnapshot, snapshot: AuthenticSnapshot) -> list[Finding]:
    """FRESH.ROLLBACK where another snapshot that the auditor holds has this one's sequence or a higher one."""
    before, sequence = (item.statement.predicate.sequence for item in (held, snapshot))
    if held.payload_sha256 == snapshot.payload_sha256 or int(before) < int(sequence):
        return []
    return [
        finding(
            "FRESH.ROLLBACK",
            procedure="freshness",
            subject="sequence",
            message=f"The snapshot does not come after the one that the auditor holds in {held.file_name}.",
            expected=f"a sequence above {before}",
            observed=sequence,
        )
    ]
