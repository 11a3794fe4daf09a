"""Snapshots over time: the chain, rates, addresses, repeated signatures, and roots that changed for a past date."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor_app.engagement.history import AssetPoint, RootSeen, SnapshotPoint, history, point_of
from auditor_app.engagement.history_document import history_document
from auditor_app.errors import EngagementError


def month(number: int, **changes: object) -> SnapshotPoint:
    """One of a series of monthly snapshots in good order."""
    point = SnapshotPoint(
        issuer="Example Exchange Ltd",
        snapshot_id=f"example-{number}",
        sequence=number,
        as_of=f"2026-{number:02}-01T00:00:00Z",
        payload_sha256=f"{number:064x}",
        previous=f"{number - 1:064x}" if number > 1 else None,
        leaf_counts=(("spot", 100 * number),),
        assets=(AssetPoint("BTC", 8, 100, 100 + number, f"10{number}.0000"),),
        accounts=frozenset({"eip155:1:0xaa", f"eip155:1:0x{number}"}),
        roots=(RootSeen("spot", "mexc", (("proofId", f"P{number}"),), f"{number:032x}", "snapshot"),),
        signatures=frozenset({("eip155:1:0xaa", "aa" * 32), (f"eip155:1:0x{number}", f"{number:064x}")}),
    )
    return replace(point, **changes)


def _fresh(number: int, **changes: object) -> SnapshotPoint:
    return month(number, signatures=frozenset(), **changes)


def test_a_series_in_good_order_has_no_finding() -> None:
    found = history([_fresh(3), _fresh(1), _fresh(2)])
    assert found.findings == ()
    assert [point.sequence for point in found.points] == [1, 2, 3]
    assert [(as_of[:7], point.rate) for as_of, point in found.series("BTC") if point] == [
        ("2026-01", "101.0000"),
        ("2026-02", "102.0000"),
        ("2026-03", "103.0000"),
    ]
    assert [(item.came, item.went) for item in found.movements] == [
        (("eip155:1:0x2",), ("eip155:1:0x1",)),
        (("eip155:1:0x3",), ("eip155:1:0x2",)),
    ]


def test_the_same_signature_in_every_month_is_named() -> None:
    found = history([month(1), month(2), month(3)])
    (repeated,) = found.repeated
    assert (repeated.sha256, repeated.accounts, repeated.every) == ("aa" * 32, ("eip155:1:0xaa",), True)
    assert [item.code for item in found.findings] == ["OWNERSHIP.REPEATED"]
    assert "1 of them in all 3" in found.findings[0].message
    partly = history([month(1), month(2), _fresh(3)])
    assert [item.every for item in partly.repeated] == [False]


@pytest.mark.parametrize(
    ("runs", "message", "severity"),
    [
        ([_fresh(1), _fresh(2, previous="ff" * 32)], "does not name the one before", "exception"),
        ([_fresh(1), _fresh(2, previous=None)], "does not name the one before", "exception"),
        ([_fresh(1), _fresh(2), _fresh(2, payload_sha256="ee" * 32)], "one sequence number", "exception"),
        ([_fresh(1), _fresh(3)], "are not in the engagement", "warning"),
        ([_fresh(2), _fresh(3, as_of="2025-12-01T00:00:00Z")], "of an earlier instant", "exception"),
    ],
)
def test_breaks_of_the_chain(runs: list[SnapshotPoint], message: str, severity: str) -> None:
    found = [item for item in history(runs).findings if item.code == "FRESH.ROLLBACK"]
    assert [(item.severity.value, message in item.message) for item in found] == [(severity, True)]


def test_a_root_that_changed_for_a_past_date() -> None:
    """A reissued snapshot of an old instant, and a website that shows another root later."""
    other = RootSeen("spot", "mexc", (("proofId", "P1"),), "ff" * 16, "typed")
    retyped = _fresh(1, roots=(*month(1).roots, other))
    found = history([_fresh(1), _fresh(2), retyped])
    assert [item.code for item in found.findings] == ["ROOT.EQUIVOCATION"]
    assert "ff" * 16 in found.findings[0].observed
    assert len(found.points) == 2
    reissued = _fresh(3, as_of=month(1).as_of, roots=(replace(other, source="snapshot"),))
    assert "ROOT.EQUIVOCATION" in {item.code for item in history([_fresh(1), reissued]).findings}
    elsewhere = RootSeen("margin", "mexc", (("proofId", "P1"),), "ff" * 16, "snapshot")
    assert history([_fresh(1, roots=(*month(1).roots, elsewhere)), _fresh(2)]).findings == ()
    parameters = RootSeen("spot", "mexc", (("proofId", "other"),), "ff" * 16, "snapshot")
    assert history([_fresh(1, roots=(*month(1).roots, parameters))]).findings == ()


def test_an_asset_that_is_not_in_every_snapshot() -> None:
    found = history([_fresh(1), _fresh(2, assets=(AssetPoint("ETH", 18, None, None, None),))])
    assert found.assets() == ("BTC", "ETH")
    assert found.series("ETH")[0][1] is None
    document = history_document(found)
    assert document["series"][1]["points"] == [
        {"asOf": "2026-01-01T00:00:00Z", "rate": None},
        {"asOf": "2026-02-01T00:00:00Z", "decimals": 18, "liabilities": None, "observed": None, "rate": None},
    ]


_RESULT: dict[str, Any] = {
    "snapshot": {"issuer": "x", "id": "s", "sequence": "1", "asOf": "2026-01-01T00:00:00Z", "payloadSha256": "aa" * 32},
    "previousPayloadSha256": None,
    "ledgers": [{"name": "spot", "rows": "5"}],
    "coverage": [{"asset": "BTC", "decimals": 8, "liabilities": "100", "observed": None, "rate": None}],
    "addresses": [{"account": "eip155:1:0xaa"}],
    "commitments": [
        {
            "ledger": "spot",
            "scheme": "mexc",
            "parameters": {},
            "claimed": "1",
            "published": "2",
            "publishedFrom": "typed",
        }
    ],
    "signatures": [{"account": "eip155:1:0xaa", "sha256": ["bb"]}],
}


def _with(where: str, **changes: object) -> dict[str, Any]:
    part = _RESULT[where]
    return _RESULT | {where: part | changes if isinstance(part, dict) else [part[0] | changes]}


def test_a_kept_result_is_read() -> None:
    point = point_of(_RESULT)
    assert (point.sequence, point.leaf_counts, point.signatures) == (1, (("spot", 5),), {("eip155:1:0xaa", "bb")})
    assert [(item.root, item.source) for item in point.roots] == [("1", "snapshot"), ("2", "typed")]
    assert point.assets == (AssetPoint("BTC", 8, 100, None, None),)


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"snapshot": None},
        {"snapshot": {"issuer": "x"}},
        _with("snapshot", issuer=5),
        _with("snapshot", sequence="9" * 5000),
        _with("snapshot", asOf="2026-13-01T00:00:00Z"),
        _with("snapshot", asOf=5),
        _with("coverage", rate="much"),
        _with("coverage", decimals=10**9),
        _with("coverage", liabilities="9" * 5000),
        _with("commitments", parameters=[]),
        _with("signatures", sha256=[[]]),
        _with("addresses", account=[]),
    ],
)
def test_a_result_that_is_no_run_is_refused(result: dict[str, Any]) -> None:
    with pytest.raises(EngagementError) as caught:
        point_of(result)
    assert caught.value.code == "ENGAGEMENT.DOCUMENT"
