"""Headline plans, against published tables and against sums of binomial coefficients in fractions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb

import pytest

from auditor_app.errors import SamplingError
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.plan import (
    MAX_SIZE,
    allowed_deviations,
    attribute_size,
    attribute_size_for,
    confidence_from_risks,
    monetary_size,
    plan_attribute,
    two_stage_size,
)
from auditor_app.sampling.rates import parse_rate

BINOMIAL, HYPERGEOMETRIC, POISSON = Distribution.BINOMIAL, Distribution.HYPERGEOMETRIC, Distribution.POISSON
C95 = Fraction(95, 100)


def rate(text: str) -> Fraction:
    return Fraction(text) / 100


def test_headline_sizes() -> None:
    assert attribute_size(BINOMIAL, C95, rate("5"), Fraction(0)) == 59
    assert [attribute_size_for(BINOMIAL, C95, rate("5"), k) for k in (1, 2, 3)] == [93, 124, 153]
    assert attribute_size(BINOMIAL, C95, rate("1"), Fraction(0)) == 299
    assert attribute_size(HYPERGEOMETRIC, C95, rate("1"), Fraction(0), 1000) == 258
    assert monetary_size(C95, rate("5"), rate("2.5")) == 231


def test_rate_times_size_is_never_a_float() -> None:
    assert attribute_size(BINOMIAL, rate("90"), rate("5"), rate("3.5")) == 400


def test_a_tie_with_the_risk_is_not_below_it() -> None:
    """P(X = 0 | 1, 50 %) is exactly one half: one item does not serve at 50 % confidence, two do."""
    assert attribute_size(BINOMIAL, Fraction(1, 2), Fraction(1, 2), Fraction(0)) == 2
    # one of 10 drawn, 5 of 10 deviate: P(X = 0) = 1/2 exactly
    assert attribute_size(HYPERGEOMETRIC, Fraction(1, 2), Fraction(1, 2), Fraction(0), 10) == 2
    # 0.9 ** 10 is the risk itself, and no binary fraction
    assert attribute_size(BINOMIAL, 1 - Fraction(9, 10) ** 10, Fraction(1, 10), Fraction(0)) == 11


def naive(
    confidence: Fraction, tolerable: Fraction, expected: Fraction, population: int | None, most: int
) -> int | None:
    """The definition, word for word, in fractions."""
    for size in range(1, most + 1):
        k = ceil(expected * size)
        if population is None:
            p = sum(comb(size, i) * tolerable**i * (1 - tolerable) ** (size - i) for i in range(min(k, size) + 1))
        else:
            marked = ceil(tolerable * population)
            ways = sum(comb(marked, i) * comb(population - marked, size - i) for i in range(min(k, size) + 1))
            p = Fraction(ways, comb(population, size))
        if p < 1 - confidence:
            return size
    return None


@pytest.mark.parametrize("confidence", ["50", "80", "90", "95"])
@pytest.mark.parametrize(
    ("tolerable", "expected"), [("10", "0"), ("10", "2.5"), ("20", "5"), ("25", "10"), ("50", "12.5")]
)
def test_sizes_agree_with_the_definition_in_fractions(confidence: str, tolerable: str, expected: str) -> None:
    c, t, e = rate(confidence), rate(tolerable), rate(expected)
    assert attribute_size(BINOMIAL, c, t, e) == naive(c, t, e, None, 200)
    for population in (1, 7, 40, 101):
        wanted = naive(c, t, e, population, population)
        if wanted is None:
            with pytest.raises(SamplingError):
                attribute_size(HYPERGEOMETRIC, c, t, e, population)
        else:
            assert attribute_size(HYPERGEOMETRIC, c, t, e, population) == wanted


def test_a_plan_allows_the_deviations_it_expected() -> None:
    for expected in ("0", "0.5", "1", "2"):
        plan = plan_attribute(
            BINOMIAL,
            confidence=parse_rate("95%", name="c"),
            tolerable=parse_rate("5%", name="t"),
            expected=parse_rate(expected + "%", name="e"),
            population=10**7,
        )
        assert plan.allowed_deviations == ceil(rate(expected) * plan.size)


def test_allowed_deviations_of_published_sizes() -> None:
    assert [allowed_deviations(BINOMIAL, n, C95, rate("5")) for n in (58, 59, 93, 124, 153)] == [-1, 0, 1, 2, 3]
    assert allowed_deviations(POISSON, 126, C95, rate("5")) == 2


def test_a_small_population_is_drawn_whole() -> None:
    plan = plan_attribute(
        BINOMIAL,
        confidence=parse_rate("95%", name="c"),
        tolerable=parse_rate("10%", name="t"),
        expected=parse_rate("0", name="e"),
        population=20,
    )
    assert (plan.size, plan.allowed_deviations) == (20, 1)  # 2 of 20 would be 10 %
    assert "whole population" in plan.prose()


def test_prose_says_what_the_numbers_mean() -> None:
    plan = plan_attribute(
        HYPERGEOMETRIC,
        confidence=parse_rate("95%", name="c"),
        tolerable=parse_rate("5%", name="t"),
        expected=parse_rate("0", name="e"),
        population=50_000,
    )
    assert plan.size == 59
    assert plan.prose() == (
        "Draw 59 of 50,000 items. If no deviation is found among them, a deviation rate of 5 % or more would have had "
        "less than 5 % chance of giving so few (hypergeometric, confidence 95 %, expected rate 0 %)."
    )


@pytest.mark.parametrize(
    ("confidence", "tolerable", "expected", "message"),
    [
        ("0", "5", "0", "confidence"),
        ("100", "5", "0", "confidence"),
        ("95", "0", "0", "tolerable"),
        ("95", "100", "0", "tolerable"),
        ("95", "5", "5", "expected rate is not below"),
        ("95", "5", "4.99999", f"at most {MAX_SIZE:,}"),
    ],
)
def test_rates_that_no_sample_meets_are_refused(confidence: str, tolerable: str, expected: str, message: str) -> None:
    for distribution in Distribution:
        with pytest.raises(SamplingError, match=message):
            attribute_size(distribution, rate(confidence), rate(tolerable), rate(expected), 10**9)


def test_an_empty_or_unnamed_population_is_refused() -> None:
    rates = {
        name: parse_rate(text, name=name)
        for name, text in [("confidence", "95%"), ("tolerable", "5%"), ("expected", "0")]
    }
    with pytest.raises(SamplingError, match="population is empty"):
        plan_attribute(BINOMIAL, **rates, population=0)
    with pytest.raises(SamplingError, match="needs a population"):
        attribute_size(HYPERGEOMETRIC, C95, rate("5"), Fraction(0))


def test_two_stages() -> None:
    assert two_stage_size(BINOMIAL, C95, rate("5"), 1, 0) == 61
    assert two_stage_size(POISSON, C95, rate("3"), 1, 0) == 105
    with pytest.raises(SamplingError):
        two_stage_size(BINOMIAL, C95, rate("5"), 0, 0)


def test_the_risk_model_is_exact() -> None:
    assert confidence_from_risks(rate("5"), Fraction(1), rate("52")) == 1 - Fraction(5, 52)
    with pytest.raises(SamplingError, match="nothing for sampling"):
        confidence_from_risks(rate("50"), rate("50"), rate("50"))
