"""Reading with a cap, and writing so that a file is either the old one or the whole new one."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from auditor_app.errors import AuditError, Location


def read_capped(path: Path, *, max_bytes: int, code: str) -> bytes:
    """The bytes of a regular file of at most ``max_bytes``; :class:`AuditError` with ``code`` otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise AuditError(
            code, f"the file cannot be opened ({error.strerror})", at=Location(str(path)), action="Check the path."
        ) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise AuditError(code, "this is not a regular file", at=Location(str(path)), action="Name a file.")
    with os.fdopen(descriptor, "rb") as file:
        data = b"" if status.st_size > max_bytes else file.read(max_bytes + 1)
    if max(status.st_size, len(data)) > max_bytes:
        raise AuditError(
            code, "the file is over the size limit", at=Location(str(path)), expected=f"at most {max_bytes} bytes"
        )
    return data


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` beside ``path``, fsync, rename: no reader ever sees half a file."""
    write_chunks_atomically(path, (data,), mode=mode)


def write_chunks_atomically(path: Path, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
    """:func:`write_atomically` for data that is made while it is written; nothing is left behind where that fails."""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise AuditError(
            "OUTPUT.WRITE",
            f"the file cannot be written ({error.strerror})",
            at=Location(str(path)),
            action="Choose a folder that exists and may be written.",
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise AuditError(
                "OUTPUT.WRITE", f"the file cannot be written ({error.strerror})", at=Location(str(path))
            ) from None
        raise
    _sync_directory(path.parent)


def write_new(path: Path, data: bytes, *, code: str, mode: int = 0o644) -> None:
    """:func:`write_atomically`, but a file that is already there stays: :class:`AuditError` with ``code``."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.link(temporary, path)  # unlike a rename, fails if the name is taken
    except FileExistsError:
        raise AuditError(
            code, "the file is there already and is not replaced", at=Location(str(path)), action="Choose another name."
        ) from None
    except OSError as error:
        raise AuditError(
            "OUTPUT.WRITE",
            f"the file cannot be written ({error.strerror})",
            at=Location(str(path)),
            action="Choose a folder that exists and may be written.",
        ) from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    _sync_directory(path.parent)


def _sync_directory(folder: Path) -> None:
    """Make the rename itself durable where the system allows it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
