"""Exact amounts against Python's own rationals."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.amounts import Amount, floor_percent

amounts = st.builds(Amount, st.integers(-(10**40), 10**40), st.integers(0, 24))


@given(amounts, amounts)
def test_sums_are_exact(left: Amount, right: Amount) -> None:
    assert (left + right).fraction() == left.fraction() + right.fraction()
    assert (left - right).fraction() == left.fraction() - right.fraction()


@given(amounts)
def test_text_says_the_value_and_reads_back(amount: Amount) -> None:
    assert Amount.parse(amount.fixed()) == amount
    assert Amount.parse(amount.plain()).fraction() == amount.fraction()
    assert Fraction(amount.plain()) == amount.fraction()
    assert amount.grouped().replace("\N{NARROW NO-BREAK SPACE}", "") == amount.fixed()


def test_zero_is_never_negative() -> None:
    assert Amount.parse("-0.00").plain() == "0"


@pytest.mark.parametrize("text", ["", "1.", ".5", "007", "+1", "1e3", "１２", "1\n", "--1", "NaN", "1_000", " 1"])
def test_anything_but_plain_ascii_decimals_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a plain decimal"):
        Amount.parse(text)


def test_digits_are_not_lost_by_another_scale() -> None:
    with pytest.raises(ValueError, match="more than 2 decimals"):
        Amount.parse("0.001").at_scale(2)
    assert Amount.parse("0.0010").at_scale(3) == Amount(1, 3)
    assert Amount.parse("0.5").base_units(0) is None
    assert Amount.parse("1.50").base_units(8) == 150_000_000


@given(st.integers(0, 10**30), st.integers(1, 10**30), st.integers(0, 6))
def test_percentages_are_rounded_down(numerator: int, denominator: int, places: int) -> None:
    text = floor_percent(numerator, denominator, places)
    assert text is not None
    exact = Fraction(numerator * 100, denominator)
    assert Fraction(text) <= exact < Fraction(text) + Fraction(1, 10**places)


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_rate_of_nothing_is_none(denominator: int) -> None:
    assert floor_percent(1, denominator) is None
