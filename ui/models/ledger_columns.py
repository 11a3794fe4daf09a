"""A ledger's own columns as table columns: cells are read from the row's bytes when they are drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from auditor_app.amounts import Amount
from auditor_app.ledger.browse import LedgerRow
from auditor_app.snapshot.statement import Column as LedgerColumn
from ui.models.columns import Column, Kind, count_column, text_column
from ui.text import ABSENT, amount, short_hash, visible

_UNITS = re.compile(r"-?(?:0|[1-9][0-9]{0,59})\Z", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?\Z", re.ASCII)


def ledger_columns(columns: Sequence[LedgerColumn]) -> tuple[Column, ...]:
    """The row number, counted from 1 over the whole ledger, then every column of the ledger."""
    last = len(columns) - 1
    return (
        count_column("Row", lambda row: row.index + 1),
        *(_column(at, item, partial(_cell, at, at == last)) for at, item in enumerate(columns)),
    )


def exception_columns(columns: Sequence[LedgerColumn]) -> tuple[Column, ...]:
    """The same with the findings that each row is in."""
    row, *cells = ledger_columns(columns)
    return (row, text_column("Finding", lambda item: ", ".join(item.codes), yields=True), *cells)


def _column(at: int, column: LedgerColumn, cell: Callable[[LedgerRow], str]) -> Column:
    if column.type in ("base-units", "decimal"):
        value = partial(_amount, cell, column.decimals if column.type == "base-units" else None)
        note = f"{column.type}, {column.decimals} decimals" if column.type == "base-units" else column.type
        return Column(
            column.name,
            lambda row: _shown(cell(row), value(row)),
            lambda row: _full(cell(row), value(row)),
            lambda row: None if (found := value(row)) is None else found.fraction(),
            Kind.AMOUNT,
            note=note,
        )
    shown = short_hash if column.type == "hex64" else visible
    return Column(
        column.name,
        lambda row: shown(visible(cell(row))) or ABSENT,
        cell,
        cell,
        Kind.MONO if column.type == "hex64" or at == 0 else Kind.TEXT,
        wide=at == 0,
        note=column.type,
    )


def _cell(at: int, last: bool, row: LedgerRow) -> str:
    """One cell's text; the last column shows whatever a broken row holds behind it."""
    cells = row.cells[at:] if last else row.cells[at : at + 1]
    return ",".join(cells)


def _amount(cell: Callable[[LedgerRow], str], decimals: int | None, row: LedgerRow) -> Amount | None:
    """The exact amount in units; ``None`` for a cell that is none, ``-0`` among them: it is shown as it stands."""
    text = cell(row)
    if not (_DECIMAL if decimals is None else _UNITS).match(text):
        return None
    value = Amount.parse(text) if decimals is None else Amount(int(text), decimals)
    return None if text.startswith("-") and not value.units else value


def _shown(cell: str, value: Amount | None) -> str:
    return amount(value) if value is not None else visible(cell) or ABSENT


def _full(cell: str, value: Amount | None) -> str:
    return value.fixed() if value is not None else cell
