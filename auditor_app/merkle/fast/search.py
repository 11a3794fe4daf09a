"""Repeated ids at full speed: fingerprints come from the pass over the parts, hits are compared exactly in a second one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from auditor_app.errors import Location
from auditor_app.ledger.checks import DuplicateSearch, Repeated
from auditor_app.ledger.fast_scan import FastPartScan, ScanTable
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.repeats import Fingerprints, FingerprintStore
from auditor_app.ledger.source import LedgerPart, LedgerSource, rows_read
from auditor_app.merkle.fast.part import FingerprintPass
from auditor_app.native.layout import KEY_BYTES
from auditor_app.operation import CancelToken, Operation


class FastDuplicateSearch:
    """As :class:`~auditor_app.ledger.checks.DuplicateSearch`, in bounded memory."""

    MAX_CANDIDATES = DuplicateSearch.MAX_CANDIDATES
    """How many repeated ids are traced, the first in row order; beyond that only the number is reported."""

    def __init__(self) -> None:
        self.key = os.urandom(KEY_BYTES)
        self._store = FingerprintStore()

    def add(self, fingerprints: Fingerprints) -> None:
        """Take a part's fingerprints."""
        self._store.add(fingerprints)

    def candidates(self, token: CancelToken) -> tuple[Fingerprints, int]:
        """The repeated fingerprints in ascending order, and how many there are; frees the rest."""
        repeated = self._store.repeated(token)
        return repeated, len(repeated)

    def collect(self, source: LedgerSource, token: CancelToken) -> Operation[None]:
        """Take the ids of a whole ledger that was not fingerprinted as it was scanned."""
        size = 0
        for part, prints in self._fingerprinted(source, token):
            self.add(prints)
            size += len(part.data)
            yield rows_read(source, part.first_row + len(prints), size, "comparing ids")

    def trace(self, source: LedgerSource, token: CancelToken) -> Operation[tuple[tuple[Repeated, ...], int]]:
        """The repeated ids, confirmed, and how many fingerprints repeat."""
        candidates, count = self.candidates(token)
        repeated: tuple[Repeated, ...] = ()
        if count:
            repeated = yield from self.confirm(source, candidates, token)
        return repeated, count

    def confirm(
        self, source: LedgerSource, candidates: Fingerprints, token: CancelToken
    ) -> Operation[tuple[Repeated, ...]]:
        """Read the ledger once more and compare the candidates' ids exactly."""
        seen: dict[bytes, tuple[int, Location, Location | None]] = {}
        size = 0
        for part, prints in self._fingerprinted(source, token):
            for row, key in _rows(part, _hits(prints, candidates)):
                if key not in seen and len(seen) >= self.MAX_CANDIDATES:
                    continue
                at = Location(part.name, part.rows_before + row + 1, source.columns[0].name)
                count, first, second = seen.get(key, (0, at, None))
                seen[key] = (count + 1, first, at if count == 1 else second)
            size += len(part.data)
            yield rows_read(source, part.first_row + len(prints), size, "comparing repeated ids")
        return tuple(
            Repeated(key.decode("ascii"), count, first, second)
            for key, (count, first, second) in seen.items()
            if second is not None
        )

    def _fingerprinted(self, source: LedgerSource, token: CancelToken) -> Iterator[tuple[LedgerPart, Fingerprints]]:
        """Every part with its ids' fingerprints."""
        table = ScanTable.of(Grammar.of(source.columns))
        for part in source.parts(token):
            scan = FastPartScan(part, table, keep_amounts=False)
            prints = FingerprintPass(self.key)
            for chunk in scan.chunks():
                token.check()
                prints.add(scan, chunk)
            yield part, prints.result()

    def hits(
        self, source: LedgerSource, candidates: Fingerprints, token: CancelToken
    ) -> Iterator[tuple[LedgerPart, npt.NDArray[np.int64]]]:
        """Every part with its rows, by 0-based number, whose fingerprint is one of the candidates."""
        for part, prints in self._fingerprinted(source, token):
            yield part, np.array(_hits(prints, candidates) if len(candidates) else [], np.int64)


def _hits(prints: Fingerprints, candidates: Fingerprints) -> list[int]:
    """The rows whose fingerprint is one of the ascending ``candidates``."""
    places = np.minimum(np.searchsorted(candidates, prints), len(candidates) - 1)
    return np.flatnonzero(candidates[places] == prints).tolist()


def _rows(part: LedgerPart, numbers: list[int]) -> Iterator[tuple[int, bytes]]:
    """The keys of some rows of a part, by ascending 0-based number."""
    if not numbers:
        return
    starts = np.flatnonzero(np.frombuffer(part.data, np.uint8) == ord("\n")) + 1
    for number in numbers:
        start = int(starts[number - 1]) if number else 0
        yield number, part.data[start : part.data.index(b",", start)]
