"""Where results go: never over an input, whole or refused on standard output, readable in any encoding."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor_app.cli.main import main
from tests.unit.merkle import naive

ROOT = ["--scheme", "rfc6962-sha256", "--columns", "id:token,BTC:decimal"]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "l.csv"
    path.write_bytes(b"a,1234.5\n")
    return path


def test_json_before_the_input_leaves_the_input_alone(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "root", *ROOT, "--json", str(ledger)]) == 3
    assert ledger.read_bytes() == b"a,1234.5\n"
    assert json.loads(capsys.readouterr().out)["code"] == "USAGE"


@pytest.mark.parametrize("spelling", ["l.csv", "./l.csv", "link.csv"])
def test_a_result_never_replaces_an_input(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spelling: str
) -> None:
    monkeypatch.chdir(ledger.parent)
    Path("link.csv").hardlink_to(ledger)
    assert main(["ledger", "root", str(ledger), *ROOT, "--json", spelling]) == 3
    assert ledger.read_bytes() == b"a,1234.5\n"
    assert "would be replaced" in capsys.readouterr().err


def test_a_report_never_replaces_its_snapshot_evidence_or_other_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / name for name in ("s.porsnap", "trust.json", "e.porevidence", "earlier.porsnap")}
    for path in files.values():
        path.write_bytes(b"evidence")
    given = [str(files["s.porsnap"]), "--trust", str(files["trust.json"]), "--evidence", str(files["e.porevidence"])]
    given += ["--earlier", str(files["earlier.porsnap"])]
    for path in files.values():
        assert main(["report", "build", *given, "-o", str(path)]) == 3
        assert path.read_bytes() == b"evidence"
        assert "would be replaced" in capsys.readouterr().err
    new = str(tmp_path / "new")
    assert main(["report", "build", *given, "-o", new, "--json", new]) == 3
    assert "would be replaced" in capsys.readouterr().err


def test_an_earlier_result_is_replaced_by_the_error(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ledger.parent / "out.json"
    assert main(["ledger", "root", str(ledger), *ROOT, "--json", str(out)]) == 0
    assert json.loads(out.read_bytes())["root"] == naive.rfc6962_root([b"a,1234.5"]).hex()
    ledger.write_bytes(b"a,007\n")
    assert main(["ledger", "root", str(ledger), *ROOT, "--json", str(out)]) == 3
    assert json.loads(out.read_bytes())["code"] == "SNAPSHOT.GRAMMAR"


def test_a_folder_that_takes_no_result_is_one_sentence(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "root", str(ledger), *ROOT, "--json", str(ledger.parent / "no" / "out.json")]) == 3
    assert "cannot be written" in capsys.readouterr().err


class _Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)


@pytest.mark.parametrize("json_option", [[], ["--json"]])
def test_a_full_disk_behind_standard_output_is_said(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], json_option: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full())
    assert main(["ledger", "root", str(ledger), *ROOT, *json_option]) == 3
    assert "standard output cannot be written (No space left on device)" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors with the shell")
@pytest.mark.parametrize(
    ("closed", "json_option", "status"), [(">&-", "", 0), (">&-", "--json", 3), ("2>&-", "--json", 0), ("2>&-", "", 0)]
)
def test_closed_streams(ledger: Path, closed: str, json_option: str, status: int) -> None:
    command = f'exec "$0" -m auditor_app ledger root {ledger} {" ".join(ROOT)} {json_option} {closed}'
    done = subprocess.run(["/bin/sh", "-c", command, sys.executable], capture_output=True, check=False)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    if closed == "2>&-" and json_option:
        assert json.loads(done.stdout)["leafCount"] == 1


def test_what_an_encoding_cannot_show_is_replaced(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ledger.rename(ledger.parent / "\N{LATIN SMALL LETTER U WITH DIAERESIS}.csv")
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["ledger", "root", str(path), *ROOT]) == 0
        monkeypatch.undo()
        assert raw.getvalue().startswith(b"\\xfc.csv: 1 row")


def test_nothing_in_the_name_of_a_result_is_left_when_the_input_is_refused(ledger: Path) -> None:
    before = hashlib.sha256(ledger.read_bytes()).digest()
    ledger.with_name("bad.csv").write_bytes(b"a,1\r\n")
    main(["ledger", "root", str(ledger.with_name("bad.csv")), *ROOT])
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["bad.csv", "l.csv"]
    assert hashlib.sha256(ledger.read_bytes()).digest() == before
