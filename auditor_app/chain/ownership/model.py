"""Rows as published, claims ready to be checked, and what checking yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from auditor_app.amounts import Amount
from auditor_app.chain.address.model import Address, Network
from auditor_app.errors import NOWHERE, Location
from auditor_app.findings import Finding, Limitation


class Outcome(StrEnum):
    """What was found about one row's proof of control.

    ``UNSIGNED`` also stands where a proof was supplied that no signature check alone can decide (EIP-1271, a
    transaction id): the line's ``note`` says so and it never counts as valid.
    """

    VALID = "valid"
    INVALID = "invalid"
    UNSIGNED = "unsigned"
    UNDECODABLE = "undecodable"


class Binds(StrEnum):
    """What a valid signature is bound to: the address itself, owners the list names, a bare key, or nothing."""

    ADDRESS = "address"
    OWNER = "owner"
    KEY = "key"
    NOTHING = "nothing"


class Freshness(StrEnum):
    """Whether the message could have been signed long ago.

    ``FRESH`` holds the auditor's challenge or a date within seven days of the instant; ``DATED`` another date;
    ``REPLAYABLE`` neither.
    """

    FRESH = "fresh"
    DATED = "dated"
    REPLAYABLE = "replayable"


@dataclass(frozen=True, slots=True)
class Prevout:
    """An output that a proof of funds spends: outpoint, value in base units, output script."""

    transaction: str
    index: int
    value: int
    script: bytes


@dataclass(frozen=True, slots=True)
class OwnershipRow:
    """One row as published.

    ``labels`` name the chain in the publisher's words, or ``chain`` is a CAIP-2 id. ``amount`` is in units of the
    asset, ``None`` where the row states none. ``method`` is empty where the list names none: every method of the
    chain is then tried. ``public_key`` holds a key or a script, as the lists do.
    """

    asset: str
    account: str
    address: str
    amount: Amount | None
    message: str
    signatures: tuple[str, ...]
    labels: tuple[str, ...] = ()
    chain: str = ""
    method: str = ""
    public_key: str = ""
    owners: tuple[str, ...] = ()
    prevouts: tuple[Prevout, ...] = ()
    at: Location = NOWHERE


class ContractsUnknown(Exception):
    """What a contract answers is not known here; the message is a clause."""


class Contracts(Protocol):
    """Contracts at a block, as far as somebody proves what they answer."""

    def call(self, chain: str, contract: bytes, data: bytes) -> bytes:
        """What ``contract`` on a CAIP-2 chain answers to ``data``; :class:`ContractsUnknown` where nobody knows."""
        ...

    def vouched(self, chain: str) -> str:
        """The block, and who says that it is one of the chain, as a phrase."""
        ...

    def limitations(self) -> tuple[Limitation, ...]:
        """What could not be asked so far for a reason that is not the contracts'."""
        ...


class TransactionsUnknown(Exception):
    """What a transaction did is not known here; the message is a clause."""


class NotSent(Exception):
    """The transaction is known and was not the account's own; the message is a clause."""


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """What an account sent in a transaction: by asset symbol every amount that left or was paid, in units.

    ``texts`` are free data that the transaction carries; ``vouched`` is the block, and who says that it is one of the
    chain, as a phrase.
    """

    height: int
    time: datetime
    amounts: Mapping[str, tuple[Amount, ...]]
    texts: tuple[bytes, ...]
    vouched: str


class Transactions(Protocol):
    """Transactions, as far as somebody shows that they stand in a block."""

    def sent(self, account: str, txid: str) -> SentTransaction:
        """What a CAIP-10 account sent in the transaction with this id (64 lower-case hex digits).

        :class:`TransactionsUnknown` where nobody knows, :class:`NotSent` where it sent nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Occasion:
    """When something was done on chain, the free data that were written with it, and the amount that was named for it."""

    time: datetime
    texts: tuple[bytes, ...]
    amount: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A row whose address was decoded (``None``: the row names a key only), ready for the methods.

    ``chain`` is the row's CAIP-2 id, if it has one; ``contracts`` answers for contract wallets and
    ``transactions`` for what was sent, where evidence has them.
    """

    network: Network
    address: Address | None
    message: str
    signatures: tuple[str, ...]
    public_key: str = ""
    owners: tuple[str, ...] = ()
    prevouts: tuple[Prevout, ...] = ()
    chain: str = ""
    contracts: Contracts | None = None
    transactions: Transactions | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A method that fits: the exact scheme, what it binds, and a remark for the reader.

    ``occasion`` dates what was done on chain: there the message was never signed and says nothing of its time.
    """

    scheme: str
    binds: Binds
    note: str = ""
    occasion: Occasion | None = None


@dataclass(frozen=True, slots=True)
class NotDecided:
    """The method cannot be decided from the row alone; ``reason`` says what it needs."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The method was tried and does not fit; ``reason`` says why where that helps, as a clause.

    ``foreign`` is set where what the row holds is not even of the method's form: a reason only if it was asked for.
    """

    reason: str = ""
    foreign: bool = False


Verdict = Match | NotDecided | NoMatch


@dataclass(frozen=True, slots=True)
class OwnershipLine:
    """One row with what was found; ``seen_before`` names where the same signature stood earlier, or is empty.

    ``occasion`` is what was done on chain, where that is the proof. ``network`` is the key of the chain whose rules were used; ``identity`` is equal for every spelling of an account; ``method`` the method that matched (or was named).
    """

    row: OwnershipRow
    network: str
    identity: str
    method: str
    scheme: str
    outcome: Outcome
    binds: Binds
    freshness: Freshness
    seen_before: str
    typo_risk: bool
    note: str
    occasion: Occasion | None = None

    @property
    def stale(self) -> bool:
        """A valid proof that does not show control near the instant."""
        return self.outcome is Outcome.VALID and self.freshness is not Freshness.FRESH

    @property
    def undecided(self) -> bool:
        """A proof was supplied that could not be decided here; ``note`` says what it needs."""
        return self.outcome is Outcome.UNSIGNED and bool(self.note)


@dataclass(frozen=True, slots=True)
class ValueShare:
    """One asset's published amounts by proof, in units: with a fresh, a stale, an indirect, or no valid proof.

    ``fresh`` and ``stale`` are bound to the address itself; ``indirect`` is valid but bound to a key or an owner
    only. The four add up to ``total``; every amount counts once.
    """

    asset: str
    rows: int
    total: Amount
    fresh: Amount
    stale: Amount
    indirect: Amount
    none: Amount

    @property
    def valid(self) -> Amount:
        """Everything with a valid signature, whatever it binds and however old."""
        return self.fresh + self.stale + self.indirect


@dataclass(frozen=True, slots=True)
class OwnershipResult:
    """Every row with its outcome, shares of value per asset, findings and limitations."""

    lines: tuple[OwnershipLine, ...]
    shares: tuple[ValueShare, ...]
    challenge: str | None
    as_of: str | None
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]

    def counts(self) -> Mapping[Outcome, int]:
        """How many rows have each outcome; every outcome is present."""
        return {outcome: sum(line.outcome is outcome for line in self.lines) for outcome in Outcome}
