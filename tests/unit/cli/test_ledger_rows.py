"""Rows of a signed ledger on the command line: by number over parts, by id, and all that findings are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli import ledger_rows
from auditor_app.cli.main import main
from auditor_app.ledger import browse
from auditor_app.ledger import parts as ledger_parts
from auditor_app.merkle import exceptional
from auditor_app.snapshot import consistency
from auditor_app.snapshot.trust import save_store
from tests.unit.merkle.bad_files import rows, write_snapshot
from tests.unit.merkle.fast_ledgers import shrink_parts
from tests.unit.snapshot import samples

PART = 64


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_parts(monkeypatch, PART)
    for module in (consistency, ledger_parts, exceptional, browse, ledger_rows):
        monkeypatch.setattr(module, "PART_ROWS", PART)


@pytest.fixture
def show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Makes a snapshot of some parts, and gives what the command says of it: status and JSON."""

    def shown(parts: list[bytes], *words: str, declared: list[int] | None = None) -> tuple[int, Any]:
        path = write_snapshot(tmp_path, parts, declared=declared, part_rows=PART)
        save_store(tmp_path / "trust.json", samples.store())
        trust = ["--trust", str(tmp_path / "trust.json"), "--trusted-time", samples.NOW]
        capsys.readouterr()
        status = main(["ledger", "rows", str(path), *trust, *words, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return shown


def lines(data: bytes) -> list[list[str]]:
    return [row.split(",") for row in data.decode().splitlines()]


@pytest.mark.parametrize("first", [1, 60, 64, 65, 129, 150])
def test_rows_from_a_number_on_go_over_the_parts(show: Any, first: int) -> None:
    parts = [rows(64), rows(64, 64), rows(30, 128)]
    status, found = show(parts, "--row", str(first), "--count", "20")
    expected = lines(b"".join(parts))[first - 1 : first + 19]
    assert status == 0
    assert [row["cells"] for row in found["rows"]] == expected
    assert [row["row"] for row in found["rows"]] == [str(first + at) for at in range(len(expected))]
    where = [(row["member"], row["memberRow"]) for row in found["rows"]]
    assert where[0] == (f"ledger/spot-{(first - 1) // 64:05d}.csv", str((first - 1) % 64 + 1))


@pytest.mark.parametrize("words", [("--row", "95"), ("--row", "9" * 19), ("--id", "nobody"), ("--id", "a,b")])
def test_no_such_row_is_said_with_status_1(show: Any, words: tuple[str, str]) -> None:
    assert show([rows(64), rows(30, 64)], *words) == (1, {"ledger": "spot", "rows": [], "more": False})


def test_a_row_is_found_by_its_id(show: Any) -> None:
    parts = [rows(64), rows(30, 64)]
    key = lines(parts[1])[7][0]
    status, found = show(parts, "--id", key)
    assert status == 0
    assert [(row["row"], row["cells"][0]) for row in found["rows"]] == [("72", key)]


def test_all_rows_that_findings_are_about(show: Any) -> None:
    made = [rows(64), rows(40, 64)]
    rotten = lines(made[1])
    rotten[3][1] = "-5"
    rotten[9][0] = lines(made[0])[2][0]
    made[1] = "".join(",".join(row) + "\n" for row in rotten).encode()
    status, found = show(made, "--exceptions")
    assert status == 1
    assert [(row["row"], row["findings"]) for row in found["rows"]] == [
        ("3", ["LEAF.DUPLICATE"]), ("68", ["LEAF.NEGATIVE"]), ("74", ["LEAF.DUPLICATE"]),
    ]  # fmt: skip
    assert found["more"] is False


def test_rows_that_break_the_grammar_are_shown_as_text(show: Any, tmp_path: Path, capsys: Any) -> None:
    bad = [b"a\x1b[31m,1,1", "\u202eevil,2,2".encode(), b"z" * 100_000, b"u" + b",7" * 300, b"", b"<b>x</b>,1,1"]
    data = rows(10) + b"".join(one + b"\n" for one in bad)
    status, found = show([data], "--row", "11")
    assert status == 0
    assert found["rows"][1]["cells"][0] == "\\xe2\\x80\\xaeevil"
    assert found["rows"][2]["bytes"] == "100000"
    assert found["rows"][2]["cells"][0].endswith("… (cut: the row has 100000 bytes)")
    assert len(found["rows"][3]["cells"]) == 301
    trust = ["--trust", str(tmp_path / "trust.json"), "--trusted-time", samples.NOW]
    assert main(["ledger", "rows", str(tmp_path / "bad.porsnap"), *trust, "--row", "11"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "a\\x1b[31m,1,1" in said
    assert show([data], "--id", "a\\x1b[31m")[1]["rows"][0]["row"] == "11"
    status, found = show([data], "--exceptions")
    assert (status, [(row["row"], row["findings"]) for row in found["rows"]]) == (1, [("11", ["SNAPSHOT.GRAMMAR"])])


@pytest.mark.parametrize("words", [("--row", "1"), ("--id", "u"), ("--exceptions",)])
def test_a_ledger_without_rows(show: Any, words: tuple[str, ...]) -> None:
    status, found = show([b""], *words)
    assert found["rows"] == []
    assert status == 1


def test_the_ledger_must_be_one_that_is_there_and_rows_begin_with_one(show: Any) -> None:
    for words in (("--row", "0"), ("--row", "1", "--ledger", "none"), ("--row", "x"), ()):
        status, found = show([rows(3)], *words)
        assert status == 3
        assert found["code"] == "USAGE"


def test_rows_of_a_changed_snapshot_are_not_shown(show: Any, tmp_path: Path, capsys: Any) -> None:
    show([rows(30)], "--row", "1")
    path = tmp_path / "bad.porsnap"
    data = path.read_bytes()
    at = data.index(rows(30)[:20])
    path.write_bytes(data[: at + 3] + bytes([data[at + 3] ^ 1]) + data[at + 4 :])
    trust = ["--trust", str(tmp_path / "trust.json"), "--trusted-time", samples.NOW]
    assert main(["ledger", "rows", str(path), *trust, "--row", "1"]) == 2
    assert capsys.readouterr().out == ""
