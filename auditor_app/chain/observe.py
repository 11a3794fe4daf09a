"""Claimed reserves beside what was observed: the step between the evidence file and coverage."""

from __future__ import annotations

from types import MappingProxyType

from auditor_app.amounts import Amount
from auditor_app.chain.addresses import InspectedAddress, inspect_addresses
from auditor_app.chain.evidence import EvidenceReading, account_identity, read_evidence
from auditor_app.chain.observed import AddressLine, Grade, OwnBlocks, ReserveAddress, ReserveResult
from auditor_app.errors import AuditError
from auditor_app.findings import Finding, Limitation, finding, from_error, limitation
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.members import read_addresses, read_funds

_PROCEDURE = "balances"
_NOTHING_OWN: OwnBlocks = MappingProxyType({})


def observe(
    snapshot: AuthenticSnapshot,
    evidence: AuthenticEvidence | None,
    token: CancelToken,
    own_blocks: OwnBlocks = _NOTHING_OWN,
) -> ReserveResult:
    """Every reserve address with its observed balance and grade, and what was found on the way.

    State proofs hold under the auditor's ``own_blocks`` whoever signed the evidence. Otherwise nothing is observed (``None``) without evidence, without a pinned auditor's signature, for another snapshot or
    for another block. ``SignatureError`` if the address list is not the one that was signed; a list that breaks
    the grammar is a finding and leaves no lines.
    """
    predicate = snapshot.statement.predicate
    inspected: tuple[InspectedAddress, ...] = ()
    findings: list[Finding] = []
    limits: list[Limitation] = []
    if predicate.reserves is not None:
        member = predicate.reserves.addresses
        data = snapshot.members.read(member, token)
        try:
            rows = tuple(ReserveAddress(r.account, r.asset, r.claimed, r.role) for r in read_addresses(data, member))
        except AuditError as error:
            findings.append(from_error(error, procedure="addresses", subject=member))
        else:
            inspected, found = inspect_addresses(predicate, rows, member)
            findings += found
        limits.append(limitation("RESERVES.OWNERSHIP", subject="reserves"))
        limits.append(limitation("RESERVES.BORROWED", subject="reserves"))
    token.check()
    reading = read_evidence(snapshot, evidence, token, own_blocks)
    findings += reading.findings
    limits += reading.limitations
    lines = tuple(_line(item, reading, findings) for item in inspected)
    if reading.usable:
        known = {item.key for item in inspected} | _fund_keys(snapshot, token)
        findings += _unclaimed(reading, known)
    return ReserveResult(lines, reading.summary, tuple(findings), tuple(limits), reading.observations, reading.prices)


def _line(item: InspectedAddress, reading: EvidenceReading, findings: list[Finding]) -> AddressLine:
    """One address beside its observation; a difference or a gap is a finding."""
    row = item.address
    seen = reading.observations.get(item.key)
    if seen is None:
        if reading.usable:
            findings.append(
                finding(
                    "EVIDENCE.MISSING",
                    procedure=_PROCEDURE,
                    subject=f"account {row.account}, asset {row.asset}",
                    message="The evidence holds no usable balance for this address; nothing was counted for it.",
                    expected=_quantity(row.claimed, item),
                    observed="no balance",
                )
            )
        return AddressLine(row, item.decimals, None, Grade.CLAIMED, "", item.counted)
    if seen.amount != row.claimed:
        findings.append(
            finding(
                "RESERVE.MISMATCH",
                procedure=_PROCEDURE,
                subject=f"account {row.account}, asset {row.asset}",
                message="The claimed balance was compared with the one observed at the named block and differs.",
                expected=_quantity(row.claimed, item),
                observed=_quantity(seen.amount, item),
            )
        )
    return AddressLine(row, item.decimals, seen.amount, seen.grade, seen.source, item.counted)


def _quantity(units: int, item: InspectedAddress) -> str:
    return f"{Amount(units, item.decimals).fixed()} {item.address.asset}"


def _fund_keys(snapshot: AuthenticSnapshot, token: CancelToken) -> set[tuple[str, str]]:
    """Accounts of protection funds: evidence about them is not unclaimed."""
    funds = snapshot.statement.predicate.funds
    if funds is None:
        return set()
    try:
        rows = read_funds(snapshot.members.read(funds.member, token), funds.member)
    except AuditError:
        return set()  # the funds procedure reports it
    return {(account_identity(row.account), row.asset) for row in rows}


def _unclaimed(reading: EvidenceReading, known: set[tuple[str, str]]) -> list[Finding]:
    return [
        finding(
            "EVIDENCE.UNCLAIMED",
            procedure=_PROCEDURE,
            subject=f"account {identity}, asset {asset}",
            message="The evidence holds a balance that the snapshot does not claim; it was not counted.",
        )
        for identity, asset in sorted(reading.observations)
        if (identity, asset) not in known
    ]
