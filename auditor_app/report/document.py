"""The report as a value: a finished run and a typed date in, the bytes of a checked PDF out.

Pure: no clock, no output path, no machine enters the bytes, so that the same run gives the same file anywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import msgspec

from auditor_app.engagement.history import History
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.engagement.sampling_work import SampledWork, written_up
from auditor_app.engagement.terms import STANDARDS
from auditor_app.engagement.written_history import with_history
from auditor_app.errors import ReportError
from auditor_app.findings import exit_status
from auditor_app.instants import parse_instant
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.report.blocks import PageBlock
from auditor_app.report.charts import report_charts
from auditor_app.report.contents import sections_of
from auditor_app.report.elements import Gap, Missing, Supplied, gaps, missing_elements
from auditor_app.report.exhibits import Exhibit, Issue, exhibits, manifest, report_id
from auditor_app.report.legible import fours, shortened
from auditor_app.report.material import Material, ReportDate, log_by_finding, numbered
from auditor_app.report.redaction import redacted
from auditor_app.report.self_check import check_pdf
from auditor_app.report.template import Template, bundled_template
from auditor_app.report.typeset import printable, typeset

_COVER_NAME_LENGTH = 160
_LOGO = "logo.svg"
_HEADER_NAME_LENGTH = 36


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What is typed or chosen for a report.

    ``date`` is ``YYYY-MM-DD``, or ``None`` for the day of the newest input. ``papers`` are those of the engagement up to
    its head; without them, and without ``final``, the report is a draft. ``template`` is the bundled one of the
    engagement's standard unless a firm's own is given. ``redacted`` masks identifiers. ``samples`` are those of the
    engagement's journal, ``history`` the issuer's series in it.
    """

    date: str | None = None
    papers: Papers | None = None
    template: Template | None = None
    final: bool = False
    redacted: bool = False
    samples: tuple[SampledWork, ...] = ()
    history: History | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A finished, self-checked document; ``audit`` is the run as written up in it, with what the engagement adds."""

    pdf: bytes
    report_id: str
    date: ReportDate
    pages: int
    draft: bool
    exhibits: tuple[Exhibit, ...]
    audit: Audit
    missing: tuple[Missing, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of the PDF's bytes."""
        return hashlib.sha256(self.pdf).hexdigest()


class _PrintedSection(msgspec.Struct, frozen=True):
    number: str
    title: str
    paper: str
    wide: bool
    blocks: tuple[PageBlock, ...]


class _PrintedAttachment(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    relationship: str
    description: str


class _Letterhead(msgspec.Struct, frozen=True):
    lines: tuple[str, ...]
    logo: str
    alternative: str
    accent: str


class _Printed(msgspec.Struct, frozen=True):
    """Everything the template reads; field names are its vocabulary."""

    title: str
    heading: str
    letterhead: _Letterhead
    entity: str
    entity_short: str
    firm: str
    as_of: str
    date: str
    date_note: str
    program: str
    report_id: str
    full_id: str
    payload: str
    evidence: str
    head: str
    final: bool
    engaged: bool
    missing: tuple[str, ...]
    sections: tuple[_PrintedSection, ...]
    attachments: tuple[_PrintedAttachment, ...]


def build_report(audit: Audit, options: ReportOptions, token: CancelToken) -> Operation[Report]:
    """Build and self-check the report on ``audit``.

    Raises :class:`ReportError` when the file was not authentic, the date lies before the procedures' inputs, a final
    report lacks an element (REPORT.INCOMPLETE names each), Typst refuses, or the finished PDF fails its self-check: there
    is no partial report.
    """
    _require_authentic(audit)
    audit = as_reported(audit, options)
    date = report_date(audit, options)
    yield Progress(0, 4, "steps", "Report: writing the sections")
    material = _material(audit, options, date)
    _require_complete(material)
    printed = _printed(material)
    files = {item.name: item.data for item in material.exhibits}
    logo = material.template.logo
    if logo is not None:
        files[_LOGO] = logo.drawing()
    token.check()
    yield Progress(1, 4, "steps", "Report: drawing the charts")
    for chart in report_charts(audit, options.history):
        files[chart.file] = chart.svg()
        token.check()
    yield Progress(2, 4, "steps", "Report: typesetting")
    pdf = typeset(printed, files, token)
    token.check()
    yield Progress(3, 4, "steps", "Report: checking the document")
    pages = check_pdf(pdf, title=printable(printed.title), attachments=[item.name for item in material.exhibits])
    yield Progress(4, 4, "steps", "Report: done")
    return Report(
        pdf, material.report_id, date, pages, not material.final, material.exhibits, material.audit, material.missing
    )


def as_reported(audit: Audit, options: ReportOptions) -> Audit:
    """The run with the procedures and findings that the engagement's samples and series add to it."""
    return with_history(written_up(audit, options.samples, options.papers), options.history, options.papers)


def report_gaps(audit: Audit, options: ReportOptions) -> tuple[Gap, ...]:
    """What keeps this very report from being final: the window shows it before the report is built.

    Raises :class:`ReportError` REPORT.TEMPLATE where the template is for another standard than the terms.
    """
    chosen = _template(options)
    return gaps(Supplied(as_reported(audit, options), options.papers, chosen.standard, options.date is not None))


def report_date(audit: Audit, options: ReportOptions) -> ReportDate:
    """The typed date, or the day of the newest input; :class:`ReportError` for a date before that day."""
    instants = [audit.identity.as_of, audit.identity.created_at]
    if audit.evidence is not None:
        instants.append(audit.evidence.captured_at)
    if audit.sample is not None:
        instants.append(audit.sample.committed_at)
    if options.papers is not None and options.papers.runs:
        instants.append(options.papers.runs[-1].stamp.at)
    instants += [stamp.at for work in options.samples for stamp in work.stamps]
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
            "the report's date lies before its newest input or procedure",
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


def _template(options: ReportOptions) -> Template:
    """The chosen template, else the bundled one; REPORT.TEMPLATE where it is for another standard than the terms."""
    standard = None if options.papers is None else options.papers.terms.standard
    if options.template is None:
        return bundled_template(standard or "isrs-4400")
    if standard is not None and options.template.standard.standard != standard:
        raise ReportError(
            "REPORT.TEMPLATE",
            "the template is for another standard than the engagement",
            expected=STANDARDS[standard],
            observed=STANDARDS[options.template.standard.standard],
            action="Choose a template for the engagement's standard, or change the terms.",
        )
    return options.template


def _material(audit: Audit, options: ReportOptions, date: ReportDate) -> Material:
    template, papers = _template(options), options.papers
    missing = missing_elements(Supplied(audit, papers, template.standard, date.typed))
    obstacles = ("No engagement is recorded.",) if papers is None else papers.obstacles()
    full_id, samples, history = None, options.samples, options.history
    if options.redacted:
        full_id = report_id(exhibits(audit, date.text, papers, samples, history))
        shown = redacted(audit, papers, samples, history)
        audit, papers, samples, history = shown.audit, shown.papers, shown.samples, shown.history
    attached = exhibits(audit, date.text, papers, samples, history)
    identity = report_id(attached)
    kind: Literal["draft", "final"] = "final" if options.final else "draft"
    head = None if papers is None else papers.head.text()
    return Material(
        audit,
        date,
        identity,
        (*attached, manifest(Issue(identity, date.text, kind, full_id, head), attached)),
        missing,
        numbered(audit.findings, "X", counting=True),
        numbered(audit.findings, "N", counting=False),
        template,
        papers,
        obstacles,
        options.final,
        full_id,
        log_by_finding(papers),
        samples,
        history,
    )


def _require_complete(material: Material) -> None:
    """A final report has every required element, no open note and every sign-off."""
    if not material.final:
        return
    lacking = [item.text for item in material.missing]
    lacking += [text.rstrip(".") for text in material.obstacles if not lacking or "note" in text.lower()]
    if lacking:
        raise ReportError(
            "REPORT.INCOMPLETE",
            f"there is no final report yet; missing: {'; '.join(lacking)}",
            action="Supply these in the engagement, or build a draft.",
        )


def _printed(material: Material) -> _Printed:
    audit, identity, template = material.audit, material.audit.identity, material.template
    head = template.letterhead
    issuer = shortened(identity.issuer, _COVER_NAME_LENGTH)
    return _Printed(
        title=f"{template.standard.title} on Proof of Reserves: {issuer}",
        heading=template.standard.title,
        letterhead=_Letterhead(
            head.lines,
            "" if template.logo is None else _LOGO,
            "" if template.logo is None else template.logo.alternative,
            head.accent,
        ),
        entity=issuer,
        entity_short=shortened(identity.issuer, _HEADER_NAME_LENGTH),
        firm="" if material.papers is None else shortened(material.papers.terms.firm, _COVER_NAME_LENGTH),
        as_of=identity.as_of,
        date=material.date.text,
        date_note="" if material.date.typed else "No date was typed; this is the day of the newest input.",
        program=f"Reserve Auditor {audit.program_version}",
        report_id=material.report_id,
        full_id=material.full_id or "",
        payload=fours(identity.payload_sha256),
        evidence="" if audit.evidence is None else fours(audit.evidence.payload_sha256),
        head="" if material.papers is None else f"{material.papers.head.length}: {fours(material.papers.head.sha256)}",
        final=material.final,
        engaged=material.papers is not None,
        missing=tuple(item.text for item in material.missing),
        sections=tuple(
            _PrintedSection(section.number, section.title, section.paper, section.wide, blocks)
            for section, blocks in sections_of(material)
        ),
        attachments=tuple(
            _PrintedAttachment(item.name, item.media_type, item.relationship, item.description)
            for item in material.exhibits
        ),
    )
