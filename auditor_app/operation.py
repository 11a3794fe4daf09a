"""Long work as plain generators: the same function serves command line, tests and window.

An operation is a generator that yields :class:`Progress` and returns its result. It takes a
:class:`CancelToken` and calls :meth:`CancelToken.check` between chunks; the cancellation it raises is a
``BaseException`` so that no ``except Exception`` on the way can swallow it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from auditor_app.machine import machine_error

T = TypeVar("T")


class Cancelled(BaseException):
    """The person in charge asked for the work to stop; nothing was left half-written."""


class CancelToken:
    """A flag that one thread sets and a working thread checks between chunks."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`Cancelled` if the work was asked to stop."""
        if self._event.is_set():
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work has come.

    ``done`` and ``total`` count ``unit`` (``"rows"``, ``"bytes"`` …); ``total`` is ``None`` when it is not
    known; ``note`` says in a few words what is being done, e.g. ``"Ledger spot: hashing leaves"``. Where files are read,
    ``bytes_done`` of ``bytes_total`` are read so far.
    """

    done: int
    total: int | None
    unit: str
    note: str
    bytes_done: int | None = None
    bytes_total: int | None = None

    @property
    def percent(self) -> int | None:
        """How far, from 0 to 100; ``None`` where no total is known. Bytes decide: nobody declares those wrongly."""
        done, total = self.done, self.total
        if self.bytes_total and self.bytes_done is not None:
            done, total = self.bytes_done, self.bytes_total
        return max(0, min(100, 100 * done // total)) if total else None


Operation = Generator[Progress, None, T]


def run(operation: Operation[T], on_progress: Callable[[Progress], None] | None = None) -> T:
    """Drive an operation to its end in this thread and return its result.

    What this machine lacks, memory or room on a disk, is raised as :class:`~auditor_app.machine.MachineError`.
    """
    while True:
        try:
            progress = next(operation)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except (MemoryError, OSError) as error:
            wanting = machine_error(error)
            if wanting is None:
                raise
        else:
            if on_progress is not None:
                on_progress(progress)
            continue
        raise wanting  # out here, so that it holds on to none of the work's memory
