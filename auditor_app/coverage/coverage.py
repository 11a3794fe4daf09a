"""Coverage, asset by asset: observed reserves against gross liabilities over all ledgers.

No asset ever covers another and nothing is converted into one currency. Protection funds stand apart
(:mod:`auditor_app.coverage.funds`), declared exclusions are not subtracted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.chain.observed import ReserveResult
from auditor_app.coverage.lines import CoverageLine
from auditor_app.findings import Finding, finding
from auditor_app.merkle.result import ColumnTotal
from auditor_app.snapshot.statement import SnapshotPredicate

LedgerTotals = Mapping[str, tuple[ColumnTotal, ...] | None]
"""Recomputed totals by ledger name; ``None`` (or no entry) for a ledger that could not be read to its end."""


@dataclass(frozen=True, slots=True)
class CoverageResult:
    """One line per asset that is owed or held, in the order of the asset map."""

    lines: tuple[CoverageLine, ...]
    findings: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        """Whether every asset that is owed could be set against an observation: else no verdict may be reached."""
        owed = [line for line in self.lines if line.liabilities is None or line.liabilities > 0]
        return bool(owed) and all(line.liabilities is not None and line.observed is not None for line in owed)


def coverage(predicate: SnapshotPredicate, totals: LedgerTotals, reserves: ReserveResult) -> CoverageResult:
    """Coverage lines and shortfalls.

    Liabilities are in base units of the asset; where rows hold more decimals than the asset has, the sum is rounded
    **up** and debts are rounded **down**, so that a rate is never better than the exact one.
    """
    owed = {ledger.name: {column.name for column in ledger.columns[1:]} for ledger in predicate.ledgers}
    claims = _claims(predicate, reserves)
    lines = tuple(
        CoverageLine(
            asset.symbol,
            asset.decimals,
            *_liabilities(asset.symbol, asset.decimals, owed, totals),
            claims.get(asset.symbol, 0),
            _observed(asset.symbol, reserves),
        )
        for asset in predicate.assets
        if asset.symbol in claims or any(asset.symbol in columns for columns in owed.values())
    )
    shortfalls = [_shortfall(line, predicate) for line in lines]
    return CoverageResult(lines, tuple(item for item in shortfalls if item is not None))


def _claims(predicate: SnapshotPredicate, reserves: ReserveResult) -> dict[str, int]:
    """Claimed base units per asset: the statement's total, else the sum of its rows."""
    claims: dict[str, int] = {}
    for line in reserves.lines:
        claims[line.address.asset] = claims.get(line.address.asset, 0) + line.address.claimed
    if predicate.reserves is not None:
        claims.update({symbol: int(total) for symbol, total in predicate.reserves.claimed_totals.items()})
    return claims


def _liabilities(
    symbol: str, decimals: int, owed: Mapping[str, set[str]], totals: LedgerTotals
) -> tuple[int | None, int]:
    """Gross liabilities and customers' debts over all ledgers that hold the asset; ``None`` if one is unknown."""
    gross, debts = Fraction(0), Fraction(0)
    for ledger, columns in owed.items():
        if symbol not in columns:
            continue
        column = _column(totals.get(ledger), symbol)
        if column is None:
            return None, 0
        gross += column.gross.fraction()
        debts -= column.negatives.fraction()
    unit = 10**decimals
    return -(-gross * unit // 1), debts * unit // 1


def _column(totals: Iterable[ColumnTotal] | None, symbol: str) -> ColumnTotal | None:
    return next((item for item in totals or () if item.asset == symbol), None)


def _observed(symbol: str, reserves: ReserveResult) -> int | None:
    """Sum of what was observed for an asset; ``None`` where nothing was.

    With evidence that may be relied on, an asset of which no reserves are listed was observed to have none.
    """
    lines = [line for line in reserves.lines if line.address.asset == symbol]
    seen = [line.observed for line in lines if line.observed is not None]
    if not seen:
        relied_on = bool(reserves.observations)
        return 0 if relied_on and not lines else None
    return sum(line.observed or 0 for line in lines if line.counted)


def _shortfall(line: CoverageLine, predicate: SnapshotPredicate) -> Finding | None:
    """RESERVE.SHORTFALL where what was observed, or failing that what is claimed, is less than what is owed."""
    if line.liabilities is None or predicate.reserves is None:
        return None
    held, basis = (line.claimed, "claimed") if line.observed is None else (line.observed, "observed")
    if held >= line.liabilities:
        return None
    lacking = Amount(line.liabilities - held, line.decimals).fixed()
    return finding(
        "RESERVE.SHORTFALL",
        procedure="coverage",
        subject=f"asset {line.asset}",
        message=f"Reserves as {basis} are {lacking} {line.asset} less than gross liabilities.",
        expected=f"at least {Amount(line.liabilities, line.decimals).fixed()} {line.asset}",
        observed=f"{Amount(held, line.decimals).fixed()} {line.asset} {basis}",
    )
