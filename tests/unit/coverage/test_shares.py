"""Shares of value: exact parts that add up, coins counted once, nothing passed over."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from auditor_app.amounts import Amount
from auditor_app.chain.observed import AddressLine, Grade, ReserveAddress
from auditor_app.chain.ownership.model import OwnershipResult, ValueShare
from auditor_app.coverage.shares import CONTROL, GRADES, ValueParts, value_by_control, value_by_grade


def line(asset: str, claimed: int, observed: int | None, grade: Grade, *, counted: bool = True) -> AddressLine:
    address = ReserveAddress(f"eip155:1:0x{claimed:040x}", asset, claimed, "cold")
    return AddressLine(address, 2, observed, grade, "", counted)


def by(parts: ValueParts, names: tuple[str, ...]) -> dict[str, str]:
    return {name: amount.plain() for name, amount in zip(names, parts.amounts, strict=True) if amount.units}


def test_a_row_counts_what_was_observed_and_its_claim_where_nothing_was() -> None:
    lines = [
        line("ETH", 1000, 900, Grade.PROVEN),
        line("ETH", 500, None, Grade.CLAIMED),
        line("BTC", 7, 7, Grade.ONE_SOURCE),
        line("ETH", 100, 100, Grade.ONE_SOURCE),
    ]
    eth, btc = value_by_grade(lines)
    assert (eth.asset, by(eth, GRADES)) == ("ETH", {"proven": "9", "one-source": "1", "claimed": "5"})
    assert eth.total.plain() == "15"
    assert eth.percent(GRADES.index("proven")) == "60.0000"
    assert eth.percent(GRADES.index("one-source")) == "6.6666"
    assert (btc.asset, by(btc, GRADES)) == ("BTC", {"one-source": "0.07"})


def test_coins_that_stand_in_an_earlier_row_are_not_counted_again() -> None:
    lines = [line("ETH", 1000, 1000, Grade.PROVEN), line("ETH", 1000, 1000, Grade.PROVEN, counted=False)]
    assert value_by_grade(lines)[0].total.plain() == "10"
    assert value_by_control(None, lines)[0].total.plain() == "10"


def test_without_a_list_of_proofs_all_value_has_none() -> None:
    (eth,) = value_by_control(None, [line("ETH", 1000, None, Grade.CLAIMED), line("ETH", 1, 1, Grade.PROVEN)])
    assert by(eth, CONTROL) == {"none": "10.01"}
    assert eth.percent(CONTROL.index("none")) == "100.0000"


def test_with_a_list_its_own_shares_are_shown() -> None:
    share = ValueShare("ETH", 3, Amount(10), Amount(1), Amount(2), Amount(3), Amount(4))
    result = OwnershipResult((), (share,), None, None, (), ())
    (eth,) = value_by_control(result, [])
    assert by(eth, CONTROL) == {"fresh": "1", "stale": "2", "indirect": "3", "none": "4"}
    assert value_by_control(replace(result, shares=()), [line("ETH", 1, 1, Grade.PROVEN)]) == ()


def test_an_asset_without_value_has_no_percentage() -> None:
    (eth,) = value_by_grade([line("ETH", 0, 0, Grade.PROVEN)])
    assert eth.percent(0) is None


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 10**30), st.sampled_from(list(Grade))), min_size=1))
def test_parts_add_up_to_what_the_rows_hold(rows: list[tuple[str, int, Grade]]) -> None:
    found = value_by_grade(line(asset, units, units, grade) for asset, units, grade in rows)
    for parts in found:
        assert parts.total.units == sum(units for asset, units, _ in rows if asset == parts.asset)
        if parts.total.units:
            percents = [float(parts.percent(at) or 0) for at in range(len(GRADES))]
            assert 100 - 0.0005 <= sum(percents) <= 100.0001
