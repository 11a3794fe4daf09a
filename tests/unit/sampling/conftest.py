"""An authentic snapshot of one ledger, made in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from auditor_app.operation import CancelToken
from auditor_app.sections import Look
from auditor_app.snapshot.authentic import Authentic, AuthenticSnapshot, TrustedTime
from auditor_app.snapshot.statement import (
    Annotations,
    Asset,
    Column,
    Commitment,
    Digest,
    Issuer,
    Ledger,
    SnapshotPredicate,
    SnapshotStatement,
    Subject,
)

PAYLOAD = "5a" * 32


class Members:
    """Members held in memory."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self._members = members

    def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
        token.check()
        if look is not None:
            look(memoryview(self._members[name]))
        return self._members[name]

    def size(self, name: str) -> int:
        return len(self._members[name])

    def close(self) -> None:
        return None


def rfc6962_root(rows: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, by its own recursion."""
    if len(rows) == 1:
        return hashlib.sha256(b"\x00" + rows[0]).digest()
    half = 1
    while half * 2 < len(rows):
        half *= 2
    return hashlib.sha256(b"\x01" + rfc6962_root(rows[:half]) + rfc6962_root(rows[half:])).digest()


def ledger_rows(count: int) -> list[bytes]:
    keys = sorted(hashlib.sha256(str(number).encode()).hexdigest() for number in range(count))
    return [f"{key},{index * 17}".encode() for index, key in enumerate(keys)]


MakeSnapshot = Callable[..., AuthenticSnapshot]


@pytest.fixture
def make_snapshot() -> MakeSnapshot:
    """A snapshot of ``rows`` leaves; ``root`` replaces the right one, ``names`` gives several ledgers."""

    def make(
        rows: int = 1000,
        *,
        root: str | None = None,
        names: tuple[str, ...] = ("spot",),
        payload: str = PAYLOAD,
        committed: bool = True,
        declared: int | None = None,
    ) -> AuthenticSnapshot:
        data = ledger_rows(rows)
        text = b"".join(row + b"\n" for row in data)
        count = str(rows if declared is None else declared)
        claim = Commitment(
            scheme="rfc6962-sha256", root=root or rfc6962_root(data).hex(), leaf_count=count, parameters={}
        )
        ledgers = tuple(
            Ledger(
                name=name,
                members=(f"ledger/{name}-00000.csv",),
                row_count=count,
                order="id-ascending",
                columns=(Column(name="account", type="hex64"), Column(name="BTC", type="base-units", decimals=8)),
                totals={"BTC": str(sum(index * 17 for index in range(rows)))},
                commitments=(claim,) if committed else (),
            )
            for name in names
        )
        members = {ledger.members[0]: text for ledger in ledgers}
        predicate = SnapshotPredicate(
            format_version="1.0",
            snapshot_id="test",
            sequence="1",
            issuer=Issuer(legal_name="Example"),
            as_of="2026-11-01T00:00:00Z",
            created_at="2026-11-02T00:00:00Z",
            chains={},
            assets=(Asset(symbol="BTC", decimals=8, on_chain=()),),
            ledgers=ledgers,
        )
        subjects = tuple(
            Subject(
                name=name,
                digest=Digest(sha256=hashlib.sha256(member).hexdigest()),
                media_type="text/csv",
                annotations=Annotations(role="ledger", size=str(len(member)), rows=count),
            )
            for name, member in members.items()
        )
        statement = SnapshotStatement(
            type="https://in-toto.io/Statement/v1",
            subject=subjects,
            predicate_type="urn:x-reserve-auditor:snapshot:v1",
            predicate=predicate,
        )
        time = TrustedTime("2026-11-03T00:00:00Z", "typed")
        return Authentic("test.porsnap", payload, statement, Members(members), (), 1, time, (), ())

    return make
