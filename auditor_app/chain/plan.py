"""What a capture will ask of whom, listed before anything is asked, and what it leaves out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.feeds import FeedQuestion
from auditor_app.chain.readers.model import Target
from auditor_app.chain.readers.table import accepted, kind_of
from auditor_app.chain.transactions import transaction_ids
from auditor_app.chain.wallets import WalletQuestion, wallet_questions
from auditor_app.errors import ChainError, SnapshotError, UsageError
from auditor_app.operation import CancelToken, Operation, Progress, run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import OwnershipRow, read_addresses, read_funds, read_ownership
from auditor_app.snapshot.statement import Asset, BlockReference

_ROWS_PER_PROGRESS = 512


@dataclass(frozen=True, slots=True)
class PlannedReading:
    """What will be asked of one host: ``accounts`` balances of ``asset`` at ``height``; ``token`` is ``None`` for coins.

    ``instead`` names what is asked where that is no balance.
    """

    origin: str
    chain: str
    height: int
    asset: str
    token: str | None
    accounts: int
    instead: str = ""

    def sentence(self) -> str:
        """One line for the list that is shown before any request is made."""
        if self.instead:
            return f"{self.origin}: {self.instead} at block {self.height}"
        of = "native balances" if self.token is None else f"balances of token {self.token}"
        return f"{self.origin}: {self.accounts} {of} ({self.asset}) on {self.chain} at block {self.height}"


@dataclass(frozen=True, slots=True)
class NotCaptured:
    """A row of the snapshot that this capture leaves out, and why."""

    account: str
    asset: str
    reason: str


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """Everything a capture will read, and everything it will not.

    ``wallets`` are contracts asked for their signatures, ``feeds`` for a price, ``sent`` ids of transactions, by chain.
    """

    endpoints: tuple[Endpoint, ...]
    targets: Mapping[str, tuple[Target, ...]]
    readings: tuple[PlannedReading, ...]
    left_out: tuple[NotCaptured, ...]
    wallets: Mapping[str, tuple[WalletQuestion, ...]] = field(default_factory=lambda: MappingProxyType({}))
    feeds: Mapping[str, tuple[FeedQuestion, ...]] = field(default_factory=lambda: MappingProxyType({}))
    sent: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def plan_capture(
    snapshot: AuthenticSnapshot,
    endpoints: Sequence[Endpoint],
    token: CancelToken,
    feeds: Sequence[FeedQuestion] = (),
) -> CapturePlan:
    """:func:`planning` to its end."""
    return run(planning(snapshot, endpoints, token, feeds))


def planning(
    snapshot: AuthenticSnapshot,
    endpoints: Sequence[Endpoint],
    token: CancelToken,
    feeds: Sequence[FeedQuestion] = (),
) -> Operation[CapturePlan]:
    """List what would be asked of each endpoint; :class:`UsageError` for one that nothing needs.

    ``feeds`` are price feeds that the auditor named; each needs an endpoint of its chain.
    """
    predicate = snapshot.statement.predicate
    by_chain: dict[str, list[Target]] = defaultdict(list)
    left_out: list[NotCaptured] = []
    served = {endpoint.chain for endpoint in endpoints}
    assets = {asset.symbol: asset for asset in predicate.assets}
    seen: set[tuple[str, str]] = set()
    rows = _claimed_rows(snapshot, token)
    for number, (text, symbol) in enumerate(rows):
        if number % _ROWS_PER_PROGRESS == 0:
            token.check()
            yield Progress(number, len(rows), "addresses", "Listing the requests")
        try:
            target = _target(text, assets.get(symbol), predicate.chains, served)
        except ValueError as reason:
            left_out.append(NotCaptured(text, symbol, str(reason)))
            continue
        if (key := (target.account.identity, symbol)) not in seen:
            seen.add(key)
            by_chain[target.account.chain].append(target)
    prices = _feeds_by_chain(feeds, served, predicate.chains)
    for chain in prices:
        by_chain[chain]  # a chain of which only a price is wanted
    for endpoint in endpoints:
        kind_of(endpoint)
        if endpoint.chain not in by_chain:
            raise UsageError(
                "USAGE",
                f"the snapshot claims nothing that can be read on {endpoint.chain}",
                action="Leave this endpoint out.",
            )
    proofs = _ownership(snapshot, token)
    wallets = {chain: asked for chain, asked in wallet_questions(proofs).items() if chain in by_chain}
    sent = {chain: asked for chain, asked in transaction_ids(proofs).items() if chain in by_chain}
    readings = (
        *_readings(endpoints, by_chain, predicate.chains),
        *_feed_readings(endpoints, prices, predicate.chains),
        *_sent_readings(endpoints, sent, predicate.chains),
    )
    targets = {chain: tuple(found) for chain, found in by_chain.items()}
    return CapturePlan(tuple(endpoints), targets, readings, tuple(left_out), wallets, prices, sent)


def plan_balances(snapshot: AuthenticSnapshot, endpoints: Sequence[Endpoint], token: CancelToken) -> CapturePlan:
    """The same with balances alone."""
    return balances_alone(plan_capture(snapshot, endpoints, token))


def balances_alone(plan: CapturePlan) -> CapturePlan:
    """What a look asks for that keeps no evidence."""
    readings = tuple(item for item in plan.readings if not item.instead)
    return CapturePlan(plan.endpoints, plan.targets, readings, plan.left_out)


def readable_chains(snapshot: AuthenticSnapshot, token: CancelToken) -> frozenset[str]:
    """The CAIP-2 ids on which a capture could read something that the snapshot claims."""
    predicate = snapshot.statement.predicate
    assets = {asset.symbol: asset for asset in predicate.assets}
    every = set(predicate.chains)
    found = set()
    for text, symbol in _claimed_rows(snapshot, token):
        try:
            found.add(_target(text, assets.get(symbol), predicate.chains, every).account.chain)
        except ValueError:
            continue  # the plan names it and says why
    return frozenset(found)


def _ownership(snapshot: AuthenticSnapshot, token: CancelToken) -> tuple[OwnershipRow, ...]:
    """The ownership list; one that breaks its grammar asks nothing."""
    reserves = snapshot.statement.predicate.reserves
    if reserves is None or reserves.ownership is None:
        return ()
    try:
        return tuple(read_ownership(snapshot.members.read(reserves.ownership, token), reserves.ownership))
    except SnapshotError:
        return ()  # the procedure over proofs of control reports it


def _claimed_rows(snapshot: AuthenticSnapshot, token: CancelToken) -> Sequence[tuple[str, str]]:
    """Account and asset of every reserve row and every on-chain fund account."""
    predicate = snapshot.statement.predicate
    rows: list[tuple[str, str]] = []
    if predicate.reserves is not None:
        member = predicate.reserves.addresses
        rows += [(row.account, row.asset) for row in read_addresses(snapshot.members.read(member, token), member)]
    if predicate.funds is not None:
        member = predicate.funds.member
        funds = read_funds(snapshot.members.read(member, token), member)
        rows += [(fund.account, fund.asset) for fund in funds if fund.custody == "on-chain"]
    return rows


def _target(text: str, asset: Asset | None, chains: Mapping[str, BlockReference], served: set[str]) -> Target:
    """What to read for a row; ``ValueError`` with the reason where it cannot be read."""
    try:
        account = decode_account(text)
    except ChainError as error:
        raise ValueError(error.what) from None
    if account.chain not in chains:
        raise ValueError("the snapshot names no block for this chain")
    if asset is None or not on_chain_ids(asset, account.chain):
        raise ValueError("the asset map does not place this asset on this chain")
    for asset_id in on_chain_ids(asset, account.chain):
        accepted(account, asset_id)
    if account.chain not in served:
        raise ValueError("no endpoint was given for this chain")
    return Target(account, text, asset)


def _feeds_by_chain(
    feeds: Sequence[FeedQuestion], served: set[str], chains: Mapping[str, BlockReference]
) -> dict[str, tuple[FeedQuestion, ...]]:
    """The feeds by chain; :class:`UsageError` for one that cannot be asked."""
    found: dict[str, tuple[FeedQuestion, ...]] = {}
    for feed in feeds:
        if feed.chain not in served or feed.chain not in chains:
            lacking = "no endpoint was given" if feed.chain in chains else "the snapshot names no block"
            raise UsageError("USAGE", f"{lacking} for {feed.chain}", action="Leave its price feed out.")
        found[feed.chain] = (*found.get(feed.chain, ()), feed)
    return found


def _feed_readings(
    endpoints: Iterable[Endpoint],
    feeds: Mapping[str, tuple[FeedQuestion, ...]],
    chains: Mapping[str, BlockReference],
) -> Iterable[PlannedReading]:
    """Price feeds are asked of every endpoint of a chain: the first one's answers are kept, the others' compared."""
    for endpoint in endpoints:
        height = int(chains[endpoint.chain].block_height)
        for feed in feeds.get(endpoint.chain, ()):
            pair = f"{feed.symbol}/{feed.quote}"
            yield PlannedReading(endpoint.origin, endpoint.chain, height, pair, feed.contract, 1, feed.sentence())


def _sent_readings(
    endpoints: Iterable[Endpoint], sent: Mapping[str, tuple[str, ...]], chains: Mapping[str, BlockReference]
) -> Iterable[PlannedReading]:
    """Transactions are asked of a chain's first endpoint, whichever block they stand in."""
    for endpoint in _first_of_chain(endpoints):
        height = int(chains[endpoint.chain].block_height)
        for txid in sent.get(endpoint.chain, ()):
            what = f"transaction 0x{txid} with its whole block on {endpoint.chain}, tied to the state"
            yield PlannedReading(endpoint.origin, endpoint.chain, height, "", None, 1, what)


def _first_of_chain(endpoints: Iterable[Endpoint]) -> Iterable[Endpoint]:
    seen: set[str] = set()
    for endpoint in endpoints:
        if endpoint.chain not in seen:
            seen.add(endpoint.chain)
            yield endpoint


def _readings(
    endpoints: Iterable[Endpoint], by_chain: Mapping[str, Sequence[Target]], chains: Mapping[str, BlockReference]
) -> Iterable[PlannedReading]:
    counted: dict[str, Mapping[tuple[str, str | None], int]] = {}
    for endpoint in endpoints:
        if endpoint.chain not in counted:
            counted[endpoint.chain] = _count(endpoint.chain, by_chain[endpoint.chain])
        counts = counted[endpoint.chain]
        height = int(chains[endpoint.chain].block_height)
        for (symbol, contract), number in counts.items():
            yield PlannedReading(endpoint.origin, endpoint.chain, height, symbol, contract, number)


def _count(chain: str, targets: Sequence[Target]) -> Mapping[tuple[str, str | None], int]:
    """How many balances of each asset and token: the same for every host of a chain."""
    counts: dict[tuple[str, str | None], int] = defaultdict(int)
    for target in targets:
        for asset_id in on_chain_ids(target.asset, chain):
            counts[target.asset.symbol, accepted(target.account, asset_id)] += 1
    return counts
