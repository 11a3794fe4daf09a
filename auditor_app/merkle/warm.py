"""Whether compiled code may be relied on in this process, found out once; and a way to find out before it is needed.

Loading compiled code takes half a second, compiling it for the first time some ten. Nothing here runs at import: the
window calls :func:`warm` in a job thread after it is up, the command line meets the same answer in its first ledger.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

FEWEST_ROWS = 2000
"""Below this many rows the reference path is quicker than loading compiled code."""


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
    """Load or compile, and compare the kernel with ``hashlib``; the answer is kept for the life of the process."""
    with _LOADING:
        return _readiness()


@cache
def _readiness() -> Readiness:
    try:
        from numba.core.errors import NumbaError
    except ImportError as error:
        return Readiness(f"Numba could not be loaded ({error})")
    try:
        from auditor_app.merkle import kernel
        from auditor_app.merkle.fast import reading  # noqa: F401
    except (ImportError, OSError, RuntimeError, NumbaError) as error:
        return Readiness(f"code could not be compiled on this machine ({type(error).__name__}: {str(error)[:200]})")
    if not kernel.self_check():
        return Readiness("the compiled kernel did not agree with hashlib on this machine")
    return Readiness("")


def warm() -> Readiness:
    """Load or compile everything that a large ledger needs; call it in a thread, never in the window's own."""
    return readiness()
