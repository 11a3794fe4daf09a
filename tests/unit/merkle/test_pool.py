"""Work in threads: results in order, memory bounded, cancelled within a moment, the first error in its turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from auditor_app.errors import LedgerError
from auditor_app.merkle.fast import pool
from auditor_app.merkle.fast.pool import in_order
from auditor_app.operation import Cancelled, CancelToken


@dataclass(frozen=True)
class Piece:
    """Something to work on."""

    name: str
    number: int
    size: int = 10


def parts(count: int) -> Iterator[Piece]:
    for number in range(count):
        yield Piece(f"part {number}", number)


def results(found: Iterator[int | str]) -> list[str]:
    return [item for item in found if isinstance(item, str)]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_parts(threads: int) -> None:
    def work(part: Piece, on_rows: Callable[[int], None]) -> str:
        time.sleep(0.002 * (part.number % 3))
        on_rows(7)
        return part.name

    token = CancelToken()
    assert results(in_order(parts(20), work, token, threads)) == [f"part {number}" for number in range(20)]
    assert max(item for item in in_order(parts(20), work, token, threads) if isinstance(item, int)) == 140


@pytest.mark.parametrize(("threads", "limit", "most"), [(2, 10**9, 3), (4, 10**9, 5), (4, 20, 3), (4, 1, 2)])
def test_parts_in_hand_are_bounded(monkeypatch: pytest.MonkeyPatch, threads: int, limit: int, most: int) -> None:
    """``most`` counts the part that is read while the others are worked on."""
    monkeypatch.setattr(pool, "BYTES_IN_HAND", limit)
    monkeypatch.setattr(pool, "AHEAD", 0)
    lock = threading.Lock()
    begun = finished = highest = 0

    def counted() -> Iterator[Piece]:
        nonlocal begun, highest
        for part in parts(12):
            with lock:
                begun += 1
                highest = max(highest, begun - finished)
            yield part

    def work(part: Piece, on_rows: Callable[[int], None]) -> str:
        nonlocal finished
        time.sleep(0.005)
        with lock:
            finished += 1
        return part.name

    assert len(results(in_order(counted(), work, CancelToken(), threads))) == 12
    assert 1 < highest <= most


@pytest.mark.parametrize("threads", [1, 3])
def test_cancelling_stops_every_thread_soon(threads: int) -> None:
    token = CancelToken()
    working = threading.Event()

    def work(part: Piece, on_rows: Callable[[int], None]) -> str:
        working.set()
        for _ in range(10_000):
            time.sleep(0.001)
            on_rows(1)
        return part.name

    threading.Timer(0.05, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        results(in_order(parts(50), work, token, threads))
    assert time.monotonic() - started < 1
    assert working.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ledger-part")]


def test_the_first_part_that_fails_decides_and_the_rest_stops() -> None:
    done: list[int] = []

    def work(part: Piece, on_rows: Callable[[int], None]) -> str:
        if part.number in (2, 3):
            time.sleep(0.03 if part.number == 2 else 0)
            raise LedgerError("SNAPSHOT.GRAMMAR", part.name)
        time.sleep(0.001)
        on_rows(1)
        done.append(part.number)
        return part.name

    with pytest.raises(LedgerError, match="part 2"):
        results(in_order(parts(500), work, CancelToken(), 4))
    assert len(done) < 400


def test_a_reader_that_is_left_alone_leaves_no_thread_behind() -> None:
    def work(part: Piece, on_rows: Callable[[int], None]) -> str:
        time.sleep(0.01)
        on_rows(1)
        return part.name

    reading = in_order(parts(50), work, CancelToken(), 2)
    next(reading)
    reading.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ledger-part")]
