"""What the window will need, made ready behind it: libraries, machine code, and the pages, before anyone asks for them.

A library is imported in a job thread, so that no page waits for it. Pages are made one at a time, in moments when nobody
works with the window: what remains of opening one is to show it.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, QTimer

from auditor_app.operation import CancelToken, Operation, Progress
from ui.jobs import JobRunner
from ui.pages import PAGES

_BETWEEN_PAGES_MS = 250

_FIRST = ("auditor_app.engagement.audit", "auditor_app.merkle.fast.reading", "auditor_app.ledger.browse")
"""What a run needs."""

_LATER = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "auditor_app.report.figures",
    "auditor_app.report.document",
    "pypdfium2",
    "auditor_app.sampling.distributions",
    "scipy.stats",
    "ui.dialogs.capture",
)
"""What pages need in their jobs."""


def get_ready(token: CancelToken) -> Operation[None]:
    """Import everything and load the machine code, one thing after the other."""
    names = [*_FIRST, *(entry.module for entry in PAGES), *_LATER]
    for done, name in enumerate(names):
        token.check()
        yield Progress(done, len(names), "modules", "Getting ready")
        with suppress(ImportError):  # whoever needs it meets it again, and says so
            importlib.import_module(name)
        if name == _FIRST[-1]:
            from auditor_app.merkle.warm import prepared

            yield from prepared(token)


class Preparation(QObject):
    """Begins when it is started, ends by itself."""

    def __init__(self, runner: JobRunner, make_page: Callable[[str], object], parent: QObject) -> None:
        """``make_page`` makes the page of a key unless it is made already."""
        super().__init__(parent)
        self._runner = runner
        self._make_page = make_page
        self._left = [entry.key for entry in PAGES]
        self._timer = QTimer(self)
        self._timer.setInterval(_BETWEEN_PAGES_MS)
        self._timer.timeout.connect(self._make_one)

    def start(self) -> None:
        """Begin with the libraries."""
        job = self._runner.make(get_ready, "Getting ready")
        job.succeeded.connect(self._timer.start)
        job.start()

    @property
    def ready(self) -> bool:
        """Whether every page is made."""
        return not self._left

    def _make_one(self) -> None:
        """The next page, unless a job runs: two at a time would be slow."""
        if self._runner.busy:
            return
        if self._left:
            self._make_page(self._left.pop(0))
        else:
            self._timer.stop()
            gc.freeze()  # what is there now stays: a collection during a job would stop the window to look at all of it
