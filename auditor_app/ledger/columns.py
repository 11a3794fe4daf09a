"""The columns of a ledger: which hold amounts, at which scale, and the short ``--columns`` notation for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from auditor_app.errors import LedgerError, UsageError
from auditor_app.snapshot.statement import Column
from auditor_app.typed import typed

DECIMAL_SCALE = 18
"""Fraction digits that a ``decimal`` cell may have; its sums are integers of 10**-18, whatever the asset's decimals."""

AMOUNT_TYPES = frozenset({"base-units", "decimal"})

_ITEM = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,63})"
    r":(?P<type>hex64|token|base-units|decimal)(?:/(?P<decimals>0|[1-9][0-9]?))?(?P<flags>[?-]{0,2})\Z",
    re.ASCII,
)
_NOTATION = "account:token,BTC:decimal?,ETH:base-units/8,USDT:decimal-?"


def is_amount(column: Column) -> bool:
    """Whether the column's cells are amounts."""
    return column.type in AMOUNT_TYPES


def scale_of(column: Column) -> int:
    """Decimals of the integer that a cell of an amount column stands for."""
    return DECIMAL_SCALE if column.type == "decimal" else column.decimals or 0


def amount_positions(columns: Sequence[Column]) -> tuple[int, ...]:
    """Positions in the row of the amount columns."""
    return tuple(position for position, column in enumerate(columns) if is_amount(column))


def check_columns(columns: Sequence[Column]) -> None:
    """Raise :class:`LedgerError` ``SNAPSHOT.SCHEMA`` if the columns cannot describe a ledger."""
    names = [column.name for column in columns]
    reason = ""
    if len(columns) < 2 or len(columns) > 64:
        reason = "a ledger has 2 to 64 columns"
    elif len(set(names)) != len(names):
        reason = f"the column {next(name for name in names if names.count(name) > 1)} occurs twice"
    elif is_amount(columns[0]) or columns[0].optional:
        reason = "the first column is the key: hex64 or token, never optional"
    for column in columns:
        if not is_amount(column) and (column.signed or column.decimals is not None):
            reason = reason or f"the column {column.name} holds no amounts, so it has no sign and no decimals"
        if column.type == "base-units" and column.decimals is None:
            reason = reason or f"the column {column.name} holds base units, so it must say how many decimals"
    if reason:
        raise LedgerError("SNAPSHOT.SCHEMA", reason, action="Correct the description of the columns.")


def parse_columns(spec: str) -> tuple[Column, ...]:
    """Read the ``--columns`` notation: comma-separated ``name:type``, ``/N`` decimals, ``?`` optional, ``-`` signed.

    :class:`UsageError` names the item that cannot be read.
    """
    columns = tuple(_parse_item(item) for item in spec.split(","))
    try:
        check_columns(columns)
    except LedgerError as error:
        raise UsageError("USAGE", error.what, action=f"Write columns like {_NOTATION}") from None
    return columns


def _parse_item(item: str) -> Column:
    """One ``name:type`` item."""
    match = _ITEM.match(item)
    if match is None or len(set(match["flags"])) != len(match["flags"]):
        raise UsageError("USAGE", f"the column {item[:80]!r} cannot be read", action=f"Write columns like {_NOTATION}")
    decimals = None if match["decimals"] is None else int(match["decimals"])
    try:
        return typed(
            {
                "name": match["name"],
                "type": match["type"],
                "decimals": decimals,
                "optional": "?" in match["flags"],
                "signed": "-" in match["flags"],
            },
            Column,
        )
    except msgspec.ValidationError as error:
        raise UsageError("USAGE", f"the column {item[:80]!r} cannot be read ({error})") from None
