"""The second process: the same operation seen from outside, and nothing left behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest

from auditor_app.aside import _DO, Aside, _pickled, _read, _unpickled, _write, serve
from auditor_app.errors import AuditError, LedgerError, Location, ProgramDefect
from auditor_app.findings.catalogue import CATALOGUE
from auditor_app.merkle.warm import Readiness, prepared
from auditor_app.operation import Cancelled, CancelToken, Progress, run
from tests.unit import aside_work
from tests.unit.processes import ended

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aside]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made = Aside()
    yield made
    made.close()


def test_the_result_comes_from_another_process_that_is_kept(aside: Aside) -> None:
    seen: list[Progress] = []
    first = run(aside.perform(partial(aside_work.count, 4), CancelToken()), seen.append)
    assert first == aside.process != os.getpid()
    assert [item.done for item in seen] == [0, 1, 2, 3]
    assert run(aside.perform(partial(aside_work.count, 1), CancelToken())) == first


def test_a_result_that_finds_no_memory_here_is_an_end_and_not_a_wait_for_ever(
    aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = partial(aside_work.echo, b"x" * 2**21)
    token = CancelToken()
    patience = threading.Timer(15, token.cancel)
    patience.start()
    with monkeypatch.context() as short, pytest.raises(AuditError) as caught:
        short.setattr("auditor_app.aside.mmap.mmap", _no_memory)
        run(aside.perform(large, token))
    patience.cancel()
    assert caught.value.code == "PROGRAM.PROCESS_ENDED"
    assert "memory" in str(caught.value.sentence())
    assert run(aside.perform(large, CancelToken())) == b"x" * 2**21


def _no_memory(*_: object) -> None:
    raise OSError(12, "Cannot allocate memory")


def test_large_values_cross_whole_and_in_any_order(aside: Aside) -> None:
    values: list[object] = [
        bytes(range(256)) * 2**16,
        tuple(range(100_000)),
        "é" * 70_000,
        MappingProxyType({"a": 1}),
        None,
    ]
    found: dict[int, object] = {}

    def ask(at: int) -> None:
        found[at] = run(aside.perform(partial(aside_work.echo, values[at]), CancelToken()))

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(len(values))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [found[at] for at in range(len(values))] == values


def test_an_error_keeps_its_kind_and_every_field(aside: Aside) -> None:
    with pytest.raises(LedgerError) as met:
        run(aside.perform(aside_work.refuse, CancelToken()))
    error = met.value
    assert (error.code, error.at) == ("LEDGER.GRAMMAR", Location("a.csv", 3, "BTC", 17))
    assert error.sentence() == "a.csv, row 3, column BTC, byte 17: no digit (expected 1, observed x). Ask."


@pytest.mark.parametrize("work", [aside_work.slip, aside_work.unsendable, aside_work.refuse_unsendably])
def test_a_defect_keeps_its_trace_and_ends_nothing(aside: Aside, work: Callable[..., object]) -> None:
    with pytest.raises(ProgramDefect) as met:
        run(aside.perform(work, CancelToken()))  # type: ignore[arg-type]
    assert "Traceback" in met.value.trace
    assert aside.process is not None


def test_what_is_printed_over_there_is_no_message(aside: Aside) -> None:
    assert run(aside.perform(aside_work.chatter, CancelToken())) == "said"


def test_cancelling_stops_it_within_a_second_and_lets_it_clean_up(aside: Aside, tmp_path: Path) -> None:
    token, left = CancelToken(), tmp_path / "left"
    operation = aside.perform(partial(aside_work.wait_for, left), token)
    next(operation)
    began = time.monotonic()
    token.cancel()
    with pytest.raises(Cancelled):
        run(operation)
    assert time.monotonic() - began < 1
    assert left.read_text() == "clean"
    assert run(aside.perform(partial(aside_work.echo, 1), CancelToken())) == 1


def test_leaving_an_operation_stops_it_there(aside: Aside, tmp_path: Path) -> None:
    left = tmp_path / "left"
    operation = aside.perform(partial(aside_work.wait_for, left), CancelToken())
    next(operation)
    operation.close()
    assert left.read_text() == "clean"


def test_a_process_that_is_killed_is_said_and_another_one_takes_over(aside: Aside, tmp_path: Path) -> None:
    waiting = aside.perform(partial(aside_work.wait_for, tmp_path / "left"), CancelToken())
    next(waiting)
    killed = aside.process
    began = time.monotonic()
    for operation in (aside.perform(aside_work.end_hard, CancelToken()), waiting):
        with pytest.raises(AuditError, match="SIGKILL, which the system does when memory runs out") as met:
            run(operation)
        assert met.value.code == "PROGRAM.PROCESS_ENDED"
        assert met.value.code in CATALOGUE
    assert time.monotonic() - began < 5
    assert run(aside.perform(partial(aside_work.count, 1), CancelToken())) == aside.process != killed


def test_closing_ends_the_process_and_refuses_what_is_asked_later(aside: Aside) -> None:
    run(aside.perform(partial(aside_work.echo, 1), CancelToken()))
    pid = aside.process
    assert pid is not None
    aside.close()
    assert ended(pid)
    with pytest.raises(AuditError, match="is being closed"):
        run(aside.perform(partial(aside_work.echo, 1), CancelToken()))


def test_ctrl_c_is_for_the_first_process_to_answer(aside: Aside) -> None:
    run(aside.perform(partial(aside_work.echo, 1), CancelToken()))
    pid = aside.process
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    assert run(aside.perform(partial(aside_work.count, 1), CancelToken())) == pid


def test_it_ends_when_the_first_process_is_killed(tmp_path: Path) -> None:
    left, script = tmp_path / "left", tmp_path / "first.py"
    script.write_text(
        "import sys\n"
        "from functools import partial\n"
        "from pathlib import Path\n"
        "from auditor_app.aside import Aside\n"
        "from auditor_app.operation import CancelToken, run\n"
        "from tests.unit import aside_work\n"
        "aside = Aside()\n"
        "operation = aside.perform(partial(aside_work.wait_for, Path(sys.argv[1])), CancelToken())\n"
        "next(operation)\n"
        "print(aside.process, flush=True)\n"
        "run(operation)\n"
    )
    first = subprocess.Popen(
        [sys.executable, script, left], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert first.stdout is not None
    second = int(first.stdout.readline())
    first.kill()
    first.wait()
    first.stdout.close()
    assert ended(second)
    assert left.read_text() == "clean"


def test_a_folder_of_files_named_like_modules_is_not_run(
    aside: Aside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH")
    assert isinstance(run(aside.perform(prepared, CancelToken())), Readiness)


def test_it_cannot_be_started_and_says_why(aside: Aside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(AuditError, match="cannot be started: No such file") as met:
        run(aside.perform(partial(aside_work.echo, 1), CancelToken()))
    assert met.value.code == "PROGRAM.PROCESS_ENDED"


def test_a_message_cut_short_is_the_end(tmp_path: Path) -> None:
    asked, answers = tmp_path / "asked", tmp_path / "answers"
    asked.write_bytes(b"\x10\x00\x00")
    with asked.open("rb") as read, answers.open("wb") as write:
        serve(read, write)
    assert not answers.read_bytes()


def test_a_thread_that_cannot_be_started_fails_its_own_operation_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_read, asked_write = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    answers_read, answers_write = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    start, refused = threading.Thread.start, [RuntimeError("can't start new thread")]

    def starts(thread: threading.Thread) -> None:
        if refused:
            raise refused.pop()
        start(thread)

    with asked_read, answers_read, answers_write:
        with asked_write:
            for number in (1, 2):
                _write(asked_write, number, _DO, _pickled(partial(aside_work.echo, number)))
        monkeypatch.setattr(threading.Thread, "start", starts)
        serve(asked_read, answers_write)
        answers_write.close()
        ends = {}
        while (message := _read(answers_read)) is not None:
            ends[message[0]] = _unpickled(message[2])
    assert isinstance(ends[1], ProgramDefect)
    assert ends[2] == 2


def test_want_of_memory_for_the_answer_is_said_as_such(aside: Aside) -> None:
    with pytest.raises(AuditError) as met:
        run(aside.perform(aside_work.too_large, CancelToken()))
    assert met.value.code == "MACHINE.MEMORY"


def test_nobody_waits_for_long_for_work_that_does_not_hear(aside: Aside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor_app.aside._CLOSING", 0.3)
    token = CancelToken()
    operation = aside.perform(aside_work.hear_nothing, token)
    next(operation)
    began = time.monotonic()
    token.cancel()
    with pytest.raises(Cancelled):
        run(operation)
    assert time.monotonic() - began < 3
    pid = aside.process
    aside.close()
    assert pid is not None
    assert ended(pid)
