"""The report as a value: the same bytes everywhere, exact amounts on the page, hostile text literal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from auditor_app.errors import ReportError
from auditor_app.findings import finding
from auditor_app.operation import Cancelled, CancelToken, run
from auditor_app.report.document import Report, ReportOptions, build_report
from auditor_app.report.elements import ELEMENTS
from auditor_app.snapshot.authentic import TrustedTime
from tests.unit.report import factory
from tests.unit.report.conftest import build
from tests.unit.report.reading import boxes, squeezed, text_of

ROOT = Path(__file__).resolve().parents[3]
_ELSEWHERE = """
import sys, time
sys.path.insert(0, sys.argv[1])
for name in ("time", "time_ns", "monotonic"):
    now = getattr(time, name)
    unit = 10**9 if name == "time_ns" else 1
    setattr(time, name, lambda now=now, unit=unit: now() + 400 * 86400 * unit)
from tests.unit.report import factory
from tests.unit.report.conftest import build
print(build(factory.audit()).sha256)
"""


@pytest.mark.parametrize(
    "issuer", ["交易所控股", "بورصة العملات", "Bo\u0308rse  &  <Söhne>", "Ёж\u202eexe", "=cmd|'/C calc'!A0"]
)
def test_an_issuer_s_name_in_any_script_gives_a_report(issuer: str) -> None:
    """What the fonts cannot draw is escaped on the page and in the title alike: the self-check compares the same text."""
    report = run(build_report(factory.audit(issuer), ReportOptions("2026-11-05"), CancelToken()))
    assert report.pages > 10


def test_another_process_user_day_time_zone_folder_and_hash_seed_give_the_same_bytes(
    small: Report, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "7",
        "HOME": str(tmp_path),
        "LC_ALL": "C",
        "USER": "somebody",
        "LOGNAME": "somebody",
        "SOURCE_DATE_EPOCH": "86400",
    }
    environment["MPLCONFIGDIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(ROOT)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == small.sha256


def test_folders_of_the_inputs_do_not_enter_the_bytes(small: Report) -> None:
    audit = factory.audit()
    request = audit.request
    assert request.evidence is not None
    assert request.sample is not None
    moved = replace(
        request,
        snapshot=Path("C") / request.snapshot.name,
        trust_store=Path(request.trust_store.name),
        evidence=Path("/mnt") / request.evidence.name,
        sample=replace(request.sample, record=Path(request.sample.record.name)),
    )
    assert build(replace(audit, request=moved)).pdf == small.pdf


def test_a_clock_reading_does_not_enter_the_bytes() -> None:
    def at(instant: str) -> bytes:
        audit = factory.audit()
        identity = replace(audit.identity, trusted_time=TrustedTime(instant, "now"))
        return build(replace(audit, identity=identity)).pdf

    assert at("2026-11-04T00:00:01Z") == at("2027-01-01T12:00:00Z")


def test_another_balance_gives_another_report_id(small: Report) -> None:
    audit = factory.audit()
    line = replace(audit.coverage[0], claimed=audit.coverage[0].claimed + 1)
    assert build(replace(audit, coverage=(line, *audit.coverage[1:]))).report_id != small.report_id


def test_exact_amounts_stand_on_the_page(small: Report) -> None:
    text = squeezed(text_of(small.pdf))
    for amount in (
        "8123.45678901",
        "41250.123456789012345678",
        "+1749.876543210987654322",
        "\u2212444555.666777",
        "99.9630%",
        "104.2421%",
        "104.2724%",
    ):
        assert squeezed(amount) in text


def test_the_page_names_what_identifies_and_reproduces_the_run(small: Report) -> None:
    text = squeezed(text_of(small.pdf))
    identity = factory.identity()
    for value in (
        identity.payload_sha256,
        *(key.spki_sha256 for key in identity.signers),
        factory.digest("file"),
        factory.evidence().payload_sha256,
        factory.audit().commitments[0].published,
        factory.sample().commitment,
        factory.sample().seed,
        "reserve-auditorreportbuilddemo.porsnap--trusttrust.json--evidencedemo.porevidence",
        "--date2026-11-05-oreport.pdf",
        *(item.sha256 for item in small.exhibits),
    ):
        assert value in text
    assert "/somewhere" not in text


def test_every_finding_and_limitation_stands_on_the_page(large: Report) -> None:
    text = squeezed(text_of(large.pdf))
    audit = factory.large()
    counting = [item for item in audit.findings if item.counts]
    for number, item in enumerate(counting, start=1):
        assert f"X{number}" in text
        assert squeezed(item.subject) in text
    for limit in audit.limitations:
        assert squeezed(limit.message) in text
    for line in audit.addresses:
        assert line.address.account.rpartition(":")[2] in text


def test_a_draft_names_the_missing_elements_and_carries_the_watermark(small: Report) -> None:
    text = text_of(small.pdf)
    assert small.draft
    assert text.count("DRAFT") >= small.pages
    for element in ELEMENTS:
        if element.source == "engagement":
            assert squeezed(element.name) in squeezed(text)
    assert f"Page 1 of {small.pages}" in text


@pytest.mark.parametrize("text", [factory.MARKUP, factory.FORMULA])
def test_markup_and_formulas_appear_literally(hostile: Report, text: str) -> None:
    assert squeezed(text_of(hostile.pdf)).count(squeezed(text)) >= 3


def test_controls_and_undrawable_characters_appear_as_escapes(hostile: Report) -> None:
    text = squeezed(text_of(hostile.pdf))
    assert r"safe\u202egnp.exe\u2066\x00\ufeff\u200b\u4ea4\u6613\u6240" in text
    assert "\u202e" not in text


def test_five_thousand_characters_appear_in_full(hostile: Report) -> None:
    assert text_of(hostile.pdf).count("W") >= 5 * len(factory.LONG)


@pytest.mark.parametrize("name", ["small", "hostile", "large"])
def test_no_text_leaves_the_page(name: str, request: pytest.FixtureRequest) -> None:
    report: Report = request.getfixturevalue(name)
    margin = 56.0
    for page, width, _, (left, bottom, right, _) in boxes(report.pdf):
        assert left > margin, f"page {page}"
        assert right < width - margin + 1.5, f"page {page}"
        assert bottom > 20, f"page {page}"


def test_attachments_hold_the_record_and_guard_formulas(hostile: Report) -> None:
    exhibits = {item.name: item.data for item in hostile.exhibits}
    record = json.loads(exhibits["findings.json"])
    assert record["snapshot"]["issuer"] == factory.MARKUP
    assert record["findings"][-1]["message"] == factory.LONG
    assert f"'{factory.FORMULA}".encode() in exhibits["addresses.csv"]
    assert b"BTC,8123.45678901,0," in exhibits["coverage.csv"]
    assert b",-444555.666777," in exhibits["coverage.csv"]


def test_attached_bytes_are_the_listed_ones(small: Report) -> None:
    import io

    with pikepdf.open(io.BytesIO(small.pdf)) as document:
        for item in small.exhibits:
            assert document.attachments[item.name].get_file().read_bytes() == item.data


def test_without_evidence_the_report_says_so() -> None:
    report = build(factory.without_evidence(), date=None)
    text = squeezed(text_of(report.pdf))
    assert not report.date.typed
    assert report.date.text == "2026-11-02"
    for sentence in (
        "none; reserves are only claimed",
        "No chart: no balance was observed",
        "No sample was drawn in this run.",
        "No date was typed; this is the day of the newest input.",
    ):
        assert squeezed(sentence) in text
    assert "--date" not in text


@pytest.mark.parametrize("date", ["2026-11-02", "2026-11-31", "05.11.2026", "2026-11-05T00:00:00Z", "٢٠٢٦-١١-٠٥"])
def test_a_wrong_date_or_one_before_the_newest_input_is_refused(date: str) -> None:
    with pytest.raises(ReportError):
        build(factory.audit(), date=date)


def test_there_is_no_report_on_a_file_that_is_not_authentic() -> None:
    forged = finding("SIGNATURE.INVALID", procedure="signatures", subject="file", message="It does not fit.")
    audit = factory.audit()
    with pytest.raises(ReportError, match="not authentic"):
        build(replace(audit, findings=(*audit.findings, forged)))


def test_cancelling_leaves_no_report() -> None:
    token = CancelToken()
    operation = build_report(factory.audit(), ReportOptions("2026-11-05"), token)
    next(operation)
    token.cancel()
    with pytest.raises(Cancelled):
        run(operation)


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_nothing(small: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(small.pdf)
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
