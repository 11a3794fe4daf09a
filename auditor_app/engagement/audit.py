"""One run from the signed file to the record: each step a procedure, each procedure its findings.

The order is that of the snapshot format's verification order; nothing is parsed before it is authentic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor_app import __version__
from auditor_app.amounts import Amount
from auditor_app.chain.anchor import read_own_blocks
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import OwnBlocks, ReserveResult, typed_blocks
from auditor_app.chain.ownership.model import OwnershipResult
from auditor_app.counts import noun
from auditor_app.coverage.coverage import CoverageResult, coverage
from auditor_app.coverage.funds import FundResult, protection_funds
from auditor_app.engagement.control import proofs_of_control
from auditor_app.engagement.inputs import input_files, state_of
from auditor_app.engagement.narrative import narrate
from auditor_app.engagement.record import Audit, AuditRequest, InputFile, SnapshotIdentity
from auditor_app.engagement.supplied import customers_debts, publication, reserve_comparisons
from auditor_app.errors import SignatureError, UsageError
from auditor_app.findings import Area, Finding, Limitation, finding, limitation, verdicts
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.commitment import load_record
from auditor_app.sampling.draw import draw
from auditor_app.sampling.result import SampleResult
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence, authenticate_snapshot
from auditor_app.snapshot.trust import TrustStore, load_store

_CHANGED_EVIDENCE = "EVIDENCE.INVALID"


@dataclass(frozen=True)
class Steps:
    """What the steps of one run yielded, before it is written up."""

    snapshot: AuthenticSnapshot
    ledgers: tuple[LedgerResult, ...]
    reserves: ReserveResult
    ownership: OwnershipResult | None
    coverage: CoverageResult
    funds: FundResult
    sample: SampleResult | None
    evidence_findings: tuple[Finding, ...]
    publication: tuple[Finding, ...]
    debts: tuple[Finding, ...]
    supplied: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every step, in the order of the steps."""
        found = [*self.snapshot.findings, *_exclusions(self.snapshot)]
        for result in self.ledgers:
            found += result.findings
            found += _not_typed(result)
        found += [*self.publication, *self.debts]
        if self.sample is not None:
            found += self.sample.findings
        return (
            *found,
            *self.evidence_findings,
            *self.reserves.findings,
            *(() if self.ownership is None else self.ownership.findings),
            *self.coverage.findings,
            *self.funds.findings,
            *self.supplied,
        )

    @property
    def limitations(self) -> tuple[Limitation, ...]:
        """What no step could have shown, each once."""
        found = [*self.snapshot.limitations]
        for result in self.ledgers:
            found += result.limitations
        if self.ownership is None:
            found += self.reserves.limitations
        else:
            found += [item for item in self.reserves.limitations if item.code != "RESERVES.OWNERSHIP"]
            found += self.ownership.limitations
        found.append(limitation("AFTER_DATE", subject="engagement"))
        return tuple(dict.fromkeys(found))


def perform(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    """Perform every procedure that the request allows and return the record.

    Raises :class:`~auditor_app.snapshot.authentic.NotAuthentic` with its findings, or another
    :class:`~auditor_app.errors.AuditError` where the input is unusable; in neither case is there a record, so no report can be made.
    """
    yield Progress(0, None, "files", "Reading the trust store and the signatures")
    store = load_store(request.trust_store)
    before = state_of(request.snapshot)
    snapshot = authenticate_snapshot(
        request.snapshot,
        store,
        token=token,
        trusted_time=request.trusted_time,
        nonce=request.nonce,
        previous=request.previous,
    )
    try:
        steps = yield from _steps(request, store, snapshot, token)
    finally:
        snapshot.members.close()
    inputs = yield from input_files(request, token, before)
    return _write_up(request, steps, inputs)


def _steps(
    request: AuditRequest, store: TrustStore, snapshot: AuthenticSnapshot, token: CancelToken
) -> Operation[Steps]:
    """Run the steps that need the open file."""
    typed = _typed_roots(request, snapshot)
    ledgers: list[LedgerResult] = []
    for ledger in snapshot.statement.predicate.ledgers:
        source = SnapshotLedger(snapshot, ledger)
        result = yield from recompute(
            source, ledger.commitments, totals=ledger.totals, typed_root=typed.get(ledger.name), token=token
        )
        ledgers.append(result)
    debts = yield from customers_debts(snapshot, ledgers, token)
    yield from _read_the_rest(snapshot, token)
    sample = None
    if request.sample is not None:
        record = load_record(request.sample.record)
        sample = yield from draw(record, snapshot, ledgers, request.sample.randomness, token)
    yield Progress(0, None, "addresses", "Comparing reserves and funds")
    reserves, evidence_findings, own_blocks = yield from _reserves(request, store, snapshot, token)
    ownership = yield from proofs_of_control(request, store, snapshot, reserves.lines, token, own_blocks=own_blocks)
    totals = {result.ledger: result.totals if result.complete else None for result in ledgers}
    covered = coverage(snapshot.statement.predicate, totals, reserves)
    return Steps(
        snapshot=snapshot,
        ledgers=tuple(ledgers),
        reserves=reserves,
        ownership=ownership,
        coverage=covered,
        funds=protection_funds(snapshot, reserves, token),
        sample=sample,
        evidence_findings=evidence_findings,
        publication=publication(request, store, snapshot, token),
        debts=debts,
        supplied=reserve_comparisons(request, snapshot, reserves, covered),
    )


def _typed_roots(request: AuditRequest, snapshot: AuthenticSnapshot) -> Mapping[str, str]:
    """Roots typed from the website by ledger; a name the snapshot does not have is a usage error."""
    names = [ledger.name for ledger in snapshot.statement.predicate.ledgers]
    for name, _ in request.published_roots:
        if name not in names:
            raise UsageError(
                "USAGE",
                f"the snapshot has no ledger {name[:64]!r}",
                expected=", ".join(names) or "no ledger at all",
                action="Type the ledger's name as the snapshot writes it.",
            )
    return dict(request.published_roots)


def _read_the_rest(snapshot: AuthenticSnapshot, token: CancelToken) -> Operation[None]:
    """Compare the digests of members that no other step reads; ``NotAuthentic`` if one was changed."""
    predicate = snapshot.statement.predicate
    ledger_parts = {member for ledger in predicate.ledgers for member in ledger.members}
    others = [subject.name for subject in snapshot.statement.subject if subject.name not in ledger_parts]
    for number, name in enumerate(others):
        yield Progress(number, len(others), "members", "Comparing member digests")
        snapshot.members.read(name, token)


def _reserves(
    request: AuditRequest, store: TrustStore, snapshot: AuthenticSnapshot, token: CancelToken
) -> Operation[tuple[ReserveResult, tuple[Finding, ...], OwnBlocks]]:
    """Claimed addresses beside the evidence, and the auditor's own blocks; changed evidence is a finding and is not used."""
    if request.evidence is None:
        own = yield from read_own_blocks(None, request.blocks, request.checkpoints, token)
        return observe(snapshot, None, token), own.findings, own.blocks
    try:
        evidence = authenticate_evidence(request.evidence, store, token=token, trusted_time=request.trusted_time)
        try:
            own = yield from read_own_blocks(evidence, request.blocks, request.checkpoints, token)
            return observe(snapshot, evidence, token, own.blocks), own.findings, own.blocks
        finally:
            evidence.members.close()
    except SignatureError as error:
        if error.code != _CHANGED_EVIDENCE:
            raise
        reason = finding(
            _CHANGED_EVIDENCE,
            procedure="balances",
            subject=request.evidence.name,
            message=f"The evidence file was not used: {error.sentence()}",
            at=error.at,
        )
        unobserved = observe(snapshot, None, token)
        kept = tuple(item for item in unobserved.findings if item.code != "EVIDENCE.ABSENT")
        return replace(unobserved, findings=kept), (reason,), typed_blocks(request.blocks)


def _exclusions(snapshot: AuthenticSnapshot) -> list[Finding]:
    """What the issuer declares it left out: it is in no total, so the reader must know of it."""
    decimals = {asset.symbol: asset.decimals for asset in snapshot.statement.predicate.assets}
    found = []
    for item in snapshot.statement.predicate.exclusions:
        left_out = ", ".join(
            f"{Amount(int(units), decimals.get(symbol, 0)).plain()} {symbol}" for symbol, units in item.totals.items()
        )
        found.append(
            finding(
                "EXCLUSION.DECLARED",
                procedure="ledger",
                subject=f"exclusion {item.name}",
                message=f"The issuer declares {item.rows} {noun(int(item.rows), 'row')} left out of its ledgers: {item.reason}",
                observed=left_out,
            )
        )
    return found


def _not_typed(result: LedgerResult) -> list[Finding]:
    """A note where the snapshot's root was compared with nothing but itself."""
    if not result.commitments or any(check.typed is not None for check in result.commitments):
        return []
    note = finding(
        "ROOT.NOT_TYPED",
        procedure="root",
        subject=f"ledger {result.ledger}",
        message="No root from the exchange's own publication was typed in; only the snapshot's own claim was compared.",
        expected="the root as the exchange shows it to its customers",
    )
    return [note]


def _performed_areas(steps: Steps) -> frozenset[Area]:
    """The questions that were asked to the end, so that silence means agreement."""
    areas = {Area.AUTHENTIC}
    checks = [check for result in steps.ledgers for check in result.commitments]
    if steps.ledgers and all(check.recomputed is not None for check in checks):
        areas.add(Area.DATA)
    if steps.coverage.complete:
        areas.add(Area.COVERAGE)
    return frozenset(areas)


def _write_up(request: AuditRequest, steps: Steps, inputs: tuple[InputFile, ...]) -> Audit:
    """The record of a finished run."""
    findings = steps.findings
    return Audit(
        request=request,
        program_version=__version__,
        identity=identity_of(steps.snapshot),
        verdicts=verdicts(findings, _performed_areas(steps)),
        ledgers=tuple((result.ledger, result.row_count) for result in steps.ledgers),
        commitments=tuple(check for result in steps.ledgers for check in result.commitments),
        totals=tuple(check for result in steps.ledgers for check in result.checks),
        addresses=steps.reserves.lines,
        evidence=steps.reserves.evidence,
        coverage=steps.coverage.lines,
        funds=steps.funds.lines,
        fund_totals=steps.funds.totals,
        sample=steps.sample,
        procedures=narrate(request, steps, findings),
        findings=findings,
        limitations=steps.limitations,
        ownership=steps.ownership,
        inputs=inputs,
    )


def identity_of(snapshot: AuthenticSnapshot) -> SnapshotIdentity:
    """Which snapshot this is and who vouches for it."""
    predicate = snapshot.statement.predicate
    return SnapshotIdentity(
        file_name=snapshot.file_name,
        snapshot_id=predicate.snapshot_id,
        sequence=int(predicate.sequence),
        issuer=predicate.issuer.legal_name,
        as_of=predicate.as_of,
        created_at=predicate.created_at,
        payload_sha256=snapshot.payload_sha256,
        signers=snapshot.signers,
        threshold=snapshot.threshold,
        trusted_time=snapshot.trusted_time,
        chains=tuple((chain, block.block_height, block.block_hash or "") for chain, block in predicate.chains.items()),
        previous=predicate.previous_payload_sha256,
    )
