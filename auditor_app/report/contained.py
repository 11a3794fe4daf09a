"""What a report file holds besides its pages: manifest, attachments, signature fields. Read, never executed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from auditor_app.errors import AuditError, ReportError
from auditor_app.report.exhibits import MANIFEST
from auditor_app.snapshot.statement import Count, Hex64
from auditor_app.typed import typed_json

MAX_REPORT_BYTES = 512 * 2**20
_MAX_ATTACHMENTS = 64
_MAX_ATTACHED_BYTES = 512 * 2**20


class _Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of the manifest's tables."""


class Listed(_Closed, frozen=True):
    """One attachment as the manifest lists it."""

    name: Annotated[str, msgspec.Meta(max_length=255)]
    size: Count
    sha256: Hex64


class Manifest(_Closed, frozen=True):
    """The report's own list; :func:`auditor_app.report.exhibits.manifest` writes it."""

    format: Literal["reserve-auditor-manifest/1"]
    report_id: Annotated[str, msgspec.Meta(max_length=64)]
    report_date: Annotated[str, msgspec.Meta(max_length=10)]
    kind: Literal["draft", "final"]
    redacted_from: Annotated[str, msgspec.Meta(max_length=64)] | None
    journal_head: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,9}:[0-9a-f]{64}\Z")] | None
    attachments: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """``attached`` maps names to the attachments' bytes, the manifest's included."""

    manifest: Manifest
    attached: Mapping[str, bytes]
    signature_fields: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``draft`` or ``final``, as the manifest says."""
        return self.manifest.kind


def read_contents(pdf: bytes) -> Contents:
    """What the file holds; REPORT.UNREADABLE where it is no report of this program."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            attached = _attachments(document)
            fields = _signature_fields(document)
    except (pikepdf.PdfError, pikepdf.DataDecodingError, ValueError, TypeError, KeyError, AttributeError):
        raise _refusal("the file cannot be read as PDF: it is none, or it is damaged") from None
    if MANIFEST not in attached:
        raise _refusal("the file holds no manifest")
    try:
        manifest = typed_json(attached[MANIFEST], Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refusal(f"the file's manifest cannot be read ({str(error)[:80]})") from None
    return Contents(manifest, attached, fields)


def listed_digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _attachments(document: Any) -> dict[str, bytes]:
    names = list(document.attachments)
    if len(names) > _MAX_ATTACHMENTS:
        raise _refusal(f"the file holds {len(names)} attachments")
    found: dict[str, bytes] = {}
    for name in names:
        held = document.attachments[name].get_file()
        if held.size is not None and held.size > _MAX_ATTACHED_BYTES:
            raise _refusal(f"the attachment {name[:80]} is too large")
        found[name] = held.read_bytes()
    return found


def _signature_fields(document: Any) -> tuple[str, ...]:
    form = document.Root.get("/AcroForm")
    if form is None:
        return ()
    return tuple(
        str(item.get("/T", ""))
        for item in form.get("/Fields", [])
        if str(item.get("/FT", "")) == "/Sig" and "/V" in item
    )


def _refusal(what: str) -> AuditError:
    return ReportError("REPORT.UNREADABLE", what, expected="a report of this program", action="Ask for the file again.")
