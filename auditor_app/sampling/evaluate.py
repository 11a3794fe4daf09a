"""What a finished sample says: upper limits, most likely misstatement, Stringer's bound.

Under an agreed-upon-procedures engagement none of these numbers is printed unless computing it is itself an
agreed procedure; the decision belongs to the caller. Limits are transcendental, hence floats; amounts that are
plain arithmetic (the most likely misstatement) stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.errors import SamplingError
from auditor_app.sampling import distributions
from auditor_app.sampling.distributions import Distribution


def upper_limit(
    distribution: Distribution, size: int, deviations: int, confidence: Fraction, population: int | None = None
) -> float:
    """The one-sided upper limit of the deviation rate.

    Binomial: Clopper–Pearson; Poisson: gamma.ppf(c, 1 + k) / n, which may exceed 1; hypergeometric: the largest
    number K of deviating items with P(X ≤ k | K) > 1 − c, over ``population``.
    """
    _check(size, deviations, confidence)
    if distribution is Distribution.BINOMIAL:
        if deviations == size:
            return 1.0
        return distributions.beta_quantile(confidence, deviations + 1, size - deviations)
    if distribution is Distribution.POISSON:
        return distributions.poisson_factor(confidence, deviations) / size
    if population is None:
        raise _refused("the hypergeometric limit needs a population", "Name the population's size.")
    marked = hypergeometric_upper_count(population, size, deviations, confidence)
    return float(Fraction(marked, population))


def hypergeometric_upper_count(population: int, size: int, deviations: int, confidence: Fraction) -> int:
    """The largest number of deviating items in the population that the sample still allows for, exact."""
    _check(size, deviations, confidence)
    if size > population:
        raise _refused("the sample is larger than its population", "Correct the numbers.")
    low, high = deviations, population - (size - deviations)
    while low < high:
        middle = (low + high + 1) // 2
        if _hypergeometric_above(deviations, size, population, middle, 1 - confidence):
            low = middle
        else:
            high = middle - 1
    return low


def _hypergeometric_above(deviations: int, size: int, population: int, marked: int, limit: Fraction) -> bool:
    """Whether P(X ≤ k) > ``limit``, strictly."""
    if distributions.hypergeometric_below(deviations, size, population, marked, limit):
        return False
    (probability,) = distributions.hypergeometric_cdf([deviations], [size], population, marked)
    if not distributions.near_or_below(probability, limit):
        return True
    return distributions.exact_hypergeometric_cdf(deviations, size, population, marked) > limit


def two_sided_interval(size: int, deviations: int, confidence: Fraction) -> tuple[float, float]:
    """The two-sided Clopper–Pearson interval of the deviation rate."""
    _check(size, deviations, confidence)
    tail = (1 - confidence) / 2
    low = 0.0 if not deviations else distributions.beta_quantile(tail, deviations, size - deviations + 1)
    high = 1.0 if deviations == size else distributions.beta_quantile(1 - tail, deviations + 1, size - deviations)
    return low, high


def chance_of_so_few(size: int, deviations: int, tolerable: Fraction) -> float:
    """P(X ≤ k) if the rate were ``tolerable``: the p-value of the test that it is less (binomial)."""
    return distributions.binomial_cdf([deviations], [size], tolerable)[0]


@dataclass(frozen=True, slots=True)
class Taint:
    """How far one item was misstated, as a share of its book value; positive for an overstatement."""

    book: Fraction
    found: Fraction

    @property
    def value(self) -> Fraction:
        """(book − found) ÷ book, exact."""
        if not self.book:
            raise _refused("a book value of zero has no taint", "Handle the item apart.")
        return (self.book - self.found) / self.book


def most_likely_misstatement(size: int, taints: Sequence[Fraction], book_value: Fraction) -> Fraction:
    """Book value × mean taint of the sample, exact; known misstatement of certainty items is added by the caller."""
    if size < 1 or len(taints) > size:
        raise _refused("there are more taints than items", "Correct the numbers.")
    return book_value * sum(taints, Fraction(0)) / size


def stringer_rate(distribution: Distribution, size: int, taints: Sequence[Fraction], confidence: Fraction) -> float:
    """Stringer's bound as a share of the book value: ub(0) + Σ (ub(j) − ub(j−1)) · taint_j, taints falling.

    ``taints`` are overstatements above 0 and at most 1. Understatements are bounded apart by their absolute
    values and never netted.
    """
    if any(not 0 < taint <= 1 for taint in taints):
        raise _refused("a taint is not above 0 and at most 1", "Bound understatements apart; leave out zeros.")
    limits = [upper_limit(distribution, size, k, confidence) for k in range(len(taints) + 1)]
    falling = sorted(taints, reverse=True)
    steps = zip(limits, limits[1:], falling, strict=False)
    return limits[0] + sum((above - below) * float(taint) for below, above, taint in steps)


def _check(size: int, deviations: int, confidence: Fraction) -> None:
    if not 0 < confidence < 1:
        raise _refused("the confidence is not between 0 and 100 %", "Type a confidence such as 95%.")
    if size < 1 or not 0 <= deviations <= size:
        raise _refused("there are more deviations than items, or no items", "Correct the numbers.")


def _refused(what: str, action: str) -> SamplingError:
    return SamplingError("SAMPLE.PLAN", what, action=action)
