"""Writing a container: members streamed in canonical form, their digests taken first, the file whole or not at all.

Used by the issuer's side for snapshots and by chain capture for evidence files. The low-level functions write what
they are told, so that tests can make properly signed files with bad content.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from auditor_app.errors import AuditError, Location
from auditor_app.files import write_chunks_atomically
from auditor_app.snapshot import envelope as dsse
from auditor_app.snapshot import layout
from auditor_app.snapshot.consistency import check_statement
from auditor_app.snapshot.envelope import Envelope
from auditor_app.snapshot.layout import Entry
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import (
    EVIDENCE_PREDICATE,
    PAYLOAD_TYPE,
    SNAPSHOT_PREDICATE,
    STATEMENT_TYPE,
    EvidencePredicate,
    EvidenceStatement,
    SnapshotPredicate,
    SnapshotStatement,
)
from auditor_app.typed import typed

CHUNK = 2**20
LEDGER_MEDIA_TYPE = "application/vnd.por.ledger.v1+csv"
TABLE_MEDIA_TYPE = "text/csv"


class Content(Protocol):
    """A member's bytes, readable any number of times in bounded pieces."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes from first to last."""
        ...


@dataclass(frozen=True, slots=True)
class Bytes:
    """Content held in memory."""

    data: bytes

    def chunks(self) -> Iterator[bytes]:
        """The bytes in one piece."""
        yield self.data


@dataclass(frozen=True, slots=True)
class FileRange:
    """Content that is a range of a file on disk."""

    path: Path
    offset: int
    size: int

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces; :class:`AuditError` ISSUER.INPUT if the file ends early."""
        left = self.size
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                while left:
                    chunk = file.read(min(left, CHUNK))
                    if not chunk:
                        raise _changed(str(self.path))
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise AuditError(
                "ISSUER.INPUT",
                f"the file cannot be read ({error.strerror})",
                at=Location(str(self.path)),
                action="Copy the file again.",
            ) from None


@dataclass(frozen=True, slots=True)
class Member:
    """One member to be signed; ``rows`` counts data rows, without a header, ``None`` where it is no table."""

    name: str
    role: str
    content: Content
    rows: int | None
    media_type: str = TABLE_MEDIA_TYPE

    @staticmethod
    def table(name: str, role: str, data: bytes) -> Member:
        """A table with a header row, held in memory."""
        return Member(name, role, Bytes(data), data.count(b"\n") - 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """A member's content with the size and CRC-32 that its headers need, and its SHA-256."""

    entry: Entry
    sha256: str
    content: Content


def measure(name: str, content: Content) -> Measured:
    """Read the content once for size, CRC-32 and SHA-256."""
    digest, crc, size = hashlib.sha256(), 0, 0
    for chunk in content.chunks():
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
    return Measured(Entry(name, size, crc), digest.hexdigest(), content)


def write_container(path: Path, members: Sequence[Measured]) -> None:
    """Write the canonical archive of ``members``, in that order, atomically.

    :class:`AuditError` OUTPUT.WRITE if the folder refuses it, ISSUER.INPUT if content is no longer what was measured.
    """
    write_chunks_atomically(path, _archive(members))


def write_signed(
    path: Path,
    predicate: SnapshotPredicate | EvidencePredicate,
    members: Iterable[Member],
    keys: Iterable[SigningKey],
    *,
    timestamp: bytes | None = None,
) -> str:
    """Sign and write a snapshot or an evidence file; the SHA-256 (hex) of its payload.

    The statement is checked as a reader will check it; :class:`~auditor_app.errors.SnapshotError` if it would be
    refused. ``keys`` may be empty for a snapshot that others are still to sign.
    """
    members = tuple(members)
    measured = tuple(measure(item.name, item.content) for item in members)
    payload = encode_statement(build_statement(predicate, members, measured))
    write_payload(path, payload, measured, keys, timestamp=timestamp)
    return hashlib.sha256(payload).hexdigest()


def write_payload(
    path: Path,
    payload: bytes,
    measured: Sequence[Measured],
    keys: Iterable[SigningKey],
    *,
    timestamp: bytes | None = None,
) -> None:
    """Sign any payload bytes and write them with any members: nothing is checked here."""
    signatures = tuple(sorted(key.sign(PAYLOAD_TYPE, payload) for key in keys))
    write_enveloped(path, Envelope(PAYLOAD_TYPE, payload, signatures), measured, timestamp=timestamp)


def write_enveloped(
    path: Path, envelope: Envelope, measured: Sequence[Measured], *, timestamp: bytes | None = None
) -> None:
    """Write a ready envelope with its members; :class:`AuditError` ISSUER.INPUT where it exceeds its limit."""
    head = dsse.encode(envelope)
    if len(head) > layout.MAX_ENVELOPE_BYTES or len(measured) > layout.MAX_MEMBERS:
        raise AuditError(
            "ISSUER.INPUT",
            "the statement is over the format's limit",
            expected=f"an envelope of at most {layout.MAX_ENVELOPE_BYTES} bytes",
            observed=f"{len(head)} bytes for {len(measured)} members",
            action="Pack fewer, larger members.",
        )
    tail = () if timestamp is None else (measure(layout.TIMESTAMP, Bytes(timestamp)),)
    write_container(path, (measure(layout.ENVELOPE, Bytes(head)), *measured, *tail))


def build_statement(
    predicate: SnapshotPredicate | EvidencePredicate, members: Sequence[Member], measured: Sequence[Measured]
) -> SnapshotStatement | EvidenceStatement:
    """The in-toto statement over measured members, checked as a reader will check it."""
    subject = [
        {
            "name": member.name,
            "digest": {"sha256": item.sha256},
            "mediaType": member.media_type,
            "annotations": {
                "role": member.role,
                "size": str(item.entry.size),
                "rows": None if member.rows is None else str(member.rows),
            },
        }
        for member, item in zip(members, measured, strict=True)
    ]
    document = {"_type": STATEMENT_TYPE, "subject": subject, "predicate": msgspec.to_builtins(predicate)}
    statement: SnapshotStatement | EvidenceStatement
    try:
        if isinstance(predicate, SnapshotPredicate):
            statement = typed({**document, "predicateType": SNAPSHOT_PREDICATE}, SnapshotStatement)
        else:
            statement = typed({**document, "predicateType": EVIDENCE_PREDICATE}, EvidenceStatement)
    except msgspec.ValidationError as error:
        raise AuditError(
            "ISSUER.INPUT", f"the statement breaks the format: {error}", action="Correct the description."
        ) from None
    check_statement(statement)
    return statement


def encode_statement(statement: SnapshotStatement | EvidenceStatement) -> bytes:
    """The payload bytes: compact JSON in the schema's order, absent values left out."""
    return msgspec.json.encode(_without_none(msgspec.to_builtins(statement)))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


def _archive(members: Sequence[Measured]) -> Iterator[bytes]:
    """All bytes of the archive in order."""
    layout.check_names((item.entry.name for item in members), file="archive")
    offset = 0
    central: list[bytes] = []
    for item in members:
        header = layout.local_header(item.entry)
        central.append(layout.central_header(item.entry, offset))
        yield header
        yield from _unchanged(item)
        offset += len(header) + item.entry.size
    directory = b"".join(central)
    yield directory
    yield layout.end_records(len(central), len(directory), offset)


def _unchanged(item: Measured) -> Iterator[bytes]:
    """The content again; refused at its end if it is not what was measured."""
    crc = size = 0
    for chunk in item.content.chunks():
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        yield chunk
    if (size, crc) != (item.entry.size, item.entry.crc):
        raise _changed(item.entry.name)


def _changed(name: str) -> AuditError:
    return AuditError("ISSUER.INPUT", "the data changed while it was packed", at=Location(name), action="Pack again.")
