"""Entering finished work in the journal: the same for the command line and the window.

A run that is in the journal already, with the same inputs, parameters and results, is not entered again: another
entry would clear sign-offs and say nothing new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from auditor_app.engagement.actions import Action, AddInput
from auditor_app.engagement.file import Author, EngagementFile, Recorded
from auditor_app.engagement.history import reported_history
from auditor_app.engagement.inputs import input_files
from auditor_app.engagement.papers import Papers, Run
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.results import read_result, recorded_findings, run_bytes
from auditor_app.engagement.runs import (
    at_journal_time,
    exceptions_of,
    latest_results,
    parameters_of,
    run_acts,
    with_challenge,
)
from auditor_app.engagement.taking import referenced, role_of, take
from auditor_app.engagement.terms import InputReference, InputRole
from auditor_app.errors import AuditError, EngagementError
from auditor_app.operation import CancelToken, Operation

Perform = Callable[[AuditRequest, CancelToken], Operation[Audit]]


def record_actions(book: EngagementFile, author: Author, *actions: Action) -> Recorded:
    """Enter plain actions, all or none."""
    return book.record(*(author.act(action) for action in actions))


def record_run(book: EngagementFile, audit: Audit, author: Author, *, time_typed: bool) -> Recorded:
    """Enter a finished run with its inputs and its result, and note where the inputs are."""
    acts = run_acts(
        book.papers, audit, person=author.person, at=author.at, time_typed=time_typed, amendment=author.amendment
    )
    done = book.record(*acts)
    places = _places(audit.request)
    for item in audit.inputs:
        if item.name in places:
            book.remember(item.sha256, places[item.name])
    return done


def record_inputs(
    book: EngagementFile, author: Author, paths: Sequence[Path], role: InputRole | None, token: CancelToken
) -> Operation[tuple[tuple[InputReference, ...], Recorded]]:
    """Take files into the engagement by their digests, all or none; ``role`` is ``None`` to go by their names."""
    references: list[InputReference] = []
    for path in paths:
        refuse_itself(book, path, "taken in as an input")
        reference = yield from take(path, role or role_of(path), token)
        references.append(reference)
    done = record_actions(book, author, *(AddInput(input=reference) for reference in references))
    for path, reference in zip(paths, references, strict=True):
        book.remember(reference.sha256, path.absolute())
    return tuple(references), done


def record_last_findings(book: EngagementFile, author: Author) -> tuple[tuple[str, ...], Recorded]:
    """Raise the findings of the last run, of its issuer's series and of samples that count and are not in the log yet: their numbers, and what was recorded."""
    results = latest_results(book.papers)
    if not results:
        raise EngagementError(
            "ENGAGEMENT.REFUSED", "the engagement holds no run yet", action="Perform one inside the engagement first."
        )
    found = [item for result in results for item in recorded_findings(read_result(book.document(result)))]
    for issuer in [run.action.subject.issuer for run in book.papers.runs[-1:]]:
        series = reported_history(book.papers, book.document, issuer)
        found += [] if series is None else series.findings
    raised = exceptions_of(found, book.papers)
    done = record_actions(book, author, *raised)
    numbers = [str(line.number) for line in done.papers.exceptions[-len(raised) :]] if raised else []
    return tuple(numbers), done


def recorded_run(papers: Papers, audit: Audit) -> Run | None:
    """The latest recorded run with the same inputs, parameters and result as ``audit``, if there is one.

    A final report is built on such a run: recording another one would clear the sign-offs it needs.
    """
    result = hashlib.sha256(run_bytes(audit)).hexdigest()
    files = tuple(referenced(item) for item in audit.inputs)
    for run in reversed(papers.runs):
        action = run.action
        typed = parameters_of(audit.request, time_typed=action.parameters.time_typed)
        if (action.result, run.inputs, action.parameters) == (result, files, typed):
            return run
    return None


def refuse_itself(book: EngagementFile, path: Path, what: str) -> None:
    """Refuse to read or replace the open engagement file as something else.

    Closing another descriptor of it would drop the writer's lock (POSIX), and writing to it would destroy it.
    """
    try:
        same = path.samefile(book.path)
    except OSError:
        same = False
    if same:
        raise EngagementError(
            "ENGAGEMENT.REFUSED", f"the engagement file itself cannot be {what}", action="Choose another file."
        )


def perform_in(
    papers: Papers, request: AuditRequest, at: str, perform: Perform, token: CancelToken
) -> Operation[Audit]:
    """Perform a run inside an engagement: where no time was typed its keys are judged at the journal's time.

    That is the time of the recorded run with the same inputs and parameters, so that the same comes out again and
    nothing new is entered; ``at`` where there is none.
    """
    request = with_challenge(request, papers)
    if request.trusted_time is None:
        try:
            files = yield from input_files(request, token)
        except AuditError:  # the run itself says better what is wrong with its files
            files = ()
        references = tuple(referenced(item) for item in files)
        request = at_journal_time(request, _time_of_same_run(papers, request, references) or at)
    return (yield from perform(request, token))


def _time_of_same_run(papers: Papers, request: AuditRequest, files: tuple[InputReference, ...]) -> str | None:
    for run in reversed(papers.runs):
        known = run.action.parameters
        if run.inputs == files and not known.time_typed:
            asked = at_journal_time(request, known.trusted_time)
            if parameters_of(asked, time_typed=False) == known:
                return known.trusted_time
    return None


def _places(request: AuditRequest) -> dict[str, Path]:
    """Where the files of a request are, by name."""
    named = [request.snapshot, request.trust_store, request.evidence, request.window, *request.earlier]
    named.append(None if request.sample is None else request.sample.record)
    return {path.name: path.absolute() for path in named if path is not None}
