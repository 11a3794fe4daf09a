"""Every SHA-256 scheme with a ledger by the fast path and by the reference: so that none stays slow unnoticed.

Four assets (OKX hashes three, BitMEX one), rows in memory, one thread, in process after warm-up; the fast ledger is larger, both times are an account's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle import recompute as module
from auditor_app.merkle.fast import reading
from auditor_app.merkle.fast.proofs import FastTree
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.statement import Commitment
from tests.benchmarks.ledger_snapshots import Made
from tests.benchmarks.measure import Measure
from tests.unit.ledger.memory import MemoryLedger

_COINS = "BTC:decimal?,ETH:decimal?,USDC:decimal?,USDT:decimal?"
_OKX = "BTC:decimal?,ETH:decimal?,USDT:decimal?"
_NONCE = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Case:
    """One scheme with its parameters; ``key`` are the columns before the amounts, ``filling`` the cells behind the id."""

    scheme: str
    parameters: Mapping[str, str]
    key: str = "id:token"
    filling: str = ""
    amounts: str = _COINS


CASES = (
    Case("rfc6962-sha256", {}),
    Case("mexc", {"proofId": "PR-2026-11-01"}),
    Case("okx-v1", {}, "encryptUid:token,nonce:token", ",n0nce", _OKX),
    Case("bitget", {"numbers": "quoted", "order": "listed"}, "encryptUid:token,nonce:token", ",n0nce"),
    Case("bybit", {"release": "V0"}, "userHash:token"),
    Case("coinex", {"odd": "alone"}, "id:token,nonce:token", ",n0nce"),
    Case("bitunix", {}, "encryptUid:token,nonce:token", ",n0nce"),
    Case(
        "hotcoin",
        {"snapshotId": "2026-09-21 00:00:00", "assets": "BTC:8,ETH:8,USDC:8,USDT:8"},
        "accountId:token,nonce:token",
        ",n0nce",
    ),
    Case("armanino-split", {}),
    Case("armanino-concat", {}),
    Case("bitmex", {"blockHeight": "800000"}, "account:token,nonce:hex64", f",{_NONCE}", "BTC:base-units/8"),
)


def ledger(case: Case, count: int) -> MemoryLedger:
    """The made-up accounts in the columns of one scheme."""
    rows = Made(count, 4).part(0).decode("ascii").split("\n")[:-1]
    if "decimal" in case.amounts:
        width = 1 + case.amounts.count("decimal")
        made = [f"{row[0]}{case.filling},{','.join(row[1:width])}" for row in (line.split(",") for line in rows)]
    else:
        made = [f"{number}{case.filling},{number * 7919}" for number in range(count)]
    return MemoryLedger(parse_columns(f"{case.key},{case.amounts}"), [row.encode("ascii") for row in made])


def timed(case: Case, count: int) -> tuple[float, LedgerResult]:
    """Nanoseconds an account, and the result."""
    source = ledger(case, count)
    commitment = Commitment(scheme=case.scheme, root="00" * 32, leaf_count=str(count), parameters=dict(case.parameters))
    started = time.perf_counter()
    result = run(recompute(source, [commitment], totals={}, typed_root=None, token=CancelToken()))
    return (time.perf_counter() - started) / count * 1e9, result


def schemes(fast_count: int = 2**17, slow_count: int = 2**13) -> Iterator[Measure]:
    """Each scheme's two times; ``AssertionError`` where compiled code leaves one to the reference, or they disagree."""
    for case in CASES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "processors", lambda: 1)
            timed(case, slow_count)
            fast, result = min((timed(case, fast_count) for _ in range(2)), key=lambda pair: pair[0])
            assert [type(tree) for tree in result.trees] == [FastTree], (case.scheme, result.findings)
            _, quick = timed(case, slow_count)
            patch.setattr(module, "is_worth_it", lambda part: False)
            slow, plain = timed(case, slow_count)
        assert quick.commitments[0].recomputed == plain.commitments[0].recomputed is not None
        detail = f"reference path {slow:,.0f} ns: {slow / fast:.0f} times"
        yield Measure(f"`{case.scheme}`, one thread", fast, "ns an account", detail=detail)
