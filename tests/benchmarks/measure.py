"""What a benchmark reports: a number in a unit, and the goal it must reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One line of a table. ``goal`` is the least ``value`` may be, or the most where ``at_most``; ``None``: no goal."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False
    detail: str = ""

    @property
    def reached(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def verdict(self) -> str:
        """The goal and whether it is reached."""
        if self.goal is None:
            return ""
        word = "at most" if self.at_most else "at least"
        return f"{word} {number(self.goal)}: {'reached' if self.reached else 'MISSED'}"

    @property
    def line(self) -> str:
        """The line for a terminal."""
        return f"{self.name:<66} {number(self.value):>10} {self.unit:<16} {self.detail:<34} {self.verdict}".rstrip()


def number(value: float) -> str:
    """A number for people: three digits, or whole with its thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(found: Iterable[Measure]) -> str:
    """Lines as a Markdown table."""
    rows = "".join(
        f"| {item.name} | {number(item.value)} {item.unit} | {item.detail} | {item.verdict} |\n" for item in found
    )
    return f"| what | measured | | goal |\n|---|---|---|---|\n{rows}"


def per_second(work: Callable[[], int], *, seconds: float = 1.0) -> float:
    """Items a second of ``work``, which returns how many items one call did; the best of three runs."""
    best = 0.0
    for _ in range(3):
        done, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds / 3:
            done += work()
        best = max(best, done / elapsed)
    return best
