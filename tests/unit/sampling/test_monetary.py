"""Monetary-unit selection, against walking unit by unit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.errors import SamplingError
from auditor_app.sampling.monetary import Value, cell, fixed_interval, random_start, random_units

values = st.lists(st.integers(0, 30), min_size=1, max_size=12).filter(any)


def owner(amounts: list[int], unit: Fraction) -> int:
    """The item whose running total first reaches the unit, by walking."""
    running = 0
    for index, amount in enumerate(amounts):
        running += amount
        if running >= unit:
            return index
    raise AssertionError("the unit lies beyond the total")


@settings(max_examples=100, deadline=None)
@given(values, st.integers(1, 8), st.binary(max_size=8))
def test_each_method_hits_the_owners_of_its_units(amounts: list[int], size: int, seed: bytes) -> None:
    total = sum(amounts)
    size = min(size, total)
    picks = [
        fixed_interval(amounts, size, Fraction(random_start(amounts, size, seed))),
        cell(amounts, size, seed),
        random_units(amounts, size, seed),
    ]
    for pick in picks:
        assert pick.interval == Fraction(total, size)
        owners = [owner(amounts, unit) for unit in pick.units]
        certain = {index for index, amount in enumerate(amounts) if amount * size >= total}
        assert [hit.index for hit in pick.hits] == sorted({*owners, *certain})
        assert all(hit.times == owners.count(hit.index) for hit in pick.hits)
        assert {hit.index for hit in pick.hits if hit.certain} == certain
    for number, unit in enumerate(picks[1].units):
        assert number * total // size < unit <= (number + 1) * total // size


def test_every_item_of_an_interval_is_hit_by_every_start() -> None:
    amounts = [7, 3, 4, 9, 0, 1, 8, 2, 6, 5]
    for start in range(1, 10):
        hits = {hit.index: hit for hit in fixed_interval(amounts, 5, start).hits}
        assert hits[3].times == 1
        assert hits[3].certain


def test_the_interval_is_never_rounded() -> None:
    third = fixed_interval([1] * 10, 3, Fraction(1, 3))
    assert third.units == (Fraction(1, 3), Fraction(11, 3), Fraction(7))


@pytest.mark.parametrize(
    ("amounts", "size", "message"),
    [([1, -1, 5], 2, "item 1 has a negative"), ([0, 0], 1, "no value"), ([1], 0, "not positive")],
)
def test_unusable_populations_are_refused(amounts: list[Value], size: int, message: str) -> None:
    with pytest.raises(SamplingError, match=message):
        fixed_interval(amounts, size, 1)


def test_more_cells_than_units_are_refused() -> None:
    with pytest.raises(SamplingError, match="more cells"):
        cell([1, 1], 3, b"")
