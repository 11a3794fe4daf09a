"""Browsing parts: rows by index, ids by exact match, rows that findings name."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import pytest

from auditor_app.errors import Location
from auditor_app.findings import finding
from auditor_app.ledger import browse
from auditor_app.ledger.browse import PartRows, find_id, named_places, place_of, row_index, rows_at
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.ledger.source import PART_ROWS, LedgerPart
from auditor_app.operation import Cancelled, CancelToken, run
from tests.unit.ledger.memory import MemoryLedger

ROWS = [f"user{at:04},{at}" for at in range(1000)]


@pytest.fixture
def ledger(tmp_path: Path) -> CsvLedger:
    path = tmp_path / "ledger.csv"
    path.write_text("\n".join(ROWS) + "\n")
    return CsvLedger(path, parse_columns("account:token,BTC:base-units/8"))


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "_STEP", 64)


def test_every_row_is_what_splitting_gives(ledger: CsvLedger) -> None:
    rows = row_index(ledger.read_part(0, CancelToken()), CancelToken())
    assert [row.data.decode() for row in rows] == ROWS
    assert [row.index for row in rows[3:5]] == [3, 4]
    assert rows[-1].cells == ("user0999", "999")
    with pytest.raises(IndexError):
        rows[1000]


@pytest.mark.parametrize(
    ("data", "rows"),
    [(b"", []), (b"a,1\n", [b"a,1"]), (b"a,1", [b"a,1"]), (b"\n\na,1\n\n", [b"", b"", b"a,1", b""])],
)
def test_a_part_that_breaks_the_grammar_can_still_be_looked_at(data: bytes, rows: list[bytes]) -> None:
    found = row_index(LedgerPart("p", 7, data), CancelToken())
    assert [row.data for row in found] == rows
    assert [row.index for row in found] == list(range(7, 7 + len(rows)))


def test_a_part_of_one_endless_row_is_cut_where_no_valid_row_reaches() -> None:
    (row,) = row_index(LedgerPart("p", 0, b"x" * 100_000 + b"\n"), CancelToken())
    assert row.data == b"x" * browse.MOST_SHOWN
    assert row.size == 100_000
    assert row.cells == ("x" * browse.MOST_SHOWN + "… (cut: the row has 100000 bytes)",)


@pytest.mark.parametrize(
    ("row", "typed"),
    [
        (b"a\x01b,1", "a\x01b"),
        (b"a\x01b,1", "a\\x01b"),
        (b"a\tb,1", "a\\tb"),
        (b"a\r,1", "a\\r"),
        (b"a\\b,1", "a\\b"),
        (b"a\\x41b,1", "a\\x41b"),
        ("\u202eevil,1".encode(), "\u202eevil"),
        ("\u202eevil,1".encode(), "\\xe2\\x80\\xaeevil"),
        (b"\xff\xfe,1", "\\xff\\xfe"),
        (b"z" * 10_000 + b",1", "z" * 10_000),
        (b"z" * 200_000 + b",1", "z" * 200_000),
        (b"alone", "alone"),
        (b"user0500x,1", "user0500x"),
        (b"1" * 300 + b",1" * 299, "1" * 300),
    ],
    ids=lambda value: repr(value[:12]),
)
@pytest.mark.parametrize("at", [0, 3, 999])
def test_an_id_that_breaks_the_grammar_is_found_as_it_is_and_as_it_is_shown(
    tmp_path: Path, row: bytes, typed: str, at: int
) -> None:
    path = tmp_path / "bad.csv"
    made = [one.encode() for one in ROWS]
    made[at] = row
    path.write_bytes(b"\n".join(made) + b"\n")
    source = CsvLedger(path, parse_columns("account:token,BTC:base-units/8"))
    if len(row) > 100_000:
        source._longest_row = 10**6
    assert run(find_id(source, typed, CancelToken())) == (0, at)
    shown = row_index(source.read_part(0, CancelToken()), CancelToken())[at].cells
    assert len(shown) == 1 + row[: browse.MOST_SHOWN].count(b",")
    assert all(len(cell) <= browse.MOST_SHOWN + 60 for cell in shown)


@pytest.mark.parametrize("key", ["", ",", "\n", "a,b", "\\x2c", "\\x0a", "\\"])
def test_what_can_be_no_id_is_not_found(ledger: CsvLedger, key: str) -> None:
    assert run(find_id(ledger, key, CancelToken())) is None


@pytest.mark.parametrize("size", [1, 2])
def test_parts_of_a_row_or_two_and_parts_of_none(size: int) -> None:
    source = MemoryLedger(parse_columns("account:token,BTC:base-units/8"), [one.encode() for one in ROWS[:40]], size)
    for at in (0, 1, 39):
        assert run(find_id(source, f"user{at:04}", CancelToken())) == divmod(at, size)
    rows = run(rows_at(source, [divmod(at, size) for at in range(40)], CancelToken()))
    assert [row.data.decode() for row in rows] == ROWS[:40]
    empty = MemoryLedger(source.columns, [])
    assert run(find_id(empty, "user0000", CancelToken())) is None
    assert list(row_index(LedgerPart("none", 0, b""), CancelToken())) == []


def test_an_endless_row_is_indexed_and_searched_in_little_memory() -> None:
    """Sixty-four mebibytes in one row: what is made of it is its index and what is shown."""
    part = LedgerPart("endless", 0, b"9" * 2**26)
    tracemalloc.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(browse, "_STEP", 2**22)
            rows = row_index(part, CancelToken())
            assert len(rows[0].cells[0]) < browse.MOST_SHOWN + 60
            assert browse._key_offset(part.data, b"8,", CancelToken()) is None
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    (row,) = row_index(LedgerPart("p", 0, b"\xff\x00,1\n"), CancelToken())
    assert row.cells == ("\\xff\x00", "1")


@pytest.mark.parametrize("at", [0, 1, 7, 500, 999])
def test_an_id_is_found_where_it_stands(ledger: CsvLedger, at: int) -> None:
    assert run(find_id(ledger, f"user{at:04}", CancelToken())) == (0, at)


@pytest.mark.parametrize("key", ["user", "ser0001", "999", "USER0001", "user0001,1\nuser0002", "\u202e", "user000"])
def test_only_the_whole_first_cell_counts(ledger: CsvLedger, key: str) -> None:
    assert run(find_id(ledger, key, CancelToken())) is None


def test_a_search_stops_when_it_is_cancelled(ledger: CsvLedger) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(find_id(ledger, "user0999", token))


def test_rows_that_findings_name_are_read_once_each(ledger: CsvLedger) -> None:
    places = (Location("ledger.csv", row=3), Location("ledger.csv", row=1), Location("other.csv", row=1))
    found = [
        finding("LEAF.NEGATIVE", procedure="ledger", subject="x", message="y", at=places[0], places=places),
        finding("LEAF.ORDER", procedure="ledger", subject="x", message="y", at=Location("ledger.csv", row=3)),
        finding("ROWS.COUNT", procedure="ledger", subject="x", message="y", at=Location("ledger.csv")),
        finding("LEAF.ORDER", procedure="ledger", subject="x", message="y", at=Location("ledger.csv", row=5000)),
    ]
    named = named_places(found, ["ledger.csv"])
    assert named == ((0, 0), (0, 2), (0, 4999))
    rows = run(rows_at(ledger, named, CancelToken()))
    assert [row.cells[0] for row in rows] == ["user0000", "user0002"]


def test_a_row_is_looked_for_in_its_part() -> None:
    assert place_of(0) == (0, 0)
    assert place_of(PART_ROWS - 1) == (0, PART_ROWS - 1)
    assert place_of(3 * PART_ROWS) == (3, 0)


def test_a_part_crosses_to_another_process_without_a_copy_of_its_bytes() -> None:
    data = b"".join(b"id%d,%d\n" % (at, at) for at in range(1000))
    rows = row_index(LedgerPart("a.csv", 32, data), CancelToken())
    beside: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(rows, protocol=5, buffer_callback=beside.append)
    assert len(pickled) < 500
    assert b"id1," not in pickled
    again: PartRows = pickle.loads(pickled, buffers=beside)
    assert (again.name, again.first_row, list(again)) == ("a.csv", 32, list(rows))
