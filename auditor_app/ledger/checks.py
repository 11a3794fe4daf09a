"""What is counted and compared over all parts of a ledger: rows, order, negative balances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor_app.errors import Location
from auditor_app.findings import Finding, finding
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import EXAMPLES, ColumnSum, PartScan, Place
from auditor_app.ledger.source import PART_ROWS, LedgerPart, LedgerSource


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
