"""Repeated ids in a ledger of any size and order: partitions of keyed fingerprints, and exact confirmation of hits.

Every id gives a 64-bit fingerprint under a key drawn for this run and never written anywhere. Fingerprints are held in
memory up to a limit, then in temporary files, one for each value of their top bits; what lies in a file is no id, and
without the key no way to one. Equal ids have equal fingerprints and so meet in one partition, and there in one place of a
table of bits; the few that share a place are sorted, which finds every repetition. The ledger is then read once more and
the ids behind the hits compared byte by byte, so that two ids that merely share a fingerprint raise no alarm.

A temporary file is created without a name where the system can (POSIX: it is unlinked at once; Windows: deleted on
close), with mode 0600; nothing is left behind even by a killed process.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
import numpy.typing as npt

from auditor_app.native.library import address, machine_code
from auditor_app.operation import CancelToken

_BITS_EACH = 8
"""Bits of a table for each fingerprint in it: one in eight shares its place with another one by chance."""

_FEWEST_BITS = 2**10

Fingerprints = npt.NDArray[np.uint64]

PARTITION_BITS = 6
HELD_IN_MEMORY = 2**20
"""Fingerprints (8 bytes each) held before they are written out."""


class FingerprintStore:
    """Takes fingerprints in any number, gives back those that occur more than once."""

    def __init__(self, held_in_memory: int = HELD_IN_MEMORY) -> None:
        self._limit = held_in_memory
        self._held: list[Fingerprints] = []
        self._count = 0
        self._files: list[IO[bytes]] = []
        self._sizes = [0] * 2**PARTITION_BITS

    def add(self, fingerprints: Fingerprints) -> None:
        """Take some more; the array is kept as it is."""
        self._held.append(fingerprints)
        self._count += len(fingerprints)
        if self._count > self._limit:
            self._spill()

    def _spill(self) -> None:
        """Write what is held to its partitions; where the disk takes nothing more, go on in memory."""
        sizes = list(self._sizes)
        try:
            if not self._files:
                for _ in sizes:
                    self._files.append(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115
                    weakref.finalize(self, self._files[-1].close)
            for number, some in enumerate(_partitioned(np.sort(np.concatenate(self._held)))):
                _write_all(self._files[number], some.tobytes())
                sizes[number] += some.nbytes
        except OSError:
            self._limit *= 2**20
            return
        self._held, self._count, self._sizes = [], 0, sizes

    def repeated(self, token: CancelToken) -> Fingerprints:
        """The fingerprints that occur more than once, in ascending order; the store is empty afterwards."""
        some = [np.empty(0, np.uint64)]
        for values in self._partitions():
            token.check()
            some.append(repeated_values(values))
        self.close()
        return np.concatenate(some)

    def _partitions(self) -> Iterator[Sequence[Fingerprints]]:
        """Every partition in turn, in runs."""
        held, self._held, self._count = self._held, [], 0
        if not self._files:
            yield held
            return
        rest = _partitioned(np.sort(np.concatenate([np.empty(0, np.uint64), *held])))
        del held
        for file, size, some in zip(self._files, self._sizes, rest, strict=False):
            file.seek(0)
            yield np.frombuffer(_read_all(file, size), np.uint64), some

    def close(self) -> None:
        """Let go of memory and files."""
        for file in self._files:
            file.close()
        self._files, self._held, self._count = [], [], 0
        self._sizes = [0] * 2**PARTITION_BITS


def _read_all(file: IO[bytes], size: int) -> bytes:
    """Exactly ``size`` bytes."""
    chunks: list[bytes] = []
    while size and (chunk := file.read(size)):
        chunks.append(chunk)
        size -= len(chunk)
    if size:
        raise OSError("a temporary file of fingerprints became shorter")
    return b"".join(chunks)


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write everything at once: what a buffer holds back on a full disk would fail again with the next seek."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _partitioned(ascending: Fingerprints) -> list[Fingerprints]:
    """An ascending array, cut where the top bits change."""
    tops = np.arange(1, 2**PARTITION_BITS, dtype=np.uint64) << np.uint64(64 - PARTITION_BITS)
    return np.split(ascending, np.searchsorted(ascending, tops))


def repeated_values(runs: Sequence[Fingerprints]) -> Fingerprints:
    """Each value that stands more than once in all runs together, once, in ascending order."""
    some = np.sort(_sharing_a_place(runs))
    return np.unique(some[1:][some[1:] == some[:-1]])


def _sharing_a_place(runs: Sequence[Fingerprints]) -> Fingerprints:
    """The values whose low bits are those of another one too: all that are equal to another, and about one in eight."""
    code = machine_code()
    bits = max(_FEWEST_BITS, _BITS_EACH * sum(map(len, runs)) - 1).bit_length()
    seen, again = (np.zeros(2**bits // 64, np.uint64) for _ in range(2))
    pieces = [(address(run), len(run)) for run in runs]
    for place, count in pieces:
        code.mark_equals(place, count, address(seen), address(again), 2**bits - 1)
    found = [np.empty(0, np.uint64)]
    for place, count in pieces:
        room = np.empty(count + 1, np.uint64)
        taken = code.take_marked(place, count, address(again), 2**bits - 1, address(room))
        found.append(room[:taken].copy())
    return np.concatenate(found)
