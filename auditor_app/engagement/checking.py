"""Was the engagement file changed behind the program's back: the journal, its rules, its results, its inputs.

What a chain of digests can show is edited, dropped and moved entries. That the end was cut or the whole written
anew it can show only against a head from outside; without one the result says so as a limitation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from auditor_app.engagement import actions
from auditor_app.engagement.file import step
from auditor_app.engagement.journal import BEFORE_THE_FIRST, Entry, Head, chain_findings, decoded
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.signed_sign_off import MAX_BYTES, SignedStatement, authenticated
from auditor_app.engagement.store import EngagementStore, StoredEntry
from auditor_app.engagement.taking import InputState, find_inputs
from auditor_app.errors import AuditError, EngagementError, UsageError
from auditor_app.files import read_capped
from auditor_app.findings import Finding, Limitation, finding, from_error, limitation
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.trust import TrustStore

_PROCEDURE = "engagement"
_HEAD = re.compile(r"(?:([1-9][0-9]{0,9}):)?([0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head that somebody kept outside the file; ``length`` is 0 where only the digest is known."""

    sha256: str
    length: int
    source: str
    engagement: str | None = None
    """SHA-256 of the first entry, where the source names it."""

    @staticmethod
    def of(statement: SignedStatement, source: str) -> KnownHead:
        """The head that a signed sign-off holds."""
        return KnownHead(statement.head, int(statement.length), source, statement.engagement)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found; ``papers`` is ``None`` where the journal cannot be read to its end."""

    file: str
    head: Head
    compared: tuple[KnownHead, ...]
    papers: Papers | None
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def check(
    path: Path,
    heads: Sequence[KnownHead],
    token: CancelToken,
    *,
    store: TrustStore | None = None,
    inputs: bool = False,
) -> Operation[CheckResult]:
    """Recalculate the journal of ``path`` and compare it with ``heads``; ``store`` compares signed sign-offs in it.

    ``inputs`` also digests the input files where they were last seen. Raises :class:`EngagementError` where the file
    is no engagement file at all.
    """
    yield Progress(0, None, "entries", "Reading the journal")
    book = EngagementStore.open_reading(path)
    try:
        return (yield from check_store(book, heads, token, store=store, inputs=inputs))
    finally:
        book.close()


def check_store(
    book: EngagementStore,
    heads: Sequence[KnownHead],
    token: CancelToken,
    *,
    store: TrustStore | None = None,
    inputs: bool = False,
) -> Operation[CheckResult]:
    """:func:`check` of a file that is open already; its pages are read from the disk again."""
    book.forget_pages()
    stored, strange = book.entries_as_found()
    name = book.path.name
    found = _damage(book) + _types(strange)
    found += chain_findings(stored) or (
        () if stored else (_finding("ENGAGEMENT.JOURNAL", "journal", "The journal is empty."),)
    )
    papers, rule = _papers(stored, name)
    found += rule
    entries = _readable(stored, name)
    found += _clock(entries)
    found += yield from _documents(book, entries, token)
    signed, compared = _signed(entries, store)
    found += signed
    everything = (*heads, *compared)
    for known in everything:
        found += _compared(known, stored)
    if inputs and papers is not None:
        found += yield from _inputs(papers, book.locations(), token)
    head = Head(len(stored), stored[-1].sha256 if stored else BEFORE_THE_FIRST)
    return CheckResult(name, head, everything, papers, tuple(dict.fromkeys(found)), _limits(heads))


def _limits(heads: Sequence[KnownHead]) -> tuple[Limitation, ...]:
    """Heads inside the file do not count: whoever writes the journal anew leaves them out."""
    word = limitation("ENGAGEMENT.WORD_OF_KEEPER", subject="journal")
    return (word,) if heads else (limitation("ENGAGEMENT.NO_HEAD", subject="journal"), word)


def _finding(code: str, subject: str, message: str, expected: str = "", observed: str = "") -> Finding:
    return finding(code, procedure=_PROCEDURE, subject=subject, message=message, expected=expected, observed=observed)


def _damage(book: EngagementStore) -> tuple[Finding, ...]:
    complaint = book.damage()
    if not complaint:
        return ()
    return (_finding("ENGAGEMENT.UNREADABLE", "file", "The database is damaged.", "no damage", complaint),)


def _types(strange: frozenset[int]) -> tuple[Finding, ...]:
    message = "The entry is not stored as this program stores it: another program wrote it."
    return tuple(
        _finding("ENGAGEMENT.JOURNAL", f"journal entry {number}", message, "text and bytes", "other types")
        for number in sorted(strange)
    )


def _papers(stored: Sequence[StoredEntry], file: str) -> tuple[Papers | None, tuple[Finding, ...]]:
    """The papers, or the first entry that this program would not have written."""
    papers: Papers | None = None
    for item in stored:
        try:
            papers = step(papers, item, file=file)
        except EngagementError as error:
            return None, (from_error(error, procedure=_PROCEDURE, subject=f"journal entry {item.sequence}"),)
    return papers, ()


def _readable(stored: Sequence[StoredEntry], file: str) -> tuple[Entry, ...]:
    """The entries that can be read at all; the others are findings already."""
    readable = []
    for item in stored:
        try:
            readable.append(decoded(item, file=file))
        except EngagementError:
            continue
    return tuple(readable)


def _clock(entries: Sequence[Entry]) -> tuple[Finding, ...]:
    return tuple(
        _finding(
            "ENGAGEMENT.CLOCK",
            f"journal entry {later.sequence}",
            "The entry is dated before the one in front of it.",
            f"{earlier.at} or later",
            later.at,
        )
        for earlier, later in pairwise(entries)
        if later.at < earlier.at
    )


def _documents(book: EngagementStore, entries: Sequence[Entry], token: CancelToken) -> Operation[tuple[Finding, ...]]:
    """Every result that an entry names is there with its digest, and no other."""
    named = {digest: entry.sequence for entry in reversed(entries) for digest in entry.documents}
    found = []
    for number, (digest, sequence) in enumerate(sorted(named.items())):
        token.check()
        yield Progress(number, len(named), "results", "Comparing kept results")
        try:
            body = book.document(digest)
        except EngagementError as error:
            found.append(_kept(f"journal entry {sequence}", "A kept result was changed.", digest, error.what))
            continue
        if body is None:
            found.append(
                _kept(f"journal entry {sequence}", "A result that the entry names is missing.", digest, "none")
            )
        elif (actual := hashlib.sha256(body).hexdigest()) != digest:
            found.append(_kept(f"journal entry {sequence}", "A kept result was changed.", digest, actual))
    strange = sorted(book.document_digests() - set(named))
    found += [_kept("results", "A result is kept that no entry names.", "", digest) for digest in strange[:10]]
    return tuple(found)


def _kept(subject: str, message: str, expected: str, observed: str) -> Finding:
    return _finding("ENGAGEMENT.DOCUMENT", subject, message, expected, observed)


def _signed(entries: Sequence[Entry], store: TrustStore | None) -> tuple[tuple[Finding, ...], tuple[KnownHead, ...]]:
    """Signed sign-offs inside the journal, against pinned keys: each must be about the entry before its own."""
    found: list[Finding] = []
    heads: list[KnownHead] = []
    for entry in entries:
        action = entry.action
        if store is None or not isinstance(action, actions.SignOff) or not action.envelope:
            continue
        subject = f"journal entry {entry.sequence}"
        try:
            statement = authenticated(action.envelope, store, file=subject)
        except AuditError as error:
            found.append(from_error(error, procedure=_PROCEDURE, subject=subject))
            continue
        heads.append(KnownHead.of(statement, f"sign-off in entry {entry.sequence}"))
        stated = (int(statement.length), statement.head, statement.role, statement.person)
        if stated != (entry.number - 1, entry.previous, action.role, entry.person):
            message = "The signed sign-off is about another head, role or person than its entry."
            found.append(_finding("ENGAGEMENT.SIGN_OFF", subject, message))
    return tuple(found), tuple(heads)


def _compared(known: KnownHead, stored: Sequence[StoredEntry]) -> tuple[Finding, ...]:
    """Whether a head from outside stands in the journal, at its own place."""
    digests = [hashlib.sha256(item.body).hexdigest() for item in stored]
    if known.engagement is not None and digests[:1] != [known.engagement]:
        message = "The head belongs to another engagement, or the journal was written anew as a whole."
        return (
            _finding("ENGAGEMENT.HEAD", known.source, message, known.engagement, digests[0] if digests else "none"),
        )
    if known.length > len(digests):
        message = "The journal is shorter than it was when the head was issued: entries were cut from its end."
        expected = f"at least {known.length} entries"
        return (_finding("ENGAGEMENT.HEAD", known.source, message, expected, f"{len(digests)} entries"),)
    if known.length:
        observed = digests[known.length - 1]
        if observed != known.sha256:
            message = f"Entry {known.length} is not the one that the head was issued for: the journal was written anew."
            return (_finding("ENGAGEMENT.HEAD", known.source, message, known.sha256, observed),)
    elif known.sha256 not in digests:
        message = "No entry has the digest of the head: entries were cut from the end, or the journal was written anew."
        return (_finding("ENGAGEMENT.HEAD", known.source, message, known.sha256, "none of the entries"),)
    return ()


def _inputs(papers: Papers, locations: Mapping[str, str], token: CancelToken) -> Operation[tuple[Finding, ...]]:
    """The input files where they were last seen: there, and still the ones that were added."""
    looked_at = yield from find_inputs(papers, locations, token, digests=True)
    found = []
    for item in looked_at:
        file = item.taken.file
        subject = f"{file.role} {file.name}"
        if item.state is InputState.MISSING:
            message = "The input is not where it was last seen."
            found.append(_finding("ENGAGEMENT.INPUT_MISSING", subject, message, file.sha256, "no file"))
        elif item.state is InputState.CHANGED:
            message = "The input is no longer the file that was added."
            found.append(_finding("ENGAGEMENT.INPUT_CHANGED", subject, message, file.sha256, item.observed))
    return tuple(found)


def typed_head(text: str) -> KnownHead:
    """A head as somebody noted it, ``HEX`` or ``N:HEX``; :class:`UsageError` for anything else."""
    match = _HEAD.match(text.strip().lower())
    if match is None:
        raise UsageError("USAGE", "a head is 64 hex digits, or N:HEX", observed=text[:100])
    return KnownHead(match[2], int(match[1] or 0), "typed head")


def head_of_sign_off(path: Path, store: TrustStore) -> KnownHead:
    """The head that a signed sign-off holds; :class:`EngagementError` ENGAGEMENT.SIGN_OFF unless a pinned key signed it."""
    text = read_capped(path, max_bytes=MAX_BYTES, code="ENGAGEMENT.SIGN_OFF").decode("utf-8", "replace")
    return KnownHead.of(authenticated(text, store, file=path.name), f"signed sign-off {path.name}")
