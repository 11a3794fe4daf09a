"""The files of a request by digest, for the reproduction page: names without folders, nothing else of the machine."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from auditor_app.engagement.record import AuditRequest, InputFile
from auditor_app.engagement.terms import InputRole
from auditor_app.errors import AuditError, Location
from auditor_app.operation import CancelToken, Operation, Progress

_CHUNK = 1 << 22


def input_files(
    request: AuditRequest, token: CancelToken, snapshot_before: FileState | None = None
) -> Operation[tuple[InputFile, ...]]:
    """Role, name, size and SHA-256 of every file named in ``request``; a snapshot kept as a folder has no digest.

    The digests are for whoever re-performs the run; nothing was decided by them. ``snapshot_before`` is what the snapshot
    looked like when the run began: a file that took its place since is not the one that the report is about. Raises
    :class:`AuditError` when a file cannot be read, ``LEDGER.CHANGED`` when it is another one.
    """
    record = None if request.sample is None else request.sample.record
    named: tuple[tuple[InputRole, Path | None], ...] = (
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
            before = snapshot_before if path is request.snapshot else None
            digested = yield from _digested(role, path, before, token)
            found.append(digested)
    return tuple(found)


FileState = tuple[int, int, int, int]
"""Size, modification time, device and inode."""


def state_of(path: Path) -> FileState | None:
    """What a file looks like now; ``None`` for a folder, or where there is nothing to look at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return None if stat.S_ISDIR(status.st_mode) else _state(status)


def _state(status: os.stat_result) -> FileState:
    return status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino


def _digested(role: InputRole, path: Path, before: FileState | None, token: CancelToken) -> Operation[InputFile]:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            total = status.st_size
            if before is not None and _state(status) != before:
                raise AuditError(
                    "LEDGER.CHANGED",
                    f"the {role} was replaced or changed while the procedures were performed",
                    at=Location(path.name),
                    observed="its size, time or identity is another than at the start",
                    action="Make a copy that nobody writes to, and run again.",
                )
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
