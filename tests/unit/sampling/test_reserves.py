"""Monetary-unit samples of reserve addresses: committed, drawn from the signed list, certain items whole."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import SamplingError
from auditor_app.operation import CancelToken
from auditor_app.sampling.monetary import cell, fixed_interval, random_start, random_units
from auditor_app.sampling.records import load_any, record_document, write_any
from auditor_app.sampling.reserves import (
    ReservePopulation,
    ReserveRecord,
    Selection,
    commit_reserves,
    draw_reserves,
    reserve_population,
)
from auditor_app.snapshot.authentic import Authentic, AuthenticSnapshot, TrustedTime
from auditor_app.snapshot.statement import (
    Annotations,
    Asset,
    Digest,
    Issuer,
    Reserves,
    SnapshotPredicate,
    SnapshotStatement,
    Subject,
)
from tests.unit.sampling.conftest import Members

DICE = "dice:66554433221166554433"
CLAIMED = {"a1": 900_000, "a2": 50_000, "a3": 0, "a4": 20_000, "a5": 29_999, "a6": 1}
MEMBER = "reserves/addresses.csv"


def snapshot(claimed: dict[str, int], payload: str = "5a" * 32) -> AuthenticSnapshot:
    rows = "".join(f"eip155:1:0x{name:0>40},ETH,{units},hot\n" for name, units in claimed.items())
    data = f"account,asset,claimed,role\n{rows}eip155:1:0x{'b':0>40},USDT,5,hot\n".encode()
    predicate = SnapshotPredicate(
        format_version="1.0",
        snapshot_id="test",
        sequence="1",
        issuer=Issuer(legal_name="Example"),
        as_of="2026-11-01T00:00:00Z",
        created_at="2026-11-02T00:00:00Z",
        chains={},
        assets=(Asset(symbol="ETH", decimals=3, on_chain=()), Asset(symbol="DOGE", decimals=8, on_chain=())),
        ledgers=(),
        reserves=Reserves(addresses=MEMBER, claimed_totals={}),
    )
    subject = Subject(
        name=MEMBER,
        digest=Digest(sha256="cd" * 32),
        media_type="text/csv",
        annotations=Annotations(role="addresses", size=str(len(data))),
    )
    statement = SnapshotStatement(
        type="https://in-toto.io/Statement/v1",
        subject=(subject,),
        predicate_type="urn:x-reserve-auditor:snapshot:v1",
        predicate=predicate,
    )
    time = TrustedTime("2026-11-03T00:00:00Z", "typed")
    return Authentic("test.porsnap", payload, statement, Members({MEMBER: data}), (), 1, time, (), ())


def population(held: AuthenticSnapshot, asset: str = "ETH") -> ReservePopulation:
    return reserve_population(held, asset, CancelToken())


def committed(held: AuthenticSnapshot, selection: Selection = "fixed-interval", **more: Any) -> ReserveRecord:
    rates = {"confidence": "95%", "tolerable": "20%", "expected": "0", "source": "dice", **more}
    return commit_reserves(held, population(held), selection=selection, committed_at="2026-11-03T00:00:00Z", **rates)


def test_the_signed_list_of_one_asset(tmp_path: Path) -> None:
    held = snapshot(CLAIMED)
    found = population(held)
    assert (found.total, len(found.claimed), found.decimals) == (1_000_000, 6, 3)
    record = committed(held)
    assert record.size == 15  # -ln(0.05) / 0.2 = 14.98
    write_any(record, tmp_path / "r.json")
    read = load_any(tmp_path / "r.json")
    assert isinstance(read, ReserveRecord)
    assert (read.committed, read.digest) == (record.committed, record.digest)
    assert record_document(record)["total"] == "1000000"
    for asset in ("DOGE", "BTC"):
        with pytest.raises(SamplingError, match="claims no reserves"):
            population(held, asset)


@pytest.mark.parametrize("selection", ["fixed-interval", "cell", "random"])
def test_units_fall_as_the_selection_lays_them(selection: Selection) -> None:
    held = snapshot(CLAIMED)
    record = committed(held, selection)
    found = draw_reserves(record, held, population(held), DICE)
    sample, values = found.sample, list(CLAIMED.values())
    seed = bytes.fromhex(sample.seed)
    expected = {
        "fixed-interval": lambda: fixed_interval(values, 15, random_start(values, 15, seed)),
        "cell": lambda: cell(values, 15, seed),
        "random": lambda: random_units(values, 15, seed),
    }[selection]()
    names = list(population(held).claimed)
    assert [(item.id, item.times, item.certain) for item in sample.items] == [
        (names[hit.index], hit.times, hit.certain) for hit in expected.hits
    ]
    assert sample.items[0].certain
    assert sample.items[0].book == {"ETH": "900"}
    assert (sample.total, Fraction(sample.interval)) == ("1000", Fraction(1000, 15))
    assert (sample.method, sample.dummy_rejected) == (f"monetary-{selection}", True)
    assert [item.code for item in found.findings] == ["SAMPLE.WEAKER_SOURCE"]


def test_only_random_units_are_extended() -> None:
    held = snapshot(CLAIMED)
    record = committed(held, "random")
    small = draw_reserves(record, held, population(held), DICE).sample
    large = draw_reserves(record, held, population(held), DICE, extend_to=40).sample
    before = {item.id: item.times for item in small.items}
    after = {item.id: item.times for item in large.items}
    assert all(after[name] >= times for name, times in before.items())
    assert sum(after.values()) == 40
    for selection in ("fixed-interval", "cell"):
        with pytest.raises(SamplingError, match="cannot be extended"):
            draw_reserves(committed(held, selection), held, population(held), DICE, extend_to=40)


def test_what_was_committed_is_what_is_drawn_from(tmp_path: Path) -> None:
    held = snapshot(CLAIMED)
    record = committed(held)
    for other, words in (
        (snapshot(CLAIMED, payload="6b" * 32), "another snapshot"),
        (snapshot({**CLAIMED, "a6": 2}), "another total"),
        (snapshot({**CLAIMED, "a7": 0}), "another number of accounts"),
    ):
        with pytest.raises(SamplingError, match=words):
            draw_reserves(record, other, population(other), DICE)
    with pytest.raises(SamplingError, match="had spoken"):
        committed(held, source="drand:quicknet:1")
    with pytest.raises(SamplingError, match="not what the commitment named"):
        draw_reserves(record, held, population(held), "block:" + "00" * 32)
    write_any(record, tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text()
    (tmp_path / "r.json").write_text(text.replace('"size": "15"', '"size": "1"'))
    with pytest.raises(SamplingError, match="altered"):
        load_any(tmp_path / "r.json")


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(lambda values: sum(values) > 100))
def test_rows_of_one_account_count_together_and_certain_items_are_always_in(values: list[int]) -> None:
    claimed = {f"a{number}": value for number, value in enumerate(values)}
    held = snapshot(claimed)
    found = draw_reserves(committed(held), held, population(held), DICE).sample
    interval = Fraction(sum(values), 15)
    certain = {number for number, value in enumerate(values) if value >= interval}
    assert sum(item.certain for item in found.items) == len(certain)
    assert len({item.id for item in found.items}) == len(found.items)
    assert sum((Fraction(item.book["ETH"]) for item in found.items if item.certain), Fraction(0)) * 1000 == sum(
        values[number] for number in certain
    )
