"""The upper limit of a stratified sample's deviation rate, by whichever of two valid rules its design makes tighter.

*pooled*: the deviations are a sum of independent indicators (a hypergeometric count is one, Vatutin & Mikhailov 1982)
with mean n·p̄, and no such sum has a larger chance of at most k than the binomial with the same mean, for k ≤ n·p̄ − 1
(Hoeffding 1956). So p̄ is below the binomial limit, and the population's rate below r times it, where r is the largest
ratio of a stratum's share of the population to its share of the sample: 1 where the allocation is exactly proportional.

*separate*: each stratum's own limit at confidence 1 − (1 − c) ÷ strata, weighted by population (Bonferroni).

Which rule holds is decided by the design alone, never by what was found: a choice after the fact would spoil both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.evaluate import upper_limit
from auditor_app.sampling.plan import AttributePlan

Rule = Literal["pooled", "separate"]


@dataclass(frozen=True, slots=True)
class Counted:
    """One stratum: leaves in it, leaves drawn from it, deviations among those."""

    population: int
    size: int
    deviations: int = 0

    @property
    def rate(self) -> Fraction:
        """Deviations over size; 0 where nothing was drawn."""
        return Fraction(self.deviations, self.size) if self.size else Fraction(0)


@dataclass(frozen=True, slots=True)
class StratifiedLimit:
    """The limit as a share of the population, and the rule that gave it."""

    limit: float
    rule: Rule


def stratified_limit(strata: Sequence[Counted], distribution: Distribution, confidence: Fraction) -> StratifiedLimit:
    """The limit at ``confidence``; strata without leaves count for nothing."""
    held = [item for item in strata if item.population]
    clean = [Counted(item.population, item.size) for item in held]
    separate = _separate(clean, distribution, confidence)
    if _pooled(clean, confidence) <= separate:
        return StratifiedLimit(_pooled(held, confidence), "pooled")
    return StratifiedLimit(_separate(held, distribution, confidence), "separate")


def serves(plan: AttributePlan, populations: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether an allocation bounds the rate below the tolerable one with as many deviations as ``plan`` allows.

    They are counted where they weigh most: in the strata with the largest share of the population for each item.
    """
    left = max(plan.allowed_deviations, 0)
    strata = []
    for population, size in sorted(
        zip(populations, sizes, strict=True), key=lambda pair: -Fraction(pair[0], pair[1] or 1)
    ):
        found = min(left, size)
        left -= found
        strata.append(Counted(population, size, found))
    return stratified_limit(strata, plan.distribution, plan.confidence.value).limit < float(plan.tolerable.value)


def each_confidence(strata: Sequence[Counted], confidence: Fraction) -> Fraction:
    """The confidence of each stratum's own limit, so that all hold together at ``confidence``."""
    return 1 - (1 - confidence) / sum(item.population > 0 for item in strata)


def own_limit(stratum: Counted, distribution: Distribution, confidence: Fraction) -> float:
    """One stratum's limit by itself: the rate itself where every leaf was drawn, 1 where none was."""
    if not stratum.size:
        return 1.0
    if stratum.size == stratum.population:
        return float(stratum.rate)
    return min(1.0, upper_limit(distribution, stratum.size, stratum.deviations, confidence, stratum.population))


def _separate(held: Sequence[Counted], distribution: Distribution, confidence: Fraction) -> float:
    each, total = each_confidence(held, confidence), sum(item.population for item in held)
    return min(1.0, sum(own_limit(item, distribution, each) * (item.population / total) for item in held))


def _pooled(held: Sequence[Counted], confidence: Fraction) -> float:
    if any(not item.size for item in held):
        return 1.0
    total, size, found = (sum(getattr(item, name) for item in held) for name in ("population", "size", "deviations"))
    limit = upper_limit(Distribution.BINOMIAL, size, found, confidence)
    if found > size * limit - 1:  # outside the range of the inequality
        return 1.0
    ratio = max(Fraction(item.population * size, item.size * total) for item in held)
    return min(1.0, float(ratio) * limit)
