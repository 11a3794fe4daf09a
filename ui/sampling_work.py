"""Drawing, executing and evaluating a sample for the window: the core's functions as operations, imported in the worker.

Inside an engagement each step enters its journal; outside one it stays in the window, and can be saved as a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor_app.engagement.file import Author, EngagementFile
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import AuditError
from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.engagement.execution_steps import ExecutionAsked
    from auditor_app.engagement.sampling_steps import DrawAsked
    from auditor_app.sampling.answers import Replacement
    from auditor_app.sampling.conclusion import Conclusion
    from auditor_app.sampling.drawn import DrawnItem, DrawnSample
    from auditor_app.sampling.execution import Execution
    from auditor_app.sampling.result import SampleResult

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One drawn item for the table; of a leaf also its row as read and the steps of its proof."""

    item: DrawnItem
    row: str = ""
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Loose:
    """A sample outside any engagement: the documents of its draw and its execution, and alternatives that were typed."""

    draw: Document
    execution: Document | None = None
    typed: tuple[Replacement, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampled:
    """The last sample as far as it has come; ``recorded`` says that its draw stands in the open engagement's journal."""

    drawn: DrawnSample | None = None
    rows: tuple[DrawnRow, ...] = ()
    execution: Execution | None = None
    conclusion: Conclusion | None = None
    limits_agreed: bool = False
    recorded: bool = False
    typed: tuple[Replacement, ...] = ()
    loose: Loose | None = None
    answers: tuple[tuple[str, Path], ...] = ()
    """The tables of the last execution by their role, where they still are the files that were compared."""


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


def _draw_asked(typed: DrawTyped) -> DrawAsked:
    from auditor_app.engagement.sampling_steps import DrawAsked

    return DrawAsked(
        typed.record, typed.snapshot, typed.trust_store, typed.randomness, typed.extend_to, typed.trusted_time, typed.listed
    )  # fmt: skip


def draw_engaged(typed: DrawTyped, book: EngagementFile, author: Author, token: CancelToken) -> Operation[None]:
    """Draw what was committed to, trace each item, and enter it in the journal."""
    from auditor_app.engagement.sampling_steps import draw_acts, drawn

    asked = _draw_asked(typed)
    outcome = yield from drawn(asked, token)
    book.record(*(yield from draw_acts(book.papers, asked, outcome, author, token)))


def draw_loose(typed: DrawTyped, token: CancelToken) -> Operation[Loose]:
    """The same outside any engagement: nothing is written."""
    from auditor_app.engagement.sampling_steps import drawn

    return Loose((yield from drawn(_draw_asked(typed), token)).document)


def execute_loose(loose: Loose, asked: ExecutionAsked, token: CancelToken) -> Operation[Loose]:
    """Compare a sample outside any engagement with imported answers."""
    from auditor_app.engagement.execution_steps import executed
    from auditor_app.sampling.execution import execution_document

    execution = yield from executed(loose.draw, asked, token)
    return Loose(loose.draw, execution_document(execution), asked.typed)


def save_conclusion(execution: Document, confidence: str, path: Path, token: CancelToken) -> Operation[Path]:
    """An evaluation as ``sample evaluate --json`` prints it; a file of that name stays."""
    from auditor_app.engagement.execution_steps import concluded

    return (yield from save_document(concluded(execution, confidence), path, token))


def save_document(document: Document, path: Path, token: CancelToken) -> Operation[Path]:
    """A drawn or executed sample as the command line writes it; a file of that name stays."""
    yield Progress(0, 1, "files", f"Writing {path.name}")
    from auditor_app.sampling.records import write_document

    token.check()
    write_document(path, document)
    return path


def execute_engaged(
    asked: ExecutionAsked, observed: bool, book: EngagementFile, author: Author, token: CancelToken
) -> Operation[Execution]:
    """Compare the last drawn sample with imported answers, and enter what came out; ``observed`` takes the last run's balances."""
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


def read_sampled(
    confidence: str, run_own: SampleResult | None, book: EngagementFile, token: CancelToken
) -> Operation[Sampled]:
    """How far the engagement's last sample has come, else the run's own; evaluations are computed again for the screen."""
    yield Progress(0, 1, "steps", "Reading the sample")
    from auditor_app.engagement.execution_steps import digest_of_document, last_step, read_alternatives
    from auditor_app.engagement.results import read_result
    from auditor_app.engagement.sampling_work import limits_agreed

    token.check()
    papers: Papers = book.papers
    agreed = limits_agreed(papers)
    if last_step(papers, "draw") is None:
        found = Sampled() if run_own is None else _sampled(_of_run(run_own), confidence)
        return replace(found, limits_agreed=agreed, loose=None)
    document = _last(book, "draw")
    step = last_step(papers, "execute", draw=digest_of_document(document))
    done = None if step is None else read_result(book.document(step.action.result))
    typed = () if step is None else read_alternatives(step.action.parameters.get("alternatives", ""))
    found = _sampled(Loose(document, done, typed), confidence)
    answers = () if step is None else (yield from _still_there(step.inputs, book.locations(), token))
    return replace(found, limits_agreed=agreed, recorded=True, loose=None, answers=answers)


def _still_there(
    files: Sequence[InputReference], locations: Mapping[str, str], token: CancelToken
) -> Operation[tuple[tuple[str, Path], ...]]:
    """The files that are where they were last seen, and the same by digest."""
    from auditor_app.engagement.taking import digested

    found: list[tuple[str, Path]] = []
    for file in files:
        path = Path(locations.get(file.sha256, ""))
        try:
            if path.is_file() and (yield from digested(path, token))[0] == file.sha256:
                found.append((file.role, path))
        except (OSError, AuditError):
            continue
    return tuple(found)


def read_loose(loose: Loose | None, run_own: SampleResult | None, confidence: str, token: CancelToken) -> Operation[Sampled]:  # fmt: skip
    """A sample outside any engagement, else the run's own, for the screen."""
    yield Progress(0, 1, "steps", "Reading the sample")
    token.check()
    if loose is None and run_own is not None:
        loose = _of_run(run_own)
    return Sampled() if loose is None else _sampled(loose, confidence)


def _of_run(sample: SampleResult) -> Loose:
    from auditor_app.sampling.document import FORM, sample_document

    return Loose(sample_document(sample, FORM))


def _sampled(held: Loose, confidence: str) -> Sampled:
    from auditor_app.engagement.execution_steps import concluded
    from auditor_app.sampling.conclusion import read_conclusion
    from auditor_app.sampling.drawn import read_drawn
    from auditor_app.sampling.execution import read_execution

    drawn = read_drawn(held.draw, whole=False)
    if drawn.kind == "leaves":
        given = zip(drawn.items, held.draw["items"], strict=True)
        rows = tuple(DrawnRow(item, part["row"] or "", len(part["path"]) or None) for item, part in given)
    else:
        rows = tuple(DrawnRow(item) for item in drawn.items)
    if held.execution is None:
        return Sampled(drawn, rows, loose=held)
    execution = read_execution(held.execution)
    conclusion = read_conclusion(concluded(held.execution, confidence))
    return Sampled(drawn, rows, execution, conclusion, typed=held.typed, loose=held)


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
