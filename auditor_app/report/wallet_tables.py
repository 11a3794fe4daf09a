"""The wallets' tables among the working papers (D): addresses, proofs of control, coverage, protection funds."""

from __future__ import annotations

from auditor_app.engagement.record import Audit
from auditor_app.report.tables import WorkingTable, answer, coverage_row, numbers, texts, units


def wallet_tables(audit: Audit) -> list[WorkingTable]:
    """D2 to D5."""
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
        tuple(map(coverage_row, audit.coverage)),
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
                answer(item.met),
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
