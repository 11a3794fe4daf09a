"""What a run yields, as the document that an engagement keeps and a re-performance compares, section by section."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from auditor_app import strict_json
from auditor_app.chain.observed import AddressLine
from auditor_app.chain.ownership.model import OwnershipLine
from auditor_app.engagement.document import audit_document
from auditor_app.engagement.record import Audit
from auditor_app.errors import EngagementError
from auditor_app.findings import Finding
from auditor_app.findings.document import read_finding
from auditor_app.sampling.document import sample_document

FORMAT = "reserve-auditor-run/1"
MAX_BYTES = 256 * 2**20


def run_document(audit: Audit) -> dict[str, Any]:
    """Everything that was computed, exact amounts in base units; no path, no clock but the trusted time."""
    return {
        "format": FORMAT,
        **audit_document(audit),
        "previousPayloadSha256": audit.identity.previous,
        "ledgers": [{"name": name, "rows": str(rows)} for name, rows in audit.ledgers],
        "procedures": [
            {"key": item.key, "performed": item.performed, "extent": item.extent, "outcome": item.outcome}
            for item in audit.procedures
        ],
        "addresses": [_address(line) for line in audit.addresses],
        "signatures": [] if audit.ownership is None else [_signatures(line) for line in audit.ownership.lines],
        "sample": None if audit.sample is None else sample_document(audit.sample),
    }


SINCE = {"blocks": (0, 2, 0)}
"""Sections that the document gained, and the version of the program that recorded them first."""


def recorded_by(program: str, recorded: Mapping[str, Any], repeated: Mapping[str, Any]) -> dict[str, Any]:
    """``repeated`` without the sections that ``program`` knew nothing of yet: an earlier version is compared in what it recorded.

    Only sections of :data:`SINCE` are left out, and only where ``recorded`` lacks them: whatever else is missing from a
    recorded result is a difference.
    """
    version = _version(program)
    return {
        name: value
        for name, value in repeated.items()
        if name in recorded or version is None or version >= SINCE.get(name, (0, 0, 0))
    }


_VERSION = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})", re.ASCII)


def _version(program: str) -> tuple[int, ...] | None:
    found = _VERSION.fullmatch(program)
    return None if found is None else tuple(map(int, found.groups()))


def run_bytes(audit: Audit) -> bytes:
    """The document's canonical bytes (RFC 8785): equal results have equal digests."""
    return strict_json.canonical(run_document(audit))


def read_result(data: bytes) -> dict[str, Any]:
    """A kept document; :class:`~auditor_app.errors.AuditError` ENGAGEMENT.DOCUMENT where it is none."""
    document = strict_json.parse(
        data, file="result", code="ENGAGEMENT.DOCUMENT", max_bytes=MAX_BYTES, max_depth=strict_json.MAX_DEPTH
    )
    return document if isinstance(document, dict) else {}


def recorded_findings(document: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of a kept document, which may have come in another's file; ENGAGEMENT.DOCUMENT where they are none."""
    try:
        return tuple(read_finding(item) for item in document.get("findings", ()))
    except (TypeError, ValueError) as error:
        raise EngagementError(
            "ENGAGEMENT.DOCUMENT",
            f"the findings of a kept result cannot be read: {error}",
            action="Ask who wrote it, and with what.",
        ) from None


def _address(line: AddressLine) -> dict[str, Any]:
    return {
        "account": line.address.account,
        "asset": line.address.asset,
        "role": line.address.role,
        "decimals": line.decimals,
        "claimed": str(line.address.claimed),
        "observed": None if line.observed is None else str(line.observed),
        "grade": line.grade.value,
        "source": line.source,
        "counted": line.counted,
    }


def _signatures(line: OwnershipLine) -> dict[str, Any]:
    """Digests of the signatures as published, so that the same one shows in another month."""
    return {
        "account": line.row.account,
        "asset": line.row.asset,
        "sha256": [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in line.row.signatures],
    }
