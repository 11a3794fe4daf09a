"""The measured window, in a process of its own: how long it takes to appear, and how long it ever stands still.

``python -m tests.benchmarks.window_process SNAPSHOT TRUST_STORE STARTED`` prints one JSON object. ``STARTED`` is when the
process was started (seconds since the epoch). A timer ticks in the window all the time; the longest gap between two ticks is
how long a click could have gone without an answer. While the procedures
run, every tick paints the window anew, as a screen of sixty frames would.
With ``--stalls`` what every thread was at during gaps over 100 ms goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest

from auditor_app.aside import Aside
from auditor_app.engagement.record import AuditRequest
from ui.application import make_application, prepare
from ui.main_window import MainWindow
from ui.pages import PAGES
from ui.pages.ledger import LedgerPage
from ui.preparation import Preparation
from ui.settings import Settings

FRAME_MS = 16
RUN = "the run"
STALL = 0.1
_PATIENCE = 600.0


class FirstPaint(QObject):
    """When the window was painted for the first time, in seconds since the epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.at: float | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.at is None and event.type() is QEvent.Type.Paint:
            self.at = time.time()
        return False


class Watch:
    """Looks at what every thread is doing, some fifty times a second, to say it of a stall."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, str]] = []
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        own = threading.get_ident()
        while True:
            time.sleep(0.02)
            stacks = [
                traceback.format_stack(frame)[-8:] for thread, frame in sys._current_frames().items() if thread != own
            ]
            self._seen = [*self._seen[-40:], (time.perf_counter(), "\n".join("".join(stack) for stack in stacks))]

    def tell(self, phase: str, since: float, now: float) -> None:
        """Write what was seen between two moments."""
        print(f"==== {phase}: {1000 * (now - since):.0f} ms", file=sys.stderr)
        for at, stacks in self._seen:
            if since <= at <= now:
                print(f"-- after {1000 * (at - since):.0f} ms\n{stacks}", file=sys.stderr)


class Ticks:
    """The gaps between the ticks of a timer in the window, phase by phase."""

    def __init__(self, window: MainWindow, *, show_stalls: bool) -> None:
        self.gaps: dict[str, list[float]] = {}
        self._phase = "start"
        self._window = window
        self._watch = Watch() if show_stalls else None
        self._last = time.perf_counter()
        self._timer = QTimer(window)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to count."""
        self._last = time.perf_counter()
        self._timer.start(FRAME_MS)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens now under this name."""
        before, self._phase = self._phase, name
        try:
            yield
            QTest.qWait(3 * FRAME_MS)  # a gap that began inside ends inside
        finally:
            self._phase = before

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.setdefault(self._phase, []).append(now - self._last)
        if self._watch is not None and now - self._last > STALL:
            self._watch.tell(self._phase, self._last, now)
        self._last = now
        if self._phase == RUN:
            self._window.update()


def until(done: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        QTest.qWait(FRAME_MS)


def use(window: MainWindow, ticks: Ticks, preparation: Preparation, request: AuditRequest) -> None:
    """The job of an auditor: run, open every page, read, scroll and search the ledger."""
    with ticks.phase(RUN):
        window.open_request(request, request.trust_store)
        until(lambda: not window.case.running)
    assert window.case.audit is not None, window.case.outcome
    with ticks.phase("reading the first page, while the others are made"):
        until(lambda: preparation.ready)
        QTest.qWait(500)
    for entry in PAGES:
        with ticks.phase(f"first opening of {entry.title}"):
            window.go_to(entry.key)
            QTest.qWait(400)
    page = window.go_to("ledger")
    assert isinstance(page, LedgerPage)
    until(lambda: page.model.rowCount() > 0)
    with ticks.phase("scrolling a part"):
        bar = page.view.verticalScrollBar()
        for at in range(60):
            bar.setValue(bar.maximum() * (at * 37 % 60) // 60)
            QTest.qWait(FRAME_MS)
    with ticks.phase("turning the parts"):
        for _ in range(page.pager.spin.maximum()):
            page.pager.spin.stepUp()
            until(lambda: page.said.text().startswith("Rows"))
    with ticks.phase("finding an id"):
        wanted = page.model.row_at(page.model.rowCount() - 1).cells[0]
        page.go_to_row(0)
        until(lambda: page.said.text().startswith("Rows"))
        page.id.setText(wanted)
        page.find_id()
        until(lambda: page.model.rowCount() > 0 and page.view.currentIndex().isValid()
              and page.model.row_at(page.view.currentIndex().row()).cells[0] == wanted)  # fmt: skip
    with ticks.phase("cancelling a run"):
        window.case.run()
        QTest.qWait(300)
        window.cancel()
        until(lambda: not window.runner.busy)


def main(snapshot: Path, trust_store: Path, started: float, *, show_stalls: bool) -> dict[str, object]:
    """Measure, and say what was found."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(Path(scratch) / "settings.ini")
        application = make_application(settings)
        window = MainWindow(settings, aside=Aside())
        painted = FirstPaint()
        window.installEventFilter(painted)
        window.show()
        while painted.at is None:
            application.processEvents()
        ticks = Ticks(window, show_stalls=show_stalls)
        ticks.start()
        preparation = prepare(window)
        with ticks.phase("after the first paint"):
            QTest.qWait(1500)
        use(window, ticks, preparation, AuditRequest(snapshot, trust_store, trusted_time="2026-11-03T00:00:00Z"))
        window.close()
        until(lambda: not window.runner.busy)
        window.runner.shut_down()
        application.quit()
    return {"first": painted.at - started, "gaps": ticks.gaps}


if __name__ == "__main__":
    _, file, store, began, *options = sys.argv
    print(json.dumps(main(Path(file), Path(store), float(began), show_stalls="--stalls" in options)))
