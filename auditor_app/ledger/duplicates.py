"""Repeated ids, confirmed exactly: how many there are, in how many rows, and where the first ones stand.

Whatever finds candidates gives the rows that may hold a repeated id; here their ids are compared byte by byte. Only so
many ids are held at a time: where there are more, the ids are parted by a keyed hash and the candidates read again for
each share, so that the answer is exact for any number of repeated ids, in bounded memory, with no id on disk.
"""

from __future__ import annotations

import heapq
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from auditor_app.errors import Location
from auditor_app.findings import Finding, finding
from auditor_app.ledger.repeats import FingerprintStore
from auditor_app.ledger.scan import EXAMPLES
from auditor_app.ledger.source import LedgerPart, LedgerSource, rows_read
from auditor_app.operation import CancelToken, Operation

Fingerprints = Callable[[Sequence[bytes]], "array[int]"]
"""Signed 64-bit keyed hashes of ids; the same function must serve a whole run."""

MOST_HELD = 2**18
"""Different ids that are held at a time to be compared: about 60 MB of them."""

_ROW_BITS = 32

Places = npt.NDArray[np.int64]
"""Rows, each as one number: the part's number above, the 0-based row in it in the low 32 bits."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """One id that occurs more than once: how often, and where for the first and second time."""

    key: str
    count: int
    first: Location
    second: Location


@dataclass(frozen=True, slots=True)
class RepeatedIds:
    """How many ids occur more than once and in how many rows; the first few by name.

    ``places`` are the first of those rows in ledger order, as many as were asked for: number of the part, row in it.
    """

    ids: int
    rows: int
    named: tuple[Repeated, ...]
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One id that occurs more than once, places as numbers."""

    first: int
    second: int
    count: int
    key: bytes


def place_number(part: int, row: int) -> int:
    """A row as one number; such numbers are in ledger order."""
    return part << _ROW_BITS | row


class RepeatTally:
    """Joins what is found about some ids after the other; holds the first few of everything."""

    def __init__(self, source: LedgerSource, most_places: int = 0) -> None:
        self._column = source.columns[0].name
        self._most_places = most_places
        self._parts: list[tuple[str, int]] = []
        self._named: list[Trace] = []
        self._places: list[Places] = []
        self._held_places = 0
        self.ids = 0
        self.rows = 0

    @property
    def wants_places(self) -> bool:
        """Whether rows are wanted, not only their number."""
        return self._most_places > 0

    def meet(self, number: int, part: LedgerPart) -> None:
        """Know the part ``number``, which is met in order; a second time changes nothing."""
        if number == len(self._parts):
            self._parts.append((part.name, part.rows_before))

    def add(self, ids: int, rows: int, first: Sequence[Trace]) -> None:
        """Take ``ids`` more, in ``rows`` rows; ``first`` are those of them that stand first, :data:`EXAMPLES` at most."""
        self.ids += ids
        self.rows += rows
        self._named = sorted([*self._named, *first], key=lambda trace: trace.first)[:EXAMPLES]

    def add_places(self, places: Places) -> None:
        """Take rows whose id occurs in another row too, in any order; one that is known already changes nothing."""
        if not self.wants_places:
            return
        self._places.append(places)
        self._held_places += len(places)
        if self._held_places > 4 * self._most_places + 2**16:
            self._places = [self._first_places()]
            self._held_places = len(self._places[0])

    def _first_places(self) -> Places:
        return np.unique(np.concatenate([np.empty(0, np.int64), *self._places]))[: self._most_places].copy()

    def result(self) -> RepeatedIds:
        """All of it, with the parts' own names and rows."""
        named = tuple(
            Repeated(trace.key.decode("ascii"), trace.count, self._at(trace.first), self._at(trace.second))
            for trace in self._named
        )
        places = self._first_places()
        rows = (places & (2**_ROW_BITS - 1)).tolist()
        return RepeatedIds(self.ids, self.rows, named, tuple(zip((places >> _ROW_BITS).tolist(), rows, strict=True)))

    def _at(self, place: int) -> Location:
        name, before = self._parts[place >> _ROW_BITS]
        return Location(name, before + (place & (2**_ROW_BITS - 1)) + 1, self._column)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one part that may hold a repeated id, ascending, with their ids; ``rows_read`` are all of the part."""

    number: int
    part: LedgerPart
    rows: Sequence[int]
    ids: Sequence[bytes]
    rows_read: int


Hits = Callable[[], Iterator[Candidates]]
"""Reads the whole ledger once more: every part in turn."""


def confirm(source: LedgerSource, hits: Hits, tally: RepeatTally, token: CancelToken) -> Operation[None]:
    """Count the ids that occur more than once among the hits, by the ids themselves; one pass for each share of them."""
    salt = os.urandom(16)
    shares = [(1, 0)]
    while shares:
        share = _Share(salt, *shares.pop(), tally)
        done = size = 0
        for some in hits():
            tally.meet(some.number, some.part)
            for at in range(0, len(some.rows), 2**14):
                token.check()
                share.add(some.number, some.rows[at : at + 2**14], some.ids[at : at + 2**14])
            done += some.rows_read
            size += len(some.part.data)
            yield rows_read(source, done, size, "comparing repeated ids")
        share.finish()
        shares += share.left


class _Share:
    """The ids whose keyed hash leaves ``rest`` when divided by ``modulus``; halves itself where they become too many."""

    def __init__(self, salt: bytes, modulus: int, rest: int, tally: RepeatTally) -> None:
        self._salt, self._modulus, self._rest = salt, modulus, rest
        self._tally = tally
        self._seen: dict[bytes, tuple[int, int, int]] = {}
        self._again: list[int] = []
        self.left: list[tuple[int, int]] = []
        """Shares that were put aside, each to be counted in a pass of its own."""

    def add(self, number: int, rows: Sequence[int], ids: Sequence[bytes]) -> None:
        """Count some rows of one part."""
        seen = self._seen
        for row, key in zip(rows, ids, strict=True):
            place = place_number(number, row)
            held = seen.get(key)
            if held is None:
                if self._is_ours(key):
                    seen[key] = (1, place, -1)
                    if len(seen) > MOST_HELD:
                        self._halve()
                        seen = self._seen
                continue
            count, first, second = held
            seen[key] = (count + 1, first, place if count == 1 else second)
            if self._tally.wants_places:
                self._again.append(place)
        if len(self._again) > 2**16:
            self._tell_places()

    def _is_ours(self, key: bytes) -> bool:
        return self._modulus == 1 or hash(self._salt + key) % self._modulus == self._rest

    def _halve(self) -> None:
        """Put half of the ids aside until the others can be held."""
        while len(self._seen) > MOST_HELD:
            self.left.append((2 * self._modulus, self._rest + self._modulus))
            self._modulus *= 2
            self._seen = {key: held for key, held in self._seen.items() if self._is_ours(key)}

    def _tell_places(self) -> None:
        self._tally.add_places(np.array(self._again, np.int64))
        self._again = []

    def finish(self) -> None:
        """Tell what repeats."""
        repeated = [Trace(first, second, count, key) for key, (count, first, second) in self._seen.items() if count > 1]
        self._again += [trace.first for trace in repeated]
        self._tell_places()
        first = heapq.nsmallest(EXAMPLES, repeated, key=lambda trace: trace.first)
        self._tally.add(len(repeated), sum(trace.count for trace in repeated), first)


def keyed_fingerprints() -> Fingerprints:
    """Fingerprints under a key drawn now: SipHash, as Python computes it for ``bytes``, behind 16 random bytes.

    An issuer who does not know the key cannot prepare ids whose fingerprints collide; and since every hit is
    confirmed by the ids themselves, a collision could cost time but never make a finding.
    """
    key = os.urandom(16)

    def fingerprints(ids: Sequence[bytes]) -> array[int]:
        return array("q", [hash(key + one) for one in ids])

    return fingerprints


class DuplicateSearch:
    """Finds repeated ids in any order, in bounded memory, with no id on disk: the reference.

    Equal fingerprints are candidates, and another pass over the ledger reads the candidates' ids and compares them
    exactly, so there is no false alarm. An id that occurs twice has the same fingerprint twice, so none is missed.
    """

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self._store = FingerprintStore()

    def add(self, ids: Sequence[bytes]) -> None:
        """Take the next rows' ids."""
        self._store.add(self._of(ids))

    def _of(self, ids: Sequence[bytes]) -> npt.NDArray[np.uint64]:
        return np.frombuffer(self._fingerprints(ids), np.int64).view(np.uint64)

    def collect(self, source: LedgerSource, token: CancelToken) -> Operation[None]:
        """Take the ids of a whole ledger."""
        rows = size = 0
        for part in source.parts(token):
            ids = ids_of(part)
            self.add(ids)
            rows += len(ids)
            size += len(part.data)
            yield rows_read(source, rows, size, "comparing ids")

    def trace(self, source: LedgerSource, token: CancelToken, most_places: int = 0) -> Operation[RepeatedIds]:
        """The repeated ids, confirmed; with the first ``most_places`` rows that hold one."""
        tally = RepeatTally(source, most_places)
        for candidates in self._store.repeated(token):
            yield from confirm(source, partial(self._hits, source, candidates, token), tally, token)
        return tally.result()

    def _hits(
        self, source: LedgerSource, candidates: npt.NDArray[np.uint64], token: CancelToken
    ) -> Iterator[Candidates]:
        """Every part with its rows whose fingerprint is one of the candidates."""
        for number, part in enumerate(source.parts(token)):
            ids = ids_of(part)
            rows = np.flatnonzero(np.isin(self._of(ids), candidates)).tolist()
            yield Candidates(number, part, rows, [ids[row] for row in rows], len(ids))


def ids_of(part: LedgerPart) -> list[bytes]:
    """The key of every row."""
    rows = part.data.removesuffix(b"\n").split(b"\n") if part.data else []
    return [row.partition(b",")[0] for row in rows]


def duplicate_finding(source: LedgerSource, repeated: RepeatedIds) -> Finding | None:
    """The finding for repeated ids: all counted, the first few named; ``None`` where no id occurs twice."""
    if not repeated.ids:
        return None
    named = "; ".join(
        f"{item.key} occurs {item.count} times, first in {item.first.text()} and {item.second.text()}"
        for item in repeated.named
    )
    count = repeated.ids
    more = f"; and {count - len(repeated.named)} more" if count > len(repeated.named) else ""
    return finding(
        "LEAF.DUPLICATE",
        procedure="ledger",
        subject=f"ledger {source.name}",
        message=f"{count} {'id occurs' if count == 1 else 'ids occur'} more than once: {named}{more}.",
        expected="each id once",
        observed=str(count),
        at=repeated.named[0].second,
        places=tuple(place for item in repeated.named for place in (item.first, item.second)),
    )
