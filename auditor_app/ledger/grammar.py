"""The byte-exact grammar of a ledger row, as one compiled pattern and, for a breach, as an automaton.

The pattern decides; the automaton only says *where* a row that the pattern refused first leaves the grammar: the
first byte that no valid row could have at that place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from auditor_app.ledger.columns import amount_positions, check_columns, is_amount, scale_of
from auditor_app.snapshot.statement import Column

TOKEN_LENGTH = 128
HEX_LENGTH = 64
BASE_UNIT_DIGITS = 60
DECIMAL_DIGITS = 30
FRACTION_DIGITS = 18

_CELL = {
    "hex64": rb"[0-9a-f]{64}",
    "token": rb"[0-9A-Za-z_.:-]{1,128}",
    "base-units": rb"-?(?:0|[1-9][0-9]{0,59})",
    "decimal": rb"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?",
}
_LONGEST = {"hex64": 64, "token": TOKEN_LENGTH, "base-units": 61, "decimal": 50}
_HEX = frozenset(b"0123456789abcdef")
_TOKEN = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:-")
_DIGITS = frozenset(b"0123456789")


class Breach(NamedTuple):
    """Where a row leaves the grammar: 0-based ``offset`` from the row's first byte, the column, and what is wrong."""

    offset: int
    column: str
    what: str


@dataclass(frozen=True)
class Grammar:
    """The grammar of one ledger's rows.

    ``rows`` matches whole rows, LF included, one group a cell. A minus is part of the pattern in every amount column:
    where the column is not ``signed`` it is a finding about the balance, not a breach. ``amounts`` are the positions
    of the amount columns and ``scales`` their decimals, in the same order.
    """

    columns: tuple[Column, ...]
    rows: re.Pattern[bytes]
    amounts: tuple[int, ...]
    scales: tuple[int, ...]
    longest_row: int

    @staticmethod
    def of(columns: Sequence[Column]) -> Grammar:
        """Compile the grammar; :class:`~auditor_app.errors.LedgerError` if the columns cannot describe a ledger."""
        check_columns(columns)
        cells = [rb"(" + _CELL[column.type] + (rb"|)" if column.optional else rb")") for column in columns]
        amounts = amount_positions(columns)
        return Grammar(
            tuple(columns),
            re.compile(rb"^" + rb",".join(cells) + rb"\n", re.MULTILINE),
            amounts,
            tuple(scale_of(columns[position]) for position in amounts),
            sum(_LONGEST[column.type] + 1 for column in columns),
        )

    def breach(self, data: bytes, start: int) -> Breach | None:
        """Where the row that begins at ``start`` first leaves the grammar; ``None`` if it does not.

        ``data`` must be given to its end: a row that simply stops there breaches at ``len(data)``.
        """
        position = start
        last = len(self.columns) - 1
        for number, column in enumerate(self.columns):
            end = _cell_end(column, data, position)
            if end is None:
                return _refuse(data, start, _stuck_at(column, data, position), column, number == last)
            wanted = b"\n" if number == last else b","
            if data[end : end + 1] != wanted:
                return _refuse(data, start, end, column, number == last)
            position = end + 1
        return None


def _cell_end(column: Column, data: bytes, start: int) -> int | None:
    """Where the longest valid cell at ``start`` ends; ``None`` if there is none."""
    match = re.compile(_CELL[column.type]).match(data, start)
    if match is not None:
        return match.end()
    return start if column.optional and data[start : start + 1] in (b",", b"\n") else None


def _stuck_at(column: Column, data: bytes, start: int) -> int:
    """The first byte at which no valid cell is possible, given that none begins at ``start``."""
    position = start
    if is_amount(column):
        return start + 1 if data[start : start + 1] == b"-" else start
    allowed, limit = (_HEX, HEX_LENGTH) if column.type == "hex64" else (_TOKEN, TOKEN_LENGTH)
    while position < min(len(data), start + limit) and data[position] in allowed:
        position += 1
    return position


def _refuse(data: bytes, start: int, position: int, column: Column, last: bool) -> Breach:
    """The breach at ``position``, after looking past a dot that has no digit behind it."""
    if data[position : position + 1] == b"." and column.type == "decimal" and _dot_may_follow(data, position):
        position += 1
    return Breach(position - start, column.name, _reason(data, position, column, last))


def _dot_may_follow(data: bytes, position: int) -> bool:
    """Whether a fraction could begin with the dot at ``position``: an integer part, but no fraction, stands before it."""
    before = position - 1
    while before >= 0 and data[before] in _DIGITS:
        before -= 1
    return before < position - 1 and data[before : before + 1] != b"."


def _reason(data: bytes, position: int, column: Column, last: bool) -> str:
    """What is wrong at ``position``, in a clause."""
    if position >= len(data):
        return "the last row does not end with a line feed"
    byte = data[position]
    if byte == 0x0A:
        return "the row ends too early" if not last else f"the cell is not a complete {column.type}"
    if byte == 0x2C:
        return "the row has more cells than columns" if last else f"the cell is not a complete {column.type}"
    return _foreign(data, position) or _too_many(data, position, column) or _misplaced(byte, column)


def _foreign(data: bytes, position: int) -> str | None:
    """What a spreadsheet or an editor put there, by its name; ``None`` for anything else."""
    if position == 0 and data.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark stands before the first row"
    byte = data[position]
    if byte >= 0x80:
        return f"byte 0x{byte:02x} is not ASCII"
    return _FOREIGN.get(byte)


_FOREIGN = {
    0x0D: "a carriage return: lines end with a line feed alone",
    0x22: "a quotation mark: cells are never quoted",
    0x20: "a space: cells hold none",
    0x09: "a tab: cells are parted by commas",
}


def _too_many(data: bytes, position: int, column: Column) -> str | None:
    """A character that would be valid if fewer stood before it in its cell; ``None`` for any other."""
    start = max(data.rfind(b",", 0, position), data.rfind(b"\n", 0, position)) + 1
    before = data[start:position].removeprefix(b"-")
    if not is_amount(column):
        allowed, limit = (_HEX, HEX_LENGTH) if column.type == "hex64" else (_TOKEN, TOKEN_LENGTH)
        return f"the cell has more than {limit} characters" if data[position] in allowed and before else None
    if data[position] not in _DIGITS:
        return None
    if before == b"0":
        return "a digit after a leading zero"
    if b"." in before:
        return f"more than {FRACTION_DIGITS} digits after the dot"
    if column.type == "base-units":
        return f"more than {BASE_UNIT_DIGITS} digits"
    return f"more than {DECIMAL_DIGITS} digits before the dot"


def _misplaced(byte: int, column: Column) -> str:
    """A character that does not belong there, shown."""
    shown = repr(chr(byte)) if 0x21 <= byte <= 0x7E else f"byte 0x{byte:02x}"
    return f"{shown} does not belong in a {column.type} cell at this place"
