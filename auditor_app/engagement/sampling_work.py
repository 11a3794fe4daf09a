"""The samples of an engagement as its journal holds them: drawn, executed, evaluated; and what a report says of them.

Pure functions of the papers and their kept results, so that a report can be built again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from auditor_app.engagement.outcomes import in_working_paper_order, omitted, performed
from auditor_app.engagement.papers import Papers, Stamp
from auditor_app.engagement.record import Audit, PerformedProcedure
from auditor_app.engagement.results import read_result, recorded_findings
from auditor_app.errors import EngagementError, Location
from auditor_app.findings import Finding, Verdict, Verdicts, verdicts
from auditor_app.sampling.conclusion import Conclusion, read_conclusion
from auditor_app.sampling.drawn import DrawnSample, read_drawn
from auditor_app.sampling.execution import Execution, execution_findings, read_execution

LIMITS = "sample-limits"
"""The agreed procedure without which no limit and no projection is printed."""

Kept = Callable[[str], bytes]
"""A kept result by its digest: ``EngagementFile.document``."""


@dataclass(frozen=True, slots=True)
class SampledWork:
    """One committed sample: its last draw, and the last execution and evaluation of that very draw."""

    sample: DrawnSample
    drawn: Stamp
    findings: tuple[Finding, ...] = ()
    letters: int = 0
    execution: Execution | None = None
    executed: Stamp | None = None
    conclusion: Conclusion | None = None
    concluded: Stamp | None = None

    @property
    def stamps(self) -> tuple[Stamp, ...]:
        """When its steps were entered."""
        return tuple(stamp for stamp in (self.drawn, self.executed, self.concluded) if stamp is not None)


def sampled_work(papers: Papers, kept: Kept) -> tuple[SampledWork, ...]:
    """Every committed sample that was drawn, in the order of the first draws.

    :class:`~auditor_app.errors.EngagementError` where a kept result is missing or changed.
    """
    works: dict[str, SampledWork] = {}
    draws: dict[str, str] = {}
    executions: dict[str, str] = {}
    for step in papers.samples:
        action, commitment = step.action, step.action.commitment or ""
        if action.step == "draw":
            document = read_result(kept(action.result))
            found = recorded_findings(document)
            works[commitment] = SampledWork(read_drawn(document, whole=False), step.stamp, found)
            draws[commitment], executions[commitment] = action.result, ""
        elif commitment not in works or (
            action.step != "evaluate" and action.parameters.get("draw") != draws[commitment]
        ):
            continue
        elif action.step == "letters":
            letters = read_result(kept(action.result)).get("letters")
            if not isinstance(letters, list):
                raise EngagementError(
                    "ENGAGEMENT.DOCUMENT", "a kept result holds no letters", at=Location(action.result)
                )
            works[commitment] = replace(works[commitment], letters=len(letters))
        elif action.step == "execute":
            execution = read_execution(read_result(kept(action.result)))
            works[commitment] = replace(
                works[commitment], execution=execution, executed=step.stamp, conclusion=None, concluded=None
            )
            executions[commitment] = action.result
        elif action.step == "evaluate" and action.parameters.get("execution") == executions[commitment]:
            conclusion = read_conclusion(read_result(kept(action.result)))
            works[commitment] = replace(works[commitment], conclusion=conclusion, concluded=step.stamp)
    return tuple(works.values())


def limits_agreed(papers: Papers | None) -> bool:
    """Whether computing limits and projections is itself an agreed procedure."""
    return papers is not None and any(item.key == LIMITS and item.agreed for item in papers.procedures)


def written_up(audit: Audit, works: Sequence[SampledWork], papers: Papers | None) -> Audit:
    """``audit`` with the procedures and findings of the engagement's samples among its own.

    A verdict becomes *exceptions* where one of them is in its area; none becomes better.
    """
    if not works and not limits_agreed(papers):
        return audit
    findings = [item for work in works for item in work.findings]
    findings += [item for work in works if work.execution is not None for item in execution_findings(work.execution)]
    new = [item for item in findings if item not in audit.findings]
    procedures = [item for item in audit.procedures if item.key != "sample"]
    procedures += [_leaves(audit, works, findings), *_others(works, findings)]
    if limits_agreed(papers):
        procedures.append(_limits(works))
    return replace(
        audit,
        verdicts=with_exceptions(audit.verdicts, new),
        findings=(*audit.findings, *new),
        procedures=in_working_paper_order(procedures),
    )


def with_exceptions(before: Verdicts, findings: Sequence[Finding]) -> Verdicts:
    """``before`` with *exceptions* where one of ``findings`` is in its area; none becomes better."""
    now = verdicts(findings, frozenset())
    judged = {
        area: Verdict.EXCEPTIONS if getattr(now, area) is Verdict.EXCEPTIONS else getattr(before, area)
        for area in ("authentic", "data", "coverage")
    }
    return Verdicts(**judged)


def _leaves(audit: Audit, works: Sequence[SampledWork], findings: Sequence[Finding]) -> PerformedProcedure:
    """The sample of leaves: the run's own words where it drew one, else the journal's."""
    own = next((item for item in audit.procedures if item.key == "sample"), None)
    drawn = [work.sample for work in works if work.sample.kind == "leaves"]
    if not drawn or (own is not None and own.performed):
        return own or omitted("sample", "No sample was drawn.")
    items = sum(len(sample.items) for sample in drawn)
    missed = sum(not item.reached for sample in drawn for item in sample.items)
    extent = f"{items:,} leaves of {_together(drawn, 'ledger')}, and one dummy each."
    if missed:
        return PerformedProcedure(
            "sample", extent, f"{missed:,} of {items:,} leaves did not lead to the published root.", performed=True
        )
    return performed("sample", extent, "Every drawn leaf led to the published root; the dummy did not.", findings)


def _others(works: Sequence[SampledWork], findings: Sequence[Finding]) -> list[PerformedProcedure]:
    made = []
    lists = [work.sample for work in works if work.sample.kind == "list"]
    if lists:
        extent = f"{_items(lists)} of {sum(int(item.population) for item in lists):,} listed, from {_together(lists, 'list_name')}."
        made.append(performed("sample-list", extent, "Every drawn item was found in the ledger as listed.", findings))
    reserves = [work.sample for work in works if work.sample.kind == "reserves"]
    if reserves:
        units = sum(item.times for sample in reserves for item in sample.items)
        extent = f"{units:,} monetary units in {_items(reserves)}: {_together(reserves, 'asset')}."
        made.append(performed("sample-reserves", extent, "Every drawn address stood in the signed list.", findings))
    executed = [work.execution for work in works if work.execution is not None]
    if executed:
        made.append(_executed(executed, findings))
    return made


def _executed(executed: Sequence[Execution], findings: Sequence[Finding]) -> PerformedProcedure:
    words = {"trace": "traced", "ledger": "compared with an extract", "confirmation": "asked of customers"}
    asked = [
        f"{sum(any(c.check == check for c in item.checks) for one in executed for item in one.items):,} {words[check]}"
        for check in words
        if any(check in one.checks for one in executed)
    ]
    items, deviations = sum(len(one.items) for one in executed), sum(one.deviations for one in executed)
    replaced = sum(check.outcome == "replaced" for one in executed for item in one.items for check in item.checks)
    extent = f"{items:,} items: {', '.join(asked)}."
    outcome = f"{deviations:,} of {items:,} items deviated."
    if replaced:
        outcome += f" Missing answers replaced by alternative procedures: {replaced:,}."
    counting = sum(item.procedure == "sample-execution" and item.counts for item in findings)
    if counting:
        outcome += f" Listed under exceptions: {counting:,}."
    return PerformedProcedure("sample-execution", extent, outcome, performed=True)


def _limits(works: Sequence[SampledWork]) -> PerformedProcedure:
    """The limits in words, from recorded evaluations; without one the procedure was not performed."""
    stated = [(work.sample, work.conclusion) for work in works if work.conclusion is not None]
    if not stated:
        return omitted(LIMITS, "No evaluation of an executed sample was recorded.")
    sentences = [f"{title_of(sample)}: {limit_sentence(conclusion)}" for sample, conclusion in stated]
    extent = f"{len(stated):,} executed {'sample' if len(stated) == 1 else 'samples'}."
    return PerformedProcedure(LIMITS, extent, " ".join(sentences), performed=True)


def limit_sentence(found: Conclusion) -> str:
    """The most likely error and the limit of one sample, in one sentence."""
    if found.monetary is not None:
        money = found.monetary
        return (
            f"most likely misstatement {money.most_likely} {money.asset}, upper bound {money.upper_bound} {money.asset}, "
            f"bound of understatement {money.understatement_bound} {money.asset}, at confidence {found.confidence}."
        )
    return (
        f"{found.deviations} of {found.size} items deviated, most likely rate {found.most_likely_rate}, "
        f"upper limit {found.upper_limit} at confidence {found.confidence}."
    )


def title_of(sample: DrawnSample) -> str:
    """What was sampled, for people."""
    if sample.kind == "leaves":
        return f"Leaves of ledger {sample.ledger}"
    return f"List {sample.list_name}" if sample.kind == "list" else f"Reserve addresses in {sample.asset}"


def _items(samples: Sequence[DrawnSample]) -> str:
    count = sum(len(sample.items) for sample in samples)
    return f"{count:,} {'item' if count == 1 else 'items'}"


def _together(samples: Sequence[DrawnSample], name: str) -> str:
    return ", ".join(dict.fromkeys(str(getattr(sample, name)) for sample in samples))
