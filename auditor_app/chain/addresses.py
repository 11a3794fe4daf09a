"""What can be said of the list of reserve addresses before anything is observed.

Looks for accounts that cannot be decoded, coins counted twice in any spelling or under two symbols, wrapped forms
beside the coins behind them, sums that are not the claimed totals, and chains named without a block hash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor_app.amounts import Amount
from auditor_app.chain.accounts import Account, asset_identity, decode_account
from auditor_app.chain.names import chain_name, native_coin, one_chain
from auditor_app.chain.observed import ReserveAddress
from auditor_app.counts import counted
from auditor_app.errors import ChainError, Location
from auditor_app.findings import Finding, finding, from_error
from auditor_app.snapshot.statement import Asset, SnapshotPredicate

_PROCEDURE = "addresses"
_NAMED_EXAMPLES = 3

Coin = tuple[str, str]
"""An account's identity and a CAIP-19 asset identity: the same pair is the same coins."""


@dataclass(frozen=True, slots=True)
class InspectedAddress:
    """One row as read, its decoded account (``None`` if undecodable), asset (``None`` if unknown), and whether it counts."""

    address: ReserveAddress
    account: Account | None
    asset: Asset | None
    repeated: bool

    @property
    def decimals(self) -> int:
        """Decimals of its asset, 0 for an unknown asset."""
        return 0 if self.asset is None else self.asset.decimals

    @property
    def counted(self) -> bool:
        """Whether its balance may enter a sum: decodable, of a known asset, and not counted before."""
        return self.account is not None and self.asset is not None and not self.repeated

    @property
    def key(self) -> Coin:
        """Account identity (the text as written where it cannot be decoded) and asset symbol."""
        return (self.address.account if self.account is None else self.account.identity, self.address.asset)


def inspect_addresses(
    predicate: SnapshotPredicate, rows: Sequence[ReserveAddress], member: str
) -> tuple[tuple[InspectedAddress, ...], tuple[Finding, ...]]:
    """Each row inspected, and the findings about the list as a whole; ``member`` names the file in messages."""
    assets = {asset.symbol: asset for asset in predicate.assets}
    findings: list[Finding] = []
    seen: dict[Coin, int] = {}
    inspected = []
    for number, row in enumerate(rows, start=2):
        at = Location(member, row=number)
        account = _decode(row.account, at, findings)
        asset = assets.get(row.asset)
        if asset is None or (account is not None and not on_chain_ids(asset, account.chain)):
            findings.append(_unknown_asset(row, asset, at))
            asset = None
        coins = coins_of(account, asset, row)
        first = min((seen[coin] for coin in coins if coin in seen), default=None)
        if first is not None:
            findings.append(_repeated(row, first, at))
        for coin in coins:
            seen.setdefault(coin, number)
        inspected.append(InspectedAddress(row, account, asset, repeated=first is not None))
    findings += _claimed_totals(predicate, rows, assets)
    findings += _wrapped(predicate.assets, rows)
    findings += _native_coins(item for item in inspected if item.counted)
    findings += _of_nothing(rows)
    findings += unpinned_blocks(predicate, (item.account.chain for item in inspected if item.account is not None))
    findings += _spelling(item.account for item in inspected if item.account is not None)
    return tuple(inspected), tuple(findings)


def on_chain_ids(asset: Asset, chain: str) -> tuple[str, ...]:
    """The CAIP-19 ids of an asset on one CAIP-2 chain, one for each token or coin however often the map spells it."""
    found = (item for item in asset.on_chain if item.startswith(chain + "/"))
    return tuple({asset_identity(item): item for item in found}.values())


def coins_of(account: Account | None, asset: Asset | None, row: ReserveAddress) -> frozenset[Coin]:
    """The coins that a row speaks of; an undecodable or unknown one is compared as it is written."""
    who = row.account.lower() if account is None else account.identity
    if account is None or asset is None:
        return frozenset({(who, row.asset)})
    prefix, chain = account.chain, one_chain(account.chain)
    return frozenset(
        (chain + who.removeprefix(prefix), chain + asset_identity(item).removeprefix(prefix))
        for item in on_chain_ids(asset, prefix)
    )


def unpinned_blocks(predicate: SnapshotPredicate, chains: Iterable[str]) -> list[Finding]:
    """CHAIN.UNPINNED_BLOCK for each chain without a block hash: a height alone fits any fork."""
    findings = []
    for chain in sorted({*chains, *predicate.chains}):
        block = predicate.chains.get(chain)
        if block is None or block.block_hash is None:
            findings.append(
                finding(
                    "CHAIN.UNPINNED_BLOCK",
                    procedure=_PROCEDURE,
                    subject=f"chain {chain}",
                    message="The snapshot names no block for this chain."
                    if block is None
                    else f"The snapshot names block {block.block_height} without its hash.",
                    expected="height and block hash",
                    observed="nothing" if block is None else f"height {block.block_height}",
                )
            )
    return findings


def _decode(text: str, at: Location, findings: list[Finding]) -> Account | None:
    try:
        return decode_account(text)
    except ChainError as error:
        error.at = at
        findings.append(from_error(error, procedure=_PROCEDURE, subject=f"account {text[:140]}"))
        return None


def _unknown_asset(row: ReserveAddress, asset: Asset | None, at: Location) -> Finding:
    missing = "is not in the asset map" if asset is None else f"has no on-chain id on {row.chain} in the asset map"
    return finding(
        "ASSET.UNKNOWN",
        procedure=_PROCEDURE,
        subject=f"account {row.account}, asset {row.asset}",
        message=f"The asset {row.asset} {missing}, so its coins cannot be identified.",
        at=at,
    )


def _repeated(row: ReserveAddress, first: int, at: Location) -> Finding:
    return finding(
        "ADDRESS.DUPLICATE",
        procedure=_PROCEDURE,
        subject=f"account {row.account}, asset {row.asset}",
        message=f"Row {at.row} names the same coins as row {first}; the row was counted once.",
        expected="each account and asset once",
        observed=f"rows {first} and {at.row}",
        at=at,
    )


def _claimed_totals(
    predicate: SnapshotPredicate, rows: Iterable[ReserveAddress], assets: Mapping[str, Asset]
) -> list[Finding]:
    """Sums of all rows as written against the totals in the statement."""
    claimed = {} if predicate.reserves is None else predicate.reserves.claimed_totals
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        sums[row.asset] += row.claimed
    findings = []
    for symbol in sorted({*claimed, *sums}):
        stated, summed = claimed.get(symbol), sums.get(symbol, 0)
        if stated is not None and int(stated) == summed:
            continue
        decimals = assets[symbol].decimals if symbol in assets else 0
        findings.append(
            finding(
                "CLAIM.TOTAL",
                procedure=_PROCEDURE,
                subject=f"asset {symbol}",
                message="The claimed total was compared with the sum of the addresses and differs."
                if stated is not None
                else "Addresses hold this asset, but the statement claims no total for it.",
                expected="no claimed total" if stated is None else f"{Amount(int(stated), decimals).fixed()} {symbol}",
                observed=f"{Amount(summed, decimals).fixed()} {symbol}",
            )
        )
    return findings


def _wrapped(assets: Iterable[Asset], rows: Iterable[ReserveAddress]) -> list[Finding]:
    """A form that ``backs`` marks as wrapped, claimed beside what it is redeemable in, at however many removes (RS-02)."""
    claimed = {row.asset for row in rows if row.claimed}
    backing = {asset.symbol: asset.backs for asset in assets}
    return [
        finding(
            "ASSET.WRAPPED_DOUBLE_COUNT",
            procedure=_PROCEDURE,
            subject=f"assets {symbol} and {behind}",
            message=f"{symbol} is declared to be backed by {behind} and both are claimed as reserves: "
            "the coins behind the wrapped form can be counted twice.",
            expected="one of the two forms, or a list of the backing accounts apart from the reserves",
            observed="both forms claimed",
        )
        for symbol in backing
        for behind in _behind(symbol, backing)
        if {symbol, behind} <= claimed
    ]


def _behind(symbol: str, backing: Mapping[str, str | None]) -> list[str]:
    """What a form is backed by, and what that is backed by, and so on; each once, never the form itself."""
    found: list[str] = []
    behind = backing.get(symbol)
    while behind is not None and behind != symbol and behind not in found:
        found.append(behind)
        behind = backing.get(behind)
    return found


def _native_coins(items: Iterable[InspectedAddress]) -> list[Finding]:
    """Assets that the map places on a chain's own coin although that coin has another name: BTC on Ethereum's ether."""
    found: dict[tuple[str, str], str] = {}
    for item in items:
        if item.account is None or item.asset is None:
            continue
        chain, names = item.account.chain, native_coin(item.account.chain)
        own = next((text for text in on_chain_ids(item.asset, chain) if "/slip44:" in text), None)
        if own is not None and names and item.asset.symbol.upper() not in names:
            found.setdefault((item.asset.symbol, chain), own)
    return [
        finding(
            "ASSET.NATIVE_COIN",
            procedure=_PROCEDURE,
            subject=f"asset {symbol} on {chain_name(chain)}",
            message=f"The asset map places {symbol} on the coin of {chain} itself, which goes by another name: "
            "its balances are those of that coin.",
            expected=" or ".join(native_coin(chain)),
            observed=f"{symbol} as {own}",
        )
        for (symbol, chain), own in sorted(found.items())
    ]


def _of_nothing(rows: Iterable[ReserveAddress]) -> list[Finding]:
    """Addresses that are listed as reserves with a balance of zero: they lengthen a list and back nothing."""
    empty = [row for row in rows if not row.claimed]
    if not empty:
        return []
    named = ", ".join(f"{row.account} {row.asset}" for row in empty[:_NAMED_EXAMPLES])
    return [
        finding(
            "RESERVE.ZERO",
            procedure=_PROCEDURE,
            subject="reserves",
            message=f"{counted(len(empty), 'row lists', 'rows list')} an address as a reserve with a balance of zero.",
            expected="addresses that hold something",
            observed=named + (" …" if len(empty) > _NAMED_EXAMPLES else ""),
        )
    ]


def _spelling(accounts: Iterable[Account]) -> list[Finding]:
    """One warning per chain for addresses in which a typing error would go unnoticed."""
    weak: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for account in accounts:
        if not account.known_form:
            weak["ADDRESS.UNKNOWN_FORM", account.chain].append(account.address)
        elif not account.checksummed:
            weak["ADDRESS.NO_CHECKSUM", account.chain].append(account.address)
    reasons = {
        "ADDRESS.UNKNOWN_FORM": ("could not be inspected for form, because the chain's address form is not known",) * 2,
        "ADDRESS.NO_CHECKSUM": ("carries no checksum in the spelling used", "carry no checksum in the spelling used"),
    }
    return [
        finding(
            code,
            procedure=_PROCEDURE,
            subject=f"chain {chain}",
            message=f"{counted(len(found), 'address', 'addresses')} {reasons[code][len(found) > 1]}.",
            observed=", ".join(found[:_NAMED_EXAMPLES]) + (" …" if len(found) > _NAMED_EXAMPLES else ""),
        )
        for (code, chain), found in sorted(weak.items())
    ]
