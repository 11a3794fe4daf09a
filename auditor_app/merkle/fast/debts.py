"""Customers' debts at full speed: the compiled scanner's amounts and marks, looked at chunk by chunk, by several threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from auditor_app.errors import Location
from auditor_app.ledger.fast_scan import Chunk, FastPartScan, ScanTable
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.net_debt import Debts, Watched
from auditor_app.ledger.scan import EXAMPLES, ColumnSum
from auditor_app.ledger.source import LedgerSource, rows_read
from auditor_app.merkle.fast.part import Slice, slices
from auditor_app.merkle.fast.pool import in_order
from auditor_app.native.layout import MINUS, PRESENT
from auditor_app.operation import CancelToken, Operation
from auditor_app.processors import processors


@dataclass(slots=True)
class _Owing:
    """One column's rows in debt in one slice: how many, how many of them hold something, the first ones and their keys."""

    rows: int
    set_off: int
    places: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What one slice gives; rows are those of the file."""

    name: str
    size: int
    sums: tuple[ColumnSum, ...]
    owing: list[_Owing]


def count_debts(
    source: LedgerSource, grammar: Grammar, watched: Sequence[Watched], token: CancelToken
) -> Operation[Sequence[Debts]]:
    """What :func:`auditor_app.ledger.net_debt.count_debts` counts; sums are exact, limb by limb."""
    counted = [Debts() for _ in watched]
    work = partial(_count, ScanTable.of(grammar), watched)
    size = 0
    for result in in_order(slices(source.parts(token)), work, token, processors()):
        if isinstance(result, int):
            yield rows_read(source, result, size, "counting debts")
            continue
        size += result.size
        for one, debts, owing in zip(watched, counted, result.owing, strict=True):
            debts.total += result.sums[one.number].total
            debts.owed -= result.sums[one.number].negatives
            debts.rows += owing.rows
            debts.set_off += owing.set_off
            column = source.columns[one.position].name
            missing = EXAMPLES - len(debts.places)
            debts.places += [(Location(result.name, row, column), key) for row, key in owing.places[:missing]]
    return counted


def _count(table: ScanTable, watched: Sequence[Watched], some: Slice, on_rows: Callable[[int], None]) -> _Counted:
    """The debts in one slice."""
    scan = FastPartScan(some.part, table, some.span, keep_amounts=True)
    owing = [_Owing(0, 0, []) for _ in watched]
    before = some.part.rows_before + some.span.row + 1
    for chunk in scan.chunks():
        something = chunk.amounts.any(axis=2)
        below = (chunk.marks == MINUS) & something
        holds = ((chunk.marks == PRESENT) & something).any(axis=1)
        for one, found in zip(watched, owing, strict=True):
            _note(found, scan, chunk, below[:, one.number], holds, before=before)
        before += len(chunk.cells)
        on_rows(len(chunk.cells))
    return _Counted(some.part.name, some.size, scan.result().sums, owing)


def _note(
    found: _Owing,
    scan: FastPartScan,
    chunk: Chunk,
    below: npt.NDArray[np.bool_],
    holds: npt.NDArray[np.bool_],
    *,
    before: int,
) -> None:
    """Take one column of a chunk, whose first row is ``before``."""
    found.rows += int(np.count_nonzero(below))
    found.set_off += int(np.count_nonzero(below & holds))
    if len(found.places) < EXAMPLES:
        first = np.flatnonzero(below)[: EXAMPLES - len(found.places)].tolist()
        found.places += [(before + row, scan.key(chunk, row).decode("ascii")) for row in first]
