"""Ids behind equal fingerprints, compared byte by byte: each with the first one that had the same fingerprint."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor_app.ledger.duplicates import RepeatTally, Trace, place_number
from auditor_app.ledger.scan import EXAMPLES

MOST_SHARED = 2**14
"""Ids that are held because another id had their fingerprint before; a good fingerprint has next to none."""

Array = npt.NDArray[np.int64]


class TooManyShared(Exception):
    """Fingerprints hardly tell these ids apart: they must be parted by something else. Nothing was told of them."""


class SamePrint:
    """Counts how often each id occurs whose fingerprint is one of some ``candidates``.

    For each candidate it holds one id, its count and its first two rows: 42 bytes and the id.
    """

    def __init__(self, candidates: int, tally: RepeatTally) -> None:
        self._tally = tally
        self._counts = np.zeros(candidates, np.int64)
        self._first = np.full(candidates, -1, np.int64)
        self._second = np.full(candidates, -1, np.int64)
        self._starts = np.zeros(candidates, np.int64)
        self._lengths = np.zeros(candidates, np.int16)
        self._ids = np.empty(2**16, np.uint8)
        self._used = 0
        self._shared: dict[bytes, list[int]] = {}
        """Count, first and second row of each id that is not the first of its fingerprint."""
        self._places: list[Array] = []

    def add(self, number: int, rows: Array, which: Array, lengths: Array, ids: npt.NDArray[np.uint8]) -> None:
        """Take hits of the part ``number``, by ascending row: which candidate each is, and the ids joined.

        :class:`TooManyShared` where too many ids have the fingerprint of another one.
        """
        if not len(rows):
            return
        places = rows + place_number(number, 0)
        starts = np.cumsum(lengths) - lengths
        self._keep_new(which, starts, lengths, ids)
        same = self._are_equal(which, starts, lengths, ids)
        self._count(which[same], places[same])
        for at in np.flatnonzero(~same).tolist():
            self._count_shared(ids[starts[at] : starts[at] + lengths[at]].tobytes(), int(places[at]))

    def _keep_new(self, which: Array, starts: Array, lengths: Array, ids: npt.NDArray[np.uint8]) -> None:
        """Hold the id of every candidate that is met for the first time."""
        met, first = np.unique(which, return_index=True)
        new = self._lengths[met] == 0
        met, first = met[new], first[new]
        sizes = lengths[first]
        total = int(sizes.sum())
        if self._used + total > len(self._ids):
            room = np.empty(2 * (self._used + total), np.uint8)
            room[: self._used] = self._ids[: self._used]
            self._ids = room
        self._ids[self._used : self._used + total] = ids[spread(starts[first], sizes)]
        self._starts[met] = self._used + np.cumsum(sizes) - sizes
        self._lengths[met] = sizes
        self._used += total

    def _are_equal(
        self, which: Array, starts: Array, lengths: Array, ids: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.bool_]:
        """Whether each id is, byte by byte, the one that is held for its candidate."""
        equal: npt.NDArray[np.bool_] = self._lengths[which] == lengths
        compared = np.flatnonzero(equal)
        if len(compared):
            sizes = lengths[compared]
            differ = self._ids[spread(self._starts[which[compared]], sizes)] != ids[spread(starts[compared], sizes)]
            equal[compared] = ~np.logical_or.reduceat(differ, np.cumsum(sizes) - sizes)
        return equal

    def _count(self, which: Array, places: Array) -> None:
        """Count rows whose id is the one held for their candidate."""
        order = np.argsort(which, kind="stable")
        which, places = which[order], places[order]
        met, begin, counts = np.unique(which, return_index=True, return_counts=True)
        rank = np.arange(len(which)) - np.repeat(begin, counts) + self._counts[which]
        self._first[which[rank == 0]] = places[rank == 0]
        self._second[which[rank == 1]] = places[rank == 1]
        self._counts[met] += counts
        if self._tally.wants_places:
            self._places += [places[rank > 0], self._first[which[rank == 1]]]
            if sum(map(len, self._places)) > 2**18:
                self._tell_places()

    def _count_shared(self, key: bytes, place: int) -> None:
        """Count an id that is not the first of its fingerprint."""
        held = self._shared.get(key)
        if held is None:
            if len(self._shared) >= MOST_SHARED:
                raise TooManyShared
            self._shared[key] = [1, place, -1]
            return
        held[0] += 1
        if held[2] < 0:
            held[2] = place
            self._places.append(np.array([held[1]], np.int64))
        self._places.append(np.array([place], np.int64))

    def _tell_places(self) -> None:
        self._tally.add_places(np.concatenate([np.empty(0, np.int64), *self._places]))
        self._places = []

    def finish(self) -> None:
        """Tell what repeats."""
        repeated = np.flatnonzero(self._counts > 1)
        first = repeated[np.argsort(self._first[repeated])[:EXAMPLES]]
        traces = [
            Trace(int(self._first[at]), int(self._second[at]), int(self._counts[at]), self._id(at))
            for at in first.tolist()
        ]
        more = [Trace(held[1], held[2], held[0], key) for key, held in self._shared.items() if held[0] > 1]
        self._tell_places()
        self._tally.add(len(repeated), int(self._counts[repeated].sum()), traces)
        self._tally.add(len(more), sum(trace.count for trace in more), more)

    def _id(self, candidate: int) -> bytes:
        start = int(self._starts[candidate])
        return self._ids[start : start + int(self._lengths[candidate])].tobytes()


def spread(starts: Array, lengths: Array) -> Array:
    """Every place of some runs, one run behind the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
