"""Memory of a part that is done is kept for the next one, instead of being given back and asked for again.

The C library returns large pieces to the system as soon as they are freed; the system must fill every page with zeros
before it lends it out again, which takes as long as reading a part's bytes into it. With glibc that can be turned off;
elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Options of glibc's ``mallopt``: free bytes at the heap's end that are kept; pieces that are mapped one by one."""

_KEPT = 2**28
"""Bytes: as many as parts in hand may have."""


def keep_freed_memory() -> None:
    """Ask for it, for the life of the process; a second call changes nothing."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_MAX, 0)
