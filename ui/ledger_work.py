"""Reading a ledger's rows for the window: the core's functions as operations, imported in the worker thread.

Every reading opens the snapshot, authenticates it anew and closes it: no file stays open behind a page, and bytes
that are not those of the performed run are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import SignatureError
from auditor_app.findings import Finding
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column

if TYPE_CHECKING:
    from auditor_app.ledger.browse import PartRows
    from auditor_app.ledger.parts import SnapshotLedger
    from auditor_app.merkle.exceptional import ExceptionalRows
    from auditor_app.snapshot.authentic import AuthenticSnapshot


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Which ledger of which signed snapshot."""

    request: AuditRequest
    payload_sha256: str
    ledger: str


@dataclass(frozen=True, slots=True)
class LedgerForm:
    """What a ledger declares: its columns, its parts and its rows."""

    name: str
    columns: tuple[Column, ...]
    members: tuple[str, ...]
    declared_rows: int


def read_forms(place: LedgerPlace, token: CancelToken) -> Operation[tuple[LedgerForm, ...]]:
    """What every ledger of the snapshot declares."""
    yield Progress(0, None, "files", "Reading the signed statement")
    with _opened(place, token) as authentic:
        return tuple(
            LedgerForm(item.name, item.columns, item.members, int(item.row_count))
            for item in authentic.statement.predicate.ledgers
        )


def read_part(place: LedgerPlace, number: int, token: CancelToken) -> Operation[PartRows]:
    """One part, indexed."""
    yield Progress(0, None, "rows", f"Ledger {place.ledger}: reading part {number + 1}")
    from auditor_app.ledger.browse import row_index

    with _opened(place, token) as authentic:
        return row_index(_source(place, authentic).read_part(number, token), token)


def find_id(place: LedgerPlace, key: str, token: CancelToken) -> Operation[tuple[int, int] | None]:
    """The part and the row in it that has this id, or ``None``."""
    yield Progress(0, None, "rows", f"Ledger {place.ledger}: looking for the id")
    from auditor_app.ledger import browse

    with _opened(place, token) as authentic:
        return (yield from browse.find_id(_source(place, authentic), key, token))


def read_exceptions(
    place: LedgerPlace, form: LedgerForm, findings: tuple[Finding, ...], token: CancelToken
) -> Operation[ExceptionalRows]:
    """Every row that findings are about."""
    yield Progress(0, None, "rows", f"Ledger {place.ledger}: reading the rows that findings are about")
    from auditor_app.merkle.exceptional import exceptional_rows

    with _opened(place, token) as authentic:
        return (yield from exceptional_rows(_source(place, authentic), findings, form.members, token))


@contextmanager
def _opened(place: LedgerPlace, token: CancelToken) -> Iterator[AuthenticSnapshot]:
    """The snapshot, authenticated and compared with the one the run was about; closed afterwards."""
    from auditor_app.snapshot.authenticate import authenticate_snapshot
    from auditor_app.snapshot.trust import load_store

    request = place.request
    authentic = authenticate_snapshot(
        request.snapshot, load_store(request.trust_store), token=token, trusted_time=request.trusted_time
    )
    try:
        if authentic.payload_sha256 != place.payload_sha256:
            raise SignatureError(
                "MEMBER.DIGEST",
                "the snapshot on disk is not the one that the procedures were performed on",
                expected=place.payload_sha256,
                observed=authentic.payload_sha256,
                action="Run the procedures again (F5).",
            )
        yield authentic
    finally:
        authentic.members.close()


def _source(place: LedgerPlace, authentic: AuthenticSnapshot) -> SnapshotLedger:
    from auditor_app.ledger.parts import SnapshotLedger

    ledger = next(item for item in authentic.statement.predicate.ledgers if item.name == place.ledger)
    return SnapshotLedger(authentic, ledger)
