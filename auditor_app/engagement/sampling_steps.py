"""Sampling in the journal: plans, commitments, draws and evaluations, each with what was typed and what came out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from auditor_app import strict_json
from auditor_app.engagement.actions import RecordSample
from auditor_app.engagement.file import Act, Author
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.taking import new_inputs, take
from auditor_app.engagement.terms import InputReference, InputRole
from auditor_app.errors import UsageError
from auditor_app.findings import Finding
from auditor_app.findings.document import finding_document
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.recompute import recompute
from auditor_app.operation import CancelToken, Operation
from auditor_app.sampling.commitment import CommitmentRecord, refuse_other_snapshot, sampled_ledger
from auditor_app.sampling.document import (
    FORM,
    EvaluationAsked,
    drawn_sample,
    evaluation_document,
    sample_document,
)
from auditor_app.sampling.draw import draw
from auditor_app.sampling.drawn import DrawnSample
from auditor_app.sampling.imported_list import read_list
from auditor_app.sampling.plan_document import PlanAsked, plan_document
from auditor_app.sampling.reciprocal import ListRecord, LookedUp, draw_list
from auditor_app.sampling.records import AnyRecord, load_any, record_document
from auditor_app.sampling.reserves import ReserveRecord, draw_reserves, reserve_population
from auditor_app.sampling.result import SampleResult
from auditor_app.sampling.tables import read_table_file
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store

Step = Literal["plan", "commit", "draw", "letters", "execute", "evaluate"]


@dataclass(frozen=True, slots=True)
class DrawAsked:
    """A draw as typed; ``extend_to`` where a sample is continued, ``listed`` the file of a committed list."""

    record: Path
    snapshot: Path
    trust_store: Path
    randomness: str
    extend_to: int | None = None
    trusted_time: str | None = None
    listed: Path | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn sample of any kind with every finding on the way to it.

    ``sample`` is what execution takes, ``leaves`` the sample of leaves with its proofs (``None`` for other kinds),
    ``document`` what the journal keeps and ``sample draw -o`` writes.
    """

    record: AnyRecord
    sample: DrawnSample
    leaves: SampleResult | None
    document: dict[str, Any]
    findings: tuple[Finding, ...]


def drawn(asked: DrawAsked, token: CancelToken, *, form: int = FORM, list_name: str | None = None) -> Operation[Drawn]:
    """Authenticate, recalculate the committed ledger where there is one, draw, and trace each item.

    ``form`` is the form of the document, ``list_name`` the list's name as recorded. Raises :class:`~auditor_app.errors.SamplingError` where the record names
    something else than what is there.
    """
    record = load_any(asked.record)
    snapshot = authenticate_snapshot(
        asked.snapshot, load_store(asked.trust_store), token=token, trusted_time=asked.trusted_time
    )
    try:
        if isinstance(record, ReserveRecord):
            population = reserve_population(snapshot, record.committed.asset, token)
            taken = draw_reserves(record, snapshot, population, asked.randomness, extend_to=asked.extend_to)
            return _looked_up(record, taken, snapshot.findings)
        ledger = sampled_ledger(snapshot, record.committed.ledger)
        if isinstance(record, CommitmentRecord):
            refuse_other_snapshot(record, snapshot)
        else:
            listed = read_list(read_table_file(_list_of(asked), list_name, token), token)
        source = SnapshotLedger(snapshot, ledger)
        result = yield from recompute(source, ledger.commitments, totals=ledger.totals, typed_root=None, token=token)
        before = (*snapshot.findings, *result.findings)
        if isinstance(record, ListRecord):
            taken = yield from draw_list(
                record, snapshot, (result,), listed, asked.randomness, token=token, extend_to=asked.extend_to
            )
            return _looked_up(record, taken, before)
        sample = yield from draw(record, snapshot, (result,), asked.randomness, token, extend_to=asked.extend_to)
    finally:
        snapshot.members.close()
    document = sample_document(sample, form)
    return Drawn(record, drawn_sample(sample), sample, document, (*before, *sample.findings))


def _list_of(asked: DrawAsked) -> Path:
    if asked.listed is None:
        raise UsageError("USAGE", "the list that was committed to is not named", action="Name it with --list FILE.")
    return asked.listed


def _looked_up(record: AnyRecord, taken: LookedUp, before: tuple[Finding, ...]) -> Drawn:
    document: dict[str, Any] = msgspec.to_builtins(taken.sample)
    document["findings"] = [finding_document(item) for item in taken.findings]
    return Drawn(record, taken.sample, None, document, (*before, *taken.findings))


def plan_act(asked: PlanAsked, author: Author) -> Act:
    """The act that records a plan."""
    return act_of_step("plan", asked.parameters(), plan_document(asked), author)


def evaluation_act(asked: EvaluationAsked, author: Author) -> Act:
    """The act that records an evaluation."""
    parameters = {
        "method": asked.method,
        "confidence": asked.confidence,
        "size": asked.size,
        "deviations": asked.deviations,
        "taints": ";".join(asked.taints),
        "book-value": asked.book_value,
        "population": asked.population,
    }
    return act_of_step("evaluate", parameters, evaluation_document(asked), author)


def computed_again(step: Step, parameters: Mapping[str, str]) -> dict[str, Any] | None:
    """A plan or an evaluation from the parameters of its entry; ``None`` for a step that needs files."""
    if step == "plan":
        return dict(plan_document(PlanAsked.of(parameters)))
    if step == "evaluate" and "execution" not in parameters:
        taints = parameters.get("taints", "")
        asked = EvaluationAsked(
            parameters.get("method", ""),
            parameters.get("confidence", ""),
            parameters.get("size", ""),
            parameters.get("deviations", ""),
            tuple(taints.split(";")) if taints else (),
            parameters.get("book-value", ""),
            parameters.get("population", ""),
        )
        return evaluation_document(asked)
    return None


def commitment_acts(
    papers: Papers, record: AnyRecord, paths: Mapping[InputRole, Path], author: Author, token: CancelToken
) -> Operation[tuple[Act, ...]]:
    """The acts that record a commitment: the record's file is an input, its digest stands in the entry."""
    parameters = {"source": record.source.text, "committed-at": record.committed_at}

    def act(files: tuple[InputReference, ...]) -> Act:
        return act_of_step(
            "commit", parameters, record_document(record), author, files=files, commitment=record.digest.hex()
        )

    return (yield from with_files(papers, paths, act, token))


def draw_acts(
    papers: Papers, asked: DrawAsked, outcome: Drawn, author: Author, token: CancelToken
) -> Operation[tuple[Act, ...]]:
    """The acts that record a draw; the journal must hold its commitment already."""
    parameters = {
        "randomness": asked.randomness,
        "extend-to": "" if asked.extend_to is None else str(asked.extend_to),
        "trusted-time": asked.trusted_time or author.at,
        "form": str(FORM),
    }
    paths: dict[InputRole, Path] = {
        "snapshot": asked.snapshot,
        "trust store": asked.trust_store,
        "sample record": asked.record,
    }
    if asked.listed is not None:
        paths["sample list"] = asked.listed
    document, digest = outcome.document, outcome.record.digest.hex()

    def act(files: tuple[InputReference, ...]) -> Act:
        return act_of_step("draw", parameters, document, author, files=files, commitment=digest)

    return (yield from with_files(papers, paths, act, token))


def with_files(
    papers: Papers,
    paths: Mapping[InputRole, Path],
    act_of: Callable[[tuple[InputReference, ...]], Act],
    token: CancelToken,
) -> Operation[tuple[Act, ...]]:
    """The act over the digested files, behind those that add files which are new to the engagement."""
    files: list[InputReference] = []
    places: dict[str, str] = {}
    for role, path in paths.items():
        file = yield from take(path, role, token)
        files.append(file)
        places[file.sha256] = str(path.absolute())
    act = replace(act_of(tuple(files)), places=places)
    added = (Act(item, act.person, act.at, amendment=act.amendment) for item in new_inputs(papers, act.inputs))
    return (*added, act)


def act_of_step(
    step: Step,
    parameters: dict[str, str],
    document: dict[str, Any],
    author: Author,
    *,
    files: tuple[InputReference, ...] = (),
    commitment: str | None = None,
) -> Act:
    """The act that records a step with its result document, kept by the digest of its canonical bytes."""
    result = strict_json.canonical(document)
    digest = hashlib.sha256(result).hexdigest()
    action = RecordSample(step=step, parameters=parameters, result=digest, commitment=commitment)
    return Act(action, author.person, author.at, files, {digest: result}, author.amendment)
