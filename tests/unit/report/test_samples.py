"""Samples of the journal in the report: items, marks, answers; limits only where they were agreed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auditor_app.engagement.papers import Papers, Stamp
from auditor_app.engagement.sampling_work import SampledWork, written_up
from auditor_app.engagement.terms import AgreedProcedure
from auditor_app.findings import Verdict, Verdicts
from auditor_app.operation import CancelToken, run
from auditor_app.procedures import PROCEDURES
from auditor_app.report.document import Report, ReportOptions, build_report, report_gaps
from auditor_app.report.elements import Supplied, gaps
from auditor_app.report.paper_tables import paper_tables
from auditor_app.report.redaction import redacted
from auditor_app.report.template import bundled_template
from auditor_app.sampling.answers import Replacement
from auditor_app.sampling.conclusion import conclude
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Stratum
from tests.unit.report import engaged, factory
from tests.unit.report.reading import squeezed, text_of
from tests.unit.sampling.executed import done, leaf, leaves

STAMP = Stamp(7, "2026-11-04T12:00:00Z", "P. Reparer")


def leaf_work() -> SampledWork:
    strata = (
        Stratum(asset="BTC", low="10", high="", population="100", size="30"),
        Stratum(asset="", low="", high="", population="900", size="30"),
    )
    items = [leaf(number, stratum=number % 2) for number in range(60)]
    extract = "item,BTC,USDT\n" + "".join(f"{n},{'1.5' if n else '1.4'},0\n" for n in range(60))
    replies = (
        "item,answer,note\n"
        + "".join(f"{n},agrees,\n" for n in range(60) if n not in (3, 4))
        + "3,none,returned by post\n"
    )
    instead = Replacement("4", "confirmation", "agreed to a withdrawal", "no address; #set page(fill: red)")
    execution = done(leaves(*items, strata=strata), extract, replies, instead)
    return SampledWork(execution.sample, STAMP, (), 6, execution, STAMP, conclude(execution), STAMP)


def reserve_work() -> SampledWork:
    items = (
        DrawnItem(
            id="eip155:1:0xaaaabbbbccccddddeeee",
            key="eip155:1:0xaaaabbbbccccddddeeee",
            book={"ETH": "600"},
            times=6,
            certain=True,
        ),
        DrawnItem(id="eip155:1:0x1111222233334444ffff", key="eip155:1:0x1111222233334444ffff", book={"ETH": "50"}),
        DrawnItem(
            id="eip155:1:0x5555666677778888ffff", key="eip155:1:0x5555666677778888ffff", book={"ETH": "60"}, times=30
        ),
    )
    base = leaves(*items, method="monetary-cell", total="1000", interval="200/3", asset="ETH")
    sample = DrawnSample(
        **{name: getattr(base, name) for name in base.__struct_fields__}
        | {"kind": "reserves", "root": "", "commitment": "77" * 32}
    )
    execution = done(sample, f"item,ETH\n{items[0].id},600\n{items[1].id},40\n{items[2].id},60\n")
    return SampledWork(sample, STAMP, (), 0, execution, STAMP, conclude(execution), STAMP)


def papers(*, limits: bool) -> Papers:
    whole = engaged.papers()
    if not limits:
        return whole
    wording = PROCEDURES["sample-limits"].wording
    return replace(whole, procedures=(*whole.procedures, AgreedProcedure(key="sample-limits", wording=wording)))


def build(*works: SampledWork, limits: bool, **options: object) -> Report:
    asked = ReportOptions("2026-11-05", papers=papers(limits=limits), samples=works, **options)  # type: ignore[arg-type]
    return run(build_report(factory.audit(), asked, CancelToken()))


def everything(report: Report) -> str:
    return squeezed(text_of(report.pdf)) + "".join(item.data.decode() for item in report.exhibits)


@pytest.fixture(scope="module")
def plain() -> Report:
    return build(leaf_work(), reserve_work(), limits=False, final=True)


@pytest.fixture(scope="module")
def agreed() -> Report:
    return build(leaf_work(), reserve_work(), limits=True, final=True)


def test_the_appendix_prints_what_was_committed_drawn_and_answered(plain: Report) -> None:
    text = squeezed(text_of(plain.pdf))
    work = leaf_work()
    for words in (
        "Leaves of ledger spot, 1 000 leaves",
        "BTC from 10",
        "6 letters to customers merged",
        "ET ED EC",
        "ET EL EA",
        "returned by post",
        "agreed to a withdrawal",
        "no address; #set page(fill: red)",
        "2 items of 60 deviated",
        "extract.csv, 60 items",
        "Reserve addresses in ETH, 1 000 accounts",
        "6, certain",
        work.sample.seed,
        "no answer; counted as a deviation",
    ):
        assert squeezed(words) in text, words


def test_without_the_agreed_procedure_no_limit_is_printed_anywhere(plain: Report) -> None:
    whole = everything(plain)
    for work in (leaf_work(), reserve_work()):
        found = work.conclusion
        assert found is not None
        assert found.upper_limit not in whole
    money = reserve_work().conclusion
    assert money is not None
    assert money.monetary is not None
    assert money.monetary.upper_bound not in whole
    for words in ("Upper limit", "upper bound", "Most likely", "Limits, as agreed"):
        assert squeezed(words) not in whole
    tables = paper_tables(factory.audit(), papers(limits=False), (leaf_work(), reserve_work()))
    assert "E5" not in {table.reference for table in tables}


def test_with_it_they_are(agreed: Report) -> None:
    text = squeezed(text_of(agreed.pdf))
    for work in (leaf_work(), reserve_work()):
        found = work.conclusion
        assert found is not None
        assert squeezed(found.upper_limit) in text
    assert squeezed("Limits, as agreed") in text
    assert squeezed("Inspected whole") in text
    tables = paper_tables(factory.audit(), papers(limits=True), (leaf_work(), reserve_work()))
    assert [table.reference for table in tables].count("E5") == 2


def test_agreed_limits_without_an_evaluation_are_said_to_be_missing() -> None:
    work = replace(leaf_work(), conclusion=None, concluded=None)
    audit = written_up(factory.audit(), (work,), papers(limits=True))
    limits = next(item for item in audit.procedures if item.key == "sample-limits")
    assert (limits.performed, limits.outcome) == (False, "No evaluation of an executed sample was recorded.")


def test_the_list_of_what_is_missing_is_that_of_the_report_which_is_built() -> None:
    """An agreed procedure that only the engagement supplies is a gap of the bare run and none of the report."""
    whole = papers(limits=True)
    wording = PROCEDURES["history"].wording
    both = replace(whole, procedures=(*whole.procedures, AgreedProcedure(key="history", wording=wording)))
    asked = ReportOptions("2026-11-05", papers=both, samples=(leaf_work(),), final=True)
    standard = bundled_template("isrs-4400").standard
    assert [gap.kind for gap in gaps(Supplied(factory.audit(), both, standard, date_typed=True))] == ["run"]
    assert report_gaps(factory.audit(), asked) == ()
    assert run(build_report(factory.audit(), asked, CancelToken())).missing == ()
    undated = replace(asked, date=None)
    assert [gap.kind for gap in report_gaps(factory.audit(), undated)] == ["date"]


def test_every_exception_of_an_execution_is_in_the_report(plain: Report) -> None:
    audit = written_up(factory.audit(), (leaf_work(), reserve_work()), papers(limits=False))
    added = audit.findings[len(factory.audit().findings) :]
    assert [item.code for item in added] == [
        "SAMPLE.LEDGER",
        "SAMPLE.NO_ANSWER",
        "SAMPLE.REPLACED",
        "SAMPLE.LEDGER",
    ]
    text = squeezed(text_of(plain.pdf))
    for item in added:
        assert squeezed(item.subject) in text
    assert written_up(factory.audit(), (), papers(limits=False)) == factory.audit()
    agreeing = replace(factory.audit(), verdicts=Verdicts(Verdict.AGREES, Verdict.AGREES, Verdict.NOT_CHECKED))
    judged = written_up(agreeing, (leaf_work(),), None).verdicts
    assert judged == Verdicts(Verdict.AGREES, Verdict.EXCEPTIONS, Verdict.NOT_CHECKED)


def test_the_samples_ride_along_for_machines(plain: Report, agreed: Report) -> None:
    for report, evaluated in ((plain, False), (agreed, True)):
        attached = next(item for item in report.exhibits if item.name == "samples.json")
        document = json.loads(attached.data)
        assert [item["execution"]["deviations"] for item in document["samples"]] == ["2", "1"]
        assert [item["evaluation"] is not None for item in document["samples"]] == [evaluated] * 2


def test_the_redacted_version_names_no_item() -> None:
    works = (leaf_work(), reserve_work())
    masked = build(*works, limits=True, final=True, redacted=True)
    whole = everything(masked)
    for name in ("user-3", "aaaabbbbccccddddeeee", "1111222233334444ffff", "returnedbypost", "agreedtoawithdrawal"):
        assert name not in whole
    assert squeezed("2 items of 60 deviated") in whole
    shown = redacted(factory.audit(), None, works)
    assert [len(work.sample.items) for work in shown.samples] == [60, 3]


def test_the_report_is_dated_after_the_last_step_of_a_sample() -> None:
    late = replace(leaf_work(), concluded=Stamp(9, "2026-11-06T00:00:00Z", "P. Reparer"))
    with pytest.raises(Exception, match="before its newest input or procedure"):
        build(late, limits=False)


def test_the_same_samples_give_the_same_bytes(plain: Report) -> None:
    assert build(leaf_work(), reserve_work(), limits=False, final=True).pdf == plain.pdf
