"""Findings and limitations as plain JSON objects: one form for every ``--json`` and every attachment."""

from __future__ import annotations

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


def limitation_document(item: Limitation) -> dict[str, str]:
    """A limitation's fields by the names that stand in the user guide."""
    return {"code": item.code, "subject": item.subject, "message": item.message}
