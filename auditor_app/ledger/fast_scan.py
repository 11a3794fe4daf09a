"""The fast scanner: the same answers as :mod:`auditor_app.ledger.scan`, from a compiled loop over the part's bytes.

It accepts and refuses exactly what the reference scanner does. Where it refuses a row, the reference says why and at
which byte, so that there is one place that words a breach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from auditor_app.errors import Location
from auditor_app.ledger.columns import is_amount
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import EXAMPLES, ColumnSum, PartScan, Place, grammar_error
from auditor_app.ledger.source import SLICE_ROWS, LedgerPart, RowMarks
from auditor_app.native.layout import (
    BASE_UNITS,
    BREACH,
    CELLS_AHEAD,
    COLUMN_WIDTH,
    DECIMAL,
    DISORDER,
    END,
    HEX,
    LONGEST,
    MINUS,
    MINUSES,
    NOTES,
    TOKEN,
    TOO_WIDE,
)
from auditor_app.native.library import address, machine_code
from auditor_app.native.limbs import BASE, NARROW, SUM_LIMBS, WIDE

CHUNK_ROWS = 2**12
"""Rows scanned at a time: what is known of them stays in the processor's second cache."""

_KINDS = {"hex64": HEX, "token": TOKEN, "base-units": BASE_UNITS, "decimal": DECIMAL}


@dataclass(frozen=True)
class Chunk:
    """Some scanned rows; the arrays are used again for the next chunk.

    ``cells`` (row, column) is where each cell begins in the part, and last where the next row begins (the same number in
    memory as the next row's first); ``amounts``
    (row, amount, limb) are magnitudes at the column's scale in limbs of base 10**18, ``marks`` (row, amount) say whether
    each is absent, present or written with a minus.
    """

    first_row: int
    cells: npt.NDArray[np.uint32]
    amounts: npt.NDArray[np.int64]
    marks: npt.NDArray[np.uint8]
    addresses: tuple[int, int, int]
    """Where the three arrays begin."""
    longest_row: int
    """Bytes of the longest row, its LF included."""


@dataclass(frozen=True)
class ScanTable:
    """A grammar as the compiled loop reads it: a line for each column; ``unsigned`` has one entry for each amount."""

    grammar: Grammar
    columns: npt.NDArray[np.int64]
    unsigned: npt.NDArray[np.bool_]

    @staticmethod
    def of(grammar: Grammar) -> ScanTable:
        """The table of one grammar."""
        lines = [
            [_KINDS[column.type], int(column.optional), int(is_amount(column) and not column.signed)]
            for column in grammar.columns
        ]
        unsigned = [not grammar.columns[position].signed for position in grammar.amounts]
        table = np.array(lines, np.int64).reshape(-1, COLUMN_WIDTH)
        return ScanTable(grammar, table, np.array(unsigned, np.bool_))


class ScanRoom:
    """The arrays that a scan fills chunk by chunk, for one thread and one grammar; the next scan may use them again."""

    def __init__(self, table: ScanTable, *, keep_amounts: bool) -> None:
        width, amounts = len(table.columns), len(table.unsigned)
        self.keep_amounts = keep_amounts
        self._table = np.empty(CHUNK_ROWS * width + CELLS_AHEAD, np.uint32)
        self.cells = np.lib.stride_tricks.as_strided(self._table, (CHUNK_ROWS, width + 1), (4 * width, 4))
        self.amounts = np.empty((CHUNK_ROWS, amounts, NARROW if keep_amounts else 0), np.int64)
        self.marks = np.empty((CHUNK_ROWS, amounts), np.uint8)
        self.addresses = (address(self._table), address(self.amounts), address(self.marks))
        self.columns = address(table.columns)
        self.notes = np.empty(NOTES, np.int64)
        self.notes_at = address(self.notes)


class RowCounter:
    """Counts the rows of a part and marks where every so many begin, as its bytes come in."""

    def __init__(self, every: int = SLICE_ROWS) -> None:
        self._every = every
        self._code = machine_code()
        self._rows = self._bytes = 0
        self._starts: list[int] = []

    def add(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        data = np.frombuffer(piece, np.uint8)
        starts = np.empty(len(data) // self._every + 1, np.int64)
        first = self._every - self._rows % self._every
        rows = self._code.find_rows(address(data), len(data), first, self._every, address(starts), len(starts))
        found = (self._rows + rows) // self._every - self._rows // self._every
        self._starts += (starts[:found] + self._bytes).tolist()
        self._rows += rows
        self._bytes += len(data)

    def marks(self) -> RowMarks:
        """What was found."""
        return RowMarks(self._rows, self._every, tuple(self._starts))


@dataclass(frozen=True, slots=True)
class Span:
    """Some whole rows of a part: from byte ``start`` to byte ``stop``; ``row`` is the first one's 0-based number."""

    start: int
    stop: int
    row: int


def spans(part: LedgerPart, rows: int) -> tuple[Span, ...]:
    """The part cut behind every ``rows``-th row; one empty span for an empty part."""
    marks = part.marks
    if marks is None or marks.every != rows:
        counter = RowCounter(rows)
        counter.add(part.data)
        marks = counter.marks()
    bounds = [0, *marks.starts]
    if bounds[-1] != len(part.data) or not part.data:
        bounds.append(len(part.data))
    return tuple(Span(start, stop, rows * number) for number, (start, stop) in enumerate(pairwise(bounds)))


class FastPartScan:
    """Scans one part chunk by chunk and adds up what :func:`~auditor_app.ledger.scan.scan_part` would say of it.

    Needs machine code: whoever makes one has asked :func:`auditor_app.merkle.warm.readiness`.
    """

    def __init__(
        self,
        part: LedgerPart,
        table: ScanTable,
        span: Span | None = None,
        *,
        keep_amounts: bool,
        room: ScanRoom | None = None,
    ) -> None:
        """``span`` takes some rows only; ``keep_amounts`` false leaves :attr:`Chunk.amounts` without limbs: sums are made anyway.

        ``room`` is for this table and ``keep_amounts``, and nobody else's while the scan lasts.
        """
        self._part = part
        self._table = table
        self._room = ScanRoom(table, keep_amounts=keep_amounts) if room is None else room
        self._code = machine_code()
        self._data = np.frombuffer(part.data, np.uint8)
        self.address = address(self._data)
        """Where the part's bytes begin."""
        self._sums = np.zeros((len(table.unsigned), 2, SUM_LIMBS), np.int64)
        self._span = Span(0, len(self._data), 0) if span is None else span
        self._rows = 0
        self._first_key = b""
        self._last_key = b""
        self._negative_count = 0
        self._negatives: list[Place] = []
        self._disorder_count = 0
        self._disorder: list[Place] = []

    @property
    def size(self) -> int:
        """Where the bytes end that may be read."""
        return self._span.stop

    def chunks(self) -> Iterator[Chunk]:
        """The part's rows; :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` where the grammar breaks.

        Nothing of the chunk that holds the breach is yielded.
        """
        room = self._room
        notes = room.notes
        limbs = room.amounts.shape[2]
        sums = address(self._sums)
        start = self._span.start
        while start < self._span.stop:
            notes[:] = 0
            notes[BREACH] = -1
            rows = self._scan(start, CHUNK_ROWS, room.addresses, limbs, sums=sums, notes=room.notes_at)
            if notes[BREACH] >= 0:
                row = self._span.row + self._rows + rows
                raise grammar_error(self._part, self._table.grammar, int(notes[BREACH]), row)
            first = self._part.first_row + self._span.row + self._rows
            said = notes.tolist()
            arrays = room.cells[:rows], room.amounts[:rows], room.marks[:rows]
            chunk = Chunk(first, *arrays, room.addresses, said[LONGEST])
            if said[TOO_WIDE] and room.keep_amounts:
                chunk = self.widened(chunk)
            self._note_order(chunk, said[DISORDER])
            self._note_negatives(chunk, said[MINUSES])
            yield chunk
            self._rows += rows
            start = said[END]

    def widened(self, chunk: Chunk) -> Chunk:
        """The same rows, the last chunk's, with room for every digit that the grammar allows."""
        amounts = np.empty((len(chunk.cells), len(self._table.unsigned), WIDE), np.int64)
        notes = np.zeros(NOTES, np.int64)
        sums = np.zeros_like(self._sums)
        start = int(chunk.cells[0, 0])
        places = (chunk.addresses[0], address(amounts), chunk.addresses[2])
        self._scan(start, len(amounts), places, WIDE, sums=address(sums), notes=address(notes))
        return replace(chunk, amounts=amounts, addresses=places)

    def _scan(
        self,
        start: int,
        rows: int,
        places: tuple[int, int, int],
        limbs: int,
        *,
        sums: int,
        notes: int,
    ) -> int:
        """Scan at most ``rows`` rows from byte ``start`` into the arrays at ``places``; how many. All are addresses."""
        cells, amounts, marks = places
        return self._code.scan_rows(
            self.address,
            self.size,
            start,
            self._room.columns,
            len(self._table.columns),
            cells,
            rows,
            amounts,
            limbs,
            marks,
            len(self._table.unsigned),
            sums,
            notes,
        )

    def key(self, chunk: Chunk, row: int) -> bytes:
        """The key of one row of a chunk."""
        return self._cell(chunk, row, 0)

    def _cell(self, chunk: Chunk, row: int, column: int) -> bytes:
        return self._part.data[chunk.cells[row, column] : chunk.cells[row, column + 1] - 1]

    def _note_order(self, chunk: Chunk, count: int) -> None:
        """Count the keys that do not follow the one before, the chunk's first key included; name the first few."""
        first = self.key(chunk, 0)
        if self._rows == 0:
            self._first_key = first
        elif first <= self._last_key:
            self._disorder_count += 1
            self._note(self._disorder, chunk, 0, 0)
        self._disorder_count += count
        if count and len(self._disorder) < EXAMPLES:
            before = first
            for row in range(1, len(chunk.cells)):
                key = self.key(chunk, row)
                if key <= before:
                    self._note(self._disorder, chunk, row, 0)
                    if len(self._disorder) == EXAMPLES:
                        break
                before = key
        self._last_key = self.key(chunk, len(chunk.cells) - 1)

    def _note_negatives(self, chunk: Chunk, count: int) -> None:
        """Count the cells with a minus where the column has no sign; name the first few, row by row."""
        self._negative_count += count
        if count and len(self._negatives) < EXAMPLES:
            hits = np.argwhere((chunk.marks == MINUS) & self._table.unsigned)
            for row, amount in hits[:EXAMPLES].tolist():
                self._note(self._negatives, chunk, row, self._table.grammar.amounts[amount])

    def _note(self, places: list[Place], chunk: Chunk, row: int, column: int) -> None:
        """Name one cell, unless enough are named."""
        if len(places) >= EXAMPLES:
            return
        at = Location(
            self._part.name,
            row=self._part.rows_before + self._span.row + self._rows + row + 1,
            column=self._table.grammar.columns[column].name,
            byte=self._part.bytes_before + int(chunk.cells[row, column]),
        )
        places.append(Place(at, self.key(chunk, row).decode("ascii"), self._cell(chunk, row, column).decode("ascii")))

    def result(self) -> PartScan:
        """What the reference scanner says of the part, once all chunks were taken."""
        return PartScan(
            self._rows,
            tuple(self._column_sum(number) for number in range(len(self._table.unsigned))),
            self._first_key,
            self._last_key,
            self._negative_count,
            tuple(self._negatives),
            self._disorder_count,
            tuple(self._disorder),
        )

    def _column_sum(self, amount: int) -> ColumnSum:
        """One column's sums as integers at the column's scale."""
        above, below = (
            sum(limb * BASE**number for number, limb in enumerate(limbs)) for limbs in self._sums[amount].tolist()
        )
        return ColumnSum(above - below, -below)


def joined(part: LedgerPart, grammar: Grammar, found: Sequence[tuple[Span, PartScan]]) -> PartScan:
    """The scan of a whole part from those of its spans, in order."""
    disorder: list[Place] = []
    breaks = 0
    last_key: bytes | None = None
    for span, scan in found:
        if last_key is not None and scan.rows and scan.first_key <= last_key:
            breaks += 1
            key = scan.first_key.decode("ascii")
            row, byte = part.rows_before + span.row + 1, part.bytes_before + span.start
            disorder.append(Place(Location(part.name, row, grammar.columns[0].name, byte), key, key))
        disorder += scan.disorder
        last_key = scan.last_key if scan.rows else last_key
    scans = [scan for _, scan in found]
    return PartScan(
        sum(scan.rows for scan in scans),
        tuple(_sum_of(sums) for sums in zip(*(scan.sums for scan in scans), strict=True)),
        scans[0].first_key,
        scans[-1].last_key,
        sum(scan.negative_count for scan in scans),
        tuple(place for scan in scans for place in scan.negatives)[:EXAMPLES],
        breaks + sum(scan.disorder_count for scan in scans),
        tuple(disorder[:EXAMPLES]),
    )


def _sum_of(sums: Sequence[ColumnSum]) -> ColumnSum:
    """One column's sums over several scans."""
    return ColumnSum(sum(one.total for one in sums), sum(one.negatives for one in sums))


def fast_scan_part(part: LedgerPart, grammar: Grammar) -> PartScan:
    """Scan one whole part; :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` at the first byte that breaks the grammar."""
    scan = FastPartScan(part, ScanTable.of(grammar), keep_amounts=False)
    for _ in scan.chunks():
        pass
    return scan.result()
