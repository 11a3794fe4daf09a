"""What else a window may have to hold: ten thousand exceptions, and five thousand reserve addresses with proofs of control."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor_app.engagement.file import open_for_writing
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.operation import CancelToken, Operation, Progress
from tests.unit.engagement import books
from tests.unit.report import factory


def many_exceptions(count: int, request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    """A made-up run with so many findings."""
    yield Progress(0, 1, "runs", "Making up a run")
    token.check()
    return replace(factory.many(count), request=request)


def many_addresses(count: int, request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    """A made-up run with so many reserve addresses, nine in ten of them with a proof of control."""
    yield Progress(0, 1, "runs", "Making up a run")
    token.check()
    return replace(factory.controlled(factory.large(50, count, 500)), request=request)


def write_engagement(folder: Path, count: int) -> Path:
    """An engagement with so many exceptions in its log."""
    path = books.new(folder)
    with open_for_writing(path) as book:
        book.record(*(books.act(books.exception(f"leaf {number}")) for number in range(count)))
    return path
