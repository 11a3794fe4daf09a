"""The record of one run: what was asked, and everything that window, command line and report show of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor_app.chain.observed import AddressLine, EvidenceSummary
from auditor_app.chain.ownership.model import OwnershipResult
from auditor_app.coverage.lines import CoverageLine, FundLine, FundTotal
from auditor_app.engagement.terms import InputRole
from auditor_app.findings import Finding, Limitation, Verdicts
from auditor_app.merkle.result import CommitmentCheck, TotalCheck
from auditor_app.sampling.result import SampleResult
from auditor_app.snapshot.authentic import Signer, TrustedTime
from auditor_app.snapshot.publication import PROMPT_DAYS


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A commitment record and the randomness that was typed after it (``drand:ROUND:SIG``, ``block:HASH``, ``dice:DIGITS``)."""

    record: Path
    randomness: str


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """Everything a run depends on; the same request gives the same record.

    ``published_roots`` maps a ledger's name to the root typed from the exchange's website; ``trusted_time`` is a
    typed instant or ``None`` for now; ``nonce`` and ``previous`` are 64 hex digits.
    """

    snapshot: Path
    trust_store: Path
    evidence: Path | None = None
    nonce: str | None = None
    previous: str | None = None
    published_roots: tuple[tuple[str, str], ...] = ()
    trusted_time: str | None = None
    sample: SampleRequest | None = None
    challenge: str | None = None
    """The text that the auditor asked to be signed with the reserve addresses' keys."""
    blocks: tuple[tuple[str, str], ...] = ()
    """CAIP-2 ids with the block hashes that the auditor typed: under them state proofs need nobody's word."""
    checkpoints: tuple[tuple[str, str], ...] = ()
    """CAIP-2 ids with the beacon block roots that the auditor typed: the evidence leads from them to block hashes."""
    earlier: tuple[Path, ...] = ()
    """Other signed snapshots of the same issuer: their roots and sequence are compared."""
    window: Path | None = None
    """A table of balances some days before and after the instant."""
    own_assets: tuple[str, ...] = ()
    """Symbols of assets that the exchange itself issued."""
    published_within: int = PROMPT_DAYS
    """Days after the snapshot's instant within which its roots should be public."""
    journal_time: bool = False
    """Whether ``trusted_time`` is the engagement's: nobody typed one, and the journal holds that of the run."""


@dataclass(frozen=True, slots=True)
class SnapshotIdentity:
    """Which snapshot it was and who vouches for it."""

    file_name: str
    snapshot_id: str
    sequence: int
    issuer: str
    as_of: str
    created_at: str
    payload_sha256: str
    signers: tuple[Signer, ...]
    threshold: int
    trusted_time: TrustedTime
    chains: tuple[tuple[str, str, str], ...]
    """CAIP-2 id, height, block hash or an empty text."""
    previous: str | None = None
    """Payload digest that the snapshot names as its predecessor."""


@dataclass(frozen=True, slots=True)
class PerformedProcedure:
    """One procedure as performed: ``key`` of ``PROCEDURES``, its extent in a sentence, and its factual outcome.

    ``outcome`` is the sentence that stands beside the procedure in the report; ``performed`` is false where it
    was left out, and ``outcome`` then says why.
    """

    key: str
    extent: str
    outcome: str
    performed: bool


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read: its role (``snapshot``, ``trust store`` …), name without folder, size and SHA-256."""

    role: InputRole
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The finished run."""

    request: AuditRequest
    program_version: str
    identity: SnapshotIdentity
    verdicts: Verdicts
    ledgers: tuple[tuple[str, int], ...]
    """Name and number of rows counted."""
    commitments: tuple[CommitmentCheck, ...]
    totals: tuple[TotalCheck, ...]
    addresses: tuple[AddressLine, ...]
    evidence: EvidenceSummary | None
    coverage: tuple[CoverageLine, ...]
    funds: tuple[FundLine, ...]
    fund_totals: tuple[FundTotal, ...]
    sample: SampleResult | None
    procedures: tuple[PerformedProcedure, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]
    ownership: OwnershipResult | None = None
    """Proofs of control, row by row; ``None`` where the snapshot holds none."""
    inputs: tuple[InputFile, ...] = ()
    """The files read, for the reproduction page."""

    @property
    def keys_judged(self) -> str:
        """Whose instant it is at which keys were judged, in words; the clock's own belongs to no report."""
        source = self.identity.trusted_time.source
        if source == "typed" and self.request.journal_time:
            return "time of the run in the journal; none was typed"
        return {"timestamp": "from the time stamp", "typed": "typed by the auditor", "now": "the time of the run"}[
            source
        ]
