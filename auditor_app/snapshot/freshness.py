"""Is it the right snapshot: made for this engagement, and the successor of the one the auditor holds."""

from __future__ import annotations

from auditor_app.errors import UsageError
from auditor_app.findings import Finding, Severity, finding
from auditor_app.snapshot.statement import SnapshotPredicate
from auditor_app.snapshot.trust import HEX64


def freshness_findings(predicate: SnapshotPredicate, *, nonce: str | None, previous: str | None) -> list[Finding]:
    """FRESH.NONCE and FRESH.ROLLBACK against what the auditor holds; ``UsageError`` if that is not 64 hex digits."""
    found = _nonce(predicate, _hex64(nonce, "nonce"))
    return found + _predecessor(predicate, _hex64(previous, "previous payload digest"))


def _nonce(predicate: SnapshotPredicate, nonce: str | None) -> list[Finding]:
    if nonce is None or predicate.engagement_nonce == nonce:
        return []
    return [
        finding(
            "FRESH.NONCE",
            procedure="freshness",
            subject="engagement nonce",
            message="The snapshot does not hold the nonce that the auditor issued for this engagement.",
            expected=nonce,
            observed=predicate.engagement_nonce or "none",
        )
    ]


def _predecessor(predicate: SnapshotPredicate, previous: str | None) -> list[Finding]:
    named = predicate.previous_payload_sha256
    if previous is not None and named != previous:
        return [
            _rollback(
                "The snapshot does not name the earlier snapshot that the auditor holds as its predecessor.",
                previous,
                named or "none",
            )
        ]
    first = int(predicate.sequence) <= 1
    if first and named is not None:
        return [_rollback("The first snapshot of the series names a predecessor.", "none", named, Severity.WARNING)]
    if not first and named is None:
        text = "A later snapshot of the series names no predecessor."
        return [_rollback(text, "the payload digest of the one before", "none", Severity.WARNING)]
    return []


def _rollback(message: str, expected: str, observed: str, severity: Severity | None = None) -> Finding:
    return finding(
        "FRESH.ROLLBACK",
        procedure="freshness",
        subject="sequence",
        message=message,
        expected=expected,
        observed=observed,
        severity=severity,
    )


def _hex64(text: str | None, what: str) -> str | None:
    if text is None:
        return None
    if not HEX64.match(text.lower()):
        raise UsageError("USAGE", f"the {what} is not 64 hex digits", action="Type it again.")
    return text.lower()
