"""What every reader is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from auditor_app.chain.accounts import Account
from auditor_app.chain.anchor import LightClientData
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.feeds import FeedQuestion, FeedReading
from auditor_app.chain.partial import PartialCapture
from auditor_app.chain.transport import Limits, OnExchange
from auditor_app.chain.wallets import WalletQuestion
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.statement import Asset, EvidenceBlock


@dataclass(frozen=True, slots=True)
class Target:
    """One balance to observe: the account as the snapshot writes it, and the asset it is claimed under."""

    account: Account
    text: str
    asset: Asset


@dataclass(frozen=True, slots=True)
class Supplements:
    """What a capture may be given besides endpoints.

    ``light_client`` is beacon data by chain, kept in the file with the proof that leads from its finalised block to the
    snapshot's; ``partial`` keeps balances as they arrive, so that an interrupted capture can go on;
    ``keep_exchanges`` puts raw requests and replies into the file.
    """

    light_client: Mapping[str, LightClientData] = field(default_factory=lambda: MappingProxyType({}))
    partial: PartialCapture | None = None
    limits: Limits | None = None
    keep_exchanges: bool = True


NO_SUPPLEMENTS = Supplements()


@dataclass(frozen=True, slots=True)
class HeaderChain:
    """Consecutive 80-byte headers of a UTXO chain from ``first_height`` to the snapshot's block."""

    first_height: int
    headers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """One endpoint's share of a capture: the block that the snapshot names, and the balances wanted at it.

    ``first`` is true for a chain's first endpoint, which is asked for state proofs; ``headers`` are those that an
    earlier endpoint of the same chain gave, ``told`` what it told of price feeds.
    """

    endpoint: Endpoint
    height: int
    block_hash: str | None
    targets: tuple[Target, ...]
    first: bool
    token: CancelToken
    supplements: Supplements = NO_SUPPLEMENTS
    headers: HeaderChain | None = None
    wallets: tuple[WalletQuestion, ...] = ()
    feeds: tuple[FeedQuestion, ...] = ()
    sent: tuple[str, ...] = ()
    told: tuple[FeedReading, ...] = ()
    on_exchange: OnExchange | None = None

    @property
    def chain(self) -> str:
        """The CAIP-2 id."""
        return self.endpoint.chain

    def block(self, found_hash: str) -> EvidenceBlock:
        """The block for the evidence file; its hash comes from the snapshot, or from this endpoint alone."""
        hash_from = "snapshot" if self.block_hash is not None else "one-endpoint"
        return EvidenceBlock(block_height=str(self.height), block_hash=found_hash, hash_from=hash_from)


@dataclass(frozen=True, slots=True)
class ChainReading:
    """What one endpoint gave; ``members`` support it in the file, ``proven`` says that they are state proofs."""

    endpoint: Endpoint
    block: EvidenceBlock
    rows: tuple[BalanceRow, ...]
    method: str
    requests: int
    members: tuple[ProofMember, ...] = ()
    notes: tuple[str, ...] = ()
    proven: bool = False
    headers: HeaderChain | None = None


Reader = Callable[[ReadingTask], Operation[ChainReading]]
"""Every balance of the task from its endpoint; :class:`ChainError` if it cannot give one of them."""


@dataclass(frozen=True, slots=True)
class LookTask:
    """Balances wanted of one endpoint as they are now: a look, not evidence."""

    endpoint: Endpoint
    targets: tuple[Target, ...]
    token: CancelToken
    limits: Limits | None = None

    def at(self, height: int) -> ReadingTask:
        """The same balances at a block that the endpoint itself named as its newest."""
        supplements = Supplements(limits=self.limits, keep_exchanges=False)
        return ReadingTask(
            self.endpoint, height, None, self.targets, first=False, token=self.token, supplements=supplements
        )


@dataclass(frozen=True, slots=True)
class LookReading:
    """What one endpoint says now: its newest block, the balances, and in words which it could not tell."""

    height: int
    block_hash: str
    rows: tuple[BalanceRow, ...]
    notes: tuple[str, ...] = ()


Looker = Callable[[LookTask], Operation[LookReading]]
"""Every balance of the task at the endpoint's newest block; :class:`ChainError` if it cannot give one of them."""

Accepts = Callable[[Account, str], str | None]
"""The token (``None``: the chain's own coin) that a CAIP-19 id names; ``ValueError`` where it cannot be read."""


def differs(origin: str, what: str, expected: str, observed: str) -> ChainError:
    """The endpoint is of another chain or block than the snapshot."""
    return ChainError(
        "CHAIN.ENDPOINT",
        f"the endpoint {origin} cannot be used: {what}",
        expected=expected,
        observed=observed,
        action="Compare with a second endpoint; if both agree, ask the issuer.",
    )


def reference_of(asset_id: str) -> tuple[str, str]:
    """Kind (such as ``slip44``) and reference of a CAIP-19 id."""
    kind, _, reference = asset_id.partition("/")[2].partition(":")
    return kind, reference
