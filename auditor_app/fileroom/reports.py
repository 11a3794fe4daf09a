"""Reports of an engagement: built from a run and the papers before the build, and entered in its journal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from auditor_app.engagement.actions import IssueReport, MaskedVersion
from auditor_app.engagement.file import Act, Author, EngagementFile, Recorded
from auditor_app.engagement.history import reported_history
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.engagement.recording import recorded_run
from auditor_app.engagement.sampling_work import Kept, sampled_work
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import EngagementError
from auditor_app.files import staged
from auditor_app.operation import CancelToken, Operation
from auditor_app.report.document import Report, ReportOptions, build_report
from auditor_app.report.template import Template

Kind = Literal["draft", "final"]
Files = Sequence[tuple[Path, bytes]]
"""Places and what is to be there."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A report that was entered in the journal; ``masked`` is its redacted version where one was asked for."""

    report: Report
    masked: Report | None
    recorded: Recorded


def build_engaged(
    audit: Audit,
    papers: Papers,
    date: str | None,
    token: CancelToken,
    *,
    kind: Kind,
    kept: Kept,
    template: Template | None = None,
    masked: bool = False,
) -> Operation[Report]:
    """The report on a run of an engagement; ``papers`` are those before the build, so that it can be built again.

    ``kept`` gives the results that the journal names: ``EngagementFile.document``; ``masked`` gives the redacted version.
    """
    options = engaged_options(
        papers, date, kind=kind, kept=kept, template=template, masked=masked, issuer=audit.identity.issuer
    )
    run = recorded_run(papers, audit)
    if run is not None:  # whose instant it was is the journal's to say, however this run was asked for
        untyped = not run.action.parameters.time_typed
        audit = replace(audit, request=replace(audit.request, journal_time=untyped))
    return (yield from build_report(audit, options, token))


def engaged_options(
    papers: Papers,
    date: str | None,
    *,
    issuer: str,
    kind: Kind,
    kept: Kept,
    template: Template | None = None,
    masked: bool = False,
) -> ReportOptions:
    """What an engagement gives to a report beside its run: papers, samples, and the series of ``issuer``.

    The one place that says so: building, re-performance and the list of what is missing all ask here.
    """
    return ReportOptions(
        date,
        papers=papers,
        template=template,
        final=kind == "final",
        redacted=masked,
        samples=sampled_work(papers, kept),
        history=reported_history(papers, kept, issuer),
    )


def refuse_final(papers: Papers) -> None:
    """Say what keeps a final report back, before any long work; :class:`EngagementError` ENGAGEMENT.REFUSED."""
    obstacles = papers.obstacles()
    if obstacles:
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            f"there is no final report yet: {' '.join(obstacles)}".rstrip("."),
            action="Clear these, or build a draft.",
        )


def time_of_last_run(papers: Papers, snapshot: str) -> str | None:
    """When the keys of the snapshot file of that name were last judged; ``None`` without a run on it."""
    for run in reversed(papers.runs):
        if any((file.role, file.name) == ("snapshot", snapshot) for file in run.inputs):
            return run.action.parameters.trusted_time
    return None


def issue(
    book: EngagementFile,
    audit: Audit,
    author: Author,
    token: CancelToken,
    *,
    kind: Kind,
    date: str | None,
    template: Template | None = None,
    masked: bool = False,
    files: Callable[[Report, Report | None], Files] = lambda report, masked: (),  # noqa: ARG005
) -> Operation[Issued]:
    """Build the report on the recorded run that came out as ``audit``, and enter it in the journal with its bytes.

    With ``masked`` also its redacted version, from the same papers, of which the journal holds the digest. ``files`` says
    which files are to hold them: they are whole on the disk before the journal speaks of them, and in place right after.

    ENGAGEMENT.REFUSED where no recorded run did, or where something keeps a final report back; nothing is entered then.
    """
    if kind == "final":
        refuse_final(book.papers)
    run = recorded_run(book.papers, audit)
    if run is None:
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            "no recorded run has these inputs, parameters and results",
            action="Record a run on these inputs in the engagement, sign off, and build the final report then.",
        )

    def built(*, masked: bool) -> Operation[Report]:
        papers, kept = book.papers, book.document
        return build_engaged(audit, papers, date, token, kind=kind, kept=kept, template=template, masked=masked)

    report = yield from built(masked=False)
    redacted = (yield from built(masked=True)) if masked else None
    act = issue_act(
        report,
        run=run.stamp.entry,
        kind=kind,
        typed_date=date,
        person=author.person,
        at=author.at,
        amendment=author.amendment,
        template=template,
        masked=redacted,
    )
    with staged(files(report, redacted)) as put:
        recorded = book.record(act)
        put()
    return Issued(report, redacted, recorded)


def issue_act(
    report: Report,
    *,
    run: int,
    kind: Kind,
    typed_date: str | None,
    person: str,
    at: str,
    amendment: Amendment | None = None,
    template: Template | None = None,
    masked: Report | None = None,
) -> Act:
    """The act that records a built report; ``run`` is the number of its run's entry, a firm's own template an input.

    ``masked`` is its redacted version where one was written: only its digest is recorded.
    """
    digest = hashlib.sha256(report.pdf).hexdigest()
    action = IssueReport(
        kind=kind,
        run=run,
        date=typed_date,
        report_id=report.report_id,
        report=digest,
        size=str(len(report.pdf)),
        redacted=None if masked is None else MaskedVersion(sha256=masked.sha256, size=str(len(masked.pdf))),
    )
    files = () if template is None else template.files
    inputs = tuple(InputReference(role="other", name=f.name, size=str(f.size), sha256=f.sha256) for f in files)
    return Act(action, person, at, inputs, {digest: report.pdf}, amendment)
