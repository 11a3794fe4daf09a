"""Whether compiled code may be relied on in this process, found out once; and a way to find out before it is needed.

Loading machine code takes some milliseconds, making it for the first time about twenty seconds. Nothing here runs at
import: the window calls :func:`warm` in a job thread after it is up, the command line meets the same answer in its
first ledger.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

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


def readiness() -> Readiness:
    """Load or make the machine code, compare it with ``hashlib``; the answer is kept for the life of the process."""
    with _LOADING:
        return _readiness()


@cache
def _readiness() -> Readiness:
    try:
        from auditor_app.merkle.kernel import self_check
        from auditor_app.native.library import MachineCodeError
    except ImportError as error:
        return Readiness(f"LLVM cannot be loaded ({error})")
    try:
        agrees = self_check()
    except MachineCodeError as error:
        return Readiness(str(error))
    return Readiness("" if agrees else "the compiled kernel does not agree with hashlib on this machine")


def warm() -> Readiness:
    """Load or make everything that a large ledger needs; call it in a thread, never in the window's own.

    Making it holds the interpreter for seconds at a time; a process of its own does it without a pause in the window.
    """
    return readiness()
