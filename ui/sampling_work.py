"""Sampling for the window: the core's functions as operations, imported in the worker; a step is journalled where one is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.engagement.file import Author, EngagementFile
from auditor_app.engagement.papers import Papers
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.engagement.commit_steps import CommitAsked
    from auditor_app.engagement.execution_steps import ExecutionAsked
    from auditor_app.sampling.conclusion import Conclusion
    from auditor_app.sampling.drawn import DrawnSample
    from auditor_app.sampling.execution import Execution


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What is typed on the Plan tab: rates as text such as ``95%``; ``method`` names the distribution or selection.

    ``listed`` is an imported list in place of leaves, ``asset`` asks for reserve addresses, ``strata`` are texts.
    """

    ledger: str
    population: int
    method: str
    confidence: str
    tolerable: str
    expected: str
    strata: tuple[str, ...] = ()
    allocation: str = "proportional"
    listed: Path | None = None
    asset: str = ""


@dataclass(frozen=True, slots=True)
class PlanShown:
    """The planned size, the deviations allowed, and the reasoning in prose."""

    size: int
    allowed: int
    prose: str


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A commitment record on the disk: its digest, its source in words, and when it was made."""

    path: Path
    digest: str
    source: str
    kind: str
    committed_at: str
    weakness: str


@dataclass(frozen=True, slots=True)
class Sampled:
    """The last sample of the engagement, as far as it has come."""

    drawn: DrawnSample | None = None
    execution: Execution | None = None
    conclusion: Conclusion | None = None
    limits_agreed: bool = False


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


def _asked(snapshot: Path, trust_store: Path, trusted_time: str | None, typed: PlanInput, source: str) -> CommitAsked:
    from auditor_app.engagement.commit_steps import CommitAsked

    return CommitAsked(
        snapshot,
        trust_store,
        typed.method,
        typed.confidence,
        typed.tolerable,
        typed.expected,
        source,
        ledger=None if typed.asset else typed.ledger,
        trusted_time=trusted_time,
        strata=typed.strata,
        allocation=typed.allocation,
        listed=typed.listed,
        asset=typed.asset,
    )


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
    from auditor_app.engagement.commit_steps import sealed
    from auditor_app.sampling.records import write_any

    asked = _asked(snapshot, trust_store, trusted_time, typed, source)
    made = yield from sealed(asked, format_instant(datetime.now(UTC)), token)
    token.check()
    write_any(made.record, record)
    return record


def commit_engaged(
    snapshot: Path,
    trust_store: Path,
    trusted_time: str | None,
    typed: PlanInput,
    source: str,
    record: Path,
    book: EngagementFile,
    author: Author,
    token: CancelToken,
) -> Operation[Path]:
    """The same, entered in the journal; no record stays where the journal refuses it."""
    from auditor_app.engagement.commit_steps import paths_of, sealed
    from auditor_app.engagement.sampling_steps import commitment_acts
    from auditor_app.sampling.records import write_any

    asked = _asked(snapshot, trust_store, trusted_time, typed, source)
    made = yield from sealed(asked, format_instant(datetime.now(UTC)), token)
    token.check()
    write_any(made.record, record)
    entered = False
    try:
        acts = yield from commitment_acts(book.papers, made.record, paths_of(asked, record), author, token)
        book.record(*acts)
        entered = True
    finally:
        if not entered:
            record.unlink(missing_ok=True)
    return record


def read_record(path: Path, token: CancelToken) -> Operation[RecordShown]:
    """A record for the screen; its digest is recalculated."""
    yield Progress(0, 1, "files", "Reading the record")
    from auditor_app.sampling.records import load_any

    token.check()
    record = load_any(path)
    source = record.source
    return RecordShown(path, record.digest.hex(), source.text, source.kind, record.committed_at, source.weakness or "")


def fetch_randomness(record: Path, relay: str, token: CancelToken) -> Operation[str]:
    """Ask a drand relay for the committed round: one request, made only because the auditor asked for it."""
    from auditor_app.sampling.beacon import fetch_round
    from auditor_app.sampling.records import load_any

    return (yield from fetch_round(load_any(record).source, relay, token))


@dataclass(frozen=True, slots=True)
class DrawTyped:
    """A draw as typed on the Select tab."""

    record: Path
    snapshot: Path
    trust_store: Path
    randomness: str
    extend_to: int | None
    trusted_time: str | None
    listed: Path | None = None


def draw_engaged(typed: DrawTyped, book: EngagementFile, author: Author, token: CancelToken) -> Operation[DrawnSample]:
    """Draw what was committed to, trace each item, and enter it in the journal."""
    from auditor_app.engagement.sampling_steps import DrawAsked, draw_acts, drawn

    asked = DrawAsked(
        typed.record, typed.snapshot, typed.trust_store, typed.randomness, typed.extend_to, typed.trusted_time, typed.listed
    )  # fmt: skip
    outcome = yield from drawn(asked, token)
    acts = yield from draw_acts(book.papers, asked, outcome, author, token)
    book.record(*acts)
    return outcome.sample


def execute_engaged(
    asked: ExecutionAsked, observed: bool, book: EngagementFile, author: Author, token: CancelToken
) -> Operation[Execution]:
    """Compare the last drawn sample with imported answers, and enter what came out; ``observed`` takes the last run's balances."""
    from dataclasses import replace

    from auditor_app.engagement.execution_steps import executed, execution_acts

    drawn = _last(book, "draw")
    if observed and book.papers.runs:
        asked = replace(asked, run=book.papers.runs[-1].action.result)
    execution = yield from executed(drawn, asked, token, kept=book.document)
    book.record(*(yield from execution_acts(book.papers, drawn, asked, execution, author=author, token=token)))
    return execution


@dataclass(frozen=True, slots=True)
class LettersTyped:
    """What is typed and chosen for letters."""

    folder: Path
    reply_by: str
    reply_to: str
    template: Path | None = None
    contacts: Path | None = None


def letters_engaged(typed: LettersTyped, book: EngagementFile, author: Author, token: CancelToken) -> Operation[int]:
    """Write a confirmation letter for each drawn item and a form for the replies into a new folder; how many letters."""
    import shutil

    from auditor_app.engagement.execution_steps import LettersAsked, letters_acts, merged
    from auditor_app.sampling.letters import write_letters

    yield Progress(0, None, "letters", "Writing the letters")
    drawn, terms, folder = _last(book, "draw"), book.papers.terms, typed.folder
    values = {"client": terms.client, "firm": terms.firm, "reply_by": typed.reply_by, "reply_to": typed.reply_to}
    if book.papers.runs:
        values["as_of"] = book.papers.runs[-1].action.subject.as_of
    asked = LettersAsked(typed.template, typed.contacts, tuple(item for item in values.items() if item[1]))
    letters = merged(drawn, asked)
    token.check()
    write_letters((*letters.letters, letters.form), folder)
    entered = False
    try:
        book.record(*(yield from letters_acts(book.papers, drawn, asked, letters, author=author, token=token)))
        entered = True
    finally:
        if not entered:
            shutil.rmtree(folder)
    return len(letters.letters)


def evaluate_engaged(confidence: str, book: EngagementFile, author: Author, token: CancelToken) -> Operation[None]:
    """Evaluate the last execution and enter it in the journal."""
    from auditor_app.engagement.execution_steps import conclusion_act

    yield Progress(0, 1, "steps", "Evaluating the sample")
    token.check()
    book.record(conclusion_act(_last(book, "execute"), author, confidence))


def read_sampled(confidence: str, book: EngagementFile, token: CancelToken) -> Operation[Sampled]:
    """How far the engagement's last sample has come; the evaluation is computed again for the screen."""
    yield Progress(0, 1, "steps", "Reading the sample")
    from auditor_app.engagement.execution_steps import concluded, digest_of_document, last_step
    from auditor_app.engagement.sampling_work import limits_agreed
    from auditor_app.sampling.conclusion import read_conclusion
    from auditor_app.sampling.drawn import read_drawn
    from auditor_app.sampling.execution import read_execution

    token.check()
    papers: Papers = book.papers
    agreed = limits_agreed(papers)
    if last_step(papers, "draw") is None:
        return Sampled(limits_agreed=agreed)
    document = _last(book, "draw")
    drawn = read_drawn(document, whole=False)
    step = last_step(papers, "execute", draw=digest_of_document(document))
    if step is None:
        return Sampled(drawn, limits_agreed=agreed)
    from auditor_app.engagement.results import read_result

    done = read_result(book.document(step.action.result))
    return Sampled(drawn, read_execution(done), read_conclusion(concluded(done, confidence)), agreed)


def _last(book: EngagementFile, step: str) -> dict[str, object]:
    from auditor_app.engagement.execution_steps import last_step
    from auditor_app.engagement.results import read_result
    from auditor_app.errors import EngagementError

    held = last_step(book.papers, step)  # type: ignore[arg-type]
    if held is None:
        raise EngagementError(
            "ENGAGEMENT.REFUSED", f"the journal holds no {'drawn' if step == 'draw' else 'executed'} sample", action="Do that first."
        )  # fmt: skip
    return read_result(book.document(held.action.result))
