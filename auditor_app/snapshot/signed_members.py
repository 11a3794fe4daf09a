"""Reading the members of an authentic container: what is hashed is what is returned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from auditor_app.errors import Location, SignatureError, SnapshotError
from auditor_app.operation import CancelToken
from auditor_app.sections import Look
from auditor_app.snapshot.container import Container
from auditor_app.snapshot.statement import Subject


class SignedMembers:
    """A :class:`~auditor_app.snapshot.authentic.MemberReader` over an open container; ``code`` names its failures."""

    def __init__(self, container: Container, subjects: Iterable[Subject], *, code: str = "MEMBER.DIGEST") -> None:
        self._container = container
        self._subjects: Mapping[str, Subject] = {item.name: item for item in subjects}
        self._code = code

    def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
        """The whole member, size, CRC-32 and SHA-256 compared; ``SignatureError`` otherwise.

        ``KeyError`` for a name that is not a signed member.
        """
        subject = self._subjects[name]
        token.check()
        digest = hashlib.sha256()

        def follow(piece: memoryview) -> None:
            token.check()
            digest.update(piece)
            if look is not None:
                look(piece)

        try:
            data = self._container.read(name, follow)
        except SnapshotError as error:
            raise error.recast(SignatureError, self._code, at=Location(name)) from None
        if digest.hexdigest() != subject.digest.sha256 or len(data) != int(subject.annotations.size):
            raise SignatureError(
                self._code,
                "the member's bytes are not the ones that were signed",
                at=Location(name),
                expected=f"SHA-256 {subject.digest.sha256}",
                observed=digest.hexdigest(),
                action="Treat the file as changed on its way.",
            )
        return data

    def size(self, name: str) -> int:
        """The signed size in bytes."""
        return int(self._subjects[name].annotations.size)

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()
