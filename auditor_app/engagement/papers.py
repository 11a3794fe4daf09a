"""The engagement's papers as they stand: what the journal, read from its first entry to its last, amounts to.

Nothing here is stored by itself: :func:`auditor_app.engagement.rules.after` makes each state from the one before
and one entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor_app.engagement.actions import IssueChallenge, IssueReport, PerformRun, RecordSample
from auditor_app.engagement.journal import EMPTY_JOURNAL, Amendment, Head
from auditor_app.engagement.known import Known
from auditor_app.engagement.terms import SIGNING_ROLES, AgreedProcedure, InputReference, Person, Role, Terms


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was entered, by whom, in which entry of the journal."""

    entry: int
    at: str
    person: str


@dataclass(frozen=True, slots=True)
class TakenInput:
    """A file of the engagement."""

    file: InputReference
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Run:
    """One run of all computed procedures."""

    action: PerformRun
    inputs: tuple[InputReference, ...]
    program: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class IssuedChallenge:
    """A text that the exchange was asked to sign."""

    action: IssueChallenge
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class SampleStep:
    """A step of sampling."""

    action: RecordSample
    inputs: tuple[InputReference, ...]
    program: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class LoggedException:
    """A line of the exceptions log; ``closed`` is ``None`` while it is open."""

    number: int
    procedure: str
    item: str
    expected: str
    observed: str
    cause: str
    response: str
    disposition: str
    finding: str
    raised: Stamp
    closed: Stamp | None = None
    closing_reason: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A tickmark beside an item of a working paper."""

    mark: str
    paper: str
    item: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """A review note; ``closed`` is ``None`` while it is open."""

    number: int
    paper: str
    text: str
    raised: Stamp
    closed: Stamp | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A sign-off over the journal up to ``head``; ``cleared`` is the later edit that took it back, if any."""

    role: Role
    head: Head
    envelope: str
    stamp: Stamp
    cleared: Stamp | None = None


@dataclass(frozen=True, slots=True)
class BuiltReport:
    """A report that was built; ``head`` is the journal's before the build, as the report prints it."""

    action: IssueReport
    head: Head
    program: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Amended:
    """A line of the amendment trail."""

    amendment: Amendment
    action: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Locked:
    """When and why the file was closed."""

    reason: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Papers:
    """Everything in the file as of ``head``."""

    terms: Terms
    head: Head = EMPTY_JOURNAL
    opened: str = ""
    people: tuple[Person, ...] = ()
    procedures: tuple[AgreedProcedure, ...] = ()
    inputs: tuple[TakenInput, ...] = ()
    runs: tuple[Run, ...] = ()
    samples: tuple[SampleStep, ...] = ()
    exceptions: tuple[LoggedException, ...] = ()
    tickmarks: tuple[tuple[str, str], ...] = ()
    """Mark and its one meaning."""
    ticks: tuple[Tick, ...] = ()
    notes: tuple[ReviewNote, ...] = ()
    sign_offs: tuple[SignedOff, ...] = ()
    reports: tuple[BuiltReport, ...] = ()
    locked: Locked | None = None
    amendments: tuple[Amended, ...] = ()
    challenges: tuple[IssuedChallenge, ...] = ()
    identity: str = ""
    """SHA-256 of the first entry: what names this engagement for ever."""
    known: Known = field(default_factory=Known, compare=False, repr=False)
    """Inputs, runs, challenges and samples by what names them, for the rules."""

    def person(self, name: str) -> Person | None:
        """The person of that name."""
        return next((item for item in self.people if item.name == name), None)

    @property
    def challenge(self) -> str | None:
        """The challenge that was issued last."""
        return self.challenges[-1].action.challenge if self.challenges else None

    @property
    def open_notes(self) -> tuple[ReviewNote, ...]:
        """Review notes that nobody closed yet."""
        return tuple(note for note in self.notes if note.closed is None)

    @property
    def open_exceptions(self) -> tuple[LoggedException, ...]:
        """Exceptions that nobody closed yet."""
        return tuple(item for item in self.exceptions if item.closed is None)

    def standing(self, role: Role) -> SignedOff | None:
        """The sign-off of ``role`` that no later edit cleared."""
        return next((item for item in reversed(self.sign_offs) if item.role == role and item.cleared is None), None)

    def obstacles(self) -> tuple[str, ...]:
        """What keeps a report from being final, one sentence each; empty when nothing does."""
        found = [f"Note {note.number} on paper {note.paper} is open." for note in self.open_notes]
        found += [f"The {role} has not signed off." for role in SIGNING_ROLES if self.standing(role) is None]
        found += [f"The terms do not state: {name.replace('_', ' ')}." for name in self.terms.missing()]
        return tuple(found)
