"""Runs in the journal: what was asked, by digest and as typed, and what came out; and the same request made again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from auditor_app.engagement.actions import PerformRun, RaiseException, RunParameters, RunSubject
from auditor_app.engagement.file import Act
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.papers import Papers, Run
from auditor_app.engagement.record import Audit, AuditRequest, SampleRequest
from auditor_app.engagement.results import run_bytes
from auditor_app.engagement.taking import new_inputs, referenced
from auditor_app.engagement.terms import InputReference, InputRole
from auditor_app.errors import EngagementError
from auditor_app.findings import Finding


def at_journal_time(request: AuditRequest, at: str) -> AuditRequest:
    """``request`` with its keys judged at ``at`` where no time was typed: clocks enter through the journal only."""
    return request if request.trusted_time is not None else replace(request, trusted_time=at, journal_time=True)


def run_acts(
    papers: Papers,
    audit: Audit,
    *,
    person: str,
    at: str,
    time_typed: bool,
    amendment: Amendment | None = None,
) -> tuple[Act, ...]:
    """The acts that record a finished run: inputs that are new to the engagement, then the run with its result."""
    files = tuple(referenced(item) for item in audit.inputs)
    if not any(file.role == "snapshot" for file in files):
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            "a snapshot kept as a folder has no digest",
            action="Take the snapshot as one file.",
        )
    result = run_bytes(audit)
    digest = hashlib.sha256(result).hexdigest()
    action = PerformRun(
        parameters=parameters_of(audit.request, time_typed=time_typed), subject=_subject(audit), result=digest
    )
    added = (Act(item, person, at, amendment=amendment) for item in new_inputs(papers, files))
    return (*added, Act(action, person, at, files, {digest: result}, amendment))


def with_challenge(request: AuditRequest, papers: Papers) -> AuditRequest:
    """The request, with the challenge that the engagement issued last where none was typed."""
    return request if request.challenge is not None else replace(request, challenge=papers.challenge)


def parameters_of(request: AuditRequest, *, time_typed: bool) -> RunParameters:
    """What was typed for a run besides its files; the request must have a trusted time by now."""
    if request.trusted_time is None:
        raise EngagementError("ENGAGEMENT.REFUSED", "a run in an engagement has a trusted time")
    return RunParameters(
        trusted_time=request.trusted_time,
        time_typed=time_typed,
        nonce=request.nonce,
        previous=request.previous,
        published_roots=request.published_roots,
        randomness=None if request.sample is None else request.sample.randomness,
        challenge=request.challenge,
        blocks=request.blocks,
        checkpoints=request.checkpoints,
        own_assets=request.own_assets,
        published_within=request.published_within,
    )


def _subject(audit: Audit) -> RunSubject:
    identity, verdicts = audit.identity, audit.verdicts
    return RunSubject(
        payload_sha256=identity.payload_sha256,
        snapshot_id=identity.snapshot_id,
        issuer=identity.issuer,
        as_of=identity.as_of,
        sequence=str(identity.sequence),
        authentic=verdicts.authentic.value,
        data=verdicts.data.value,
        coverage=verdicts.coverage.value,
    )


def request_again(run: Run, place: Callable[[InputReference], Path]) -> AuditRequest:
    """The request of a recorded run, with each input where ``place`` finds it."""
    typed = run.action.parameters

    def first(role: InputRole) -> Path | None:
        return next((place(file) for file in run.inputs if file.role == role), None)

    snapshot, store, record = first("snapshot"), first("trust store"), first("sample record")
    if snapshot is None or store is None:
        raise EngagementError("ENGAGEMENT.REFUSED", "the entry of the run names no snapshot or no trust store")
    sample = None if record is None or typed.randomness is None else SampleRequest(record, typed.randomness)
    return AuditRequest(
        snapshot=snapshot,
        trust_store=store,
        evidence=first("evidence"),
        nonce=typed.nonce,
        previous=typed.previous,
        published_roots=typed.published_roots,
        trusted_time=typed.trusted_time,
        sample=sample,
        challenge=typed.challenge,
        blocks=typed.blocks,
        checkpoints=typed.checkpoints,
        earlier=tuple(place(file) for file in run.inputs if file.role == "other snapshot"),
        window=first("balances around the instant"),
        own_assets=typed.own_assets,
        published_within=typed.published_within,
        journal_time=not typed.time_typed,
    )


def latest_results(papers: Papers) -> tuple[str, ...]:
    """The digests of the results whose findings stand: the last run, and each sample's last draw and execution."""
    latest = {"": papers.runs[-1].action.result} if papers.runs else {}
    for item in papers.samples:
        if item.action.step in ("draw", "execute"):
            latest[f"{item.action.step} {item.action.commitment}"] = item.action.result
    return tuple(latest.values())


def exceptions_of(findings: Iterable[Finding], papers: Papers) -> tuple[RaiseException, ...]:
    """The findings that count and are not in the exceptions log yet, ready to be raised."""
    known = {(line.finding, line.procedure, line.item) for line in papers.exceptions}
    raised = []
    for item in findings:
        key = (item.code, item.procedure, item.subject[:5000] or "(no subject)")
        if not item.counts or key in known:
            continue
        known.add(key)
        raised.append(
            RaiseException(
                procedure=item.procedure,
                item=key[2],
                expected=item.expected[:5000],
                observed=item.observed[:5000] or item.message[:5000],
                finding=item.code,
            )
        )
    return tuple(raised)
