"""The DSSE envelope in its one canonical form, and the bytes that its signatures cover.

Source: DSSE 1.0.2 (secure-systems-lab/dsse). Reading rebuilds the envelope from what was parsed and compares
bytes, so white space, member order, escapes and base64 variants cannot differ unnoticed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from auditor_app import strict_json
from auditor_app.errors import AuditError, Location, SnapshotError
from auditor_app.snapshot.layout import MAX_ENVELOPE_BYTES

MAX_SIGNATURES = 16
_KEYID = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True, order=True)
class EnvelopeSignature:
    """``keyid`` is the SHA-256 (hex) of the key's SubjectPublicKeyInfo DER; ``sig`` the raw signature bytes."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Payload bytes, not parsed, with the signatures over them, sorted by ``keyid``."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def encode(envelope: Envelope) -> bytes:
    """The canonical bytes; signatures are sorted here."""
    document = {
        "payload": _base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [{"keyid": item.keyid, "sig": _base64(item.sig)} for item in sorted(envelope.signatures)],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def decode(data: bytes, *, file: str) -> Envelope:
    """Read canonical bytes; ``SnapshotError`` SNAPSHOT.ENVELOPE or SNAPSHOT.JSON otherwise.

    No signature at all is let through here: the threshold says so in clearer words.
    """
    try:
        document = strict_json.parse(data, file=file, code="SNAPSHOT.JSON", max_bytes=MAX_ENVELOPE_BYTES, max_depth=4)
    except AuditError as error:
        raise error.recast(SnapshotError) from None
    envelope = Envelope(
        _text(_member(document, "payloadType", file), file),
        _bytes(_member(document, "payload", file), file),
        _signatures(_member(document, "signatures", file), file),
    )
    canonical = encode(envelope)
    if canonical != data:
        shared = min(len(canonical), len(data))
        first = next((index for index in range(shared) if canonical[index] != data[index]), shared)
        raise SnapshotError(
            "SNAPSHOT.ENVELOPE",
            "the envelope is not in its canonical form",
            at=Location(file, byte=first),
            action="Ask for the file as it was signed.",
        )
    return envelope


def _signatures(value: Any, file: str) -> tuple[EnvelopeSignature, ...]:
    if not isinstance(value, list) or len(value) > MAX_SIGNATURES:
        _refuse(f"signatures must be a list of 1 to {MAX_SIGNATURES}", file)
    return tuple(
        EnvelopeSignature(_keyid(_member(item, "keyid", file), file), _bytes(_member(item, "sig", file), file))
        for item in value
    )


def _keyid(value: Any, file: str) -> str:
    text = _text(value, file)
    if not _KEYID.match(text):
        _refuse("a keyid is not 64 hex digits", file)
    return text


def _member(document: Any, name: str, file: str) -> Any:
    if not isinstance(document, dict) or name not in document:
        _refuse(f"the envelope lacks {name}", file)
    return document[name]


def _text(value: Any, file: str) -> str:
    if not isinstance(value, str) or not value.isascii():
        _refuse("a text of the envelope is not plain ASCII text", file)
    return str(value)


def _bytes(value: Any, file: str) -> bytes:
    try:
        return base64.b64decode(_text(value, file), validate=True)
    except binascii.Error:
        _refuse("a part of the envelope is not padded standard base64", file)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _refuse(what: str, file: str) -> NoReturn:
    raise SnapshotError("SNAPSHOT.ENVELOPE", what, at=Location(file), action="Ask for the file again.")
