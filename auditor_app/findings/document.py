"""Findings and limitations as plain JSON objects: one form for every ``--json`` and every attachment."""

from __future__ import annotations

import msgspec

from auditor_app.findings.catalogue import CATALOGUE, Severity
from auditor_app.findings.model import Finding, Limitation
from auditor_app.typed import typed


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


class _Written(msgspec.Struct, frozen=True):
    code: str
    severity: Severity
    procedure: str
    subject: str
    message: str
    expected: str
    observed: str


def read_finding(document: object) -> Finding:
    """The reverse of :func:`finding_document`, without places in files.

    ``ValueError`` for another shape and for a code that this program does not know.
    """
    try:
        written = typed(document, _Written)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    if written.code not in CATALOGUE:
        raise ValueError(f"the code {written.code[:60]!r} is not known")
    return Finding(**msgspec.structs.asdict(written))


def limitation_document(item: Limitation) -> dict[str, str]:
    """A limitation's fields by the names that stand in the user guide."""
    return {"code": item.code, "subject": item.subject, "message": item.message}
