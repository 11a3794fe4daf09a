"""What is made ready behind the window: every page, none of them shown; closing the window ends it."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from pytestqt.qtbot import QtBot

from auditor_app.operation import CancelToken, run
from tests.ui.conftest import MakeWindow
from ui import preparation, warm_work
from ui.application import prepare
from ui.pages import PAGES


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
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0, timeout=20_000)
    gc.unfreeze()
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)


@pytest.mark.usefixtures("light")
def test_a_page_that_was_opened_already_stays_the_same(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    page = window.go_to("findings")
    prepare(window)
    qtbot.waitUntil(lambda: len(window._pages) == len(PAGES), timeout=20_000)
    assert window.page is page


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
