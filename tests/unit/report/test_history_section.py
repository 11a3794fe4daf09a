"""The series of snapshots in report, attachments and workbook: every row of it, both versions, the same bytes twice."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from auditor_app.engagement.history import History, reported_history
from auditor_app.engagement.history_document import history_document
from auditor_app.engagement.papers import Papers, Run
from auditor_app.engagement.terms import AgreedProcedure
from auditor_app.engagement.written_history import with_history
from auditor_app.findings import Verdict
from auditor_app.operation import CancelToken, run
from auditor_app.report.document import Report, ReportOptions, build_report
from auditor_app.report.history_tables import history_tables
from auditor_app.report.paper_export import exported_papers
from tests.unit.report import engaged, factory, series
from tests.unit.report.reading import boxes, squeezed, text_of


def build(made: History | None, **options: object) -> Report:
    asked = ReportOptions("2026-11-05", papers=engaged.papers(), history=made, **options)  # type: ignore[arg-type]
    return run(build_report(factory.audit(), asked, CancelToken()))


@pytest.fixture(scope="module")
def broken() -> Report:
    return build(series.broken(), final=True)


@pytest.fixture(scope="module")
def masked() -> Report:
    return build(series.broken(), final=True, redacted=True)


def _appendix(report: Report) -> str:
    """The text after the appendix's heading, the table of contents apart."""
    return squeezed(text_of(report.pdf)).replace("’", "'").rpartition("AppendixFSeriesofsnapshots")[2]


def test_chain_rates_amounts_addresses_signatures_and_roots_are_printed(broken: Report) -> None:
    text = _appendix(broken)
    for place, point in enumerate(series.broken().points, start=1):
        assert squeezed(f"{point.as_of} demo-2026-{place:02}") in text
        assert point.payload_sha256 in text
        assert point.previous is None or f"after{point.previous}" in text
        assert squeezed(f"spot {49 + place // 10} {place}00 futures 1 200") in text
    for words in (
        "BTC 2026-01-01T00:00:00Z 12 345.67890123 12 335.67890123 −10.00000000 92.1234 %",
        "BTC 2026-03-01T00:00:00Z 12 345.67890123 12 355.67890123 +10.00000000 108.1234 %",
        "SHIB 2026-01-01T00:00:00Z not in this snapshot",
        "SHIB 2026-02-01T00:00:00Z 5 000 000 000 000.00 — — no rate",
        f"2026-02-01T00:00:00Z Came: 1 {series.account(5)}",
        f"2026-03-01T00:00:00Z Went: 1 {series.account(2)}",
        f"{series.SIGNATURE} {series.account(3)}",
        f"2026-01-01T00:00:00Z spot, mexc {series.TYPED} typed beside snapshot demo-2026-01",
    ):
        assert squeezed(words) in text, words
    assert "Ineverysnapshot" in text
    assert text.count("namesnopredecessor") == 1


def test_its_findings_are_numbered_among_all_others_and_change_the_verdict(broken: Report) -> None:
    text = squeezed(text_of(broken.pdf)).replace("’", "'")
    found = [item.code for item in broken.audit.findings if item.procedure == "history"]
    assert found == ["FRESH.ROLLBACK", "ROOT.EQUIVOCATION", "OWNERSHIP.REPEATED"]
    for words in ("B6 Series of snapshots", "ROOT.EQUIVOCATION", "sequence 10, 11, 12", "ff ff", "Critical"):
        assert squeezed(words) in text
    assert squeezed("X4 snapshot demo-2026-03, sequence 12 The snapshot does not name") in _appendix(broken)
    assert squeezed("X5 ledger spot, mexc, as of 2026-01-01T00:00:00Z 2 different roots") in _appendix(broken)
    assert broken.audit.verdicts.authentic is Verdict.EXCEPTIONS


def test_a_series_in_order_says_so(broken: Report) -> None:
    report = build(series.good(), final=True)
    text = _appendix(report)
    assert squeezed("The series gave rise to no finding") in text
    assert text.count("Inorder") == 2
    assert "Seefindings" not in text
    assert squeezed("None: every signature of control stands in one snapshot only.") in text
    assert squeezed("Each snapshot named the one before it, one root was seen") in squeezed(text_of(report.pdf))


def test_the_same_series_gives_the_same_bytes_and_another_one_another_id(broken: Report) -> None:
    assert build(series.broken(), final=True).pdf == broken.pdf
    assert build(series.good(), final=True).report_id != broken.report_id
    without = build(None, final=True)
    assert "Seriesofsnapshots" not in squeezed(text_of(without.pdf)).replace("B6Seriesofsnapshots", "")
    assert "history.json" not in [item.name for item in without.exhibits]


def test_the_attachment_is_what_the_command_prints(broken: Report) -> None:
    attached = next(item for item in broken.exhibits if item.name == "history.json")
    assert json.loads(attached.data) == history_document(series.broken())


def test_the_redacted_version_masks_addresses_and_signatures(broken: Report, masked: Report) -> None:
    pages = squeezed(text_of(masked.pdf))
    attached = b"\n".join(item.data for item in masked.exhibits).decode()
    everybody = {name for point in series.broken().points for name in point.accounts}
    for name in (*(item.rpartition(":")[2] for item in everybody), series.SIGNATURE):
        assert name not in pages
        assert name not in attached
    whole = series.account(5)
    assert f"{whole[:15]}…{whole[-4:]}" in pages
    assert "108.1234%" in pages
    assert masked.pages == broken.pages
    assert series.TYPED in pages


def test_many_addresses_are_cut_in_print_and_whole_in_attachment_and_workbook() -> None:
    made = series.many(250)
    report = build(made)
    text = _appendix(report)
    assert squeezed("Came: 250") in text
    assert squeezed("the first 100 are printed; the attachment history.json holds all") in text
    assert text.count("eip155:1:0x") == 101  # and one account that a signature stands beside
    attached = json.loads(next(item.data for item in report.exhibits if item.name == "history.json"))
    assert len(attached["addresses"][0]["came"]) == 250
    table = next(item for item in history_tables(made) if item.name == "series-addresses")
    assert len(table.rows) == 250
    for page, width, _, (left, _, right, _) in boxes(report.pdf):
        assert left > 56.0, f"page {page}"
        assert right < width - 54.5, f"page {page}"


def test_hostile_names_stay_text_and_inside_the_page() -> None:
    name = factory.MARKUP
    assets = (
        replace(series.point(1).assets[0], asset=factory.FORMULA),
        replace(series.point(1).assets[0], asset=factory.LONG),
    )
    points = [
        series.point(
            n, issuer=name, snapshot_id=factory.LONG[: 1000 + n], assets=assets, leaf_counts=((factory.BIDI, 5),)
        )
        for n in (1, 2)
    ]
    made = series.history(points)
    report = build(made)
    text = squeezed(text_of(report.pdf))
    assert squeezed(factory.MARKUP) in text
    assert squeezed(factory.FORMULA) in text
    for page, width, _, (left, _, right, _) in boxes(report.pdf):
        assert left > 56.0, f"page {page}"
        assert right < width - 54.5, f"page {page}"
    table = next(item for item in history_tables(made) if item.name == "series-rates")
    assert b"\n'=cmd" in table.csv()


def test_the_working_papers_hold_the_series_and_the_redacted_ones_mask_it() -> None:
    made = series.broken()
    _, tables = exported_papers(factory.audit(), engaged.papers(), (), ".zip", masked=False, history=made)
    own = {item.name: item for item in tables if item.reference == "B6"}
    assert list(own) == [
        "series", "series-leaves", "series-rates", "series-addresses", "series-signatures", "series-roots",
    ]  # fmt: skip
    assert [row[3] for row in own["series"].rows] == ["first", "in order", "broken"]
    assert ("BTC", "2026-01-01T00:00:00Z", "12345.67890123", "12335.67890123", "-10", "92.1234") in own[
        "series-rates"
    ].rows
    findings = next(item for item in tables if item.name == "findings")
    assert {row[0] for row in findings.rows} >= {"ROOT.EQUIVOCATION", "FRESH.ROLLBACK"}
    data, shown = exported_papers(factory.audit(), engaged.papers(), (), ".zip", masked=True, history=made)
    for number in range(1, 8):
        assert series.account(number).rpartition(":")[2].encode() not in data
    assert series.SIGNATURE.encode() not in data
    assert [len(item.rows) for item in shown] == [len(item.rows) for item in tables]


def _runs(*issuers: str) -> Papers:
    whole = engaged.papers().runs[0]
    runs: list[Run] = []
    for number, issuer in enumerate(issuers, start=1):
        subject = msgspec.structs.replace(whole.action.subject, issuer=issuer)
        action = msgspec.structs.replace(whole.action, subject=subject, result=f"{number:064x}")
        runs.append(replace(whole, action=action))
    return engaged.papers(runs=tuple(runs))


def _kept(digest: str) -> bytes:
    """A run of month ``digest``, as little of one as the series reads."""
    number = int(digest, 16)
    issuer = "Other" if number == 3 else "Example Exchange Ltd"
    return json.dumps(
        {
            "snapshot": {
                "issuer": issuer, "id": f"s{number}", "sequence": str(number), "asOf": f"2026-{number:02}-01T00:00:00Z",
                "payloadSha256": f"{number:064x}",
            },
            "previousPayloadSha256": None, "ledgers": [], "coverage": [], "addresses": [], "commitments": [],
            "signatures": [],
        }
    ).encode()  # fmt: skip


def test_only_two_snapshots_of_the_very_issuer_make_a_series() -> None:
    ours = "Example Exchange Ltd"
    assert reported_history(None, _kept, ours) is None
    assert reported_history(_runs(ours), _kept, ours) is None
    assert reported_history(_runs(ours, ours, "Other"), _kept, "Other") is None
    made = reported_history(_runs(ours, ours, "Other"), _kept, ours)
    assert made is not None
    assert [point.snapshot_id for point in made.points] == ["s1", "s2"]
    left_out = AgreedProcedure(key="history", wording="Compared.", agreed=False, reason="One month only.")
    assert reported_history(replace(_runs(ours, ours), procedures=(left_out,)), _kept, ours) is None


def test_an_agreed_series_that_does_not_exist_is_told() -> None:
    agreed = AgreedProcedure(key="history", wording="Compared.")
    papers = engaged.papers(procedures=(*engaged.papers().procedures, agreed))
    audit = with_history(factory.audit(), None, papers)
    assert [
        (item.performed, "Fewer than two" in item.outcome) for item in audit.procedures if item.key == "history"
    ] == [(False, True)]
    assert with_history(factory.audit(), None, engaged.papers()) == factory.audit()
