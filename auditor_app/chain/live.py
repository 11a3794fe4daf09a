"""The snapshot's addresses against the chain *now*: a look, not evidence. It never enters an audited figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor_app.amounts import floor_percent
from auditor_app.chain.accounts import decode_account
from auditor_app.chain.plan import CapturePlan
from auditor_app.chain.readers.model import LookReading, LookTask
from auditor_app.chain.readers.table import kind_of
from auditor_app.chain.transport import Limits
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import read_addresses
from auditor_app.snapshot.statement import Asset, SnapshotPredicate


@dataclass(frozen=True, slots=True)
class LiveLine:
    """One account at the newest block, beside its claim at the snapshot's block; base units."""

    account: str
    asset: str
    decimals: int
    claimed: int
    now: int

    @property
    def change(self) -> int:
        """Now less claimed."""
        return self.now - self.claimed


@dataclass(frozen=True, slots=True)
class LiveAsset:
    """One asset over the accounts that were read; ``complete`` is false where claimed rows were not read.

    ``rate_if_unchanged`` sets today's balances against the liabilities published in the snapshot, as if these had
    stood still; ``published_liabilities`` is ``None`` where a ledger that holds the asset publishes no total.
    """

    asset: str
    decimals: int
    claimed: int
    now: int
    published_liabilities: int | None
    complete: bool

    @property
    def rate_if_unchanged(self) -> str | None:
        """In percent, rounded down to four decimals; ``None`` if rows or totals are missing or nothing was owed."""
        if not self.complete or self.published_liabilities is None:
            return None
        return floor_percent(self.now, self.published_liabilities)


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What the endpoints say now.

    ``blocks`` are CAIP-2 id, height and hash of the newest blocks, and the endpoint (scheme and host) that answered for
    the chain; ``notes`` say what was not read, and why.
    """

    blocks: tuple[tuple[str, int, str, str], ...]
    lines: tuple[LiveLine, ...]
    assets: tuple[LiveAsset, ...]
    notes: tuple[str, ...] = ()


def claimed_units(snapshot: AuthenticSnapshot, token: CancelToken) -> dict[tuple[str, str], int]:
    """Claimed base units by account text and asset; an account that is listed twice, in any spelling, once."""
    reserves = snapshot.statement.predicate.reserves
    if reserves is None:
        return {}
    claims: dict[tuple[str, str], int] = {}
    known: set[tuple[str, str]] = set()
    for row in read_addresses(snapshot.members.read(reserves.addresses, token), reserves.addresses):
        key = (_identity(row.account), row.asset)
        if key not in known:
            known.add(key)
            claims[row.account, row.asset] = row.claimed
    return claims


def look_now(
    predicate: SnapshotPredicate,
    plan: CapturePlan,
    claims: Mapping[tuple[str, str], int],
    token: CancelToken,
    limits: Limits | None = None,
) -> Operation[LiveResult]:
    """Read every reserve row of the plan at each chain's newest block, from the chain's first endpoint that answers.

    ``claims`` are claimed base units by account text and asset symbol. :class:`ChainError` if no endpoint answers.
    """
    readings: dict[str, LookReading] = {}
    origins: dict[str, str] = {}
    failures: list[tuple[str, ChainError]] = []
    for endpoint in plan.endpoints:
        targets = tuple(item for item in plan.targets[endpoint.chain] if (item.text, item.asset.symbol) in claims)
        if not targets or endpoint.chain in readings:
            continue
        try:
            readings[endpoint.chain] = yield from kind_of(endpoint).look(LookTask(endpoint, targets, token, limits))
            origins[endpoint.chain] = endpoint.origin
        except ChainError as error:
            failures.append((endpoint.chain, error))
    if failures and not readings:
        raise failures[0][1]
    assets = {asset.symbol: asset for asset in predicate.assets}
    lines = [
        LiveLine(row.account, row.asset, assets[row.asset].decimals, claims[row.account, row.asset], row.amount)
        for reading in readings.values()
        for row in reading.rows
    ]
    summed = tuple(_sum(asset, lines, claims, predicate) for asset in predicate.assets)
    notes = [
        f"{error.what}; {'the next endpoint was asked' if chain in readings else 'nothing was read on ' + chain}"
        for chain, error in failures
    ] + [note for reading in readings.values() for note in reading.notes]
    return LiveResult(
        tuple((chain, seen.height, seen.block_hash, origins[chain]) for chain, seen in readings.items()),
        tuple(lines),
        tuple(item for item in summed if item is not None),
        tuple(notes),
    )


def _identity(account: str) -> str:
    """The account in one spelling; the text itself where it cannot be decoded."""
    try:
        return decode_account(account).identity
    except ChainError:
        return account


def _sum(
    asset: Asset, lines: Sequence[LiveLine], claims: Mapping[tuple[str, str], int], predicate: SnapshotPredicate
) -> LiveAsset | None:
    own = [line for line in lines if line.asset == asset.symbol]
    if not own:
        return None
    claimed_rows = sum(symbol == asset.symbol for _, symbol in claims)
    return LiveAsset(
        asset.symbol,
        asset.decimals,
        sum(line.claimed for line in own),
        sum(line.now for line in own),
        _owed(asset.symbol, predicate),
        complete=len(own) == claimed_rows,
    )


def _owed(symbol: str, predicate: SnapshotPredicate) -> int | None:
    """The published totals of every ledger that holds the asset, in base units; ``None`` if one publishes none."""
    owed = 0
    for ledger in predicate.ledgers:
        if symbol in ledger.totals:
            owed += int(ledger.totals[symbol])
        elif symbol in {column.name for column in ledger.columns}:
            return None
    return owed
