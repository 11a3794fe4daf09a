"""Looking into a snapshot or evidence file *without* authenticating it: for its makers, never for a report.

What comes out of here is an :class:`Inspection`, a type that no procedure takes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor_app import strict_json
from auditor_app.errors import AuditError
from auditor_app.snapshot import layout
from auditor_app.snapshot.authenticate import compare_members, read_envelope
from auditor_app.snapshot.consistency import STATEMENT_FILE, parse_statement
from auditor_app.snapshot.container import Container, open_container
from auditor_app.snapshot.envelope import Envelope
from auditor_app.snapshot.statement import EVIDENCE_PREDICATE, EvidenceStatement, SnapshotStatement

NOTICE = "NOT AUTHENTICATED: no signature was compared with a pinned key; anyone may have written this."


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file says about itself; ``keyids`` are the keys it names, not keys that signed it."""

    file_name: str
    payload_sha256: str
    keyids: tuple[str, ...]
    timestamped: bool
    statement: SnapshotStatement | EvidenceStatement


def inspect_unauthenticated(path: Path) -> Inspection:
    """Read the envelope and the statement of any container; ``SnapshotError`` as for authentication."""
    container = open_container(path)
    try:
        envelope, statement = read_unauthenticated(container, path.name)
        compare_members(container, statement.subject)
        return Inspection(
            path.name,
            hashlib.sha256(envelope.payload).hexdigest(),
            tuple(item.keyid for item in envelope.signatures),
            layout.TIMESTAMP in container.sizes,
            statement,
        )
    finally:
        container.close()


def read_unauthenticated(container: Container, file: str) -> tuple[Envelope, SnapshotStatement | EvidenceStatement]:
    """The envelope and the statement in it, checked for form alone."""
    envelope = read_envelope(container, file)
    if _predicate_type(envelope.payload) == EVIDENCE_PREDICATE:
        return envelope, parse_statement(envelope.payload, EvidenceStatement)
    return envelope, parse_statement(envelope.payload, SnapshotStatement)


def _predicate_type(payload: bytes) -> Any:
    try:
        document = strict_json.parse(
            payload, file=STATEMENT_FILE, code="SNAPSHOT.JSON", max_bytes=layout.MAX_ENVELOPE_BYTES
        )
    except AuditError:
        return None  # parse_statement says what is wrong
    return document.get("predicateType") if isinstance(document, dict) else None
