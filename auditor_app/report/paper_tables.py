"""The tables of the working papers, A to G, from a finished run and the engagement's papers."""

from __future__ import annotations

from collections.abc import Sequence

from auditor_app.engagement.history import History
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.engagement.sampling_work import SampledWork, limits_agreed
from auditor_app.findings import CATALOGUE
from auditor_app.procedures import PROCEDURES
from auditor_app.report.engagement_tables import engagement_tables, exceptions_log, report_tables
from auditor_app.report.history_tables import history_tables
from auditor_app.report.sample_tables import sample_tables
from auditor_app.report.tables import Row, WorkingTable, answer, numbers, texts, units
from auditor_app.report.wallet_tables import wallet_tables


def paper_tables(
    audit: Audit,
    papers: Papers | None = None,
    samples: Sequence[SampledWork] = (),
    history: History | None = None,
) -> tuple[WorkingTable, ...]:
    """Every table that has a row, in the order of the index; ``samples`` and ``history`` are the engagement's."""
    made = [
        *engagement_tables(audit, papers),
        *_snapshot(audit),
        *history_tables(history),
        *_liabilities(audit),
        *wallet_tables(audit),
        *_sampling(audit),
        *sample_tables(samples, limits=limits_agreed(papers)),
        *_exceptions(audit, papers),
        *report_tables(papers),
    ]
    return tuple(table for table in made if table.rows)


def _snapshot(audit: Audit) -> list[WorkingTable]:
    identity = audit.identity
    facts: list[Row] = [
        ("file", identity.file_name),
        ("snapshot id", identity.snapshot_id),
        ("sequence", str(identity.sequence)),
        ("issuer", identity.issuer),
        ("as of", identity.as_of),
        ("created at", identity.created_at),
        ("payload SHA-256", identity.payload_sha256),
        ("signers asked for", str(identity.threshold)),
    ]
    if audit.evidence is not None:
        facts += [
            ("evidence file", audit.evidence.file_name),
            ("evidence payload SHA-256", audit.evidence.payload_sha256),
            ("evidence captured at", audit.evidence.captured_at),
        ]
    return [
        WorkingTable("B1", "snapshot", "Snapshot identity", texts("item", "value"), tuple(facts)),
        WorkingTable(
            "B2",
            "signers",
            "Signers and key fingerprints",
            texts("signer", "issuer", "algorithm", "spki sha256", "provenance"),
            tuple(
                (item.signer, item.issuer, item.algorithm, item.spki_sha256, "; ".join(item.provenance))
                for item in identity.signers
            ),
        ),
        WorkingTable(
            "B3",
            "blocks",
            "Networks and blocks",
            (*texts("network"), *numbers("height"), *texts("block hash")),
            tuple((chain, height, block or None) for chain, height, block in identity.chains),
        ),
    ]


def _liabilities(audit: Audit) -> list[WorkingTable]:
    rows = WorkingTable(
        "C1",
        "ledgers",
        "Ledgers",
        (*texts("ledger"), *numbers("rows counted")),
        tuple((name, str(count)) for name, count in audit.ledgers),
    )
    totals = WorkingTable(
        "C2",
        "totals",
        "Liability totals, published and recalculated",
        (*texts("ledger", "asset"), *numbers("published", "recalculated"), *texts("agrees")),
        tuple(
            (
                item.ledger,
                item.asset,
                units(item.published, item.decimals),
                None if item.recomputed is None else item.recomputed.plain(),
                answer(item.match),
            )
            for item in audit.totals
        ),
    )
    roots = WorkingTable(
        "C3",
        "commitments",
        "Commitments, as claimed, recalculated and typed",
        (
            *texts("ledger", "scheme", "root in snapshot", "recalculated root", "typed root", "agrees", "typed agrees"),
            *numbers("leaves", "leaves claimed"),
        ),
        tuple(
            (
                item.ledger,
                item.scheme,
                item.published,
                item.recomputed,
                item.typed,
                answer(item.match),
                answer(item.typed_match),
                str(item.leaf_count),
                str(item.claimed_leaf_count),
            )
            for item in audit.commitments
        ),
    )
    return [rows, totals, roots]


def _sampling(audit: Audit) -> list[WorkingTable]:
    sample = audit.sample
    if sample is None:
        return []
    plan: tuple[Row, ...] = (
        ("ledger", sample.ledger),
        ("scheme", sample.scheme),
        ("root", sample.root),
        ("population", str(sample.population)),
        ("size", str(sample.size)),
        ("confidence", sample.confidence),
        ("tolerable rate", sample.tolerable),
        ("expected rate", sample.expected),
        ("method", sample.method),
        ("deviations allowed", str(sample.allowed_deviations)),
        ("committed at", sample.committed_at),
        ("commitment SHA-256", sample.commitment),
        ("source named beforehand", sample.source),
        ("randomness", sample.randomness),
        ("seed", sample.seed),
        ("dummy rejected", "yes" if sample.dummy_rejected else "no"),
        ("deviations found", str(sample.deviations)),
    )
    items = tuple(
        (str(place), str(item.index), item.ticket, item.key, "yes" if item.included else "no")
        for place, item in enumerate(sample.items, start=1)
    )
    columns = (*numbers("no.", "leaf index"), *texts("ticket", "key as read", "traced to root"))
    return [
        WorkingTable("E1", "plan", "Sample plan, commitment and randomness", texts("item", "value"), plan),
        WorkingTable("E1", "sample", "Drawn leaves", columns, items),
    ]


def _exceptions(audit: Audit, papers: Papers | None) -> list[WorkingTable]:
    findings = WorkingTable(
        "F1",
        "findings",
        "Findings",
        texts("code", "severity", "procedure", "subject", "finding", "expected", "observed", "at", "what to do"),
        tuple(
            (
                item.code,
                item.severity.value,
                PROCEDURES[item.procedure].reference,
                item.subject,
                item.message,
                item.expected or None,
                item.observed or None,
                item.at.text() or None,
                CATALOGUE[item.code].action,
            )
            for item in audit.findings
        ),
    )
    limits = WorkingTable(
        "F2",
        "limitations",
        "Limitations",
        texts("code", "subject", "limitation"),
        tuple((item.code, item.subject, item.message) for item in audit.limitations),
    )
    return [findings, limits] if papers is None else [findings, limits, exceptions_log(papers)]
