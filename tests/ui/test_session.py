"""What each step may claim, from inputs and outcome alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor_app.errors import AuditError
from auditor_app.snapshot.authentic import NotAuthentic
from tests.ui import fakes
from ui.case import sort_dropped
from ui.session import CaseState, InputFile, Inputs, Outcome, SampleInput, Step, StepState, status_of, step_of


@pytest.fixture
def inputs(files: tuple[Path, Path, Path]) -> Inputs:
    snapshot, store, evidence = map(InputFile.at, files)
    return Inputs(snapshot=snapshot, trust_store=store, evidence=evidence)


def states(case: CaseState) -> dict[Step, StepState]:
    return {step: status_of(step, case).state for step in Step}


def finished(inputs: Inputs, **changes: object) -> CaseState:
    audit = replace(fakes.audit(inputs.request()), **changes)
    return CaseState(inputs, Outcome(inputs, audit=audit))


def test_nothing_is_started_without_a_snapshot() -> None:
    assert set(states(CaseState()).values()) == {StepState.NOT_STARTED}


def test_a_snapshot_without_trust_store_needs_attention(inputs: Inputs) -> None:
    case = CaseState(replace(inputs, trust_store=None))
    assert states(case)[Step.SNAPSHOT] is StepState.NEEDS_ATTENTION
    assert states(case)[Step.COVERAGE] is StepState.NOT_STARTED


def test_a_finished_run_gives_each_step_its_own_findings(inputs: Inputs) -> None:
    assert states(finished(inputs)) == {
        Step.SNAPSHOT: StepState.AGREES,
        Step.LIABILITIES: StepState.EXCEPTIONS,
        Step.SAMPLE: StepState.READY,
        Step.RESERVES: StepState.EXCEPTIONS,
        Step.COVERAGE: StepState.EXCEPTIONS,
        Step.FINDINGS: StepState.EXCEPTIONS,
        Step.REPORT: StepState.READY,
    }


def test_reserves_without_evidence_never_agree(inputs: Inputs) -> None:
    case = finished(replace(inputs, evidence=None), findings=())
    assert states(case)[Step.RESERVES] is StepState.NEEDS_ATTENTION


def test_a_warning_needs_attention(inputs: Inputs) -> None:
    funds_only = tuple(item for item in fakes.findings() if item.code == "FUND.CLAIM_ONLY")
    assert states(finished(inputs, findings=funds_only))[Step.COVERAGE] is StepState.NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ({"published_roots": (("spot", "ab" * 16),)}, {Step.LIABILITIES, Step.FINDINGS, Step.REPORT}),
        ({"evidence": None}, {Step.RESERVES, Step.COVERAGE, Step.FINDINGS, Step.REPORT}),
        ({"nonce": "0" * 64}, set(Step) - {Step.LIABILITIES, Step.SAMPLE}),
        ({"trusted_time": "2026-01-01T00:00:00Z"}, set(Step) - {Step.SAMPLE}),
    ],
)
def test_only_the_steps_that_rest_on_a_changed_input_are_out_of_date(
    inputs: Inputs, change: dict[str, object], stale: set[Step]
) -> None:
    case = replace(finished(inputs), inputs=replace(inputs, **change))
    assert {step for step, state in states(case).items() if state is StepState.OUT_OF_DATE} == stale


def test_a_file_that_changed_on_disk_is_a_changed_input(inputs: Inputs, files: tuple[Path, Path, Path]) -> None:
    files[0].write_text("another")
    case = replace(finished(inputs), inputs=inputs.looked_at_again())
    assert states(case)[Step.SNAPSHOT] is StepState.OUT_OF_DATE
    assert states(case)[Step.LIABILITIES] is StepState.OUT_OF_DATE


def test_a_refused_snapshot_stops_everything_behind_it(inputs: Inputs) -> None:
    with pytest.raises(NotAuthentic) as refused:
        list(fakes.refuses(inputs.request(), None))  # type: ignore[arg-type]
    found = states(CaseState(inputs, Outcome(inputs, error=refused.value)))
    assert found.pop(Step.SNAPSHOT) is StepState.EXCEPTIONS
    assert found.pop(Step.FINDINGS) is StepState.EXCEPTIONS
    assert set(found.values()) == {StepState.NOT_STARTED}


def test_an_unusable_file_needs_attention(inputs: Inputs) -> None:
    case = CaseState(inputs, Outcome(inputs, error=AuditError("SNAPSHOT.UNREADABLE", "it cannot be opened")))
    assert states(case)[Step.SNAPSHOT] is StepState.NEEDS_ATTENTION


def test_a_sample_waits_between_commitment_and_draw(inputs: Inputs, tmp_path: Path) -> None:
    case = replace(finished(inputs), committed=InputFile.at(tmp_path / "record.json"))
    assert states(case)[Step.SAMPLE] is StepState.NEEDS_ATTENTION
    drawn = replace(inputs, sample=SampleInput(InputFile.at(tmp_path / "record.json"), "dice:1"))
    assert states(finished(drawn, findings=()))[Step.SAMPLE] is StepState.AGREES
    other = replace(drawn, sample=replace(drawn.sample, randomness="dice:2"))  # type: ignore[type-var]
    assert states(replace(finished(drawn), inputs=other))[Step.SAMPLE] is StepState.OUT_OF_DATE


def test_a_report_on_disk_is_out_of_date_after_another_run(inputs: Inputs) -> None:
    case = finished(inputs, findings=())
    assert states(replace(case, exported=inputs))[Step.REPORT] is StepState.AGREES
    assert states(replace(case, exported=replace(inputs, evidence=None)))[Step.REPORT] is StepState.OUT_OF_DATE


def test_running_shows_how_far(inputs: Inputs) -> None:
    status = status_of(Step.LIABILITIES, CaseState(inputs, running=62))
    assert status.text == "Running 62 %"
    assert status_of(Step.REPORT, CaseState(inputs, running=62)).state is StepState.NOT_STARTED


def test_every_procedure_leads_to_a_step() -> None:
    assert step_of("totals") is Step.LIABILITIES
    assert step_of("funds") is Step.COVERAGE
    assert step_of("something else") is Step.FINDINGS


def test_dropped_files_are_told_apart_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    (folder / "snapshot.dsse.json").write_text("{}")
    other = tmp_path / "proofs"
    other.mkdir()
    found = sort_dropped([tmp_path / "a.POREVIDENCE", tmp_path / "trust.json", folder, tmp_path / "notes.txt", other])
    assert (found.snapshot, found.trust_store, found.evidence) == (
        folder,
        tmp_path / "trust.json",
        tmp_path / "a.POREVIDENCE",
    )
    assert found.others == (tmp_path / "notes.txt", other)
