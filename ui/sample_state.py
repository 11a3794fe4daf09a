"""What the Sample step may claim inside an engagement: how far the journal says the sample has come."""

from __future__ import annotations

from auditor_app.engagement.papers import Papers, SampleStep
from ui.case import Case
from ui.session import Step, StepState, StepStatus

_AFTER = {
    "plan": StepState.PLANNED,
    "commit": StepState.COMMITTED,
    "draw": StepState.DRAWN,
    "letters": StepState.DRAWN,
    "execute": StepState.EXECUTED,
    "evaluate": StepState.EXECUTED,
}


def status_in(case: Case, papers: Papers | None, step: Step) -> StepStatus:
    """The state of a step; a sample that is no part of the run stands in the journal of the open engagement."""
    status = case.status(step)
    if step is not Step.SAMPLE or papers is None or case.audit is None or case.inputs.sample is not None:
        return status
    if status.state in (StepState.RUNNING, StepState.NOT_STARTED):
        return status
    last = _last_of_this_snapshot(papers)
    return status if last is None else StepStatus(_AFTER[last.action.step])


def _last_of_this_snapshot(papers: Papers) -> SampleStep | None:
    """The last step of a sample of the snapshot that was run last: an earlier month's is over."""
    if not papers.samples or not papers.runs:
        return None
    snapshot = {file.sha256 for file in papers.runs[-1].inputs if file.role == "snapshot"}
    ours: set[str | None] = set()
    for item in papers.samples:
        if item.action.step == "commit" and snapshot & {file.sha256 for file in item.inputs}:
            ours.add(item.action.commitment)
    mine = [item for item in papers.samples if item.action.step == "plan" or item.action.commitment in ours]
    return mine[-1] if mine else None
