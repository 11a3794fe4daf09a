"""Imported tables: one strict grammar, and every breach named with file, row and what to do."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import SamplingError
from auditor_app.operation import Cancelled, CancelToken
from auditor_app.sampling import tables
from auditor_app.sampling.answers import read_extract, read_replacements, read_replies
from auditor_app.sampling.drawn import DrawnItem
from auditor_app.sampling.letters import reply_form
from auditor_app.sampling.tables import MAX_TEXT, read_table
from tests.unit.sampling.executed import leaf, leaves

SAMPLE = leaves(leaf(3), leaf(17), leaf(20, "0.00000001", "12"))


def refusal(text: str | bytes, reader: str = "extract") -> SamplingError:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(SamplingError) as caught:
        table = read_table(data, "client.csv")
        {"extract": read_extract, "replies": read_replies, "replaced": read_replacements}[reader](table, SAMPLE)
    error = caught.value
    assert error.code == "SAMPLE.TABLE"
    assert error.at.file == "client.csv"
    assert error.action
    return error


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("item,BTC\n3,1e5\n", 2, "no amount"),
        ("item,BTC\n3,-1\n", 2, "negative"),
        ("item,BTC\n3,1.5\n17,-0.1\n", 3, "negative"),
        ('item,BTC\n3,"1,500"\n', 2, "no amount"),
        ("item,BTC\n3,=1+1\n", 2, "no amount"),
        ("item,BTC\n3,０\n", 2, "no amount"),
        ("item,BTC\n=cmd|' /C calc'!A0,1\n", 2, "no identifier"),
        ("item,BTC\n\u202e3,1\n", 2, "no identifier"),
        ("item,BTC\n" + "3" * 5000 + ",1\n", 2, "no identifier"),
        ("item,BTC\n3,1\n3,1\n", 3, "row 2 already"),
        ("item,BTC\n4,1\n", 2, "not drawn"),
        ("key,BTC\nuser-4,1\n", 2, "not drawn"),
        ("item,key,BTC\n3,user-17,1\n", 2, "different items"),
        ("item,DOGE\n3,1\n", 1, "DOGE does not belong"),
        ("leaf,BTC\n3,1\n", 1, "item is missing"),
        ("item\n3\n", 1, "compares nothing"),
        ("item,BTC\n3\n", 2, "number of cells"),
        ('item,BTC\n3,"1\n', 2, "no CSV"),
        ("item,item\n3,3\n", 1, "stands twice"),
        ("item,B TC\n3,3\n", 1, "no usable name"),
        ("item,BTC\n", None, "no row"),
        (b"item,BTC\n\xff,1\n", None, "not UTF-8"),
        ("item,BTC\n3," + "1" * 101 + "\n", 2, "no amount"),
    ],
)
def test_a_breach_is_named(text: str | bytes, row: int | None, words: str) -> None:
    error = refusal(text)
    assert words in error.sentence()
    assert error.at.row == row


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("item,answer\n3,yes\n", "none that is known"),
        ("item,answer,note\n3,agrees,=HYPERLINK(1)\n", "formula"),
        ("item,answer,note\n3,agrees,a\u202eb\n", "RIGHT-TO-LEFT OVERRIDE"),
        ("item,answer,note\n3,agrees," + "x" * 5000 + "\n", "5,000 characters"),
        ('item,answer,note\n3,agrees,"a\nb"\n', "cannot be seen"),
        ("item,note\n3,x\n", "answer is missing"),
    ],
)
def test_replies_are_as_strict(text: str, words: str) -> None:
    assert words in refusal(text, "replies").sentence()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("item,check,alternative,reason\n3,trace,done,why\n", "can be replaced"),
        ("item,check,alternative,reason\n3,ledger,done,\n", "empty"),
        ("item,check,alternative,reason\n3,ledger,@done,why\n", "formula"),
        ("item,check,reason\n3,ledger,why\n", "alternative is missing"),
    ],
)
def test_alternatives_are_as_strict(text: str, words: str) -> None:
    assert words in refusal(text, "replaced").sentence()


def test_what_spreadsheets_write_is_read() -> None:
    table = read_table('\ufeffitem,answer,note\r\n3,agrees,"Doe, Jane"\r\n'.encode(), "replies.csv")
    assert read_replies(table, SAMPLE).rows["3"].note == "Doe, Jane"


def test_rows_of_others_are_passed_over_on_request() -> None:
    table = read_table(b"item,BTC\n3,1.5\n999,7\n", "all.csv")
    assert list(read_extract(table, SAMPLE, more_rows=True).rows) == ["3"]


def test_a_telephone_number_is_no_formula() -> None:
    table = read_table(b"item,answer,note\n3,none,+49 30 (123) 4\n", "replies.csv")
    assert read_replies(table, SAMPLE).rows["3"].note == "+49 30 (123) 4"


@given(st.lists(st.lists(st.text("ab,\"' 1", max_size=6), min_size=2, max_size=2), min_size=1, max_size=8))
def test_cells_are_those_of_the_standard_library(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["a", "b"])
    writer.writerows(rows)
    read = read_table(buffer.getvalue().encode(), "t.csv")
    assert [list(line.cells) for line in read.lines] == rows
    assert [line.row for line in read.lines] == list(range(2, len(rows) + 2))


def test_a_table_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    assert len(read_table(b"item,BTC\n3,1\n17,1\n", "client.csv").lines) == 2
    assert "too long" in refusal("item,BTC\n3,1\n17,1\n20,1\n").sentence()


def test_reading_is_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        read_table(b"item,BTC\n3,1\n", "client.csv", token)


def test_the_longest_text_passes() -> None:
    table = read_table(b"item,answer,note\n3,none," + b"x" * MAX_TEXT + b"\n", "replies.csv")
    assert len(read_replies(table, SAMPLE).rows["3"].note) == MAX_TEXT


def test_a_leaf_without_a_row_is_named_by_its_index() -> None:
    sample = leaves(leaf(3), DrawnItem(id="9", key="", reached=False))
    read = read_replies(read_table(reply_form(sample).text.encode(), "replies.csv"), sample)
    assert {item: answer.said for item, answer in read.rows.items()} == {"3": "none", "9": "none"}
    assert "no identifier" in refusal("key,BTC\n,1\n").sentence()
