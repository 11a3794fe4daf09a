"""What a benchmark reports: a rate, and the least it must reach."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """``rate`` in ``unit`` per second of one core; ``least`` is the bar, ``None`` where there is none."""

    name: str
    rate: float
    unit: str
    least: float | None = None

    @property
    def reached(self) -> bool:
        return self.least is None or self.rate >= self.least


def per_second(work: Callable[[], int], *, seconds: float = 1.0) -> float:
    """Items a second of ``work``, which returns how many items one call did; the best of three runs."""
    best = 0.0
    for _ in range(3):
        done, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds / 3:
            done += work()
        best = max(best, done / elapsed)
    return best
