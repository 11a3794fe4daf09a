"""A recorded run can be asked for again: every field of a request survives the journal."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Run, Stamp
from auditor_app.engagement.record import AuditRequest, SampleRequest
from auditor_app.engagement.results import recorded_findings
from auditor_app.engagement.runs import at_journal_time, exceptions_of, parameters_of, request_again
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import EngagementError
from auditor_app.snapshot.authentic import TrustedTime
from tests.unit.engagement import books
from tests.unit.report import factory

FOUND = {
    "code": "RESERVE.SHORTFALL",
    "severity": "exception",
    "procedure": "coverage",
    "subject": "asset BTC",
    "message": "m",
    "expected": "1",
    "observed": "",
}
FULL = AuditRequest(
    snapshot=Path("a.porsnap"),
    trust_store=Path("trust.json"),
    evidence=Path("e.porevidence"),
    nonce="aa" * 32,
    previous="bb" * 32,
    published_roots=(("spot", "cc" * 16),),
    trusted_time=books.START,
    sample=SampleRequest(Path("record.json"), "dice:1"),
    challenge="Sign this",
    blocks=(("eip155:1", "0x" + "dd" * 32),),
    checkpoints=(("eip155:17000", "ee" * 32),),
    earlier=(Path("b.porsnap"), Path("c.porsnap")),
    window=Path("window.csv"),
    own_assets=("EXT",),
    published_within=9,
    journal_time=True,
)


def _run(request: AuditRequest, *roles: str) -> Run:
    names = {
        "snapshot": [request.snapshot],
        "trust store": [request.trust_store],
        "evidence": [request.evidence],
        "sample record": [request.sample.record if request.sample else None],
        "balances around the instant": [request.window],
        "other snapshot": list(request.earlier),
    }
    files = tuple(
        InputReference(role=role, name=path.name, size="1", sha256=books.digest(path.name.encode()))
        for role, paths in names.items()
        if role in roles or not roles
        for path in paths
        if path is not None
    )
    parameters = parameters_of(request, time_typed=not request.journal_time)
    action = actions.PerformRun(parameters=parameters, subject=books.run_action().subject, result="ab" * 32)
    return Run(action, files, "1", Stamp(2, books.START, books.PREPARER))


def test_every_field_of_a_request_is_recorded() -> None:
    """A field that is added to the request must be added to the journal: this test fails until it is."""
    unset = [item.name for item in fields(FULL) if getattr(FULL, item.name) == item.default]
    assert unset == [], "set the new field in FULL"
    assert request_again(_run(FULL), lambda file: Path(file.name)) == FULL


def test_a_run_without_its_snapshot_cannot_be_asked_for() -> None:
    with pytest.raises(EngagementError, match="no snapshot"):
        request_again(_run(FULL, "trust store"), lambda file: Path(file.name))


def test_the_clock_enters_through_the_journal_only() -> None:
    untimed = replace(FULL, trusted_time=None, journal_time=False)
    timed = at_journal_time(untimed, books.at(7))
    assert (timed.trusted_time, timed.journal_time) == (books.at(7), True)
    typed = replace(FULL, journal_time=False)
    assert at_journal_time(typed, books.at(7)) == typed
    assert at_journal_time(FULL, books.at(7)) == FULL
    with pytest.raises(EngagementError):
        parameters_of(untimed, time_typed=False)


def test_only_findings_that_count_are_raised_and_once(tmp_path: Path) -> None:
    def found(severity: str, subject: str = "asset BTC") -> dict[str, str]:
        return FOUND | {"severity": severity, "subject": subject}

    result = {"findings": [found("exception"), found("exception"), found("warning", "x"), found("critical", "")]}
    with books.staffed(tmp_path) as book:
        raised = exceptions_of(recorded_findings(result), book.papers)
        assert [(item.item, item.observed) for item in raised] == [("asset BTC", "m"), ("(no subject)", "m")]
        book.record(*(books.act(item) for item in raised))
        assert exceptions_of(recorded_findings(result), book.papers) == ()


@pytest.mark.parametrize(
    ("source", "journal", "words"),
    [
        ("typed", False, "typed by the auditor"),
        ("typed", True, "time of the run in the journal; none was typed"),
        ("timestamp", True, "from the time stamp"),
        ("now", False, "the time of the run"),
    ],
)
def test_whose_instant_keys_were_judged_at(source: str, journal: bool, words: str) -> None:
    whole = factory.audit()
    identity = replace(whole.identity, trusted_time=TrustedTime(books.START, source))
    assert replace(whole, identity=identity, request=replace(FULL, journal_time=journal)).keys_judged == words


@pytest.mark.parametrize(
    "findings",
    [
        1,
        [1],
        [{}],
        [{"code": "NO.SUCH"}],
        {"code": "x"},
        "x",
        [FOUND | {"code": "NO.SUCH"}],
        [FOUND | {"severity": "bad"}],
    ]
    + [[FOUND | {name: 1}] for name in FOUND],
)
def test_findings_of_another_shape_are_refused(findings: object) -> None:
    """The kept results of an engagement file come from whoever sent it."""
    with pytest.raises(EngagementError, match="cannot be read"):
        recorded_findings({"findings": findings})
