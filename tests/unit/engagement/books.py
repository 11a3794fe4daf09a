"""Small engagements for the tests of this package: fixed people, fixed clock."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from auditor_app.engagement import actions
from auditor_app.engagement.file import Act, EngagementFile, Recorded, create, open_for_writing
from auditor_app.engagement.terms import Person, Terms

PREPARER, REVIEWER, PARTNER, CLIENT = "P. Reparer", "R. Eviewer", "E. Partner", "C. Lient"
START = "2026-11-03T09:00:00Z"


def terms(**changes: Any) -> Terms:
    """Complete terms, with fields replaced."""
    whole = {
        "client": "Example Exchange Ltd",
        "standard": "isrs-4400",
        "responsible_party": "The directors of Example Exchange Ltd",
        "firm": "Example Audit LLP",
        "purpose": "to assist the directors",
        "addressee": "The directors",
        "restriction": "for the directors only",
        "scope": "spot balances",
        "acknowledgement": "letter of 1 October 2026",
        "independence": "The firm is independent.",
        "ethics": "IESBA Code",
        "quality_management": "ISQM 1",
        "place": "Valletta",
    }
    return Terms(**(whole | changes))


def at(minute: int) -> str:
    """An instant so many minutes after the start."""
    return f"2026-11-03T{9 + minute // 60:02}:{minute % 60:02}:00Z"


def new(folder: Path, name: str = "book.engagement", **changes: Any) -> Path:
    """A new engagement file with one person, its preparer."""
    path = folder / name
    create(path, terms=terms(**changes), person=Person(name=PREPARER, roles=("preparer",)), at=START)
    return path


def act(action: actions.Action, by: str = PREPARER, **more: Any) -> Act:
    """An act of ``by`` one minute after the start."""
    return Act(action, by, more.pop("at", at(1)), **more)


def staffed(folder: Path) -> EngagementFile:
    """An open engagement with preparer, reviewer, partner and a person of the client."""
    book = open_for_writing(new(folder))
    for name, role in ((REVIEWER, "reviewer"), (PARTNER, "partner"), (CLIENT, "client")):
        book.record(act(actions.AddPerson(person=Person(name=name, roles=(role,)))))
    return book


def exception(item: str = "asset BTC", **more: str) -> actions.RaiseException:
    """An exception to raise."""
    return actions.RaiseException(procedure="coverage", item=item, expected="100", observed="99", **more)


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


RESULT = b'{"verdicts":{}}'


def run_action(result: bytes = RESULT) -> actions.PerformRun:
    """A run whose result is ``result``."""
    subject = actions.RunSubject(
        payload_sha256="ab" * 32,
        snapshot_id="example-1",
        issuer="Example Exchange Ltd",
        as_of="2026-11-01T00:00:00Z",
        sequence="1",
        authentic="agrees",
        data="agrees",
        coverage="agrees",
    )
    parameters = actions.RunParameters(trusted_time=START, time_typed=True)
    return actions.PerformRun(parameters=parameters, subject=subject, result=digest(result))


def performed(book: EngagementFile, result: bytes = RESULT, by: str = PREPARER) -> Recorded:
    """Record a run."""
    return book.record(act(run_action(result), by, documents={digest(result): result}))
