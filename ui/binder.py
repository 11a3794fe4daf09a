"""The engagement that is open in the window: its papers, who acts, and the one way to enter something in its journal.

Everything that touches the file is a job; jobs that use it run one after another. An entry is asked for with
:meth:`Binder.record` (plain actions) or :meth:`Binder.write` (an operation of the core that needs the open file);
the binder asks who acts, and what and why once the engagement is locked, before it starts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from auditor_app.engagement.actions import Action
from auditor_app.engagement.file import Author, EngagementFile, Recorded
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.rules import cleared_by
from auditor_app.engagement.terms import Person, Terms
from auditor_app.errors import AuditError, EngagementError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken, Operation
from ui import engagement_work
from ui.audit_work import Perform
from ui.engagement_work import Opened
from ui.jobs import Job, JobRunner, Work
from ui.session import StepState

Write = Callable[[EngagementFile, Author, CancelToken], Operation[Any]]
"""Work on the open file that enters something; what it returns is handed to ``then``."""
Read = Callable[[EngagementFile, CancelToken], Operation[Any]]
"""Work on the open file that only reads."""
Then = Callable[[Any], object]
Failed = Callable[[AuditError], object]
Ended = Callable[[], object]


_BEFORE = "Not recorded: performed before the engagement was opened (F5 records it)"
_NOBODY = "Not recorded: nobody was chosen who acts"


def now() -> str:
    """The instant that enters the journal."""
    return format_instant(datetime.now(UTC))


_Looks = tuple[int, int, int]


def _looks(path: Path) -> _Looks:
    """Which file it is, its size and when it was written; zeros where it is gone. The file is not opened."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _moved(name: str) -> AuditError:
    return EngagementError(
        "ENGAGEMENT.REFUSED",
        f"{name} was moved, deleted or replaced while it was open here; it was closed, and what was entered so far is in the file that was opened",
        action="Open the file that is right.",
    )


class Questions(Protocol):
    """What the binder asks a person; each calls ``then`` with the answer, or never."""

    def who_acts(self, papers: Papers, then: Callable[[str], object]) -> None:
        """Which person of the engagement sits here."""

    def what_is_amended(self, papers: Papers, title: str, then: Callable[[Amendment], object]) -> None:
        """What is amended and why, in a locked engagement."""


@dataclass(frozen=True, slots=True)
class RunNote:
    """What the journal says about the run on screen: its entry, or why there is none."""

    entry: int | None
    text: str


def _entered(entry: int) -> RunNote:
    return RunNote(entry, f"Recorded as journal entry {entry}")


@dataclass(frozen=True, slots=True)
class _Turn:
    """One job that waits for the file."""

    title: str
    work: Work
    then: Then | None
    failed: Failed
    ended: Ended | None
    shown: bool


class Binder(QObject):
    """The open engagement, if any."""

    changed = Signal()
    """Another engagement, other papers, another person, or another note about the run."""
    opened = Signal()
    """An engagement was opened, or opened anew."""
    recorded = Signal(object)
    """:class:`Recorded`: entries were added; ``cleared`` are the sign-offs that they took back."""
    failed = Signal(object)
    """:class:`AuditError` of work that was started without a ``failed`` of its own."""

    def __init__(
        self,
        runner: JobRunner,
        questions: Questions,
        follow: Callable[[Job], None],
        clock: Callable[[], str] = now,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._questions = questions
        self._follow = follow
        self._clock = clock
        self._book: EngagementFile | None = None
        self._papers: Papers | None = None
        self._why_not = ""
        self._author = ""
        self._turns: deque[_Turn] = deque()
        self._job: Job | None = None
        self._noted: tuple[Audit, RunNote] | None = None
        self._time_typed = False
        self._looked: _Looks = (0, 0, 0)
        self._leaving: list[EngagementFile] = []

    # what is open

    @property
    def papers(self) -> Papers | None:
        """Everything in the file as of its head; ``None`` where none is open."""
        return self._papers

    @property
    def path(self) -> Path | None:
        """Where the file is."""
        return None if self._book is None else self._book.path

    @property
    def writable(self) -> bool:
        """Whether entries can be made: this window is the file's one writer. A locked one takes amendments."""
        return self._book is not None and self._book.writable

    @property
    def why_read_only(self) -> str:
        """The sentence that says why nothing can be entered; empty where something can."""
        if self._book is not None and not self._book.writable and not self._why_not:
            return "Another process became the writer of this file. Close it here and open it again."
        return self._why_not

    @property
    def state(self) -> StepState:
        """What can be done with the file, for chips."""
        if self._papers is None:
            return StepState.NONE_OPEN
        if not self.writable:
            return StepState.READ_ONLY
        return StepState.OPEN if self._papers.locked is None else StepState.LOCKED

    @property
    def author(self) -> str:
        """The person of the engagement who acts in this window; empty until chosen."""
        return self._author

    @property
    def busy(self) -> bool:
        """Whether a job uses the file, or waits for it."""
        return self._job is not None or bool(self._turns)

    # opening and closing

    def open(self, path: Path, *, writing: bool = True) -> None:
        """Open in a job, closing what is open: for writing, or read-only where that cannot be or is not wanted."""
        self._open("Opening the engagement", partial(engagement_work.open_engagement, path, writing))

    def create(self, path: Path, terms: Terms, person: Person) -> None:
        """Make a new engagement file in a job and open it for writing."""
        self._open("Making the engagement", partial(engagement_work.new_engagement, path, terms, person, self._clock()))

    def reopen(self) -> None:
        """Read the file again, as it is now on the disk."""
        if self.path is not None and not self.busy:
            self.open(self.path, writing=self.writable)

    def look_again(self) -> None:
        """The window comes back to the front: read what somebody else wrote, or notice that the file was replaced."""
        path = self.path
        if path is None or self.busy:
            return
        now = _looks(path)
        if self.writable:
            if now[0] != self._looked[0]:
                where = path.name
                self.close()
                self.failed.emit(_moved(where))
        elif now != self._looked:
            self.reopen()

    def close(self) -> None:
        """Let go of the file: what waits is dropped; an entry being written is whole or not there."""
        self._turns.clear()
        if self._book is not None:
            self._leaving.append(self._book)
        self._book = self._papers = None
        self._why_not = self._author = ""
        self._noted = None
        if self._job is None:
            self._let_go()
        else:
            self._job.cancel()
        self.changed.emit()

    def act_as(self, name: str) -> None:
        """From now on this person of the engagement acts."""
        if self._papers is not None and self._papers.person(name) is not None:
            self._author = name
            self.changed.emit()
            if self._noted is not None and self._noted[1].text == _NOBODY:
                self.take_run(self._noted[0], time_typed=self._time_typed)

    # entering and reading

    def record(
        self,
        *actions: Action,
        title: str = "Recording",
        then: Then | None = None,
        failed: Failed | None = None,
        ended: Ended | None = None,
    ) -> None:
        """Enter plain actions, all or none; ``then`` gets :class:`Recorded`."""
        self.write(title, partial(engagement_work.record, actions), then, failed, ended, shown=False)

    def write(
        self,
        title: str,
        work: Write,
        then: Then | None = None,
        failed: Failed | None = None,
        ended: Ended | None = None,
        *,
        shown: bool = True,
    ) -> None:
        """Run ``work`` on the open file as the person who acts; ``then`` gets what it returns.

        Asks who acts where nobody was chosen, and what and why where the engagement is locked; a person who does not
        answer starts nothing. ``ended`` is called last, also after a cancellation. Where nothing can be entered
        ``failed`` gets the reason. Never open the file by its path meanwhile: closing another descriptor of it would
        drop the writer's lock.
        """
        told = failed or self.failed.emit
        if self._papers is None or not self.writable:
            reason = self.why_read_only or "No engagement is open."
            told(AuditError("ENGAGEMENT.REFUSED", reason.rstrip(".")))
        elif not self._author:
            self.ask_who_acts(lambda _: self.write(title, work, then, failed, ended, shown=shown))
        else:

            def start(amendment: Amendment | None) -> None:
                if self._book is not None:
                    author = Author(self._author, self._clock(), amendment)
                    self._queue(_Turn(title, partial(work, self._book, author), then, told, ended, shown))

            if self._papers.locked is None:
                start(None)
            else:
                self._questions.what_is_amended(self._papers, title, start)

    def read(
        self,
        title: str,
        work: Read,
        then: Then,
        failed: Failed | None = None,
        ended: Ended | None = None,
        *,
        shown: bool = False,
    ) -> None:
        """Run ``work`` on the open file; nothing happens where none is open."""
        if self._book is not None:
            told = failed or self.failed.emit
            self._queue(_Turn(title, partial(work, self._book), then, told, ended, shown))

    def ask_who_acts(self, then: Callable[[str], object] | None = None) -> None:
        """Let the person be chosen, now or again."""

        def chosen(name: str) -> None:
            self.act_as(name)
            if then is not None and self._author:
                then(self._author)

        if self._papers is not None:
            self._questions.who_acts(self._papers, chosen)

    # runs

    def performing(self, perform: Perform) -> Perform:
        """``perform`` as it is done inside the open engagement: keys judged at the journal's time."""

        def in_engagement(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
            papers, at = self._papers, self._clock()
            if papers is None:
                return (yield from perform(request, token))
            return (yield from engagement_work.perform_in(papers, request, at, perform, token))

        return in_engagement

    def take_run(self, audit: Audit, *, time_typed: bool) -> None:
        """A run has ended: find its entry, or enter it where that can be done without a question."""
        if self._papers is None:
            return
        enters = self.writable and bool(self._author) and self._papers.locked is None
        author = Author(self._author, self._clock()) if enters else None
        self._time_typed = time_typed
        self._note(audit, RunNote(None, "Looking in the journal…"))
        work = partial(engagement_work.enter_run, audit, author, time_typed)
        self.read("Recording the run", work, partial(self._on_run, audit), partial(self._on_run_refused, audit))

    def find_run(self, audit: Audit, otherwise: str = _BEFORE) -> None:
        """Find the entry that a run has without entering it; ``otherwise`` is what is said where it has none."""
        if self._papers is None or audit.request.trusted_time is None:
            return
        self._note(audit, RunNote(None, "Looking in the journal…"))
        work = partial(engagement_work.enter_run, audit, None, False)

        def found(entry: int | None) -> None:
            self._note(audit, RunNote(None, otherwise) if entry is None else _entered(entry))

        self.read("Finding the run", work, found, partial(self._on_run_refused, audit))

    def record_run(self, audit: Audit, *, time_typed: bool) -> None:
        """Enter a run that was not entered by itself: asks who acts, and for the amendment."""

        def work(book: EngagementFile, author: Author, token: CancelToken) -> Operation[int | None]:
            return (yield from engagement_work.enter_run(audit, author, time_typed, book, token))

        self.write("Recording the run", work, partial(self._on_run, audit), partial(self._on_run_refused, audit))

    def note_of(self, audit: Audit | None) -> RunNote | None:
        """What the journal says about this run; ``None`` where no engagement is open or no run is shown."""
        if audit is None or self._papers is None:
            return None
        if self._noted is not None and self._noted[0] is audit:
            return self._noted[1]
        return RunNote(None, _BEFORE)

    # inside

    def _open(self, title: str, work: Callable[[list[Opened], CancelToken], Operation[Opened]]) -> None:
        self.close()
        holder: list[Opened] = []

        def ended() -> None:
            for opened in holder:
                if opened.book is not self._book:  # cancelled meanwhile: nobody may hold the file's lock
                    opened.book.close()

        self._queue(_Turn(title, partial(work, holder), self._on_opened, self.failed.emit, ended, True))

    def _queue(self, turn: _Turn) -> None:
        self._turns.append(turn)
        self._next()

    def _next(self) -> None:
        if self._job is not None or not self._turns:
            return
        turn = self._turns.popleft()
        job = self._job = self._runner.make(turn.work, turn.title)
        answers: list[Callable[[], object]] = []
        if turn.then is not None:
            then = turn.then
            job.succeeded.connect(lambda result: answers.append(partial(then, result)))
        job.failed.connect(lambda error: answers.append(partial(turn.failed, error)))
        job.wound_down.connect(partial(self._on_turn_ended, turn, answers))
        if turn.shown:
            self._follow(job)
        job.start()

    def _on_turn_ended(self, turn: _Turn, answers: list[Callable[[], object]]) -> None:
        """The thread is done with the file: show what stands in it now, also where the answer came too late."""
        self._job = None
        self._let_go()
        self._look_at_papers()
        for answer in answers:
            answer()
        if turn.ended is not None:
            turn.ended()
        self._next()

    def _let_go(self) -> None:
        for book in self._leaving:
            book.close()
        self._leaving.clear()

    def _look_at_papers(self) -> None:
        book, before = self._book, self._papers
        if book is None or before is None or book.papers.head == before.head:
            return
        self._papers = book.papers
        self.changed.emit()
        self.recorded.emit(Recorded(book.papers.head, book.papers, cleared_by(before, book.papers)))

    def _on_opened(self, opened: Opened) -> None:
        self._book, self._papers, self._why_not = opened.book, opened.book.papers, opened.why_read_only
        self._looked = _looks(opened.book.path)
        people = self._papers.people
        self._author = people[0].name if self.writable and len(people) == 1 else ""
        self.changed.emit()
        self.opened.emit()

    def _on_run(self, audit: Audit, entry: int | None) -> None:
        if entry is not None:
            self._note(audit, _entered(entry))
        elif self._papers is not None and not self.writable:
            self._note(audit, RunNote(None, "Not recorded: the engagement is open read-only"))
        elif self._papers is not None and self._papers.locked is not None:
            self._note(audit, RunNote(None, "Not recorded: the engagement is locked"))
        else:
            self._note(audit, RunNote(None, _NOBODY))

    def _on_run_refused(self, audit: Audit, error: AuditError) -> None:
        self._note(audit, RunNote(None, f"Not recorded: {error.sentence()}"))

    def _note(self, audit: Audit, note: RunNote) -> None:
        self._noted = (audit, note)
        self.changed.emit()
