"""``ledger root`` and ``proof check`` as a person or a script runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli.main import main
from tests.unit.merkle import naive

COLUMNS = "id:token,BTC:decimal?,ETH:base-units/8,X:decimal-?"


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_ledger_root(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(b"a,1.50,7,-2\nb,,8,\n")
    status, found = run_json(
        capsys, "ledger", "root", str(path), "--scheme", "mexc", "--param", "proofId=PR-1", "--columns", COLUMNS
    )
    root, _ = naive.mexc_root([("a", {"BTC": "1.50", "ETH": "7", "X": "-2"}), ("b", {"ETH": "8"})], "PR-1")
    assert status == 0
    assert found == {
        "scheme": "mexc",
        "root": root,
        "leafCount": 2,
        "totals": {"BTC": "1.5", "ETH": "15", "X": "-2"},
        "findings": found["findings"],
    }
    assert [item["code"] for item in found["findings"]] == ["SCHEME.WEAK_HASH"]


def test_ledger_root_with_a_negative_balance_is_an_exception(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(b"a,-1.50,7,\n")
    status, found = run_json(capsys, "ledger", "root", str(path), "--scheme", "rfc6962-sha256", "--columns", COLUMNS)
    assert status == 1
    assert found["root"] == naive.rfc6962_root([b"a,-1.50,7,"]).hex()
    assert [item["code"] for item in found["findings"]] == ["LEAF.NEGATIVE"]


@pytest.mark.parametrize(
    ("data", "code", "arguments"),
    [
        (b"a,007,7,\n", "SNAPSHOT.GRAMMAR", []),
        (b"a,1,7,\r\n", "SNAPSHOT.GRAMMAR", []),
        (b"a,1,7,", "SNAPSHOT.GRAMMAR", []),
        (b"9" * 100_000, "SNAPSHOT.GRAMMAR", []),
        (b"a,1,7,\n", "SCHEME.PARAMETERS", ["--scheme", "mexc"]),
        (b"a,1,7,\n", "SCHEME.UNKNOWN", ["--scheme", "nobody-knows"]),
        (b"a,1,7,\n", "USAGE", ["--columns", "id:token"]),
        (b"a,1,7,\n", "USAGE", ["--param", "proofId"]),
        (b"a,1,7,\n", "USAGE", ["--param", "a=1", "--param", "a=2"]),
        (None, "LEDGER.UNREADABLE", []),
    ],
)
def test_ledger_root_with_unusable_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes | None, code: str, arguments: list[str]
) -> None:
    path = tmp_path / "l.csv"
    if data is not None:
        path.write_bytes(data)
    status, found = run_json(
        capsys, "ledger", "root", str(path), "--scheme", "rfc6962-sha256", "--columns", COLUMNS, *arguments
    )
    assert status == 3
    assert found["code"] == code
    assert "root" not in found


def test_ledger_root_of_no_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(b"")
    arguments = ("ledger", "root", str(path), "--columns", COLUMNS, "--scheme")
    status, found = run_json(capsys, *arguments, "rfc6962-sha256")
    assert (status, found["root"], found["leafCount"]) == (0, naive.rfc6962_root([]).hex(), 0)
    status, found = run_json(capsys, *arguments, "mexc", "--param", "proofId=P")
    assert (status, found["root"]) == (1, None)
    assert "LEDGER.EMPTY" in {item["code"] for item in found["findings"]}


@pytest.mark.vectors
def test_proof_check(capsys: pytest.CaptureFixture[str], vectors: Path) -> None:
    path = str(vectors / "merkle/mexc/merkle_proof.json")
    status, found = run_json(capsys, "proof", "check", path)
    assert status == 0
    assert list(found) == [
        "scheme",
        "leaf",
        "root",
        "balances",
        "rootMatches",
        "publishedRootMatches",
        "checks",
        "findings",
        "limitations",
        "reading",
        "matches",
        "profiles",
    ]
    assert (found["root"], found["rootMatches"], found["publishedRootMatches"]) == (
        "35d01ffef2beec3ff0166c03f3d9b0cc",
        True,
        None,
    )
    status, found = run_json(capsys, "proof", "check", path, "--scheme", "mexc", "--root", "00" * 16)
    assert (status, found["rootMatches"], found["publishedRootMatches"]) == (1, True, False)


@pytest.mark.vectors
def test_proof_check_in_words_names_root_and_balances(capsys: pytest.CaptureFixture[str], vectors: Path) -> None:
    assert main(["proof", "check", str(vectors / "merkle/mexc/merkle_proof.json")]) == 0
    captured = capsys.readouterr()
    assert "35d01ffef2beec3ff0166c03f3d9b0cc" in captured.out
    assert "BTC 4386831.37" in captured.out


def test_proof_check_of_something_else(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"{}")
    status, found = run_json(capsys, "proof", "check", str(path))
    assert (status, found["code"]) == (3, "PROOF.UNREADABLE")
