"""Customers' debts in a ledger that was recalculated: by compiled code where that is worth it, else row by row."""

from __future__ import annotations

from collections.abc import Mapping

from auditor_app.findings import Finding
from auditor_app.ledger.net_debt import net_debts
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.warm import FEWEST_ROWS, readiness
from auditor_app.operation import CancelToken, Operation


def debts_found(
    source: LedgerSource, rows: int, owed: Mapping[str, bool], token: CancelToken
) -> Operation[tuple[Finding, ...]]:
    """LEAF.NET_DEBT for each signed column that ``owed`` says has debts, of a ledger of ``rows`` rows."""
    if not any(owed.values()) or rows < FEWEST_ROWS or not readiness().ready:
        return (yield from net_debts(source, owed, token))
    from auditor_app.merkle.fast.debts import count_debts

    return (yield from net_debts(source, owed, token, count_debts))
