"""Every reason that the grammar can give for refusing a row, by both scanners, at the same row, column and byte."""

from __future__ import annotations

import pytest

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.fast_scan import CHUNK_ROWS, fast_scan_part
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import scan_part
from auditor_app.ledger.source import LedgerPart
from tests.unit.ledger.test_fast_scan import outcome

LAYOUT = "id:token,h:hex64?,UNIT:base-units/6,BTC:decimal,DEBT:decimal-?"
HEX = "a" * 64
REFUSALS = [
    ("u,,1", "UNIT", 4, "the row ends too early"),
    ("u", "id", 1, "the row ends too early"),
    ("u,,1,", "BTC", 5, "the row ends too early"),
    ("u,,,1,", "UNIT", 3, "the cell is not a complete base-units"),
    ("u,abc,1,1,", "h", 5, "the cell is not a complete hex64"),
    (",,1,1,", "id", 0, "the cell is not a complete token"),
    ("u,,1,1,1,1", "DEBT", 8, "the row has more cells than columns"),
    ("u,,1,1,-", "DEBT", 8, "the cell is not a complete decimal"),
    ("u,,1,1.,", "BTC", 7, "the cell is not a complete decimal"),
    ("u,,00,1,", "UNIT", 4, "a digit after a leading zero"),
    ("u,,1,01,", "BTC", 6, "a digit after a leading zero"),
    ("u,,1,1." + "0" * 19 + ",", "BTC", 25, "more than 18 digits after the dot"),
    ("u,,1," + "1" * 31 + ",", "BTC", 35, "more than 30 digits before the dot"),
    ("u,," + "1" * 61 + ",1,", "UNIT", 63, "more than 60 digits"),
    ("u" * 129 + ",,1,1,", "id", 128, "the cell has more than 128 characters"),
    (f"u,{HEX}a,1,1,", "h", 66, "the cell has more than 64 characters"),
    ("u,,1,1,\r", "DEBT", 7, "a carriage return"),
    ('"u",,1,1,', "id", 0, "a quotation mark"),
    ("u ,,1,1,", "id", 1, "a space"),
    ("u,\t,1,1,", "h", 2, "a tab"),
    ("u,,1,\u00e9,", "BTC", 5, "is not ASCII"),
    ("u,,1.5,1,", "UNIT", 4, "'.' does not belong in a base-units cell"),
    ("u,,1,1e3,", "BTC", 6, "'e' does not belong in a decimal cell"),
    ("u,,1,1.5.2,", "BTC", 8, "'.' does not belong in a decimal cell"),
    ("u,,+1,1,", "UNIT", 3, "'+' does not belong in a base-units cell"),
    ("u,,--1,1,", "UNIT", 4, "'-' does not belong in a base-units cell"),
    (f"u,{HEX[1:]}A,1,1,", "h", 65, "'A' does not belong in a hex64 cell"),
    ("u/,,1,1,", "id", 1, "'/' does not belong in a token cell"),
    ("u\0,,1,1,", "id", 1, "byte 0x00 does not belong in a token cell"),
]


@pytest.mark.parametrize("before", [0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 7])
@pytest.mark.parametrize("after", ["", "v,,1,1,\n"], ids=["last", "inside"])
@pytest.mark.parametrize(("row", "column", "offset", "reason"), REFUSALS)
def test_it_is_given_alike(before: int, after: str, row: str, column: str, offset: int, reason: str) -> None:
    good = "".join([f"u{at},,{at},0.5,\n" for at in range(before)])
    data = (good + row + "\n" + after).encode()
    assert outcome(fast_scan_part, LAYOUT, data) == outcome(scan_part, LAYOUT, data)
    with pytest.raises(LedgerError) as caught:
        fast_scan_part(LedgerPart("part", 0, data), Grammar.of(parse_columns(LAYOUT)))
    error = caught.value
    assert error.code == "SNAPSHOT.GRAMMAR"
    assert reason in error.what
    assert (error.at.row, error.at.column, error.at.byte) == (before + 1, column, len(good) + offset)


@pytest.mark.parametrize("before", [0, CHUNK_ROWS])
def test_what_stands_at_the_edges_of_a_file(before: int) -> None:
    good = "".join([f"u{at},,{at},0.5,\n" for at in range(before)]).encode()
    cut = good + b"u,,1,1,"
    assert outcome(fast_scan_part, LAYOUT, cut) == outcome(scan_part, LAYOUT, cut)
    assert "does not end with a line feed" in str(outcome(fast_scan_part, LAYOUT, cut))
    marked = b"\xef\xbb\xbf" + good + b"u,,1,1,\n"
    assert outcome(fast_scan_part, LAYOUT, marked) == outcome(scan_part, LAYOUT, marked)
    assert "byte order mark" in str(outcome(fast_scan_part, LAYOUT, marked))
