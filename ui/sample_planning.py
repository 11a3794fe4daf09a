"""Planning a sample and committing to it, for the window: the core's functions as operations, imported in the worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from auditor_app.engagement.file import Act, Author, EngagementFile
from auditor_app.errors import SamplingError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.engagement.commit_steps import CommitAsked
    from auditor_app.sampling.plan_document import PlanAsked, RisksAsked

Kind = Literal["leaves", "list", "reserves"]
"""What is sampled: leaves of a ledger, items of an imported list, monetary units of the claimed reserves."""


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What is typed on the Plan tab: rates as text such as ``95%``; ``method`` names the distribution or selection.

    ``population`` counts the leaves of ``ledger``. ``risks`` are audit, inherent, control and analytical risk in place
    of ``confidence``. ``claimed`` are account and base units in ``asset``, whose ``decimals`` give its units.
    """

    kind: Kind
    method: str
    confidence: str
    tolerable: str
    expected: str
    ledger: str = ""
    population: int = 0
    risks: tuple[str, str, str, str] | None = None
    stages: str = ""
    strata: tuple[str, ...] = ()
    allocation: str = "proportional"
    listed: Path | None = None
    asset: str = ""
    claimed: tuple[tuple[str, int], ...] = ()
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class PlanShown:
    """The planned size and the reasoning; ``facts`` are name, value, and what the value means."""

    size: int
    unit: str
    prose: str
    warning: str
    facts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A commitment record on the disk: its digest, what it samples, its source, when it was made, sizes of strata."""

    path: Path
    digest: str
    source: str
    kind: str
    committed_at: str
    weakness: str
    samples: Kind = "leaves"
    size: int = 0
    strata: tuple[str, ...] = ()


def plan_sample(typed: PlanInput, token: CancelToken) -> Operation[PlanShown]:
    """The core's plan of any method; :class:`~auditor_app.errors.AuditError` where what was typed gives none."""
    yield Progress(0, None, "plans", "Planning the sample")
    from auditor_app.sampling.plan_document import plan_document

    asked = _plan_asked(typed, token)
    token.check()
    document = plan_document(asked)
    warning, prose = document["warning"], document["prose"]
    size = int(document["size"])
    unit = "monetary units" if typed.kind == "reserves" else "items"
    prose = prose.replace(warning, "").strip()
    if typed.kind == "list":
        warning = ""  # a list from elsewhere looks in the direction of what was left out
    return PlanShown(size, unit, prose, warning, tuple(_facts(typed, document, size)))


def _facts(typed: PlanInput, document: Mapping[str, str], size: int) -> Iterator[tuple[str, str, str]]:
    """Name, value and meaning of each further number of a plan."""
    from auditor_app.sampling.rates import parse_rate

    allowed = int(document["allowedDeviations"])
    why = "With more than this many the sample no longer bounds the rate below the tolerable one, and the limit says how far."
    yield "Allowed deviations", "none" if allowed < 1 else f"{allowed:,}", why
    if "population" in document:
        yield "Population", f"{int(document['population']):,}", "All items that can be drawn."
    if typed.risks is not None:
        level = parse_rate(document["confidence"], name="confidence").percent
        yield "Confidence", level, "1 − audit risk ÷ (inherent × control × analytical risk): what the other evidence leaves to sampling, exact."  # fmt: skip
    if "sizeOfBothStages" in document:
        first, second = document["firstStageDeviations"], document["secondStageDeviations"]
        yield "Both stages", f"{int(document['sizeOfBothStages']):,}", (
            f"Exactly {first} in the first stage: extend the same sample to this many; its second half may hold {second}. "
            f"More than {first} in the first stage ends it. Commit now; draw the first stage with Extend to {size:,}."
        )  # fmt: skip
    if "expectedTaints" in document:
        yield "Taints expected", document["expectedTaints"], "The sum of taints (shares by which items are overstated) that the plan leaves room for."  # fmt: skip
    if "interval" in document:
        from auditor_app.sampling.monetary import fixed_interval

        values = [units for _, units in typed.claimed]
        certain = sum(hit.certain for hit in fixed_interval(values, size, 1).hits)
        yield "Interval", f"{amount_text(document['interval'])} {typed.asset}", "Claimed total ÷ units, exact: each unit stands for this much."  # fmt: skip
        yield "Certain stratum", f"{certain:,} of {len(values):,} accounts", "They claim at least one interval: inspected whole, never extrapolated."  # fmt: skip


def amount_text(fraction: str) -> str:
    """An exact amount from fraction text: a decimal, or about one where none is exact."""
    from fractions import Fraction

    from auditor_app.amounts import Amount
    from auditor_app.sampling.rates import rate_of

    value = Fraction(fraction)
    exact = rate_of(abs(value)).text
    if "/" in exact:
        return f"about {Amount(round(value * 10**8), 8).plain()}"
    return f"−{exact}" if value < 0 else exact


def _plan_asked(typed: PlanInput, token: CancelToken) -> PlanAsked:
    from auditor_app.amounts import Amount
    from auditor_app.sampling.plan_document import MONETARY, PlanAsked

    population, book = "", ""
    if typed.kind == "reserves":
        book = Amount(sum(units for _, units in typed.claimed), typed.decimals).plain()
    elif typed.kind == "list":
        population = str(_listed(typed, token))
    else:
        population = str(typed.population)
    return PlanAsked(
        MONETARY if typed.kind == "reserves" else typed.method,
        "" if typed.risks is not None else typed.confidence,
        typed.tolerable,
        typed.expected,
        population,
        risks=_risks(typed),
        stages=typed.stages if typed.method.startswith("two-stage") else "",
        book_value=book,
    )


def _risks(typed: PlanInput) -> RisksAsked | None:
    from auditor_app.sampling.plan_document import RisksAsked

    return None if typed.risks is None else RisksAsked(*typed.risks)


def _listed(typed: PlanInput, token: CancelToken) -> int:
    from auditor_app.sampling.imported_list import read_list
    from auditor_app.sampling.tables import read_table_file

    if typed.listed is None:
        raise SamplingError("SAMPLE.PLAN", "no list is chosen yet", action="Choose the imported list.")
    return len(read_list(read_table_file(typed.listed, token=token), token).items)


@dataclass(frozen=True, slots=True)
class CommitTyped:
    """A commitment as typed: plan and source, and where its record goes."""

    snapshot: Path
    trust_store: Path
    trusted_time: str | None
    plan: PlanInput
    source: str
    record: Path


def _asked(typed: CommitTyped) -> CommitAsked:
    """Two stages are committed to like one without expected deviations; each is drawn as an extension."""
    from auditor_app.engagement.commit_steps import CommitAsked

    plan, risks = typed.plan, _risks(typed.plan)
    staged = plan.method.startswith("two-stage-")
    return CommitAsked(
        typed.snapshot,
        typed.trust_store,
        plan.method.removeprefix("two-stage-"),
        plan.confidence if risks is None else risks.confidence().text,
        plan.tolerable,
        "0" if staged else plan.expected,
        typed.source,
        ledger=None if plan.kind == "reserves" else plan.ledger,
        trusted_time=typed.trusted_time,
        strata=plan.strata if plan.kind == "leaves" else (),
        allocation=plan.allocation,
        listed=plan.listed if plan.kind == "list" else None,
        asset=plan.asset if plan.kind == "reserves" else "",
    )


def commit_sample(typed: CommitTyped, token: CancelToken) -> Operation[Path]:
    """Authenticate the snapshot again, commit to plan and source, and write the record; a file is never replaced."""
    yield Progress(0, None, "steps", "Committing to the sample")
    from auditor_app.engagement.commit_steps import sealed
    from auditor_app.sampling.records import write_any

    made = yield from sealed(_asked(typed), format_instant(datetime.now(UTC)), token)
    token.check()
    write_any(made.record, typed.record)
    return typed.record


def commit_engaged(typed: CommitTyped, book: EngagementFile, author: Author, token: CancelToken) -> Operation[Path]:
    """The same, entered in the journal behind its plan; no record stays where the journal refuses it."""
    from auditor_app.engagement.commit_steps import paths_of, sealed
    from auditor_app.engagement.sampling_steps import commitment_acts
    from auditor_app.sampling.records import write_any

    asked = _asked(typed)
    made = yield from sealed(asked, format_instant(datetime.now(UTC)), token)
    token.check()
    write_any(made.record, typed.record)
    entered = False
    try:
        planned = _new_plan(typed.plan, book, author, token)
        acts = yield from commitment_acts(book.papers, made.record, paths_of(asked, typed.record), author, token)
        book.record(*planned, *acts)
        entered = True
    finally:
        if not entered:
            typed.record.unlink(missing_ok=True)
    return typed.record


def plan_engaged(typed: PlanInput, book: EngagementFile, author: Author, token: CancelToken) -> Operation[bool]:
    """Enter the plan in the journal; ``False`` where its last plan is the same."""
    yield Progress(0, 1, "steps", "Recording the plan")
    acts = _new_plan(typed, book, author, token)
    token.check()
    if acts:
        book.record(*acts)
    return bool(acts)


def _new_plan(typed: PlanInput, book: EngagementFile, author: Author, token: CancelToken) -> tuple[Act, ...]:
    from auditor_app.engagement.execution_steps import last_step
    from auditor_app.engagement.sampling_steps import plan_act

    asked = _plan_asked(typed, token)
    last = last_step(book.papers, "plan")
    if last is not None and last.action.parameters == asked.parameters():
        return ()
    return (plan_act(asked, author),)


def read_record(path: Path, token: CancelToken) -> Operation[RecordShown]:
    """A record for the screen; its digest is recalculated."""
    yield Progress(0, 1, "files", "Reading the record")
    from auditor_app.sampling.commitment import CommitmentRecord
    from auditor_app.sampling.records import load_any
    from auditor_app.sampling.reserves import ReserveRecord

    token.check()
    record = load_any(path)
    source = record.source
    samples: Kind = "leaves" if isinstance(record, CommitmentRecord) else "reserves" if isinstance(record, ReserveRecord) else "list"  # fmt: skip
    strata = record.committed.strata if isinstance(record, CommitmentRecord) else ()
    lines = tuple(f"{item.label}: {int(item.size):,} of {int(item.population):,}" for item in strata)
    return RecordShown(path, record.digest.hex(), source.text, source.kind, record.committed_at, source.weakness or "", samples, record.size, lines)  # fmt: skip
