"""MEXC's export for auditors: the rounding rule against an independent exporter, and everything the log is held against."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.cli.main import main
from auditor_app.errors import LedgerError
from auditor_app.ledger.mexc_export import part
from auditor_app.ledger.mexc_export.check import ExportCheck, check_export
from auditor_app.ledger.mexc_export.log import COINS, read_log
from auditor_app.ledger.mexc_export.rounding import ColumnTally
from auditor_app.operation import CancelToken, run

PART = "mexc_merkle_data_20251101_part{:03d}.csv"


def exported(exact: Decimal) -> str:
    """The cell as EasyExcel writes it: through a double, 10 significant digits half up, 10 decimals, whole from 1e10."""
    with localcontext(Context(prec=60, rounding=ROUND_HALF_UP)):
        value = Decimal(float(exact))
        if abs(float(exact)) <= 1e-10:
            return "0"
        step = Decimal(1) if abs(value) >= 10**10 else Decimal(10) ** max(value.adjusted() - 9, -10)
        cell = value.quantize(step)
        text = f"{cell:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class Export:
    """Part files with a log that fits them."""

    def __init__(self, folder: Path, parts: Sequence[Sequence[Sequence[str]]]) -> None:
        self.folder = folder
        self.log = folder / "export.log"
        self.lines: list[str] = []
        totals = [Decimal(0)] * 4
        with localcontext(Context(prec=80)):
            for number, rows in enumerate(parts, 1):
                name = PART.format(number)
                body = "".join(
                    f"{hashlib.md5(f'{number} {index}'.encode()).hexdigest()},{','.join(exported(Decimal(a)) for a in row)}\r\n"
                    for index, row in enumerate(rows)
                )
                data = ("\ufeffuuid,USDT,USDC,BTC,ETH\r\n" + body).encode()
                (folder / name).write_bytes(data)
                self.lines.append(f"{name} rows={len(rows)} bytes={len(data)} md5={hashlib.md5(data).hexdigest()}")
                totals = [
                    total + sum((Decimal(row[at]) for row in rows), Decimal(0)) for at, total in enumerate(totals)
                ]
            self.lines += [f"total {coin} = {total:f}" for coin, total in zip(COINS, totals, strict=True)]
        self.write()

    def write(self) -> None:
        self.log.write_text("\n".join(self.lines) + "\n")

    def part(self, number: int = 1) -> Path:
        return self.folder / PART.format(number)

    def check(self, *paths: Path) -> ExportCheck:
        return run(check_export(paths or [self.folder], self.log, CancelToken()))


ROWS = [
    ["1234567.12345678", "0", "0.00000000012", "3.3333333333333333"],
    ["12345678901.5", "0.00000000005", "21", "0.1"],
    ["0.123456789012345", "99999.999999999", "0.5", "0"],
]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path, [ROWS[:2], ROWS[2:]])


def codes(check: ExportCheck) -> set[str]:
    return {item.code for item in check.findings}


def changed(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))


def test_the_examples_of_the_exporter() -> None:
    assert exported(Decimal("1234567.12345678")) == "1234567.123"
    assert exported(Decimal("12345678901.5")) == "12345678902"
    assert exported(Decimal("0.0000000001")) == "0"


def test_an_export_that_fits_its_log(export: Export) -> None:
    check = export.check()
    assert codes(check) == {"EXPORT.NO_ROOT"}
    assert [part.rows for part in check.parts] == [2, 1]
    assert all(item.difference and item.within for item in check.sums)
    message = next(item for item in check.findings if item.code == "EXPORT.NO_ROOT")
    assert not message.counts
    assert "digital_id" in message.expected
    assert "cannot be recalculated" in message.message


amounts = st.one_of(
    st.integers(0, 10**24).map(lambda units: Decimal(units).scaleb(-18)),
    st.integers(0, 10**40).map(lambda units: Decimal(units).scaleb(-20)),
    st.sampled_from(
        ["0.00000000005", "0.0000000001", "0.99999999996", "9.9999999995", "9999999999.5", "10000000000.5"]
    ).map(Decimal),
)


@given(st.lists(amounts, min_size=1, max_size=30))
@settings(deadline=None)
def test_no_export_is_off_by_more_than_the_tolerance(exact: list[Decimal]) -> None:
    tally = ColumnTally()
    for amount in exact:
        tally.add(exported(amount).encode())
    truth = sum((Fraction(amount) for amount in exact), Fraction(0))
    assert abs(Fraction(tally.units, 10**10) - truth) <= tally.tolerance()
    assert not tally.too_many_digits


@pytest.mark.parametrize(
    ("cell", "tolerance"),
    [
        ("0", "0.0000000001"),
        ("", "0.0000000001"),
        ("0.5", "0.00000000005"),
        ("5", "0.0000000005"),
        ("1234567.123", "0.0005"),
        ("9999999999", "0.5"),
        ("12345678901", "0.5"),
    ],
)
def test_the_tolerance_of_one_cell(cell: str, tolerance: str) -> None:
    tally = ColumnTally()
    tally.add(cell.encode())
    half = Fraction(tolerance)
    size = Fraction(cell or "0")
    assert half <= tally.tolerance() <= half + (size + 2 * half) / 2**53


def test_a_total_just_outside_is_found_and_just_inside_is_not(export: Export) -> None:
    check = export.check()
    edge = {item.coin: item.cells.fraction() + item.tolerance for item in check.sums}
    for beyond, expected in ((Fraction(0), set()), (Fraction(1, 10**40), {"TOTALS.MISMATCH"})):
        value = edge["BTC"] + beyond
        scaled = value.numerator * 10**60 // value.denominator
        text = f"{scaled // 10**60}.{scaled % 10**60:060d}"
        export.lines = [line if "total BTC" not in line else f"total BTC = {text}" for line in export.lines]
        export.write()
        assert codes(export.check()) == {"EXPORT.NO_ROOT", *expected}


def test_digests_sizes_and_rows_are_compared(export: Export) -> None:
    changed(export.part(), b",21,", b",22,")
    assert {"EXPORT.DIGEST", "TOTALS.MISMATCH"} <= codes(export.check())
    export.lines[0] = export.lines[0].replace("rows=2", "rows=3")
    export.write()
    assert "ROWS.COUNT" in codes(export.check())


def test_the_total_rows_of_the_log_are_compared(export: Export) -> None:
    export.lines.append("Total rows: 3")
    export.write()
    assert codes(export.check()) == {"EXPORT.NO_ROOT"}
    export.lines[-1] = "Total rows: 15,272,384"
    export.write()
    assert "ROWS.COUNT" in codes(export.check())


def test_parts_that_lack_or_are_not_listed(export: Export) -> None:
    assert {"EXPORT.FILES", "TOTALS.MISMATCH"} <= codes(export.check(export.part(1)))
    export.part(2).rename(export.folder / PART.format(3))
    export.lines[1] = export.lines[1].replace("part002", "part003")
    export.write()
    check = export.check()
    assert [item.message for item in check.findings if item.code == "EXPORT.FILES"] == ["The part numbers have gaps."]
    export.lines[1] = export.lines[1].replace("20251101", "20251102")
    export.write()
    assert len([item for item in export.check().findings if item.code == "EXPORT.FILES"]) == 3


def test_negative_repeated_and_empty_rows(tmp_path: Path) -> None:
    export = Export(tmp_path, [[["-5", "0", "0", "0"], ["0", "0", "0", "0"], ["10", "0", "0", "1"]]])
    rows = export.part().read_bytes().splitlines(keepends=True)
    export.part().write_bytes(b"".join([*rows, rows[-1]]))
    found = {item.code: item for item in export.check().findings}
    assert found["LEAF.NEGATIVE"].counts and found["LEAF.NEGATIVE"].observed == "1"
    assert rows[-1][:32].decode() in found["LEAF.DUPLICATE"].message and not found["LEAF.DUPLICATE"].counts
    assert found["EXPORT.ZERO_ROWS"].observed == "1"


def test_digits_that_the_exporter_does_not_write(export: Export) -> None:
    changed(export.part(), b"1234567.123", b"1234567.1235")
    assert "EXPORT.DIGITS" in codes(export.check())


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"\xef\xbb\xbf", b"", "header"),
        (b"uuid,USDT", b"uuid,USDC", "header"),
        (b",21,", b',"2,1",', "decimal sign were a comma"),
        (b",21,", b",2,1,", "decimal sign were a comma"),
        (b",21,", b",1E+2,", "uuid and four amounts"),
        (b",21,", b",021,", "uuid and four amounts"),
        (b",21,", "，21，".encode(), "uuid and four amounts"),
        (b",21,0.1\r\n", b",21,0.1\n", "CRLF"),
    ],
)
def test_rows_that_are_none_are_refused_by_line(export: Export, old: bytes, new: bytes, what: str) -> None:
    changed(export.part(), old, new)
    with pytest.raises(LedgerError, match=what) as caught:
        export.check()
    assert caught.value.code == "EXPORT.UNREADABLE"
    assert caught.value.at.row == (1 if what == "header" else 3)


def test_a_file_without_an_end_and_one_without_content(export: Export) -> None:
    export.part().write_bytes(export.part().read_bytes()[:-2])
    with pytest.raises(LedgerError, match="CRLF"):
        export.check()
    export.part().write_bytes(b"")
    with pytest.raises(LedgerError, match="empty"):
        export.check()
    with pytest.raises(LedgerError, match="not named as a part"):
        export.check(export.log)


@pytest.mark.parametrize("size", [7, 64, 200])
def test_blocks_of_any_size_give_the_same(export: Export, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = export.check()
    monkeypatch.setattr(part, "BLOCK", max(size, len(part.HEADER)))
    assert export.check() == whole


def test_a_line_without_end_costs_no_memory(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "BLOCK", 512)
    with export.part().open("ab") as file:
        file.write(b"0" * 4096)
    with pytest.raises(LedgerError, match="longer than any row"):
        export.check()


# ---- the log


def test_a_log_in_other_words(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(
        "\ufeff2025-11-01 10:00:00 INFO start export 2025\r\n"
        "2025-11-01 10:00:01 INFO writing mexc_merkle_data_20251101_part001.csv\r\n"
        "  MD5: 0CC175B9C0F1B6A831C399E269772661, Lines: 2,000,000; size = 118,000,000\r\n"
        "10:10 mexc_merkle_data_20251101_part002.csv finished, rows: 5 bytes: 400 md5=900150983cd24fb0d6963f7d28e17f72\r\n"
        "totalUSDT=1234567890123456789012345.000000000000000001\r\n"
        "USDC total: -0.5; TOTAL_BTC: 1; eth_total = 2.50\r\n"
        "total rows: 2,000,005\r\n"
    )
    read = read_log(log)
    assert [(part.rows, part.bytes, part.md5[:4]) for part in read.parts] == [
        (2_000_000, 118_000_000, "0cc1"),
        (5, 400, "9001"),
    ]
    assert [read.totals[coin].fixed() for coin in COINS] == [
        "1234567890123456789012345.000000000000000001",
        "-0.5",
        "1",
        "2.50",
    ]
    assert read.total_rows == 2_000_005


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("md5=", "sha=", "md5"),
        ("rows=2 ", "", "rows"),
        ("total ETH", "sum ETH", "no total of ETH"),
        ("total ETH", "total USDT = 5\ntotal ETH", "twice"),
        ("total ETH", f"{PART.format(1)} rows=7\ntotal ETH", "twice"),
        ("mexc_merkle", "other_merkle", "names no part file"),
        ("total BTC = 2", "total BTC = 2e", "no total of BTC"),
        ("rows=2 ", f"{PART.format(2)} rows=2 ", "two part files"),
    ],
)
def test_a_log_that_lacks_or_contradicts_is_refused(export: Export, old: str, new: str, what: str) -> None:
    text = export.log.read_text()
    export.log.write_text(text.replace(old, new))
    with pytest.raises(LedgerError, match=what):
        export.check()


def test_the_command(export: Export, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ledger", "mexc-export", str(export.folder), "--log", str(export.log)]
    assert main([*words, "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["rows"] == 3
    assert [item["coin"] for item in document["sums"]] == list(COINS)
    assert all(item["within"] for item in document["sums"])
    assert "cannot be recalculated" in captured.err
    changed(export.part(), b",21,", b",22,")
    assert main(words) == 1
    assert main([*words[:-1], str(export.folder / "gone.log")]) == 3
