"""The machine-readable side of a report: what rides in the PDF as attachments, digests listed on a page.

Quantities are decimal text in the asset's unit; identifiers are verbatim except that a CSV cell which a spreadsheet
would take for a formula starts with an apostrophe.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from auditor_app.amounts import Amount
from auditor_app.engagement.record import Audit
from auditor_app.findings import Finding

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One attachment: ``relationship`` is PDF's ``AFRelationship``."""

    name: str
    media_type: str
    relationship: Literal["data", "source", "supplement", "alternative"]
    description: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Digest of the attached bytes."""
        return hashlib.sha256(self.data).hexdigest()


def exhibits(audit: Audit, report_date: str) -> tuple[Exhibit, ...]:
    """Every attachment of a report on ``audit``, in order."""
    made = [
        Exhibit("findings.json", "application/json", "data", "Findings, limitations and compared values", _record(audit, report_date)),
        Exhibit("coverage.csv", "text/csv", "data", "Coverage by asset, exact amounts", _coverage(audit)),
    ]
    if audit.addresses:
        made.append(Exhibit("addresses.csv", "text/csv", "data", "Reserve addresses, exact amounts", _addresses(audit)))
    if audit.sample is not None:
        made.append(Exhibit("sample.csv", "text/csv", "data", "Drawn leaves with their full tickets", _sample(audit)))
    return tuple(made)


def report_id(items: Iterable[Exhibit]) -> str:
    """``RA-`` and 16 hex digits over the exhibits' digests: the same run and date give the same identity."""
    digest = hashlib.sha256("\n".join(f"{item.name} {item.sha256}" for item in items).encode()).hexdigest()
    return f"RA-{digest[:16]}"


def _units(value: int | None, decimals: int) -> str | None:
    return None if value is None else Amount(value, decimals).plain()


def _record(audit: Audit, report_date: str) -> bytes:
    """The whole run as JSON, ASCII only; no path, clock or machine enters it."""
    identity = audit.identity
    document: dict[str, Any] = {
        "format": "reserve-auditor-report/1",
        "programVersion": audit.program_version,
        "reportDate": report_date,
        "snapshot": {
            "file": identity.file_name,
            "id": identity.snapshot_id,
            "sequence": str(identity.sequence),
            "issuer": identity.issuer,
            "asOf": identity.as_of,
            "createdAt": identity.created_at,
            "payloadSha256": identity.payload_sha256,
            "signers": [{"signer": key.signer, "spkiSha256": key.spki_sha256} for key in identity.signers],
            "threshold": str(identity.threshold),
            "chains": [
                {"chain": chain, "blockHeight": height, "blockHash": block or None}
                for chain, height, block in identity.chains
            ],
        },
        "evidencePayloadSha256": None if audit.evidence is None else audit.evidence.payload_sha256,
        "verdicts": {
            "authentic": audit.verdicts.authentic.value,
            "data": audit.verdicts.data.value,
            "coverage": audit.verdicts.coverage.value,
        },
        "procedures": [
            {"key": item.key, "performed": item.performed, "extent": item.extent, "outcome": item.outcome}
            for item in audit.procedures
        ],
        **_compared(audit),
        "findings": [_finding(item) for item in audit.findings],
        "limitations": [
            {"code": item.code, "subject": item.subject, "message": item.message} for item in audit.limitations
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _compared(audit: Audit) -> dict[str, Any]:
    """Roots, totals, funds and the sample as JSON values."""
    sample = audit.sample
    return {
        "commitments": [
            {
                "ledger": item.ledger,
                "scheme": item.scheme,
                "parameters": dict(sorted(item.parameters.items())),
                "published": item.published,
                "recomputed": item.recomputed,
                "typed": item.typed,
                "leafCount": str(item.leaf_count),
            }
            for item in audit.commitments
        ],
        "totals": [
            {
                "ledger": item.ledger,
                "asset": item.asset,
                "published": None if item.published is None else str(item.published),
                "recomputed": item.recomputed_base_units(),
            }
            for item in audit.totals
        ],
        "funds": [
            {"name": item.name, "claimed": item.claimed, "observed": item.observed, "target": item.target, "unit": item.unit}
            for item in audit.fund_totals
        ],
        "sample": None
        if sample is None
        else {
            "ledger": sample.ledger,
            "root": sample.root,
            "commitment": sample.commitment,
            "seed": sample.seed,
            "size": str(sample.size),
            "deviations": str(sample.deviations),
        },
    }


def _finding(item: Finding) -> dict[str, str]:
    return {
        "code": item.code,
        "severity": item.severity.value,
        "procedure": item.procedure,
        "subject": item.subject,
        "message": item.message,
        "expected": item.expected,
        "observed": item.observed,
    }


def _table(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """RFC 4180 with LF line ends; empty where a value is missing."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: str | None) -> str:
    """A cell that no spreadsheet executes: an apostrophe before anything but a number that starts like a formula."""
    if value is None:
        return ""
    if not value.startswith(_FORMULA_STARTS):
        return value
    try:
        Amount.parse(value)
    except ValueError:
        return f"'{value}"
    return value


def _coverage(audit: Audit) -> bytes:
    header = ("asset", "liabilities", "debts", "claimed", "observed", "difference", "rate_percent_floor", "net_rate_percent_floor")
    return _table(
        header,
        (
            (
                line.asset,
                _units(line.liabilities, line.decimals),
                _units(line.debts, line.decimals),
                _units(line.claimed, line.decimals),
                _units(line.observed, line.decimals),
                _units(line.difference, line.decimals),
                line.rate,
                line.net_rate,
            )
            for line in audit.coverage
        ),
    )


def _addresses(audit: Audit) -> bytes:
    return _table(
        ("account", "role", "asset", "claimed", "observed", "grade", "source"),
        (
            (
                line.address.account,
                line.address.role,
                line.address.asset,
                _units(line.address.claimed, line.decimals),
                _units(line.observed, line.decimals),
                line.grade.value,
                line.source,
            )
            for line in audit.addresses
        ),
    )


def _sample(audit: Audit) -> bytes:
    items = () if audit.sample is None else audit.sample.items
    return _table(
        ("leaf_index", "ticket", "key", "included"),
        ((str(item.index), item.ticket, item.key, "yes" if item.included else "no") for item in items),
    )
