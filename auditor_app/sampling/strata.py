"""Strata of a ledger by asset and balance band: typed, counted, allocated, and drawn one by one.

A leaf belongs to the first stratum that holds it; all others are the last one. Bands and allocation are committed.
An allocation only ever grows, stratum by stratum, so that an extended sample keeps every earlier pick.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from auditor_app.amounts import Amount
from auditor_app.errors import SamplingError
from auditor_app.ledger.columns import is_amount, scale_of
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import decimal_units
from auditor_app.ledger.source import LedgerSource
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.drawn import Stratum
from auditor_app.sampling.select import SmallestTickets, Ticket
from auditor_app.sampling.tables import patient

MAX_STRATA = 32
_BAND = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([0-9.]{1,50})\.\.([0-9.]{0,50})\Z", re.ASCII)
_SIZES = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9})*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Band:
    """A balance in ``asset`` of at least ``low`` and, where there is a ``high``, below it; plain decimal texts."""

    asset: str
    low: str
    high: str


def parse_band(text: str) -> Band:
    """``BTC:10..`` or ``BTC:1..10``; :class:`SamplingError` ``SAMPLE.PLAN`` for anything else."""
    match = _BAND.match(text)
    if match is None:
        raise _refused(f"the stratum {text[:60]!r} cannot be read", "Write ASSET:FROM.. or ASSET:FROM..TO.")
    try:
        low = Amount.parse(match[2])
        high = Amount.parse(match[3]) if match[3] else None
    except ValueError:
        raise _refused(f"the stratum {text[:60]!r} holds no plain amounts", "Write for instance BTC:0.5..10.") from None
    if high is not None and high.fraction() <= low.fraction():
        raise _refused(f"the stratum {text[:60]!r} is empty", "The first amount is the lower one.")
    return Band(match[1], low.plain(), "" if high is None else high.plain())


def count_strata(source: LedgerSource, bands: Sequence[Band], token: CancelToken) -> Operation[tuple[int, ...]]:
    """How many leaves each stratum holds, the rest last.

    :class:`SamplingError` ``SAMPLE.PLAN`` for an asset that the ledger has no column of.
    """
    stratum_of = _Classifier(source, bands)
    counts = [0] * (len(bands) + 1)
    for part in source.parts(token):
        token.check()
        for number in patient(stratum_of.rows(part.data), token):
            counts[number] += 1
        yield Progress(sum(counts), source.declared_rows, "rows", f"Ledger {source.name}: counting strata")
    return tuple(counts)


def allocate(size: int, populations: Sequence[int], how: str) -> tuple[int, ...]:
    """Sizes of the strata, adding up to ``size``: ``proportional``, ``equal``, or typed sizes ``20,20,19``.

    Proportional is Sainte-Laguë's method after one item for each stratum that holds leaves; none gets more than it
    holds. Raises :class:`SamplingError` ``SAMPLE.PLAN`` where that cannot be.
    """
    if how not in ("proportional", "equal"):
        return _typed_sizes(size, populations, how)
    held = sum(population > 0 for population in populations)
    if size < held:
        raise _refused(
            f"{size} items are fewer than the {held} strata that hold leaves",
            "Name fewer strata, or plan a larger sample.",
        )
    start = [min(1, population) for population in populations]
    return grow(start, populations, size, equal=how == "equal")


def grow(sizes: Sequence[int], populations: Sequence[int], total: int, *, equal: bool = False) -> tuple[int, ...]:
    """More items for strata until there are ``total``: none loses one, so earlier picks stay.

    Each next item goes where population ÷ (2 · size + 1) is highest (with ``equal`` where the size is lowest), the
    first of several.
    """
    grown = list(sizes)
    if total > sum(populations):
        raise _refused("the sample is larger than its population", "Correct the size.")

    def priority(number: int) -> tuple[Fraction, int]:
        size = grown[number]
        return (Fraction(size) if equal else -Fraction(populations[number], 2 * size + 1)), number

    queue = [priority(number) for number in range(len(grown)) if grown[number] < populations[number]]
    heapq.heapify(queue)
    for _ in range(total - sum(grown)):
        _, number = heapq.heappop(queue)
        grown[number] += 1
        if grown[number] < populations[number]:
            heapq.heappush(queue, priority(number))
    return tuple(grown)


def _typed_sizes(size: int, populations: Sequence[int], text: str) -> tuple[int, ...]:
    if not _SIZES.match(text):
        raise _refused(
            f"the allocation {text[:60]!r} cannot be read",
            "Write proportional, equal, or a size for each stratum: 20,20,19.",
        )
    sizes = tuple(int(part) for part in text.split(","))
    if len(sizes) != len(populations):
        raise _refused(
            f"{len(sizes)} sizes for {len(populations)} strata", "Give one for each stratum, and one for all others."
        )
    for wanted, population in zip(sizes, populations, strict=True):
        if wanted > population:
            raise _refused(f"a stratum of {population} leaves cannot give {wanted}", "Lower its size.")
    if sum(sizes) < size:
        raise _refused(f"the sizes add up to {sum(sizes)}, the plan asks for {size}", "Raise one of them.")
    return sizes


def stratified(
    source: LedgerSource, bands: Sequence[Band], seed: str, sizes: Sequence[int], token: CancelToken
) -> Operation[tuple[tuple[tuple[Ticket, ...], ...], tuple[int, ...]]]:
    """The smallest tickets of each stratum, smallest first, and the strata's populations as counted again.

    Tickets are those of the whole ledger: the same seed and leaf have the same ticket whatever the strata.
    """
    stratum_of = _Classifier(source, bands)
    counts = [0] * (len(bands) + 1)
    smallest = [SmallestTickets(seed, size) for size in sizes]
    for part in source.parts(token):
        token.check()
        leaves: list[list[int]] = [[] for _ in counts]
        for index, number in enumerate(patient(stratum_of.rows(part.data), token), start=sum(counts)):
            leaves[number].append(index)
        for number, group in enumerate(leaves):
            counts[number] += len(group)
            smallest[number].offer(patient(group, token))
        yield Progress(sum(counts), source.declared_rows, "rows", f"Ledger {source.name}: drawing within strata")
    return tuple(item.tickets() for item in smallest), tuple(counts)


class _Classifier:
    """Which stratum each row of a ledger falls in."""

    def __init__(self, source: LedgerSource, bands: Sequence[Band]) -> None:
        columns = source.columns
        self._grammar = Grammar.of(columns)
        self._rules = []
        for band in bands:
            place = next(
                (n for n, column in enumerate(columns) if column.name == band.asset and is_amount(column)), None
            )
            if place is None:
                raise _refused(
                    f"ledger {source.name} has no balances in {band.asset}",
                    f"Choose of {', '.join(column.name for column in columns if is_amount(column))}.",
                )
            scale = scale_of(columns[place])
            low, high = (None if not text else ceil(Fraction(text) * 10**scale) for text in (band.low, band.high))
            decimal = columns[place].type == "decimal"
            self._rules.append((place, scale, decimal, low or 0, high))

    def rows(self, data: bytes) -> Iterator[int]:
        """The 0-based stratum of each row, the rest last."""
        rest = len(self._rules)
        for row in self._grammar.rows.finditer(data):
            cells = row.groups()
            for number, (place, scale, decimal, low, high) in enumerate(self._rules):
                cell = cells[place]
                if not cell:
                    continue
                units = decimal_units(cell, scale) if decimal else int(cell)
                if units >= low and (high is None or units < high):
                    yield number
                    break
            else:
                yield rest


def committed_strata(bands: Sequence[Band], populations: Sequence[int], sizes: Sequence[int]) -> tuple[Stratum, ...]:
    """The strata as a commitment holds them, the rest last."""
    named = [(band.asset, band.low, band.high) for band in bands] + [("", "", "")]
    return tuple(
        Stratum(asset=asset, low=low, high=high, population=str(population), size=str(size))
        for (asset, low, high), population, size in zip(named, populations, sizes, strict=True)
    )


def bands_of(strata: Sequence[Stratum]) -> tuple[Band, ...]:
    """The bands of committed strata, without the rest."""
    return tuple(Band(item.asset, item.low, item.high) for item in strata[:-1])


def _refused(what: str, action: str) -> SamplingError:
    return SamplingError("SAMPLE.PLAN", what, action=action)
