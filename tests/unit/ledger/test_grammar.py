"""The row grammar: what it accepts, and the first byte at which it refuses, against a second, byte-wise reading of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.grammar import Grammar
from auditor_app.snapshot.statement import Column

COLUMNS = parse_columns("id:token,h:hex64?,u:base-units/8,d:decimal?,s:decimal-")
GRAMMAR = Grammar.of(COLUMNS)
HEX = "0123456789abcdef" * 4
TOKEN = set(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:-")


def cell_prefix(column: Column, cell: bytes) -> bool:
    """Whether some valid cell begins with ``cell``."""
    if column.type == "hex64":
        return len(cell) <= 64 and set(cell) <= set(b"0123456789abcdef")
    if column.type == "token":
        return len(cell) <= 128 and set(cell) <= TOKEN
    body = cell.removeprefix(b"-")
    whole, dot, fraction = body.partition(b".")
    longest = 60 if column.type == "base-units" else 30
    if dot and (column.type == "base-units" or not whole or len(fraction) > 18):
        return False
    if (whole + fraction).strip(b"0123456789") or (len(whole) > 1 and whole[:1] == b"0"):
        return False
    return len(whole) <= longest


def cell_complete(column: Column, cell: bytes) -> bool:
    if not cell:
        return column.optional
    if column.type == "hex64":
        return len(cell) == 64
    return column.type == "token" or cell[-1:].isdigit()


def first_bad_byte(line: bytes) -> int | None:
    """The length of the longest prefix of ``line`` that some valid row begins with; ``None`` for a whole row."""
    number, start = 0, 0
    for position in range(len(line)):
        byte = line[position : position + 1]
        cell = line[start:position]
        column = COLUMNS[number]
        last = number == len(COLUMNS) - 1
        if byte == (b"\n" if last else b","):
            if not cell_complete(column, cell):
                return position
            if last:
                return None
            number, start = number + 1, position + 1
        elif not cell_prefix(column, cell + byte):
            return position
    return len(line)


def test_accepts_a_row() -> None:
    row = f"alice_1.:-,{HEX},12,0.100,-0\n".encode()
    assert GRAMMAR.breach(row, 0) is None
    assert GRAMMAR.rows.fullmatch(row)


@pytest.mark.parametrize(
    ("row", "offset", "column"),
    [
        (b"a,,007,1,1\n", 4, "u"),
        (b"a,,1,1.,1\n", 7, "d"),
        (b"a,,1,.5,1\n", 5, "d"),
        (b"a,,1,1e5,1\n", 6, "d"),
        (b"a,,,1,1\n", 3, "u"),
        (b"a,,1,1,\n", 7, "s"),
        (b"a,,1,1,1,1\n", 8, "s"),
        (b"a,,1,1\n", 6, "d"),
        (b"a,,1,1,1\r\n", 8, "s"),
        (b"a,,1,1,1", 8, "s"),
        (b",,1,1,1\n", 0, "id"),
        (b'"a",,1,1,1\n', 0, "id"),
        (b"\xef\xbb\xbfa,,1,1,1\n", 0, "id"),
        (b"a b,,1,1,1\n", 1, "id"),
        ("а,,1,1,1\n".encode(), 0, "id"),
        (b"a,ABC,1,1,1\n", 2, "h"),
        (b"a," + HEX.encode()[:-1] + b",1,1,1\n", 65, "h"),
        (b"a," + HEX.encode() + b"0,1,1,1\n", 66, "h"),
        (b"a,,1.5,1,1\n", 4, "u"),
        (b"a,," + b"1" * 61 + b",1,1\n", 63, "u"),
        (b"a,,1," + b"1" * 31 + b",1\n", 35, "d"),
        (b"a,,1,1." + b"1" * 19 + b",1\n", 25, "d"),
        (b"a,,1,--1,1\n", 6, "d"),
        (b"a,,1,+1,1\n", 5, "d"),
        (b"a,,1,NaN,1\n", 5, "d"),
        ("a,,1,１２,1\n".encode(), 5, "d"),
        (b"a" * 129 + b",,1,1,1\n", 128, "id"),
        (b"\n", 0, "id"),
    ],
)
def test_names_the_first_byte_that_breaks_it(row: bytes, offset: int, column: str) -> None:
    breach = GRAMMAR.breach(row, 0)
    assert breach is not None
    assert (breach.offset, breach.column) == (offset, column)
    assert breach.what
    assert first_bad_byte(row) == offset
    assert not GRAMMAR.rows.fullmatch(row)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (b"a,,007,1,1\n", "a digit after a leading zero"),
        (b"a,,1,-007,1\n", "a digit after a leading zero"),
        (b"a,," + b"1" * 61 + b",1,1\n", "more than 60 digits"),
        (b"a,,1," + b"1" * 31 + b",1\n", "more than 30 digits before the dot"),
        (b"a,,1,1.1,1." + b"1" * 19 + b"\n", "more than 18 digits after the dot"),
        (b"a" * 129 + b",,1,1,1\n", "the cell has more than 128 characters"),
        (b"a," + HEX.encode() + b"0,1,1,1\n", "the cell has more than 64 characters"),
        (b'"a",,1,1,1\n', "a quotation mark: cells are never quoted"),
        (b"\xef\xbb\xbfa,,1,1,1\n", "a byte order mark stands before the first row"),
        ("a,,1,\uff11,1\n".encode(), "byte 0xef is not ASCII"),
        (b"a, ,1,1,1\n", "a space: cells hold none"),
        (b"a,,1,1\t,1\n", "a tab: cells are parted by commas"),
        (b"a,,1,1,1\r\n", "a carriage return: lines end with a line feed alone"),
        (b"a,,1,NaN,1\n", "'N' does not belong in a decimal cell at this place"),
        (b"a,,1,1e5,1\n", "'e' does not belong in a decimal cell at this place"),
        (b"a,ABC,1,1,1\n", "'A' does not belong in a hex64 cell at this place"),
    ],
)
def test_names_what_breaks_it(row: bytes, what: str) -> None:
    breach = GRAMMAR.breach(row, 0)
    assert breach is not None
    assert breach.what == what


amount = st.from_regex(rb"\A-?(0|[1-9][0-9]{0,33})(\.[0-9]{1,20})?\Z")
cell = st.one_of(
    amount,
    st.from_regex(rb"\A[0-9a-f]{62,66}\Z"),
    st.binary(max_size=4),
    st.from_regex(rb"\A[0-9A-Za-z_.:-]{0,6}\Z"),
    st.just(b""),
)


@given(
    st.lists(cell, min_size=1, max_size=7),
    st.sampled_from([b"\n", b"", b"\r\n", b",\n"]),
    st.integers(0, 400),
    st.binary(max_size=1),
)
def test_pattern_and_automaton_agree_with_the_second_reading(
    cells: list[bytes], end: bytes, place: int, inserted: bytes
) -> None:
    line = b",".join(cells).replace(b"\n", b"") + end
    line = line[:place] + inserted.replace(b"\n", b"") + line[place:]
    expected = first_bad_byte(line)
    breach = GRAMMAR.breach(line, 0)
    assert (None if breach is None else breach.offset) == expected
    assert (GRAMMAR.rows.fullmatch(line) is not None) == (expected is None)
