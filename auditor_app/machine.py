"""What this machine could not give: memory, room on a disk, open files; as an error that says what to do.

Such an error says nothing about the exchange: its codes touch no verdict.
"""

from __future__ import annotations

import errno
import os
import tempfile

from auditor_app.errors import AuditError, Location
from auditor_app.processors import THREADS, processors


class MachineError(AuditError):
    """The work was stopped by this machine, not by the file; nothing was left half-written."""


def machine_error(error: BaseException) -> MachineError | None:
    """The error for the reader; ``None`` for what is no want of the machine."""
    if isinstance(error, MemoryError):
        return _no_memory()
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOMEM:
        return _no_memory()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return MachineError(
            "MACHINE.DISK",
            f"a disk took no more ({error.strerror})",
            at=_place(error),
            action=f"Make room there; temporary files go to {_temporary_folder()}, or to the folder that TMPDIR names. Then run again.",
        )
    if error.errno == errno.EIO:
        return MachineError(
            "MACHINE.DISK",
            f"a disk could not be read or written ({error.strerror})",
            at=_place(error),
            action="Copy the files to another disk, and run again.",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return MachineError(
            "MACHINE.FILES",
            f"this machine opens no more files ({error.strerror})",
            action="Close other programs or raise the limit (ulimit -n 1024), and run again.",
        )
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        return MachineError(
            "MACHINE.DISK",
            "there is no folder for temporary files that may be written",
            action="Name one in TMPDIR, and run again.",
        )
    return None


def lost_temporary_file(what: str, error: OSError) -> MachineError:
    """The error for a temporary file of ours that cannot be read back."""
    return MachineError(
        "MACHINE.DISK",
        f"a temporary file of {what} cannot be read back ({error.strerror or error})",
        action="Look at the disk that holds temporary files, or name another folder in TMPDIR; then run again.",
    )


def _no_memory() -> MachineError:
    threads = processors()
    fewer = f", or use fewer threads than {threads} ({THREADS}=1)" if threads > 1 else ""
    return MachineError(
        "MACHINE.MEMORY",
        "this machine had not enough memory for the work",
        action=f"Nothing was left half-written. Close other programs{fewer}, and run again.",
    )


def _place(error: OSError) -> Location:
    return Location(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Location()


def _temporary_folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return "a folder that does not exist"
