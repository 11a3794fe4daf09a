"""Watching other processes end."""

from __future__ import annotations

import time
from pathlib import Path


def ended(pid: int, within: float = 20.0) -> bool:
    """Whether a process is gone, or dead and not yet waited for, within so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False
