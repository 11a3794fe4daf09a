"""Long work off the UI thread: make a job, connect its signals, then start it.

A job drives an operation of the core in a thread of its own. Its signals arrive in the UI thread. Cancelling
answers at once: ``cancelled`` is emitted there and then, the worker stops at its next check, and whatever it
still delivers is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from auditor_app.aside import Aside
from auditor_app.errors import AuditError, ProgramDefect
from auditor_app.operation import Cancelled, CancelToken, Operation, Progress, run

Work = Callable[[CancelToken], Operation[Any]]

_MIN_INTERVAL = 0.05


class _Worker(QThread):
    """Runs one operation; what it emits is delivered to the job in the UI thread."""

    progress_made = Signal(object)
    result_ready = Signal(object)
    error_met = Signal(object)
    stopped = Signal()

    def __init__(self, work: Work, token: CancelToken, parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._token = token
        self._last = 0.0

    def run(self) -> None:
        """Drive the operation to its end: the only place that catches every exception."""
        try:
            result = run(self._work(self._token), self._throttled)
        except Cancelled:
            self.stopped.emit()
        except AuditError as error:
            self.error_met.emit(error)
        except Exception as error:  # noqa: BLE001 a defect must reach the person, not end the program
            self.error_met.emit(ProgramDefect.of(error))
        else:
            self.result_ready.emit(result)

    def _throttled(self, progress: Progress) -> None:
        self._token.check()
        now = time.monotonic()
        if now - self._last >= _MIN_INTERVAL:
            self._last = now
            self.progress_made.emit(progress)


class Job(QObject):
    """One piece of long work; exactly one of ``succeeded``, ``failed``, ``cancelled`` is emitted, once."""

    progressed = Signal(object)
    """:class:`Progress`, at most 20 a second."""
    succeeded = Signal(object)
    """The operation's result."""
    failed = Signal(object)
    """:class:`AuditError`."""
    cancelled = Signal()
    wound_down = Signal()
    """The thread has ended; emitted last."""

    def __init__(self, work: Work, title: str, parent: QObject) -> None:
        super().__init__(parent)
        self.title = title
        self._token = CancelToken()
        self._answered = False
        self._wound_down = False
        self._worker = _Worker(work, self._token, self)
        self._worker.progress_made.connect(self._on_progress)
        self._worker.result_ready.connect(self._on_result)
        self._worker.error_met.connect(self._on_error)
        self._worker.stopped.connect(self.cancel)
        self._worker.finished.connect(self._on_finished)

    def start(self) -> None:
        """Begin; connect to the signals before. A job that was cancelled already never begins."""
        if self._token.cancelled:
            self.cancel()
            self._on_finished()
        else:
            self._worker.start()

    def cancel(self) -> None:
        """Stop: answers at once, drops whatever still arrives."""
        self._token.cancel()
        if not self._answered:
            self._answered = True
            self.cancelled.emit()

    @property
    def running(self) -> bool:
        """Whether neither a result, an error nor a cancellation was delivered yet."""
        return not self._answered

    @property
    def ended(self) -> bool:
        """Whether its thread has done all its work."""
        return self._wound_down or bool(self._worker.isFinished())

    @property
    def heard(self) -> bool:
        """Whether, besides, everything that its thread said has arrived."""
        return self._wound_down

    def wait(self) -> None:
        """Block until the thread has ended."""
        self._worker.wait()

    def _on_finished(self) -> None:
        """Delivered after the result: only now may a job be forgotten."""
        self._wound_down = True
        self.wound_down.emit()

    def _on_progress(self, progress: Progress) -> None:
        if not self._answered:
            self.progressed.emit(progress)

    def _on_result(self, result: object) -> None:
        if not self._answered:
            self._answered = True
            self.succeeded.emit(result)

    def _on_error(self, error: AuditError) -> None:
        if not self._answered:
            self._answered = True
            self.failed.emit(error)


class JobRunner(QObject):
    """Holds every job until its thread has ended, so that closing the window leaves none behind."""

    idle = Signal()
    """The last thread has ended."""

    def __init__(self, parent: QObject | None = None, aside: Aside | None = None) -> None:
        """``aside`` is the second process for work that may be done there; without one, all is done in this one."""
        super().__init__(parent)
        self._aside = aside
        self._jobs: list[Job] = []
        self._apart: set[Job] = set()
        self._retired = False

    def make(self, work: Work, title: str) -> Job:
        """A job that is not started yet."""
        job = Job(work, title, self)
        self._jobs.append(job)
        job.wound_down.connect(self._on_wound_down)
        if self._retired:
            job.cancel()
        return job

    def make_aside(self, work: Work, title: str) -> Job:
        """A job whose work is done in the second process: a module's own function with frozen values, no Qt object."""
        job = self.make(self.aside(work), title)
        if self._aside is not None:
            self._apart.add(job)
        return job

    def aside(self, work: Work) -> Work:
        """``work`` as it is done in the second process, if there is one."""
        return work if self._aside is None else partial(self._aside.perform, work)

    def retire(self) -> None:
        """The window is closed: whatever is still asked for, by a timer for instance, never begins."""
        self._retired = True
        self.cancel_all()

    @property
    def busy(self) -> bool:
        """Whether a thread is still alive, cancelled or not."""
        return bool(self._jobs)

    @property
    def busy_here(self) -> bool:
        """Whether a thread works in this process; one that only waits for the second process does not."""
        return any(job not in self._apart for job in self._jobs)

    def cancel_all(self) -> None:
        """Ask everything to stop."""
        for job in tuple(self._jobs):
            job.cancel()

    def shut_down(self) -> None:
        """Cancel and wait: after this no thread of ours is alive, and none will be."""
        self.retire()
        for job in tuple(self._jobs):
            job.wait()
        if self._aside is not None:
            self._aside.close()

    def _on_wound_down(self) -> None:
        for job in [job for job in self._jobs if job.heard]:
            self._jobs.remove(job)
            self._apart.discard(job)
            job.wait()
            job.deleteLater()
        if not self._jobs:
            self.idle.emit()
