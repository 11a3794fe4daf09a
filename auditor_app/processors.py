"""How many processors this process may use."""

from __future__ import annotations

import os

THREADS = "RESERVE_AUDITOR_THREADS"
"""An environment variable with the most threads that work on a ledger at a time, where the machine is short of memory."""


def processors() -> int:
    """Those that the system lets this process run on, not all that the machine has; fewer where :data:`THREADS` says so."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get(THREADS, "")
    return min(own, max(1, int(wanted))) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else own
