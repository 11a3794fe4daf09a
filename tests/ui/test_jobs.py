"""Jobs: signals of short work arrive, cancelling answers at once, late results are dropped, progress is throttled."""

from __future__ import annotations

import threading
import time

import pytest
from pytestqt.qtbot import QtBot

from auditor_app.errors import AuditError, ProgramDefect
from auditor_app.operation import CancelToken, Operation, Progress
from ui.jobs import Job, JobRunner


@pytest.fixture
def runner(qtbot: QtBot):
    made = JobRunner()
    yield made
    made.shut_down()
    qtbot.waitUntil(lambda: not made.busy, timeout=5000)


def short(token: CancelToken) -> Operation[int]:
    yield Progress(0, 1, "rows", "Counting")
    return 42


def test_a_short_job_delivers_its_result_every_time(runner: JobRunner, qtbot: QtBot) -> None:
    for _ in range(30):
        job = runner.make(short, "Short")
        with qtbot.waitSignal(job.succeeded, timeout=3000) as arrived:
            job.start()
        assert arrived.args == [42]


def test_the_result_arrives_in_the_thread_of_the_window(runner: JobRunner, qtbot: QtBot) -> None:
    seen: list[threading.Thread] = []
    job = runner.make(short, "Short")
    job.succeeded.connect(lambda _: seen.append(threading.current_thread()))
    with qtbot.waitSignal(job.wound_down, timeout=3000):
        job.start()
    assert seen == [threading.main_thread()]


def test_cancelling_answers_at_once_though_the_work_does_not_look(runner: JobRunner, qtbot: QtBot) -> None:
    release = threading.Event()

    def deaf(token: CancelToken) -> Operation[str]:
        yield Progress(0, None, "steps", "Not looking")
        release.wait(5)
        return "late"

    job = runner.make(deaf, "Deaf")
    late: list[object] = []
    job.succeeded.connect(late.append)
    with qtbot.waitSignal(job.progressed, timeout=3000):
        job.start()
    began = time.monotonic()
    with qtbot.waitSignal(job.cancelled, timeout=500):
        job.cancel()
    assert time.monotonic() - began < 0.5
    release.set()
    with qtbot.waitSignal(runner.idle, timeout=3000):
        pass
    assert late == []


def test_an_error_of_the_core_arrives_as_it_is(runner: JobRunner, qtbot: QtBot) -> None:
    def bad(token: CancelToken) -> Operation[None]:
        yield Progress(0, None, "files", "Reading")
        raise AuditError("USAGE", "the form is wrong")

    job = runner.make(bad, "Bad")
    with qtbot.waitSignal(job.failed, timeout=3000) as failed:
        job.start()
    assert failed.args[0].what == "the form is wrong"


def test_a_defect_keeps_its_trace(runner: JobRunner, qtbot: QtBot) -> None:
    def slip(token: CancelToken) -> Operation[None]:
        yield Progress(0, None, "files", "Reading")
        raise ZeroDivisionError("a slip")

    job = runner.make(slip, "Slip")
    with qtbot.waitSignal(job.failed, timeout=3000) as failed:
        job.start()
    assert isinstance(failed.args[0], ProgramDefect)
    assert "a slip" in failed.args[0].trace


def test_progress_is_throttled_in_the_worker(runner: JobRunner, qtbot: QtBot) -> None:
    def chatty(token: CancelToken) -> Operation[None]:
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            yield Progress(1, 2, "rows", "Counting")

    job = runner.make(chatty, "Chatty")
    seen: list[Progress] = []
    job.progressed.connect(seen.append)
    with qtbot.waitSignal(job.wound_down, timeout=3000):
        job.start()
    assert 2 <= len(seen) <= 10


def test_shutting_down_leaves_no_thread(qtbot: QtBot) -> None:
    runner = JobRunner()

    def endless(token: CancelToken) -> Operation[None]:
        while True:
            token.check()
            yield Progress(0, None, "rows", "Going on")
            time.sleep(0.002)

    jobs: list[Job] = [runner.make(endless, "Endless") for _ in range(3)]
    for job in jobs:
        with qtbot.waitSignal(job.progressed, timeout=3000):
            job.start()
    runner.shut_down()
    assert all(job.ended for job in jobs)
    qtbot.waitUntil(lambda: not runner.busy, timeout=3000)


def test_a_retired_runner_starts_nothing(runner: JobRunner, qtbot: QtBot) -> None:
    began: list[int] = []

    def work(token: CancelToken) -> Operation[None]:
        began.append(1)
        yield Progress(0, None, "rows", "Counting")

    runner.retire()
    job = runner.make(work, "Too late")
    with qtbot.waitSignal(job.wound_down, timeout=1000):
        job.start()
    assert began == []
    assert not runner.busy


def test_a_job_is_not_forgotten_before_its_result_has_arrived(runner: JobRunner, qtbot: QtBot) -> None:
    """Two jobs end together: the one that is heard first must not take the other's place in the runner."""
    arrived: list[int] = []
    jobs = [runner.make(short, "Short") for _ in range(2)]
    jobs[1].succeeded.connect(arrived.append)
    heard: list[bool] = []
    jobs[0].wound_down.connect(lambda: heard.append(runner.busy or bool(arrived)))
    for job in jobs:
        job.start()
    for job in jobs:
        job.wait()  # both threads are done before anything is delivered
    qtbot.waitUntil(lambda: not runner.busy, timeout=3000)
    assert arrived == [42]
    assert heard == [True]


@pytest.mark.parametrize(
    ("error", "code"), [(MemoryError(), "MACHINE.MEMORY"), (OSError(28, "No space left"), "MACHINE.DISK")]
)
def test_what_the_machine_lacks_is_no_defect_of_the_program(
    runner: JobRunner, qtbot: QtBot, error: Exception, code: str
) -> None:
    def lacking(token: CancelToken) -> Operation[str]:
        yield Progress(0, None, "steps", "Working")
        raise error

    job = runner.make(lacking, "Lacking")
    with qtbot.waitSignal(job.failed, timeout=3000) as arrived:
        job.start()
    assert isinstance(arrived.args[0], AuditError)
    assert arrived.args[0].code == code
    assert arrived.args[0].action
