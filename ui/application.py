"""The Qt application: fonts, theme, and defects shown instead of a silent end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from auditor_app.aside import Aside
from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import ProgramDefect
from ui import prompts, theme
from ui.collecting import Collecting
from ui.main_window import MainWindow
from ui.preparation import Preparation
from ui.settings import Settings

_SWITCH = 0.0005
"""Seconds that a worker thread of pure Python may keep the interpreter while the window waits for it. Painting asks for it
dozens of times a frame: Python's own five milliseconds would add up to a standstill."""


def make_application(settings: Settings) -> QApplication:
    """The application, dressed; there is one per process."""
    sys.setswitchinterval(_SWITCH)  # worker threads hand the interpreter over before a frame is late
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Reserve Auditor")
    application.setDesktopFileName("reserve-auditor")
    theme.load_fonts()
    theme.apply(application, theme.choose(settings.appearance))
    return application


def open_window(request: AuditRequest | None, trust_store: Path | None, engagement: Path | None = None) -> int:
    """Show the window until it is closed; with a request, on its files and typed values.

    ``trust_store`` is the one that was named, or ``None`` for the one used last.
    """
    settings = Settings()
    application = make_application(settings)
    window = MainWindow(settings, aside=Aside())
    geometry = settings.geometry
    if geometry is not None:
        window.restoreGeometry(geometry)
    sys.excepthook = _shown_in(window)
    application.aboutToQuit.connect(window.runner.shut_down)
    interrupts = _let_interrupts_through(window)
    window.show()
    prepare(window)
    if engagement is not None:
        QTimer.singleShot(0, partial(window.open_both, engagement, request, trust_store))
    elif request is not None:
        QTimer.singleShot(0, partial(window.open_request, request, trust_store))
    status = application.exec()
    interrupts.stop()
    sys.excepthook = sys.__excepthook__
    return int(status)


def prepare(window: MainWindow) -> Preparation:
    """Have everything ready before anyone asks for it, once the window is on the screen."""
    collecting = Collecting(window)
    collecting.start()
    window.closed.connect(collecting.stop)
    preparation = Preparation(window.runner, window.make_on, window)
    QTimer.singleShot(0, preparation.start)
    return preparation


def _let_interrupts_through(window: MainWindow) -> QTimer:
    """Ctrl+C in the terminal closes the window: Python only sees it when it gets a turn."""
    signal.signal(signal.SIGINT, lambda *_: window.close())
    timer = QTimer(window)
    timer.timeout.connect(lambda: None)
    timer.start(300)
    return timer


def _shown_in(window: MainWindow) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        defect = ProgramDefect.of(error)
        prompts.tell(window, "A defect of this program", defect.sentence(), defect.trace)

    return hook
