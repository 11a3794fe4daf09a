"""Reports of an engagement: what makes one final, what each part prints, both standards, both versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.errors import ReportError
from auditor_app.operation import CancelToken, run
from auditor_app.report.document import Report, ReportOptions, build_report
from auditor_app.report.elements import ELEMENTS, Supplied, missing_elements
from auditor_app.report.hiding import hider
from auditor_app.report.template import bundled_template
from tests.unit.report import engaged, factory
from tests.unit.report.reading import boxes, squeezed, text_of


def build(audit: Audit | None = None, papers: Papers | None = None, **options: object) -> Report:
    whole = ReportOptions("2026-11-05", papers=papers or engaged.papers(), **options)  # type: ignore[arg-type]
    return run(build_report(audit or factory.audit(), whole, CancelToken()))


@pytest.fixture(scope="module")
def final() -> Report:
    return build(final=True)


@pytest.fixture(scope="module")
def masked() -> Report:
    return build(_with_named_leaf(), final=True, redacted=True)


def _with_named_leaf() -> Audit:
    """A run whose finding, sample and outcome name a customer."""
    audit = factory.audit()
    assert audit.sample is not None
    named = replace(audit.findings[0], subject="ledger spot, alice@example.com", message="alice@example.com owes.")
    items = (replace(audit.sample.items[0], key="alice@example.com"), *audit.sample.items[1:])
    told = tuple(
        replace(item, outcome="One exception was found. alice@example.com owes.") if item.key == "ledger" else item
        for item in audit.procedures
    )
    sample = replace(audit.sample, items=items)
    return replace(audit, findings=(named, *audit.findings[1:]), sample=sample, procedures=told)


def test_a_complete_engagement_gives_a_final_report_without_watermark(final: Report) -> None:
    text = text_of(final.pdf)
    assert not final.draft
    assert final.missing == ()
    assert "DRAFT" not in text
    assert "Draft" not in text
    for words in ("Example Accountants LLP", "1 Example Street, Valletta", "E. Partner", "ISRS) 4400 (Revised)"):
        assert squeezed(words) in squeezed(text)


_GAPS: list[tuple[int, Callable[[Papers], Papers]]] = [
    (number, lambda papers, name=name: replace(papers, terms=engaged.terms(**{name: "  "})))  # type: ignore[misc]
    for number, name in (
        (2, "addressee"),
        (4, "purpose"),
        (4, "restriction"),
        (6, "acknowledgement"),
        (7, "responsible_party"),
        (8, "firm"),
        (12, "ethics"),
        (13, "independence"),
        (14, "quality_management"),
        (17, "place"),
    )
]
_GAPS.append((17, lambda papers: replace(papers, sign_offs=papers.sign_offs[:2])))


@pytest.mark.parametrize(("number", "gap"), _GAPS)
def test_a_final_report_names_the_element_that_is_missing(number: int, gap: Callable[[Papers], Papers]) -> None:
    name = next(item.name for item in ELEMENTS if item.number == number)
    with pytest.raises(ReportError, match=name) as caught:
        build(papers=gap(engaged.papers()), final=True)
    assert caught.value.code == "REPORT.INCOMPLETE"


def test_a_final_report_wants_a_typed_date_and_closed_notes() -> None:
    with pytest.raises(ReportError, match="typed date"):
        run(build_report(factory.audit(), ReportOptions(papers=engaged.papers(), final=True), CancelToken()))
    papers = engaged.papers()
    note = replace(papers.notes[0], closed=None)
    with pytest.raises(ReportError, match=r"[Nn]ote 1"):
        build(papers=replace(papers, notes=(note,)), final=True)


def _missing(audit: Audit, standard: object = None) -> list[int]:
    text = standard or bundled_template().standard
    return [item.element.number for item in missing_elements(Supplied(audit, engaged.papers(), text, True))]  # type: ignore[arg-type]


def test_elements_of_the_run_and_of_the_standard_are_enforced_as_well() -> None:
    audit, standard = factory.audit(), bundled_template().standard
    assert _missing(audit) == []
    assert _missing(replace(audit, identity=replace(audit.identity, as_of=""))) == [3]
    assert _missing(replace(audit, procedures=audit.procedures[1:])) == [15]
    assert _missing(replace(audit, procedures=(replace(audit.procedures[0], extent=""), *audit.procedures[1:]))) == [15]
    assert _missing(replace(audit, procedures=())) == [15, 16]
    assert _missing(audit, replace_struct(standard, title="Report")) == [1]
    for number in (5, 9, 10, 11):
        fewer = tuple(item for item in standard.paragraph if number not in item.elements)
        assert number in _missing(audit, replace_struct(standard, paragraph=fewer))


def replace_struct(value: object, **changes: object) -> object:
    import msgspec

    return msgspec.structs.replace(value, **changes)  # type: ignore[type-var]


def test_a_report_is_never_dated_before_the_last_run() -> None:
    late = replace(engaged.papers().runs[0], stamp=replace(engaged.papers().runs[0].stamp, at="2026-11-06T00:00:00Z"))
    with pytest.raises(ReportError, match="lies before"):
        build(papers=engaged.papers(runs=(late,)))


def test_at_c_215_has_its_own_title_and_paragraphs() -> None:
    report = build(papers=engaged.papers(terms=engaged.terms(standard="at-c-215")), final=True)
    text = squeezed(text_of(report.pdf))
    assert squeezed("Independent Accountant's Report on Applying Agreed-Upon Procedures") in text.replace("’", "'")
    assert squeezed("American Institute of Certified Public Accountants") in text
    assert squeezed("ISRS") not in text


@pytest.mark.parametrize("standard", ["isrs-4400", "at-c-215"])
def test_every_standard_carries_its_elements_and_uses_known_terms(standard: str) -> None:
    template = bundled_template(standard)  # type: ignore[arg-type]
    for number in (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14):
        assert template.standard.carries(number)
    used = {name for item in template.standard.paragraph for _, name in item.parts() if name}
    assert used <= set(engaged.terms().__struct_fields__)
    assert {"purpose", "restriction", "acknowledgement", "responsible_party", "independence", "ethics"} <= used


def test_management_s_response_stands_beside_its_exception_and_the_log_is_whole(final: Report) -> None:
    text = squeezed(text_of(final.pdf))
    assert squeezed("Log no. 2, open. Management's response: The transfer") in text.replace("’", "'")
    assert squeezed("Management's response: none recorded.") in text.replace("’", "'")
    for line in engaged.logged():
        assert squeezed(line.item) in text
    assert text.count(squeezed("arrived in block 21,093,120.")) == 1
    assert squeezed("Closed The deputy's letter") in text.replace("’", "'").replace("●", "")


def test_findings_of_one_kind_that_are_many_are_all_listed_in_an_appendix() -> None:
    audit = factory.many(60)
    lines = engaged.logged(audit)
    answered = tuple(
        replace(line, cause="Rounding.", closed=line.raised, closing_reason="Booked.") if line.number == 40 else line
        for line in lines
        if line.number != 41
    )
    report = build(audit, engaged.papers(exceptions=answered))
    text = squeezed(text_of(report.pdf)).replace("’", "'")
    series = [item for item in audit.findings if item.code == "LEAF.NEGATIVE"]
    assert len(series) == 61
    for item in series:
        assert squeezed(item.subject) in text
        assert squeezed(item.message) in text
    for words in (
        "X1 and others",
        "61 findings of this kind",
        "60 in the log, 1 closed; management's response recorded for 0.",
        "(log 40)",
        "Cause: Rounding. Closed: Booked.",
        "Appendix F Findings listed one by one",
    ):
        assert squeezed(words) in text, words
    assert squeezed("(log 41)") not in text
    few = squeezed(text_of(build(factory.many(24)).pdf))
    assert squeezed("Appendix F") not in few
    assert squeezed("customer-0000023@example.com") in few


def test_the_journal_head_tickmarks_and_papers_are_printed(final: Report) -> None:
    text = squeezed(text_of(final.pdf))
    papers = engaged.papers()
    assert text.count(papers.head.sha256) >= 3
    assert papers.identity in text
    assert squeezed("Traced to the published root") in text
    assert squeezed("Papers D4 · Agreed-upon procedures") in text


def test_left_out_own_and_reworded_procedures_are_told() -> None:
    text = squeezed(text_of(build(papers=engaged.amended()).pdf))
    for words in (
        "B5 Time stamp Left out No token is issued.",
        "Inspected the vaults.",
        "Not performed by the program",
        "See log no. 4.",
        "Place corrected It was misspelt",
    ):
        assert squeezed(words) in text


def test_funds_are_shown_both_ways_only_where_the_terms_ask(final: Report) -> None:
    asked = text_of(build(papers=engaged.papers(terms=engaged.terms(funds_with_reserves=True))).pdf)
    line = next(item for item in factory.coverage_lines() if item.asset == "USDT")
    assert line.observed is not None
    assert line.liabilities is not None
    with_fund = (line.observed + 100_000_000_000_000) * 10**6 // line.liabilities
    assert squeezed(f"{with_fund // 10**4}.{with_fund % 10**4:04d} %") in squeezed(asked)
    assert "Rate without" in asked
    assert "Rate without" not in text_of(final.pdf)


def test_agreed_thresholds_are_stated(final: Report) -> None:
    assert squeezed("No threshold was agreed") in squeezed(text_of(final.pdf))
    agreed = engaged.terms(thresholds={"coverage": "below 1 USDT"})
    assert "below 1 USDT" in text_of(build(papers=engaged.papers(terms=agreed)).pdf)


def test_a_draft_underlines_doubtful_words_that_a_person_typed() -> None:
    terms = engaged.terms(scope="Balances that the firm has audited.")
    draft = build(papers=engaged.papers(terms=terms))
    plain = build(papers=engaged.papers(terms=engaged.terms(scope="Balances that the firm has counted.")))
    assert _amber_strokes(draft.pdf) == _amber_strokes(plain.pdf) + 1
    whole = build(papers=engaged.papers(terms=terms), final=True)
    assert "has audited" in text_of(whole.pdf)
    assert _amber_strokes(whole.pdf) == _amber_strokes(build(final=True).pdf)


def _amber_strokes(pdf: bytes) -> int:
    """Lines in the colour of a warning on the page that holds the scope."""
    import pypdfium2
    import pypdfium2.raw as raw

    page = next(
        page for page in pypdfium2.PdfDocument(pdf) if "Scope as agreed" in page.get_textpage().get_text_bounded()
    )
    found = 0
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH]):
        import ctypes

        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        raw.FPDFPageObj_GetStrokeColor(item, red, green, blue, alpha)
        found += (red.value, green.value, blue.value) == (0x7A, 0x5A, 0x00)
    return found


def test_the_redacted_version_names_nobody(masked: Report) -> None:
    audit = _with_named_leaf()
    assert audit.sample is not None
    pages = squeezed(text_of(masked.pdf))
    attached = b"\n".join(item.data for item in masked.exhibits).decode()
    names = [line.address.account.rpartition(":")[2] for line in audit.addresses]
    names += [line.account.rpartition(":")[2] for line in audit.funds] + [item.key for item in audit.sample.items]
    for name in (*names, "customer-4711"):
        assert squeezed(name) not in pages
        assert name not in attached
    assert "withheld" in pages


@pytest.mark.parametrize("typed", [str, str.lower, str.upper])
def test_an_address_that_a_person_typed_is_masked_in_either_case(typed: Callable[[str], str]) -> None:
    account = "eip155:1:0xDB868B36DB67AB41eADE7a738E6E25b07c910E30"
    hide = hider({account: "A", account.rpartition(":")[2]: "0xDB86…0E30"})
    assert hide(f"wallet {typed(account[9:])} is held by a custodian") == "wallet 0xDB86…0E30 is held by a custodian"
    assert hide(typed(account)) == "A"


def test_the_redacted_version_keeps_amounts_numbers_and_names_the_full_one(masked: Report) -> None:
    full = build(_with_named_leaf(), final=True)
    pages, attached = squeezed(text_of(masked.pdf)), {item.name: item.data for item in masked.exhibits}
    assert full.report_id != masked.report_id
    assert full.report_id in pages
    assert json.loads(attached["manifest.json"])["redactedFrom"] == full.report_id
    assert attached["coverage.csv"] == next(item.data for item in full.exhibits if item.name == "coverage.csv")
    assert masked.pages == full.pages
    for words in ("99.9630%", "X3", "Logno.", "Logno.2,open.Management'sresponse:Thetransfer"):
        assert words in pages.replace("’", "'")


def test_the_manifest_lists_every_other_attachment(final: Report) -> None:
    listed = json.loads(final.exhibits[-1].data)
    assert listed["journalHead"] == engaged.papers().head.text()
    assert listed["kind"] == "final"
    assert [(item["name"], item["sha256"]) for item in listed["attachments"]] == [
        (item.name, item.sha256) for item in final.exhibits[:-1]
    ]


_STATED = {
    20: ("This summary does not replace the report.",),
    22: ("Reservations, and procedures changed, left out or not performed", "limitations in section 9"),
    24: (
        "Rate (the ratio) Observed reserves ÷ gross liabilities", "Negative balances What customers owe", "Gross and net",
        "Loans A loan to a customer is no reserve", "Staked and locked assets They count with", "Wrapped and pegged assets",
        "Custodians Assets with a custodian count only at addresses",
    ),
    25: ("File SHA-256", "Payload SHA-256", "digest of 128 bits", "50 000 counted, 50 000 claimed", "Recalculated root"),
    26: ("Gross liabilities", "Reserves observed", "Difference", "99.9630 %"),
    27: ("Endpoints that answered", "Grade What it rests on", "Proof of control"),
    28: ("Population", "Commitment SHA-256", "Seed", "Rivest's sampler over the seed", "Dummy"),
    29: ("Management's response: none recorded.", "Log no. 2, open."),
    30: (
        "Borrowed or pledged assets", "Liabilities outside the tree", "Controls The exchange's internal controls",
        "After the date", "Who owns the keys Which legal entity owns the keys",
    ),
    31: ("Program Reserve Auditor 0.1.0", "reserve-auditor reperform PACKAGE", "PACKAGE is the file", "Expected root"),
}  # fmt: skip


@pytest.mark.parametrize("number", sorted(_STATED))
def test_the_further_elements_are_stated(final: Report, number: int) -> None:
    text = squeezed(text_of(final.pdf)).replace("’", "'")
    for words in _STATED[number]:
        assert squeezed(words) in text, words


def test_every_page_has_its_number_the_report_s_id_and_the_evidence_s_hash(final: Report) -> None:
    import pypdfium2

    evidence = factory.evidence().payload_sha256
    for number, page in enumerate(pypdfium2.PdfDocument(final.pdf), start=1):
        text = squeezed(page.get_textpage().get_text_bounded())
        for words in (f"Page {number} of {final.pages}", f"Report {final.report_id}", f"Evidence {evidence}"):
            assert squeezed(words) in text, f"page {number}"


def test_the_grades_that_occur_are_explained_and_no_others(final: Report) -> None:
    lines = [line.grade.value for line in factory.addresses()]
    text = squeezed(text_of(final.pdf))
    for grade, words in (
        ("two-sources", "endpoints on two different hosts gave the same balance"),
        ("proven", "recalculated from a state proof under the hash of the block"),
        ("claimed", "the issuer's word only: counted as nothing observed"),
    ):
        assert (squeezed(words) in text.replace("’", "'")) is (grade in lines)


def test_another_head_gives_another_report_id(final: Report) -> None:
    other = engaged.papers(head=replace(engaged.papers().head, sha256="00" * 32))
    assert build(papers=other, final=True).report_id != final.report_id


def test_hostile_terms_stay_text_and_inside_the_page() -> None:
    words = f"{factory.MARKUP}\n{factory.LONG}\n{factory.BIDI}"
    texts = dict.fromkeys(("client", "firm", "purpose", "addressee", "restriction", "scope", "place", "ethics"), words)
    line = replace(engaged.logged()[3], item=factory.FORMULA, response=words, cause=factory.LONG, procedure="own")
    papers = engaged.papers(terms=engaged.terms(**texts, thresholds={"x": words}), exceptions=(line,))
    report = build(factory.hostile(), papers=papers, final=True)
    text = squeezed(text_of(report.pdf))
    assert text.count(squeezed(factory.MARKUP)) >= 8
    assert squeezed(factory.FORMULA) in text
    for page, width, _, (left, _, right, _) in boxes(report.pdf):
        assert left > 56.0, f"page {page}"
        assert right < width - 54.5, f"page {page}"
