"""The report as a value: a finished run and a typed date in, the bytes of a checked PDF out.

Pure: no clock, no output path, no machine enters the bytes, so that the same run gives the same file anywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from auditor_app.engagement.record import Audit
from auditor_app.errors import ReportError
from auditor_app.findings import exit_status
from auditor_app.instants import parse_instant
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.report.blocks import PageBlock
from auditor_app.report.charts import coverage_charts
from auditor_app.report.contents import SECTIONS
from auditor_app.report.elements import missing_elements
from auditor_app.report.exhibits import Exhibit, exhibits, report_id
from auditor_app.report.legible import fours, shortened
from auditor_app.report.material import Material, ReportDate, numbered
from auditor_app.report.self_check import check_pdf
from auditor_app.report.typeset import typeset

_TITLE = "Agreed-Upon Procedures Report"
_SUBTITLE = "on proof of reserves"
_COVER_NAME_LENGTH = 160
_HEADER_NAME_LENGTH = 36


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What is typed for a report: ``date`` as ``YYYY-MM-DD``, or ``None`` for the day of the newest input."""

    date: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A finished, self-checked document."""

    pdf: bytes
    report_id: str
    date: ReportDate
    pages: int
    draft: bool
    exhibits: tuple[Exhibit, ...]

    @property
    def sha256(self) -> str:
        """Digest of the PDF's bytes."""
        return hashlib.sha256(self.pdf).hexdigest()


class _PrintedSection(msgspec.Struct, frozen=True):
    number: str
    title: str
    wide: bool
    fresh: bool
    blocks: tuple[PageBlock, ...]


class _PrintedAttachment(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    relationship: str
    description: str


class _Printed(msgspec.Struct, frozen=True):
    """Everything the template reads; field names are its vocabulary."""

    title: str
    subtitle: str
    entity: str
    entity_short: str
    as_of: str
    date: str
    date_note: str
    program: str
    report_id: str
    payload: str
    evidence: str
    missing: tuple[str, ...]
    sections: tuple[_PrintedSection, ...]
    attachments: tuple[_PrintedAttachment, ...]


def build_report(audit: Audit, options: ReportOptions, token: CancelToken) -> Operation[Report]:
    """Build and self-check the report on ``audit``.

    Raises :class:`ReportError` when the file was not authentic, the date lies before the procedures' inputs, Typst
    refuses, or the finished PDF fails its self-check: there is no partial report.
    """
    _require_authentic(audit)
    date = report_date(audit, options)
    yield Progress(0, 4, "steps", "Report: writing the sections")
    material = _material(audit, date)
    printed = _printed(material)
    files = {item.name: item.data for item in material.exhibits}
    token.check()
    yield Progress(1, 4, "steps", "Report: drawing the charts")
    for chart in coverage_charts(audit.coverage):
        files[chart.file] = chart.svg()
        token.check()
    yield Progress(2, 4, "steps", "Report: typesetting")
    pdf = typeset(printed, files)
    token.check()
    yield Progress(3, 4, "steps", "Report: checking the document")
    pages = check_pdf(pdf, title=printed.title, attachments=[item.name for item in material.exhibits])
    yield Progress(4, 4, "steps", "Report: done")
    return Report(pdf, material.report_id, date, pages, bool(material.missing), material.exhibits)


def report_date(audit: Audit, options: ReportOptions) -> ReportDate:
    """The typed date, or the day of the newest input; :class:`ReportError` for a date before that day."""
    instants = [audit.identity.as_of, audit.identity.created_at]
    if audit.evidence is not None:
        instants.append(audit.evidence.captured_at)
    if audit.sample is not None:
        instants.append(audit.sample.committed_at)
    newest = max(instants)[:10]
    if options.date is None:
        return ReportDate(newest, typed=False)
    try:
        parse_instant(f"{options.date}T00:00:00Z")
    except ValueError:
        raise ReportError(
            "REPORT.BUILD", "the date is not a day", expected="YYYY-MM-DD", observed=options.date[:40]
        ) from None
    if options.date < newest:
        raise ReportError(
            "REPORT.BUILD",
            "the report's date lies before its newest input",
            expected=f"{newest} or later",
            observed=options.date,
            action="Type the day on which the procedures ended, or a later one.",
        )
    return ReportDate(options.date, typed=True)


def _require_authentic(audit: Audit) -> None:
    if exit_status(audit.findings) == 2:
        raise ReportError(
            "REPORT.BUILD",
            "there is no report on a file that is not authentic",
            action="Read the findings; ask for an authentic file.",
        )


def _material(audit: Audit, date: ReportDate) -> Material:
    attached = exhibits(audit, date.text)
    return Material(
        audit,
        date,
        report_id(attached),
        attached,
        missing_elements(),
        numbered(audit.findings, "X", counting=True),
        numbered(audit.findings, "N", counting=False),
    )


def _printed(material: Material) -> _Printed:
    audit, identity = material.audit, material.audit.identity
    return _Printed(
        title=f"{_TITLE} on Proof of Reserves: {shortened(identity.issuer, _COVER_NAME_LENGTH)}",
        subtitle=_SUBTITLE,
        entity=shortened(identity.issuer, _COVER_NAME_LENGTH),
        entity_short=shortened(identity.issuer, _HEADER_NAME_LENGTH),
        as_of=identity.as_of,
        date=material.date.text,
        date_note="" if material.date.typed else "No date was typed; this is the day of the newest input.",
        program=f"Reserve Auditor {audit.program_version}",
        report_id=material.report_id,
        payload=fours(identity.payload_sha256),
        evidence="" if audit.evidence is None else fours(audit.evidence.payload_sha256),
        missing=tuple(element.name for element in material.missing),
        sections=tuple(
            _PrintedSection(section.number, section.title, section.wide, section.fresh, section.build(material))
            for section in SECTIONS
        ),
        attachments=tuple(
            _PrintedAttachment(item.name, item.media_type, item.relationship, item.description)
            for item in material.exhibits
        ),
    )
