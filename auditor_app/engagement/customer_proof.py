"""A customer's proof against the ledger that the exchange handed over: three roots compared, the leaf traced.

The proof's root, the snapshot's and the one typed from the website are three things; so are the customer's path and
the auditor's own tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor_app.errors import UsageError
from auditor_app.findings import Finding, Limitation
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.locate import LocatedProof, locate
from auditor_app.merkle.published import ProofCheck
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import CommitmentCheck, LedgerResult
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.statement import Commitment, Ledger
from auditor_app.snapshot.trust import load_store


@dataclass(frozen=True, slots=True)
class LedgerRequest:
    """Which ledger of which snapshot; ``ledger`` may be left out where only one was committed to by the scheme.

    ``typed_root`` is hex from the exchange's own publication; ``trusted_time`` as for a whole run.
    """

    snapshot: Path
    trust_store: Path
    ledger: str | None = None
    typed_root: str | None = None
    trusted_time: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerComparison:
    """The recalculated commitment, and each proof of the file with its place in it.

    ``findings`` are those of the ledger and of the comparison; the proof's own are not among them.
    """

    ledger: str
    commitment: CommitmentCheck
    proofs: tuple[LocatedProof, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def compare_with_ledger(
    checks: Sequence[ProofCheck], request: LedgerRequest, token: CancelToken, *, subject: str
) -> Operation[LedgerComparison]:
    """Recalculate the ledger's tree and find every proof of one customer's file in it.

    :class:`~auditor_app.snapshot.authentic.NotAuthentic` where the snapshot is not, :class:`UsageError` where it
    holds no ledger of the proof's scheme.
    """
    store = load_store(request.trust_store)
    snapshot = authenticate_snapshot(request.snapshot, store, token=token, trusted_time=request.trusted_time)
    try:
        ledger, commitment = _committed(snapshot, checks[0].scheme, request.ledger)
        source = SnapshotLedger(snapshot, ledger)
        result = yield from recompute(
            source, [commitment], totals=ledger.totals, typed_root=request.typed_root, token=token
        )
        located = yield from _located(checks, source, result, token, subject)
    finally:
        snapshot.members.close()
    found = (*snapshot.findings, *result.findings, *(item for proof in located for item in proof.findings))
    return LedgerComparison(ledger.name, result.commitments[0], located, found, result.limitations)


def _located(
    checks: Sequence[ProofCheck], source: SnapshotLedger, result: LedgerResult, token: CancelToken, subject: str
) -> Operation[tuple[LocatedProof, ...]]:
    """Every proof's place; none where the tree could not be recalculated, which the ledger's findings say."""
    if not result.trees:
        return ()
    located = []
    for number, check in enumerate(checks, 1):
        named = subject if len(checks) == 1 else f"{subject}, leaf {number}"
        proof = yield from locate(check, source, result.trees[0], result.commitments[0], token, subject=named)
        located.append(proof)
    return tuple(located)


def _committed(snapshot: AuthenticSnapshot, scheme: str, name: str | None) -> tuple[Ledger, Commitment]:
    """The ledger asked for, or the only one, with its commitment by the proof's scheme."""
    ledgers = snapshot.statement.predicate.ledgers
    fitting = [
        (ledger, commitment)
        for ledger in ledgers
        for commitment in ledger.commitments
        if commitment.scheme == scheme and name in (None, ledger.name)
    ]
    if len(fitting) == 1:
        return fitting[0]
    held = "; ".join(
        f"{ledger.name}: {', '.join(commitment.scheme for commitment in ledger.commitments) or 'no commitment'}"
        for ledger in ledgers
    )
    raise UsageError(
        "USAGE",
        f"the snapshot has {len(fitting) or 'no'} commitments by the proof's scheme {scheme}"
        + ("" if name is None else f" for a ledger {name[:64]!r}"),
        expected="exactly one",
        observed=held or "no ledger",
        action="Name the ledger, or the scheme, that the proof belongs to.",
    )
