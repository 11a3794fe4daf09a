"""What the window will need, made ready behind it: libraries, machine code, and the pages, before anyone asks for them.

What long work needs is imported where that is done, in the second process; what pages show in a job thread of this one.
Pages are made part by part, in moments when nobody works with the window: no step is felt, and what remains of opening a
page is to show it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from auditor_app.operation import CancelToken, Operation, Progress
from ui import warm_work
from ui.jobs import JobRunner
from ui.pages import PAGES

_BETWEEN_STEPS_MS = 30

_SHOWN = (
    *(entry.module for entry in PAGES),
    "auditor_app.report.share_figures",
    "auditor_app.report.history_figure",
    "auditor_app.engagement.execution_steps",
    "ui.dialogs.capture",
)
"""What pages show."""


def get_ready(token: CancelToken) -> Operation[None]:
    """Import what the window itself needs."""
    for done, name in enumerate(_SHOWN):
        token.check()
        yield Progress(done, len(_SHOWN), "modules", "Getting ready")
        importlib.import_module(name)


class Preparation(QObject):
    """Begins when it is started, ends by itself."""

    def __init__(self, runner: JobRunner, make_on: Callable[[str], bool], parent: QObject) -> None:
        """``make_on`` takes one step in making the page of a key, and says whether another is left."""
        super().__init__(parent)
        self._runner = runner
        self._make_on = make_on
        self._left = [entry.key for entry in PAGES]
        self._timer = QTimer(self)
        self._timer.setInterval(_BETWEEN_STEPS_MS)
        self._timer.timeout.connect(self._take_step)

    def start(self) -> None:
        """Begin with the libraries, there and here."""
        self._runner.make_aside(warm_work.get_ready, "Getting ready").start()
        job = self._runner.make(get_ready, "Getting ready")
        job.succeeded.connect(self._timer.start)
        job.start()

    @property
    def ready(self) -> bool:
        """Whether every page is made."""
        return not self._left

    def _take_step(self) -> None:
        """The next part of a page, unless a job works in this process: two at a time would be slow."""
        if self._runner.busy_here:
            return
        if self._left:
            if not self._make_on(self._left[0]):
                del self._left[0]
        else:
            self._timer.stop()
