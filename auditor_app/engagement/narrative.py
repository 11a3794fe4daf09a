"""Writes up what was performed: for each procedure its extent and its factual outcome, or why it was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor_app.chain.ownership.model import Outcome
from auditor_app.engagement.outcomes import in_working_paper_order, omitted, performed
from auditor_app.engagement.record import AuditRequest, PerformedProcedure
from auditor_app.findings import Finding

if TYPE_CHECKING:
    from auditor_app.engagement.audit import Steps


def narrate(request: AuditRequest, steps: Steps, findings: Sequence[Finding]) -> tuple[PerformedProcedure, ...]:
    """Every procedure of the programme, performed or not, in working-paper order."""
    written = [
        *_snapshot(request, steps, findings),
        *_liabilities(steps, findings),
        *_reserves(steps, findings),
        _sample(steps, findings),
    ]
    return in_working_paper_order(written)


def _count(number: int, one: str, many: str = "") -> str:
    """``1 row``, ``50,000 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _snapshot(request: AuditRequest, steps: Steps, findings: Sequence[Finding]) -> list[PerformedProcedure]:
    snapshot = steps.snapshot
    statement = snapshot.statement
    names = ", ".join(signer.signer for signer in snapshot.signers)
    held = [name for name, value in (("a nonce", request.nonce), ("the preceding digest", request.previous)) if value]
    stamped = snapshot.trusted_time.source == "timestamp" or any(item.procedure == "timestamp" for item in findings)
    return [
        performed(
            "container", f"The file {snapshot.file_name}.", "The container and envelope are canonical.", findings
        ),
        performed(
            "signatures",
            f"{_count(len(snapshot.signers), 'signature')} of pinned keys; {snapshot.threshold} asked for.",
            f"Distinct pinned keys signed for {statement.predicate.issuer.legal_name}: {names}.",
            findings,
        ),
        performed(
            "freshness",
            f"The auditor held {' and '.join(held)}."
            if held
            else "The auditor held no nonce and no predecessor; dates only.",
            "What was held agreed." if held else "The dates agreed with each other.",
            findings,
        ),
        performed(
            "members",
            f"{_count(len(statement.subject), 'member')}.",
            "Every digest and size agreed with the signed statement.",
            findings,
        ),
        performed("timestamp", "One token.", "The token agreed with the signed statement.", findings)
        if stamped
        else omitted("timestamp", "No time stamp was supplied with the snapshot."),
    ]


def _liabilities(steps: Steps, findings: Sequence[Finding]) -> list[PerformedProcedure]:
    if not steps.ledgers:
        reason = "The snapshot holds no liability ledger."
        return [omitted(key, reason) for key in ("ledger", "totals", "root")]
    rows = sum(result.row_count for result in steps.ledgers)
    extent = f"{_count(rows, 'row')} in {_count(len(steps.ledgers), 'ledger')}, every one."
    totals = [check for result in steps.ledgers for check in result.checks]
    commitments = [check for result in steps.ledgers for check in result.commitments]
    agreed = [check for check in commitments if check.match]
    typed = sum(check.typed is not None for check in commitments)
    return [
        performed("ledger", extent, "Every row was read to its end.", findings),
        performed("totals", f"{_count(len(totals), 'total')}.", "Every total agreed to the last digit.", findings),
        performed(
            "root",
            f"{_count(len(commitments), 'commitment')}, from every leaf; {_count(typed, 'root')} typed for comparison.",
            f"{_count(len(agreed), 'recomputed root')} agreed: "
            + "; ".join(f"{check.ledger} {check.recomputed}" for check in agreed)
            + ".",
            findings,
        )
        if commitments
        else omitted("root", "The snapshot names no commitment."),
    ]


def _reserves(steps: Steps, findings: Sequence[Finding]) -> list[PerformedProcedure]:
    lines = steps.reserves.lines
    written: list[PerformedProcedure] = []
    if steps.snapshot.statement.predicate.reserves is None:
        reason = "The snapshot lists no reserve addresses."
        written += [omitted(key, reason) for key in ("addresses", "ownership", "balances")]
    else:
        chains = len({line.address.chain for line in lines})
        extent = f"{_count(len(lines), 'row')} on {_count(chains, 'chain')}."
        written.append(performed("addresses", extent, "Every address was decoded and counted once.", findings))
        written.append(_ownership(steps, findings))
        written.append(_balances(steps, findings))
    written.append(_coverage(steps, findings))
    if steps.funds.totals or any(item.procedure == "funds" for item in findings):
        extent = f"{_count(len(steps.funds.totals), 'fund')}, {_count(len(steps.funds.lines), 'account')}."
        written.append(performed("funds", extent, "Every fund was set against its target.", findings))
    else:
        written.append(omitted("funds", "The snapshot declares no protection funds."))
    return written


def _ownership(steps: Steps, findings: Sequence[Finding]) -> PerformedProcedure:
    ownership = steps.ownership
    if ownership is None:
        return omitted("ownership", "The snapshot holds no proofs of control of its reserve addresses.")
    counts = ownership.counts()
    asked = "with the auditor's challenge" if ownership.challenge else "no challenge was typed"
    return performed(
        "ownership",
        f"{_count(len(ownership.lines), 'row')}; {asked}.",
        f"{_count(counts[Outcome.VALID], 'proof')} of control agreed with message and address.",
        findings,
    )


def _balances(steps: Steps, findings: Sequence[Finding]) -> PerformedProcedure:
    lines = steps.reserves.lines
    if steps.reserves.evidence is None and not any(item.code == "EVIDENCE.INVALID" for item in findings):
        return omitted("balances", "No evidence file was supplied; balances are as claimed by the issuer.")
    seen = sum(line.observed is not None for line in lines)
    return performed(
        "balances",
        f"{seen:,} of {_count(len(lines), 'address row')} observed.",
        "Every observed balance agreed with the claimed one.",
        findings,
    )


def _coverage(steps: Steps, findings: Sequence[Finding]) -> PerformedProcedure:
    lines = steps.coverage.lines
    if not lines:
        return omitted("coverage", "The snapshot names no asset that is owed or held.")
    rates = [f"{line.asset} {line.rate} %" for line in lines if line.rate is not None]
    if not rates and not any(item.procedure == "coverage" and item.counts for item in findings):
        return omitted("coverage", "No rate was computed: no balance was observed by a pinned auditor.")
    return performed(
        "coverage",
        f"{_count(len(rates), 'asset')} of {len(lines)} with observed balances.",
        f"Rates, rounded down: {', '.join(rates)}." if rates else "No rate was computed.",
        findings,
    )


def _sample(steps: Steps, findings: Sequence[Finding]) -> PerformedProcedure:
    sample = steps.sample
    if sample is None:
        return omitted("sample", "No sample was drawn in this run.")
    return performed(
        "sample",
        f"{_count(sample.size, 'leaf', 'leaves')} of {sample.population:,}, and one dummy.",
        f"Every drawn leaf led to the root {sample.root}; the dummy did not.",
        findings,
    )
