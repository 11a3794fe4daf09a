"""The values that authentication yields; later steps take only these, never a raw file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from auditor_app.errors import SignatureError
from auditor_app.findings import Finding, Limitation, Severity
from auditor_app.operation import CancelToken
from auditor_app.sections import Look
from auditor_app.snapshot.statement import EvidenceStatement, SnapshotStatement


class MemberReader(Protocol):
    """The members of one open, canonical container whose subjects are signed."""

    def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
        """The whole member, its size and SHA-256 compared with the signed subject; ``SignatureError`` otherwise.

        Each member is read once into memory and what is hashed is what is returned; ``look`` sees it as it comes in.
        """
        ...

    def size(self, name: str) -> int:
        """The signed size in bytes."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Signer:
    """One pinned key that signed, with where its fingerprint came from."""

    spki_sha256: str
    algorithm: str
    signer: str
    issuer: str
    provenance: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """The instant at which keys are judged and its source: ``timestamp``, ``typed`` or ``now``."""

    instant: str
    source: str


S = TypeVar("S", SnapshotStatement, EvidenceStatement)


@dataclass(frozen=True)
class Authentic(Generic[S]):
    """An authentic file: the parsed statement of exactly the bytes that were signed, and its members.

    ``file_name`` is the name only (no folder); ``threshold`` is how many distinct keys and signers were asked for.
    """

    file_name: str
    payload_sha256: str
    statement: S
    members: MemberReader
    signers: tuple[Signer, ...]
    threshold: int
    trusted_time: TrustedTime
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


AuthenticSnapshot = Authentic[SnapshotStatement]
AuthenticEvidence = Authentic[EvidenceStatement]


class NotAuthentic(SignatureError):
    """The file is not authentic; ``findings`` say why, the first critical one gives the message."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        reason = next(item for item in findings if item.severity is Severity.CRITICAL)
        super().__init__(
            reason.code, reason.message.rstrip("."), at=reason.at, expected=reason.expected, observed=reason.observed
        )
        self.findings = findings
