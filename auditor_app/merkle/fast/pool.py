"""Work in threads, results in order, bounded in memory, stopped within a moment.

Compiled code runs without the interpreter's lock, so threads share the work as processes would, without copies.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain
from typing import Generic, Protocol, TypeVar

from auditor_app.operation import Cancelled, CancelToken

R = TypeVar("R")


class Sized(Protocol):
    """Something to work on that knows how many bytes it holds."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...


W = TypeVar("W", bound=Sized)

BYTES_IN_HAND = 2**28
"""Bytes that wait or are worked on at a time; one piece of work is always taken, however large."""

AHEAD = 4
"""Pieces of work that wait for a thread while the next ones are read."""

_PATIENCE = 0.1
"""Seconds between looks at the cancel token."""

Work = Callable[[W, Callable[[int], None]], R]
"""Does one piece of work and calls back with the rows it has done; the callback may raise to stop it."""


class RowCount:
    """Rows done so far, over all threads; every thread's regular look at whether to stop."""

    def __init__(self, token: CancelToken) -> None:
        self._token = token
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.done = 0

    def add(self, rows: int) -> None:
        """Count; :class:`Cancelled` where the work was asked to stop."""
        with self._lock:
            self.done += rows
        if self._stop.is_set() or self._token.cancelled:
            raise Cancelled

    def stop(self) -> None:
        """Make every thread stop at its next count."""
        self._stop.set()


def in_order(pieces: Iterable[W], work: Work[W, R], token: CancelToken, threads: int) -> Generator[int | R, None, None]:
    """Do all the work and yield its results, in its order; between results, the rows done so far.

    The caller's thread reads the pieces (and with them their digests) while others work. One thread means the caller's
    own and no other; so it is where the system starts no more threads. What a piece raises is raised in its turn; the
    rest is then stopped.
    """
    count = RowCount(token)
    pieces = iter(pieces)
    if threads > 1:
        left = yield from _in_threads(pieces, work, count, token, threads)
        pieces = chain(left, pieces)
        del left
    for piece in pieces:
        yield work(piece, count.add)
        yield count.done


def _in_threads(
    pieces: Iterator[W], work: Work[W, R], count: RowCount, token: CancelToken, threads: int
) -> Generator[int | R, None, tuple[W, ...]]:
    """Do the work in threads; what is given back is the piece for which no thread could be started, if any."""
    waiting: deque[tuple[int, Future[R]]] = deque()
    left: tuple[W, ...] = ()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger-part")
    try:
        for piece in pieces:
            token.check()
            size = piece.size
            while _is_full(waiting, size, threads):
                yield from _await_some(waiting, count, token)
            once = _Once(work, piece, count)
            try:
                pool.submit(once.do)
            except RuntimeError:  # no new thread; one that there is may have taken it all the same
                if once.take_back():
                    left = (piece,)
                    break
            waiting.append((size, once.result))
            del piece, once
            yield count.done
        while waiting:
            yield from _await_some(waiting, count, token)
        return left
    except BaseException:
        count.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class _Once(Generic[W, R]):
    """One piece of work that one thread does, whoever comes first."""

    def __init__(self, work: Work[W, R], piece: W, count: RowCount) -> None:
        self._work, self._count = work, count
        self._piece = [piece]
        self.result: Future[R] = Future()

    def do(self) -> None:
        """Do it, unless it was taken back."""
        try:
            piece = self._piece.pop()
        except IndexError:
            return
        result, work, on_rows = self.result, self._work, self._count.add
        try:
            result.set_result(work(piece, on_rows))
        except BaseException as error:  # noqa: BLE001 raised again where the result is asked for
            result.set_exception(error)
            del self, result  # or the error and this frame would keep each other, and the piece

    def take_back(self) -> bool:
        """Whether no thread has begun with it; none will."""
        try:
            self._piece.pop()
        except IndexError:
            return False
        return True


def _is_full(waiting: Iterable[tuple[int, Future[R]]], size: int, threads: int) -> bool:
    """Whether enough waits for the threads, or what is in hand and ``size`` bytes more are too much."""
    busy = [held for held, future in waiting if not future.done()]
    return len(busy) >= threads + AHEAD or (bool(busy) and size + sum(busy) > BYTES_IN_HAND)


def _await_some(
    waiting: deque[tuple[int, Future[R]]], count: RowCount, token: CancelToken
) -> Generator[int | R, None, None]:
    """Wait a moment for some work, tell how far all have come, give what is done, in order."""
    token.check()
    busy = [future for _, future in waiting if not future.done()]
    if busy:
        wait(busy, _PATIENCE, FIRST_COMPLETED)
        del busy  # a future that holds an error must not be held by the frame that raises it
    yield count.done
    while waiting and waiting[0][1].done():
        yield waiting.popleft()[1].result()
