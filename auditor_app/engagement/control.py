"""Proofs of control of the reserve addresses: the snapshot's own list, joined with its addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auditor_app.chain.observed import AddressLine
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.model import OwnershipLine, OwnershipResult
from auditor_app.chain.ownership.snapshot_list import joined, read_table
from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import AuditError
from auditor_app.findings import from_error
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.authentic import AuthenticSnapshot

_PROCEDURE = "ownership"
_ADDRESS_CODES = ("ADDRESS.UNDECODABLE", "ADDRESS.DUPLICATE", "ADDRESS.TYPO")
"""What the procedure over the addresses themselves reports; not to be counted twice."""


def proofs_of_control(
    request: AuditRequest, snapshot: AuthenticSnapshot, lines: Sequence[AddressLine], token: CancelToken
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
    result = yield from check_rows(joined(proofs, addresses, decimals), challenge=challenge, as_of=as_of, token=token)
    return replace(
        result,
        lines=tuple(_own_proof(line) for line in result.lines),
        findings=tuple(item for item in result.findings if item.code not in _ADDRESS_CODES),
    )


def _own_proof(line: OwnershipLine) -> OwnershipLine:
    """One account with several assets has one proof: standing beside itself is no repetition."""
    return replace(line, seen_before="") if line.seen_before == line.row.at.text() else line
