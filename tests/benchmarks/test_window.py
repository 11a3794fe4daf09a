"""The benchmark of the window, kept alive by a short run."""

from __future__ import annotations

from tests.benchmarks.window import run_window
from tests.benchmarks.window_process import RUN
from ui.pages import PAGES


def test_every_phase_is_measured() -> None:
    found = run_window(5_000, 1, exceptions=3_100, addresses=600)
    assert found.first > 0
    assert found.frames > 0
    assert set(found.gaps) == set(found.worked)
    assert {"3,100 exceptions: Exceptions log, filtering", "600 addresses: unfolding all"} < set(found.gaps)
    assert set(found.gaps) > {RUN, "finding an id", *(f"first opening of {entry.title}" for entry in PAGES)}
