"""Whether compiled code may be relied on in this process, found out once; and a way to find out before it is needed.

Loading machine code takes some milliseconds, making it for the first time about twenty seconds. Nothing here runs at
import: the window asks for :func:`prepared` in a job thread after it is up, the command line meets the same answer in its
first ledger. ``python -m auditor_app.merkle.warm`` makes the code and keeps it; status 1 where it cannot be relied on.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from auditor_app.operation import CancelToken, Operation, Progress

FEWEST_ROWS = 2000
"""Below this many rows the reference path is quick enough, and nothing waits for a compiler."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """``reason`` is empty where compiled code works and agrees with ``hashlib``, else a clause that says why not."""

    reason: str

    @property
    def ready(self) -> bool:
        """Whether compiled code is used."""
        return not self.reason


_LOADING = threading.Lock()
_MAKING = threading.Lock()
_PATIENCE = 0.1
"""Seconds between looks at the cancel token."""
_MAKING_NOTE = Progress(0, None, "steps", "Making machine code for this processor, once")


def readiness() -> Readiness:
    """Load or make the machine code, compare it with ``hashlib``; the answer is kept for the life of the process."""
    with _LOADING:
        return _readiness()


@cache
def _readiness() -> Readiness:
    try:
        from auditor_app.merkle.kernel import self_check
        from auditor_app.native.library import MachineCodeError
    except (ImportError, OSError) as error:  # OSError: llvmlite's own, where its library does not load
        return Readiness(f"LLVM cannot be loaded ({str(error)[:200]})")
    try:
        agrees = self_check()
    except MachineCodeError as error:
        return Readiness(str(error))
    return Readiness("" if agrees else "the compiled kernel does not agree with hashlib on this machine")


def prepared(token: CancelToken) -> Operation[Readiness]:
    """:func:`readiness`, with machine code made by a process of its own where this machine has none yet.

    Making it holds the interpreter for seconds at a time: in another process it stops no window, and it can be cancelled.
    Where there is no folder to keep it in, or no second process, it is made in this one.
    """
    yield from _made_apart(token)
    token.check()
    return readiness()


def _made_apart(token: CancelToken) -> Operation[None]:
    """Wait for the process that makes machine code; at once where nothing has to be made."""
    try:
        from auditor_app.native.cache import can_keep, held_code
    except (ImportError, OSError):
        return  # readiness says why
    if getattr(sys, "frozen", False) or held_code() is not None or not can_keep():
        return
    while not _MAKING.acquire(timeout=_PATIENCE):
        token.check()
        yield _MAKING_NOTE
    child = None
    try:
        if held_code() is None:
            child = _compiler()
        while child is not None and child.poll() is None:
            token.check()
            yield _MAKING_NOTE
            with suppress(subprocess.TimeoutExpired):
                child.wait(_PATIENCE)
    finally:
        if child is not None:
            child.kill()
            child.wait()
        _MAKING.release()


def _compiler() -> subprocess.Popen[bytes] | None:
    """A process that makes and keeps the machine code; ``None`` where there can be none.

    ``-P``: a file in the working folder that is named like a module of ours is not run.
    """
    nothing = subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603 this very interpreter
            [sys.executable, "-P", "-m", __name__], stdin=nothing, stdout=nothing, stderr=nothing
        )
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(0 if readiness().ready else 1)
