"""The tables of the working papers, A to G, from a finished run and the engagement's papers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor_app.engagement.history import History
from auditor_app.engagement.papers import Papers, Stamp
from auditor_app.engagement.record import Audit
from auditor_app.engagement.sampling_work import SampledWork, limits_agreed
from auditor_app.findings import CATALOGUE
from auditor_app.procedures import PROCEDURES
from auditor_app.report.history_tables import history_tables
from auditor_app.report.sample_tables import sample_tables
from auditor_app.report.tables import Row, WorkingTable, numbers, texts, units


def paper_tables(
    audit: Audit,
    papers: Papers | None = None,
    samples: Sequence[SampledWork] = (),
    history: History | None = None,
) -> tuple[WorkingTable, ...]:
    """Every table that has a row, in the order of the index; ``samples`` and ``history`` are the engagement's."""
    made = [
        *_engagement(audit, papers),
        *_snapshot(audit),
        *history_tables(history),
        *_liabilities(audit),
        *_wallets(audit),
        *_sampling(audit),
        *sample_tables(samples, limits=limits_agreed(papers)),
        *_exceptions(audit, papers),
        *_report(papers),
    ]
    return tuple(table for table in made if table.rows)


def _engagement(audit: Audit, papers: Papers | None) -> list[WorkingTable]:
    procedures = WorkingTable(
        "A2",
        "procedures",
        "Procedures performed",
        texts("reference", "key", "title", "wording", "extent", "outcome", "performed"),
        tuple(_procedures(audit, papers)),
    )
    inputs = WorkingTable(
        "A3",
        "inputs",
        "Input files by digest",
        (*texts("role", "name"), *numbers("bytes"), *texts("sha256")),
        tuple((item.role, item.name, str(item.size), item.sha256) for item in audit.inputs),
    )
    if papers is None:
        return [procedures, inputs]
    return [_terms(papers), procedures, inputs, *_people(papers)]


def _terms(papers: Papers) -> WorkingTable:
    terms = papers.terms
    rows: list[Row] = [("journal head", papers.head.text()), ("engagement", papers.identity)]
    for name in terms.__struct_fields__:
        value = getattr(terms, name)
        if isinstance(value, dict):
            rows += [(f"threshold {key}", text) for key, text in value.items()]
        else:
            rows.append((name.replace("_", " "), str(value)))
    return WorkingTable("A1", "terms", "Terms of the engagement", texts("term", "as stated"), tuple(rows))


def _people(papers: Papers) -> list[WorkingTable]:
    people = WorkingTable(
        "A4",
        "people",
        "People and roles",
        texts("name", "roles"),
        tuple((item.name, ", ".join(item.roles)) for item in papers.people),
    )
    signed = WorkingTable(
        "A5",
        "sign-offs",
        "Sign-offs, those cleared by a later edit too",
        texts("role", "person", "at", "journal head", "cleared at", "cleared by"),
        tuple(
            (item.role, item.stamp.person, item.stamp.at, item.head.text(), *_when(item.cleared))
            for item in papers.sign_offs
        ),
    )
    notes = WorkingTable(
        "A6",
        "review-notes",
        "Review notes",
        (*numbers("no."), *texts("paper", "note", "raised at", "raised by", "closed at", "closed by", "reply")),
        tuple(
            (str(item.number), item.paper, item.text, *_when(item.raised), *_when(item.closed), item.reply)
            for item in papers.notes
        ),
    )
    marks = WorkingTable("A7", "tickmarks", "Tickmarks", texts("mark", "meaning"), papers.tickmarks)
    ticks = WorkingTable(
        "A8",
        "ticked-items",
        "Items with a tickmark",
        texts("mark", "paper", "item", "at", "person"),
        tuple((item.mark, item.paper, item.item, item.stamp.at, item.stamp.person) for item in papers.ticks),
    )
    amendments = WorkingTable(
        "A9",
        "amendments",
        "Amendments after the lock",
        texts("what", "why", "action", "at", "person"),
        tuple(
            (item.amendment.what, item.amendment.why, item.action, item.stamp.at, item.stamp.person)
            for item in papers.amendments
        ),
    )
    return [people, signed, notes, marks, ticks, amendments]


def _when(stamp: Stamp | None) -> Row:
    return (None, None) if stamp is None else (stamp.at, stamp.person)


def _procedures(audit: Audit, papers: Papers | None) -> Iterable[Row]:
    agreed = {} if papers is None else {item.key: item for item in papers.procedures}
    for item in audit.procedures:
        usual = PROCEDURES[item.key]
        wording = agreed[item.key].wording if item.key in agreed else usual.wording
        performed = "yes" if item.performed else "no"
        yield usual.reference, item.key, usual.title, wording, item.extent, item.outcome, performed
    done = {item.key for item in audit.procedures}
    for entry in agreed.values():
        if entry.key not in done or not entry.agreed:
            state = "not by the program" if entry.agreed else "left out"
            yield "A", entry.key, entry.key, entry.wording, None, entry.reason, state


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
                _answer(item.match),
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
                _answer(item.match),
                _answer(item.typed_match),
                str(item.leaf_count),
                str(item.claimed_leaf_count),
            )
            for item in audit.commitments
        ),
    )
    return [rows, totals, roots]


def _answer(match: bool | None) -> str:
    return "not compared" if match is None else ("yes" if match else "no")


def _wallets(audit: Audit) -> list[WorkingTable]:
    return [_addresses(audit), *_control(audit), _coverage(audit), *_funds(audit)]


def _addresses(audit: Audit) -> WorkingTable:
    return WorkingTable(
        "D3",
        "addresses",
        "Reserve addresses, claimed and observed",
        (*texts("account", "role", "asset"), *numbers("claimed", "observed"), *texts("grade", "source", "counted")),
        tuple(
            (
                line.address.account,
                line.address.role,
                line.address.asset,
                units(line.address.claimed, line.decimals),
                units(line.observed, line.decimals),
                line.grade.value,
                line.source,
                "yes" if line.counted else "no",
            )
            for line in audit.addresses
        ),
    )


def _control(audit: Audit) -> list[WorkingTable]:
    if audit.ownership is None:
        return []
    lines = WorkingTable(
        "D2",
        "control",
        "Proofs of control",
        (
            *texts("account", "asset"),
            *numbers("amount"),
            *texts("method", "result", "binds", "message", "seen before", "remark"),
        ),
        tuple(
            (
                line.row.account,
                line.row.asset,
                None if line.row.amount is None else line.row.amount.plain(),
                line.scheme or line.method,
                line.outcome.value,
                line.binds.value,
                line.freshness.value,
                line.seen_before or None,
                line.note or None,
            )
            for line in audit.ownership.lines
        ),
    )
    shares = WorkingTable(
        "D2",
        "control-by-value",
        "Share of claimed value by proof",
        (*texts("asset"), *numbers("total", "fresh", "stale", "indirect", "none")),
        tuple(
            (
                item.asset,
                item.total.plain(),
                item.fresh.plain(),
                item.stale.plain(),
                item.indirect.plain(),
                item.none.plain(),
            )
            for item in audit.ownership.shares
        ),
    )
    return [lines, shares]


def _coverage(audit: Audit) -> WorkingTable:
    return WorkingTable(
        "D4",
        "coverage",
        "Coverage by asset",
        (
            *texts("asset"),
            *numbers("liabilities", "debts", "claimed", "observed", "difference"),
            *numbers("rate percent, rounded down", "net rate percent, rounded down"),
        ),
        tuple(
            (
                line.asset,
                units(line.liabilities, line.decimals),
                units(line.debts, line.decimals),
                units(line.claimed, line.decimals),
                units(line.observed, line.decimals),
                units(line.difference, line.decimals),
                line.rate,
                line.net_rate,
            )
            for line in audit.coverage
        ),
    )


def _funds(audit: Audit) -> list[WorkingTable]:
    totals = WorkingTable(
        "D5",
        "funds",
        "Protection funds against their targets",
        (
            *texts("fund", "kind", "custody"),
            *numbers("claimed", "observed", "target"),
            *texts("unit"),
            *numbers("percent of target, rounded down"),
            *texts("met"),
        ),
        tuple(
            (
                item.name,
                item.kind,
                item.custody,
                item.claimed,
                item.observed,
                item.target,
                item.unit,
                item.rate,
                _answer(item.met),
            )
            for item in audit.fund_totals
        ),
    )
    accounts = WorkingTable(
        "D5",
        "fund-accounts",
        "Accounts of protection funds",
        (*texts("fund", "account", "asset"), *numbers("claimed", "observed"), *texts("grade")),
        tuple(
            (
                item.name,
                item.account,
                item.asset,
                units(item.claimed, item.decimals),
                units(item.observed, item.decimals),
                item.grade,
            )
            for item in audit.funds
        ),
    )
    return [totals, accounts]


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
    return [findings, limits] if papers is None else [findings, limits, _log(papers)]


def _log(papers: Papers) -> WorkingTable:
    return WorkingTable(
        "F3",
        "exceptions-log",
        "Exceptions log",
        (
            *numbers("no."),
            *texts("procedure", "item", "expected", "observed", "cause", "management's response", "disposition"),
            *texts("finding", "raised at", "raised by", "closed at", "closed by", "reason"),
        ),
        tuple(
            (
                str(item.number),
                item.procedure,
                item.item,
                item.expected or None,
                item.observed or None,
                item.cause or None,
                item.response or None,
                item.disposition or None,
                item.finding or None,
                *_when(item.raised),
                *_when(item.closed),
                item.closing_reason or None,
            )
            for item in papers.exceptions
        ),
    )


def _report(papers: Papers | None) -> list[WorkingTable]:
    if papers is None:
        return []
    return [
        WorkingTable(
            "G1",
            "reports",
            "Reports built",
            (*texts("kind", "report id", "date", "sha256"), *numbers("bytes"), *texts("journal head", "at", "person")),
            tuple(
                (
                    item.action.kind,
                    item.action.report_id,
                    item.action.date,
                    item.action.report,
                    item.action.size,
                    item.head.text(),
                    *_when(item.stamp),
                )
                for item in papers.reports
            ),
        )
    ]
