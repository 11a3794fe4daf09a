"""How far long work has come, in words: counts, bytes, rates and the time left, the same on a terminal and in the window."""

from __future__ import annotations

import time
from collections.abc import Callable

from auditor_app.amounts import Amount
from auditor_app.operation import Progress

SECONDS_BEFORE_ETA = 3.0
"""Rates and the time left are said once they rest on this much of work."""

_APART = "  ·  "


class Pace:
    """Rates and time left of one phase of the work; a new note begins a new phase."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._note = ""
        self._began = 0.0
        self._first = (0, 0)

    def describe(self, progress: Progress) -> str:
        """``412 000 of 3 000 000 rows · 31.2 of 227.0 MB · 140 000 rows/s · 10.6 MB/s · about 18 s left``.

        A total that nobody knows is left out; the time left follows from whichever total is known.
        """
        now = self._clock()
        done, read = progress.done, progress.bytes_done or 0
        if progress.note != self._note or done < self._first[0]:
            self._note, self._began, self._first = progress.note, now, (done, read)
        said = [text for text in (_counted(progress), _megabytes(progress)) if text]
        elapsed = now - self._began
        rows, size = done - self._first[0], read - self._first[1]
        if elapsed >= SECONDS_BEFORE_ETA:
            if rows > 0:
                said.append(f"{_grouped(round(rows / elapsed))} {progress.unit}/s")
            if size > 0:
                said.append(f"{size / elapsed / 1e6:.1f} MB/s")
            left = _seconds_left(progress, rows, size, elapsed)
            if left is not None:
                said.append(f"about {duration(left)} left")
        return _APART.join(said)


def _counted(progress: Progress) -> str:
    if progress.total is None:
        return f"{_grouped(progress.done)} {progress.unit}" if progress.done else ""
    return f"{_grouped(progress.done)} of {_grouped(progress.total)} {progress.unit}"


def _grouped(number: int) -> str:
    return Amount(number).grouped()


def _megabytes(progress: Progress) -> str:
    if progress.bytes_done is None or not progress.bytes_total:
        return ""
    return f"{progress.bytes_done / 1e6:.1f} of {progress.bytes_total / 1e6:.1f} MB"


def _seconds_left(progress: Progress, rows: int, size: int, elapsed: float) -> float | None:
    """From bytes where they are known: rows may be declared wrongly, the size of the file is not."""
    if progress.bytes_total and progress.bytes_done is not None and size > 0:
        return max(0, progress.bytes_total - progress.bytes_done) * elapsed / size
    if progress.total is not None and rows > 0 and progress.total >= progress.done:
        return (progress.total - progress.done) * elapsed / rows
    return None


def duration(seconds: float) -> str:
    """Time left in words that do not pretend to be exact."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
