"""The reference scanner: strict, exact, in plain Python; the fast scanner must agree with it on every input.

A part is scanned in blocks of some thousand rows, so that only one block's cells exist as Python objects at a time.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor_app.errors import LedgerError, Location
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.source import LedgerPart

BLOCK_BYTES = 2**18
EXAMPLES = 10
"""How many places of one kind are kept to be named; all are counted."""


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some whole rows of one part, parsed.

    ``first_row`` is the 0-based leaf index of the first; ``data`` the bytes of all, LFs included; ``cells`` the cells
    of each row; ``units`` for each amount column its values in order, as integers at the column's scale, ``None``
    where the cell is empty.
    """

    first_row: int
    data: bytes
    cells: list[tuple[bytes, ...]]
    units: tuple[list[int | None], ...]

    def rows(self) -> list[bytes]:
        """The rows' bytes without their LF."""
        return self.data[:-1].split(b"\n")


@dataclass(frozen=True, slots=True)
class Place:
    """One cell to be named in a finding."""

    at: Location
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class ColumnSum:
    """Exact sums of one amount column at its scale: of all cells, and of those below zero."""

    total: int
    negatives: int


@dataclass(frozen=True, slots=True)
class PartScan:
    """What one pass over one part yields.

    ``sums`` has one entry for each amount column. ``negative_count`` counts cells with a minus in columns that are
    not signed, ``negatives`` names the first few. ``disorder_count`` counts rows whose key does not follow, byte by
    byte, the key before it in this part.
    """

    rows: int
    sums: tuple[ColumnSum, ...]
    first_key: bytes
    last_key: bytes
    negative_count: int
    negatives: tuple[Place, ...]
    disorder_count: int
    disorder: tuple[Place, ...]


def scan_part(part: LedgerPart, grammar: Grammar) -> PartScan:
    """Scan one whole part; :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` at the first byte that breaks the grammar."""
    tally = PartTally(part, grammar)
    for block in scan_blocks(part, grammar):
        tally.add(block)
    return tally.result()


def scan_blocks(part: LedgerPart, grammar: Grammar) -> Iterator[RowBlock]:
    """The part's rows in blocks; :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` where the grammar breaks.

    Nothing of the block that holds the breach is yielded.
    """
    start = 0
    row = 0
    while start < len(part.data):
        end = part.data.find(b"\n", start + BLOCK_BYTES) + 1 or len(part.data)
        data = part.data[start:end]
        cells = grammar.rows.findall(data)
        if len(cells) != data.count(b"\n") or not data.endswith(b"\n"):
            raise grammar_error(part, grammar, start, row)
        yield RowBlock(part.first_row + row, data, cells, _parse_amounts(cells, grammar))
        start = end
        row += len(cells)


def grammar_error(part: LedgerPart, grammar: Grammar, start: int, row: int) -> LedgerError:
    """The error for the first breach at or after byte ``start``, where the part's 0-based row ``row`` begins."""
    while True:
        breach = grammar.breach(part.data, start)
        if breach is not None:
            return LedgerError(
                "SNAPSHOT.GRAMMAR",
                breach.what,
                at=Location(
                    part.name,
                    row=part.rows_before + row + 1,
                    column=breach.column,
                    byte=part.bytes_before + start + breach.offset,
                ),
                action="Ask the issuer for a corrected ledger.",
            )
        start = part.data.index(b"\n", start) + 1
        row += 1


def _parse_amounts(cells: list[tuple[bytes, ...]], grammar: Grammar) -> tuple[list[int | None], ...]:
    """The amount columns as integers; the cells are already known to fit the grammar."""
    parsed: list[list[int | None]] = []
    for position, scale in zip(grammar.amounts, grammar.scales, strict=True):
        column = [row[position] for row in cells]
        if grammar.columns[position].type == "decimal":
            parsed.append([decimal_units(cell, scale) if cell else None for cell in column])
        else:
            parsed.append([int(cell) if cell else None for cell in column])
    return tuple(parsed)


def parse_amounts(cells: Sequence[bytes], grammar: Grammar) -> tuple[int | None, ...]:
    """The amounts of one row; the cells are already known to fit the grammar."""
    return tuple(column[0] for column in _parse_amounts([tuple(cells)], grammar))


def decimal_units(cell: bytes, scale: int) -> int:
    """A plain decimal cell as an integer of 10**-scale; the cell has at most ``scale`` fraction digits."""
    whole, _, fraction = cell.partition(b".")
    return int(whole + fraction.ljust(scale, b"0"))


class PartTally:
    """Adds up the blocks of one part into its :class:`PartScan`."""

    def __init__(self, part: LedgerPart, grammar: Grammar) -> None:
        self._part = part
        self._grammar = grammar
        self._unsigned = tuple(
            (number, position)
            for number, position in enumerate(grammar.amounts)
            if not grammar.columns[position].signed
        )
        self._rows = 0
        self._bytes = 0
        self._totals = [0] * len(grammar.amounts)
        self._negative_totals = [0] * len(grammar.amounts)
        self._first_key = b""
        self._last_key = b""
        self._negative_count = 0
        self._negatives: list[Place] = []
        self._disorder_count = 0
        self._disorder: list[Place] = []

    def add(self, block: RowBlock) -> None:
        """Take the next block."""
        for number, column in enumerate(block.units):
            present = [value for value in column if value]
            self._totals[number] += sum(present)
            if present and min(present) < 0:
                self._negative_totals[number] += sum(value for value in present if value < 0)
        if b"-" in block.data:
            self._note_negatives(block)
        self._note_order(block)
        self._rows += len(block.cells)
        self._bytes += len(block.data)

    def _note_negatives(self, block: RowBlock) -> None:
        """Count the cells with a minus where the column has no sign, row by row; ``-0`` is one too."""
        hits = sorted(
            (row, position)
            for _, position in self._unsigned
            for row, cells in enumerate(block.cells)
            if cells[position][:1] == b"-"
        )
        self._negative_count += len(hits)
        for row, position in hits[: max(0, EXAMPLES - len(self._negatives))]:
            self._negatives.append(self._place(block, row, position))

    def _note_order(self, block: RowBlock) -> None:
        """Count the keys that do not follow the one before."""
        keys = [cells[0] for cells in block.cells]
        if not self._rows:
            self._first_key = keys[0]
        elif keys[0] <= self._last_key:
            self._note_disorder(block, 0)
        if any(map(operator.ge, keys, keys[1:])):
            for row in range(1, len(keys)):
                if keys[row] <= keys[row - 1]:
                    self._note_disorder(block, row)
        self._last_key = keys[-1]

    def _note_disorder(self, block: RowBlock, row: int) -> None:
        """One more key out of order."""
        self._disorder_count += 1
        if len(self._disorder) < EXAMPLES:
            self._disorder.append(self._place(block, row, 0))

    def _place(self, block: RowBlock, row: int, position: int) -> Place:
        """Where a cell of the block stands in its file."""
        before = sum(len(cell) + 1 for cells in block.cells[:row] for cell in cells)
        inside = sum(len(cell) + 1 for cell in block.cells[row][:position])
        at = Location(
            self._part.name,
            row=self._part.rows_before + self._rows + row + 1,
            column=self._grammar.columns[position].name,
            byte=self._part.bytes_before + self._bytes + before + inside,
        )
        return Place(at, block.cells[row][0].decode("ascii"), block.cells[row][position].decode("ascii"))

    def result(self) -> PartScan:
        """The sums so far."""
        return PartScan(
            self._rows,
            tuple(map(ColumnSum, self._totals, self._negative_totals)),
            self._first_key,
            self._last_key,
            self._negative_count,
            tuple(self._negatives),
            self._disorder_count,
            tuple(self._disorder),
        )
