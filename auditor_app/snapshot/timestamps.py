"""RFC 3161 time stamps over SHA-256(payload), judged only against authorities that the auditor pinned.

A token lies outside the signatures, so it can never make a file authentic; it can only give the trusted time at
which keys are judged. A token that does not fit is a finding, never a pass.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC

import rfc3161_client
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from auditor_app.findings import Finding, finding
from auditor_app.instants import format_instant
from auditor_app.snapshot.layout import TIMESTAMP
from auditor_app.snapshot.trust import TimeAuthority, TrustStore

_MALFORMED = (
    rfc3161_client.VerificationError,
    ValueError,
    TypeError,
    AssertionError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the libraries raise for tokens and certificates that are malformed in one way or another."""

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")


@dataclass(frozen=True, slots=True)
class TimestampCheck:
    """``instant`` is the verified time of a pinned authority, ``None`` where there is none; ``findings`` say why."""

    instant: str | None
    authority: str
    findings: tuple[Finding, ...]


NO_TIMESTAMP = TimestampCheck(None, "", ())


def check_timestamp(token: bytes, payload: bytes, store: TrustStore) -> TimestampCheck:
    """Judge a time stamp response (or bare token) over ``payload``.

    TIMESTAMP.UNPINNED where no authority is pinned at all, TIMESTAMP.INVALID for everything else that does not fit.
    """
    if not store.time_authorities:
        return _rejected(
            "TIMESTAMP.UNPINNED", "The snapshot carries a time stamp, but no time-stamping authority is pinned."
        )
    try:
        response = rfc3161_client.decode_timestamp_response(_as_response(token))
        information = response.tst_info
        imprint = information.message_imprint
        covered = (imprint.hash_algorithm, imprint.message)
    except _MALFORMED as error:
        return _rejected("TIMESTAMP.INVALID", f"The time stamp is no RFC 3161 token ({error}).")
    digest = hashlib.sha256(payload).digest()
    if covered != (_SHA256, digest):
        return _rejected(
            "TIMESTAMP.INVALID",
            "The time stamp is not over the SHA-256 digest of the signed payload.",
            expected=digest.hex(),
            observed=covered[1].hex(),
        )
    for authority in store.time_authorities:
        if _made_by(response, digest, authority):
            return TimestampCheck(format_instant(information.gen_time.astimezone(UTC)), authority.name, ())
    return _rejected("TIMESTAMP.INVALID", "No pinned time-stamping authority made the time stamp.")


def _made_by(response: rfc3161_client.TimeStampResponse, digest: bytes, authority: TimeAuthority) -> bool:
    """Whether the token's signature chains to the pinned certificate, with the time-stamping purpose."""
    root = x509.load_der_x509_certificate(base64.b64decode(authority.certificate))
    verifier = rfc3161_client.VerifierBuilder(roots=[root]).build()
    try:
        return verifier.verify(response, digest)
    except _MALFORMED:
        return False


def _as_response(data: bytes) -> bytes:
    """A ``.tsr`` file is a TimeStampResp; a bare TimeStampToken is wrapped as a granted one."""
    try:
        content = cms.ContentInfo.load(data, strict=True)
        if content["content_type"].native != "signed_data":
            return data
    except _MALFORMED:
        return data
    return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": content}).dump())


def _rejected(code: str, message: str, *, expected: str = "", observed: str = "") -> TimestampCheck:
    found = finding(
        code, procedure="timestamp", subject=TIMESTAMP, message=message, expected=expected, observed=observed
    )
    return TimestampCheck(None, "", (found,))
