"""The sentence beside each procedure: what was found, as a fact, from the findings alone.

The report prints it in its finding column, the window beside the step. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor_app.engagement.record import PerformedProcedure
from auditor_app.findings import Finding
from auditor_app.procedures import PROCEDURES


def performed(key: str, extent: str, agreed: str, findings: Iterable[Finding]) -> PerformedProcedure:
    """A procedure that was performed: ``agreed`` is the outcome when none of its findings counts."""
    own = [item for item in findings if item.procedure == key]
    counting = [item for item in own if item.counts]
    if not counting:
        remarks = _remarks(own)
        return PerformedProcedure(key, extent, f"{agreed}{remarks}", performed=True)
    stated = " ".join(_stated(counting))
    number = "One exception was" if len(counting) == 1 else f"{len(counting)} exceptions were"
    return PerformedProcedure(key, extent, f"{number} found. {stated}", performed=True)


def omitted(key: str, reason: str) -> PerformedProcedure:
    """A procedure that was left out, and why."""
    return PerformedProcedure(key, "", reason, performed=False)


def in_working_paper_order(procedures: Sequence[PerformedProcedure]) -> tuple[PerformedProcedure, ...]:
    """The procedures as the working-paper index lists them."""
    order = list(PROCEDURES)
    return tuple(sorted(procedures, key=lambda item: order.index(item.key)))


_STATED_IN_FULL = 3


def _stated(counting: Sequence[Finding]) -> list[str]:
    """The first few exceptions in their own words, then how many more the exceptions table lists."""
    sentences = [item.message for item in counting[:_STATED_IN_FULL]]
    if len(counting) > _STATED_IN_FULL:
        sentences.append(f"{len(counting) - _STATED_IN_FULL} more are listed under exceptions.")
    return sentences


def _remarks(own: Sequence[Finding]) -> str:
    if not own:
        return ""
    return (
        " One remark is listed under findings." if len(own) == 1 else f" {len(own)} remarks are listed under findings."
    )
