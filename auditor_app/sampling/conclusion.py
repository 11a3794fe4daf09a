"""What an executed sample amounts to: deviations, most likely error, upper limits, taints, Stringer's bound.

Computed from the executed items, never from typed numbers. Everything that is plain arithmetic is exact (``p/q`` or
decimal text); limits are transcendental and carry ten digits. Under agreed-upon procedures the limits and the
projection go into a report only where the procedure ``sample-limits`` was agreed; the caller decides that.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from auditor_app.amounts import Amount
from auditor_app.errors import SamplingError
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.drawn import DrawnSample
from auditor_app.sampling.evaluate import Taint, stringer_rate, upper_limit
from auditor_app.sampling.execution import ExecutedItem, Execution
from auditor_app.sampling.plan import allowed_of
from auditor_app.sampling.rates import Rate, parse_rate
from auditor_app.sampling.stratified_limit import Counted, each_confidence, own_limit, stratified_limit
from auditor_app.snapshot.statement import Closed
from auditor_app.typed import typed

FORMAT = "por-sample-conclusion/v1"


class StratumConclusion(Closed, frozen=True, kw_only=True):
    """One stratum by itself; the limit is one-sided at ``confidence``, over the stratum's own population."""

    label: str
    population: str
    size: str
    deviations: str
    most_likely_rate: str
    confidence: str
    upper_limit: str


class ItemTaint(Closed, frozen=True, kw_only=True):
    """How far one item was misstated: exact amounts, ``taint`` = (book − found) ÷ book as fraction text.

    Positive for an overstatement. ``times`` monetary units fell in it; a ``certain`` one is not extrapolated.
    """

    item: str
    book: str
    found: str
    taint: str
    times: str
    certain: bool


class MonetaryConclusion(Closed, frozen=True, kw_only=True):
    """The misstatement of a monetary-unit sample, exact amounts (fraction text) in units of ``asset``.

    ``certain_misstatement`` is what was found in items inspected whole (book − found). ``most_likely`` adds the rest,
    projected; ``upper_bound`` is Stringer's for overstatement plus the certain overstatement; ``understatement_bound``
    is the same for understatements by their absolute values. The two are never netted. Where no unit
    fell in the rest, the bounds hold its whole book value.
    """

    asset: str
    book: str
    interval: str
    units: str
    certain_items: str
    certain_book: str
    certain_misstatement: str
    taints: tuple[ItemTaint, ...]
    most_likely: str
    upper_bound: str
    understatement_bound: str


class Conclusion(Closed, frozen=True, kw_only=True):
    """What the sample says; ``most_likely_rate`` is fraction text, ``upper_limit`` a decimal share of ten digits.

    For a stratified sample the rate is weighted by the strata's populations, and ``limit_rule`` says by which rule of
    :mod:`auditor_app.sampling.stratified_limit` the limit holds, ``pooled`` or ``separate``. For a monetary
    sample the rate and the limit count deviating units among those not certain.
    """

    kind: str
    method: str
    confidence: str
    tolerable: str
    population: str
    size: str
    deviations: str
    deviations_by_check: dict[str, str]
    allowed_deviations: str
    within_plan: bool
    most_likely_rate: str
    upper_limit: str
    limit_rule: str = ""
    strata: tuple[StratumConclusion, ...] = ()
    monetary: MonetaryConclusion | None = None


def conclude(execution: Execution, *, confidence: str = "") -> Conclusion:
    """Evaluate an executed sample at its committed confidence, or at a typed one.

    ``within_plan`` says that no more deviations were found than the plan allows for this size; for a stratified sample
    that the limit, and for a monetary one that the upper bound, is below the tolerable one. Raises :class:`SamplingError` ``SAMPLE.PLAN`` where a limit cannot
    be computed.
    """
    sample = execution.sample
    level = parse_rate(confidence or sample.confidence, name="confidence")
    if sample.monetary:
        return _monetary(execution, level.text, level.value)
    distribution = Distribution(sample.method.removeprefix("attribute-"))
    population, size, found = int(sample.population), len(execution.items), execution.deviations
    tolerable = parse_rate(sample.tolerable, name="tolerable rate").value
    if sample.strata:
        return _stratified(execution, distribution, level, tolerable)
    allowed = allowed_of(
        distribution, size, parse_rate(sample.confidence, name="confidence").value, tolerable, population
    )
    rate, limit = Fraction(found, size), _limit(distribution, size, found, level.value, population)
    return _conclusion(execution, level.text, rate, limit, within=found <= allowed, allowed=allowed)


def _limit(distribution: Distribution, size: int, found: int, confidence: Fraction, population: int) -> float:
    """The upper limit of a rate, at most 1; where every item was drawn the rate itself."""
    if size == population:
        return float(Fraction(found, size))
    return min(1.0, upper_limit(distribution, size, found, confidence, population))


def _conclusion(
    execution: Execution,
    confidence: str,
    rate: Fraction,
    limit: float,
    *,
    within: bool,
    allowed: int | None = None,
    strata: tuple[StratumConclusion, ...] = (),
    limit_rule: str = "",
    monetary: MonetaryConclusion | None = None,
) -> Conclusion:
    sample = execution.sample
    by_check: dict[str, str] = {
        check: str(sum(done.check == check and done.deviates for item in execution.items for done in item.checks))
        for check in execution.checks
    }
    return Conclusion(
        kind=sample.kind,
        method=sample.method,
        confidence=confidence,
        tolerable=sample.tolerable,
        population=sample.population,
        size=str(len(execution.items)),
        deviations=str(execution.deviations),
        deviations_by_check=by_check,
        allowed_deviations=sample.allowed_deviations if allowed is None else str(allowed),
        within_plan=within,
        most_likely_rate=str(rate),
        upper_limit=_digits(limit),
        limit_rule=limit_rule,
        strata=strata,
        monetary=monetary,
    )


def _stratified(execution: Execution, distribution: Distribution, confidence: Rate, tolerable: Fraction) -> Conclusion:
    sample = execution.sample
    counted = [
        Counted(
            int(stratum.population),
            sum(done.item.stratum == number for done in execution.items),
            sum(done.item.stratum == number and done.deviates for done in execution.items),
        )
        for number, stratum in enumerate(sample.strata)
    ]
    each = each_confidence(counted, confidence.value)
    parts = tuple(
        StratumConclusion(
            label=stratum.label,
            population=stratum.population,
            size=str(item.size),
            deviations=str(item.deviations),
            most_likely_rate=str(item.rate),
            confidence=str(each),
            upper_limit=_digits(own_limit(item, distribution, each)),
        )
        for stratum, item in zip(sample.strata, counted, strict=True)
        if item.population
    )
    total = sum(item.population for item in counted)
    rate = sum((item.rate * item.population for item in counted), Fraction(0)) / total
    found = stratified_limit(counted, distribution, confidence.value)
    within = found.limit < float(tolerable)
    return _conclusion(
        execution, confidence.text, rate, found.limit, within=within, strata=parts, limit_rule=found.rule
    )


def _monetary(execution: Execution, confidence: str, level: Fraction) -> Conclusion:
    sample = execution.sample
    taints = tuple(_taint(done, sample) for done in execution.items)
    certain = [item for item in taints if item.certain]
    rest = [item for item in taints if not item.certain]
    book, units = Fraction(sample.total), sum(int(item.times) for item in rest)
    certain_book = sum((Fraction(item.book) for item in certain), Fraction(0))
    left = book - certain_book
    over, under = _sides(rest)
    certain_over, certain_under = _known(certain)
    projected = left * (sum(over, Fraction(0)) - sum(under, Fraction(0))) / units if units else Fraction(0)
    bounds = [
        known + _bound(side, units, left, level) for side, known in ((over, certain_over), (under, certain_under))
    ]
    deviating = sum(
        int(taint.times)
        for taint, done in zip(taints, execution.items, strict=True)
        if done.deviates and not taint.certain
    )
    rate = Fraction(deviating, units) if units else Fraction(0)
    limit = min(1.0, upper_limit(Distribution.POISSON, units, deviating, level)) if units else float(bool(left))
    monetary = MonetaryConclusion(
        asset=sample.asset,
        book=str(book),
        interval=sample.interval,
        units=str(units),
        certain_items=str(len(certain)),
        certain_book=str(certain_book),
        certain_misstatement=str(certain_over - certain_under),
        taints=tuple(item for item in taints if item.taint != "0"),
        most_likely=str(certain_over - certain_under + projected),
        upper_bound=_digits(bounds[0]),
        understatement_bound=_digits(bounds[1]),
    )
    within = bounds[0] < float(book * parse_rate(sample.tolerable, name="tolerable rate").value)
    return _conclusion(execution, confidence, rate, limit, within=within, monetary=monetary)


def _taint(done: ExecutedItem, sample: DrawnSample) -> ItemTaint:
    """A deviation without an amount is a total one: nothing of the book value was found."""
    book = Amount.parse(done.item.book[sample.asset])
    if sample.asset in done.found:
        found = Amount.parse(done.found[sample.asset])
    else:
        found = Amount(0) if done.deviates else book
    taint = Taint(book.fraction(), found.fraction()).value
    return ItemTaint(
        item=done.item.id,
        book=str(book.fraction()),
        found=str(found.fraction()),
        taint=str(taint),
        times=str(done.item.times),
        certain=done.item.certain,
    )


def _sides(items: Sequence[ItemTaint]) -> tuple[list[Fraction], list[Fraction]]:
    """Overstatements, and understatements by their absolute values; one for each unit that fell in the item."""
    over: list[Fraction] = []
    under: list[Fraction] = []
    for item in items:
        taint = Fraction(item.taint)
        if taint:
            (over if taint > 0 else under).extend([abs(taint)] * int(item.times))
    return over, under


def _known(items: Sequence[ItemTaint]) -> tuple[Fraction, Fraction]:
    """What was found over- and understated in the items inspected whole."""
    gaps = [Fraction(item.book) - Fraction(item.found) for item in items]
    return sum((gap for gap in gaps if gap > 0), Fraction(0)), sum((-gap for gap in gaps if gap < 0), Fraction(0))


def _bound(taints: Sequence[Fraction], units: int, book: Fraction, confidence: Fraction) -> float:
    """Stringer's bound (Poisson) on the part that was sampled; the whole of it where no unit was drawn from it.

    An understatement above 100 % has no such bound: its taint stands in full beside the bound of one.
    """
    if not book:
        return 0.0
    if not units:
        return float(book)
    beyond = sum((taint - 1 for taint in taints if taint > 1), Fraction(0))
    rate = stringer_rate(Distribution.POISSON, units, [min(taint, Fraction(1)) for taint in taints], confidence)
    return float((Fraction(rate) + beyond / units) * book)


def _digits(value: float) -> str:
    return f"{value:.10g}"


def conclusion_document(conclusion: Conclusion) -> dict[str, Any]:
    """The conclusion as plain JSON."""
    return {"format": FORMAT, **msgspec.to_builtins(conclusion)}


def read_conclusion(document: dict[str, Any]) -> Conclusion:
    """The reverse of :func:`conclusion_document`; :class:`SamplingError` ``SAMPLE.DRAWN`` for anything else."""
    try:
        return typed({name: value for name, value in document.items() if name != "format"}, Conclusion)
    except msgspec.ValidationError as error:
        raise SamplingError("SAMPLE.DRAWN", f"this is no evaluation: {str(error)[:200]}") from None
