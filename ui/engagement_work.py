"""The engagement's long work for the window: the core's operations, imported in the worker where they are heavy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor_app.engagement.actions import Action
from auditor_app.engagement.file import Author, EngagementFile, Recorded, create, open_for_reading, open_for_writing
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.terms import Person, Terms
from auditor_app.errors import EngagementError
from auditor_app.operation import CancelToken, Operation, Progress

Perform = Callable[[AuditRequest, CancelToken], Operation[Audit]]
_READ_ONLY_INSTEAD = ("ENGAGEMENT.BUSY", "OUTPUT.WRITE")
"""Why a file cannot be opened for writing that can still be read."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file on its way to the window, and why nothing can be entered in it."""

    book: EngagementFile
    why_read_only: str


def open_engagement(path: Path, writing: bool, holder: list[Opened], token: CancelToken) -> Operation[Opened]:
    """Open for writing, or read-only where that is asked for or all that is possible; also put into ``holder``."""
    yield Progress(0, None, "entries", f"Reading {path.name}")
    token.check()
    if writing:
        try:
            holder.append(Opened(open_for_writing(path), ""))
        except EngagementError as error:
            if error.code not in _READ_ONLY_INSTEAD:
                raise
            holder.append(Opened(open_for_reading(path), f"{error.what[:1].upper()}{error.what[1:]}."))
    else:
        holder.append(Opened(open_for_reading(path), "It was opened read-only."))
    return holder[-1]


def new_engagement(
    path: Path, terms: Terms, person: Person, at: str, holder: list[Opened], token: CancelToken
) -> Operation[Opened]:
    """Make the file and open it."""
    yield Progress(0, None, "entries", f"Writing {path.name}")
    create(path, terms=terms, person=person, at=at)
    return (yield from open_engagement(path, True, holder, token))


def record(actions: Sequence[Action], book: EngagementFile, author: Author, token: CancelToken) -> Operation[Recorded]:  # noqa: ARG001
    """Enter plain actions; once begun it is not cancelled, so that nothing that was typed gets lost."""
    from auditor_app.engagement.recording import record_actions

    done = record_actions(book, author, *actions)
    yield Progress(len(actions), len(actions), "entries", "Recording")
    return done


@dataclass(frozen=True, slots=True)
class LastRun:
    """The request of the last recorded run with its files where they were last seen; ``None`` where some are not."""

    request: AuditRequest | None
    missing: tuple[str, ...]


def last_run(book: EngagementFile, token: CancelToken) -> Operation[LastRun]:
    """Find the inputs of the last run on this machine; whether they are the same bytes shows when it is performed."""
    from auditor_app.engagement.runs import request_again

    yield Progress(0, None, "files", "Finding the inputs")
    token.check()
    run, places = book.papers.runs[-1], book.locations()
    missing = tuple(file.name for file in run.inputs if not Path(places.get(file.sha256, "")).is_file())
    if missing:
        return LastRun(None, missing)
    request = request_again(run, lambda file: Path(places[file.sha256]))
    typed = run.action.parameters.time_typed
    return LastRun(request if typed else replace(request, trusted_time=None), ())


def perform_in(
    papers: Papers, request: AuditRequest, at: str, perform: Perform, token: CancelToken
) -> Operation[Audit]:
    """A run inside an engagement."""
    from auditor_app.engagement import recording

    return (yield from recording.perform_in(papers, request, at, perform, token))


def enter_run(
    audit: Audit, author: Author | None, time_typed: bool, book: EngagementFile, token: CancelToken
) -> Operation[int | None]:
    """The number of the entry that holds this run: one that is there, or a new one where ``author`` may make it."""
    from auditor_app.engagement.recording import record_run, recorded_run

    yield Progress(0, None, "entries", "Looking for the run in the journal")
    token.check()
    if audit.request.trusted_time is None:
        raise EngagementError(
            "ENGAGEMENT.REFUSED", "it was performed before the engagement was opened", action="Run again (F5)."
        )
    run = recorded_run(book.papers, audit)
    if run is None and author is not None:
        run = record_run(book, audit, author, time_typed=time_typed).papers.runs[-1]
    return None if run is None else run.stamp.entry
