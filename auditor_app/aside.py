"""Operations in a second process, so that the first one's interpreter stays free for the window.

A thread of pure Python holds the interpreter for as long as it may, and painting asks for it dozens of times a frame: in one
process, a long operation makes every click wait. Here the operation runs in a process of its own, started once and kept, and
:meth:`Aside.perform` is the same operation seen from outside: it yields its progress, returns its result, raises its error,
and stops when its token says so.

What crosses is pickled by this program for this program, over pipes that nobody else holds; no file is ever unpickled. An
operation must be made of functions at the top of a module and frozen values. ``python -m auditor_app.aside`` is the second
process: it ends when the first one closes the pipe, however that one ended.
"""

from __future__ import annotations

import copyreg
import mmap
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import IO, Any, TypeVar

from auditor_app.errors import AuditError, ProgramDefect
from auditor_app.machine import machine_error
from auditor_app.operation import Cancelled, CancelToken, Operation, Progress, run

T = TypeVar("T")
Work = Callable[[CancelToken], Operation[T]]
Buffer = bytes | memoryview

_HEAD = struct.Struct("<QQB")
"""Length of what follows, number of the operation, kind of message."""
_DO, _STOP, _PROGRESS, _RESULT, _ERROR, _STOPPED = range(6)
_PATIENCE = 0.05
"""Seconds between looks at the cancel token."""
_MIN_INTERVAL = 0.05
_SWITCH = 0.0005
"""Seconds for which an operation keeps the interpreter while another one waits for it."""
_LARGE = 2**20
"""Bytes above which a message gets pages of its own."""
_NICE = 10
"""How far the second process steps back where there is too little processor for both: the window goes first."""
_CLOSING = 5.0
"""Seconds that operations have to clean up once they are asked to stop, or the first process has gone."""

_Message = tuple[int, memoryview]


class Aside:
    """The second process, seen from the first. It is started by the first operation, and again if it was ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    def perform(self, work: Work[T], token: CancelToken) -> Operation[T]:
        """``work`` over there. Raises what it raises, and ``PROGRAM.PROCESS_ENDED`` if the process ends before it."""
        token.check()
        with self._running().operation(_pickled(work)) as messages:
            while True:
                token.check()
                try:
                    kind, payload = messages.get(timeout=_PATIENCE)
                except queue.Empty:
                    continue
                if kind == _PROGRESS:
                    yield _unpickled(payload)
                elif kind == _RESULT:
                    result: T = _unpickled(payload)
                    return result
                elif kind == _STOPPED:
                    raise Cancelled
                else:
                    raise _unpickled(payload)

    def close(self) -> None:
        """End the second process; operations that are still asked for are refused."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
        if child is not None:
            child.close()

    @property
    def process(self) -> int | None:
        """The second process's number, while it is there."""
        with self._lock:
            return None if self._child is None or self._child.ended else self._child.pid

    def _running(self) -> _Child:
        with self._lock:
            if self._closed:
                raise _ended("the window is being closed")
            if self._child is None or self._child.ended:
                self._child = _Child()
            return self._child


class _Child:
    """One life of the second process."""

    def __init__(self) -> None:
        # -P: a file in the working folder that is named like a module of ours is not run
        command = [sys.executable, "-P", "-m", "auditor_app.aside"]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 this very interpreter
        except OSError as error:
            raise _ended(f"it cannot be started: {error.strerror or error}") from error
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[_Message]] = {}
        self._count = 0
        self._end: AuditError | None = None
        self._reader = threading.Thread(target=self._read, name="aside", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._end is not None

    @contextmanager
    def operation(self, asked: Sequence[Buffer]) -> Iterator[queue.SimpleQueue[_Message]]:
        """Begin; what is said arrives in the queue.

        Leaving early stops it and waits until it has cleaned up, but no longer than :data:`_CLOSING` for one that says nothing.
        """
        messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        with self._lock:
            if self._end is not None:
                raise self._end
            self._count += 1
            number = self._count
            self._waiting[number] = messages
        self._say(number, _DO, asked)
        try:
            yield messages
        finally:
            if not self._over(number):
                self._say(number, _STOP)
            with suppress(queue.Empty):
                while not self._over(number):
                    messages.get(timeout=_CLOSING)

    def close(self) -> None:
        """The pipe's end is the sign to go; who does not go is ended."""
        self._hang_up()
        try:
            self._process.wait(_CLOSING + 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _hang_up(self) -> None:
        with suppress(OSError), self._writing:
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _over(self, number: int) -> bool:
        with self._lock:
            return number not in self._waiting

    def _say(self, number: int, kind: int, payload: Sequence[Buffer] = ()) -> None:
        pipe = self._process.stdin
        with suppress(OSError, ValueError), self._writing:  # a process that has ended is noticed by who reads
            if pipe is not None:
                _write(pipe, number, kind, payload)

    def _read(self) -> None:
        """Hand every message to whoever waits for it, until there is nobody left to send one."""
        pipe = self._process.stdout
        try:
            while pipe is not None and (message := _read(pipe)) is not None:
                number, kind, payload = message
                with self._lock:
                    waiting = self._waiting.get(number)
                    if kind != _PROGRESS:
                        self._waiting.pop(number, None)
                if waiting is not None:
                    waiting.put((kind, payload))
        except (MemoryError, OSError):  # no room here for what is said: nobody may wait for it for ever
            self._process.kill()
        status = self._process.wait()
        self._hang_up()
        if pipe is not None:
            pipe.close()
        end = _ended(_why(status))
        with self._lock:
            self._end = end
            left, self._waiting = self._waiting, {}
        for waiting in left.values():
            waiting.put((_ERROR, memoryview(b"".join(_pickled(end)))))


def _why(status: int) -> str:
    if status >= 0:
        return f"it ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"it was ended by {name}" + (", which the system does when memory runs out" if name == "SIGKILL" else "")


def _ended(why: str) -> AuditError:
    return AuditError(
        "PROGRAM.PROCESS_ENDED",
        f"the process that does the work is not there ({why})",
        action="Nothing half-done was kept. Close other programs if memory is short, then start this again.",
    )


# messages


def _write(pipe: IO[bytes], number: int, kind: int, parts: Sequence[Buffer] = ()) -> None:
    views = [memoryview(part).cast("B") for part in parts]
    pipe.write(_HEAD.pack(sum(view.nbytes for view in views), number, kind))
    for view in views:
        pipe.write(view)
    pipe.flush()


def _read(pipe: IO[bytes]) -> tuple[int, int, memoryview] | None:
    """The next message, in memory of its own, or ``None`` where the pipe has ended."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, number, kind = _HEAD.unpack(head)
    whole = memoryview(
        mmap.mmap(-1, length) if length >= _LARGE else bytearray(length)
    )  # the former touches no byte yet
    filled = 0
    while filled < length:
        got = pipe.readinto(whole[filled:])  # type: ignore[attr-defined]
        if not got:
            return None
        filled += got
    return number, kind, whole


class _Pieces:
    """Reads or gathers a pickle piece by piece: between two of them other threads have their turn."""

    def __init__(self, data: memoryview | None = None) -> None:
        self._data = memoryview(b"") if data is None else data
        self._at = 0
        self.written: list[bytes] = []

    def read(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        return bytes(self._data[start : self._at])

    def readline(self) -> bytes:  # part of the protocol; no pickle of ours has lines
        raise NotImplementedError

    def write(self, piece: bytes) -> int:
        self.written.append(bytes(piece))
        return len(piece)


def _read_only(mapping: MappingProxyType[Any, Any]) -> tuple[object, ...]:
    return _viewed, (dict(mapping),)


def _viewed(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


_DISPATCH: Mapping[type, Callable[[Any], Any]] = {**copyreg.dispatch_table, MappingProxyType: _read_only}
"""A read-only view of a mapping crosses as one, which ``pickle`` alone refuses."""


def _pickled(value: object) -> list[Buffer]:
    """How many large buffers, how long each part is, the pickle, and the buffers, which are never copied here."""
    pieces, buffers = _Pieces(), list[pickle.PickleBuffer]()
    pickler = pickle.Pickler(pieces, protocol=5, buffer_callback=buffers.append)
    pickler.dispatch_table = _DISPATCH
    pickler.dump(value)
    body = b"".join(pieces.written)
    raw = [buffer.raw() for buffer in buffers]
    lengths = [len(body), *(view.nbytes for view in raw)]
    return [struct.pack(f"<Q{len(lengths)}Q", len(raw), *lengths), body, *raw]


def _unpickled(data: memoryview) -> Any:
    (count,) = struct.unpack_from("<Q", data)
    lengths = struct.unpack_from(f"<{count + 1}Q", data, 8)
    at = 16 + 8 * count
    parts = []
    for length in lengths:
        parts.append(data[at : at + length])
        at += length
    return pickle.Unpickler(_Pieces(parts[0]), buffers=parts[1:]).load()  # noqa: S301 written by this program's other process


# the second process


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Perform what is asked, each operation in a thread of its own, until nobody can ask any more."""
    running: dict[int, tuple[threading.Thread, CancelToken]] = {}
    writing = threading.Lock()

    def say(number: int, kind: int, payload: Sequence[Buffer] = ()) -> None:
        with writing, suppress(OSError, ValueError):
            _write(answers, number, kind, payload)

    while (message := _read(asked)) is not None:
        number, kind, payload = message
        if kind == _DO:
            running = {at: one for at, one in running.items() if one[0].is_alive()}
            token, teller = CancelToken(), _Teller(say, number)
            thread = threading.Thread(target=_perform, args=(payload, token, teller), daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the machine gives no thread: this operation fails, the others go on
                teller.end(_ERROR, ProgramDefect.of(error))
            else:
                running[number] = thread, token
        elif number in running:
            running[number][1].cancel()
    for _, token in running.values():
        token.cancel()
    end = time.monotonic() + _CLOSING
    for thread, _ in running.values():
        thread.join(max(0.0, end - time.monotonic()))


class _Teller:
    """Says what one operation has to say."""

    def __init__(self, say: Callable[[int, int, Sequence[Buffer]], None], number: int) -> None:
        self._say, self._number, self._last = say, number, 0.0

    def progress(self, progress: Progress) -> None:
        """At most twenty times a second."""
        now = time.monotonic()
        if now - self._last >= _MIN_INTERVAL:
            self._last = now
            self._say(self._number, _PROGRESS, _pickled(progress))

    def end(self, kind: int, value: object = None) -> None:
        """The last word, whatever it is; what cannot be sent is a defect, or a want of the machine."""
        try:
            payload = _pickled(value)
        except Exception as error:  # noqa: BLE001 without a last word somebody would wait for ever
            kind, payload = _ERROR, _pickled(machine_error(error) or ProgramDefect.of(error))
        self._say(self._number, kind, payload)


def _perform(asked: memoryview, token: CancelToken, teller: _Teller) -> None:
    def told(progress: Progress) -> None:
        token.check()
        teller.progress(progress)

    try:
        work: Work[object] = _unpickled(asked)
        teller.end(_RESULT, run(work(token), told))
    except Cancelled:
        teller.end(_STOPPED)
    except AuditError as error:
        teller.end(_ERROR, error)
    except BaseException as error:  # noqa: BLE001 a defect must reach the person, not end the process
        teller.end(_ERROR, machine_error(error) or ProgramDefect.of(error))


def main() -> None:
    """Be the second process: messages over the standard streams, which nothing else then writes to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the first process to answer
    if hasattr(os, "nice"):
        os.nice(_NICE)
    sys.setswitchinterval(_SWITCH)
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    serve(asked, answers)
    sys.stdout.flush()
    sys.stderr.flush()


if __name__ == "__main__":
    from auditor_app.aside import main as named  # under the module's own name: what crosses names its functions by it

    named()
