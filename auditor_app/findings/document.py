"""Findings and limitations as plain JSON objects: one form for every ``--json`` and every attachment."""

from __future__ import annotations

from collections.abc import Mapping

from auditor_app.findings.catalogue import Severity
from auditor_app.findings.model import Finding, Limitation


def finding_document(item: Finding) -> dict[str, str]:
    """A finding's fields by the names that stand in the user guide."""
    return {
        "code": item.code,
        "severity": item.severity.value,
        "procedure": item.procedure,
        "subject": item.subject,
        "message": item.message,
        "expected": item.expected,
        "observed": item.observed,
    }


def read_finding(document: Mapping[str, str]) -> Finding:
    """The reverse of :func:`finding_document`, without places in files; ``KeyError`` or ``ValueError`` otherwise."""
    return Finding(
        document["code"],
        Severity(document["severity"]),
        document["procedure"],
        document["subject"],
        document["message"],
        document["expected"],
        document["observed"],
    )


def limitation_document(item: Limitation) -> dict[str, str]:
    """A limitation's fields by the names that stand in the user guide."""
    return {"code": item.code, "subject": item.subject, "message": item.message}
