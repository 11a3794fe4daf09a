"""Reading with a cap, and writing so that a file is either the old one or the whole new one."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
            code,
            "the file is over the size limit",
            at=Location(str(path)),
            expected=f"at most {max_bytes} bytes",
            action="Ask for a file within the limit.",
        )
    return data


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` beside ``path``, fsync, rename: no reader ever sees half a file."""
    write_chunks_atomically(path, (data,), mode=mode)


def write_chunks_atomically(path: Path, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
    """:func:`write_atomically` for data that is made while it is written; nothing is left behind where that fails."""
    with _beside(path, chunks, mode) as put:
        put()


@contextmanager
def staged(files: Sequence[tuple[Path, bytes]]) -> Iterator[Callable[[], None]]:
    """Every file written whole beside its place and on the disk; what this gives puts them all in place.

    So a disk without room is known before anything says that the files are there; what is not put in place is removed.
    Raises :class:`AuditError` ``OUTPUT.WRITE``.
    """
    with ExitStack() as stack:
        waiting = [stack.enter_context(_beside(path, (data,), 0o644)) for path, data in files]

        def put_all() -> None:
            for put in waiting:
                put()

        yield put_all


@contextmanager
def _beside(path: Path, chunks: Iterable[bytes], mode: int) -> Iterator[Callable[[], None]]:
    """A temporary file in the same folder, written and synced; what this gives renames it, else it is removed."""
    if path.is_dir():
        raise AuditError(
            "OUTPUT.WRITE", "this is a folder, not a file", at=Location(str(path)), action="Name a file in it."
        )
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise AuditError(
            "OUTPUT.WRITE",
            f"the file cannot be written ({error.strerror})",
            at=Location(str(path)),
            action="Choose a folder that exists and may be written.",
        ) from None

    def put() -> None:
        try:
            os.replace(temporary, path)
        except OSError as error:
            raise _unwritten(path, error) from None
        _sync_directory(path.parent)

    try:
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
        except OSError as error:
            raise _unwritten(path, error) from None
        yield put
    finally:
        Path(temporary).unlink(missing_ok=True)


def _unwritten(path: Path, error: OSError) -> AuditError:
    return AuditError(
        "OUTPUT.WRITE",
        f"the file cannot be written ({error.strerror})",
        at=Location(str(path)),
        action="Free some space, or choose another folder.",
    )


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
