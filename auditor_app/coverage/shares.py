"""Shares of value: how much of each asset stands at each grade of evidence, and behind which proof of control.

The value of a row is what was observed of it, and its claim where nothing was. Nothing is converted: shares are of one
asset's own units, exact, and percentages are rounded down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor_app.amounts import ZERO, Amount, floor_percent
from auditor_app.chain.observed import AddressLine, Grade
from auditor_app.chain.ownership.model import OwnershipResult

GRADES = tuple(grade.value for grade in Grade)
"""Parts of value by evidence, best first."""

CONTROL = ("fresh", "stale", "indirect", "none")
"""Parts of value by proof of control: bound to the address and fresh, or not; bound to a key or owner only; no valid one."""


@dataclass(frozen=True, slots=True)
class ValueParts:
    """One asset's value in parts that add up to ``total``; ``amounts`` in the order of :data:`GRADES` or :data:`CONTROL`."""

    asset: str
    amounts: tuple[Amount, ...]

    @property
    def total(self) -> Amount:
        """All parts together."""
        return sum(self.amounts, ZERO)

    def percent(self, at: int) -> str | None:
        """One part's share in percent, rounded down to four decimals; ``None`` where there is no value at all."""
        total = self.total
        return floor_percent(self.amounts[at].at_scale(total.scale).units, total.units)


def value_by_grade(lines: Iterable[AddressLine]) -> tuple[ValueParts, ...]:
    """Each asset's value by the grade of its evidence, in the order of the rows; repeated coins count once."""
    sums: dict[str, list[int]] = {}
    decimals: dict[str, int] = {}
    for line in lines:
        if not line.counted:
            continue
        parts = sums.setdefault(line.address.asset, [0] * len(GRADES))
        decimals[line.address.asset] = line.decimals
        value = line.address.claimed if line.observed is None else line.observed
        parts[GRADES.index(line.grade.value)] += value
    return tuple(
        ValueParts(asset, tuple(Amount(units, decimals[asset]) for units in parts)) for asset, parts in sums.items()
    )


def value_by_control(ownership: OwnershipResult | None, lines: Iterable[AddressLine]) -> tuple[ValueParts, ...]:
    """Each asset's claimed value by its proof of control; without a list of proofs all of it has none."""
    if ownership is not None:
        return tuple(
            ValueParts(item.asset, (item.fresh, item.stale, item.indirect, item.none)) for item in ownership.shares
        )
    claimed: dict[str, Amount] = {}
    for line in lines:
        if line.counted:
            claimed[line.address.asset] = claimed.get(line.address.asset, ZERO) + Amount(
                line.address.claimed, line.decimals
            )
    return tuple(ValueParts(asset, (ZERO, ZERO, ZERO, amount)) for asset, amount in claimed.items())
