"""Repeated ids at full speed: fingerprints come from the pass over the parts, hits are compared exactly in another one.

One pass confirms :data:`~auditor_app.ledger.repeats.GROUP` repeated fingerprints, whatever the ledger's size; where more
repeat, the next ones take another pass. Threads look the candidates up and copy the ids behind them; one thread compares
those with the first id of the same fingerprint, byte by byte.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from auditor_app.ledger.duplicates import Candidates, RepeatedIds, RepeatTally, confirm, ids_of
from auditor_app.ledger.fast_scan import FastPartScan, ScanTable
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.repeats import Fingerprints, FingerprintStore
from auditor_app.ledger.source import LedgerPart, LedgerSource, rows_read
from auditor_app.merkle.fast.part import FingerprintPass, Slice, slices
from auditor_app.merkle.fast.pool import in_order
from auditor_app.merkle.fast.same_print import SamePrint, TooManyShared, spread
from auditor_app.native.layout import KEY_BYTES
from auditor_app.operation import CancelToken, Operation
from auditor_app.processors import processors


@dataclass(frozen=True)
class Hits:
    """Rows of one slice whose fingerprint is a candidate: row in the part, which candidate, and the ids, joined."""

    part: LedgerPart
    size: int
    last: bool
    rows: npt.NDArray[np.int64]
    which: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    ids: npt.NDArray[np.uint8]


class FastDuplicateSearch:
    """As :class:`~auditor_app.ledger.duplicates.DuplicateSearch`, at the speed of compiled code."""

    def __init__(self) -> None:
        self.key = os.urandom(KEY_BYTES)
        self._store = FingerprintStore()

    def add(self, fingerprints: Fingerprints) -> None:
        """Take a part's fingerprints."""
        self._store.add(fingerprints)

    def collect(self, source: LedgerSource, token: CancelToken) -> Operation[None]:
        """Take the ids of a whole ledger that was not fingerprinted as it was scanned."""
        table = ScanTable.of(Grammar.of(source.columns))

        def work(some: Slice, on_rows: Callable[[int], None]) -> tuple[int, Fingerprints]:
            return some.size, _fingerprinted(some, table, self.key, on_rows)[0]

        size = 0
        for result in in_order(slices(source.parts(token)), work, token, processors()):
            if isinstance(result, int):
                yield rows_read(source, result, size, "comparing ids")
            else:
                size += result[0]
                self.add(result[1])

    def trace(self, source: LedgerSource, token: CancelToken, most_places: int = 0) -> Operation[RepeatedIds]:
        """The repeated ids, confirmed; with the first ``most_places`` rows that hold one."""
        tally = RepeatTally(source, most_places)
        for number, candidates in enumerate(self._store.repeated(token)):
            yield from self._confirm(source, candidates, number, tally, token)
        return tally.result()

    def _confirm(
        self, source: LedgerSource, candidates: Fingerprints, group: int, tally: RepeatTally, token: CancelToken
    ) -> Operation[None]:
        """One pass over the ledger for some candidates; by the ids alone where they hardly tell ids apart."""
        same = SamePrint(len(candidates), tally)
        what = "comparing repeated ids" + (f", group {group + 1}" if group else "")
        table = ScanTable.of(Grammar.of(source.columns))
        work = partial(self._look_up, table, candidates)
        size = number = 0
        try:
            for result in in_order(slices(source.parts(token)), work, token, processors()):
                if isinstance(result, int):
                    yield rows_read(source, result, size, what)
                    continue
                tally.meet(number, result.part)
                same.add(number, result.rows, result.which, result.lengths, result.ids)
                size += result.size
                number += result.last
            same.finish()
        except TooManyShared:
            yield from confirm(source, partial(self._candidates, source, candidates, token), tally, token)

    def _look_up(self, table: ScanTable, candidates: Fingerprints, some: Slice, on_rows: Callable[[int], None]) -> Hits:
        """Which rows of a slice may hold a repeated id."""
        prints, starts, lengths = _fingerprinted(some, table, self.key, on_rows)
        places = np.minimum(np.searchsorted(candidates, prints), len(candidates) - 1)
        rows = np.flatnonzero(candidates[places] == prints)
        lengths = lengths[rows]
        ids = np.frombuffer(some.part.data, np.uint8)[spread(starts[rows], lengths)]
        part = replace(some.part, data=b"", marks=None)
        return Hits(part, some.size, some.last, rows + some.span.row, places[rows], lengths, ids)

    def _candidates(self, source: LedgerSource, candidates: Fingerprints, token: CancelToken) -> Iterator[Candidates]:
        """Every part with its rows whose fingerprint is one of the candidates."""
        table = ScanTable.of(Grammar.of(source.columns))
        for number, part in enumerate(source.parts(token)):
            some = np.concatenate(
                [_fingerprinted(one, table, self.key, lambda _rows: token.check())[0] for one in slices([part])]
            )
            places = np.minimum(np.searchsorted(candidates, some), len(candidates) - 1)
            rows = np.flatnonzero(candidates[places] == some).tolist()
            ids = ids_of(part)
            yield Candidates(number, part, rows, [ids[row] for row in rows], len(ids))


def _fingerprinted(
    some: Slice, table: ScanTable, key: bytes, on_rows: Callable[[int], None]
) -> tuple[Fingerprints, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For every row of a slice its id's fingerprint, where it begins in the part, and how long it is."""
    scan = FastPartScan(some.part, table, some.span, keep_amounts=False)
    prints = FingerprintPass(key)
    starts, lengths = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for chunk in scan.chunks():
        prints.add(scan, chunk)
        starts.append(chunk.cells[:, 0].astype(np.int64))
        lengths.append(chunk.cells[:, 1] - starts[-1] - 1)
        on_rows(len(chunk.cells))
    return prints.result(), np.concatenate(starts), np.concatenate(lengths)
