"""Repeated ids in a ledger of any size and order: partitions of keyed fingerprints, and exact confirmation of hits.

Every id gives a 64-bit fingerprint under a key drawn for this run and never written anywhere. Fingerprints are held in
memory up to a limit, then in temporary files, one for each value of their top bits; what lies in a file is no id, and
without the key no way to one. Equal ids have equal fingerprints and so meet in one partition, and there in one place of a
table of bits; the few that share a place are sorted, which finds every repetition. The ledger is then read once more and
the ids behind the hits compared byte by byte (:mod:`auditor_app.ledger.duplicates`), so that two ids that merely share a
fingerprint raise no alarm.

Memory does not follow the ledger: a partition is read in pieces, a partition of more than :data:`TOGETHER` fingerprints in
several ranges of their next bits, and of equal ones two are held, however often they occur.

A temporary file is created without a name where the system can (POSIX: it is unlinked at once; Windows: deleted on
close), with mode 0600; nothing is left behind even by a killed process.
"""

from __future__ import annotations

import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor_app.machine import lost_temporary_file
from auditor_app.operation import CancelToken

if TYPE_CHECKING:
    from auditor_app.native.library import MachineCode

_BITS_EACH = 8
"""Bits of a table for each fingerprint in it: one in eight shares its place with another one by chance."""

_FEWEST_BITS = 2**10

Fingerprints = npt.NDArray[np.uint64]
Runs = Callable[[], Iterable[Fingerprints]]
"""Gives the same fingerprints each time it is asked, in runs."""

PARTITION_BITS = 6
HELD_IN_MEMORY = 2**20
"""Fingerprints (8 bytes each) held before they are written out."""

TOGETHER = 2**22
"""Different fingerprints that are looked at together, about."""

GROUP = 2**20
"""Repeated fingerprints that are given at a time: as many as one more pass over the ledger confirms."""

_CHUNK = 2**20
"""Fingerprints of a file that are read at a time."""


class FingerprintStore:
    """Takes fingerprints in any number, gives back those that occur more than once."""

    def __init__(self, held_in_memory: int = HELD_IN_MEMORY) -> None:
        self._limit = held_in_memory
        self._held: list[Fingerprints] = []
        self._places: _Places | None = None
        """Of everything that was taken, as long as it is held and there is machine code."""
        self._count = 0
        self._files: list[IO[bytes]] = []
        self._sizes = [0] * 2**PARTITION_BITS

    def add(self, fingerprints: Fingerprints) -> None:
        """Take some more; the array is kept as it is."""
        code = _loaded()
        if code is not None and not self._held and not self._files:
            self._places = _Places(code, self._limit)
        self._held.append(fingerprints)
        self._count += len(fingerprints)
        if self._count > self._limit:
            self._places = None
            self._spill()
        if self._places is not None:
            self._places.mark(fingerprints)

    def _spill(self) -> None:
        """Write what is held to its partitions; where the disk takes nothing more, go on in memory."""
        sizes = list(self._sizes)
        try:
            if not self._files:
                self._files = _nameless_files(len(sizes))
                for file in self._files:
                    weakref.finalize(self, file.close)
            for number, some in enumerate(_partitioned(np.sort(np.concatenate(self._held)))):
                _write_all(self._files[number], some.tobytes())
                sizes[number] += some.nbytes
        except OSError:
            self._limit *= 2**20
            return
        self._held, self._count, self._sizes = [], 0, sizes

    def repeated(self, token: CancelToken) -> Iterator[Fingerprints]:
        """The fingerprints that occur more than once, ascending, :data:`GROUP` at a time; the store is empty afterwards."""
        held: list[Fingerprints] = []
        count = 0
        places, self._places = self._places, None
        try:
            for size, runs in self._partitions():
                pieces = 1 << max(0, -(-size // TOGETHER) - 1).bit_length()
                for piece in range(pieces):
                    token.check()
                    some = (
                        repeated_values(runs, size, token, places)
                        if pieces == 1
                        else _repeated(runs, size, pieces, piece, token)
                    )
                    held.append(some)
                    count += len(held[-1])
                    while count >= GROUP:
                        joined = np.concatenate(held)
                        held, count = [joined[GROUP:].copy()], count - GROUP
                        yield joined[:GROUP]
            if count:
                yield np.concatenate(held)
        finally:
            self.close()

    def _partitions(self) -> Iterator[tuple[int, Runs]]:
        """Every partition in turn: how many it holds, and its runs."""
        held, self._held, self._count = self._held, [], 0
        if not self._files:
            yield sum(map(len, held)), partial(iter, held)
            return
        rest = _partitioned(np.sort(np.concatenate([np.empty(0, np.uint64), *held])))
        held.clear()
        for file, size, some in zip(self._files, self._sizes, rest, strict=True):
            yield size // 8 + len(some), _rereading(file, size, some)

    def close(self) -> None:
        """Let go of memory and files."""
        for file in self._files:
            file.close()
        self._files, self._held, self._count = [], [], 0
        self._sizes = [0] * 2**PARTITION_BITS


def _nameless_files(count: int) -> list[IO[bytes]]:
    """All of them, or none and an :class:`OSError`."""
    files: list[IO[bytes]] = []
    try:
        for _ in range(count):
            files.append(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115, PERF401
    except OSError:
        for file in files:
            file.close()
        raise
    return files


def _rereading(file: IO[bytes], size: int, rest: Fingerprints) -> Runs:
    """A partition's runs: what lies in its file, a chunk at a time, and what is still in memory."""
    if size <= 8 * _CHUNK:
        held = [np.frombuffer(chunk, np.uint64) for chunk in _chunks(file, size)]
        return lambda: [*held, rest]

    def runs() -> Iterator[Fingerprints]:
        for chunk in _chunks(file, size):
            yield np.frombuffer(chunk, np.uint64)
        yield rest

    return runs


def _chunks(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The first ``size`` bytes of a file, in whole fingerprints."""
    try:
        file.seek(0)
        while size:
            wanted = min(size, 8 * _CHUNK)
            chunks: list[bytes] = []
            while wanted and (some := file.read(wanted)):
                chunks.append(some)
                wanted -= len(some)
                size -= len(some)
            if wanted:
                raise OSError("it became shorter")
            yield b"".join(chunks)
    except OSError as error:
        raise lost_temporary_file("fingerprints", error) from None


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write everything at once: what a buffer holds back on a full disk would fail again with the next seek."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _partitioned(ascending: Fingerprints) -> list[Fingerprints]:
    """An ascending array, cut where the top bits change."""
    tops = np.arange(1, 2**PARTITION_BITS, dtype=np.uint64) << np.uint64(64 - PARTITION_BITS)
    return np.split(ascending, np.searchsorted(ascending, tops))


def _repeated(runs: Runs, size: int, pieces: int, piece: int, token: CancelToken) -> Fingerprints:
    """:func:`repeated_values` of those whose bits behind the partition's are ``piece``; ``pieces`` is a power of two."""
    shift = np.uint64(64 - PARTITION_BITS - (pieces - 1).bit_length())
    mask, wanted = np.uint64(pieces - 1), np.uint64(piece)
    return repeated_values(lambda: (run[((run >> shift) & mask) == wanted] for run in runs()), size, token)


def repeated_values(runs: Runs, size: int, token: CancelToken, places: _Places | None = None) -> Fingerprints:
    """Each value that stands more than once in all runs together, once, in ascending order; ``size`` are all of them.

    ``places`` are those of all runs, where they were marked before.
    """
    held = [np.empty(0, np.uint64)]
    count = 0
    for some in _sharing_a_place(runs, size, token, places):
        held.append(_at_most_two(np.sort(some)))
        count += len(held[-1])
        if count > 2 * TOGETHER:
            held = [_at_most_two(np.sort(np.concatenate(held)))]
            count = 0
    values = np.sort(np.concatenate(held))
    return np.unique(values[1:][values[1:] == values[:-1]])


def _at_most_two(ascending: Fingerprints) -> Fingerprints:
    """Each value at most twice: that it occurs more than once is all that matters."""
    keep = np.ones(len(ascending), np.bool_)
    keep[2:] = ascending[2:] != ascending[:-2]
    return ascending[keep]


class _Places:
    """A table of bits in which a fingerprint's low bits are its place; one in eight of ``size`` shares it by chance."""

    def __init__(self, code: MachineCode, size: int) -> None:
        from auditor_app.native.library import address

        self._code, self._address = code, address
        self._mask = 2 ** max(_FEWEST_BITS, _BITS_EACH * min(size, 2 * TOGETHER) - 1).bit_length() - 1
        self._seen, self._again = (np.zeros((self._mask + 1) // 64, np.uint64) for _ in range(2))
        self._at = address(self._seen), address(self._again)

    def mark(self, run: Fingerprints) -> None:
        """Enter some."""
        self._code.mark_equals(self._address(run), len(run), *self._at, self._mask)

    def shared(self, run: Fingerprints) -> Fingerprints:
        """Those of a run, which was entered, whose place is another one's too."""
        room = np.empty(len(run) + 1, np.uint64)
        taken = self._code.take_marked(self._address(run), len(run), self._at[1], self._mask, self._address(room))
        return room[:taken].copy()


def _sharing_a_place(runs: Runs, size: int, token: CancelToken, places: _Places | None) -> Iterator[Fingerprints]:
    """The values whose low bits are those of another one too: all that are equal to another, and about one in eight.

    All of them where this process has no machine code.
    """
    code = _loaded()
    if code is None:
        yield from runs()
        return
    if places is None:
        places = _Places(code, size)
        for run in runs():
            token.check()
            places.mark(run)
    for run in runs():
        token.check()
        yield places.shared(run)


def _loaded() -> MachineCode | None:
    """Machine code, where this process has loaded it before."""
    if "auditor_app.native.library" not in sys.modules:
        return None
    from auditor_app.native.library import loaded

    return loaded()
