"""``report build``: exit status, one JSON object, and no file unless the whole report is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor_app.cli.main import main
from auditor_app.snapshot.trust import save_store
from tests.unit.report.reading import squeezed, text_of
from tests.unit.snapshot import samples


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.json"
    save_store(path, samples.store())
    return path


def _build(snapshot: Path, trust: Path, output: Path, *more: str) -> int:
    options = ["--trust", str(trust), "--trusted-time", samples.NOW, "-o", str(output), *more]
    return main(["report", "build", str(snapshot), *options])


def test_exceptions_give_exit_status_1_and_the_report_is_written(
    tmp_path: Path, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "report.pdf"
    assert _build(samples.write(tmp_path), trust, output, "--date", "2026-11-05", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["report"]["file"] == "report.pdf"
    assert document["report"]["date"] == "2026-11-05"
    assert document["verdicts"]["data"] == "exceptions"
    text = squeezed(text_of(output.read_bytes()))
    assert document["snapshot"]["payloadSha256"] in text
    assert samples.TREASURY.keyid in text
    assert str(tmp_path) not in text
    assert "--trusted-time2026-11-03T00:00:00Z--date2026-11-05" in text


def test_the_same_command_from_other_folders_gives_the_same_bytes(
    tmp_path: Path, trust: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a.pdf", tmp_path / "b.pdf"
    snapshot = samples.write(tmp_path)
    _build(snapshot, trust, first)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    moved = elsewhere / snapshot.name
    moved.write_bytes(snapshot.read_bytes())
    _build(Path(moved.name), Path("..") / trust.name, second)
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_is_not_authentic_gives_exit_status_2_and_no_report(tmp_path: Path, trust: Path) -> None:
    output = tmp_path / "report.pdf"
    snapshot = samples.write(tmp_path, samples.TREASURY, samples.STRANGER)
    assert _build(snapshot, trust, output) == 2
    assert list(tmp_path.glob("*.pdf")) == []


@pytest.mark.parametrize("date", ["yesterday", "2026-13-01", "2026-11-01"])
def test_a_wrong_date_gives_exit_status_3_and_no_report(tmp_path: Path, trust: Path, date: str) -> None:
    output = tmp_path / "report.pdf"
    assert _build(samples.write(tmp_path), trust, output, "--date", date) == 3
    assert not output.exists()


def test_an_older_report_survives_a_failed_build(tmp_path: Path, trust: Path) -> None:
    output = tmp_path / "report.pdf"
    output.write_bytes(b"the report of last month")
    assert _build(samples.write(tmp_path, samples.STRANGER), trust, output) == 2
    assert output.read_bytes() == b"the report of last month"
