"""Customers' debts in signed columns: counted row by row, so that gross and net liabilities stand side by side.

A made-up customer who holds a worthless asset and owes a real one lowers the net total of the real one (Summa on
Binance's proofs, 2024). Coverage is set against gross totals; here the rows are named and their loans asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor_app.amounts import Amount
from auditor_app.errors import Location
from auditor_app.findings import Finding, finding
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import EXAMPLES, RowBlock, scan_blocks
from auditor_app.ledger.source import LedgerSource, rows_read
from auditor_app.operation import CancelToken, Operation


@dataclass(slots=True)
class Debts:
    """What one column's debts come to: exact sums, rows that owe it, and those of them that hold something else."""

    total: int = 0
    owed: int = 0
    rows: int = 0
    set_off: int = 0
    places: list[tuple[Location, str]] = field(default_factory=list)
    """The first :data:`~auditor_app.ledger.scan.EXAMPLES` rows that owe it, with their keys."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A signed column with debts: its number among the amounts, and its position in the row."""

    number: int
    position: int


Count = Callable[[LedgerSource, Grammar, Sequence[Watched], CancelToken], Operation[Sequence[Debts]]]
"""Reads the ledger once and counts the debts of each watched column."""


def net_debts(
    source: LedgerSource, owed: Mapping[str, bool], token: CancelToken, count: Count | None = None
) -> Operation[tuple[Finding, ...]]:
    """LEAF.NET_DEBT for each signed column that ``owed`` says has debts; one more pass, and none where it has none.

    The ledger has been read before: it is within its grammar. ``count`` takes the place of :func:`count_debts`.
    """
    grammar = Grammar.of(source.columns)
    watched = [
        Watched(number, position)
        for number, position in enumerate(grammar.amounts)
        if source.columns[position].signed and owed.get(source.columns[position].name)
    ]
    if not watched:
        return ()
    counted = yield from (count or count_debts)(source, grammar, watched, token)
    return tuple(
        _finding(source, source.columns[one.position].name, grammar.scales[one.number], debts)
        for one, debts in zip(watched, counted, strict=True)
    )


def count_debts(
    source: LedgerSource, grammar: Grammar, watched: Sequence[Watched], token: CancelToken
) -> Operation[Sequence[Debts]]:
    """The debts of each watched column, row by row: the reference."""
    counted = [Debts() for _ in watched]
    done = size = 0
    for part in source.parts(token):
        row = part.rows_before
        for block in scan_blocks(part, grammar):
            token.check()
            for one, debts in zip(watched, counted, strict=True):
                _count(debts, block, one.number, Location(part.name, row, source.columns[one.position].name))
            row += len(block.cells)
            done += len(block.cells)
            size += len(block.data)
            yield rows_read(source, done, size, "counting debts")
    return counted


def _count(debts: Debts, block: RowBlock, number: int, before: Location) -> None:
    """Add one block's rows to a column's debts; ``before`` is the row that stands before the block."""
    for row, units in enumerate(block.units[number]):
        debts.total += units or 0
        if units is None or units >= 0:
            continue
        debts.owed -= units
        debts.rows += 1
        if any((other[row] or 0) > 0 for other in block.units):
            debts.set_off += 1
        if len(debts.places) < EXAMPLES:
            key = block.cells[row][0].decode("ascii")
            debts.places.append((Location(before.file, (before.row or 0) + row + 1, before.column), key))


def _finding(source: LedgerSource, column: str, scale: int, debts: Debts) -> Finding:
    gross, net, owed = (Amount(units, scale).plain() for units in (debts.total + debts.owed, debts.total, debts.owed))
    named = "; ".join(f"{at.text()}: {key}" for at, key in debts.places)
    more = f"; and {debts.rows - EXAMPLES} more" if debts.rows > EXAMPLES else ""
    rows = "1 row owes" if debts.rows == 1 else f"{debts.rows} rows owe"
    return finding(
        "LEAF.NET_DEBT",
        procedure="totals",
        subject=f"ledger {source.name}, asset {column}",
        message=f"{rows} {owed} {column}, {debts.set_off} of them against balances in other assets: "
        f"gross liabilities are {gross}, net {net} {column}. {named}{more}.",
        expected=f"{gross} {column} gross",
        observed=f"{net} {column} net",
        at=debts.places[0][0],
    )
