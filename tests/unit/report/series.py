"""A made-up series of three monthly snapshots around :mod:`tests.unit.report.factory`'s run."""

from __future__ import annotations

from dataclasses import replace

from auditor_app.engagement.history import AssetPoint, History, RootSeen, SnapshotPoint, history
from tests.unit.engagement.test_history import month
from tests.unit.report import factory

SIGNATURE = "aa" * 32
TYPED = "ff" * 16


def account(number: int) -> str:
    """An account of the reserve list."""
    return f"eip155:1:0x{factory.digest(f'reserve {number}')[:40]}"


def point(number: int, **changes: object) -> SnapshotPoint:
    """Month ``number``: accounts ``number`` to ``number + 3``, BTC short in the first month, SHIB in the second only."""
    assets = [
        AssetPoint(
            "BTC", 8, 1_234_567_890_123, 1_234_567_890_123 + (number - 2) * 10**9, f"{100 + (number - 2) * 8}.1234"
        ),
        AssetPoint("USDT", 6, 10**15, 10**15 + number * 10**10, f"100.00{number}0"),
    ]
    if number == 2:
        assets.append(AssetPoint("SHIB", 18, 5 * 10**30, None, None))
    made = month(
        number,
        snapshot_id=f"demo-2026-{number:02}",
        sequence=number + 9,
        assets=tuple(assets),
        leaf_counts=(("spot", 49_000 + 100 * number), ("futures", 1_200)),
        accounts=frozenset(account(at) for at in range(number, number + 4)),
        signatures=frozenset({(account(3), SIGNATURE)}),
        payload_sha256=factory.digest(f"payload {number}"),
        previous=factory.digest(f"payload {number - 1}") if number > 1 else None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def good() -> History:
    """Three months in order, nothing repeated."""
    return history([point(number, signatures=frozenset()) for number in (1, 2, 3)])


def broken() -> History:
    """The third month names another predecessor, the first month's root changed, one signature stands in all."""
    first = point(1)
    retyped = replace(first, roots=(*first.roots, RootSeen("spot", "mexc", (("proofId", "P1"),), TYPED, "typed")))
    return history([first, point(2), point(3, previous="ee" * 32), retyped])


def many(moved: int) -> History:
    """Two months between which ``moved`` accounts came."""
    came = frozenset(account(at) for at in range(1000, 1000 + moved))
    return history([point(1, accounts=frozenset()), point(2, accounts=came)])
