"""The engagement's long work for the window: the core's operations, imported in the worker where they are heavy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.engagement.actions import Action
from auditor_app.engagement.file import Author, EngagementFile, Recorded, create, open_for_reading, open_for_writing
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.terms import InputReference, InputRole, Person, Role, Terms
from auditor_app.errors import EngagementError
from auditor_app.operation import CancelToken, Operation, Progress
from ui.audit_work import Perform
from ui.chain_work import SigningFile
from ui.text import visible

if TYPE_CHECKING:
    from auditor_app.engagement.checking import CheckResult, KnownHead
    from auditor_app.engagement.taking import FoundInput
    from auditor_app.snapshot.trust import TrustStore

_LONGEST_SHOWN = 20_000
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
    return LastRun(request if typed else replace(request, trusted_time=None, journal_time=False), ())


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One entry for reading: ``text`` is its whole content, indented."""

    number: int
    at: str
    person: str
    action: str
    sentence: str
    sha256: str
    text: str


def journal_lines(book: EngagementFile, token: CancelToken) -> Operation[tuple[JournalLine, ...]]:
    """The whole journal, a line an entry."""
    from auditor_app.engagement.actions import action_name
    from auditor_app.engagement.telling import told

    lines: list[JournalLine] = []
    stored = book.stored()
    for number, (item, entry) in enumerate(zip(stored, book.entries(), strict=True)):
        if number % 500 == 0:
            token.check()
            yield Progress(number, len(stored), "entries", "Reading the journal")
        text = "\n".join(map(visible, json.dumps(json.loads(item.body), indent=2, ensure_ascii=False).split("\n")))
        lines.append(
            JournalLine(
                entry.number, entry.at, entry.person, action_name(entry.action), told(entry), item.sha256,
                text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({len(text):,} characters)",
            )
        )  # fmt: skip
    return tuple(lines)


def sign_off_with_key(
    role: Role, key: SigningFile, output: Path, book: EngagementFile, author: Author, token: CancelToken
) -> Operation[Recorded]:
    """Sign the head with a key, enter the sign-off, and write it outside the file."""
    from auditor_app.engagement.recording import refuse_itself
    from auditor_app.engagement.signed_sign_off import sign_off_under
    from auditor_app.files import write_atomically
    from ui.chain_work import signing_key

    yield Progress(0, None, "entries", "Signing the journal's head")
    token.check()
    refuse_itself(book, output, "replaced by a sign-off")
    action = sign_off_under(book.papers, role, author, signing_key(key))
    done = book.record(author.act(action))
    write_atomically(output, (action.envelope + "\n").encode("ascii"))
    return done


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """An engagement file and what it is compared with."""

    file: Path
    head: str | None
    report: Path | None
    sign_off: Path | None
    trust: Path | None
    inputs: bool


def _heads(asked: CheckAsked) -> tuple[tuple[KnownHead, ...], TrustStore | None]:
    from auditor_app.engagement.checking import head_of_sign_off, typed_head
    from auditor_app.snapshot.trust import load_store

    store = None if asked.trust is None else load_store(asked.trust)
    heads: list[KnownHead] = [] if asked.head is None else [typed_head(asked.head)]
    if asked.report is not None:
        from auditor_app.fileroom.issued import head_of_report

        heads.append(head_of_report(asked.report))
    if asked.sign_off is not None and store is not None:
        heads.append(head_of_sign_off(asked.sign_off, store))
    return tuple(heads), store


def check_file(asked: CheckAsked, token: CancelToken) -> Operation[CheckResult]:
    """Check a file that is not open here."""
    from auditor_app.engagement.checking import check

    yield Progress(0, None, "entries", "Reading the heads")
    heads, store = _heads(asked)
    return (yield from check(asked.file, heads, token, store=store, inputs=asked.inputs))


def check_open(asked: CheckAsked, book: EngagementFile, token: CancelToken) -> Operation[CheckResult]:
    """Check the open file through its own connection: another one, closed, would drop the writer's lock."""
    from auditor_app.engagement.checking import check_store

    yield Progress(0, None, "entries", "Reading the heads")
    heads, store = _heads(asked)
    return (yield from check_store(book.store, heads, token, store=store, inputs=asked.inputs))


def export_package(output: Path, book: EngagementFile, token: CancelToken) -> Operation[str]:
    """Write the package for the file room; the SHA-256 of its bytes."""
    from auditor_app.fileroom.package import export

    yield Progress(0, None, "members", "Writing the package")
    token.check()
    return export(book, output)


def import_exceptions(book: EngagementFile, author: Author, token: CancelToken) -> Operation[int]:
    """Raise every finding of the last run that counts and is not in the log; how many that were."""
    from auditor_app.engagement.recording import record_last_findings

    yield Progress(0, None, "exceptions", "Reading the last run")
    token.check()
    return len(record_last_findings(book, author)[0])


def add_inputs(
    paths: Sequence[Path], role: InputRole | None, book: EngagementFile, author: Author, token: CancelToken
) -> Operation[Recorded]:
    """Take files in by their digests."""
    from auditor_app.engagement.recording import record_inputs

    _, done = yield from record_inputs(book, author, paths, role, token)
    return done


def look_at_inputs(digests: bool, book: EngagementFile, token: CancelToken) -> Operation[tuple[FoundInput, ...]]:
    """Every input where it was last seen."""
    from auditor_app.engagement.taking import find_inputs

    return (yield from find_inputs(book.papers, book.locations(), token, digests=digests))


def relocate(file: InputReference, path: Path, book: EngagementFile, token: CancelToken) -> Operation[None]:
    """Note where an input is now."""
    from auditor_app.engagement import taking

    yield from taking.relocate(book, file, path, token)


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
