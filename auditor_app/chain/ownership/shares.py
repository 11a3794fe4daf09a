"""Shares of value per asset: how much of what a list claims has a fresh, a stale, an indirect, or no proof."""

from __future__ import annotations

from collections.abc import Iterable

from auditor_app.amounts import ZERO, Amount
from auditor_app.chain.ownership.model import Binds, Outcome, OwnershipLine, ValueShare


def shares_by_value(lines: Iterable[OwnershipLine]) -> tuple[ValueShare, ...]:
    """One share per asset label, in the order of the list; rows without an amount carry no value."""
    sums: dict[str, dict[str, Amount]] = {}
    rows: dict[str, int] = {}
    for line in lines:
        amount = line.row.amount
        if amount is None or not line.row.asset:
            continue
        asset = sums.setdefault(line.row.asset, {})
        rows[line.row.asset] = rows.get(line.row.asset, 0) + 1
        part = _part(line)
        asset[part] = asset.get(part, ZERO) + amount
    return tuple(_share(asset, rows[asset], parts) for asset, parts in sums.items())


def _part(line: OwnershipLine) -> str:
    if line.outcome is not Outcome.VALID:
        return "none"
    if line.binds is not Binds.ADDRESS:
        return "indirect"
    return "stale" if line.stale else "fresh"


def _share(asset: str, rows: int, parts: dict[str, Amount]) -> ValueShare:
    total = sum(parts.values(), ZERO)

    def part(name: str) -> Amount:
        return parts.get(name, ZERO).at_scale(total.scale)

    return ValueShare(asset, rows, total, part("fresh"), part("stale"), part("indirect"), part("none"))
