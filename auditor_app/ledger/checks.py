"""What is counted and compared over all parts of a ledger: rows, order, negative balances, repeated ids."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor_app.errors import Location
from auditor_app.findings import Finding, finding
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import EXAMPLES, ColumnSum, PartScan, Place
from auditor_app.ledger.source import PART_ROWS, LedgerPart, LedgerSource, rows_read
from auditor_app.operation import CancelToken, Operation

Fingerprints = Callable[[Sequence[bytes]], "array[int]"]
"""Signed 64-bit keyed hashes of ids; the same function must serve a whole run."""


class LedgerTally:
    """Joins the scans of a ledger's parts, in order."""

    def __init__(self, source: LedgerSource, grammar: Grammar) -> None:
        self._source = source
        self._grammar = grammar
        self.rows = 0
        self.part_rows: list[int] = []
        self._sums = [ColumnSum(0, 0)] * len(grammar.amounts)
        self._negative_count = 0
        self._negatives: list[Place] = []
        self._disorder_count = 0
        self._disorder: list[Place] = []
        self._last_key: bytes | None = None
        self._short_parts: list[tuple[str, int, int]] = []

    def add(self, part: LedgerPart, scan: PartScan) -> None:
        """Take the next part's scan."""
        if scan.rows and self._last_key is not None and scan.first_key <= self._last_key:
            key = scan.first_key.decode("ascii")
            at = Location(part.name, part.rows_before + 1, self._grammar.columns[0].name, part.bytes_before)
            self._disorder_count += 1
            self._disorder.append(Place(at, key, key))
        if part.declared_rows is not None and part.declared_rows != scan.rows:
            self._short_parts.append((part.name, part.declared_rows, scan.rows))
        self.rows += scan.rows
        self.part_rows.append(scan.rows)
        self._sums = [
            ColumnSum(held.total + new.total, held.negatives + new.negatives)
            for held, new in zip(self._sums, scan.sums, strict=True)
        ]
        self._negative_count += scan.negative_count
        self._negatives += scan.negatives
        self._disorder_count += scan.disorder_count
        self._disorder += scan.disorder
        self._last_key = scan.last_key if scan.rows else self._last_key

    def sums(self) -> tuple[ColumnSum, ...]:
        """Exact sums of each amount column over all parts."""
        return tuple(self._sums)

    @property
    def ordered(self) -> bool:
        """Whether every key follows the one before: then no id occurs twice."""
        return self._disorder_count == 0

    def findings(self) -> tuple[Finding, ...]:
        """Counts, signs and, where it was declared, order."""
        found = [*self._count_findings()]
        if self._negative_count:
            what = "cells with a minus" if self._negative_count > 1 else "cell with a minus"
            what += " in a column that is not signed"
            found.append(self._places("LEAF.NEGATIVE", what, self._negative_count, self._negatives))
        if self._source.order == "id-ascending" and self._disorder_count:
            what = "ids that do not" if self._disorder_count > 1 else "id that does not"
            what += " follow the id of the row before"
            found.append(self._places("LEAF.ORDER", what, self._disorder_count, self._disorder))
        return tuple(found)

    def _places(self, code: str, what: str, count: int, places: Sequence[Place]) -> Finding:
        """One finding for all places of a kind: all counted, the first few named."""
        named = "; ".join(f"{place.at.text()}: {place.text}" for place in places[:EXAMPLES])
        more = f"; and {count - EXAMPLES} more" if count > EXAMPLES else ""
        return finding(
            code,
            procedure="ledger",
            subject=self._subject,
            message=f"Counted {count} {what}: {named}{more}.",
            expected="none",
            observed=str(count),
            at=places[0].at,
            places=tuple(place.at for place in places[:EXAMPLES]),
        )

    @property
    def _subject(self) -> str:
        return f"ledger {self._source.name}"

    def _count_findings(self) -> Iterator[Finding]:
        """Rows of the ledger and of each part, against what was declared."""
        declared = self._source.declared_rows
        if declared is not None and declared != self.rows:
            yield finding(
                "ROWS.COUNT",
                procedure="ledger",
                subject=self._subject,
                message=f"The ledger declares {declared} rows; {self.rows} were counted.",
                expected=str(declared),
                observed=str(self.rows),
            )
        for name, expected, observed in self._short_parts[:EXAMPLES]:
            yield finding(
                "ROWS.COUNT",
                procedure="ledger",
                subject=self._subject,
                message=f"The part {name} declares {expected} rows; {observed} were counted.",
                expected=str(expected),
                observed=str(observed),
                at=Location(name),
            )
        uneven = [number for number, rows in enumerate(self.part_rows[:-1]) if rows != PART_ROWS]
        if uneven:
            yield finding(
                "ROWS.COUNT",
                procedure="ledger",
                subject=self._subject,
                message=f"Part {uneven[0]} is not the last and does not hold {PART_ROWS} rows.",
                expected=str(PART_ROWS),
                observed=str(self.part_rows[uneven[0]]),
            )


def keyed_fingerprints() -> Fingerprints:
    """Fingerprints under a key drawn now: SipHash, as Python computes it for ``bytes``, behind 16 random bytes.

    An issuer who does not know the key cannot prepare ids whose fingerprints collide; and since every hit is
    confirmed by the ids themselves, a collision could cost time but never make a finding.
    """
    key = os.urandom(16)

    def fingerprints(ids: Sequence[bytes]) -> array[int]:
        return array("q", [hash(key + one) for one in ids])

    return fingerprints


@dataclass(frozen=True, slots=True)
class Repeated:
    """One id that occurs more than once: how often, and where for the first and second time."""

    key: str
    count: int
    first: Location
    second: Location


class DuplicateSearch:
    """Finds repeated ids in any order with 8 bytes a row in memory, and no id on disk.

    The fingerprints of all ids are sorted in place; equal neighbours are candidates, and a second pass over the
    ledger reads the candidates' ids and compares them exactly, so there is no false alarm. An id that occurs twice
    has the same fingerprint twice, so none is missed.
    """

    MAX_CANDIDATES = 2**16
    """How many repeated ids are traced, the first in row order; beyond that only the number is reported."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self._held: array[int] = array("q")

    def add(self, ids: Sequence[bytes]) -> None:
        """Take the next rows' ids."""
        self._held.extend(self._fingerprints(ids))

    def candidates(self) -> npt.NDArray[np.int64]:
        """The repeated fingerprints in ascending order; frees the rest."""
        values = np.frombuffer(self._held, np.int64)
        values.sort()
        repeated = np.unique(values[1:][values[1:] == values[:-1]])
        del values
        self._held = array("q")
        return repeated

    def trace(self, source: LedgerSource, token: CancelToken) -> Operation[tuple[tuple[Repeated, ...], int]]:
        """The repeated ids, confirmed, and how many fingerprints repeat."""
        candidates = self.candidates()
        repeated: tuple[Repeated, ...] = ()
        if len(candidates):
            repeated = yield from self.confirm(source, candidates, token)
        return repeated, len(candidates)

    def confirm(
        self, source: LedgerSource, candidates: npt.NDArray[np.int64], token: CancelToken
    ) -> Operation[tuple[Repeated, ...]]:
        """Read the ledger once more and compare the candidates' ids exactly."""
        seen: dict[bytes, tuple[int, Location, Location | None]] = {}
        done = size = 0
        for part in source.parts(token):
            rows = part.data[:-1].split(b"\n")
            ids = [row.partition(b",")[0] for row in rows]
            for number in np.flatnonzero(np.isin(self._fingerprints(ids), candidates)).tolist():
                if ids[number] not in seen and len(seen) >= self.MAX_CANDIDATES:
                    continue
                at = Location(part.name, part.rows_before + number + 1, source.columns[0].name)
                count, first, second = seen.get(ids[number], (0, at, None))
                seen[ids[number]] = (count + 1, first, at if count == 1 else second)
            done += len(rows)
            size += len(part.data)
            yield rows_read(source, done, size, "comparing repeated ids")
        return tuple(
            Repeated(key.decode("ascii"), count, first, second)
            for key, (count, first, second) in seen.items()
            if second is not None
        )


def duplicate_finding(source: LedgerSource, repeated: Sequence[Repeated], candidates: int) -> Finding | None:
    """The finding for repeated ids; ``None`` where no id occurs twice."""
    if not repeated:
        return None
    named = "; ".join(
        f"{item.key} occurs {item.count} times, first in {item.first.text()} and {item.second.text()}"
        for item in repeated[:EXAMPLES]
    )
    count = max(len(repeated), candidates if candidates > DuplicateSearch.MAX_CANDIDATES else 0)
    more = f"; and {count - EXAMPLES} more" if count > EXAMPLES else ""
    return finding(
        "LEAF.DUPLICATE",
        procedure="ledger",
        subject=f"ledger {source.name}",
        message=f"{count} {'id occurs' if count == 1 else 'ids occur'} more than once: {named}{more}.",
        expected="each id once",
        observed=str(count),
        at=repeated[0].second,
        places=tuple(place for item in repeated[:EXAMPLES] for place in (item.first, item.second)),
    )
