"""Plain CSV files as ledgers: cut into aligned parts, read again by number, watched for change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor_app.errors import LedgerError
from auditor_app.ledger import parts as module
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.operation import CancelToken

COLUMNS = parse_columns("id:token,BTC:decimal")
TOKEN = CancelToken()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 4 rows, read 7 bytes at a time."""
    monkeypatch.setattr(module, "PART_ROWS", 4)
    monkeypatch.setattr(module, "_CHUNK", 7)


def ledger(path: Path, data: bytes) -> CsvLedger:
    path.write_bytes(data)
    return CsvLedger(path, COLUMNS)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("rows", [0, 1, 3, 4, 5, 8, 11, 12, 13])
def test_parts_are_aligned_whole_and_readable_by_number(tmp_path: Path, rows: int) -> None:
    lines = [b"k%d,%d\n" % (number, 10**number) for number in range(rows)]
    source = ledger(tmp_path / "a.csv", b"".join(lines))
    found = list(source.parts(TOKEN))
    assert [part.data for part in found] == [b"".join(lines[at : at + 4]) for at in range(0, rows, 4)]
    assert [part.first_row for part in found] == list(range(0, rows, 4))
    assert [part.bytes_before for part in found] == [len(b"".join(lines[:at])) for at in range(0, rows, 4)]
    assert [source.read_part(number, TOKEN) for number in range(len(found))] == found
    fresh = CsvLedger(tmp_path / "a.csv", COLUMNS)
    assert [fresh.read_part(number, TOKEN) for number in reversed(range(len(found)))] == found[::-1]
    assert source.total_bytes == len(b"".join(lines))


@pytest.mark.usefixtures("small_parts")
def test_a_row_longer_than_the_grammar_allows_ends_the_reading(tmp_path: Path) -> None:
    source = ledger(tmp_path / "a.csv", b"a,1\n" + b"9" * 100_000)
    assert sum(len(part.data) for part in source.parts(TOKEN)) < 1000


@pytest.mark.usefixtures("small_parts")
def test_a_last_row_without_line_feed_is_handed_on_as_it_is(tmp_path: Path) -> None:
    source = ledger(tmp_path / "a.csv", b"a,1\n" * 4 + b"b,2")
    assert [part.data for part in source.parts(TOKEN)] == [b"a,1\n" * 4, b"b,2"]


def test_a_file_that_changes_while_it_is_read_stops_the_work(tmp_path: Path) -> None:
    source = ledger(tmp_path / "a.csv", b"a,1\n")
    reading = source.parts(TOKEN)
    next(reading)
    with (tmp_path / "a.csv").open("ab") as file:
        file.write(b"b,2\n")
    with pytest.raises(LedgerError, match="changed") as caught:
        list(reading)
    assert caught.value.code == "LEDGER.CHANGED"


def test_another_file_of_the_same_name_is_a_change(tmp_path: Path) -> None:
    source = ledger(tmp_path / "a.csv", b"a,1\n")
    list(source.parts(TOKEN))
    (tmp_path / "b.csv").write_bytes(b"a,2\n")
    os.replace(tmp_path / "b.csv", tmp_path / "a.csv")
    with pytest.raises(LedgerError) as caught:
        source.read_part(0, TOKEN)
    assert caught.value.code == "LEDGER.CHANGED"


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "absent.csv"):
        with pytest.raises(LedgerError) as caught:
            CsvLedger(path, COLUMNS)
        assert caught.value.code == "LEDGER.UNREADABLE"
        assert str(path) in caught.value.sentence()
