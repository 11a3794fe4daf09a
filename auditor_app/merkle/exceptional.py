"""Every row of a ledger that a finding is about, not only the first ten that it names: read again, part by part.

Findings count all rows of a kind and name a few. Whoever looks at the ledger wants them all: rows with a minus in an
unsigned column, rows whose id does not follow, rows whose id stands elsewhere too, and the row that breaks the grammar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor_app.findings import Finding
from auditor_app.ledger.browse import LedgerRow, PartRows, Place, named_places, row_index
from auditor_app.ledger.columns import is_amount
from auditor_app.ledger.duplicates import DuplicateSearch, RepeatedIds, keyed_fingerprints
from auditor_app.ledger.parts import count_rows
from auditor_app.ledger.source import PART_ROWS, LedgerPart, LedgerSource, rows_read
from auditor_app.merkle.warm import FEWEST_ROWS, prepared
from auditor_app.operation import CancelToken, Operation

if TYPE_CHECKING:
    from auditor_app.merkle.fast.search import FastDuplicateSearch

MOST_ROWS = 50_000
"""How many rows are given at most."""

_NEGATIVE, _ORDER, _REPEATED = "LEAF.NEGATIVE", "LEAF.ORDER", "LEAF.DUPLICATE"
_STEP = 2**22


@dataclass(frozen=True)
class ExceptionalRow(LedgerRow):
    """A row and the codes of the findings that are about it."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExceptionalRows:
    """The first :data:`MOST_ROWS` in ledger order; ``more`` says that there are others.

    Their numbers are those that the parts give when they are read one by one: as if every part before were full.
    """

    rows: tuple[ExceptionalRow, ...]
    more: bool


def exceptional_rows(
    source: LedgerSource, findings: Sequence[Finding], members: Sequence[str], token: CancelToken
) -> Operation[ExceptionalRows]:
    """All rows that the ledger's ``findings`` are about; ``members`` are the names of its parts, in order.

    A ledger without exceptions is not read at all; repeated ids cost two more passes.
    """
    codes = {item.code for item in findings}
    named = _named(findings, members)
    if not codes & {_NEGATIVE, _ORDER, _REPEATED} and not named:
        return ExceptionalRows((), more=False)
    repeats: dict[int, list[int]] = {}
    all_repeats_known = True
    if _REPEATED in codes:
        repeated = yield from repeated_rows(source, token)
        all_repeats_known = repeated.rows <= len(repeated.places)
        for number, at in repeated.places:
            repeats.setdefault(number, []).append(at)
    rows: list[ExceptionalRow] = []
    count = done = size = 0
    before = b""
    for number, part in enumerate(source.parts(token)):
        found: dict[int, set[str]] = {}
        index = row_index(part, token)
        if _NEGATIVE in codes:
            for at in _negatives(source, part, index, token):
                found.setdefault(at, set()).add(_NEGATIVE)
        if _ORDER in codes:
            late, before = _out_of_order(index, before, token)
            for at in late:
                found.setdefault(at, set()).add(_ORDER)
        for (there, at), several in named.items():
            if there == number and at < len(index):
                found.setdefault(at, set()).update(several)
        for at in repeats.pop(number, ()):
            found.setdefault(at, set()).add(_REPEATED)
        count += len(found)
        for at in sorted(found)[: MOST_ROWS - len(rows)]:
            row = index[at]
            rows.append(ExceptionalRow(number * PART_ROWS + at, row.data, row.size, tuple(sorted(found[at]))))
        done += count_rows(part.data)
        size += len(part.data)
        yield rows_read(source, done, size, "reading the rows that findings are about")
    return ExceptionalRows(tuple(rows), more=count > len(rows) or not all_repeats_known)


def _named(findings: Iterable[Finding], members: Sequence[str]) -> dict[Place, set[str]]:
    """The places that findings name, with their codes."""
    named: dict[Place, set[str]] = {}
    for item in findings:
        for place in named_places([item], members):
            named.setdefault(place, set()).add(item.code)
    return named


def _negatives(source: LedgerSource, part: LedgerPart, index: PartRows, token: CancelToken) -> Iterator[int]:
    """Rows with a minus at the start of a cell of an unsigned amount column."""
    unsigned = [at for at, column in enumerate(source.columns) if is_amount(column) and not column.signed]
    last = -1
    for start in range(0, len(part.data), _STEP):
        token.check()
        stop = start + _STEP + 1
        at = part.data.find(b",-", start, stop)
        while at >= 0:
            row = index.row_of(at)
            if row != last and any(cell[:1] == "-" for cell in _some(index[row].cells, unsigned)):
                last = row
                yield row
            at = part.data.find(b",-", at + 1, stop)


def _some(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    return [cells[at] for at in places if at < len(cells)]


def _out_of_order(index: PartRows, before: bytes, token: CancelToken) -> tuple[list[int], bytes]:
    """Rows whose id does not follow the one before, and the part's last id."""
    late: list[int] = []
    for at in range(len(index)):
        if at % 4096 == 0:
            token.check()
        key = index[at].data.partition(b",")[0]
        if before and key <= before:
            late.append(at)
        before = key
    return late, before


def repeated_rows(source: LedgerSource, token: CancelToken) -> Operation[RepeatedIds]:
    """The repeated ids with the place of every row that holds one, at most :data:`MOST_ROWS` of them, in ledger order."""
    ready = yield from prepared(token)
    search: DuplicateSearch | FastDuplicateSearch = DuplicateSearch(keyed_fingerprints())
    if ready.ready and (source.declared_rows or FEWEST_ROWS) >= FEWEST_ROWS:
        from auditor_app.merkle.fast.search import FastDuplicateSearch

        search = FastDuplicateSearch()
    yield from search.collect(source, token)
    return (yield from search.trace(source, token, MOST_ROWS))
