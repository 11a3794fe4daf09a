"""The working papers of the engagement's samples: E1 leaves, E2 lists, E3 reserve addresses, E4 execution, E5 limits."""

from __future__ import annotations

from collections.abc import Sequence

from auditor_app.engagement.sampling_work import SampledWork, title_of
from auditor_app.report.tables import Row, WorkingTable, numbers, texts
from auditor_app.sampling.drawn import DrawnSample

_REFERENCES = {"leaves": "E1", "list": "E2", "reserves": "E3"}


def sample_tables(works: Sequence[SampledWork], *, limits: bool) -> list[WorkingTable]:
    """Plans, items, comparisons and, where they were agreed, limits of every sample."""
    made = []
    for number, work in enumerate(works, start=1):
        reference, sample = _REFERENCES[work.sample.kind], work.sample
        tail = "" if len(works) == 1 else f"-{number}"
        title = title_of(sample)
        made.append(
            WorkingTable(
                reference, f"journal-plan{tail}", f"{title}: plan and selection", texts("item", "value"), _plan(sample)
            )
        )
        columns = (*numbers("no."), *texts("item", "key", "ticket"), *numbers("times"), *texts("certain", "stratum"))
        items = (*columns, *texts("amounts", "traced", "observed"))
        made.append(WorkingTable(reference, f"journal-items{tail}", f"{title}: drawn items", items, _items(sample)))
        made += _execution(work, tail)
        if limits and work.conclusion is not None:
            made.append(_limits(work, tail))
    return made


def _plan(sample: DrawnSample) -> tuple[Row, ...]:
    names = (
        "method", "population", "size", "confidence", "tolerable", "expected", "allowed_deviations", "ledger", "scheme",
        "root", "asset", "total", "interval", "list_name", "list_sha256", "committed_at", "commitment", "source",
        "randomness", "seed",
    )  # fmt: skip
    rows: list[Row] = [(name.replace("_", " "), text) for name in names if (text := str(getattr(sample, name)))]
    rows += [(f"stratum {n}", f"{s.label}: {s.size} of {s.population}") for n, s in enumerate(sample.strata, start=1)]
    return (*rows, ("dummy rejected", _yes(sample.dummy_rejected)))


def _items(sample: DrawnSample) -> tuple[Row, ...]:
    return tuple(
        (
            str(number),
            item.id,
            item.key,
            item.ticket,
            str(item.times),
            _yes(item.certain),
            None if item.stratum is None else str(item.stratum + 1),
            "; ".join(f"{asset} {text}" for asset, text in item.book.items()),
            _yes(item.reached),
            item.observed,
        )
        for number, item in enumerate(sample.items, start=1)
    )


def _execution(work: SampledWork, tail: str) -> list[WorkingTable]:
    if work.execution is None:
        return []
    rows = tuple(
        (
            str(number),
            done.item.id,
            check.check,
            check.outcome,
            check.tickmark,
            check.expected,
            check.observed,
            check.alternative,
            check.reason,
        )
        for number, done in enumerate(work.execution.items, start=1)
        for check in done.checks
    )
    columns = texts("item", "comparison", "outcome", "mark", "expected", "observed", "alternative", "reason")
    title = f"{title_of(work.sample)}: comparisons"
    return [WorkingTable("E4", f"execution{tail}", title, (*numbers("no."), *columns), rows)]


def _limits(work: SampledWork, tail: str) -> WorkingTable:
    found = work.conclusion
    assert found is not None  # noqa: S101 - the caller looked
    rows: list[Row] = [
        ("deviations", found.deviations),
        ("size", found.size),
        ("allowed deviations", found.allowed_deviations),
        ("most likely rate", found.most_likely_rate),
        ("confidence", found.confidence),
        ("upper limit", found.upper_limit),
    ]
    rows += [(part.label, f"{part.upper_limit} at {part.confidence}") for part in found.strata]
    if found.monetary is not None:
        names = ("most_likely", "upper_bound", "understatement_bound", "certain_book", "certain_misstatement")
        rows += [(name.replace("_", " "), str(getattr(found.monetary, name))) for name in names]
    return WorkingTable("E5", f"limits{tail}", f"{title_of(work.sample)}: limits", texts("item", "value"), tuple(rows))


def _yes(value: bool) -> str:
    return "yes" if value else "no"
