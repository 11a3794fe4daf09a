"""The files of a request by digest, for the reproduction page: names without folders, nothing else of the machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from auditor_app.engagement.record import AuditRequest, InputFile
from auditor_app.errors import AuditError, Location
from auditor_app.operation import CancelToken, Operation, Progress

_CHUNK = 1 << 22


def input_files(request: AuditRequest, token: CancelToken) -> Operation[tuple[InputFile, ...]]:
    """Role, name, size and SHA-256 of every file named in ``request``; a snapshot kept as a folder has no digest.

    The digests are for whoever re-performs the run; nothing was decided by them. Raises :class:`AuditError` when a
    file cannot be read.
    """
    record = None if request.sample is None else request.sample.record
    named = (
        ("snapshot", request.snapshot),
        ("trust store", request.trust_store),
        ("evidence", request.evidence),
        ("sample record", record),
        ("balances around the instant", request.window),
        *(("other snapshot", path) for path in request.earlier),
    )
    found: list[InputFile] = []
    for role, path in named:
        if path is not None and not path.is_dir():
            digested = yield from _digested(role, path, token)
            found.append(digested)
    return tuple(found)


def _digested(role: str, path: Path, token: CancelToken) -> Operation[InputFile]:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            total = os.fstat(file.fileno()).st_size
            while chunk := file.read(_CHUNK):
                token.check()
                digest.update(chunk)
                size += len(chunk)
                yield Progress(size, total, "bytes", f"Digest of the {role}")
    except OSError as error:
        raise AuditError(
            "USAGE",
            f"the file cannot be read ({error.strerror})",
            at=Location(path.name),
            action="Check the path.",
        ) from None
    return InputFile(role, path.name, size, digest.hexdigest())
