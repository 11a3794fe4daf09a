"""Protection funds: a guardian fund or an insurance fund against its promised target, never inside a coverage rate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.amounts import Amount, floor_percent
from auditor_app.chain.accounts import Account, decode_account
from auditor_app.chain.addresses import Coin, coins_of, on_chain_ids
from auditor_app.chain.evidence import account_identity
from auditor_app.chain.observed import Grade, ReserveAddress, ReserveResult
from auditor_app.coverage.lines import FundLine, FundPrice, FundTotal
from auditor_app.coverage.valuation import PriceList, exact_or_down
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.findings import Finding, finding, from_error
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import FundRow, read_funds
from auditor_app.snapshot.statement import Asset, SnapshotPredicate

_PROCEDURE = "funds"
_LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class FundResult:
    """Fund accounts, funds against their targets, and what was found."""

    lines: tuple[FundLine, ...]
    totals: tuple[FundTotal, ...]
    findings: tuple[Finding, ...]


def protection_funds(snapshot: AuthenticSnapshot, reserves: ReserveResult, token: CancelToken) -> FundResult:
    """Read ``funds.csv`` and set each fund against its target; empty where the snapshot declares no funds."""
    predicate = snapshot.statement.predicate
    if predicate.funds is None:
        return FundResult((), (), ())
    member = predicate.funds.member
    data = snapshot.members.read(member, token)
    try:
        rows = tuple(read_funds(data, member))
    except AuditError as error:
        return FundResult((), (), (from_error(error, procedure=_PROCEDURE, subject=member),))
    findings: list[Finding] = []
    accounts = frozenset(account_identity(line.address.account) for line in reserves.lines)
    sheet = _Sheet(predicate, reserves, accounts, _reserve_coins(predicate, reserves), findings)
    lines = tuple(_line(row, Location(member, row=number), sheet) for number, row in enumerate(rows, start=2))
    names = dict.fromkeys((line.name, line.kind) for line in lines)
    prices = PriceList(predicate, reserves.prices)
    totals = tuple(
        _total([line for line in lines if (line.name, line.kind) == name], prices, findings) for name in names
    )
    return FundResult(lines, totals, tuple(findings))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What the rows of one funds table are compared with; ``used`` and ``findings`` grow row by row."""

    predicate: SnapshotPredicate
    reserves: ReserveResult
    reserve_accounts: frozenset[str]
    used: dict[Coin, str]
    findings: list[Finding]

    def asset(self, symbol: str) -> Asset | None:
        return next((item for item in self.predicate.assets if item.symbol == symbol), None)


def _reserve_coins(predicate: SnapshotPredicate, reserves: ReserveResult) -> dict[Coin, str]:
    """Coins already claimed as reserves, each with the words that name its row."""
    assets = {asset.symbol: asset for asset in predicate.assets}
    used: dict[Coin, str] = {}
    for line in reserves.lines:
        row = line.address
        for coin in coins_of(_account(row.account), assets.get(row.asset), row):
            used[coin] = "the reserve addresses"
    return used


def _account(text: str) -> Account | None:
    try:
        return decode_account(text)
    except ChainError:
        return None


def _line(row: FundRow, at: Location, sheet: _Sheet) -> FundLine:
    """One fund account with what was observed of it."""
    asset = sheet.asset(row.asset)
    decimals = 0 if asset is None else asset.decimals
    observed: int | None = None
    grade = Grade.CLAIMED
    subject = f"fund {row.name}, account {row.account}" if row.account else f"fund {row.name}"
    if row.custody == _LEDGER:
        sheet.findings.append(
            finding(
                "FUND.CLAIM_ONLY",
                procedure=_PROCEDURE,
                subject=subject,
                message="The fund is an entry in the issuer's own ledger; its balance is a claim.",
                at=at,
            )
        )
    else:
        counted = _inspect(row, asset, at, sheet)
        seen = sheet.reserves.observations.get((account_identity(row.account), row.asset))
        if seen is None:
            sheet.findings.append(_unobserved(row, subject, decimals, at))
        elif counted:
            observed, grade = seen.amount, seen.grade
            if observed != row.claimed:
                sheet.findings.append(_mismatch(row, observed, subject, decimals, at))
    return FundLine(
        row.name,
        row.kind,
        row.custody,
        row.account,
        row.asset,
        decimals,
        row.claimed,
        observed,
        row.target,
        row.target_unit,
        grade.value,
    )


def _inspect(row: FundRow, asset: Asset | None, at: Location, sheet: _Sheet) -> bool:
    """Address checks of an on-chain fund account; whether its coins may be counted here."""
    subject = f"fund {row.name}, account {row.account}"
    try:
        account = decode_account(row.account)
    except ChainError as error:
        error.at = at
        sheet.findings.append(from_error(error, procedure=_PROCEDURE, subject=subject))
        return False
    if asset is None or not on_chain_ids(asset, account.chain):
        sheet.findings.append(
            finding(
                "ASSET.UNKNOWN",
                procedure=_PROCEDURE,
                subject=subject,
                message=f"The asset map does not place {row.asset} on {account.chain}.",
                at=at,
            )
        )
        return False
    coins = coins_of(account, asset, ReserveAddress(row.account, row.asset, row.claimed, "reserve"))
    earlier = next((sheet.used[coin] for coin in coins if coin in sheet.used), None)
    for coin in coins:
        sheet.used.setdefault(coin, f"row {at.row} of the funds")
    if earlier is not None:
        sheet.findings.append(
            finding(
                "ADDRESS.DUPLICATE",
                procedure=_PROCEDURE,
                subject=subject,
                message=f"The same coins stand in {earlier}; they were not counted again for the fund.",
                expected="a fund apart from the reserves",
                at=at,
            )
        )
    elif account.identity in sheet.reserve_accounts:
        sheet.findings.append(
            finding(
                "FUND.SHARED_ADDRESS",
                procedure=_PROCEDURE,
                subject=subject,
                message="The fund's address holds reserves of other assets too: one key moves both.",
                expected="an address of the fund's own",
                at=at,
            )
        )
    return earlier is None


def _unobserved(row: FundRow, subject: str, decimals: int, at: Location) -> Finding:
    return finding(
        "FUND.UNOBSERVED",
        procedure=_PROCEDURE,
        subject=subject,
        message="No balance of this fund account was observed; nothing was counted for it.",
        expected=f"{Amount(row.claimed, decimals).fixed()} {row.asset}",
        observed="no balance",
        at=at,
    )


def _mismatch(row: FundRow, observed: int, subject: str, decimals: int, at: Location) -> Finding:
    return finding(
        "RESERVE.MISMATCH",
        procedure=_PROCEDURE,
        subject=subject,
        message="The claimed balance of the fund account was compared with the one observed and differs.",
        expected=f"{Amount(row.claimed, decimals).fixed()} {row.asset}",
        observed=f"{Amount(observed, decimals).fixed()} {row.asset}",
        at=at,
    )


def _total(lines: Sequence[FundLine], prices: PriceList, findings: list[Finding]) -> FundTotal:
    """One fund against its target, valued with prices where assets differ from the target's unit."""
    first = lines[0]
    subject = f"fund {first.name}"
    custody = first.custody if len({line.custody for line in lines}) == 1 else "mixed"
    agreed = len({(line.target, line.target_unit) for line in lines}) == 1
    claimed = _value(((line, line.claimed) for line in lines), prices) if agreed else None
    counted = [(line, line.observed) for line in lines if line.observed is not None]
    observed = _value(counted, prices) if agreed and counted else None
    if claimed is None:
        findings.append(_unvalued(lines, subject, agreed=agreed))
    used: tuple[FundPrice, ...] = ()
    if agreed:
        symbols = dict.fromkeys(line.asset for line in lines)
        findings += [found for symbol in symbols for found in prices.findings(symbol, first.target_unit, subject)]
        rates = [prices.rate(symbol, first.target_unit) for symbol in symbols]
        used = tuple(dict.fromkeys(price for rate in rates if rate is not None for price in rate.prices))
    target = Amount.parse(first.target)
    held = claimed if observed is None else observed
    met: bool | None = None
    if held is not None and target.units > 0:
        below = held.fraction() < target.fraction()
        met = False if below else (True if observed is not None else None)
        if below:
            basis = "claimed" if observed is None else "observed"
            findings.append(
                finding(
                    "FUND.BELOW_TARGET",
                    procedure=_PROCEDURE,
                    subject=subject,
                    message=f"The fund's value as {basis} is below its target by "
                    f"{(target - held).plain()} {first.target_unit}.",
                    expected=f"at least {target.plain()} {first.target_unit}",
                    observed=f"{held.plain()} {first.target_unit} {basis}",
                )
            )
    return FundTotal(
        first.name,
        first.kind,
        custody,
        None if claimed is None else claimed.plain(),
        None if observed is None else observed.plain(),
        first.target,
        first.target_unit,
        None if observed is None else _rate(observed, target),
        met,
        used,
    )


def _value(holdings: Iterable[tuple[FundLine, int]], prices: PriceList) -> Amount | None:
    """Value in the target's unit; ``None`` where there is no price for an asset."""
    value = Fraction(0)
    for line, units in holdings:
        rate = prices.rate(line.asset, line.target_unit)
        if rate is None:
            return None
        value += Fraction(units, 10**line.decimals) * rate.value
    return exact_or_down(value)


def _unvalued(lines: Sequence[FundLine], subject: str, *, agreed: bool) -> Finding:
    lacking = sorted({f"{line.asset} in {line.target_unit}" for line in lines if line.asset != line.target_unit})
    return finding(
        "FUND.UNVALUED",
        procedure=_PROCEDURE,
        subject=subject,
        message="Neither a feed in the evidence nor the snapshot gives a single positive price with which to value the fund."
        if agreed
        else "The rows of the fund name different targets, so it cannot be set against one.",
        expected=("a price of " + ", ".join(lacking)) if agreed else "one target and unit",
        observed="" if agreed else "; ".join(sorted({f"{line.target} {line.target_unit}" for line in lines})),
    )


def _rate(value: Amount, target: Amount) -> str | None:
    scale = max(value.scale, target.scale)
    return floor_percent(value.at_scale(scale).units, target.at_scale(scale).units)
