"""Upper limits and bounds, against print and against exact sums."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb

import pytest

from auditor_app.errors import SamplingError
from auditor_app.sampling.distributions import Distribution, exact_binomial_cdf
from auditor_app.sampling.evaluate import (
    Taint,
    hypergeometric_upper_count,
    most_likely_misstatement,
    stringer_rate,
    two_sided_interval,
    upper_limit,
)

BINOMIAL, HYPERGEOMETRIC, POISSON = Distribution.BINOMIAL, Distribution.HYPERGEOMETRIC, Distribution.POISSON
C95 = Fraction(95, 100)


def test_headline_limits() -> None:
    limits = [ceil(1000 * upper_limit(BINOMIAL, 60, k, C95)) for k in (0, 1, 2)]
    assert limits == [49, 77, 102]  # 4.9, 7.7 and 10.2 %, rounded up as printed
    taints = [Fraction("1"), Fraction("0.20000072"), Fraction("0.03999931")]
    assert abs(stringer_rate(BINOMIAL, 145, taints, C95) * 13_500_000 - 469_616.5) < 3


def test_a_binomial_limit_leaves_exactly_the_risk() -> None:
    for size, deviations in ((10, 0), (10, 3), (60, 2), (9, 8)):
        limit = Fraction(upper_limit(BINOMIAL, size, deviations, C95))
        assert abs(exact_binomial_cdf(deviations, size, limit) - Fraction(5, 100)) < Fraction(1, 10**12)
    assert upper_limit(BINOMIAL, 5, 5, C95) == 1.0


@pytest.mark.parametrize("population", [1, 5, 23])
def test_hypergeometric_limits_agree_with_counting(population: int) -> None:
    for size in range(1, population + 1):
        for k in range(size + 1):
            allowed = []
            for marked in range(k, population - (size - k) + 1):
                ways = sum(comb(marked, i) * comb(population - marked, size - i) for i in range(k + 1))
                if Fraction(ways, comb(population, size)) > 1 - C95:
                    allowed.append(marked)
            assert hypergeometric_upper_count(population, size, k, C95) == max(allowed)


def test_an_exact_tie_with_the_risk_is_not_above_it() -> None:
    """2 items, 1 drawn, none deviates: with one deviating item the chance is exactly one half."""
    assert hypergeometric_upper_count(2, 1, 0, Fraction(1, 2)) == 0
    assert hypergeometric_upper_count(2, 1, 0, Fraction(51, 100)) == 1


def test_two_sided_limits_at_the_edges() -> None:
    assert two_sided_interval(7, 0, C95)[0] == 0.0
    assert two_sided_interval(7, 7, C95)[1] == 1.0


def test_the_most_likely_misstatement_stays_exact() -> None:
    taint = Taint(Fraction(300), Fraction(200)).value
    assert most_likely_misstatement(7, [taint], Fraction(10**30)) == Fraction(10**30, 21)


def test_stringers_bound_takes_taints_in_any_order_and_only_overstatements() -> None:
    taints = [Fraction(1, 5), Fraction(1), Fraction(1, 25)]
    assert stringer_rate(BINOMIAL, 145, taints, C95) == stringer_rate(BINOMIAL, 145, sorted(taints), C95)
    assert stringer_rate(BINOMIAL, 145, [], C95) == upper_limit(BINOMIAL, 145, 0, C95)
    assert stringer_rate(POISSON, 145, [Fraction(1)], C95) == pytest.approx(upper_limit(POISSON, 145, 1, C95))
    for taint in (Fraction(0), Fraction(-1, 2), Fraction(3, 2)):
        with pytest.raises(SamplingError, match="taint"):
            stringer_rate(BINOMIAL, 145, [taint], C95)


@pytest.mark.parametrize(("size", "deviations"), [(0, 0), (5, 6), (5, -1)])
def test_impossible_counts_are_refused(size: int, deviations: int) -> None:
    with pytest.raises(SamplingError):
        upper_limit(BINOMIAL, size, deviations, C95)
    with pytest.raises(SamplingError):
        hypergeometric_upper_count(10, size, deviations, C95)


def test_a_hypergeometric_limit_needs_its_population() -> None:
    with pytest.raises(SamplingError, match="population"):
        upper_limit(HYPERGEOMETRIC, 5, 0, C95)
    with pytest.raises(SamplingError, match="larger than its population"):
        hypergeometric_upper_count(4, 5, 0, C95)
    with pytest.raises(SamplingError, match="no taint"):
        _ = Taint(Fraction(0), Fraction(1)).value
