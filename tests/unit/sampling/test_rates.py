"""Rates are exact and unambiguous."""

from fractions import Fraction

import pytest

from auditor_app.errors import SamplingError
from auditor_app.sampling.rates import parse_rate


@pytest.mark.parametrize(
    ("text", "plain", "percent"),
    [
        ("95%", "0.95", "95 %"),
        ("95 %", "0.95", "95 %"),
        ("95", "0.95", "95 %"),
        ("1", "1", "100 %"),
        ("1.01", "0.0101", "1.01 %"),
        ("0.95", "0.95", "95 %"),
        ("0.9500", "0.95", "95 %"),
        ("3.25%", "0.0325", "3.25 %"),
        ("0", "0", "0 %"),
        ("0%", "0", "0 %"),
        ("100%", "1", "100 %"),
    ],
)
def test_a_rate_is_read_exactly(text: str, plain: str, percent: str) -> None:
    rate = parse_rate(text, name="rate")
    assert (rate.text, rate.value, rate.percent) == (plain, Fraction(plain), percent)


def test_the_risk_is_what_the_confidence_leaves() -> None:
    assert parse_rate("97.5%", name="c").complement().percent == "2.5 %"


@pytest.mark.parametrize("text", ["", "%", "-5%", "1e-2", "0,95", ".5", "101%", "101", "٩٥%", "5%%", "0.5\n", "NaN"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SamplingError, match="confidence is no rate") as error:
        parse_rate(text, name="confidence")
    assert error.value.code == "SAMPLE.PLAN"
