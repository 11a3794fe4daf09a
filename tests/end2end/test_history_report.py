"""Three months of one exchange in an engagement: the report's series, both versions, its re-performance, the working papers."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end2end.conftest import command
from tests.end2end.months import BY, SECOND, asked, make_months, month
from tests.end2end.spec_issuer import BTC_ADDRESS, evidence
from tests.unit.report.reading import squeezed, text_of

OTHER_ROOT = "ff" * 32


@dataclass(frozen=True)
class Year:
    """The engagement of three months, and what was built from it."""

    folder: Path
    store: Path
    book: Path
    told: Any
    status: int


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Three runs, September's root typed anew with another value, and a draft report on November."""
    folder = tmp_path_factory.mktemp("year")
    store, book = make_months(folder)
    typed = ("--published-root", f"spot={OTHER_ROOT}")
    assert command("verify", *asked(folder, 1), *typed, "--engagement", book, *BY).status == 1
    built = command(
        "report", "build", *asked(folder, 3), "--engagement", book, *BY,
        "-o", folder / "report.pdf", "--redacted", folder / "masked.pdf", "--json",
    )  # fmt: skip
    return Year(folder, store, book, built.json, built.status)


def test_the_report_prints_the_series_and_counts_its_findings(year: Year) -> None:
    text = squeezed(text_of((year.folder / "report.pdf").read_bytes())).rpartition("AppendixFSeriesofsnapshots")[2]
    history = command("engagement", "history", year.book, "--json").json
    assert year.status == 1
    assert {item["code"] for item in year.told["findings"] if item["procedure"] == "history"} == {"ROOT.EQUIVOCATION"}
    assert [item["code"] for item in history["findings"]] == ["ROOT.EQUIVOCATION"]
    assert len(history["snapshots"]) == 3
    for point in history["snapshots"]:
        assert point["payloadSha256"] in text
    for line in history["series"][0]["points"]:
        assert f"{line['asOf']}" in text
        assert f"{line['rate']}%" in text
    assert text.count("Inorder") == 2
    for words in (
        "BTC 2026-09-01T00:00:00Z 2.75000001 3.02500001 +0.27500000 109.9999 %",
        "BTC 2026-10-01T00:00:00Z 3.75000001 4.12499001 +0.37499000 109.9997 %",
        f"2026-10-01T00:00:00Z Came: 1 {SECOND}",
        f"2026-11-01T00:00:00Z Went: 1 {SECOND}",
        f"{OTHER_ROOT} typed beside snapshot spec-1",
    ):
        assert squeezed(words) in text, words


def test_the_redacted_version_shows_no_address_of_any_month(year: Year) -> None:
    masked = (year.folder / "masked.pdf").read_bytes()
    text = squeezed(text_of(masked))
    assert squeezed("Series of snapshots") in text
    assert "109.9999%" in text
    import pikepdf

    with pikepdf.open(io.BytesIO(masked)) as document:
        attached = {name: file.get_file().read_bytes() for name, file in document.attachments.items()}
    assert "history.json" in attached
    for name in (SECOND.rpartition(":")[2], BTC_ADDRESS.rpartition(":")[2]):
        assert name not in text
        assert name.encode() not in b"".join(attached.values())


def test_the_working_papers_hold_the_same_series(year: Year) -> None:
    output = year.folder / "papers.zip"
    ended = command("report", "workbook", *asked(year.folder, 3), "--engagement", year.book, "-o", output, "--json")
    assert ended.status == 1
    with zipfile.ZipFile(output) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("B6-series-rates.csv").decode())))
        moved = archive.read("B6-series-addresses.csv").decode()
    history = command("engagement", "history", year.book, "--json").json
    assert [row["rate percent, rounded down"] for row in rows] == [
        item["rate"] for item in history["series"][0]["points"]
    ]
    assert f"2026-10-01T00:00:00Z,came,{SECOND}" in moved


def test_its_findings_enter_the_exceptions_log(year: Year, tmp_path: Path) -> None:
    copy = tmp_path / "copy.engagement"
    copy.write_bytes(year.book.read_bytes())
    assert command("engagement", "exception", "import", copy, *BY).status == 0
    shown = command("engagement", "show", copy, "--json").json
    assert "ROOT.EQUIVOCATION" in json.dumps(shown["exceptions"])


def test_a_report_built_before_a_later_run_is_reperformed_byte_by_byte(year: Year, tmp_path: Path) -> None:
    """A fourth month enters the journal afterwards: the report is built again from the papers before it."""
    copy = tmp_path / "copy.engagement"
    copy.write_bytes(year.book.read_bytes())
    third = month(3, month(2, month(1, None)))
    fourth = month(4, third)
    fourth.archive(year.folder / "m4.porsnap")
    evidence(fourth, 1, capturedAt="2026-12-02T12:00:00Z").archive(year.folder / "m4.porevidence")
    later = (*asked(year.folder, 4)[:-1], "2026-12-05T00:00:00Z")
    assert command("verify", *later, "--engagement", copy, *BY).status in (0, 1)
    package = tmp_path / "package.zip"
    assert command("engagement", "export", copy, "-o", package).status == 0
    again = command("reperform", package, "--trust", year.store, "--inputs", year.folder, "--json")
    assert again.status == 0, again.out
    assert [item["status"] for item in again.json["repeated"]] == ["same"] * 6
