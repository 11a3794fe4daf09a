"""Signing and checking reports for the window: the core's functions as operations, imported in the worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from auditor_app.engagement.file import EngagementFile
from auditor_app.files import read_capped, write_atomically
from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from asn1crypto import x509
    from pyhanko.sign.signers import Signer

    from auditor_app.engagement.checking import CheckResult
    from auditor_app.findings import Finding
    from auditor_app.report.signed_report import ReportCheck

SigningRole = Literal["preparer", "reviewer", "partner"]


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a key on a token is."""

    module: Path
    token: str | None
    label: str


@dataclass(frozen=True, slots=True)
class SignAsked:
    """What is signed, as what, with which key; ``secret`` is pass phrase or PIN and never appears in a ``repr``."""

    report: Path
    role: SigningRole
    key: Path | TokenPlace
    output: Path
    authority: str | None = None
    long_term: bool = False
    certificates: tuple[Path, ...] = ()
    secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """What was found about a report; ``journal`` where it was compared with an engagement."""

    file: str
    report: ReportCheck
    findings: tuple[Finding, ...]
    journal: CheckResult | None


def sign(asked: SignAsked, token: CancelToken) -> Operation[Path]:
    """Sign and write the whole file, or nothing; asks the time-stamping authority only where one is named."""
    yield Progress(0, None, "steps", "Signing the report")
    from auditor_app.report.contained import MAX_REPORT_BYTES
    from auditor_app.report.signing import LongTerm, SigningPlan, sign_report, web_stamper

    pdf = read_capped(asked.report, max_bytes=MAX_REPORT_BYTES, code="REPORT.UNREADABLE")
    plan = SigningPlan(
        asked.role,
        None if asked.authority is None else web_stamper(asked.authority),
        LongTerm(_certificates(asked.certificates)) if asked.long_term else None,
    )
    token.check()
    with _signer(asked) as signer:
        signed = sign_report(pdf, signer, plan)
    token.check()
    write_atomically(asked.output, signed)
    return asked.output


@contextmanager
def _signer(asked: SignAsked) -> Iterator[Signer]:
    from auditor_app.report.signing_keys import MAX_KEY_BYTES, TokenKey, signer_from_pkcs12, signer_from_token

    if isinstance(asked.key, Path):
        data = read_capped(asked.key, max_bytes=MAX_KEY_BYTES, code="REPORT.SIGNING")
        yield signer_from_pkcs12(data, file=asked.key.name, passphrase=asked.secret.encode)
        return
    place = TokenKey(asked.key.module, asked.key.token, asked.key.label)
    with signer_from_token(place, lambda: asked.secret) as signer:
        yield signer


def _certificates(paths: Sequence[Path]) -> tuple[x509.Certificate, ...]:
    from auditor_app.report.signing_keys import MAX_CERTIFICATE_BYTES, read_certificates

    found: list[x509.Certificate] = []
    for path in paths:
        data = read_capped(path, max_bytes=MAX_CERTIFICATE_BYTES, code="REPORT.SIGNING")
        found += read_certificates(data, file=path.name)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """A report, the certificates that the reader names, an engagement file to compare with, and when to judge."""

    report: Path
    certificates: tuple[Path, ...]
    engagement: Path | None
    trusted_time: str | None


def check_file(asked: CheckAsked, token: CancelToken) -> Operation[CheckedReport]:
    """Check a report, with an engagement that is not open here or with none."""
    from auditor_app.engagement.checking import check
    from auditor_app.fileroom.issued import all_findings, printed_heads

    pdf, checked = yield from _checked(asked, token)
    journal = None
    if asked.engagement is not None:
        journal = yield from check(asked.engagement, printed_heads(checked, asked.report.name), token)
    return CheckedReport(asked.report.name, checked, all_findings(pdf, checked, journal), journal)


def check_open(asked: CheckAsked, book: EngagementFile, token: CancelToken) -> Operation[CheckedReport]:
    """The same with the open engagement, through its own connection."""
    from auditor_app.engagement.checking import check_store
    from auditor_app.fileroom.issued import all_findings, printed_heads

    pdf, checked = yield from _checked(asked, token)
    journal = yield from check_store(book.store, printed_heads(checked, asked.report.name), token)
    return CheckedReport(asked.report.name, checked, all_findings(pdf, checked, journal), journal)


def _checked(asked: CheckAsked, token: CancelToken) -> Operation[tuple[bytes, ReportCheck]]:
    yield Progress(0, None, "steps", "Checking the report")
    from auditor_app.report.contained import MAX_REPORT_BYTES
    from auditor_app.report.signed_report import check_report

    pdf = read_capped(asked.report, max_bytes=MAX_REPORT_BYTES, code="REPORT.UNREADABLE")
    certificates = _certificates(asked.certificates)
    token.check()
    return pdf, check_report(pdf, certificates, at=asked.trusted_time)
