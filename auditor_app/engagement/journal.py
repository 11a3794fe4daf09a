"""The journal: entries in RFC 8785 bytes, each holding the SHA-256 of the one before, so that no past can be changed.

The chain alone shows an edited, dropped or moved entry. Entries cut from the end, or a chain written anew as a
whole, show only against a :class:`Head` that somebody kept outside the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from auditor_app import strict_json
from auditor_app.engagement.actions import AnyAction
from auditor_app.engagement.store import MAX_ENTRY_BYTES, StoredEntry
from auditor_app.engagement.terms import InputReference, Line
from auditor_app.errors import AuditError, EngagementError, Location
from auditor_app.findings import Finding, finding
from auditor_app.snapshot.statement import Closed, Count, Hex64, Instant
from auditor_app.typed import typed_json

BEFORE_THE_FIRST = "0" * 64
"""What the first entry names as its predecessor."""


class Amendment(Closed, frozen=True, kw_only=True):
    """Why something is done to a locked engagement; who and when stand in the entry."""

    what: Line
    why: Line


class Entry(Closed, frozen=True, kw_only=True):
    """One entry: ``documents`` are the digests of results kept in the file."""

    sequence: Count
    previous: Hex64
    at: Instant
    person: Line
    program: Line
    inputs: tuple[InputReference, ...]
    documents: tuple[Hex64, ...]
    amendment: Amendment | None
    action: AnyAction

    @property
    def number(self) -> int:
        """The entry's place, from 1."""
        return int(self.sequence)


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's number and digest: it commits to every entry up to there."""

    length: int
    sha256: str

    def text(self) -> str:
        """``"12:ab…"``, as a report prints it and ``--head`` takes it."""
        return f"{self.length}:{self.sha256}"


EMPTY_JOURNAL = Head(0, BEFORE_THE_FIRST)


def encoded(entry: Entry) -> StoredEntry:
    """The entry's canonical bytes and digest; ENGAGEMENT.REFUSED for text that is no Unicode, or too much of it."""
    try:
        body = strict_json.canonical(msgspec.to_builtins(entry))
    except ValueError:  # rfc8785's errors, and those of a lone surrogate
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            "a text holds something that is no Unicode character",
            action="Type the text again.",
        ) from None
    if len(body) > MAX_ENTRY_BYTES:
        raise EngagementError(
            "ENGAGEMENT.REFUSED", "one entry is too long", expected=f"at most {MAX_ENTRY_BYTES} bytes"
        )
    return StoredEntry(entry.number, hashlib.sha256(body).hexdigest(), body)


def decoded(stored: StoredEntry, *, file: str) -> Entry:
    """The entry in ``stored``; ENGAGEMENT.JOURNAL where its bytes are none."""
    at = Location(file, row=stored.sequence)
    try:
        return typed_json(stored.body, Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EngagementError(
            "ENGAGEMENT.JOURNAL", f"the entry is none that this program knows: {error}", at=at
        ) from None


def chain_findings(stored: Iterable[StoredEntry]) -> tuple[Finding, ...]:
    """What is wrong with the chain: at each entry whether its number, digest, predecessor and bytes fit.

    Every place is named; a broken link is told once, at the entry behind it.
    """
    found: list[Finding] = []
    expected, previous = 1, BEFORE_THE_FIRST
    for item in stored:
        if item.sequence < expected:
            found.append(_broken(item.sequence, "No entry of the journal has such a number.", f"entry {expected}", ""))
        elif item.sequence > expected:
            missing = f"{expected}" if item.sequence == expected + 1 else f"{expected} to {item.sequence - 1}"
            found.append(_broken(item.sequence, f"Entry {missing} of the journal is missing.", f"entry {expected}", ""))
        actual = hashlib.sha256(item.body).hexdigest()
        if actual != item.sha256:
            found.append(_broken(item.sequence, "The entry's bytes were edited.", item.sha256, actual))
        found += _form(item, previous)
        expected, previous = item.sequence + 1, item.sha256
    return tuple(found)


def _form(item: StoredEntry, previous: str) -> list[Finding]:
    """Whether the bytes are canonical and name the number they stand at and the entry before."""
    try:
        document = strict_json.parse(
            item.body, file="journal", code="ENGAGEMENT.JOURNAL", max_bytes=MAX_ENTRY_BYTES, max_depth=12
        )
        if not isinstance(document, dict) or strict_json.canonical(document) != item.body:
            return [_broken(item.sequence, "The entry is not in its canonical form.", "RFC 8785", "other bytes")]
    except AuditError as error:
        return [_broken(item.sequence, f"The entry cannot be read: {error.what}.", "RFC 8785", "other bytes")]
    found = []
    if document.get("sequence") != str(item.sequence):
        observed = str(document.get("sequence"))[:40]
        found.append(_broken(item.sequence, "The entry was moved from another place.", str(item.sequence), observed))
    if document.get("previous") != previous:
        observed = str(document.get("previous"))[:64]
        message = "The entry does not follow the one before it: something between was edited, dropped or moved."
        found.append(_broken(item.sequence, message, previous, observed))
    return found


def _broken(sequence: int, message: str, expected: str, observed: str) -> Finding:
    return finding(
        "ENGAGEMENT.JOURNAL",
        procedure="engagement",
        subject=f"journal entry {sequence}",
        message=message,
        expected=expected,
        observed=observed,
        at=Location("journal", row=sequence),
    )
