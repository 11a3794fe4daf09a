"""The snapshot's addresses against the chain *now*: a look, not evidence. It never enters an audited figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor_app.amounts import floor_percent
from auditor_app.chain.plan import CapturePlan
from auditor_app.chain.rpc import JsonRpc, Limits
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
    stood still.
    """

    asset: str
    decimals: int
    claimed: int
    now: int
    published_liabilities: int
    complete: bool

    @property
    def rate_if_unchanged(self) -> str | None:
        """In percent, rounded down to four decimals; ``None`` if rows are missing or nothing was owed."""
        return floor_percent(self.now, self.published_liabilities) if self.complete else None


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What the endpoints say now; ``blocks`` are CAIP-2 id, height and hash of the newest blocks."""

    blocks: tuple[tuple[str, int, str], ...]
    lines: tuple[LiveLine, ...]
    assets: tuple[LiveAsset, ...]


def claimed_units(snapshot: AuthenticSnapshot, token: CancelToken) -> dict[tuple[str, str], int]:
    """Claimed base units by account text and asset; a repeated row once."""
    reserves = snapshot.statement.predicate.reserves
    if reserves is None:
        return {}
    rows = read_addresses(snapshot.members.read(reserves.addresses, token), reserves.addresses)
    return {(row.account, row.asset): row.claimed for row in rows}


def look_now(
    predicate: SnapshotPredicate,
    plan: CapturePlan,
    claims: Mapping[tuple[str, str], int],
    token: CancelToken,
    limits: Limits | None = None,
) -> Operation[LiveResult]:
    """Read every reserve row of the plan at each chain's newest block, from the chain's first endpoint.

    ``claims`` are claimed base units by account text and asset symbol. :class:`ChainError` if an endpoint fails.
    """
    from auditor_app.chain.evm import open_block, quantity
    from auditor_app.chain.readers.evm import read_assets

    blocks: dict[str, tuple[int, str]] = {}
    lines: list[LiveLine] = []
    assets = {asset.symbol: asset for asset in predicate.assets}
    for endpoint in plan.endpoints:
        if endpoint.chain in blocks:
            continue
        with JsonRpc(endpoint, token, limits) as rpc:
            height = quantity(rpc.call("eth_blockNumber", []), "the block number", endpoint.origin)
            reader = open_block(rpc, int(endpoint.chain.partition(":")[2]), height, None)
            reader.prepare()
            rows, _ = yield from read_assets(reader, plan.targets[endpoint.chain], None)
        blocks[endpoint.chain] = (height, reader.block.hash)
        lines += [
            LiveLine(row.account, row.asset, assets[row.asset].decimals, claims[row.account, row.asset], row.amount)
            for row in rows
            if (row.account, row.asset) in claims
        ]
    summed = tuple(_sum(asset, lines, claims, predicate) for asset in predicate.assets)
    return LiveResult(
        tuple((chain, height, digest) for chain, (height, digest) in blocks.items()),
        tuple(lines),
        tuple(item for item in summed if item is not None),
    )


def _sum(
    asset: Asset, lines: Sequence[LiveLine], claims: Mapping[tuple[str, str], int], predicate: SnapshotPredicate
) -> LiveAsset | None:
    own = [line for line in lines if line.asset == asset.symbol]
    if not own:
        return None
    owed = sum(int(ledger.totals.get(asset.symbol, "0")) for ledger in predicate.ledgers)
    claimed_rows = sum(symbol == asset.symbol for _, symbol in claims)
    return LiveAsset(
        asset.symbol,
        asset.decimals,
        sum(line.claimed for line in own),
        sum(line.now for line in own),
        owed,
        complete=len(own) == claimed_rows,
    )
