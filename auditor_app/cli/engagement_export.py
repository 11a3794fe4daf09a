"""What leaves an engagement on the command line: its package, its history, the head of an issued report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor_app.engagement.checking import KnownHead


def add(verbs: Any) -> None:
    """Add the verbs."""


def head_of(report: Path) -> KnownHead:
    """The journal's head that a report holds."""
    from auditor_app.fileroom.issued import head_of_report

    return head_of_report(report)
