"""Planning and committing to a sample for the window: the core's functions as operations, imported in the worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken, Operation, Progress


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What is typed on the Plan tab: rates as text such as ``95%``; ``method`` names the distribution."""

    ledger: str
    population: int
    method: str
    confidence: str
    tolerable: str
    expected: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """The planned size, the deviations allowed, and the reasoning in prose."""

    size: int
    allowed: int
    prose: str


def plan_sample(typed: PlanInput, token: CancelToken) -> Operation[PlanShown]:
    """The core's attribute plan; :class:`SamplingError` where the rates give none."""
    yield Progress(0, None, "plans", "Planning the sample")
    from auditor_app.sampling.distributions import Distribution
    from auditor_app.sampling.plan import plan_attribute
    from auditor_app.sampling.rates import parse_rate

    token.check()
    plan = plan_attribute(
        Distribution(typed.method),
        confidence=parse_rate(typed.confidence, name="confidence"),
        tolerable=parse_rate(typed.tolerable, name="tolerable rate"),
        expected=parse_rate(typed.expected, name="expected rate"),
        population=typed.population,
    )
    return PlanShown(plan.size, plan.allowed_deviations, plan.prose())


def commit_sample(
    snapshot: Path,
    trust_store: Path,
    trusted_time: str | None,
    typed: PlanInput,
    source: str,
    record: Path,
    token: CancelToken,
) -> Operation[Path]:
    """Authenticate the snapshot again, commit to plan and source, and write the record; a file is never replaced."""
    yield Progress(0, None, "steps", "Committing to the sample")
    from auditor_app.sampling.commitment import commit, write_record
    from auditor_app.sampling.distributions import Distribution
    from auditor_app.snapshot.authenticate import authenticate_snapshot
    from auditor_app.snapshot.trust import load_store

    authentic = authenticate_snapshot(snapshot, load_store(trust_store), token=token, trusted_time=trusted_time)
    try:
        made = commit(
            authentic,
            ledger=typed.ledger,
            distribution=Distribution(typed.method),
            confidence=typed.confidence,
            tolerable=typed.tolerable,
            expected=typed.expected,
            source=source,
            committed_at=format_instant(datetime.now(UTC)),
        )
    finally:
        authentic.members.close()
    token.check()
    write_record(made, record)
    return record
