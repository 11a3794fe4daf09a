"""An engagement as one ZIP for the file room: its journal, its results, its reports, and its inputs by digest.

The archive is the canonical container of the snapshot format: stored, not compressed, every header a function of
names and contents. So the same engagement gives the same bytes, and a reader that rebuilds the headers meets no
compressed, nested, hidden or repeated member. Inputs and keys are not inside; nothing is extracted to disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from auditor_app import __version__, strict_json
from auditor_app.engagement import actions
from auditor_app.engagement.file import EngagementFile, states_of
from auditor_app.engagement.journal import Entry, decoded
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.papers_document import papers_document
from auditor_app.engagement.recording import refuse_itself
from auditor_app.engagement.store import StoredEntry
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import AuditError, EngagementError, Location
from auditor_app.snapshot.container import Container, open_container
from auditor_app.snapshot.writing import Bytes, measure, write_container

FORMAT = "reserve-auditor-package/1"
INDEX, JOURNAL, PAPERS = "package.json", "journal.jsonl", "papers.json"
MAX_MEMBERS = 20_000
MAX_TOTAL_BYTES = 4 * 2**30
_MAX_INDEX_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Package:
    """A package that holds in itself: its journal is a chain, its results are those that the journal names."""

    file: str
    program: str
    stored: tuple[StoredEntry, ...]
    entries: tuple[Entry, ...]
    papers: Papers
    documents: Mapping[int, bytes]
    """The result that an entry names, by the entry's number."""

    before: Mapping[int, Papers]
    """The papers as they were before each entry that issued a report, by its number: what that report was built from."""


def member_of(entry: Entry) -> str | None:
    """The member that holds an entry's result, or ``None`` where it has none."""
    if not entry.documents:
        return None
    if isinstance(entry.action, actions.IssueReport):
        return f"reports/{entry.number:06}.pdf"
    return f"results/{entry.number:06}-{actions.action_name(entry.action)}.json"


def export(book: EngagementFile, path: Path) -> str:
    """Write the package; SHA-256 (hex) of its bytes. :class:`AuditError` where a result is missing or changed."""
    refuse_itself(book, path, "replaced by its package")
    stored, entries, papers = book.stored(), book.entries(), book.papers
    members: dict[str, bytes] = {}
    for entry in entries:
        name = member_of(entry)
        if name is not None:
            members[name] = book.document(entry.documents[0])
    lines = b"".join(item.body + b"\n" for item in stored)
    text = {INDEX: _json(_index(papers, entries)), JOURNAL: lines, PAPERS: _json(papers_document(papers))}
    contents = {**text, **dict(sorted(members.items()))}
    measured = [measure(name, Bytes(data)) for name, data in contents.items()]
    if len(measured) > MAX_MEMBERS or sum(item.entry.size for item in measured) > MAX_TOTAL_BYTES:
        raise EngagementError("ENGAGEMENT.PACKAGE", "the engagement is too large for one package")
    write_container(path, measured)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _index(papers: Papers, entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "programVersion": __version__,
        "engagement": papers.identity,
        "journal": {"head": papers.head.sha256, "length": str(papers.head.length)},
        "inputs": [msgspec.to_builtins(file) for file in _inputs(papers, entries)],
        "results": [
            {"entry": entry.sequence, "member": member_of(entry), "sha256": entry.documents[0]}
            for entry in entries
            if entry.documents
        ],
    }


def _inputs(papers: Papers, entries: tuple[Entry, ...]) -> tuple[InputReference, ...]:
    """Everything needed to perform it again: the engagement's inputs, then the files of reports' own templates."""
    templates = (file for entry in entries if isinstance(entry.action, actions.IssueReport) for file in entry.inputs)
    return tuple(dict.fromkeys((*(item.file for item in papers.inputs), *templates)))


def _json(document: dict[str, Any]) -> bytes:
    """Readable JSON in ASCII: what stands in it is shown literally by every editor."""
    return (json.dumps(document, indent=1, ensure_ascii=True, sort_keys=True) + "\n").encode("ascii")


def read_package(path: Path) -> Package:
    """Read a package whole into memory, within its limits; :class:`EngagementError` ENGAGEMENT.PACKAGE otherwise."""
    try:
        if path.is_dir():
            raise EngagementError("ENGAGEMENT.PACKAGE", "this is a folder, not a package", at=Location(path.name))
        container = open_container(path)
    except AuditError as error:
        raise _unusable(path, error) from None
    try:
        return _read(container, path.name)
    except AuditError as error:
        raise _unusable(path, error) from None
    finally:
        container.close()


def _unusable(path: Path, error: AuditError) -> EngagementError:
    """The container's refusal, in the words of a package."""
    return EngagementError(
        "ENGAGEMENT.PACKAGE",
        error.what.replace("not a snapshot", "not a package"),
        at=error.at if error.at.file is not None else Location(path.name),
        expected=error.expected,
        observed=error.observed,
        action="Ask for the package again; do not unpack and pack it.",
    )


def _read(container: Container, file: str) -> Package:
    sizes = container.sizes
    if len(sizes) > MAX_MEMBERS or sum(sizes.values()) > MAX_TOTAL_BYTES:
        raise EngagementError(
            "ENGAGEMENT.PACKAGE",
            "the package is over its limits",
            expected=f"at most {MAX_MEMBERS} members and {MAX_TOTAL_BYTES} bytes",
        )
    index = _parsed(container, INDEX, file)
    if index.get("format") != FORMAT:
        raise EngagementError("ENGAGEMENT.PACKAGE", "the format is not one this program knows", expected=FORMAT)
    stored = _journal(container, file)
    papers, before = _states(stored)
    entries = tuple(decoded(item, file=JOURNAL) for item in stored)
    program = index.get("programVersion")
    if index != {**_index(papers, entries), "programVersion": program} or not isinstance(program, str):
        raise EngagementError(
            "ENGAGEMENT.PACKAGE",
            f"{INDEX} states another journal head, other inputs or results than the journal",
            expected=papers.head.text(),
            observed=str(index.get("journal"))[:200],
        )
    if program == __version__ and _member(container, PAPERS) != _json(papers_document(papers)):
        raise EngagementError("ENGAGEMENT.PACKAGE", f"{PAPERS} is not what the journal amounts to")
    documents = _documents(container, entries)
    return Package(file, program, stored, entries, papers, documents, before)


def _states(stored: tuple[StoredEntry, ...]) -> tuple[Papers, Mapping[int, Papers]]:
    """The papers at the head, and before each report: read once, however many reports there are."""
    states = states_of(stored, file=JOURNAL)
    papers, before = next(states), {}
    for after in states:
        if len(after.reports) > len(papers.reports):
            before[after.head.length] = papers
        papers = after
    return papers, before


def _member(container: Container, name: str) -> bytes:
    if name not in container.sizes:
        raise EngagementError("ENGAGEMENT.PACKAGE", f"the package lacks {name}")
    return container.read(name)


def _parsed(container: Container, name: str, file: str) -> dict[str, Any]:
    data = _member(container, name)
    document = strict_json.parse(data, file=f"{file}/{name}", code="ENGAGEMENT.PACKAGE", max_bytes=_MAX_INDEX_BYTES)
    if not isinstance(document, dict):
        raise EngagementError("ENGAGEMENT.PACKAGE", f"{name} is no JSON object")
    return document


def _journal(container: Container, file: str) -> tuple[StoredEntry, ...]:
    """One line an entry; its digest is recalculated here, so that only the links between them are its own."""
    data = _member(container, JOURNAL)
    if not data.endswith(b"\n"):
        raise EngagementError("ENGAGEMENT.PACKAGE", f"{JOURNAL} does not end with its last line", at=Location(file))
    lines = data[:-1].split(b"\n")
    return tuple(
        StoredEntry(number, hashlib.sha256(line).hexdigest(), line) for number, line in enumerate(lines, start=1)
    )


def _documents(container: Container, entries: tuple[Entry, ...]) -> Mapping[int, bytes]:
    """Every result that the journal names, with its digest, and no member besides."""
    documents: dict[int, bytes] = {}
    named = {INDEX, JOURNAL, PAPERS}
    for entry in entries:
        name = member_of(entry)
        if name is None:
            continue
        data = _member(container, name)
        if hashlib.sha256(data).hexdigest() != entry.documents[0]:
            raise EngagementError("ENGAGEMENT.PACKAGE", f"{name} is not the result that the journal names")
        documents[entry.number] = data
        named.add(name)
    strange = sorted(set(container.sizes) - named)
    if strange:
        raise EngagementError("ENGAGEMENT.PACKAGE", f"the package holds {strange[0][:100]!r}, which no entry names")
    return documents
