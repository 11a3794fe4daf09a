"""Machine code made by a process of its own: waited for, cancelled, done without; nothing of the working folder is run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor_app.merkle import warm
from auditor_app.native import cache
from auditor_app.operation import Cancelled, CancelToken, Progress, run

Child = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache without machine code, while this process keeps what it has loaded."""
    assert warm.readiness().ready
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/nowhere")
    assert cache.can_keep()
    (path,) = cache.cached_files()
    return path


def child(monkeypatch: pytest.MonkeyPatch, source: str, *arguments: str) -> list[subprocess.Popen[bytes]]:
    """Let a script stand in for the compiler; the processes that were started."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", source, *arguments]))
        return started[-1]

    monkeypatch.setattr(warm, "_compiler", start)
    return started


def test_it_is_waited_for_and_said(empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = b"object"
    (tmp_path / "made").write_bytes(cache.packed(made))
    script = (
        "import os,sys,time;time.sleep(.3);os.umask(0o77);open(sys.argv[2],'wb').write(open(sys.argv[1],'rb').read())"
    )
    started = child(monkeypatch, script, str(tmp_path / "made"), str(empty_cache))
    said: list[Progress] = []
    assert run(warm.prepared(CancelToken()), said.append).ready
    assert cache.read_object(empty_cache) == made
    assert said
    assert "machine code" in said[0].note
    assert run(warm.prepared(CancelToken())).ready
    assert len(started) == 1


def test_cancelling_ends_the_process_that_makes_it(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = child(monkeypatch, "import time; time.sleep(600)")
    token = CancelToken()
    operation = warm.prepared(token)
    next(operation)
    token.cancel()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        next(operation)
    assert time.monotonic() - began < 0.5
    assert started[0].poll() is not None
    assert warm._MAKING.acquire(blocking=False)
    warm._MAKING.release()


def test_an_operation_that_is_left_alone_ends_it_too(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = child(monkeypatch, "import time; time.sleep(600)")
    operation = warm.prepared(CancelToken())
    next(operation)
    operation.close()
    assert started[0].poll() is not None


@pytest.mark.parametrize("script", ["", "import os; os.kill(os.getpid(), 9)"], ids=["nothing made", "killed"])
def test_a_process_that_makes_nothing_is_done_without(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    child(monkeypatch, script)
    assert run(warm.prepared(CancelToken())).ready


def test_where_there_can_be_no_second_process_this_one_makes_it(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert run(warm.prepared(CancelToken())).ready


def test_a_file_in_the_working_folder_is_not_run(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "from the exchange"
    for name in ("auditor_app", "numpy", "numba"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n")
    monkeypatch.chdir(folder)
    started = warm._compiler()
    assert started is not None
    time.sleep(1.5)
    started.kill()
    started.wait()
    assert not (tmp_path / "run").exists()
