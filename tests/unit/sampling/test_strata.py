"""Strata: bands, allocation that only grows, and a draw that a naive one confirms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import SamplingError
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.recompute import recompute
from auditor_app.operation import CancelToken, run
from auditor_app.sampling.commitment import commit, load_record
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.document import drawn_sample
from auditor_app.sampling.draw import draw
from auditor_app.sampling.records import write_any
from auditor_app.sampling.result import SampleResult
from auditor_app.sampling.select import ticket_number
from auditor_app.sampling.strata import allocate, committed_strata, count_strata, grow, parse_band
from auditor_app.snapshot.authentic import AuthenticSnapshot

TOKEN = CancelToken()
DICE = "dice:66554433221166554433"
BANDS = ("BTC:0.0001..", "BTC:0.00005..0.0001")
MakeSnapshot = Callable[..., AuthenticSnapshot]


@pytest.mark.parametrize(
    "text", ["BTC", "BTC:", "BTC:1", "BTC:1..1", "BTC:2..1", "BTC:-1..", "BTC:1e5..", ":1..", "BTC:..1", "BTC:1...2"]
)
def test_a_band_that_cannot_be_read(text: str) -> None:
    with pytest.raises(SamplingError) as error:
        parse_band(text)
    assert error.value.code == "SAMPLE.PLAN"


POPULATIONS = st.lists(st.integers(0, 60), min_size=1, max_size=6).filter(lambda found: sum(found) > 0)


@given(POPULATIONS, st.data(), st.sampled_from(["proportional", "equal"]))
def test_an_allocation_adds_up_and_only_grows(populations: list[int], data: st.DataObject, how: str) -> None:
    least = sum(population > 0 for population in populations)
    sizes = data.draw(st.lists(st.integers(least, sum(populations)), min_size=2, max_size=6).map(sorted))
    made = [allocate(size, populations, how) for size in sizes]
    for size, found in zip(sizes, made, strict=True):
        assert sum(found) == size
        assert all(min(1, population) <= one <= population for one, population in zip(found, populations, strict=True))
    for smaller, larger in pairwise(made):
        assert all(few <= many for few, many in zip(smaller, larger, strict=True))
        if how == "proportional":
            assert grow(smaller, populations, sum(larger)) == larger


def test_proportional_is_webster_by_a_naive_count() -> None:
    populations, sizes = [5300, 2400, 2300], [1, 1, 1]
    for _ in range(97):
        quotients = [Fraction(population, 2 * size + 1) for population, size in zip(populations, sizes, strict=True)]
        sizes[quotients.index(max(quotients))] += 1
    assert list(allocate(100, populations, "proportional")) == sizes == [53, 24, 23]
    assert allocate(9, [100, 2, 50], "equal") == (4, 2, 3)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("20,20", "2 sizes for 3"),
        ("1,1,1", "add up to 3"),
        ("0,200,0", "cannot give"),
        ("x", "cannot be read"),
        ("1,,2", "cannot be read"),
    ],
)
def test_typed_sizes_that_do_not_fit(how: str, words: str) -> None:
    with pytest.raises(SamplingError, match=words):
        allocate(59, [100, 100, 100], how)
    assert allocate(59, [100, 100, 100], "20,20,30") == (20, 20, 30)
    with pytest.raises(SamplingError, match="fewer than the 3 strata"):
        allocate(2, [100, 100, 100], "proportional")


def make(
    make_snapshot: MakeSnapshot, bands: tuple[str, ...] = BANDS, how: str = "proportional"
) -> tuple[AuthenticSnapshot, Any]:
    snapshot = make_snapshot()
    ledger = SnapshotLedger(snapshot, snapshot.statement.predicate.ledgers[0])
    parsed = [parse_band(text) for text in bands]
    counts = run(count_strata(ledger, parsed, TOKEN))
    strata = committed_strata(parsed, counts, allocate(57, counts, how))
    record = commit(
        snapshot,
        ledger=None,
        distribution=Distribution.HYPERGEOMETRIC,
        confidence="95%",
        tolerable="5%",
        expected="0",
        source="dice",
        committed_at="2026-11-03T00:00:00Z",
        strata=strata,
    )
    return snapshot, record


def drawn(snapshot: AuthenticSnapshot, record: Any, extend_to: int | None = None) -> SampleResult:
    ledger = snapshot.statement.predicate.ledgers[0]
    source = SnapshotLedger(snapshot, ledger)
    result = run(recompute(source, ledger.commitments, totals=ledger.totals, typed_root=None, token=TOKEN))
    return run(draw(record, snapshot, (result,), DICE, TOKEN, extend_to=extend_to))


def stratum_of(index: int) -> int:
    """Balances are index · 17 of 10⁻⁸ BTC."""
    units = index * 17
    return 0 if units >= 10_000 else 1 if units >= 5_000 else 2


def test_each_stratum_gives_its_smallest_tickets(make_snapshot: MakeSnapshot) -> None:
    snapshot, record = make(make_snapshot)
    populations = Counter(stratum_of(index) for index in range(1000))
    assert [item.population for item in record.committed.strata] == [str(populations[number]) for number in range(3)]
    sample = drawn(snapshot, record)
    assert sample.deviations == 0
    assert sample.size == len(sample.items) == sum(int(item.size) for item in record.committed.strata) == 57
    for number, stratum in enumerate(record.committed.strata):
        own = [index for index in range(1000) if stratum_of(index) == number]
        wanted = sorted(own, key=lambda index: ticket_number(sample.seed, str(index)))[: int(stratum.size)]
        assert [item.index for item in sample.items if item.stratum == number] == wanted
    assert [item.stratum for item in drawn_sample(sample).items] == [item.stratum for item in sample.items]
    assert drawn_sample(sample).strata == record.committed.strata


def test_an_extension_keeps_every_earlier_pick(make_snapshot: MakeSnapshot) -> None:
    snapshot, record = make(make_snapshot)
    small, large = drawn(snapshot, record), drawn(snapshot, record, 120)
    assert len(large.items) == 120
    assert {item.index for item in small.items} < {item.index for item in large.items}


def test_bands_and_allocation_are_committed(make_snapshot: MakeSnapshot, tmp_path: Path) -> None:
    snapshot, record = make(make_snapshot)
    _, other = make(make_snapshot, how="20,20,20")
    _, third = make(make_snapshot, bands=(BANDS[0],))
    assert len({record.digest, other.digest, third.digest}) == 3
    assert other.size == 60
    write_any(record, tmp_path / "r.json")
    read = load_record(tmp_path / "r.json")
    assert (read.committed, read.digest, read.size) == (record.committed, record.digest, 57)
    lying = tuple(
        type(item)(
            asset=item.asset,
            low=item.low,
            high=item.high,
            population=str(int(item.population) + change),
            size=item.size,
        )
        for item, change in zip(record.committed.strata, (1, -1, 0), strict=True)
    )
    shifted = commit(
        snapshot, ledger=None, distribution=Distribution.HYPERGEOMETRIC, confidence="95%", tolerable="5%", expected="0",
        source="dice", committed_at="2026-11-03T00:00:00Z", strata=lying,
    )  # fmt: skip
    with pytest.raises(SamplingError, match="population of the stratum"):
        drawn(snapshot, shifted)
    with pytest.raises(SamplingError, match="do not fit the plan"):
        commit(
            snapshot, ledger=None, distribution=Distribution.HYPERGEOMETRIC, confidence="95%", tolerable="5%", expected="0",
            source="dice", committed_at="2026-11-03T00:00:00Z", strata=lying[:2],
        )  # fmt: skip


def test_an_asset_that_the_ledger_does_not_have(make_snapshot: MakeSnapshot) -> None:
    with pytest.raises(SamplingError, match="no balances in DOGE"):
        make(make_snapshot, bands=("DOGE:1..",))
