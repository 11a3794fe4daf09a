"""Repeated fingerprints: every one found, in memory and on disk, whatever the disk does; nothing left behind."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.errors import AuditError
from auditor_app.ledger import repeats
from auditor_app.ledger.repeats import FingerprintStore
from auditor_app.merkle.fast import kept
from auditor_app.merkle.fast.nodes import Nodes
from auditor_app.operation import CancelToken


def repeated(runs: list[list[int]], held: int) -> list[int]:
    store = FingerprintStore(held_in_memory=held)
    for run in runs:
        store.add(np.array(run, np.uint64))
    groups = list(store.repeated(CancelToken()))
    assert store._files == []
    return [value for group in groups for value in group.tolist()]


runs = st.lists(st.lists(st.sampled_from([0, 1, 2**58, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1), max_size=30))


@settings(deadline=None, max_examples=60)
@given(runs, st.sampled_from([0, 7, 10**6]))
def test_exactly_the_repeated_ones_come_back(values: list[list[int]], held: int) -> None:
    counted = Counter(value for run in values for value in run)
    assert repeated(values, held) == sorted(value for value, count in counted.items() if count > 1)


def test_partitions_lie_in_nameless_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = FingerprintStore(held_in_memory=10)
    store.add(np.arange(1000, dtype=np.uint64) << np.uint64(50))
    assert len(store._files) == 64
    assert not list(tmp_path.iterdir())
    assert list(store.repeated(CancelToken())) == []
    assert store._files == []


class Failing:
    """A file that takes no more after some bytes."""

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


@pytest.mark.parametrize("room", [0, 4, 100, 2000])
def test_a_full_disk_costs_memory_not_the_answer(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    make = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: Failing(make(**options), room))
    generator = np.random.default_rng(3)
    values = [generator.integers(0, 2**64, 500, dtype=np.uint64).tolist() for _ in range(8)]
    values[6][3] = values[1][400]
    assert repeated(values, 600) == [values[1][400]]


def test_no_folder_for_temporary_files_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: Any) -> IO[bytes]:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert repeated([[1, 2, 3], [3, 4], [1]], 2) == [1, 3]


@pytest.mark.parametrize("room", [0, 1, 30, 63])
def test_fewer_files_than_partitions_lose_no_partition(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """A process may open so many files and no more: then all stays in memory, and no file stays open."""
    make = tempfile.TemporaryFile
    opened: list[IO[bytes]] = []

    def few(**options: Any) -> IO[bytes]:
        if len(opened) >= room:
            raise OSError(24, "Too many open files")
        opened.append(make(**options))
        return opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", few)
    high = [number << 58 | 7 for number in range(64)]
    assert repeated([high, [1, 2, 3], high], 2) == sorted(high)
    assert all(file.closed for file in opened)


@settings(deadline=None, max_examples=40)
@given(runs, st.booleans())
def test_a_partition_in_pieces_is_the_same_partition(values: list[list[int]], compiled: bool) -> None:
    """Ranges, chunks and groups of a few each, with the table of bits and without machine code."""
    counted = Counter(value for run in values for value in run)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TOGETHER", "GROUP", "_CHUNK"):
            patch.setattr(repeats, name, 3)
        if not compiled:
            patch.setattr(repeats, "_loaded", lambda: None)
        assert repeated(values, 5) == sorted(value for value, count in counted.items() if count > 1)


def test_what_cannot_be_read_back_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetting(Failing):
        def read(self, size: int) -> bytes:
            raise OSError(5, "Input/output error")

    make = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: Forgetting(make(**options), 10**9))
    with pytest.raises(AuditError, match="Input/output error") as caught:
        repeated([[1, 2, 3, 4]], 2)
    assert caught.value.code == "MACHINE.DISK"
    assert "TMPDIR" in caught.value.sentence()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """The temporary files that are made."""
    made: list[IO[bytes]] = []
    make = tempfile.TemporaryFile

    def remembered(**options: Any) -> IO[bytes]:
        made.append(make(**options))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", remembered)
    return made


def test_a_file_that_became_shorter_is_said(made: list[IO[bytes]]) -> None:
    store = FingerprintStore(2)
    store.add(np.array([1, 2, 3, 4], np.uint64))
    made[0].truncate(8)
    with pytest.raises(AuditError, match="became shorter") as caught:
        next(store.repeated(CancelToken()), None)
    assert caught.value.code == "MACHINE.DISK"


def test_kept_nodes_that_cannot_be_read_back_are_said(made: list[IO[bytes]]) -> None:
    nodes = kept.KeptNodes(1, 8, 0)
    nodes.append(Nodes.empty(4, 1, 2))
    made[0].truncate(8)
    with pytest.raises(AuditError, match="became shorter") as caught:
        nodes.part(0)
    assert caught.value.code == "MACHINE.DISK"


def test_equal_fingerprints_take_the_room_of_a_few_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held of equal ones does not grow with their number."""
    monkeypatch.setattr(repeats, "TOGETHER", 1000)
    biggest = 0
    real = repeats._at_most_two

    def watched(some: Any) -> Any:
        nonlocal biggest
        kept = real(some)
        biggest = max(biggest, len(kept))
        return kept

    monkeypatch.setattr(repeats, "_at_most_two", watched)
    monkeypatch.setattr(repeats, "_CHUNK", 500)
    assert repeated([[7] * 5000] * 40, 1000) == [7]
    assert biggest <= 1000
