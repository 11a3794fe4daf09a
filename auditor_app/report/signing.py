"""Signing a finished report: PAdES, invisible, appended behind its bytes, which stay as they are.

B-B needs no network. With a time-stamping authority it is B-T; with certificates to validate against, which are then
embedded with their revocation data and a document time stamp, B-LTA (ETSI EN 319 142-1).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor_app.errors import AuditError, ReportError
from auditor_app.report.contained import read_contents

if TYPE_CHECKING:
    from asn1crypto import x509
    from pyhanko.sign.signers import PdfSignatureMetadata, Signer
    from pyhanko.sign.timestamps import TimeStamper

SigningRole = Literal["preparer", "reviewer", "partner"]
ROLES: tuple[SigningRole, ...] = ("preparer", "reviewer", "partner")
_HASH = "sha256"
logging.getLogger("pyhanko").addHandler(logging.NullHandler())  # errors say it; no traceback on the terminal


@dataclass(frozen=True, slots=True)
class LongTerm:
    """What B-LTA needs: certificates to build the signer's and the authority's path to, and leave to fetch revocations."""

    roots: tuple[x509.Certificate, ...]
    fetch: bool = True


@dataclass(frozen=True, slots=True)
class SigningPlan:
    """Who signs as what; ``stamper`` is a time-stamping authority, ``long_term`` asks for B-LTA."""

    role: SigningRole
    stamper: TimeStamper | None = None
    long_term: LongTerm | None = None


def web_stamper(url: str) -> TimeStamper:
    """A time-stamping authority by HTTP(S)."""
    from pyhanko.sign.timestamps import HTTPTimeStamper

    if not url.startswith(("https://", "http://")):
        raise _refusal("the time-stamping authority is no web address", "Type it with https://.")
    return HTTPTimeStamper(url, https=url.startswith("https://"), timeout=20)


def sign_report(pdf: bytes, signer: Signer, plan: SigningPlan) -> bytes:
    """``pdf`` with one more signature behind it; REPORT.SIGNING where it cannot be made.

    A draft is not signed, and each role signs once. The bytes given stand unchanged at the start of those returned.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign import fields, general, signers, timestamps
    from pyhanko_certvalidator.errors import PathError, ValidationError

    contents = read_contents(pdf)
    if contents.kind == "draft":
        raise _refusal("a draft is not signed", "Build the final report first.")
    field = plan.role.capitalize()
    if field in contents.signature_fields:
        raise _refusal(f"the {plan.role} signed this file already", "Each role signs once.")
    if plan.long_term is not None and plan.stamper is None:
        raise _refusal("long-term signatures need a time-stamping authority", "Name one.")
    output = io.BytesIO()
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signers.sign_pdf(
            writer,
            _metadata(plan, field),
            signer,
            timestamper=plan.stamper,
            new_field_spec=fields.SigFieldSpec(field),
            output=output,
        )
    except timestamps.TimestampRequestError as error:
        raise _refusal(
            f"the time-stamping authority did not answer ({_short(error)})", "Try again, or sign without."
        ) from None
    except (general.SigningError, PdfError, PathError, ValidationError, ValueError) as error:
        raise _refusal(f"the signature could not be made ({_short(error)})", "Check key and certificates.") from None
    signed = output.getvalue()
    if not signed.startswith(pdf):
        raise _refusal("signing changed the report's own bytes", "Report this as a defect of the program.")
    return signed


def _metadata(plan: SigningPlan, field: str) -> PdfSignatureMetadata:
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator import ValidationContext

    context = None
    if plan.long_term is not None:
        roots: Sequence[x509.Certificate] = plan.long_term.roots
        context = ValidationContext(trust_roots=list(roots), allow_fetching=plan.long_term.fetch)
    return signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=_HASH,
        reason=f"Signed as {plan.role} of the engagement",
        subfilter=fields.SigSeedSubFilter.PADES,
        embed_validation_info=context is not None,
        use_pades_lta=context is not None,
        validation_context=context,
    )


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _refusal(what: str, action: str) -> AuditError:
    return ReportError("REPORT.SIGNING", what, action=action)
