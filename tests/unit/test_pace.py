"""Progress in words: rows and bytes, both rates, the time left from whichever total is known."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from auditor_app.cli import terminal
from auditor_app.ledger import browse
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.duplicates import DuplicateSearch, keyed_fingerprints
from auditor_app.ledger.parts import CsvLedger
from auditor_app.merkle import recompute as module
from auditor_app.merkle.recompute import recompute_root
from auditor_app.operation import CancelToken, Operation, Progress, run
from auditor_app.pace import Pace

NARROW = "\u202f"
COLUMNS = parse_columns("id:token,BTC:base-units/8")


def said(*moments: tuple[float, Progress]) -> list[str]:
    clock = iter([at for at, _ in moments])
    pace = Pace(lambda: next(clock))
    return [pace.describe(progress) for _, progress in moments]


def reading(rows: int, size: int, total: int | None = 1000) -> Progress:
    return Progress(rows, total, "rows", "Reading", size, 40_000_000)


def test_rows_bytes_rates_and_time_left() -> None:
    first, second, third = said((0, reading(0, 0)), (2, reading(50, 2_000_000)), (10, reading(250, 10_000_000)))
    assert first == f"0 of 1{NARROW}000 rows  ·  0.0 of 40.0 MB"
    assert second == f"50 of 1{NARROW}000 rows  ·  2.0 of 40.0 MB"
    assert third == f"250 of 1{NARROW}000 rows  ·  10.0 of 40.0 MB  ·  25 rows/s  ·  1.0 MB/s  ·  about 30 s left"


def test_a_plain_file_whose_rows_nobody_declared_has_a_time_left_too() -> None:
    *_, last = said((0, reading(0, 0, None)), (4, reading(200, 8_000_000, None)))
    assert last == "200 rows  ·  8.0 of 40.0 MB  ·  50 rows/s  ·  2.0 MB/s  ·  about 16 s left"


def test_a_row_count_that_lies_does_not_bend_the_time_left() -> None:
    *_, last = said((0, reading(0, 0, 10)), (4, reading(200, 20_000_000, 10)))
    assert last.endswith("about 4 s left")
    assert reading(200, 20_000_000, 10).percent == 50


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        (Progress(1, 4, "files", "x"), 25),
        (Progress(9, 4, "files", "x"), 100),
        (Progress(1, None, "files", "x"), None),
        (Progress(0, 0, "rows", "x"), None),
        (Progress(5, None, "rows", "x", 30, 40), 75),
        (Progress(5, None, "rows", "x", 0, 0), None),
    ],
)
def test_percent(progress: Progress, percent: int | None) -> None:
    assert progress.percent == percent


def test_a_new_phase_begins_its_rates_anew() -> None:
    *_, last = said((0, reading(0, 0)), (10, reading(500, 5)), (20, Progress(500, 1000, "rows", "Another")))
    assert "rows/s" not in last


@pytest.fixture
def ledger(tmp_path: Path) -> CsvLedger:
    path = tmp_path / "ledger.csv"
    path.write_text("".join(f"u{at % 2999},{at}\n" for at in range(3000)))
    return CsvLedger(path, COLUMNS)


def progress_of(operation: Operation[object]) -> list[Progress]:
    seen: list[Progress] = []
    run(operation, seen.append)
    return seen


def _root(ledger: CsvLedger) -> Operation[object]:
    return recompute_root(ledger, "rfc6962-sha256", {}, CancelToken())


def _confirm(ledger: CsvLedger) -> Operation[object]:
    search = DuplicateSearch(keyed_fingerprints())
    search.add([b"u0"] * 2)
    return search.trace(ledger, CancelToken())


@pytest.mark.parametrize(
    "work",
    [_root, _confirm, lambda ledger: browse.find_id(ledger, "nobody", CancelToken())],
    ids=["root", "ids", "find"],
)
@pytest.mark.parametrize("quick", [True, False])
def test_every_long_pass_tells_rows_and_bytes(
    ledger: CsvLedger, work: object, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not quick:
        monkeypatch.setattr(module, "is_worth_it", lambda part: False)
    assert callable(work)
    seen = [item for item in progress_of(work(ledger)) if item.unit == "rows"]
    assert seen
    for note in {item.note for item in seen}:
        some = [item for item in seen if item.note == note]
        assert [item.done for item in some] == sorted(item.done for item in some)
        assert some[-1].done == 3000
        assert {item.bytes_total for item in some} == {ledger.total_bytes}
        assert all(0 <= (item.bytes_done or 0) <= ledger.total_bytes for item in some)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_terminal_line_holds_the_same_words_and_is_never_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(terminal, "_PROGRESS_INTERVAL", 0)
    line = terminal._ProgressLine(screen)
    line.show(reading(250, 10_000_000))
    assert f"\r\x1b[KReading: 250 of 1{NARROW}000 rows  ·  10.0 of 40.0 MB" in screen.getvalue()
    line.show(Progress(1, None, "rows", "Reading \x1b[2J" + "x" * 500))
    last = screen.getvalue().rpartition("\r\x1b[K")[2]
    assert len(last) == 59
    assert "\x1b" not in last
