"""Nodes of 32-leaf groups kept from the first pass, in memory up to a limit and in a nameless temporary file beyond."""

from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass

import numpy as np

from auditor_app.merkle.fast.nodes import Nodes

HELD_IN_MEMORY = 2**22
"""Bytes kept in memory for one tree; about 40,000 groups of a tree with four sums."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Where one part's nodes stand."""

    offset: int
    count: int
    limbs: int


class KeptNodes:
    """Nodes of one level, part by part. One reader at a time."""

    def __init__(self, coins: int, words: int, held_in_memory: int = HELD_IN_MEMORY) -> None:
        """``words`` is how many 32-bit words of a digest the scheme keeps at most."""
        self._coins = coins
        self._words = words
        self._runs: list[_Run] = []
        self._size = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=held_in_memory)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def append(self, nodes: Nodes) -> None:
        """Keep the next part's nodes."""
        digests = nodes.digests[:, [*range(self._words), 8]]
        self._file.seek(self._size)
        for array in (digests, nodes.sums, nodes.present):
            data = np.ascontiguousarray(array).tobytes()
            self._file.write(data)
            self._size += len(data)
        length = digests.nbytes + nodes.sums.nbytes + nodes.present.nbytes
        self._runs.append(_Run(self._size - length, len(nodes), nodes.limbs))

    def part(self, number: int) -> Nodes:
        """The nodes of one part."""
        run = self._runs[number]
        self._file.seek(run.offset)
        nodes = Nodes.empty(run.count, self._coins, run.limbs)
        nodes.digests[:] = 0
        words = self._read(np.uint32, run.count, self._words + 1)
        nodes.digests[:, : self._words] = words[:, :-1]
        nodes.digests[:, 8] = words[:, -1]
        nodes.sums[:] = self._read(np.int64, run.count, self._coins * run.limbs).reshape(nodes.sums.shape)
        nodes.present[:] = self._read(np.uint8, run.count, self._coins)
        return nodes

    def _read(self, kind: type[np.generic], rows: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.generic]]:
        data = self._file.read(rows * width * np.dtype(kind).itemsize)
        return np.frombuffer(data, kind).reshape(rows, width)

    def __len__(self) -> int:
        return len(self._runs)
