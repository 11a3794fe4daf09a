"""Machines that are full, old, slow or stopped in mid-work: the same answer, or a clear end with nothing left behind."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from auditor_app import machine
from auditor_app.errors import AuditError
from auditor_app.ledger import repeats
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger, SnapshotLedger
from auditor_app.merkle import recompute as module
from auditor_app.merkle.fast import kept, part, reading
from auditor_app.merkle.recompute import recompute_root
from auditor_app.merkle.tree_job import TreeJob
from auditor_app.operation import Cancelled, CancelToken, run
from auditor_app.snapshot import consistency
from tests.unit.merkle.bad_files import both, of_csv, of_snapshot, outcome, rows, write_snapshot
from tests.unit.merkle.fast_ledgers import shrink_parts
from tests.unit.snapshot.samples import authenticate

ROOT = Path(__file__).resolve().parents[3]
COLUMNS = "account:token,BTC:base-units/8,USDT:decimal"
posix = pytest.mark.skipif(os.name != "posix", reason="signals, modes and /proc are POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="open files are read from /proc")

# ---- no room on the disk


class Full:
    """A temporary file on a disk that takes so many bytes and no more."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: Any) -> int:
        if len(data) > self._room:
            self._file.write(data[: self._room])
            raise OSError(28, "No space left on device")
        self._room -= len(data)
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _spill_at_once(patch: pytest.MonkeyPatch) -> None:
    """Temporary files from the first byte on."""
    store, nodes = repeats.FingerprintStore.__init__, kept.KeptNodes.__init__
    patch.setattr(repeats.FingerprintStore, "__init__", lambda self: store(self, 10))
    patch.setattr(kept.KeptNodes, "__init__", lambda self, coins, words: nodes(self, coins, words, 10))


@pytest.mark.parametrize("room", [0, 1, 1000, 100_000])
def test_a_full_disk_costs_memory_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    data = [bytearray(rows(64, 64 * at)) for at in range(40)]
    data[30][:8] = data[3][:8]
    path = write_snapshot(tmp_path, [bytes(one) for one in data], part_rows=64)
    undisturbed = both(of_snapshot(path), part_rows=64)
    make = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: Full(make(**options), room))
    _spill_at_once(monkeypatch)
    found = both(of_snapshot(path), part_rows=64)
    assert found.quick
    assert found.result == undisturbed.result
    assert "LEAF.DUPLICATE" in found.codes


@pytest.mark.parametrize("room", [0, 300, 10**9])
def test_proofs_come_from_nodes_kept_wherever_there_was_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    make = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: Full(make(**options), room))
    _spill_at_once(monkeypatch)
    shrink_parts(monkeypatch, 64)
    path = tmp_path / "ledger.csv"
    path.write_bytes(rows(400))
    monkeypatch.setattr("auditor_app.ledger.parts.PART_ROWS", 64)
    source = CsvLedger(path, parse_columns(COLUMNS))
    jobs = [TreeJob.prepared(source, "mexc", {"proofId": "x"})]
    run(module._all_passes(source, jobs, CancelToken()))
    tree = jobs[0].tree
    assert tree is not None
    quick = run(tree.prove(source, [0, 77, 399], CancelToken()))
    with monkeypatch.context() as patch:
        patch.setattr(module, "is_worth_it", lambda part: False)
        jobs = [TreeJob.prepared(source, "mexc", {"proofId": "x"})]
        run(module._all_passes(source, jobs, CancelToken()))
    assert jobs[0].tree is not None
    assert quick == run(jobs[0].tree.prove(source, [0, 77, 399], CancelToken()))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = Path(tempfile.mkdtemp())
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        folder.rmdir()
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@linux
def test_a_really_full_disk_for_temporary_files_and_cache(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(rows(40_000))
    undisturbed = both(of_csv(path))
    (small_disk / "filled").write_bytes(bytes(200_000))
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    _spill_at_once(monkeypatch)
    assert both(of_csv(path)).result == undisturbed.result
    assert [item.name for item in small_disk.iterdir()] == ["filled"]


# ---- a processor without vector instructions


_PLAIN = """
import json, sys
import llvmlite.binding as llvm
from auditor_app.native import build, library
features = {name: False for name in llvm.get_host_cpu_features()}
llvm.get_host_cpu_name = lambda: "x86-64" if "86" in llvm.get_default_triple() else "generic"
class Features(dict):
    def flatten(self): return ",".join("-" + name for name in self if name not in ("sse", "sse2", "64bit", "cx8", "fxsr"))
llvm.get_host_cpu_features = lambda: Features(features)
from auditor_app.cli.main import main
from auditor_app.merkle import compiled_pass, warm
warm._compiler = lambda: None
status = main(sys.argv[1:])
assert warm.readiness().ready, warm.readiness().reason
sys.exit(status)
"""


def test_a_processor_without_vector_instructions_gives_the_same_answer(tmp_path: Path) -> None:
    """Machine code is made for the oldest processor of this architecture, and run."""
    path, cache = tmp_path / "ledger.csv", tmp_path / "cache"
    path.write_bytes(rows(3000))
    command = ["ledger", "root", str(path), "--scheme", "mexc", "--param", "proofId=x", "--columns", COLUMNS, "--json"]
    found = []
    for start in (["-c", _PLAIN], ["-m", "auditor_app"]):
        own = {"NUMBA_CACHE_DIR": str(cache)} if "-c" in start else {}
        done = subprocess.run(
            [sys.executable, *start, *command], capture_output=True, text=True, check=False, cwd=ROOT,
            env={**os.environ, **own},
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        found.append(json.loads(done.stdout))
    assert len(list(cache.iterdir())) == 1
    assert found[0] == found[1]
    assert "KERNEL.FALLBACK" not in done.stdout


# ---- workers that end badly


def test_a_worker_without_memory_stops_the_rest_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(rows(2**18))
    real = part.process_slice
    held: list[weakref.ref[Any]] = []

    def failing(work: Any, *arguments: Any) -> Any:
        if work.span.row:
            held.append(weakref.ref(work))
            raise MemoryError
        return real(work, *arguments)

    monkeypatch.setattr(reading, "process_slice", failing)
    monkeypatch.setattr(reading, "processors", lambda: 3)
    monkeypatch.setattr(machine, "processors", lambda: 3)
    with pytest.raises(AuditError) as caught:
        run(recompute_root(CsvLedger(path, parse_columns(COLUMNS)), "rfc6962-sha256", {}, CancelToken()))
    assert caught.value.code == "MACHINE.MEMORY"
    assert "Close other programs, or use fewer threads than 3 (RESERVE_AUDITOR_THREADS=1)" in caught.value.sentence()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ledger-part")]
    assert held
    gc.collect()
    assert not [some for some in held if some() is not None], "the error holds on to the work's memory"


@pytest.mark.parametrize("code", [0, 1, 5])
def test_threads_that_cannot_be_started_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """After so many, the system starts no more; then fewer do the work, at last this one alone."""
    path = tmp_path / "ledger.csv"
    path.write_bytes(rows(2**18) + rows(3000))
    undisturbed = both(of_csv(path))
    monkeypatch.setattr(reading, "processors", lambda: 4)
    start = threading.Thread.start
    left = [code]

    def limited(self: threading.Thread) -> None:
        if self.name.startswith(("ledger-part", "second-part", "ledger-read")):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    found = outcome(of_csv(path))
    assert found.refusal is None
    assert found.result == undisturbed.result
    assert "LEAF.DUPLICATE" in found.codes


def test_proofs_and_snapshots_are_read_without_a_second_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_snapshot(tmp_path, [rows(64, 64 * at) for at in range(6)], part_rows=64)
    monkeypatch.setattr("auditor_app.ledger.parts._WORTH_A_THREAD", 1)
    monkeypatch.setattr("auditor_app.ledger.parts.processors", lambda: 2)

    def prove(token: CancelToken) -> Any:
        snapshot = authenticate(path)
        source = SnapshotLedger(snapshot, snapshot.statement.predicate.ledgers[0])
        jobs = [TreeJob.prepared(source, "mexc", {"proofId": "x"})]
        yield from module._all_passes(source, jobs, token)
        tree = jobs[0].tree
        assert tree is not None
        return (yield from tree.prove(source, [0, 77, 300], token))

    shrink_parts(monkeypatch, 64)
    monkeypatch.setattr(consistency, "PART_ROWS", 64)
    undisturbed = run(prove(CancelToken()))

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert run(prove(CancelToken())) == undisturbed


@linux
@pytest.mark.parametrize("room", [250, 340])
def test_a_process_without_memory_says_so_or_gives_the_answer(tmp_path: Path, room: int) -> None:
    """``room`` MiB for everything: Python's own modules, machine code, the ledger."""
    path = tmp_path / "ledger.csv"
    path.write_bytes(rows(60_000))
    expected = outcome(of_csv(path)).result
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({room << 20}, {room << 20})); "
    start = "from auditor_app.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    command = ["ledger", "root", str(path), "--scheme", "rfc6962-sha256", "--columns", COLUMNS]
    done = subprocess.run(
        [sys.executable, "-c", limited + start, *command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode == 0:
        assert f"root  {expected.root}" in done.stdout
    else:
        assert done.returncode == 3
        assert "not enough memory" in done.stderr
    assert "Traceback" not in done.stderr
    assert [item.name for item in tmp_path.iterdir()] == ["ledger.csv"]


@linux
def test_no_more_open_files_than_a_few_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(rows(5000) + rows(40))
    found = []
    for limit in (1024, 30):
        limited = (
            f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))\n"
            "from auditor_app.ledger import repeats\n"
            "store = repeats.FingerprintStore.__init__\n"
            "repeats.FingerprintStore.__init__ = lambda self: store(self, 10)\n"
        )
        start = "from auditor_app.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
        command = ["ledger", "root", str(path), "--scheme", "mexc", "--param", "proofId=x", "--columns", COLUMNS]
        done = subprocess.run(
            [sys.executable, "-c", limited + start, *command, "--json"],
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert [item["observed"] for item in found[1]["findings"] if item["code"] == "LEAF.DUPLICATE"] == ["40"]


_SLOW = """
import sys, time
from pathlib import Path
from auditor_app.ledger import repeats
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.merkle.fast import kept
from auditor_app.merkle.recompute import recompute_root
from auditor_app.operation import CancelToken
first = repeats.FingerprintStore.__init__
repeats.FingerprintStore.__init__ = lambda self: first(self, 10)
second = kept.KeptNodes.__init__
kept.KeptNodes.__init__ = lambda self, coins, words: second(self, coins, words, 10)
spill = repeats.FingerprintStore._spill
def spilled(self):
    spill(self)
    print("spilled", flush=True)
    time.sleep(60)
repeats.FingerprintStore._spill = spilled
operation = recompute_root(CsvLedger(Path(sys.argv[1]), parse_columns(sys.argv[2])), "mexc", {"proofId": "x"}, CancelToken())
for progress in operation:
    pass
"""


@linux
def test_a_killed_process_leaves_no_file_and_no_id(tmp_path: Path) -> None:
    path, folder = tmp_path / "ledger.csv", tmp_path / "temporary"
    folder.mkdir()
    data = rows(5000)
    path.write_bytes(data)
    running = subprocess.Popen(
        [sys.executable, "-c", _SLOW, str(path), COLUMNS], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "spilled\n"
        assert list(folder.iterdir()) == []
        written = b""
        deleted = 0
        for link in Path(f"/proc/{running.pid}/fd").iterdir():
            target = str(link.readlink())
            if target.startswith(str(folder)):
                assert target.endswith(" (deleted)")
                assert link.stat().st_mode & 0o777 == 0o600
                deleted += 1
                written += link.read_bytes()
        assert deleted >= 64
        assert len(written) >= 8 * 5000
        for row in data.splitlines()[:200]:
            assert row.partition(b",")[0] not in written
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stdout.close()
    assert list(folder.iterdir()) == []


# ---- cancelling


class Stopwatch(CancelToken):
    """Is cancelled after ``seconds``; knows how long ago."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.at = 0.0
        self._timer = threading.Timer(seconds, self._stop)
        self._timer.start()

    def _stop(self) -> None:
        self.at = time.monotonic()
        self.cancel()

    def close(self) -> None:
        self._timer.cancel()
        self._timer.join()


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million rows, of which some repeat: every phase has something to do."""
    path = tmp_path_factory.mktemp("million") / "ledger.csv"
    ids = np.random.default_rng(5).permutation(2**20) % (2**20 - 50)
    path.write_bytes(b"".join([b"u%07d,%d,0.25\n" % (one, one) for one in ids.tolist()]))
    return path


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3])
def test_a_million_rows_stop_within_a_second(million: Path, moment: float) -> None:
    token = Stopwatch(moment)
    try:
        run(recompute_root(CsvLedger(million, parse_columns(COLUMNS)), "mexc", {"proofId": "x"}, token))
    except Cancelled:
        assert time.monotonic() - token.at < 1
    finally:
        token.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ledger-part")]


def test_the_search_for_repeated_ids_looks_at_the_token_between_partitions() -> None:
    store = repeats.FingerprintStore(held_in_memory=10)
    store.add(np.arange(1000, dtype=np.uint64) << np.uint64(50))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        list(store.repeated(token))
    store.close()
