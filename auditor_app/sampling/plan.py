"""Sample sizes and allowed deviations, from exact rationals.

Definitions (AICPA *Audit Sampling* and jfa agree on them):

* attribute, binomial and hypergeometric: the smallest n with P(X ≤ ceil(e·n) | n, t) < 1 − c, strictly; the
  hypergeometric counts ceil(t·N) deviating items among N;
* Poisson (attribute and monetary-unit): the smallest n with gamma.ppf(c, 1 + e·n) / n < t; the expected sum of
  taints e·n may be fractional;
* allowed deviations: the most deviations k for which the sample still bounds the rate below t.

c is the confidence, t the tolerable and e the expected rate. e·n is exact, never 14.000000000000002.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import ceil, floor, inf

from auditor_app.errors import SamplingError
from auditor_app.sampling import distributions
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.rates import Rate, parse_rate

MAX_SIZE = 1_000_000
"""A sample above this is refused: re-hashing every leaf is the better procedure."""

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class AttributePlan:
    """How many items to draw and how many deviations among them still bound the rate below ``tolerable``."""

    distribution: Distribution
    confidence: Rate
    tolerable: Rate
    expected: Rate
    population: int
    size: int
    allowed_deviations: int

    def prose(self) -> str:
        """What the numbers mean, for the person who plans."""
        few = "no deviation is" if not self.allowed_deviations else f"at most {self.allowed_deviations} are"
        text = (
            f"Draw {self.size:,} of {self.population:,} items. If {few} found among them, a deviation rate of "
            f"{self.tolerable.percent} or more would have had less than {self.confidence.complement().percent} chance of "
            f"giving so few ({self.distribution}, confidence {self.confidence.percent}, "
            f"expected rate {self.expected.percent})."
        )
        if self.size == self.population:
            text += " The sample is the whole population."
        return text


def plan_attribute(
    distribution: Distribution, *, confidence: Rate, tolerable: Rate, expected: Rate, population: int
) -> AttributePlan:
    """The attribute plan for a population of ``population`` items.

    A binomial or Poisson size above the population becomes the whole population. Raises
    :class:`SamplingError` ``SAMPLE.PLAN`` where no size serves.
    """
    if population < 1:
        raise _refused("the population is empty", "Name a ledger with rows.")
    c, t, e = confidence.value, tolerable.value, expected.value
    size = min(population, attribute_size(distribution, c, t, e, population))
    allowed = allowed_of(distribution, size, c, t, population)
    return AttributePlan(distribution, confidence, tolerable, expected, population, size, allowed)


def plan_typed(
    distribution: Distribution, *, confidence: str, tolerable: str, expected: str, population: int
) -> AttributePlan:
    """:func:`plan_attribute` from rates as typed or committed."""
    return plan_attribute(
        distribution,
        confidence=parse_rate(confidence, name="confidence"),
        tolerable=parse_rate(tolerable, name="tolerable rate"),
        expected=parse_rate(expected, name="expected rate"),
        population=population,
    )


def allowed_of(
    distribution: Distribution, size: int, confidence: Fraction, tolerable: Fraction, population: int
) -> int:
    """The allowed deviations of a sample of ``size`` out of ``population`` items."""
    if size == population:  # nothing is left to chance: fewer deviations than the tolerable rate makes of them
        return ceil(tolerable * population) - 1
    return allowed_deviations(distribution, size, confidence, tolerable, population)


def attribute_size(
    distribution: Distribution,
    confidence: Fraction,
    tolerable: Fraction,
    expected: Fraction,
    population: int | None = None,
) -> int:
    """The smallest sample size for an expected *rate*; ``population`` is needed for the hypergeometric only."""
    _check_rates(confidence, tolerable, expected)
    if distribution is Distribution.POISSON:
        return monetary_size(confidence, tolerable, expected)
    test = _Test(distribution, confidence, tolerable, population)
    for allowed, lowest, highest in _bands(expected, test.largest_size):
        probabilities = test.probabilities(allowed, highest)
        for k, low, high, p in zip(allowed, lowest, highest, probabilities, strict=True):
            # within one band the probability falls as n grows, so the band serves if its top does
            if distributions.near_or_below(p, test.risk) and test.serves(k, high):
                return _smallest(low, high, partial(test.serves, k))
    raise _too_large()


def attribute_size_for(
    distribution: Distribution,
    confidence: Fraction,
    tolerable: Fraction,
    deviations: int,
    population: int | None = None,
) -> int:
    """The smallest sample size for an expected *number* of deviations, whatever the size."""
    _check_rates(confidence, tolerable, Fraction(0))
    if distribution is Distribution.POISSON:
        factor = distributions.poisson_factor(confidence, deviations)
        return _smallest(1, MAX_SIZE, lambda n: factor / n < tolerable)
    test = _Test(distribution, confidence, tolerable, population)
    return _smallest(1, test.largest_size, lambda n: test.serves(deviations, n))


def monetary_size(confidence: Fraction, tolerable: Fraction, expected: Fraction) -> int:
    """Monetary-unit (Poisson) sample size; the rates are shares of the book value."""
    _check_rates(confidence, tolerable, expected)
    return _smallest(1, MAX_SIZE, lambda n: distributions.poisson_factor(confidence, expected * n) / n < tolerable)


def expected_taints(confidence: Fraction, ratio: Fraction) -> float:
    """The expected sum of taints of AICPA table C-1: r·x for the x with gamma.ppf(c, 1 + r·x) = x.

    ``ratio`` is expected over tolerable misstatement, below 1; the answer does not depend on either alone.
    """
    low, high = 0.0, 1.0
    while distributions.poisson_factor(confidence, Fraction(float(ratio) * high)) > high:
        high *= 2
        if high == inf or high > MAX_SIZE:
            raise _too_large()
    for _ in range(100):
        middle = (low + high) / 2
        above = distributions.poisson_factor(confidence, Fraction(float(ratio) * middle)) > middle
        low, high = (middle, high) if above else (low, middle)
    return float(ratio) * high


def two_stage_size(
    distribution: Distribution, confidence: Fraction, tolerable: Fraction, first: int, second: int
) -> int:
    """The size of each of two equal stages (Touw & Hoogduin 2011).

    The first stage passes with fewer than ``first`` deviations; with exactly ``first`` a second stage of the same
    size is drawn, which may hold at most ``second``.
    """
    _check_rates(confidence, tolerable, Fraction(0))
    if first < 1 or second < 0:
        raise _refused("a two-stage plan lets at least one deviation into its first stage", "Correct the stages.")

    def chance_of_passing(size: int) -> float:
        below, at, again = _cumulative(distribution, size, tolerable, [first - 1, first, second])
        return below + (at - below) * again

    return _smallest(1, MAX_SIZE, lambda n: chance_of_passing(n) < 1 - confidence)


def allowed_deviations(
    distribution: Distribution, size: int, confidence: Fraction, tolerable: Fraction, population: int | None = None
) -> int:
    """The most deviations among ``size`` items that still bound the rate below ``tolerable``; −1 if none does."""
    if distribution is Distribution.POISSON:

        def serves(k: int) -> bool:
            return distributions.poisson_factor(confidence, k) / size < tolerable
    else:
        test = _Test(distribution, confidence, tolerable, population)

        def serves(k: int) -> bool:
            return test.serves(k, size)

    return _smallest(0, size, lambda k: not serves(k)) - 1


def confidence_from_risks(
    audit: Fraction, inherent: Fraction, control: Fraction, analytical: Fraction = Fraction(1)
) -> Fraction:
    """The confidence left to sampling by the audit risk model: 1 − AR ÷ (IR · CR · AP), exact.

    ``analytical`` is the risk that analytical and other procedures miss what controls missed; 1 relies on none.
    """
    if not (0 < audit < 1 and 0 < inherent <= 1 and 0 < control <= 1 and 0 < analytical <= 1):
        raise _refused("a risk is not between 0 and 1", "Correct the risks.")
    detection = audit / (inherent * control * analytical)
    if detection >= 1:
        raise _refused("the risk model leaves nothing for sampling to do", "Correct the risks, or draw no sample.")
    return 1 - detection


class _Test:
    """One statistical test: which sizes and deviations bound the rate below the tolerable one."""

    def __init__(
        self, distribution: Distribution, confidence: Fraction, tolerable: Fraction, population: int | None
    ) -> None:
        self.risk = 1 - confidence
        self._tolerable = tolerable
        self._population: int | None = None
        self.largest_size = MAX_SIZE
        if distribution is Distribution.HYPERGEOMETRIC:
            if population is None or population < 1:
                raise _refused("the hypergeometric distribution needs a population", "Name the population's size.")
            self._population = population
            self._marked = ceil(tolerable * population)
            self.largest_size = min(population, MAX_SIZE)

    def probabilities(self, deviations: list[int], sizes: list[int]) -> list[float]:
        if self._population is None:
            return distributions.binomial_cdf(deviations, sizes, self._tolerable)
        return distributions.hypergeometric_cdf(deviations, sizes, self._population, self._marked)

    def serves(self, deviations: int, size: int) -> bool:
        """Whether so few deviations among ``size`` would be unlikely enough at the tolerable rate."""
        if self._population is None:
            return distributions.binomial_below(deviations, size, self._tolerable, self.risk)
        return distributions.hypergeometric_below(deviations, size, self._population, self._marked, self.risk)


def _cumulative(distribution: Distribution, size: int, rate: Fraction, deviations: list[int]) -> list[float]:
    if distribution is Distribution.POISSON:
        return distributions.poisson_cdf(deviations, rate * size)
    if distribution is Distribution.BINOMIAL:
        return distributions.binomial_cdf(deviations, [size] * len(deviations), rate)
    raise _refused("two stages are planned with the binomial or Poisson distribution", "Choose one of them.")


def _bands(expected: Fraction, largest: int) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """Chunks of bands of sizes with equal ceil(e·n): that number, the lowest and the highest n of each band."""
    if not expected:
        yield [0], [1], [largest]
        return
    first, low = 1, 1
    while low <= largest:
        deviations = list(range(first, first + _CHUNK))
        tops = [min(floor(k / expected), largest) for k in deviations]
        lows = [low, *(top + 1 for top in tops[:-1])]
        kept = [i for i, start in enumerate(lows) if start <= tops[i]]
        if kept:
            yield [deviations[i] for i in kept], [lows[i] for i in kept], [tops[i] for i in kept]
        first, low = first + _CHUNK, tops[-1] + 1


def _smallest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest number from ``low`` to ``high`` for which ``holds``, which stays true once it is."""
    if not holds(high):
        raise _too_large()
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _check_rates(confidence: Fraction, tolerable: Fraction, expected: Fraction) -> None:
    if not 0 < confidence < 1:
        raise _refused("the confidence is not between 0 and 100 %", "Type a confidence such as 95%.")
    if not 0 < tolerable < 1:
        raise _refused("the tolerable rate is not between 0 and 100 %", "Type a tolerable rate such as 5%.")
    if not 0 <= expected < tolerable:
        raise _refused(
            "the expected rate is not below the tolerable rate", "Lower the expected or raise the tolerable rate."
        )


def _too_large() -> SamplingError:
    return _refused(
        f"no sample of at most {MAX_SIZE:,} items (or the whole population) meets these rates",
        "Raise the tolerable rate, lower the expected rate or the confidence, or inspect every item.",
    )


def _refused(what: str, action: str) -> SamplingError:
    return SamplingError("SAMPLE.PLAN", what, action=action)
