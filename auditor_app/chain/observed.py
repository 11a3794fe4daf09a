"""Balances as observed, each with the trust grade it deserves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from auditor_app.amounts import Amount
from auditor_app.findings import Finding, Limitation


class Grade(StrEnum):
    """How much a line of evidence is worth, best first (``onchain.md``, "Who says which block?")."""

    PROVEN = "proven"
    OWN_NODE = "own-node"
    TWO_SOURCES = "two-sources"
    ONE_SOURCE = "one-source"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class ReserveAddress:
    """One row of ``reserves/addresses.csv``: CAIP-10 account, asset symbol, claimed base units, role."""

    account: str
    asset: str
    claimed: int
    role: str

    @property
    def chain(self) -> str:
        """The CAIP-2 id."""
        return self.account.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class AddressLine:
    """A claimed address beside what was observed (base units, ``None`` where nothing trustworthy was).

    ``counted`` is false for a row whose coins stand in an earlier row: it is shown, but enters no sum of observed
    balances.
    """

    address: ReserveAddress
    decimals: int
    observed: int | None
    grade: Grade
    source: str
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Observation:
    """What evidence says of one account and asset, in base units; ``source`` names the endpoints' hosts."""

    amount: int
    grade: Grade
    source: str


@dataclass(frozen=True, slots=True)
class ObservedPrice:
    """What an on-chain feed says one unit of ``symbol`` costs in ``quote``; ``as_of`` is when the feed was set."""

    symbol: str
    quote: str
    price: Amount
    source: str
    as_of: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Derivation:
    """From which beacon block root a hash was derived: ``checkpoint`` as 64 hex digits, and the block finalised after it."""

    checkpoint: str
    finalized_height: int
    slot: int
    signed: int
    members: int

    def told(self, number: Callable[[int], str] = str) -> str:
        """The light client's way in words, to follow the checkpoint; ``number`` writes heights and slots."""
        return (
            f"execution block {number(self.finalized_height)}, finalised in slot {number(self.slot)}, "
            f"signed by {self.signed} of {self.members} members of the sync committee"
        )


@dataclass(frozen=True, slots=True)
class OwnBlock:
    """A block hash of the auditor's own: typed, or derived from a typed checkpoint by the light client's check."""

    block_hash: str
    derivation: Derivation | None = None


OwnBlocks = Mapping[str, OwnBlock]
"""By CAIP-2 id: under these hashes state proofs need nobody's word."""


def typed_blocks(hashes: Iterable[tuple[str, str]]) -> OwnBlocks:
    """Hashes that were typed as they are."""
    return MappingProxyType({chain: OwnBlock(block_hash) for chain, block_hash in hashes})


@dataclass(frozen=True, slots=True)
class BlockOrigin:
    """The block that the evidence of one chain is of, and who names its hash.

    ``hash_from`` is the evidence's own word (``snapshot``, ``one-endpoint``, ``two-endpoints``, or empty), ``vouched``
    says in words why the hash needs nobody's word, or is empty; ``anchored`` that light-client data lead to it, and
    ``derivation`` how they did from the auditor's checkpoint.
    """

    chain: str
    height: str
    block_hash: str
    hash_from: str
    vouched: str
    anchored: bool = False
    derivation: Derivation | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSummary:
    """The evidence file in a line: who captured it, when, where from, of which blocks."""

    file_name: str
    payload_sha256: str
    captured_at: str
    captured_by: tuple[str, ...]
    endpoints: tuple[str, ...]
    pinned: bool
    blocks: tuple[BlockOrigin, ...] = ()


@dataclass(frozen=True, slots=True)
class ReserveResult:
    """Reserve addresses with their observations, ready for coverage.

    ``observations`` are all that the evidence holds for this snapshot's blocks, by account identity and asset
    symbol: protection funds look theirs up here. It is empty without evidence that may be relied on. ``prices`` are
    those of on-chain feeds in the evidence.
    """

    lines: tuple[AddressLine, ...]
    evidence: EvidenceSummary | None
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]
    observations: Mapping[tuple[str, str], Observation] = field(default_factory=lambda: MappingProxyType({}))
    prices: tuple[ObservedPrice, ...] = ()
