"""Nodes of 32-leaf groups kept from the first pass, in memory up to a limit and in a nameless temporary file beyond."""

from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass
from typing import IO

import numpy as np

from auditor_app.machine import lost_temporary_file
from auditor_app.merkle.fast.nodes import Nodes

HELD_IN_MEMORY = 2**22
"""Bytes kept in memory for one tree; about 40,000 groups of a tree with four sums."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Where one part's nodes stand: in memory, or from ``offset`` in the file."""

    data: bytes | None
    offset: int
    size: int
    count: int
    limbs: int


class KeptNodes:
    """Nodes of one level, part by part. One reader at a time."""

    def __init__(self, coins: int, words: int, held_in_memory: int = HELD_IN_MEMORY) -> None:
        """``words`` is how many 32-bit words of a digest the scheme keeps at most."""
        self._coins = coins
        self._words = words
        self._limit = held_in_memory
        self._runs: list[_Run] = []
        self._held = 0
        self._written = 0
        self._file: IO[bytes] | None = None

    def append(self, nodes: Nodes) -> None:
        """Keep the next part's nodes; where the disk takes nothing more, in memory whatever the limit."""
        digests = nodes.digests[:, [*range(self._words), 8]]
        data = b"".join([np.ascontiguousarray(array).tobytes() for array in (digests, nodes.sums, nodes.present)])
        on_disk = self._held + len(data) > self._limit and self._write(data)
        self._runs.append(
            _Run(None if on_disk else data, self._written - len(data), len(data), len(nodes), nodes.limbs)
        )
        self._held += 0 if on_disk else len(data)

    def _write(self, data: bytes) -> bool:
        """Put the bytes at the file's end; whether it took all of them."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            self._file.seek(self._written)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            return False
        self._written += len(data)
        return True

    def part(self, number: int) -> Nodes:
        """The nodes of one part."""
        run = self._runs[number]
        data = memoryview(self._bytes(run))
        nodes = Nodes.empty(run.count, self._coins, run.limbs)
        digests = 4 * run.count * (self._words + 1)
        sums = digests + 8 * run.count * self._coins * run.limbs
        words = np.frombuffer(data[:digests], np.uint32).reshape(run.count, self._words + 1)
        nodes.digests[:] = 0
        nodes.digests[:, : self._words] = words[:, :-1]
        nodes.digests[:, 8] = words[:, -1]
        nodes.sums[:] = np.frombuffer(data[digests:sums], np.int64).reshape(nodes.sums.shape)
        nodes.present[:] = np.frombuffer(data[sums:], np.uint8).reshape(nodes.present.shape)
        return nodes

    def _bytes(self, run: _Run) -> bytes:
        if run.data is not None:
            return run.data
        assert self._file is not None  # noqa: S101 the run was written to it
        chunks: list[bytes] = []
        missing = run.size
        try:
            self._file.seek(run.offset)
            while missing:
                chunk = self._file.read(missing)
                if not chunk:
                    raise OSError("it became shorter")
                chunks.append(chunk)
                missing -= len(chunk)
        except OSError as error:
            raise lost_temporary_file("kept nodes", error) from None
        return b"".join(chunks)

    def __len__(self) -> int:
        return len(self._runs)
