"""Progress of long work: what is being done, the bar, rate and time left beside it, and Cancel."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar

from auditor_app.operation import Progress
from ui.jobs import Job
from ui.text import count, duration, visible
from ui.widgets.blocks import GRID, button, label, row

_SECONDS_BEFORE_ETA = 3.0


class Pace:
    """Rate and time left of one phase of the work; a new note begins a new phase."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._note = ""
        self._began = 0.0
        self._first = 0

    def describe(self, progress: Progress) -> str:
        """``412 000 of 3 000 000 rows · 140 000 rows/s · about 18 s left``; rates only after three seconds of data."""
        now = self._clock()
        if progress.note != self._note or progress.done < self._first:
            self._note, self._began, self._first = progress.note, now, progress.done
        if progress.total is None:
            said = f"{count(progress.done)} {progress.unit}" if progress.done else ""
        else:
            said = f"{count(progress.done)} of {count(progress.total)} {progress.unit}"
        elapsed, done = now - self._began, progress.done - self._first
        if elapsed < _SECONDS_BEFORE_ETA or done <= 0:
            return said
        said += f"  ·  {count(round(done / elapsed))} {progress.unit}/s"
        if progress.total is not None and progress.total >= progress.done:
            said += f"  ·  about {duration((progress.total - progress.done) * elapsed / done)} left"
        return said


class ProgressStrip(QFrame):
    """Hidden while nothing runs."""

    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._job: Job | None = None
        self._pace = Pace()
        self._note = label()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self._bar.setFixedWidth(240)
        self._percent = label()
        self._percent.setMinimumWidth(44)
        self._detail = label("", "muted")
        self._cancel = button("Cancel", self._on_cancel)
        self._cancel.setAccessibleName("Cancel the running work")
        layout = row(self._note, self._bar, self._percent, self._detail, 1, self._cancel, spacing=2 * GRID)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        self.setLayout(layout)
        self.hide()

    @property
    def job(self) -> Job | None:
        """The job shown."""
        return self._job

    def follow(self, job: Job) -> None:
        """Show this job until it has answered; call before it starts."""
        self._job = job
        self._pace = Pace()
        self._bar.setRange(0, 0)
        self._note.setText(visible(job.title))
        self._percent.setText("")
        self._detail.setText("")
        job.progressed.connect(self._on_progressed)
        for ended in (job.succeeded, job.failed, job.cancelled):
            ended.connect(self._on_ended)
        self.show()

    def _on_progressed(self, progress: Progress) -> None:
        self._note.setText(visible(progress.note))
        self._detail.setText(visible(self._pace.describe(progress)))
        if progress.total:
            percent = max(0, min(100, 100 * progress.done // progress.total))
            self._bar.setRange(0, 100)
            self._bar.setValue(percent)
            self._percent.setText(f"{percent} %")
        else:
            self._bar.setRange(0, 0)
            self._percent.setText("")

    def _on_cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self.cancel_asked.emit()

    def _on_ended(self) -> None:
        if self._job is not None and not self._job.running:
            self._job = None
            self.hide()
