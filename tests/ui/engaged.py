"""Windows with an engagement open, for the tests of everything that uses one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from auditor_app.engagement.inputs import input_files
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.operation import CancelToken, run
from tests.ui import fakes
from ui.dialogs.engagement import WhoActsDialog
from ui.main_window import MainWindow

D = TypeVar("D")
Files = tuple[Path, Path, Path]


def with_inputs(request: AuditRequest) -> Audit:
    """A made-up run that names the files it read, as the core's does."""
    return replace(fakes.audit(request), inputs=run(input_files(request, CancelToken())))


def opened(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.engagement.open_file(path)
    settled(window, qtbot)


def settled(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.binder.busy and not window.runner.busy, timeout=30_000)


def papers(window: MainWindow) -> Papers:
    assert window.binder.papers is not None
    return window.binder.papers


def dialog_of(kind: type[D], qtbot: QtBot) -> D:
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), kind), timeout=30_000)
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    return found


def choose(window: MainWindow, name: str, qtbot: QtBot) -> None:
    """Answer the question who acts."""
    dialog = dialog_of(WhoActsDialog, qtbot)
    at = [item.name for item in papers(window).people].index(name)
    dialog.people.setCurrentRow(at)
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)


def performed(window: MainWindow, files: Files, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.case.run_ended, timeout=30_000):
        window.open_together(*files)
    settled(window, qtbot)
