"""Progress of long work: what is being done and the bar; below it rows, bytes, rates and the time left; Cancel."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QSizePolicy

from auditor_app.operation import Progress
from auditor_app.pace import Pace
from ui.jobs import Job
from ui.text import visible
from ui.widgets.blocks import GRID, button, column, label, row


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
        self._bar.setMinimumWidth(160)
        self._percent = label()
        self._percent.setMinimumWidth(44)
        self._detail = label("", "muted")
        self._cancel = button("Cancel", self._on_cancel)
        self._cancel.setAccessibleName("Cancel the running work")
        above = row(self._note, self._bar, self._percent, spacing=2 * GRID)
        above.setStretch(1, 1)
        self._detail.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # never widens the window
        words = column(above, self._detail, spacing=2)
        layout = row(words, self._cancel, spacing=2 * GRID)
        layout.setStretch(0, 1)
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
        percent = progress.percent
        if percent is not None:
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
