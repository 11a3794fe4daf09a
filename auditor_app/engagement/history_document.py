"""The history as one plain JSON object: what ``engagement history --json`` prints."""

from __future__ import annotations

from typing import Any

from auditor_app.engagement.history import AssetPoint, History, SnapshotPoint
from auditor_app.findings.document import finding_document


def history_document(history: History) -> dict[str, Any]:
    """Snapshots oldest first, then one series for each asset; base units and rates as text."""
    return {
        "snapshots": [_point(point) for point in history.points],
        "series": [
            {
                "asset": asset,
                "points": [
                    {"asOf": as_of, **(_asset(point) if point is not None else {"rate": None})}
                    for as_of, point in history.series(asset)
                ],
            }
            for asset in history.assets()
        ],
        "addresses": [
            {"asOf": item.as_of, "came": list(item.came), "went": list(item.went)} for item in history.movements
        ],
        "repeatedSignatures": [
            {"sha256": item.sha256, "accounts": list(item.accounts), "seen": list(item.seen), "every": item.every}
            for item in history.repeated
        ],
        "findings": [finding_document(item) for item in history.findings],
    }


def _point(point: SnapshotPoint) -> dict[str, Any]:
    return {
        "id": point.snapshot_id,
        "issuer": point.issuer,
        "sequence": str(point.sequence),
        "asOf": point.as_of,
        "payloadSha256": point.payload_sha256,
        "previousPayloadSha256": point.previous,
        "leafCounts": {name: str(rows) for name, rows in point.leaf_counts},
        "addresses": str(len(point.accounts)),
        "roots": [
            {"ledger": item.ledger, "scheme": item.scheme, "root": item.root, "from": item.source}
            for item in point.roots
        ],
    }


def _asset(point: AssetPoint) -> dict[str, Any]:
    return {
        "decimals": point.decimals,
        "liabilities": None if point.liabilities is None else str(point.liabilities),
        "observed": None if point.observed is None else str(point.observed),
        "rate": point.rate,
    }
