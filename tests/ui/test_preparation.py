"""What is made ready behind the window: every page, none of them shown; closing the window ends it."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest
from pytestqt.qtbot import QtBot

from auditor_app.operation import CancelToken, run
from tests.ui.conftest import MakeWindow
from ui import preparation, warm_work
from ui.application import prepare
from ui.collecting import Collecting
from ui.pages import PAGES
from ui.pages.proof import ProofPage


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the libraries, which take seconds."""
    monkeypatch.setattr(warm_work, "_FIRST", ("json",))
    monkeypatch.setattr(warm_work, "_LATER", ())
    monkeypatch.setattr(preparation, "_BETWEEN_STEPS_MS", 1)


@pytest.mark.usefixtures("light")
def test_every_page_is_made_and_none_is_shown(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    shown = window.page
    prepare(window)
    qtbot.waitUntil(lambda: len(window._pages) == len(PAGES), timeout=20_000)
    assert window.page is shown
    assert window.stack.count() == len(PAGES)
    assert window.go_to("ledger") is window._pages["ledger"]
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)


@pytest.mark.usefixtures("light")
def test_a_page_that_was_opened_already_stays_the_same(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    page = window.go_to("findings")
    prepare(window)
    qtbot.waitUntil(lambda: len(window._pages) == len(PAGES), timeout=20_000)
    assert window.page is page


@pytest.mark.usefixtures("light")
def test_a_page_that_is_half_made_is_finished_when_somebody_opens_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    steps = 0
    while window.make_on("proof") and steps < 3:
        steps += 1
    assert "proof" not in window._pages, "three steps are not all"
    page = window.go_to("proof")
    assert isinstance(page, ProofPage)
    assert page.tabs.count() == 6
    assert page.isVisible()
    assert not window.make_on("proof")
    assert window.page is page


class _Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.usefixtures("light")
def test_garbage_is_collected_between_two_events_and_large_results_are_set_aside(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window()
    prepare(window)
    assert not gc.isenabled()
    qtbot.waitUntil(lambda: len(window._pages) == len(PAGES), timeout=20_000)
    collecting = window.findChild(Collecting)
    assert collecting is not None
    collecting.collect()  # what the pages are made of
    gone = weakref.ref(_Ring())
    assert gone() is not None
    collecting.collect()
    assert gone() is None
    before, result = gc.get_freeze_count(), [_Ring() for _ in range(30_000)]
    collecting.collect()
    assert gc.get_freeze_count() - before >= len(result)
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)
    window.close()
    qtbot.waitUntil(gc.isenabled, timeout=20_000)
    assert gc.get_freeze_count() == 0


def test_whatever_cannot_be_imported_is_left_to_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_work, "_LATER", ("no_such_library", "wave"))
    monkeypatch.setattr(warm_work, "_FIRST", ("json",))
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    run(warm_work.get_ready(CancelToken()))
    assert "wave" in sys.modules


def test_the_first_window_waits_for_no_heavy_library() -> None:
    """They are imported behind it; one import at the top of a module of the window would bring seconds back."""
    heavy = "numpy scipy matplotlib llvmlite numba web3 eth_utils py_ecc pypdfium2 openpyxl pandas pyhanko typst"
    script = f"import sys, ui.application; print(*[name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
