"""The open case as the window sees it: inputs that change, one run at a time, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.errors import AuditError
from auditor_app.operation import Progress
from auditor_app.snapshot.layout import ENVELOPE
from ui.audit_work import Perform, perform_audit
from ui.jobs import Job, JobRunner
from ui.session import CaseState, InputFile, Inputs, Outcome, SampleInput, Step, StepStatus, status_of


class Case(QObject):
    """One open snapshot with everything typed, dropped and found about it."""

    changed = Signal()
    """Inputs, outcome or running state changed: pages show themselves again, the rail repaints."""
    progressed = Signal()
    """Only the percentage changed."""
    run_started = Signal(object)
    """The :class:`Job` of a new run, before it starts."""
    run_ended = Signal()
    """A run ended in whichever way; :attr:`outcome` says how."""
    sample_refused = Signal(object)
    """The :class:`AuditError` of a sample that was not drawn; the run before it stands."""

    def __init__(self, runner: JobRunner, perform: Perform = perform_audit, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._perform = perform
        self._state = CaseState()
        self._job: Job | None = None

    @property
    def state(self) -> CaseState:
        """Everything at once, frozen."""
        return self._state

    @property
    def inputs(self) -> Inputs:
        """What is put in."""
        return self._state.inputs

    @property
    def outcome(self) -> Outcome | None:
        """How the last run ended."""
        return self._state.outcome

    @property
    def audit(self) -> Audit | None:
        """The last finished run, possibly out of date."""
        return None if self._state.outcome is None else self._state.outcome.audit

    @property
    def running(self) -> bool:
        """Whether a run is in progress."""
        return self._job is not None

    @property
    def current(self) -> bool:
        """Whether the last audit rests on exactly the inputs as they are now."""
        outcome = self._state.outcome
        return outcome is not None and outcome.audit is not None and outcome.inputs == self._state.inputs

    def status(self, step: Step) -> StepStatus:
        """What a step may claim now."""
        return status_of(step, self._state)

    def open_snapshot(self, path: Path) -> None:
        """A new case: only the trust store stays, everything that belonged to the last snapshot goes."""
        self.cancel()
        store = self.inputs.trust_store
        trust_store = None if store is None else InputFile.at(store.path)
        self._set(CaseState(inputs=Inputs(snapshot=InputFile.at(path), trust_store=trust_store)))

    def open_request(self, request: AuditRequest, trust_store: Path | None) -> None:
        """A new case with everything that a command line named, and the trust store if it named one."""
        self.open_snapshot(request.snapshot.resolve())
        sample = request.sample
        changes: dict[str, object] = {
            "evidence": None if request.evidence is None else InputFile.at(request.evidence.resolve()),
            "nonce": request.nonce,
            "previous": request.previous,
            "published_roots": request.published_roots,
            "trusted_time": request.trusted_time,
            "sample": None if sample is None else SampleInput(InputFile.at(sample.record.resolve()), sample.randomness),
            "challenge": request.challenge,
            "blocks": request.blocks,
            "checkpoints": request.checkpoints,
            "earlier": tuple(InputFile.at(path.resolve()) for path in request.earlier),
            "window": None if request.window is None else InputFile.at(request.window.resolve()),
            "own_assets": request.own_assets,
            "published_within": request.published_within,
        }
        if trust_store is not None:
            changes["trust_store"] = InputFile.at(trust_store.resolve())
        if sample is not None:
            self._set(replace(self._state, committed=InputFile.at(sample.record.resolve())))
        self._change(**changes)

    def use_trust_store(self, path: Path) -> None:
        """Judge keys by this store."""
        self._change(trust_store=InputFile.at(path))

    def use_evidence(self, path: Path | None) -> None:
        """Take observed balances from this evidence file, or from none."""
        self._change(evidence=None if path is None else InputFile.at(path))

    def type_held_values(
        self, *, nonce: str | None, previous: str | None, trusted_time: str | None, challenge: str | None = None
    ) -> None:
        """What the auditor holds for comparison: nonce issued, previous payload digest, trusted time, challenge."""
        self._change(nonce=nonce, previous=previous, trusted_time=trusted_time, challenge=challenge)

    def type_root(self, ledger: str, root: str | None) -> None:
        """The root of one ledger as typed from the exchange's own publication."""
        kept = [(name, text) for name, text in self.inputs.published_roots if name != ledger]
        self._change(published_roots=tuple(sorted([*kept, (ledger, root)] if root else kept)))

    def type_blocks(self, blocks: tuple[tuple[str, str], ...], checkpoints: tuple[tuple[str, str], ...] = ()) -> None:
        """Block hashes and beacon block roots by chain, as typed from sources of the auditor's own."""
        self._change(blocks=blocks, checkpoints=checkpoints)

    def commit_sample(self, record: Path) -> None:
        """A commitment record was written or chosen; the randomness comes later."""
        self._set(replace(self._state, committed=InputFile.at(record), inputs=replace(self.inputs, sample=None)))

    def forget_sample(self) -> None:
        """Plan another sample: neither a record nor its randomness is in use any more; files and journal stay."""
        self._set(replace(self._state, committed=None, inputs=replace(self.inputs, sample=None)))

    def draw_sample(self, randomness: str) -> None:
        """The randomness named by the commitment is known."""
        record = self._state.committed
        if record is not None:
            self._change(sample=SampleInput(InputFile.at(record.path), randomness))

    def mark_exported(self) -> None:
        """A report of the current inputs is on disk."""
        self._set(replace(self._state, exported=self.inputs))

    def look_at_files_again(self) -> None:
        """Notice files that changed on disk while the window was in the background."""
        if not self.running:
            self._change(**_as_changes(self.inputs.looked_at_again()))

    def run(self) -> bool:
        """Start a run on the inputs as they are; ``False`` if they are incomplete or one is in progress."""
        if self.running or not self.inputs.complete:
            return False
        inputs = self.inputs.looked_at_again()
        job = self._runner.make(partial(self._perform, inputs.request()), "Performing the procedures")
        job.progressed.connect(self._on_progress)
        job.succeeded.connect(partial(self._on_audit, inputs))
        job.failed.connect(partial(self._on_error, inputs))
        job.cancelled.connect(self._on_cancelled)
        self._job = job
        self._set(replace(self._state, inputs=inputs, running=0))
        self.run_started.emit(job)
        job.start()
        return True

    def cancel(self) -> None:
        """Stop the run in progress, if any."""
        if self._job is not None:
            self._job.cancel()

    def _change(self, **changes: Any) -> None:
        inputs = replace(self.inputs, **changes)
        if inputs != self.inputs:
            self.cancel()
            self._set(replace(self._state, inputs=inputs))

    def _set(self, state: CaseState) -> None:
        self._state = state
        self.changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        percent = progress.percent
        if percent is not None:
            self._state = replace(self._state, running=min(99, percent))
            self.progressed.emit()

    def _on_audit(self, inputs: Inputs, audit: Audit) -> None:
        self._end(Outcome(inputs, audit=audit))

    def _on_error(self, inputs: Inputs, error: AuditError) -> None:
        earlier = self._state.outcome
        if inputs.sample is None or not error.code.startswith("SAMPLE.") or earlier is None or earlier.audit is None:
            self._end(Outcome(inputs, error=error))
            return
        # a mistyped answer is no reason to lose what was performed: the record waits for another
        self._state = replace(self._state, inputs=replace(self.inputs, sample=earlier.inputs.sample))
        self._end(earlier)
        self.sample_refused.emit(error)

    def _on_cancelled(self) -> None:
        self._end(self._state.outcome)

    def _end(self, outcome: Outcome | None) -> None:
        self._job = None
        self._set(replace(self._state, outcome=outcome, running=None))
        self.run_ended.emit()


def _as_changes(inputs: Inputs) -> dict[str, object]:
    return {
        "snapshot": inputs.snapshot,
        "trust_store": inputs.trust_store,
        "evidence": inputs.evidence,
        "sample": inputs.sample,
        "earlier": inputs.earlier,
        "window": inputs.window,
    }


@dataclass(frozen=True, slots=True)
class Dropped:
    """Files sorted by what they are: one of each at most; whatever else there is may be a published proof."""

    snapshot: Path | None
    trust_store: Path | None
    evidence: Path | None
    others: tuple[Path, ...]


def sort_dropped(paths: list[Path]) -> Dropped:
    """Tell a snapshot (a folder, too), a trust store and an evidence file apart; their content is judged later."""
    found: dict[str, Path] = {}
    others: list[Path] = []
    for path in paths:
        kind = _kind(path)
        if kind and kind not in found:
            found[kind] = path
        else:
            others.append(path)
    return Dropped(found.get("snapshot"), found.get("trust_store"), found.get("evidence"), tuple(others))


def _kind(path: Path) -> str:
    if path.is_dir():
        return "snapshot" if (path / ENVELOPE).is_file() or path.suffix.lower() == ".porsnap" else ""
    if path.suffix.lower() == ".json":
        return "trust_store" if "trust" in path.name.lower() or _reads_as_trust_store(path) else ""
    return {".porsnap": "snapshot", ".porevidence": "evidence"}.get(path.suffix.lower(), "")


def _reads_as_trust_store(path: Path) -> bool:
    """A published proof is JSON, too, so a name alone does not do."""
    from auditor_app.snapshot.trust import load_store

    try:
        load_store(path)
    except AuditError:
        return False
    return True
