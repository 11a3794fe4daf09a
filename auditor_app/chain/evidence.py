"""Reading an evidence file against a snapshot: may it be relied on, and what does it say of each account.

Evidence counts only where it was captured for this very snapshot, at the very blocks that the snapshot names, by a
key that the auditor pinned (``onchain.md``, "Who says which block?"). Everything else leaves a line unobserved, so
that no coverage can be reached on somebody's word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.observed import EvidenceSummary, Grade, Observation
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.findings import Finding, Limitation, finding, limitation
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.members import BalanceRow, read_balances
from auditor_app.snapshot.statement import BlockReference, EvidenceBlock

BALANCES = "balances.csv"
OWN_NODE = "own-node:"
"""Prefix of a ``source`` that names a node run by the auditor; any other source is a host."""

_PROCEDURE = "balances"


@dataclass(frozen=True, slots=True)
class EvidenceReading:
    """Observations by (account identity, asset symbol); ``usable`` is false where none may be relied on."""

    summary: EvidenceSummary | None
    usable: bool
    observations: Mapping[tuple[str, str], Observation]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def read_evidence(
    snapshot: AuthenticSnapshot, evidence: AuthenticEvidence | None, token: CancelToken
) -> EvidenceReading:
    """Everything that ``evidence`` says about ``snapshot``, with the reasons why parts of it do not count."""
    if evidence is None:
        absent = finding(
            "EVIDENCE.ABSENT",
            procedure=_PROCEDURE,
            subject="reserves",
            message="No evidence file was given: every balance is the issuer's claim.",
        )
        return EvidenceReading(None, usable=False, observations=_NOTHING, findings=(absent,), limitations=())
    summary = _summary(evidence)
    try:
        rows = read_balances(evidence.members.read(BALANCES, token), BALANCES)
    except AuditError as error:
        return EvidenceReading(
            summary,
            usable=False,
            observations=_NOTHING,
            findings=(invalid_evidence(error, evidence.file_name),),
            limitations=(),
        )
    reasons = _whole_file(snapshot, evidence)
    usable = not reasons
    known = {item.code for item in evidence.findings}
    findings = [*evidence.findings, *(item for item in reasons if item.code not in known)]
    if not usable:
        return EvidenceReading(summary, usable, _NOTHING, tuple(findings), evidence.limitations)
    stray = _other_blocks(snapshot, evidence, rows, findings)
    observations = _grade(rows, stray, findings)
    limits = list(evidence.limitations)
    if any(item.grade is Grade.ONE_SOURCE for item in observations.values()):
        limits.append(limitation("RESERVES.ONE_SOURCE", subject=evidence.file_name))
    return EvidenceReading(summary, usable, observations, tuple(findings), tuple(limits))


def invalid_evidence(error: AuditError, file_name: str) -> Finding:
    """The finding for an evidence file that could not be opened or whose members do not fit their digests."""
    return finding(
        "EVIDENCE.INVALID",
        procedure=_PROCEDURE,
        subject=f"evidence {file_name}",
        message=error.sentence(),
        expected=error.expected,
        observed=error.observed,
        at=error.at,
    )


def account_identity(text: str) -> str:
    """The identity of an account, or its text where it cannot be decoded."""
    try:
        return decode_account(text).identity
    except ChainError:
        return text


_NOTHING: Mapping[tuple[str, str], Observation] = MappingProxyType({})


def _summary(evidence: AuthenticEvidence) -> EvidenceSummary:
    predicate = evidence.statement.predicate
    return EvidenceSummary(
        evidence.file_name,
        evidence.payload_sha256,
        predicate.captured_at,
        tuple(signer.signer for signer in evidence.signers),
        predicate.endpoints,
        pinned=bool(evidence.signers),
    )


def _whole_file(snapshot: AuthenticSnapshot, evidence: AuthenticEvidence) -> list[Finding]:
    """Reasons for which no line of the file counts."""
    found = []
    subject = f"evidence {evidence.file_name}"
    named = evidence.statement.predicate.snapshot_payload_sha256
    if named != snapshot.payload_sha256:
        found.append(
            finding(
                "EVIDENCE.OTHER_SNAPSHOT",
                procedure=_PROCEDURE,
                subject=subject,
                message="The evidence names another snapshot than the one that was given; none of it was used.",
                expected=snapshot.payload_sha256,
                observed=named,
            )
        )
    if not evidence.signers:
        found.append(
            finding(
                "EVIDENCE.UNTRUSTED",
                procedure=_PROCEDURE,
                subject=subject,
                message="No pinned auditor key signed the evidence: its balances count as claimed.",
                expected="a signature by a pinned key with the role auditor",
                observed="none",
            )
        )
    return found


def _other_blocks(
    snapshot: AuthenticSnapshot, evidence: AuthenticEvidence, rows: Iterable[BalanceRow], findings: list[Finding]
) -> frozenset[str]:
    """Chains whose evidence is not of the snapshot's block; their lines do not count."""
    named, captured = snapshot.statement.predicate.chains, evidence.statement.predicate.chains
    stray = set()
    for chain in sorted({*captured, *(row.account.rpartition(":")[0] for row in rows)}):
        wanted, got = named.get(chain), captured.get(chain)
        if wanted is None and chain in captured and not any(row.account.startswith(chain + ":") for row in rows):
            continue
        if wanted is None or got is None or not _same_block(wanted, got):
            stray.add(chain)
            findings.append(
                finding(
                    "EVIDENCE.OTHER_BLOCK",
                    procedure=_PROCEDURE,
                    subject=f"chain {chain}",
                    message="The evidence of this chain is not of the block that the snapshot names; it was not used.",
                    expected=_block_text(wanted),
                    observed=_block_text(got),
                )
            )
    return frozenset(stray)


def _same_block(wanted: BlockReference, got: EvidenceBlock) -> bool:
    if wanted.block_height != got.block_height:
        return False
    if wanted.block_hash is None:
        return True
    return got.block_hash is not None and plain_hash(got.block_hash) == plain_hash(wanted.block_hash)


def plain_hash(text: str) -> str:
    """A block hash in one spelling: hexadecimal ones without ``0x`` and in lower case."""
    digits = text.removeprefix("0x")
    return digits.lower() if all(c in "0123456789abcdefABCDEF" for c in digits) else text


def _block_text(block: BlockReference | EvidenceBlock | None) -> str:
    if block is None:
        return "no block named"
    return f"height {block.block_height}, hash {block.block_hash or 'not given'}"


def _grade(
    rows: Iterable[BalanceRow], stray: frozenset[str], findings: list[Finding]
) -> Mapping[tuple[str, str], Observation]:
    """One observation per account and asset: agreeing sources raise its grade, disagreeing ones are an exception."""
    by_key: defaultdict[tuple[str, str], list[tuple[int, BalanceRow]]] = defaultdict(list)
    for number, row in enumerate(rows, start=2):
        if row.account.rpartition(":")[0] not in stray:
            by_key[account_identity(row.account), row.asset].append((number, row))
    observations = {}
    for key, found in by_key.items():
        amounts = {row.amount for _, row in found}
        sources = sorted({row.source for _, row in found})
        if len(amounts) > 1:
            findings.append(
                finding(
                    "EVIDENCE.DISAGREE",
                    procedure=_PROCEDURE,
                    subject=f"account {found[0][1].account}, asset {key[1]}",
                    message="Balances from several readings of one block were compared and differ; the lowest was used.",
                    expected="one balance",
                    observed=", ".join(f"{row.amount} from {row.source}" for _, row in found),
                    at=Location(BALANCES, row=found[-1][0]),
                )
            )
            grade = Grade.ONE_SOURCE
        else:
            grade = _grade_of(sources)
        observations[key] = Observation(min(amounts), grade, ", ".join(sources))
    return MappingProxyType(observations)


def _grade_of(sources: list[str]) -> Grade:
    """``own-node`` if such a node agreed; ``two-sources`` for two different hosts, ports not told apart."""
    if any(source.startswith(OWN_NODE) for source in sources):
        return Grade.OWN_NODE
    hosts = {source.rsplit(":", 1)[0].lower().rstrip(".") for source in sources}
    return Grade.TWO_SOURCES if len(hosts) > 1 else Grade.ONE_SOURCE
