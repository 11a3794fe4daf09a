"""The papers and the journal as plain JSON objects: what ``engagement show --json`` prints and a package holds."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import msgspec

from auditor_app.engagement.checking import CheckResult
from auditor_app.engagement.journal import Entry
from auditor_app.engagement.papers import Papers
from auditor_app.findings.document import finding_document, limitation_document
from auditor_app.procedures import PROCEDURES

_UNDERSCORE = re.compile(r"_([a-z])")

INDEX: tuple[tuple[str, str], ...] = (
    ("A", "Engagement"),
    ("B", "Snapshot"),
    ("C", "Liabilities"),
    ("D", "Wallets"),
    ("E", "Sampling"),
    ("F", "Exceptions"),
    ("G", "Report"),
)
"""The working-paper index: letter and title."""


def papers_document(papers: Papers) -> dict[str, Any]:
    """Everything in the file as of its head, names in camelCase, numbers as decimal strings."""
    named = {field.name: getattr(papers, field.name) for field in fields(papers) if field.compare}
    document: dict[str, Any] = _plain(msgspec.to_builtins(named))
    document["tickmarks"] = [{"mark": mark, "meaning": meaning} for mark, meaning in papers.tickmarks]
    document["index"] = index_document(papers)
    document["obstacles"] = list(papers.obstacles())
    return document


def reference_of(papers: Papers, key: str) -> str:
    """The working-paper reference of a procedure; the engagement's own come behind those of the program."""
    if key in PROCEDURES:
        return PROCEDURES[key].reference
    own = [item.key for item in papers.procedures if item.key not in PROCEDURES]
    return f"A{10 + own.index(key)}" if key in own else ""


def indexed(papers: Papers) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    """The working-paper index: letter, section, and reference with title of each paper, the agreed procedures among them."""
    agreed = {item.key for item in papers.procedures if item.agreed}
    named = [
        (item.reference, item.title) for item in PROCEDURES.values() if item.key in agreed or item.reference[0] in "AG"
    ]
    own = [item for item in papers.procedures if item.agreed and item.key not in PROCEDURES]
    named += [(reference_of(papers, item.key), item.key) for item in own]
    named += [("A2", "Review notes and tickmarks"), ("F1", "Exceptions log")]
    return tuple(
        (letter, title, tuple(paper for paper in sorted(named) if paper[0][0] == letter)) for letter, title in INDEX
    )


def index_document(papers: Papers) -> list[dict[str, Any]]:
    """The index as JSON."""
    return [
        {
            "letter": letter,
            "title": title,
            "papers": [{"reference": reference, "title": name} for reference, name in named],
        }
        for letter, title, named in indexed(papers)
    ]


def entry_document(entry: Entry, sha256: str) -> dict[str, Any]:
    """One journal entry with its digest."""
    return {**msgspec.to_builtins(entry), "sha256": sha256}


def check_document(result: CheckResult) -> dict[str, Any]:
    """What a check found, what it was compared with, and what it could not show."""
    return {
        "file": result.file,
        "head": result.head.sha256,
        "length": str(result.head.length),
        "compared": [
            {"source": item.source, "head": item.sha256, "length": str(item.length) if item.length else None}
            for item in result.compared
        ],
        "intact": not any(item.counts for item in result.findings),
        "findings": [finding_document(item) for item in result.findings],
        "limitations": [limitation_document(item) for item in result.limitations],
    }


def _plain(value: Any) -> Any:
    """Names in camelCase and whole numbers as text, all the way down."""
    if isinstance(value, dict):
        return {_camel(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)
