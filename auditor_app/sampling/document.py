"""Draws and evaluations as plain JSON objects, from parameters as typed: what commands print and journals keep.

Each function is pure, so that a journal's entry can be computed again from its own parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgspec

from auditor_app.merkle.result import ProofStep
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.drawn import DrawnSample, read_drawn
from auditor_app.sampling.evaluate import most_likely_misstatement, stringer_rate, upper_limit
from auditor_app.sampling.plan_document import book_value
from auditor_app.sampling.rates import parse_rate
from auditor_app.sampling.result import SampleItem, SampleResult
from auditor_app.snapshot.statement import Column


@dataclass(frozen=True, slots=True)
class EvaluationAsked:
    """An evaluation as typed, one rate for each taint; empty where nothing was given."""

    method: str
    confidence: str
    size: str
    deviations: str = ""
    taints: tuple[str, ...] = ()
    book_value: str = ""
    population: str = ""


def evaluation_document(asked: EvaluationAsked) -> dict[str, str]:
    """Most likely rate and limits, rounded to ten digits."""
    confidence = parse_rate(asked.confidence, name="confidence").value
    distribution, size = Distribution(asked.method), int(asked.size)
    taints = [parse_rate(text, name="taint").value for text in asked.taints]
    deviations = int(asked.deviations) if asked.deviations else len(taints)
    population = int(asked.population) if asked.population else None
    limit = upper_limit(distribution, size, deviations, confidence, population)
    document = {
        "method": distribution.value,
        "size": asked.size,
        "deviations": str(deviations),
        "mostLikelyRate": str(Fraction(deviations, size)),
        "upperLimit": f"{limit:.10g}",
    }
    if taints:
        bound = stringer_rate(distribution, size, taints, confidence)
        document["stringerRate"] = f"{bound:.10g}"
        if asked.book_value:
            book = book_value(asked.book_value)
            document["mostLikelyMisstatement"] = f"{float(most_likely_misstatement(size, taints, book)):.10g}"
            document["stringerBound"] = f"{float(Fraction(bound) * book):.10g}"
    return document


FORM = 2
"""The present form of a draw's document; entries of a journal say which one they hold (none: 1)."""


def sample_document(sample: SampleResult, form: int = 1) -> dict[str, Any]:
    """A drawn sample; proofs hold every hash on the way to the root. Form 2 adds the kind and the ledger's columns."""
    document = _sample(sample)
    if sample.strata:
        document["strata"] = [msgspec.to_builtins(item) for item in sample.strata]
    if form == 1:
        return document
    columns = next((item.proof.columns for item in sample.items if item.proof is not None), ())
    return {**document, "kind": "leaves", "columns": [_column(column) for column in columns]}


def drawn_sample(sample: SampleResult) -> DrawnSample:
    """A sample of leaves as execution takes it."""
    return read_drawn(sample_document(sample, FORM))


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": column.type, "decimals": column.decimals, "signed": column.signed}


def _sample(sample: SampleResult) -> dict[str, Any]:
    return {
        "ledger": sample.ledger,
        "scheme": sample.scheme,
        "root": sample.root,
        "population": str(sample.population),
        "size": str(sample.size),
        "method": f"attribute-{sample.method}",
        "confidence": sample.confidence,
        "tolerable": sample.tolerable,
        "expected": sample.expected,
        "allowedDeviations": str(sample.allowed_deviations),
        "commitment": sample.commitment,
        "committedAt": sample.committed_at,
        "source": sample.source,
        "randomness": sample.randomness,
        "seed": sample.seed,
        "items": [_item(item) for item in sample.items],
        "deviations": str(sample.deviations),
        "dummyRejected": sample.dummy_rejected,
    }


def _item(item: SampleItem) -> dict[str, Any]:
    proof = item.proof
    stratum = {} if item.stratum is None else {"stratum": item.stratum}
    return {
        **stratum,
        "index": str(item.index),
        "ticket": item.ticket,
        "key": item.key,
        "included": item.included,
        "row": None if proof is None else proof.row,
        "leaf": None if proof is None else proof.leaf,
        "path": [] if proof is None else [_step(step) for step in proof.steps],
    }


def _step(step: ProofStep) -> dict[str, Any]:
    return {
        "level": step.level,
        "side": step.side,
        "sibling": step.sibling,
        "siblingBalances": dict(step.sibling_balances),
        "node": step.node,
        "nodeBalances": dict(step.node_balances),
    }
