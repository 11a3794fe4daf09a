"""Three months of one exchange in an engagement: the report's series, both versions, its re-performance, the working papers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end2end.conftest import command
from tests.end2end.spec_issuer import AUDITOR, BTC_ADDRESS, BTC_CHAIN, FINANCE, TREASURY, Draft, evidence, snapshot
from tests.unit.report.reading import squeezed, text_of

BY = ("--by", "P. Reparer")
SECOND = f"{BTC_CHAIN}:bc1qgc4xn6skz3kxu0v5m7pj6h8w8g4whx968sghmh"
OTHER_ROOT = "ff" * 32
JUDGED = ("--trusted-time", "2026-11-05T00:00:00Z")


@dataclass(frozen=True)
class Year:
    """The engagement of three months, and what was built from it."""

    folder: Path
    store: Path
    book: Path
    told: Any
    status: int


def month(number: int, previous: Draft | None) -> Draft:
    """A snapshot of September, October or November; October's reserves lie on two addresses."""
    rows = [b"alice,1.5", b"bob,0.25", b"carol,", b"dave,0.00000001", b"007,%d" % number]
    draft = snapshot(
        rows,
        snapshotId=f"spec-{number}",
        sequence=str(number),
        asOf=f"2026-{8 + number:02}-01T00:00:00Z",
        createdAt=f"2026-{8 + number:02}-02T08:00:00Z",
        previousPayloadSha256=None if previous is None else hashlib.sha256(previous.payload()).hexdigest(),
    )
    if number == 2:
        claimed = int(draft.predicate["reserves"]["claimedTotals"]["BTC"])
        table = f"account,asset,claimed,role\n{BTC_ADDRESS},BTC,{claimed - 1000},cold\n{SECOND},BTC,1000,hot\n"
        draft.members["reserves/addresses.csv"] = ("addresses", table.encode(), 2)
    if previous is None:
        del draft.predicate["previousPayloadSha256"]
    return draft


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Three runs, September's root typed anew with another value, and a draft report on November."""
    folder = tmp_path_factory.mktemp("year")
    store, book = folder / "trust.json", folder / "book.engagement"
    for key, role, signer in (
        (TREASURY, "issuer", "Head of Treasury"), (FINANCE, "issuer", "CFO"), (AUDITOR, "auditor", "A. Auditor"),
    ):  # fmt: skip
        pem = folder / f"{signer}.pem"
        pem.write_bytes(key.pem)
        added = command(
            "trust", "add", "--store", store, "--pem", pem, "--fingerprint", key.keyid, "--role", role,
            "--issuer", "Example Exchange Ltd" if role == "issuer" else "Audit LLP", "--signer", signer,
            "--channel", "engagement letter", "--by", "A. Auditor",
        )  # fmt: skip
        assert added.status == 0, added.err
    assert command("engagement", "new", book, "--client", "Example", "--standard", "isrs-4400", *BY).status == 0
    drafts: list[Draft] = []
    for number in (1, 2, 3):
        draft = month(number, drafts[-1] if drafts else None)
        drafts.append(draft)
        draft.archive(folder / f"m{number}.porsnap")
        amount = int(draft.predicate["reserves"]["claimedTotals"]["BTC"]) - (1000 if number == 2 else 0)
        captured = f"2026-{8 + number:02}-02T12:00:00Z"
        evidence(draft, amount, capturedAt=captured).archive(folder / f"m{number}.porevidence")
        assert command("verify", *asked(folder, number), "--engagement", book, *BY).status in (0, 1)
    typed = ("--published-root", f"spot={OTHER_ROOT}")
    assert command("verify", *asked(folder, 1), *typed, "--engagement", book, *BY).status == 1
    built = command(
        "report", "build", *asked(folder, 3), "--engagement", book, *BY,
        "-o", folder / "report.pdf", "--redacted", folder / "masked.pdf", "--json",
    )  # fmt: skip
    return Year(folder, store, book, built.json, built.status)


def asked(folder: Path, number: int) -> tuple[object, ...]:
    """A month's run."""
    seen = folder / f"m{number}.porevidence"
    return (folder / f"m{number}.porsnap", "--trust", folder / "trust.json", "--evidence", seen, *JUDGED)


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
