"""Working papers as files: exact text beside numbers, nothing a spreadsheet runs, the same bytes each time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from auditor_app.cli.main import main
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.terms import TEXT_FIELDS
from auditor_app.findings import Severity, finding
from auditor_app.report.exhibits import exhibits
from auditor_app.report.paper_tables import paper_tables
from auditor_app.report.redaction import redacted
from auditor_app.report.tables import WorkingTable, numbers, texts
from auditor_app.report.workbook import PaperHeading, papers_package, workbook
from tests.unit.report import engaged, factory

ROOT = Path(__file__).resolve().parents[3]
HEADING = PaperHeading("Example Exchange Ltd", "2026-11-01T00:00:00Z", "ab" * 32, "Reserve Auditor 0.1.0", "20:cd")


def sheets(data: bytes) -> Any:
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(data))


def one(*rows: tuple[str | None, ...], name: str = "table") -> WorkingTable:
    return WorkingTable("D9", name, "A table", (*texts("text"), *numbers("amount")), rows)


def test_amounts_stand_as_exact_text_and_as_a_number() -> None:
    exact = "41250.123456789012345678"
    data = workbook([one(("ETH", exact), ("none", None), ("debt", "-0.5"), ("odd", "12 apples"))], HEADING)
    sheet = sheets(data)["D9 table"]
    assert [cell.value for cell in sheet[1]] == ["text", "amount", "amount (number)"]
    assert (sheet["B2"].value, sheet["B2"].data_type) == (exact, "s")
    assert (sheet["C2"].data_type, sheet["C2"].value) == ("n", pytest.approx(41250.1234567890))
    assert (sheet["B3"].value, sheet["C3"].value) == (None, None)
    assert (sheet["B4"].value, sheet["C4"].value) == ("-0.5", -0.5)
    assert (sheet["B5"].value, sheet["C5"].value) == ("12 apples", None)


@pytest.mark.parametrize("text", [factory.FORMULA, "+1+1", "-1+1", "@SUM(A1)", "\t=1", "{=1}", "=1\u202e2"])
def test_nothing_is_a_formula(text: str) -> None:
    table = one((text, None))
    data = workbook([table], replace(HEADING, entity=text))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)
    book = sheets(data)
    for cell in (book["D9 table"]["A2"], book["Index"]["B1"]):
        assert (cell.data_type, cell.quotePrefix) == ("s", True)
    written = next(csv.reader(io.StringIO(table.csv().decode().split("\n", 1)[1], newline="")))[0]
    assert written == (text if text.startswith("{") else f"'{text}")


def test_a_negative_number_is_no_formula() -> None:
    assert one(("a", "-5.25")).csv() == b"text,amount\na,-5.25\n"


def test_headers_are_frozen_and_filtered_and_the_index_leads_to_each_sheet() -> None:
    tables = paper_tables(factory.audit(), engaged.papers())
    book = sheets(workbook(tables, HEADING))
    index = book["Index"]
    assert [index[f"B{row}"].value for row in (1, 2, 3, 5)] == [HEADING.entity, HEADING.as_of, "ab" * 32, "20:cd"]
    rows = [[cell.value for cell in row] for row in index.iter_rows(min_row=9)]
    assert [(row[0], row[2], row[4]) for row in rows] == [(item.reference, item.title, item.sha256) for item in tables]
    assert [row[1] for row in rows] == book.sheetnames[1:]
    assert [row[0][0] for row in rows] == sorted(row[0][0] for row in rows)
    for name in book.sheetnames[1:]:
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref == book[name].dimensions


def test_every_letter_of_the_index_has_its_tables() -> None:
    papers = engaged.amended()
    assert {table.reference[0] for table in paper_tables(factory.audit(), papers)} >= set("ABCDEF")
    names = [table.name for table in paper_tables(factory.audit(), papers)]
    assert len(names) == len(set(names))


def test_hostile_text_is_literal_or_an_escape_and_cut_only_where_a_cell_ends() -> None:
    whole = "W" * 40_000
    table = one((factory.BIDI, None), (factory.MARKUP, None), ("a\x00\ud800\x0bb", None), (whole, None), ("a\nb", None))
    sheet = sheets(workbook([table], HEADING))["D9 table"]
    assert r"\u202e" in sheet["A2"].value
    assert sheet["A3"].value == factory.MARKUP
    assert sheet["A4"].value == r"a\x00\ud800\x0bb"
    assert sheet["A5"].value.endswith("whole in the CSV)")
    assert len(sheet["A5"].value) <= 32_767
    assert sheet["A6"].value == "a\nb"
    assert whole.encode() in table.csv()


def test_sheet_names_are_legal_and_never_twice() -> None:
    tables = [one(("a", "1"), name="x" * 60), one(("a", "1"), name="x" * 60), one(("a", "1"), name="a/b[c]:d*?")]
    names = sheets(workbook(tables, HEADING)).sheetnames
    assert len({name.lower() for name in names}) == 4
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_the_package_lists_the_digest_of_every_member() -> None:
    tables = paper_tables(factory.audit(), engaged.papers())
    with zipfile.ZipFile(io.BytesIO(papers_package(tables, HEADING))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    sums = dict(reversed(line.split("  ")) for line in members["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != "SHA256SUMS"}
    assert members["papers.xlsx"] == workbook(tables, HEADING)
    for table in tables:
        assert f"{table.reference},{table.file},".encode() in members["index.csv"]


_ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.unit.report.test_workbook import package_digest
print(package_digest())
"""


def package_digest() -> str:
    return hashlib.sha256(papers_package(paper_tables(factory.audit(), engaged.papers()), HEADING)).hexdigest()


def test_another_process_day_zone_and_hash_seed_give_the_same_bytes(tmp_path: Path) -> None:
    environment = {**os.environ, "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "9", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(ROOT)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == package_digest()


def test_redacted_papers_name_nobody() -> None:
    audit = factory.audit()
    shown = redacted(audit, engaged.papers())
    package = papers_package(paper_tables(shown.audit, shown.papers), HEADING)
    assert audit.sample is not None
    names = [line.address.account.rpartition(":")[2] for line in audit.addresses]
    names += [item.key for item in audit.sample.items]
    for name in (*names, "customer-4711", "row 40,112"):
        assert name.encode() not in package


def test_what_people_typed_anywhere_in_the_papers_names_nobody_in_the_redacted_ones() -> None:
    audit, whole = factory.audit(), engaged.amended()
    address = audit.addresses[0].address.account.rpartition(":")[2]
    assert address.startswith("0x")
    assert audit.sample is not None
    audit = replace(
        audit, sample=replace(audit.sample, items=(replace(audit.sample.items[0], key="alice@example.com"),))
    )
    typed = f"alice@example.com, {address}, {address[2:]}"
    terms = dict.fromkeys(TEXT_FIELDS, typed)
    named = replace(
        whole,
        terms=structs.replace(whole.terms, **terms, thresholds={"rate": typed}),
        procedures=(*whole.procedures[:-1], structs.replace(whole.procedures[-1], wording=typed, reason=typed)),
        tickmarks=(("T", typed),),
        notes=tuple(replace(item, text=typed, reply=typed) for item in whole.notes),
        amendments=tuple(replace(item, amendment=Amendment(what=typed, why=typed)) for item in whole.amendments),
    )
    shown = redacted(audit, named)
    written = papers_package(paper_tables(shown.audit, shown.papers), HEADING)
    attached = b"".join(item.data for item in exhibits(shown.audit, "2026-11-05", shown.papers))
    for data in (written, attached):
        assert b"withheld" in data
        assert b"alice@example.com" not in data
        assert address[2:].encode() not in data


def test_a_finding_about_leaves_loses_its_words_in_the_redacted_papers_whatever_its_procedure() -> None:
    audit = factory.audit()
    debt = finding(
        "LEAF.NET_DEBT",
        procedure="totals",
        subject="ledger spot, asset USDT",
        message="1 row owes 5 USDT. ledger.csv, row 2: bob@example.com.",
        severity=Severity.EXCEPTION,
    )
    told = tuple(replace(item, outcome=debt.message) if item.key == "totals" else item for item in audit.procedures)
    shown = redacted(replace(audit, findings=(*audit.findings, debt), procedures=told), engaged.papers())
    last = shown.audit.findings[-1]
    assert (last.code, last.severity) == (debt.code, debt.severity)
    assert b"bob@example.com" not in papers_package(paper_tables(shown.audit, shown.papers), HEADING)


def test_frames_hold_exact_text() -> None:
    frame = next(item for item in paper_tables(factory.audit()) if item.name == "coverage").frame()
    row = frame[frame["asset"] == "ETH"].iloc[0]
    assert row["liabilities"] == "41250.123456789012345678"
    assert isinstance(row["liabilities"], str)


def test_the_command_writes_both_forms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = tmp_path / "demo"
    assert main(["demo", str(demo)]) in (0, 1)
    snapshot, trust = next(demo.glob("*.porsnap")), next(demo.glob("trust*.json"))
    base = ["report", "workbook", str(snapshot), "--trust", str(trust)]
    capsys.readouterr()
    for name in ("papers.xlsx", "papers.zip"):
        assert main([*base, "-o", str(tmp_path / name), "--json"]) in (0, 1)
        told = json.loads(capsys.readouterr().out)
        assert {"A2", "B1", "C2", "D4", "F1"} <= {item["reference"] for item in told["tables"]}
    with zipfile.ZipFile(tmp_path / "papers.zip") as archive:
        assert archive.read("papers.xlsx") == (tmp_path / "papers.xlsx").read_bytes()
    assert main([*base, "-o", str(tmp_path / "papers.ods")]) == 3
