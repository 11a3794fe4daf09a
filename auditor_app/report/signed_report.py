"""Checking a report file: signatures against certificates that the reader names, attachments, the journal's head.

A certificate that rides in the file says nothing about who made it: without a named certificate a signature shows only
that the bytes were not changed since somebody signed them.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor_app.engagement.papers import Papers
from auditor_app.findings import Finding, finding
from auditor_app.instants import format_instant, parse_instant
from auditor_app.report.contained import Contents, listed_digest, read_contents
from auditor_app.report.exhibits import MANIFEST, report_id_of
from auditor_app.report.signature_bytes import complaints, reaches_the_end

if TYPE_CHECKING:
    from asn1crypto import x509

_PROCEDURE = "report"
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())  # findings say it; no traceback on the terminal


@dataclass(frozen=True, slots=True)
class ReportSignature:
    """One signature: its field, the subject of its certificate and that certificate's SHA-256.

    ``intact`` says that the signed bytes are the ones that were signed; ``named`` that the certificate leads to one the
    reader named, ``None`` where none was; ``stamped`` is the time of a time stamp that leads to one, ``signed_at`` the
    signer's own word.
    """

    field: str
    subject: str
    certificate_sha256: str
    intact: bool
    named: bool | None
    signed_at: str | None
    stamped: str | None
    whole_file: bool


@dataclass(frozen=True, slots=True)
class ReportCheck:
    """What was found about one file."""

    contents: Contents
    sha256: str
    signatures: tuple[ReportSignature, ...]
    findings: tuple[Finding, ...]


def check_report(pdf: bytes, certificates: Sequence[x509.Certificate], *, at: str | None = None) -> ReportCheck:
    """Compare signatures, attachments and manifest; certificates are judged at ``at``, or at a named time stamp, or now.

    Raises :class:`~auditor_app.errors.ReportError` REPORT.UNREADABLE for what is no report of this program.
    """
    contents = read_contents(pdf)
    moment = datetime.now(UTC) if at is None else parse_instant(at)
    signatures, found = _signatures(pdf, certificates, moment)
    found += _attachments(contents)
    if contents.manifest.kind == "draft":
        found.append(_finding("REPORT.DRAFT", "file", "The file is a draft."))
    return ReportCheck(contents, listed_digest(pdf), signatures, tuple(found))


def journal_findings(pdf: bytes, check: ReportCheck, papers: Papers) -> tuple[Finding, ...]:
    """Whether the engagement issued exactly this report, built at exactly this head; only signatures follow its bytes."""
    head = check.contents.manifest.journal_head
    if head is None:
        message = "The report was not built from an engagement."
        return (_finding("REPORT.JOURNAL", "journal head", message, papers.head.text(), "none"),)
    versions = [(item, item.action.report, item.action.size) for item in papers.reports]
    versions += [
        (item, item.action.redacted.sha256, item.action.redacted.size)
        for item in papers.reports
        if item.action.redacted is not None
    ]
    for issued, digest, length in versions:
        size = int(length)
        if size <= len(pdf) and listed_digest(pdf[:size]) == digest:
            if size < len(pdf) and not check.signatures:
                message = "Something that is no signature was added behind the bytes that the journal issued."
                return (_finding("REPORT.CHANGED", "file", message, f"{size} bytes", f"{len(pdf)} bytes"),)
            if issued.head.text() == head:
                return ()
            message = "The journal issued this report at another head than the one it prints."
            return (_finding("REPORT.JOURNAL", "journal head", message, issued.head.text(), head),)
    message = "The journal holds no report with these bytes."
    known = ", ".join(item.action.report for item in papers.reports[-3:]) or "no report"
    return (_finding("REPORT.JOURNAL", "file", message, known, listed_digest(pdf)),)


def _finding(code: str, subject: str, message: str, expected: str = "", observed: str = "") -> Finding:
    return finding(code, procedure=_PROCEDURE, subject=subject, message=message, expected=expected, observed=observed)


def _attachments(contents: Contents) -> list[Finding]:
    """Each listed attachment with its digest and size, no other, and the report id that they give."""
    listed = {item.name: item for item in contents.manifest.attachments}
    found = []
    for name, item in listed.items():
        data = contents.attached.get(name)
        if data is None:
            found.append(_finding("REPORT.ATTACHMENT", name, "A listed attachment is missing.", item.sha256, "none"))
        elif listed_digest(data) != item.sha256:
            message = "The attachment is not the one that the report lists."
            found.append(_finding("REPORT.ATTACHMENT", name, message, item.sha256, listed_digest(data)))
    strange = sorted(set(contents.attached) - set(listed) - {MANIFEST})
    message = "An attachment stands in the file that it does not list."
    found += [_finding("REPORT.ATTACHMENT", name, message) for name in strange]
    identity = report_id_of((item.name, item.sha256) for item in contents.manifest.attachments)
    if identity != contents.manifest.report_id:
        message = "The report id is not the one that the listed attachments give."
        found.append(_finding("REPORT.ATTACHMENT", MANIFEST, message, identity, contents.manifest.report_id))
    return found


def _signatures(
    pdf: bytes, certificates: Sequence[x509.Certificate], moment: datetime
) -> tuple[tuple[ReportSignature, ...], list[Finding]]:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        everything = list(PdfFileReader(io.BytesIO(pdf)).embedded_signatures)
        embedded = [item for item in everything if item.sig_object_type == "/Sig"]
        ends = reaches_the_end(everything, pdf)
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"The signatures cannot be read ({str(error)[:80]})."
        return (), [_finding("REPORT.SIGNATURE", "file", message)]
    if not embedded:
        return (), [_finding("REPORT.UNSIGNED", "file", "The report carries no signature.")]
    found: list[Finding] = []
    signatures = tuple(_one(item, pdf, certificates, moment, found) for item in embedded)
    if embedded[0].signed_revision != 1:
        message = "Something was added to the report between its building and its first signature."
        found.append(_finding("REPORT.CHANGED", "file", message))
    if not (signatures[-1].whole_file and ends):
        message = "Something was added to the file behind its last signature."
        found.append(_finding("REPORT.CHANGED", "file", message))
    if not certificates:
        message = "No certificate was named: who signed is not known."
        found.append(_finding("REPORT.NOT_NAMED", "signatures", message))
    return signatures, found


def _one(
    embedded: Any, pdf: bytes, certificates: Sequence[x509.Certificate], moment: datetime, found: list[Finding]
) -> ReportSignature:
    """One signature; what is wrong with it is added to ``found``."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.general import CMSExtractionError, CMSStructuralError
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    field = str(embedded.field_name)[:80]
    subject = f"signature {field}"
    try:
        status, stamped = _validated(embedded, certificates, moment)
        certificate = embedded.signer_cert
        strange = [*complaints(embedded, pdf, certificates)]
    except (
        PdfError,
        SignatureValidationError,
        CMSExtractionError,
        CMSStructuralError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:  # the last two are what the library raises for fields that are missing
        found.append(_finding("REPORT.SIGNATURE", subject, f"The signature cannot be read ({str(error)[:80]})."))
        return _unreadable(field)
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.intact and stamp.valid):
        strange.append("The time stamp does not fit the signature.")
    found.extend(_finding("REPORT.SIGNATURE", subject, message) for message in strange)
    intact = bool(status.intact and status.valid and not strange)
    named = bool(status.trusted) if certificates else None
    if not (status.intact and status.valid):
        found.append(_finding("REPORT.SIGNATURE", subject, "The signature does not fit the bytes of the file."))
    elif named is False:
        message = "The certificate does not lead to one that the reader named, or was not valid at the time."
        found.append(_finding("REPORT.SIGNATURE", subject, message, "a named certificate", certificate.sha256.hex()))
    coverage = status.coverage or SignatureCoverageLevel.UNCLEAR
    level = ModificationLevel.OTHER if status.modification_level is None else status.modification_level
    if intact and (coverage < SignatureCoverageLevel.ENTIRE_REVISION or level > ModificationLevel.FORM_FILLING):
        found.append(_finding("REPORT.CHANGED", subject, "The file was changed behind this signature."))
    whole = coverage is SignatureCoverageLevel.ENTIRE_FILE or level <= ModificationLevel.LTA_UPDATES
    reported = status.signer_reported_dt
    return ReportSignature(
        field,
        str(certificate.subject.human_friendly)[:300],
        certificate.sha256.hex(),
        intact,
        named,
        None if reported is None else format_instant(reported),
        stamped,
        whole,
    )


def _unreadable(field: str) -> ReportSignature:
    return ReportSignature(field, "", "", intact=False, named=None, signed_at=None, stamped=None, whole_file=False)


def _validated(embedded: Any, certificates: Sequence[x509.Certificate], moment: datetime) -> tuple[Any, str | None]:
    """The library's status with only ``certificates`` as roots, judged at a time stamp that leads to one of them, or ``moment``."""
    status = _status(embedded, certificates, moment)
    stamp = status.timestamp_validity
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        return status, None
    return _status(embedded, certificates, stamp.timestamp), format_instant(stamp.timestamp)


def _status(embedded: Any, certificates: Sequence[x509.Certificate], moment: datetime) -> Any:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=list(certificates), allow_fetching=False, moment=moment)
    stamps = ValidationContext(trust_roots=list(certificates), allow_fetching=False)
    usage = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
    return validate_pdf_signature(
        embedded, signer_validation_context=context, ts_validation_context=stamps, key_usage_settings=usage
    )
