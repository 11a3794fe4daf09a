"""Plans, limits and records under random inputs, against the definitions summed in fractions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auditor_app.errors import SamplingError
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.evaluate import upper_limit
from auditor_app.sampling.plan import allowed_deviations, attribute_size, monetary_size
from auditor_app.sampling.rates import parse_rate

BINOMIAL, HYPERGEOMETRIC, POISSON = Distribution.BINOMIAL, Distribution.HYPERGEOMETRIC, Distribution.POISSON

confidences = st.integers(1, 99).map(lambda n: Fraction(n, 100))
tolerables = st.integers(10, 90).map(lambda n: Fraction(n, 100))


def chance(k: int, size: int, tolerable: Fraction, population: int | None) -> Fraction:
    """P(X ≤ k), word for word."""
    counts = range(min(k, size) + 1)
    if population is None:
        return sum((comb(size, i) * tolerable**i * (1 - tolerable) ** (size - i) for i in counts), Fraction(0))
    marked = ceil(tolerable * population)
    ways = sum(comb(marked, i) * comb(population - marked, size - i) for i in counts)
    return Fraction(ways, comb(population, size))


@settings(max_examples=150, deadline=None)
@given(confidences, tolerables, st.integers(0, 45), st.one_of(st.none(), st.integers(1, 60)))
def test_an_attribute_size_is_the_first_that_meets_the_definition(
    confidence: Fraction, tolerable: Fraction, hundredths: int, population: int | None
) -> None:
    expected = Fraction(hundredths, 100) * tolerable
    distribution = BINOMIAL if population is None else HYPERGEOMETRIC
    largest = population or 60
    met = [n for n in range(1, largest + 1) if chance(ceil(expected * n), n, tolerable, population) < 1 - confidence]
    try:
        size = attribute_size(distribution, confidence, tolerable, expected, population)
    except SamplingError:
        assert population is not None
        assert not met
        return
    assert size == met[0] if met else size > largest
    allowed = allowed_deviations(distribution, size, confidence, tolerable, population)
    assert allowed >= ceil(expected * size)
    if size <= largest:
        assert chance(allowed, size, tolerable, population) < 1 - confidence
        assert allowed == size or chance(allowed + 1, size, tolerable, population) >= 1 - confidence


@settings(max_examples=60, deadline=None)
@given(confidences, tolerables, st.integers(0, 80))
def test_a_monetary_size_is_the_first_below_the_tolerable_rate(
    confidence: Fraction, tolerable: Fraction, hundredths: int
) -> None:
    expected = Fraction(hundredths, 100) * tolerable
    try:
        size = monetary_size(confidence, tolerable, expected)
    except SamplingError:
        assume(False)
        return
    taints = expected * size
    if taints.denominator == 1 and taints <= size:
        assert upper_limit(POISSON, size, int(taints), confidence) < tolerable
    for smaller in range(max(1, size - 40), size):
        taints = expected * smaller
        if taints.denominator == 1:
            assert upper_limit(POISSON, smaller, int(taints), confidence) >= tolerable


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.data(), confidences)
def test_limits_rise_with_deviations_and_confidence(size: int, data: st.DataObject, confidence: Fraction) -> None:
    deviations = data.draw(st.integers(0, size))
    for distribution in Distribution:
        limit = upper_limit(distribution, size, deviations, confidence, 60)
        assert limit <= upper_limit(distribution, size, min(deviations + 1, size), confidence, 60)
        assert limit <= upper_limit(distribution, size, deviations, (confidence + 1) / 2, 60)


@settings(max_examples=200, deadline=None)
@given(st.decimals(0, 100, places=6, allow_nan=False))
def test_a_percentage_is_the_decimal_it_means(value: object) -> None:
    text = f"{value:f}"
    rate = parse_rate(text + "%", name="rate")
    assert rate.value == Fraction(text) / 100 == Fraction(rate.text)
    assert rate.complement().value == 1 - rate.value
