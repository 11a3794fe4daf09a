"""A sign-off under a key: who signed which head of which journal, in a DSSE envelope that stands for itself.

Kept outside the file, it is a head that no rewritten journal can hold; kept inside, a reader with pinned keys can
compare it.
"""

from __future__ import annotations

import base64

import msgspec

from auditor_app import strict_json
from auditor_app.engagement.actions import SignOff
from auditor_app.engagement.file import Author
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import Line, Role
from auditor_app.errors import AuditError, EngagementError, Location
from auditor_app.snapshot import envelope as dsse
from auditor_app.snapshot.envelope import Envelope
from auditor_app.snapshot.signatures import load_spki
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import Closed, Count, Hex64, Instant
from auditor_app.snapshot.trust import TrustStore
from auditor_app.typed import typed

PAYLOAD_TYPE = "application/vnd.reserve-auditor.sign-off.v1+json"
MAX_BYTES = 2**16
_AGAIN = "Ask the signer for the signed sign-off again."


class SignedStatement(Closed, frozen=True, kw_only=True):
    """What the key signs: ``head`` is the digest of entry ``length`` of the engagement's journal."""

    engagement: Hex64
    length: Count
    head: Hex64
    role: Role
    person: Line
    at: Instant


def signed(statement: SignedStatement, key: SigningKey) -> str:
    """The envelope's text: one line of canonical JSON."""
    payload = strict_json.canonical(msgspec.to_builtins(statement))
    return dsse.encode(Envelope(PAYLOAD_TYPE, payload, (key.sign(PAYLOAD_TYPE, payload),))).decode("ascii")


def sign_off_under(papers: Papers, role: Role, author: Author, key: SigningKey) -> SignOff:
    """The sign-off with the signature over the head as it is before it."""
    statement = SignedStatement(
        engagement=papers.identity,
        length=str(papers.head.length),
        head=papers.head.sha256,
        role=role,
        person=author.person,
        at=author.at,
    )
    return SignOff(role=role, envelope=signed(statement, key))


def authenticated(text: str, store: TrustStore, *, file: str) -> SignedStatement:
    """The statement that a pinned auditor's key signed; :class:`EngagementError` ENGAGEMENT.SIGN_OFF otherwise."""
    at = Location(file)
    try:
        envelope = dsse.decode(text.strip().encode("utf-8", "replace"), file=file)
    except AuditError as error:
        raise EngagementError(
            "ENGAGEMENT.SIGN_OFF", f"this is no signed sign-off: {error.what}", at=at, action=_AGAIN
        ) from None
    if envelope.payload_type != PAYLOAD_TYPE or len(envelope.signatures) != 1:
        raise EngagementError("ENGAGEMENT.SIGN_OFF", "this is no sign-off under one signature", at=at, action=_AGAIN)
    signature = envelope.signatures[0]
    key = store.key(signature.keyid)
    if key is None or key.role != "auditor":
        raise EngagementError(
            "ENGAGEMENT.SIGN_OFF",
            "the sign-off is signed by no pinned auditor's key",
            at=at,
            observed=signature.keyid,
            action="Pin the signer's key, with its fingerprint from a second channel.",
        )
    if key.revoked_at is not None:
        raise EngagementError(
            "ENGAGEMENT.SIGN_OFF",
            f"the signer's key was revoked from {key.revoked_at} on",
            at=at,
            action="Have it signed under a key that is valid.",
        )
    public, algorithm = load_spki(base64.b64decode(key.spki))
    if not algorithm.verify(public, signature.sig, dsse.pae(PAYLOAD_TYPE, envelope.payload)):
        raise EngagementError("ENGAGEMENT.SIGN_OFF", "the signature does not fit the sign-off", at=at, action=_AGAIN)
    return _parsed(envelope.payload, file)


def _parsed(payload: bytes, file: str) -> SignedStatement:
    """The statement in authentic bytes."""
    document = strict_json.parse(payload, file=file, code="ENGAGEMENT.SIGN_OFF", max_bytes=MAX_BYTES)
    try:
        return typed(document, SignedStatement)
    except msgspec.ValidationError as error:
        raise EngagementError(
            "ENGAGEMENT.SIGN_OFF", f"this is no sign-off: {error}", at=Location(file), action=_AGAIN
        ) from None
