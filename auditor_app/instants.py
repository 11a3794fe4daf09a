"""UTC instants in the one form that snapshots, records and reports use: ``2026-11-01T00:00:00Z``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z"
_INSTANT = re.compile(PATTERN, re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 UTC instant to the second; a bare date means its midnight. ``ValueError`` otherwise."""
    if _DATE.match(text):
        text += "T00:00:00Z"
    if not _INSTANT.match(text):
        raise ValueError(f"not an instant like 2026-11-01T00:00:00Z: {text[:40]!r}")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def format_instant(moment: datetime) -> str:
    """The text form of an aware instant, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
