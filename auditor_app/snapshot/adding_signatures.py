"""Adding signatures (and a time stamp) to a packed snapshot: one signer after the other, the payload untouched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor_app.errors import AuditError, Location
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot import layout
from auditor_app.snapshot.authenticate import compare_members
from auditor_app.snapshot.container import Container, open_container
from auditor_app.snapshot.envelope import MAX_SIGNATURES, Envelope
from auditor_app.snapshot.inspection import read_unauthenticated
from auditor_app.snapshot.signed_members import SignedMembers
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import EvidenceStatement, SnapshotStatement
from auditor_app.snapshot.writing import Measured, measure, write_enveloped


@dataclass(frozen=True, slots=True)
class _Held:
    """A member still in the container that it came in, its digest compared on every read."""

    members: SignedMembers
    name: str
    token: CancelToken

    def chunks(self) -> Iterator[bytes]:
        """The bytes in one piece."""
        yield self.members.read(self.name, self.token)


def add_signatures(
    path: Path, out: Path, keys: Sequence[SigningKey], token: CancelToken, *, timestamp: bytes | None = None
) -> Operation[Envelope]:
    """Write ``path`` with the signatures of ``keys`` added to ``out``, which may be the same file.

    Every member is compared with its digest first: nobody signs what is not there. Raises :class:`AuditError`
    ISSUER.INPUT for a key that signed already or a seventeenth signature, else as a reader would.
    """
    container = open_container(path)
    try:
        envelope, statement = read_unauthenticated(container, path.name)
        compare_members(container, statement.subject)
        extended = with_signatures(envelope, keys, path.name)
        measured = yield from _measured(container, statement, token)
        stamp = timestamp
        if stamp is None and layout.TIMESTAMP in container.sizes:
            stamp = container.read(layout.TIMESTAMP)
        write_enveloped(out, extended, measured, timestamp=stamp)
        return extended
    finally:
        container.close()


def with_signatures(envelope: Envelope, keys: Sequence[SigningKey], file: str) -> Envelope:
    """The envelope with one more signature for each key; :class:`AuditError` ISSUER.INPUT for a key that signed."""
    present = {item.keyid for item in envelope.signatures}
    for key in keys:
        if key.keyid in present:
            raise AuditError(
                "ISSUER.INPUT",
                f"the key {key.keyid} has signed this file already",
                at=Location(file),
                action="Name each signer's key once.",
            )
        present.add(key.keyid)
    if len(present) > MAX_SIGNATURES:
        raise AuditError(
            "ISSUER.INPUT",
            "there are too many signatures",
            at=Location(file),
            expected=f"at most {MAX_SIGNATURES}",
            action="Sign with fewer keys.",
        )
    added = tuple(key.sign(envelope.payload_type, envelope.payload) for key in keys)
    return Envelope(envelope.payload_type, envelope.payload, tuple(sorted((*envelope.signatures, *added))))


def _measured(
    container: Container, statement: SnapshotStatement | EvidenceStatement, token: CancelToken
) -> Operation[tuple[Measured, ...]]:
    """Every member measured from the bytes that were compared with the statement."""
    members = SignedMembers(container, statement.subject)
    total = sum(int(item.annotations.size) for item in statement.subject)
    done = 0
    found: list[Measured] = []
    for subject in statement.subject:
        yield Progress(done, total, "bytes", f"Comparing {subject.name}")
        found.append(measure(subject.name, _Held(members, subject.name, token)))
        done += int(subject.annotations.size)
    return tuple(found)
