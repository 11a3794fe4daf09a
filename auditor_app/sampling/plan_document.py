"""Plans as plain JSON objects, from what was typed: sizes, allowed deviations, and the sentences that go with them.

Pure, so that a journal's entry can be computed again from its own parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.errors import UsageError
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.monetary import DIRECTION
from auditor_app.sampling.plan import (
    allowed_deviations,
    confidence_from_risks,
    expected_taints,
    monetary_size,
    plan_attribute,
    two_stage_size,
)
from auditor_app.sampling.rates import Rate, parse_rate, rate_of

MONETARY = "monetary"
TWO_STAGE = ("two-stage-binomial", "two-stage-poisson")
PLAN_METHODS = (*(item.value for item in Distribution), MONETARY, *TWO_STAGE)
FORM = 2
"""The present form of a plan's document; entries of a journal say which one they hold (none: 1)."""

OMISSION = (
    "A sample of the ledger inspects what is in it: a liability that was left out or understated can hardly be drawn. "
    "For completeness draw from a list that did not come from the ledger, such as deposit and withdrawal logs, "
    "customers' own proofs or confirmations."
)


@dataclass(frozen=True, slots=True)
class RisksAsked:
    """The audit risk model as typed: the confidence is 1 − audit ÷ (inherent · control · analytical), exact."""

    audit: str
    inherent: str = "100%"
    control: str = "100%"
    analytical: str = "100%"

    def confidence(self) -> Rate:
        """The confidence that is left to sampling; :class:`SamplingError` ``SAMPLE.PLAN`` where nothing is."""
        audit, inherent, control, analytical = (
            parse_rate(text, name=f"{name} risk").value
            for text, name in (
                (self.audit, "audit"),
                (self.inherent, "inherent"),
                (self.control, "control"),
                (self.analytical, "analytical"),
            )
        )
        return rate_of(confidence_from_risks(audit, inherent, control, analytical))


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """A plan as typed; ``method`` is one of :data:`PLAN_METHODS`.

    ``confidence`` stays empty where ``risks`` give it. ``population`` counts items, for attribute plans. ``stages`` are
    two numbers such as ``1,1``: the deviations that lead to a second stage, and those allowed in it. ``book_value`` is
    the total in units of the asset, for the interval of a monetary plan. ``form`` is that of the document.
    """

    method: str
    confidence: str
    tolerable: str
    expected: str
    population: str = ""
    risks: RisksAsked | None = None
    stages: str = ""
    book_value: str = ""
    form: int = FORM

    def level(self) -> Rate:
        """The confidence, typed or from the risks; :class:`UsageError` where it is both or neither."""
        if (self.risks is None) != bool(self.confidence):
            raise UsageError(
                "USAGE", "the confidence is typed or comes from the risks, one of the two", action="Leave one out."
            )
        return parse_rate(self.confidence, name="confidence") if self.risks is None else self.risks.confidence()

    def parameters(self) -> dict[str, str]:
        """What a journal's entry holds of it."""
        held = {
            "method": self.method,
            "confidence": self.confidence,
            "tolerable": self.tolerable,
            "expected": self.expected,
            "population": self.population,
        }
        if self.form == 1:
            return held
        held |= {"stages": self.stages, "book-value": self.book_value, "form": str(self.form)}
        if self.risks is not None:
            risks = self.risks
            held |= {
                "audit-risk": risks.audit,
                "inherent-risk": risks.inherent,
                "control-risk": risks.control,
                "analytical-risk": risks.analytical,
            }
        return held

    @staticmethod
    def of(parameters: Mapping[str, str]) -> PlanAsked:
        """The plan of a journal's entry."""
        risks = None
        if "audit-risk" in parameters:
            risks = RisksAsked(
                parameters["audit-risk"],
                parameters.get("inherent-risk", ""),
                parameters.get("control-risk", ""),
                parameters.get("analytical-risk", ""),
            )
        return PlanAsked(
            parameters.get("method", ""),
            parameters.get("confidence", ""),
            parameters.get("tolerable", ""),
            parameters.get("expected", ""),
            parameters.get("population", ""),
            risks=risks,
            stages=parameters.get("stages", ""),
            book_value=parameters.get("book-value", ""),
            form=2 if parameters.get("form") == "2" else 1,
        )


def plan_document(asked: PlanAsked) -> dict[str, str]:
    """Size, allowed deviations and the reasoning; :class:`UsageError` or ``SamplingError`` where it cannot be planned."""
    if asked.method == MONETARY:
        document = _monetary(asked)
    elif asked.method in TWO_STAGE:
        document = _two_stages(asked)
    else:
        document = _attribute(asked)
    if asked.form == 1:
        return document
    if asked.risks is not None:
        risks = asked.risks
        document |= {
            "auditRisk": parse_rate(risks.audit, name="audit risk").text,
            "inherentRisk": parse_rate(risks.inherent, name="inherent risk").text,
            "controlRisk": parse_rate(risks.control, name="control risk").text,
            "analyticalRisk": parse_rate(risks.analytical, name="analytical risk").text,
        }
    return document | {"warning": DIRECTION if asked.method == MONETARY else OMISSION}


def _attribute(asked: PlanAsked) -> dict[str, str]:
    if not (asked.population.isascii() and asked.population.isdigit() and len(asked.population) < 20):
        raise UsageError("USAGE", "--population is missing", action="Say how many items there are.")
    plan = plan_attribute(
        Distribution(asked.method),
        confidence=asked.level(),
        tolerable=parse_rate(asked.tolerable, name="tolerable rate"),
        expected=parse_rate(asked.expected, name="expected rate"),
        population=int(asked.population),
    )
    return {
        "method": f"attribute-{plan.distribution}",
        "confidence": plan.confidence.text,
        "tolerable": plan.tolerable.text,
        "expected": plan.expected.text,
        "population": str(plan.population),
        "size": str(plan.size),
        "allowedDeviations": str(plan.allowed_deviations),
        "prose": plan.prose(),
    }


def _two_stages(asked: PlanAsked) -> dict[str, str]:
    """Each stage's size; the second is the extension of the first to twice its size."""
    first, comma, second = asked.stages.partition(",")
    if (
        not (comma and first.isascii() and first.isdigit() and second.isascii() and second.isdigit())
        or len(asked.stages) > 20
    ):
        raise UsageError(
            "USAGE",
            "--stages takes two numbers of deviations",
            expected="FIRST,SECOND, for instance 1,1",
            observed=asked.stages[:40],
            action="FIRST leads to a second stage, SECOND are allowed in it.",
        )
    distribution = Distribution(asked.method.removeprefix("two-stage-"))
    confidence, tolerable = asked.level(), parse_rate(asked.tolerable, name="tolerable rate")
    size = two_stage_size(distribution, confidence.value, tolerable.value, int(first), int(second))
    prose = (
        f"Draw {size:,} items. Fewer than {int(first):,} deviations: the first stage ends the procedure. Exactly "
        f"{int(first):,}: extend the sample to {2 * size:,}; at most {int(second):,} more are allowed. More: the plan has failed. "
        f"A deviation rate of {tolerable.percent} or more would have had less than {confidence.complement().percent} "
        f"chance of passing ({distribution}, confidence {confidence.percent})."
    )
    return {
        "method": asked.method,
        "confidence": confidence.text,
        "tolerable": tolerable.text,
        "firstStageDeviations": first,
        "secondStageDeviations": second,
        "size": str(size),
        "sizeOfBothStages": str(2 * size),
        "allowedDeviations": str(int(first) - 1),
        "prose": prose,
    }


def _monetary(asked: PlanAsked) -> dict[str, str]:
    confidence = asked.level()
    tolerable = parse_rate(asked.tolerable, name="tolerable rate")
    expected = parse_rate(asked.expected, name="expected rate")
    size = monetary_size(confidence.value, tolerable.value, expected.value)
    taints = expected_taints(confidence.value, expected.value / tolerable.value)
    prose = (
        f"Draw {size:,} monetary units (Poisson, confidence {confidence.percent}, tolerable misstatement "
        f"{tolerable.percent}, expected {expected.percent}); the taints found may add up to about {taints:.2f}. "
        f"{DIRECTION}"
    )
    document = {
        "method": MONETARY,
        "confidence": confidence.text,
        "tolerable": tolerable.text,
        "expected": expected.text,
        "size": str(size),
        "expectedTaints": f"{taints:.4f}",
        "prose": prose,
    }
    if asked.form == 1:
        return document
    allowed = allowed_deviations(Distribution.POISSON, size, confidence.value, tolerable.value)
    document["allowedDeviations"] = str(allowed)
    if asked.book_value:
        document["interval"] = str(book_value(asked.book_value) / size)
    return document


def book_value(text: str) -> Fraction:
    """A typed book value in units of the asset; :class:`UsageError` where it is no amount."""
    try:
        return Amount.parse(text).fraction()
    except ValueError as error:
        raise UsageError(
            "USAGE", f"--book-value: {error}", action="Give it in units of the asset, such as 1250000.50."
        ) from None
