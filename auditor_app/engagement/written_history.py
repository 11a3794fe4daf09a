"""An issuer's series as a procedure of the report: what was compared, what was found, and its findings among the run's own."""

from __future__ import annotations

from dataclasses import replace

from auditor_app.engagement.history import HISTORY, History
from auditor_app.engagement.outcomes import in_working_paper_order, omitted, performed
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit, PerformedProcedure
from auditor_app.engagement.sampling_work import with_exceptions

_AGREED = "Each snapshot named the one before it, one root was seen for each instant, and no signature of control stood in two snapshots."
_NO_SERIES = "Fewer than two snapshots of this issuer are recorded in the engagement."


def with_history(audit: Audit, series: History | None, papers: Papers | None) -> Audit:
    """``audit`` with the procedure and the findings of the series among its own; unchanged without a series.

    Where the procedure was agreed and there is no series, it stands as not performed.
    """
    if series is None:
        asked = papers is not None and any(item.key == HISTORY and item.agreed for item in papers.procedures)
        return _with(audit, omitted(HISTORY, _NO_SERIES)) if asked else audit
    done = performed(HISTORY, extent_of(series), _AGREED, series.findings)
    return replace(
        _with(audit, done),
        findings=(*audit.findings, *series.findings),
        verdicts=with_exceptions(audit.verdicts, series.findings),
    )


def _with(audit: Audit, item: PerformedProcedure) -> Audit:
    return replace(audit, procedures=in_working_paper_order([*audit.procedures, item]))


def extent_of(series: History) -> str:
    """How many snapshots, and of which instants."""
    first, last = series.points[0], series.points[-1]
    numbers = ", ".join(str(point.sequence) for point in series.points)
    return (
        f"{len(series.points):,} snapshots of {first.issuer}, as of {first.as_of} to {last.as_of}, sequence {numbers}."
    )
