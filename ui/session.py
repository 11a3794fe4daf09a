"""The state of the open case: what was put in, what came out, and what each step may therefore claim.

A step that depends on a changed input is *Out of date*: it never silently stays green.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum, StrEnum
from pathlib import Path

from auditor_app.engagement.record import Audit, AuditRequest, SampleRequest
from auditor_app.errors import AuditError
from auditor_app.findings import CATALOGUE, Area, Finding, Severity, Verdict, from_error
from auditor_app.snapshot.authentic import NotAuthentic
from auditor_app.snapshot.publication import PROMPT_DAYS
from ui.theme import Tone


class Step(StrEnum):
    """The seven steps, in the order of the rail."""

    SNAPSHOT = "snapshot"
    LIABILITIES = "liabilities"
    SAMPLE = "sample"
    RESERVES = "reserves"
    COVERAGE = "coverage"
    FINDINGS = "findings"
    REPORT = "report"


class StepState(Enum):
    """What the chip of a step says, and its tone."""

    NOT_STARTED = ("Not started", Tone.NEUTRAL)
    READY = ("Ready", Tone.INFO)
    RUNNING = ("Running", Tone.INFO)
    AGREES = ("Agrees", Tone.GOOD)
    EXCEPTIONS = ("Exceptions", Tone.BAD)
    NEEDS_ATTENTION = ("Needs attention", Tone.WARN)
    OUT_OF_DATE = ("Out of date", Tone.STALE)
    NONE_OPEN = ("None open", Tone.NEUTRAL)
    OPEN = ("Open", Tone.INFO)
    READ_ONLY = ("Read-only", Tone.WARN)
    LOCKED = ("Locked", Tone.STALE)
    PLANNED = ("Planned", Tone.INFO)
    COMMITTED = ("Committed", Tone.WARN)
    DRAWN = ("Drawn", Tone.INFO)
    EXECUTED = ("Executed", Tone.INFO)

    @property
    def tone(self) -> Tone:
        """Its colour."""
        tone: Tone = self.value[1]
        return tone


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A state and, while running, how far; 0 and ``None`` while that is not known yet."""

    state: StepState
    percent: int | None = None

    @property
    def text(self) -> str:
        """The words on the chip: ``Running 62 %``."""
        words: str = self.state.value[0]
        return f"{words} {self.percent} %" if self.percent else words


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file and what it looked like when it was chosen: another size or time means another file."""

    path: Path
    size: int
    modified_ns: int

    @staticmethod
    def at(path: Path) -> InputFile:
        """Look at the file as it is now; size -1 when it is gone."""
        try:
            status = path.stat()
        except OSError:
            return InputFile(path, -1, 0)
        return InputFile(path, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class SampleInput:
    """A commitment record and the randomness typed after it."""

    record: InputFile
    randomness: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a run depends on, as the person has it on screen now."""

    snapshot: InputFile | None = None
    trust_store: InputFile | None = None
    evidence: InputFile | None = None
    nonce: str | None = None
    previous: str | None = None
    published_roots: tuple[tuple[str, str], ...] = ()
    trusted_time: str | None = None
    sample: SampleInput | None = None
    challenge: str | None = None
    blocks: tuple[tuple[str, str], ...] = ()
    checkpoints: tuple[tuple[str, str], ...] = ()
    earlier: tuple[InputFile, ...] = ()
    window: InputFile | None = None
    own_assets: tuple[str, ...] = ()
    published_within: int = PROMPT_DAYS

    @property
    def complete(self) -> bool:
        """Whether a run can start."""
        return self.snapshot is not None and self.trust_store is not None

    def request(self) -> AuditRequest:
        """The request for the core; only when :attr:`complete`."""
        if self.snapshot is None or self.trust_store is None:
            raise AuditError("USAGE", "a snapshot and a trust store are needed", action="Choose both.")
        return AuditRequest(
            snapshot=self.snapshot.path,
            trust_store=self.trust_store.path,
            evidence=None if self.evidence is None else self.evidence.path,
            nonce=self.nonce,
            previous=self.previous,
            published_roots=self.published_roots,
            trusted_time=self.trusted_time,
            sample=None if self.sample is None else SampleRequest(self.sample.record.path, self.sample.randomness),
            challenge=self.challenge,
            blocks=self.blocks,
            checkpoints=self.checkpoints,
            earlier=tuple(file.path for file in self.earlier),
            window=None if self.window is None else self.window.path,
            own_assets=self.own_assets,
            published_within=self.published_within,
        )

    def looked_at_again(self) -> Inputs:
        """The same inputs with every file as it is on disk now."""
        sample = self.sample
        return replace(
            self,
            snapshot=_again(self.snapshot),
            trust_store=_again(self.trust_store),
            evidence=_again(self.evidence),
            sample=None if sample is None else replace(sample, record=InputFile.at(sample.record.path)),
            earlier=tuple(InputFile.at(file.path) for file in self.earlier),
            window=_again(self.window),
        )


def _again(file: InputFile | None) -> InputFile | None:
    return None if file is None else InputFile.at(file.path)


_AUTHENTICATION = frozenset(
    {"snapshot", "trust_store", "nonce", "previous", "trusted_time", "earlier", "published_within"}
)
_LIABILITIES = frozenset({"snapshot", "trust_store", "trusted_time", "published_roots", "earlier", "published_within"})
_RESERVES = frozenset(
    {
        "snapshot",
        "trust_store",
        "trusted_time",
        "evidence",
        "challenge",
        "nonce",
        "blocks",
        "checkpoints",
        "window",
        "own_assets",
    }
)
_SAMPLE = frozenset({"snapshot", "trust_store", "trusted_time", "sample"})
_EVERYTHING = frozenset(item.name for item in fields(Inputs))

DEPENDS_ON: dict[Step, frozenset[str]] = {
    Step.SNAPSHOT: _AUTHENTICATION,
    Step.LIABILITIES: _LIABILITIES,
    Step.SAMPLE: _SAMPLE,
    Step.RESERVES: _RESERVES,
    Step.COVERAGE: _RESERVES,
    Step.FINDINGS: _EVERYTHING,
    Step.REPORT: _EVERYTHING,
}
"""Which inputs each step's result rests on."""

PROCEDURES_OF: dict[Step, frozenset[str]] = {
    Step.SNAPSHOT: frozenset({"container", "signatures", "freshness", "members", "timestamp", "history"}),
    Step.LIABILITIES: frozenset({"ledger", "totals", "root", "proof"}),
    Step.SAMPLE: frozenset({"sample"}),
    Step.RESERVES: frozenset({"addresses", "ownership", "balances"}),
    Step.COVERAGE: frozenset({"coverage", "funds"}),
}
"""Which procedures' findings each step shows."""


def step_of(procedure: str) -> Step:
    """The step that shows a procedure's details; the findings page for any other."""
    return next((step for step, keys in PROCEDURES_OF.items() if procedure in keys), Step.FINDINGS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the last run ended: an audit, or the error that stopped it; with the inputs it had."""

    inputs: Inputs
    audit: Audit | None = None
    error: AuditError | None = None

    @property
    def refusal(self) -> AuditError | None:
        """The error, where it says that the file is not authentic."""
        if self.error is None or self.error.code not in CATALOGUE:
            return None
        return self.error if CATALOGUE[self.error.code].area is Area.AUTHENTIC else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, also those that refused the file."""
        if self.audit is not None:
            return self.audit.findings
        if isinstance(self.error, NotAuthentic):
            return self.error.findings
        if (
            self.error is None
            or self.error.code not in CATALOGUE
            or self.error.code.startswith(("PROGRAM.", "MACHINE."))
        ):
            return ()  # what befell this program or machine says nothing of the file
        return (from_error(self.error, procedure="container", subject=self.error.at.file or "the snapshot"),)

    def fits(self, step: Step, inputs: Inputs) -> bool:
        """Whether nothing the step depends on has changed since."""
        return all(getattr(self.inputs, name) == getattr(inputs, name) for name in DEPENDS_ON[step])


@dataclass(frozen=True, slots=True)
class CaseState:
    """All that decides what the steps may claim.

    ``running`` is the percentage of a run in progress; ``exported`` the inputs of the last report on disk;
    ``committed`` a sample's commitment record whose randomness is still to come.
    """

    inputs: Inputs = Inputs()
    outcome: Outcome | None = None
    running: int | None = None
    exported: Inputs | None = None
    committed: InputFile | None = None


def status_of(step: Step, case: CaseState) -> StepStatus:
    """The one place that decides what a step may claim."""
    if case.running is not None and _takes_part(step, case.inputs):
        return StepStatus(StepState.RUNNING, case.running)
    outcome = case.outcome
    if outcome is None:
        return StepStatus(_before_any_run(step, case.inputs))
    if step is Step.SAMPLE and case.inputs.sample is None:
        return StepStatus(_sample_to_do(case))
    if not outcome.fits(step, case.inputs):
        return StepStatus(StepState.OUT_OF_DATE if _had_part(step, outcome) else _before_any_run(step, case.inputs))
    if outcome.audit is None:
        return StepStatus(_after_error(step, outcome))
    if step is Step.REPORT and case.exported is None:
        return StepStatus(StepState.READY)
    if step is Step.REPORT and case.exported != case.inputs:
        return StepStatus(StepState.OUT_OF_DATE)
    return StepStatus(_judged(step, outcome.audit))


def _takes_part(step: Step, inputs: Inputs) -> bool:
    return inputs.sample is not None if step is Step.SAMPLE else step is not Step.REPORT


def _had_part(step: Step, outcome: Outcome) -> bool:
    if step is Step.SAMPLE:
        return outcome.audit is not None and outcome.audit.sample is not None
    return outcome.audit is not None or step in (Step.SNAPSHOT, Step.FINDINGS)


def _sample_to_do(case: CaseState) -> StepState:
    """No sample was drawn: it can be planned once the snapshot is authentic, and waits once it is committed to."""
    if case.outcome is None or case.outcome.audit is None:
        return StepState.NOT_STARTED
    return StepState.READY if case.committed is None else StepState.NEEDS_ATTENTION


def _before_any_run(step: Step, inputs: Inputs) -> StepState:
    if inputs.snapshot is None:
        return StepState.NOT_STARTED
    if not inputs.complete:
        return StepState.NEEDS_ATTENTION if step is Step.SNAPSHOT else StepState.NOT_STARTED
    if step is Step.SAMPLE:
        return StepState.NOT_STARTED if inputs.sample is None else StepState.READY
    return StepState.NOT_STARTED if step in (Step.FINDINGS, Step.REPORT) else StepState.READY


def _after_error(step: Step, outcome: Outcome) -> StepState:
    """A refused file is an exception on the first step and in the findings; nothing behind it was started."""
    if step is Step.SNAPSHOT:
        return StepState.EXCEPTIONS if outcome.refusal else StepState.NEEDS_ATTENTION
    if step is Step.FINDINGS:
        return StepState.EXCEPTIONS if outcome.refusal else StepState.NEEDS_ATTENTION
    return StepState.NOT_STARTED


def _judged(step: Step, audit: Audit) -> StepState:
    keys = PROCEDURES_OF.get(step)
    mine = [item for item in audit.findings if keys is None or item.procedure in keys]
    if any(item.counts for item in mine):
        return StepState.EXCEPTIONS
    if step is Step.RESERVES and audit.evidence is None:
        return StepState.NEEDS_ATTENTION
    if step is Step.COVERAGE and audit.verdicts.coverage is Verdict.NOT_CHECKED:
        return StepState.NEEDS_ATTENTION
    if step in (Step.FINDINGS, Step.REPORT):
        return StepState.AGREES
    warned = any(item.severity is Severity.WARNING for item in mine)
    return StepState.NEEDS_ATTENTION if warned else StepState.AGREES
