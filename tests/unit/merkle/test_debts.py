"""Debts in signed columns: compiled code and the reference say the same, and a count in plain Python says so too."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor_app.findings import Finding
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.net_debt import net_debts
from auditor_app.merkle import debts as module
from auditor_app.merkle.debts import debts_found
from auditor_app.merkle.fast import debts as fast
from auditor_app.operation import Cancelled, CancelToken, Progress, run
from tests.unit.ledger.memory import MemoryLedger

COLUMNS = parse_columns("id:token,A:decimal-?,B:base-units/8-?,C:decimal?,D:decimal-")
OWED = {"A": True, "B": True, "D": True}
HUGE = "9" * 30 + "." + "9" * 18


def both(source: Any, owed: dict[str, bool] = OWED) -> tuple[Finding, ...]:
    """The findings, which both ways must give alike."""
    quick = run(net_debts(source, owed, CancelToken(), fast.count_debts))
    assert quick == run(net_debts(source, owed, CancelToken()))
    return quick


def made(seed: int, count: int) -> list[bytes]:
    """Rows with debts, zeros with and without a minus, empty cells, the largest amounts."""
    random = np.random.default_rng(seed)
    decimals = ["", "0", "-0", "-0.000", "0.5", "-0.5", "-0.000000000000000001", HUGE, "-" + HUGE, "7", "-12.25"]
    units = ["", "0", "-0", "5", "-5", "9" * 60, "-" + "9" * 60]

    def pick(some: list[str]) -> str:
        return some[int(random.integers(len(some)))]

    return [
        f"u{at},{pick(decimals)},{pick(units)},{pick(['', '0', '3', '-1'])},{pick(decimals[1:])}".encode()
        for at in range(count)
    ]


def naive(rows: list[bytes], column: int) -> tuple[int, int, list[tuple[int, str]], Decimal]:
    """Rows that owe, those of them that hold something, the first ten, and what they owe in all."""
    owing = set_off = 0
    first = []
    owed = Decimal(0)
    for number, row in enumerate(rows, 1):
        key, *cells = row.decode().split(",")
        amounts = [Decimal(cell or "0") for cell in cells]
        if amounts[column] < 0:
            owing += 1
            owed -= amounts[column]
            set_off += any(amount > 0 for amount in amounts)
            first.append((number, key))
    return owing, set_off, first[:10], owed


@pytest.mark.parametrize("seed", range(4))
def test_every_debt_is_counted_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = made(seed, 900)
    found = both(MemoryLedger(COLUMNS, rows, 256))
    assert [item.subject for item in found] == [f"ledger memory, asset {name}" for name in "ABD"]
    for item, column in zip(found, (0, 1, 3), strict=True):
        owing, set_off, first, _ = naive(rows, column)
        assert item.message.startswith(f"{owing} rows owe ")
        assert f"{set_off} of them against balances" in item.message
        for number, key in first:
            part, row = divmod(number - 1, 256)
            assert f"part {part}, row {row + 1}, column {'ABCD'[column]}: {key}" in item.message
        assert f"and {owing - 10} more" in item.message


def test_sums_beyond_any_machine_word_are_exact() -> None:
    rows = [f"u{at},-{HUGE},-{'9' * 60},,-{HUGE}".encode() for at in range(5000)]
    a, b, _ = both(MemoryLedger(COLUMNS, rows, 4096))
    assert f"{5000 * (10**48 - 1)}"[:30] in a.message.replace(".", "")
    assert f"{5000 * (10**60 - 1)}"[:52] in b.message
    assert "5000 rows owe" in a.message
    assert " 0 of them" in a.message


def test_a_minus_before_nothing_is_no_debt() -> None:
    """``-0`` is written with a minus and owes nothing."""
    rows = [b"u,-0,-0,1,0", b"v,-1,,,0"]
    (item,) = both(MemoryLedger(COLUMNS, rows), {"A": True})
    assert item.message.startswith("1 row owes 1 A, 0 of them")


def test_an_unsigned_column_below_zero_sets_nothing_off() -> None:
    (item,) = both(MemoryLedger(COLUMNS, [b"u,-1,,-5,0", b"v,-1,,5,0"]), {"A": True})
    assert "2 rows owe 2 A, 1 of them" in item.message


def test_compiled_code_is_used_where_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = fast.count_debts
    monkeypatch.setattr(fast, "count_debts", lambda *some: (asked.append(1), real(*some))[1])
    rows = made(1, 2500)
    for count, expected in ((1999, 0), (2500, 1)):
        source = MemoryLedger(COLUMNS, rows[:count])
        found = run(debts_found(source, count, OWED, CancelToken()))
        assert len(asked) == expected
        assert found == run(net_debts(source, OWED, CancelToken()))
    run(debts_found(MemoryLedger(COLUMNS, rows), 2500, {"A": False}, CancelToken()))
    assert len(asked) == 1


def test_it_is_read_row_by_row_where_there_is_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor_app.merkle.warm import Readiness

    monkeypatch.setattr(module, "readiness", lambda: Readiness("too old"))
    rows = made(2, 2100)
    source = MemoryLedger(COLUMNS, rows)
    assert run(debts_found(source, 2100, OWED, CancelToken())) == run(net_debts(source, OWED, CancelToken()))


def test_it_tells_how_far_it_is_and_stops(tmp_path: Path) -> None:
    source = MemoryLedger(COLUMNS, made(3, 9000), 4096)
    seen: list[Progress] = []
    run(debts_found(source, 9000, OWED, CancelToken()), seen.append)
    assert seen[-1].done == 9000
    assert seen[-1].note == "Ledger memory: counting debts"
    token = CancelToken()
    operation = debts_found(source, 9000, OWED, token)
    next(operation)
    token.cancel()
    with pytest.raises(Cancelled):
        run(operation)
