"""The measured window, in a process of its own: how long it takes to appear, and how long it ever stands still.

``python -m tests.benchmarks.window_process SNAPSHOT TRUST_STORE ENGAGEMENT EXCEPTIONS ADDRESSES STARTED`` prints one JSON
object. ``STARTED`` is when the process was started (seconds since the epoch). A timer ticks in the window all the time; the
longest gap between two ticks is how long a click could have gone without an answer. Beside each gap stands how much of it
the window's own thread worked: the rest is what other threads, processes and programs took. While the procedures
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from auditor_app.aside import Aside
from auditor_app.engagement.record import AuditRequest
from tests.benchmarks.window_cases import many_addresses, many_exceptions
from ui.application import make_application, prepare
from ui.case import Perform, perform_audit
from ui.main_window import MainWindow
from ui.pages import PAGES
from ui.pages.exceptions import ExceptionsPage
from ui.pages.findings import FindingsPage
from ui.pages.ledger import LedgerPage
from ui.pages.reserves import ReservesPage
from ui.preparation import Preparation
from ui.settings import Settings
from ui.widgets.table_panel import TablePanel
from ui.widgets.tree_panel import TreePanel

FRAME_MS = 16
RUN = "the run"
ELSEWHERE = "between the phases"
Gaps = dict[str, list[tuple[float, float]]]
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
        self.gaps: Gaps = {}
        """Seconds of each gap, and of the window's own work in it."""
        self.painted = 0.0
        self._phase = ELSEWHERE
        self._window = window
        self._watch = Watch() if show_stalls else None
        self._last, self._worked = time.perf_counter(), time.thread_time()
        self._timer = QTimer(window)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to count."""
        self._last, self._worked = time.perf_counter(), time.thread_time()
        self._timer.start(FRAME_MS)

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()

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
        now, worked = time.perf_counter(), time.thread_time()
        self.gaps.setdefault(self._phase, []).append((now - self._last, worked - self._worked))
        if self._watch is not None and now - self._last > STALL:
            self._watch.tell(self._phase, self._last, now)
        self._last, self._worked = now, worked
        if self._phase == RUN:
            self._window.update()


def until(done: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        QTest.qWait(FRAME_MS)


def settle(window: MainWindow) -> None:
    """Until nothing is being done any more, and the last of it was painted."""
    QTest.qWait(2 * FRAME_MS)
    until(lambda: not window.runner.busy)
    QTest.qWait(6 * FRAME_MS)


def open_pages(window: MainWindow, ticks: Ticks, keys: Sequence[str], case: str = "") -> None:
    """Open one page after the other for the first time."""
    for entry in PAGES:
        if entry.key in keys:
            with ticks.phase(f"{case}first opening of {entry.title}"):
                window.go_to(entry.key)
                settle(window)


def use(window: MainWindow, ticks: Ticks, preparation: Preparation, request: AuditRequest) -> None:
    """The job of an auditor: run, open every page, read, scroll and search the ledger."""
    with ticks.phase(RUN):
        window.open_request(request, request.trust_store)
        until(lambda: not window.case.running)
    assert window.case.audit is not None, window.case.outcome
    with ticks.phase("reading the first page, while the others are made"):
        until(lambda: preparation.ready)
        settle(window)
    open_pages(window, ticks, [entry.key for entry in PAGES])
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


def arrange(panel: TablePanel | TreePanel, ticks: Ticks, case: str, words: str, left: int) -> None:
    """Type a filter, wait for what it leaves, take it back, and sort."""
    everything = panel.shown_count()
    with ticks.phase(f"{case}filtering"):
        panel.field.setText(words)
        until(lambda: panel.shown_count() == left)
        panel.field.setText("")
        until(lambda: panel.shown_count() == everything)
    with ticks.phase(f"{case}sorting"):
        header = panel.view.horizontalHeader() if isinstance(panel, TablePanel) else panel.view.header()
        header.setSortIndicator(1, Qt.SortOrder.DescendingOrder)
        QTest.qWait(3 * FRAME_MS)
        until(lambda: not panel.arranging)


def use_exceptions(window: MainWindow, ticks: Ticks, request: AuditRequest, engagement: Path, count: int) -> None:
    """A run with thousands of findings, then an engagement with as many exceptions in its log."""
    case = f"{count:,} exceptions: "
    with ticks.phase(f"{case}the run's result"):
        window.open_request(request, request.trust_store)
        until(lambda: not window.case.running)
        settle(window)
    open_pages(window, ticks, ("liabilities", "findings", "report"), case)
    findings = window.go_to("findings")
    assert isinstance(findings, FindingsPage)
    arrange(findings.findings, ticks, f"{case}Findings, ", f'"leaf {count - 1},"', 1)
    with ticks.phase(f"{case}opening the engagement"):
        window.engagement.open_file(engagement)
        until(lambda: window.binder.papers is not None)
        settle(window)
    open_pages(window, ticks, ("engagement", "exceptions", "notes", "history"), case)
    log = window.go_to("exceptions")
    assert isinstance(log, ExceptionsPage)
    arrange(log.tables()[0], ticks, f"{case}Exceptions log, ", f'item="leaf {count - 1}"', 1)


def use_addresses(window: MainWindow, ticks: Ticks, request: AuditRequest, count: int) -> None:
    """A run with thousands of reserve addresses."""
    case = f"{count:,} addresses: "
    with ticks.phase(f"{case}the run's result"):
        window.open_request(request, request.trust_store)
        until(lambda: not window.case.running)
        settle(window)
    open_pages(window, ticks, ("sample", "reserves", "coverage"), case)
    page = window.go_to("reserves")
    assert isinstance(page, ReservesPage)
    panel = page.addresses
    with ticks.phase(f"{case}unfolding all"):
        panel.view.unfold_all()
        settle(window)
    with ticks.phase(f"{case}going to the last row"):
        panel.go_to(count - 1)
        settle(window)
    arrange(panel, ticks, f"{case}Reserves, ", "asset=TOKEN01", (count + 48) // 50)


@contextmanager
def measured(settings: Settings, gaps: Gaps, perform: Perform, *, show_stalls: bool) -> Iterator[tuple[MainWindow, Ticks]]:  # fmt: skip
    """A window on the screen with its ticks, until it is closed and its work has ended; its gaps are added to ``gaps``."""
    window = MainWindow(settings, perform, aside=Aside())
    painted = FirstPaint()
    window.installEventFilter(painted)
    window.show()
    while painted.at is None:
        QApplication.processEvents()
    ticks = Ticks(window, show_stalls=show_stalls)
    ticks.painted = painted.at
    ticks.start()
    try:
        yield window, ticks
    finally:
        ticks.stop()
        window.close()
        until(lambda: not window.runner.busy)
        window.runner.shut_down()
        gaps.update(ticks.gaps)


def main(snapshot: Path, trust_store: Path, engagement: Path, exceptions: int, addresses: int, started: float, *, show_stalls: bool) -> dict[str, object]:  # fmt: skip
    """Measure, and say what was found."""
    gaps: Gaps = {}
    request = AuditRequest(snapshot, trust_store, trusted_time="2026-11-03T00:00:00Z")
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(Path(scratch) / "settings.ini")
        application = make_application(settings)
        with measured(settings, gaps, perform_audit, show_stalls=show_stalls) as (window, ticks):
            first = ticks.painted - started
            preparation = prepare(window)
            with ticks.phase("after the first paint"):
                QTest.qWait(1500)
            use(window, ticks, preparation, request)
        for perform, using in (
            (partial(many_exceptions, exceptions), partial(use_exceptions, engagement=engagement, count=exceptions)),
            (partial(many_addresses, addresses), partial(use_addresses, count=addresses)),
        ):
            with measured(settings, gaps, perform, show_stalls=show_stalls) as (window, ticks):
                preparation = prepare(window)
                until(lambda made=preparation: made.ready)  # type: ignore[misc]
                settle(window)
                using(window, ticks, request)
        application.quit()
    gaps.pop(ELSEWHERE, None)
    return {"first": first, "gaps": gaps}


if __name__ == "__main__":
    _, file, store, book, *sizes, began = [item for item in sys.argv if not item.startswith("--")]
    made = main(Path(file), Path(store), Path(book), *map(int, sizes), float(began), show_stalls="--stalls" in sys.argv)  # type: ignore[call-arg]
    print(json.dumps(made))
