"""Distribution functions: SciPy's, with near ties decided in exact integers.

A plan compares a probability with the risk it may take. SciPy computes that probability in floating point;
where the two are closer than its error could be, the comparison is made again with integers of any length.
Poisson quantiles are transcendental and cannot tie with a rational risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from math import comb

_NEAR = 1e-7
"""Relative distance below which a comparison is repeated exactly; SciPy's error is orders of magnitude smaller."""

_EXACT_LIMIT = 20_000
"""Sample sizes above this are left to SciPy: exact sums would take minutes."""


class Distribution(StrEnum):
    """How deviations in a sample are counted on to fall."""

    BINOMIAL = "binomial"
    HYPERGEOMETRIC = "hypergeometric"
    POISSON = "poisson"


def binomial_cdf(deviations: Sequence[int], sizes: Sequence[int], rate: Fraction) -> list[float]:
    """P(X ≤ k) for each pair of ``deviations`` and ``sizes`` in a population with deviation rate ``rate``."""
    from scipy.stats import binom

    return _listed(binom.cdf(deviations, sizes, float(rate)))


def hypergeometric_cdf(deviations: Sequence[int], sizes: Sequence[int], population: int, marked: int) -> list[float]:
    """P(X ≤ k) for each pair when ``marked`` of ``population`` items deviate and none is drawn twice."""
    from scipy.stats import hypergeom

    return _listed(hypergeom.cdf(deviations, population, marked, sizes))


def poisson_cdf(deviations: Sequence[int], mean: Fraction) -> list[float]:
    """P(X ≤ k) for each of ``deviations`` where ``mean`` deviations are to be expected."""
    from scipy.stats import poisson

    return _listed(poisson.cdf(deviations, float(mean)))


def _listed(values: object) -> list[float]:
    import numpy as np

    return [float(value) for value in np.atleast_1d(np.asarray(values, dtype=float))]


def binomial_below(deviations: int, size: int, rate: Fraction, limit: Fraction) -> bool:
    """Whether P(X ≤ ``deviations`` | ``size``, ``rate``) < ``limit``, strictly."""
    (probability,) = binomial_cdf([deviations], [size], rate)
    if _clear(probability, limit) or size > _EXACT_LIMIT:
        return probability < limit
    return exact_binomial_cdf(deviations, size, rate) < limit


def hypergeometric_below(deviations: int, size: int, population: int, marked: int, limit: Fraction) -> bool:
    """Whether P(X ≤ ``deviations``) < ``limit``, strictly, without replacement."""
    (probability,) = hypergeometric_cdf([deviations], [size], population, marked)
    if _clear(probability, limit) or size > _EXACT_LIMIT:
        return probability < limit
    return exact_hypergeometric_cdf(deviations, size, population, marked) < limit


def near_or_below(probability: float, limit: Fraction) -> bool:
    """Whether ``probability`` may be below ``limit`` once computed exactly."""
    return probability < limit or not _clear(probability, limit)


def _clear(probability: float, limit: Fraction) -> bool:
    return abs(probability - float(limit)) > _NEAR * float(limit)


def exact_binomial_cdf(deviations: int, size: int, rate: Fraction) -> Fraction:
    """P(X ≤ k) as a fraction; the sum runs over integers with one division at the end."""
    yes, whole = rate.numerator, rate.denominator
    no = whole - yes
    top = min(deviations, size)
    total = sum(comb(size, k) * yes**k * no ** (top - k) for k in range(top + 1))
    return Fraction(total * no ** (size - top), whole**size)


def exact_hypergeometric_cdf(deviations: int, size: int, population: int, marked: int) -> Fraction:
    """P(X ≤ k) as a fraction, without replacement."""
    top = min(deviations, size, marked)
    ways = sum(comb(marked, k) * comb(population - marked, size - k) for k in range(top + 1))
    return Fraction(ways, comb(population, size))


def poisson_factor(confidence: Fraction, deviations: Fraction | int) -> float:
    """The confidence factor gamma.ppf(c, 1 + k): how many deviations ``n·rate`` may hide; k may be fractional."""
    from scipy.stats import gamma

    return float(gamma.ppf(float(confidence), float(1 + deviations)))


def beta_quantile(probability: Fraction, alpha: int, beta: int) -> float:
    """The quantile behind Clopper–Pearson limits."""
    from scipy.stats import beta as distribution

    return float(distribution.ppf(float(probability), alpha, beta))
