"""Stratified limits: their coverage enumerated exactly, and the rule chosen by the design alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import pytest

from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.plan import plan_attribute
from auditor_app.sampling.rates import parse_rate
from auditor_app.sampling.stratified_limit import Counted, own_limit, serves, stratified_limit

HYPERGEOMETRIC = Distribution.HYPERGEOMETRIC


def chance(population: int, size: int, marked: int, found: int) -> Fraction:
    """P(X = found), hypergeometric, in whole numbers."""
    if found > marked or size - found > population - marked:
        return Fraction(0)
    return Fraction(comb(marked, found) * comb(population - marked, size - found), comb(population, size))


@pytest.mark.parametrize(
    ("populations", "sizes", "rule"),
    [
        ((20, 30), (4, 6), "pooled"),
        ((20, 30), (5, 6), "pooled"),
        ((10, 40), (8, 3), "separate"),
        ((25, 15, 10), (5, 3, 2), "pooled"),
        ((20, 30), (20, 3), "separate"),
    ],
)
@pytest.mark.parametrize("confidence", [Fraction(9, 10), Fraction(95, 100)])
def test_the_limit_holds_for_every_population(
    populations: tuple[int, ...], sizes: tuple[int, ...], rule: str, confidence: Fraction
) -> None:
    """For each number of deviating leaves in each stratum, the limit covers the true rate often enough."""
    total = sum(populations)
    outcomes = list(product(*(range(size + 1) for size in sizes)))
    limits = {}
    for found in outcomes:
        counted = [Counted(*item) for item in zip(populations, sizes, found, strict=True)]
        limit = stratified_limit(counted, HYPERGEOMETRIC, confidence)
        assert limit.rule == rule
        limits[found] = limit.limit
    for marked in product(*(range(0, population + 1, 5) for population in populations)):
        true = sum(marked) / total
        covered = Fraction(0)
        for found in outcomes:
            if limits[found] + 1e-12 >= true:
                likelihood = Fraction(1)
                for population, size, bad, seen in zip(populations, sizes, marked, found, strict=True):
                    likelihood *= chance(population, size, bad, seen)
                covered += likelihood
        assert covered >= confidence, (marked, float(covered))


def test_one_stratum_drawn_whole_or_not_at_all() -> None:
    assert own_limit(Counted(5, 5, 2), HYPERGEOMETRIC, Fraction(9, 10)) == 0.4
    assert own_limit(Counted(5, 0), HYPERGEOMETRIC, Fraction(9, 10)) == 1.0
    unseen = stratified_limit([Counted(50, 20), Counted(50, 0)], HYPERGEOMETRIC, Fraction(9, 10))
    assert unseen.rule == "separate"
    assert unseen.limit > 0.5


def test_an_allocation_serves_or_does_not() -> None:
    plan = plan_attribute(
        HYPERGEOMETRIC,
        confidence=parse_rate("95%", name="c"),
        tolerable=parse_rate("5%", name="t"),
        expected=parse_rate("0", name="e"),
        population=50_000,
    )
    assert plan.size == 59
    assert serves(plan, (50_000,), (59,))
    assert serves(plan, (674, 3721, 45605), (1, 5, 55))
    assert not serves(plan, (674, 3721, 45605), (20, 20, 19))
    assert not serves(plan, (25_000, 25_000), (59, 0))
