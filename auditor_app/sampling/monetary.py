"""Monetary-unit selection for wallets and reserves: fixed interval, cell, and random.

Each unit of value is a sampling unit; an item is drawn when a drawn unit falls in it. The method finds
overstatement. The risk in a list of liabilities is what is *missing* from it, which no draw from that list can
show: :data:`DIRECTION` is the warning that stands wherever the method is offered. Positions are exact
fractions throughout; starts and units come from :func:`auditor_app.sampling.select.index_stream`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, islice, pairwise

from auditor_app.errors import SamplingError
from auditor_app.sampling.select import index_stream

DIRECTION = (
    "Monetary-unit sampling finds overstated items. In a list of liabilities the risk is omission and "
    "understatement, and an item that is missing or too small is never or rarely drawn: use it for wallets and "
    "reserves, and take completeness samples from a reciprocal population such as deposit and withdrawal logs."
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One drawn item: its 0-based ``index``, how many drawn units fell in it, and whether it was certain.

    A certain item (at least one interval) is inspected whole and its misstatement is never extrapolated.
    """

    index: int
    times: int
    certain: bool


@dataclass(frozen=True, slots=True)
class MonetarySelection:
    """The drawn items in list order, with the exact interval and the units that were drawn (values from 0)."""

    interval: Fraction
    units: tuple[Fraction, ...]
    hits: tuple[Hit, ...]


Value = int | Fraction


def fixed_interval(values: Sequence[Value], size: int, start: Value) -> MonetarySelection:
    """Units at ``start`` + i · interval, interval = total ÷ ``size`` exact; 0 < ``start`` ≤ interval is usual.

    An item is hit when the running total first reaches the unit. Every item of at least one interval is hit.
    """
    total = _total(values, size)
    interval = Fraction(total) / size
    units = tuple(start + i * interval for i in range(size))
    return _select(values, interval, tuple(Fraction(unit) for unit in units if unit <= total))


def random_start(values: Sequence[int], size: int, seed: bytes) -> int:
    """A whole start from 1 to the interval (rounded up), drawn from the seed."""
    interval = Fraction(_total(values, size)) / size
    return 1 + next(index_stream(seed, -(-interval.numerator // interval.denominator)))


def cell(values: Sequence[int], size: int, seed: bytes) -> MonetarySelection:
    """One unit per cell of one interval, uniform within it; ``values`` are whole base units.

    Cell i covers the whole units above floor(i · interval) up to floor((i + 1) · interval).
    """
    total = int(_total(values, size))
    if size > total:
        raise _refused("there are more cells than units of value", "Lower the sample size.")
    edges = [i * total // size for i in range(size + 1)]
    units = []
    for i, (low, high) in enumerate(pairwise(edges)):
        stream = index_stream(seed + i.to_bytes(8, "big"), high - low)
        units.append(Fraction(low + 1 + next(stream)))
    return _select(values, Fraction(total, size), tuple(units))


def random_units(values: Sequence[int], size: int, seed: bytes) -> MonetarySelection:
    """``size`` units drawn with replacement from all units of value; ``values`` are whole base units."""
    total = int(_total(values, size))
    units = tuple(Fraction(1 + drawn) for drawn in islice(index_stream(seed, total), size))
    return _select(values, Fraction(total, size), units)


def _select(values: Sequence[Value], interval: Fraction, units: tuple[Fraction, ...]) -> MonetarySelection:
    """Turn units into items; certain items are in whether or not a unit fell in them."""
    running = list(accumulate(values))
    times: dict[int, int] = {index: 0 for index, value in enumerate(values) if value >= interval}
    certain = frozenset(times)
    for unit in units:
        index = bisect_left(running, unit)
        times[index] = times.get(index, 0) + 1
    hits = tuple(Hit(index, times[index], index in certain) for index in sorted(times))
    return MonetarySelection(interval, units, hits)


def _total(values: Sequence[Value], size: int) -> Value:
    if size < 1:
        raise _refused("the sample size is not positive", "Plan the sample first.")
    for index, value in enumerate(values):
        if value < 0:
            raise _refused(f"item {index} has a negative value", "Sample debts apart from balances.")
    total: Value = sum(values, 0)
    if not total:
        raise _refused("the population has no value", "Use an attribute sample.")
    return total


def _refused(what: str, action: str) -> SamplingError:
    return SamplingError("SAMPLE.PLAN", what, action=action)
