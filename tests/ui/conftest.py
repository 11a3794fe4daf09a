"""A dressed application, a window with fakes behind it, and fixtures that fail on leaked threads and windows."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_agg  # these here: no thread of a test may still be importing at its end
import matplotlib.figure  # noqa: F401
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import auditor_app.snapshot.authenticate  # noqa: F401
from auditor_app.aside import _pickled, _unpickled
from auditor_app.errors import AuditError
from auditor_app.operation import CancelToken, Operation
from tests.ui import fakes
from tests.ui.engaged import opened, with_inputs
from tests.unit.engagement import books
from ui import theme
from ui.audit_work import Perform
from ui.jobs import JobRunner, Work
from ui.main_window import MainWindow
from ui.settings import Settings

MakeWindow = Callable[..., MainWindow]


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """After each test no thread of ours is alive and no window of ours is left."""
    threads = set(threading.enumerate())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    qapp.processEvents()
    left = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert not left, f"left open: {left}"
    alive = [thread for thread in set(threading.enumerate()) - threads if thread.is_alive() and not thread.daemon]
    assert not alive, f"left running: {alive}"


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    theme.load_fonts()
    theme.apply(qapp, theme.LIGHT)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path / "window.ini")
    made.appearance = theme.Appearance.LIGHT
    return made


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A snapshot, a trust store and an evidence file, by name only."""
    paths = tuple(tmp_path / name for name in ("demo.porsnap", "trust.json", "demo.porevidence"))
    for path in paths:
        path.write_text(path.name)
    return paths  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def crossing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a second process its work is done here, and whatever would cross to it and back does cross."""
    real = JobRunner.aside

    def aside(runner: JobRunner, work: Work) -> Work:
        return partial(_crossing, work) if real(runner, work) is work else real(runner, work)

    monkeypatch.setattr(JobRunner, "aside", aside)


def _crossing(work: Work, token: CancelToken) -> Operation[object]:
    try:
        there = _crossed(work)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        if "<locals>" not in str(error) and "lambda" not in str(error):
            raise
        return (yield from work(token))  # a stand-in of the test itself
    try:
        result = yield from there(token)
    except AuditError as error:
        raise _crossed(error) from error
    return _crossed(result)


def _crossed(value: Any) -> Any:
    return _unpickled(memoryview(b"".join(_pickled(value))))


@pytest.fixture
def make_window(qtbot: QtBot, settings: Settings) -> Iterator[MakeWindow]:
    """Windows that are closed, and whose threads have ended, after the test."""

    def make(perform: Perform | None = None) -> MainWindow:
        window = MainWindow(settings, perform or fakes.performs(), fakes.report_bytes)
        qtbot.addWidget(window, before_close_func=stop)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        return window

    def stop(window: MainWindow) -> None:
        """Before Qt destroys the window: a thread that outlives it would end the whole process."""
        window.case.cancel()
        window.runner.retire()
        qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)

    yield make


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    return make_window()


@pytest.fixture
def performed(window: MainWindow, files: tuple[Path, Path, Path], qtbot: QtBot) -> MainWindow:
    """A window after a finished run."""
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=5000)
    return window


@pytest.fixture
def engaged(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    """A window with an engagement of one person open for writing."""
    window = make_window(fakes.performs(with_inputs))
    opened(window, books.new(tmp_path), qtbot)
    return window


@pytest.fixture
def staffed(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    """A window with an engagement of four people; nobody acts yet and the question stands open."""
    books.staffed(tmp_path).close()
    window = make_window(fakes.performs(with_inputs))
    opened(window, tmp_path / "book.engagement", qtbot)
    return window
