"""An engagement file in use: open it, read the papers, record what was done. Autosaved: there is no unsaved state.

Clocks enter here only as ``at``, an instant that the caller typed or read.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import msgspec

from auditor_app import __version__
from auditor_app.engagement.actions import Action, DefineTickmark, OpenEngagement
from auditor_app.engagement.journal import (
    BEFORE_THE_FIRST,
    Amendment,
    Entry,
    Head,
    chain_findings,
    decoded,
    encoded,
)
from auditor_app.engagement.papers import Papers, SignedOff
from auditor_app.engagement.rules import after, cleared_by, opened
from auditor_app.engagement.store import MAX_DOCUMENT_BYTES, EngagementStore, StoredEntry
from auditor_app.engagement.terms import AgreedProcedure, InputReference, Person, Terms
from auditor_app.errors import AuditError, EngagementError, Location
from auditor_app.procedures import PROCEDURES
from auditor_app.sampling.execution import TICKMARKS
from auditor_app.typed import typed

_NO_DOCUMENTS: Mapping[str, bytes] = MappingProxyType({})
_NOWHERE: Mapping[str, str] = MappingProxyType({})
_NOT_AGREED = (
    "engagement",
    "history",
    "proof",
    "sample-list",
    "sample-reserves",
    "sample-execution",
    "sample-limits",
    "report",
    "reperformance",
)
"""Procedures of the program that are no agreed procedure unless somebody agrees them."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does at an instant; ``amendment`` once the engagement is locked."""

    action: Action
    person: str
    at: str
    inputs: tuple[InputReference, ...] = ()
    documents: Mapping[str, bytes] = field(default_factory=lambda: _NO_DOCUMENTS)
    amendment: Amendment | None = None
    places: Mapping[str, str] = field(default_factory=lambda: _NOWHERE)
    """Where inputs are on this machine, by digest: a hint, no part of the entry."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who records something, when, and as what amendment."""

    person: str
    at: str
    amendment: Amendment | None = None

    def act(self, action: Action) -> Act:
        """``action`` as this author's act."""
        return Act(action, self.person, self.at, amendment=self.amendment)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an act did: the new head, the papers, and the sign-offs that it cleared."""

    head: Head
    papers: Papers
    cleared: tuple[SignedOff, ...]


class EngagementFile:
    """An open engagement: its papers as read, and :meth:`record` where it was opened for writing. A context manager."""

    def __init__(self, store: EngagementStore) -> None:
        self._store = store
        try:
            self._papers = papers_of(store.entries(), file=store.path.name)
        except BaseException:
            store.close()
            raise

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._store.path

    @property
    def writable(self) -> bool:
        """Whether this is the one writer."""
        return self._store.writable

    @property
    def papers(self) -> Papers:
        """Everything in the file as of its head."""
        return self._papers

    def record(self, *acts: Act) -> Recorded:
        """Append one entry for each act, all on the disk when this returns; :class:`EngagementError` and no change otherwise."""
        if not self.writable:
            raise EngagementError(
                "ENGAGEMENT.REFUSED",
                "the engagement is open read-only, or another process became its writer",
                at=Location(self.path.name),
                action="Open it again for writing.",
            )
        before, papers = self._papers, self._papers
        entries: list[StoredEntry] = []
        documents: dict[str, bytes] = {}
        places: dict[str, str] = {}
        for act in acts:
            _refuse_own_marks(act.action)
            entry = checked(_entry(act, papers.head))
            stored = encoded(entry)
            papers = after(papers, entry, stored.sha256)
            _require_digests(act.documents)
            entries.append(stored)
            documents.update(act.documents)
            places.update(act.places)
        self._store.append(entries, documents, places)
        self._papers = papers
        return Recorded(papers.head, papers, cleared_by(before, papers))

    def entries(self) -> tuple[Entry, ...]:
        """The journal, entry by entry."""
        return tuple(decoded(item, file=self.path.name) for item in self._store.entries())

    def stored(self) -> tuple[StoredEntry, ...]:
        """The journal's canonical bytes, entry by entry."""
        return self._store.entries()

    def document(self, sha256: str) -> bytes:
        """A kept result; ENGAGEMENT.DOCUMENT where it is missing or other bytes stand under its digest."""
        body = self._store.document(sha256)
        if body is None or hashlib.sha256(body).hexdigest() != sha256:
            what = "a result that the journal names is missing" if body is None else "a kept result was changed"
            raise EngagementError(
                "ENGAGEMENT.DOCUMENT",
                what,
                at=Location(self.path.name),
                expected=sha256,
                action="Restore the file from a copy.",
            )
        return body

    def remember(self, sha256: str, path: Path) -> None:
        """Note where an input was last seen on this machine."""
        self._store.remember(sha256, str(path))

    def locations(self) -> Mapping[str, str]:
        """Where inputs were last seen on this machine, by digest."""
        return self._store.locations()

    @property
    def store(self) -> EngagementStore:
        """The file underneath, for :func:`~auditor_app.engagement.checking.check_store`."""
        return self._store

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def create(path: Path, *, terms: Terms, person: Person, at: str) -> None:
    """Make a new engagement file whose agreed procedures are the program's own in their usual wording."""
    procedures = tuple(
        AgreedProcedure(key=item.key, wording=item.wording)
        for item in PROCEDURES.values()
        if item.key not in _NOT_AGREED
    )
    entry = Entry(
        sequence="1",
        previous=BEFORE_THE_FIRST,
        at=at,
        person=person.name,
        program=__version__,
        inputs=(),
        documents=(),
        amendment=None,
        action=OpenEngagement(terms=terms, person=person, procedures=procedures),
    )
    EngagementStore.create(path, encoded(checked(entry)))


def open_for_writing(path: Path) -> EngagementFile:
    """Open as the one writer; ENGAGEMENT.BUSY where another process is, ENGAGEMENT.JOURNAL where the chain is broken."""
    return EngagementFile(EngagementStore.open_writing(path))


def open_for_reading(path: Path) -> EngagementFile:
    """Open read-only, beside a writer if there is one."""
    return EngagementFile(EngagementStore.open_reading(path))


def papers_of(stored: Sequence[StoredEntry], *, file: str) -> Papers:
    """The papers that a journal amounts to; :class:`EngagementError` where the chain or a rule is broken."""
    return deque(states_of(stored, file=file), maxlen=1).pop()  # all of them would take memory with the entries' square


def states_of(stored: Sequence[StoredEntry], *, file: str) -> Iterator[Papers]:
    """The papers after each entry of a journal, at least one; :class:`EngagementError` as :func:`papers_of`."""
    broken = chain_findings(stored)
    if broken:
        raise EngagementError(
            "ENGAGEMENT.JOURNAL",
            broken[0].message.rstrip("."),
            at=Location(file, row=broken[0].at.row),
            action="Run engagement check, and compare the file with an earlier copy.",
        )
    if not stored:
        raise EngagementError(
            "ENGAGEMENT.JOURNAL", "the journal is empty", at=Location(file), action="Restore the file from a copy."
        )
    papers: Papers | None = None
    for item in stored:
        papers = step(papers, item, file=file)
        yield papers


def step(papers: Papers | None, item: StoredEntry, *, file: str) -> Papers:
    """The papers after one stored entry; ENGAGEMENT.RULE where this program would not have written it."""
    entry = decoded(item, file=file)
    try:
        return opened(entry, item.sha256) if papers is None else after(papers, entry, item.sha256)
    except AuditError as error:
        raise EngagementError(
            "ENGAGEMENT.RULE",
            f"the entry is one that this program would not have written: {error.what}",
            at=Location(file, row=item.sequence),
            action="Ask who wrote it, and with what.",
        ) from None


def checked(entry: Entry) -> Entry:
    """``entry`` as its schema allows it; ENGAGEMENT.REFUSED naming the field that is too long, empty or malformed."""
    try:
        return typed(msgspec.to_builtins(entry), Entry)
    except msgspec.ValidationError as error:
        raise EngagementError(
            "ENGAGEMENT.REFUSED", f"this cannot be recorded: {error}", action="Correct that field."
        ) from None


def _entry(act: Act, head: Head) -> Entry:
    return Entry(
        sequence=str(head.length + 1),
        previous=head.sha256,
        at=act.at,
        person=act.person,
        program=__version__,
        inputs=act.inputs,
        documents=tuple(sorted(act.documents)),
        amendment=act.amendment,
        action=act.action,  # type: ignore[arg-type]  # AnyAction lists every Action; what is missing there, checked() refuses
    )


def _refuse_own_marks(action: Action) -> None:
    """The program's marks in the sample appendix have their meaning already; journals that define them still open."""
    if isinstance(action, DefineTickmark) and TICKMARKS.get(action.mark, action.meaning) != action.meaning:
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            f"the tickmark {action.mark} is the program's own in the sample appendix",
            expected=TICKMARKS[action.mark],
            action="Choose another mark.",
        )


def _require_digests(documents: Mapping[str, bytes]) -> None:
    for digest, body in documents.items():
        if len(body) > MAX_DOCUMENT_BYTES - 1024:
            raise EngagementError(
                "ENGAGEMENT.REFUSED", "a result is too large to be kept", observed=f"{len(body)} bytes"
            )
        if hashlib.sha256(body).hexdigest() != digest:
            raise EngagementError("ENGAGEMENT.DOCUMENT", "a result does not have the digest it is kept under")
