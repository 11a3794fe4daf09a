"""Reading an evidence file against a snapshot: may it be relied on, and what does it say of each account.

Evidence counts only where it was captured for this very snapshot, at the very blocks that the snapshot names, by a
key that the auditor pinned (``onchain.md``, "Who says which block?"). Everything else leaves a line unobserved, so
that no coverage can be reached on somebody's word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.bundle import anchor_name
from auditor_app.chain.feeds import read_feeds
from auditor_app.chain.grading import Claim, contradictions, grade_claim, hash_origin, pins_of, read_proofs
from auditor_app.chain.observed import (
    BlockOrigin,
    EvidenceSummary,
    Grade,
    Observation,
    ObservedPrice,
    OwnBlock,
    OwnBlocks,
)
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.findings import Finding, Limitation, finding, limitation
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.members import BalanceRow, read_balances
from auditor_app.snapshot.statement import BlockReference, EvidenceBlock

BALANCES = "balances.csv"

_PROCEDURE = "balances"
_NOTHING: Mapping[tuple[str, str], Observation] = MappingProxyType({})
_NOTHING_OWN: OwnBlocks = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EvidenceReading:
    """Observations by (account identity, asset symbol); ``usable`` is false where none may be relied on.

    ``prices`` are those that on-chain feeds gave.
    """

    summary: EvidenceSummary | None
    usable: bool
    observations: Mapping[tuple[str, str], Observation]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]
    prices: tuple[ObservedPrice, ...] = ()


def read_evidence(
    snapshot: AuthenticSnapshot,
    evidence: AuthenticEvidence | None,
    token: CancelToken,
    own_blocks: OwnBlocks = _NOTHING_OWN,
) -> EvidenceReading:
    """Everything that ``evidence`` says about ``snapshot``, with the reasons why parts of it do not count.

    Under the auditor's ``own_blocks`` state proofs need no one's word.
    """
    if evidence is None:
        absent = finding(
            "EVIDENCE.ABSENT",
            procedure=_PROCEDURE,
            subject="reserves",
            message="No evidence file was given: every balance is the issuer's claim.",
        )
        return EvidenceReading(None, usable=False, observations=_NOTHING, findings=(absent,), limitations=())
    try:
        rows = read_balances(evidence.members.read(BALANCES, token), BALANCES)
        return _usable_lines(snapshot, evidence, rows, own_blocks, token)
    except AuditError as error:
        invalid = invalid_evidence(error, evidence.file_name)
        return EvidenceReading(
            _summary(evidence, own_blocks), usable=False, observations=_NOTHING, findings=(invalid,), limitations=()
        )


def _usable_lines(
    snapshot: AuthenticSnapshot,
    evidence: AuthenticEvidence,
    rows: Sequence[BalanceRow],
    own_blocks: OwnBlocks,
    token: CancelToken,
) -> EvidenceReading:
    """The lines that count, each at its grade; ``SignatureError`` for a member that is not the signed one."""
    summary = _summary(evidence, own_blocks)
    findings = [*evidence.findings, *_other_snapshot(snapshot, evidence)]
    trusted = bool(evidence.signers)
    if not trusted and "EVIDENCE.UNTRUSTED" not in {item.code for item in findings}:
        findings.append(_untrusted(evidence))
    if any(item.code == "EVIDENCE.OTHER_SNAPSHOT" for item in findings):
        return EvidenceReading(summary, usable=False, observations=_NOTHING, findings=tuple(findings), limitations=())
    findings += contradictions(evidence)
    stray = _other_blocks(snapshot, evidence, rows, own_blocks, findings)
    claims = _claims(rows, stray)
    proofs = read_proofs(evidence, claims, snapshot.statement.predicate.assets, own_blocks, stray=stray, token=token)
    findings += proofs.findings
    observations = {
        claim.key: seen
        for claim in claims
        if claim.chain not in proofs.broken and (seen := grade_claim(claim, proofs, trusted=trusted)) is not None
    }
    if trusted:
        findings += _disagreements(claim for claim in claims if claim.chain not in proofs.broken)
    feeds = read_feeds(evidence, proofs.pins, stray | proofs.broken, trusted=trusted, token=token)
    findings += feeds.findings
    limits = [*evidence.limitations, *proofs.limitations, *feeds.limitations]
    if any(item.grade is Grade.ONE_SOURCE for item in observations.values()):
        limits.append(limitation("RESERVES.ONE_SOURCE", subject=evidence.file_name))
    usable = trusted or bool(observations)
    limits = list(dict.fromkeys(limits))
    observed = MappingProxyType(observations)
    return EvidenceReading(summary, usable, observed, tuple(findings), tuple(limits), feeds.prices)


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


def _summary(evidence: AuthenticEvidence, own_blocks: OwnBlocks) -> EvidenceSummary:
    predicate = evidence.statement.predicate
    return EvidenceSummary(
        evidence.file_name,
        evidence.payload_sha256,
        predicate.captured_at,
        tuple(signer.signer for signer in evidence.signers),
        predicate.endpoints,
        pinned=bool(evidence.signers),
        blocks=_origins(evidence, own_blocks),
    )


def _origins(evidence: AuthenticEvidence, own_blocks: OwnBlocks) -> tuple[BlockOrigin, ...]:
    """Each chain's block with who names its hash; another hash of the auditor's own vouches for nothing."""
    chains = evidence.statement.predicate.chains
    held = {subject.name for subject in evidence.statement.subject}
    same = {
        chain: own
        for chain, own in own_blocks.items()
        if chain in chains and plain_hash(chains[chain].block_hash or "") == plain_hash(own.block_hash)
    }
    pins = pins_of(evidence, same)
    return tuple(
        BlockOrigin(
            chain,
            block.block_height,
            block.block_hash or "",
            hash_origin(evidence, block),
            pins.get(chain, ""),
            anchored=anchor_name(chain) in held,
            derivation=own_blocks[chain].derivation if chain in own_blocks else None,
        )
        for chain, block in chains.items()
    )


def _other_snapshot(snapshot: AuthenticSnapshot, evidence: AuthenticEvidence) -> list[Finding]:
    named = evidence.statement.predicate.snapshot_payload_sha256
    if named == snapshot.payload_sha256:
        return []
    return [
        finding(
            "EVIDENCE.OTHER_SNAPSHOT",
            procedure=_PROCEDURE,
            subject=f"evidence {evidence.file_name}",
            message="The evidence names another snapshot than the one that was given; none of it was used.",
            expected=snapshot.payload_sha256,
            observed=named,
        )
    ]


def _untrusted(evidence: AuthenticEvidence) -> Finding:
    return finding(
        "EVIDENCE.UNTRUSTED",
        procedure=_PROCEDURE,
        subject=f"evidence {evidence.file_name}",
        message="No pinned auditor key signed the evidence: what it does not prove by itself counts as claimed.",
        expected="a signature by a pinned key with the role auditor",
        observed="none",
    )


def _other_blocks(
    snapshot: AuthenticSnapshot,
    evidence: AuthenticEvidence,
    rows: Sequence[BalanceRow],
    own_blocks: OwnBlocks,
    findings: list[Finding],
) -> frozenset[str]:
    """Chains whose evidence is not of the block that snapshot and auditor name; their lines do not count."""
    named, captured = snapshot.statement.predicate.chains, evidence.statement.predicate.chains
    stray = set()
    for chain in sorted({*captured, *(row.account.rpartition(":")[0] for row in rows)}):
        wanted, got = named.get(chain), captured.get(chain)
        if wanted is None and chain in captured and not any(row.account.startswith(chain + ":") for row in rows):
            continue
        wanted = _as_own(chain, wanted, own_blocks.get(chain), findings)
        if wanted is None or got is None or not same_block(wanted, got):
            stray.add(chain)
            findings.append(
                finding(
                    "EVIDENCE.OTHER_BLOCK",
                    procedure=_PROCEDURE,
                    subject=f"chain {chain}",
                    message="The evidence of this chain is not of the block that was named; it was not used.",
                    expected=_block_text(wanted),
                    observed=_block_text(got),
                )
            )
    return frozenset(stray)


def _as_own(
    chain: str, named: BlockReference | None, own: OwnBlock | None, findings: list[Finding]
) -> BlockReference | None:
    """The snapshot's block under the auditor's hash; an exception where the snapshot names another hash."""
    if named is None or own is None:
        return named
    if named.block_hash is not None and plain_hash(named.block_hash) != plain_hash(own.block_hash):
        whose = "that the auditor typed" if own.derivation is None else "derived from the auditor's beacon checkpoint"
        findings.append(
            finding(
                "CHAIN.TYPED_MISMATCH",
                procedure=_PROCEDURE,
                subject=f"chain {chain}",
                message=f"The block hash {whose} was compared with the snapshot's and differs.",
                expected=own.block_hash,
                observed=named.block_hash,
            )
        )
        return None
    return BlockReference(block_height=named.block_height, block_hash=own.block_hash)


def same_block(wanted: BlockReference, got: EvidenceBlock) -> bool:
    """Whether evidence is of the block that was named; a height without a hash fits every block there."""
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


def _claims(rows: Iterable[BalanceRow], stray: frozenset[str]) -> tuple[Claim, ...]:
    """The rows by account and asset, without those of chains that do not count."""
    by_key: defaultdict[tuple[str, str], list[BalanceRow]] = defaultdict(list)
    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=2):
        if row.account.rpartition(":")[0] not in stray:
            key = (account_identity(row.account), row.asset)
            by_key[key].append(row)
            first.setdefault(key, number)
    return tuple(Claim(key, first[key], tuple(found)) for key, found in by_key.items())


def _disagreements(claims: Iterable[Claim]) -> list[Finding]:
    """An exception for each account of which several readings differ."""
    return [
        finding(
            "EVIDENCE.DISAGREE",
            procedure=_PROCEDURE,
            subject=f"account {claim.rows[0].account}, asset {claim.key[1]}",
            message="Balances from several readings of one block were compared and differ; the lowest was used.",
            expected="one balance",
            observed=", ".join(f"{row.amount} from {row.source}" for row in claim.rows),
            at=Location(BALANCES, row=claim.row),
        )
        for claim in claims
        if len({row.amount for row in claim.rows}) > 1
    ]
