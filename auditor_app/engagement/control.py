"""Proofs of control of the reserve addresses: the snapshot's own list, joined with its addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from auditor_app.chain.observed import AddressLine, OwnBlocks
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.model import OwnershipLine, OwnershipResult
from auditor_app.chain.ownership.snapshot_list import joined, read_table
from auditor_app.chain.sent import EvidenceTransactions
from auditor_app.chain.wallets import EvidenceContracts
from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import AuditError, SignatureError
from auditor_app.findings import from_error
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.trust import TrustStore

_PROCEDURE = "ownership"
_ADDRESS_CODES = ("ADDRESS.UNDECODABLE", "ADDRESS.DUPLICATE", "ADDRESS.TYPO")
"""What the procedure over the addresses themselves reports; not to be counted twice."""


def proofs_of_control(
    request: AuditRequest,
    store: TrustStore,
    snapshot: AuthenticSnapshot,
    lines: Sequence[AddressLine],
    token: CancelToken,
    *,
    own_blocks: OwnBlocks,
) -> Operation[OwnershipResult | None]:
    """Every reserve address with the proof of control that the snapshot holds for it; ``None`` where it holds none.

    The challenge is the text that the auditor typed, else the nonce of the engagement. A list that breaks its
    grammar is a finding and leaves no rows.
    """
    reserves = snapshot.statement.predicate.reserves
    if reserves is None or reserves.ownership is None:
        return None
    challenge = request.challenge or request.nonce
    as_of = snapshot.statement.predicate.as_of
    data = snapshot.members.read(reserves.ownership, token)
    try:
        proofs = read_table(data, file=reserves.ownership)
    except AuditError as error:
        reason = from_error(error, procedure=_PROCEDURE, subject=reserves.ownership)
        return OwnershipResult((), (), challenge, as_of, (reason,), ())
    decimals = {asset.symbol: asset.decimals for asset in snapshot.statement.predicate.assets}
    addresses = [line.address for line in lines if line.address.asset in decimals]
    rows = joined(proofs, addresses, decimals)
    asks_chain = any(row.method in ("eip1271", "txid") for row in rows)
    with _on_chain(request if asks_chain else None, store, snapshot, own_blocks, token) as (contracts, transactions):
        result = yield from check_rows(
            rows, challenge=challenge, as_of=as_of, token=token, contracts=contracts, transactions=transactions
        )
    return replace(
        result,
        lines=tuple(_own_proof(line) for line in result.lines),
        findings=tuple(item for item in result.findings if item.code not in _ADDRESS_CODES),
    )


@contextmanager
def _on_chain(
    request: AuditRequest | None,
    store: TrustStore,
    snapshot: AuthenticSnapshot,
    own_blocks: OwnBlocks,
    token: CancelToken,
) -> Iterator[tuple[EvidenceContracts | None, EvidenceTransactions | None]]:
    """Contract wallets and transactions as the evidence shows them; ``None`` without evidence that can be opened."""
    if request is None or request.evidence is None:
        yield None, None
        return
    try:
        evidence = authenticate_evidence(request.evidence, store, token=token, trusted_time=request.trusted_time)
    except SignatureError:
        yield None, None  # the procedure over balances reports it
        return
    try:
        with EvidenceContracts(evidence, own_blocks, token, snapshot) as contracts:
            yield contracts, EvidenceTransactions(evidence, own_blocks, token, snapshot)
    finally:
        evidence.members.close()


def _own_proof(line: OwnershipLine) -> OwnershipLine:
    """One account with several assets has one proof: standing beside itself is no repetition."""
    return replace(line, seen_before="") if line.seen_before == line.row.at.text() else line
