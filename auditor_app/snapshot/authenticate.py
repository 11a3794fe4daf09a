"""The verification order of ``porsnap`` 1.0, steps 1 to 8: nothing is parsed before it is authentic.

1 open once · 2 canonical index · 3 envelope · 4 payload type · 5 every signature against pinned keys, thresholds over
distinct keys and signers, validity and revocation at the trusted time · 6 parse the same payload bytes · 7 nonce,
predecessor, dates · 8 members = subjects, sizes equal. Member digests are compared when a member is read.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.errors import Location, SignatureError, SnapshotError, UsageError
from auditor_app.findings import Finding, finding
from auditor_app.instants import format_instant, parse_instant
from auditor_app.operation import CancelToken
from auditor_app.snapshot import envelope as dsse
from auditor_app.snapshot import layout
from auditor_app.snapshot.authentic import (
    Authentic,
    AuthenticEvidence,
    AuthenticSnapshot,
    NotAuthentic,
    Signer,
    TrustedTime,
)
from auditor_app.snapshot.consistency import date_findings, parse_statement
from auditor_app.snapshot.container import Container, open_container
from auditor_app.snapshot.envelope import Envelope, EnvelopeSignature
from auditor_app.snapshot.freshness import freshness_findings
from auditor_app.snapshot.signatures import load_spki
from auditor_app.snapshot.signed_members import SignedMembers
from auditor_app.snapshot.statement import (
    PAYLOAD_TYPE,
    EvidenceStatement,
    SnapshotStatement,
    Subject,
)
from auditor_app.snapshot.timestamps import NO_TIMESTAMP, TimestampCheck, check_timestamp
from auditor_app.snapshot.trust import PinnedKey, TrustStore


def authenticate_snapshot(
    path: Path,
    store: TrustStore,
    *,
    token: CancelToken,
    trusted_time: str | None = None,
    nonce: str | None = None,
    previous: str | None = None,
) -> AuthenticSnapshot:
    """Steps 1 to 8 on a snapshot; the caller closes ``members``.

    ``trusted_time`` is a typed instant, used where no pinned authority's time stamp is there; ``nonce`` and
    ``previous`` are 64 hex digits that the auditor holds. :class:`NotAuthentic` (exit status 2) when signatures or
    members do not fit, :class:`SnapshotError` (3) when the file cannot be used, :class:`UsageError` for a bad time.
    """
    typed = _typed_time(trusted_time)
    container = open_container(path)
    try:
        token.check()
        envelope = read_envelope(container, path.name)
        signed = _check_issuer_signatures(envelope, store)
        timestamp = _timestamp(container, envelope, store)
        time = _trusted_time(timestamp, typed)
        signers, threshold = _check_threshold(signed, store, time)
        statement = parse_statement(envelope.payload, SnapshotStatement)
        _check_issuer_name(statement, signed)
        compare_members(container, statement.subject)
    except BaseException:
        container.close()
        raise
    predicate = statement.predicate
    findings = (
        *timestamp.findings,
        *freshness_findings(predicate, nonce=nonce, previous=previous),
        *date_findings(predicate, time.instant),
    )
    members = SignedMembers(container, statement.subject)
    digest = hashlib.sha256(envelope.payload).hexdigest()
    return Authentic(path.name, digest, statement, members, signers, threshold, time, findings, ())


def authenticate_evidence(
    path: Path, store: TrustStore, *, token: CancelToken, trusted_time: str | None = None
) -> AuthenticEvidence:
    """The same steps on an evidence file, which one pinned auditor key signs.

    Evidence whose signers are not all pinned, valid auditor keys comes back with empty ``signers``: it counts as
    merely claimed. A signature or member that does not fit raises :class:`SignatureError` EVIDENCE.INVALID, a file
    that cannot be used :class:`SnapshotError` EVIDENCE.UNREADABLE.
    """
    typed = _typed_time(trusted_time)
    try:
        return _evidence(path, store, typed, token)
    except SnapshotError as error:
        if isinstance(error, SignatureError):
            raise error.recast(SignatureError, "EVIDENCE.INVALID") from None
        raise error.recast(SnapshotError, "EVIDENCE.UNREADABLE") from None


def _evidence(path: Path, store: TrustStore, typed: str | None, token: CancelToken) -> AuthenticEvidence:
    container = open_container(path)
    try:
        token.check()
        envelope = read_envelope(container, path.name)
        signed, strangers = _sort_signatures(envelope, store)
        _raise_critical(_invalid(signed, envelope))
        timestamp = _timestamp(container, envelope, store)
        time = _trusted_time(timestamp, typed)
        findings = [*strangers, *_not_auditors(signed), *_not_valid(signed, time)]
        statement = parse_statement(envelope.payload, EvidenceStatement)
        compare_members(container, statement.subject)
    except BaseException:
        container.close()
        raise
    reasons = tuple(
        finding("EVIDENCE.UNTRUSTED", procedure="signatures", subject=item.subject, message=item.message)
        for item in findings
    )
    signers = () if reasons else tuple(_signer(item.key) for item in signed)
    members = SignedMembers(container, statement.subject, code="EVIDENCE.INVALID")
    digest = hashlib.sha256(envelope.payload).hexdigest()
    found = (*reasons, *timestamp.findings)
    return Authentic(path.name, digest, statement, members, signers, 1, time, found, ())


def read_envelope(container: Container, file: str) -> Envelope:
    """Steps 3 and 4: the canonical envelope, with the payload type that this program knows."""
    if layout.ENVELOPE not in container.sizes:
        raise SnapshotError(
            "SNAPSHOT.CONTAINER",
            f"there is no member {layout.ENVELOPE}",
            at=Location(file),
            action="Ask for the file again.",
        )
    envelope = dsse.decode(container.read(layout.ENVELOPE), file=layout.ENVELOPE)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise SnapshotError(
            "SNAPSHOT.ENVELOPE",
            "the payload type is not the one of a signed statement",
            at=Location(layout.ENVELOPE),
            expected=PAYLOAD_TYPE,
            observed=envelope.payload_type[:100],
            action="Ask the issuer for a snapshot of this format.",
        )
    return envelope


def compare_members(container: Container, subjects: tuple[Subject, ...]) -> None:
    """Step 8: the container holds the envelope, the signed members in signed order, at most one time stamp, no more."""
    expected = [layout.ENVELOPE, *(item.name for item in subjects)]
    if layout.TIMESTAMP in container.sizes:
        expected.append(layout.TIMESTAMP)
    held = list(container.sizes)
    absent, extra = sorted(set(expected) - set(held)), sorted(set(held) - set(expected))
    findings = [_member_finding("MEMBER.MISSING", name, "The signed member is missing.") for name in absent[:10]]
    findings += [
        _member_finding("MEMBER.MISSING", name, "The container holds a member that is not signed.")
        for name in extra[:10]
    ]
    for item in subjects:
        size = container.sizes.get(item.name)
        if size is not None and size != int(item.annotations.size):
            message = "The member does not have the signed size."
            findings.append(
                _member_finding("MEMBER.SIZE", item.name, message, f"{item.annotations.size} bytes", f"{size} bytes")
            )
    _raise_critical(findings)
    if container.ordered and held != expected:
        first = next(index for index, name in enumerate(held) if name != expected[index])
        raise SnapshotError(
            "SNAPSHOT.CONTAINER",
            "the members do not stand in the order in which they were signed",
            at=Location(held[first]),
            expected=expected[first],
            observed=held[first],
            action="Ask for the file as it was signed.",
        )


@dataclass(frozen=True, slots=True)
class _Signed:
    """A signature with the pinned key that it names."""

    key: PinnedKey
    signature: EnvelopeSignature


def _check_issuer_signatures(envelope: Envelope, store: TrustStore) -> tuple[_Signed, ...]:
    """Step 5, all that needs no clock: every signature is a pinned issuer key's, once, of one issuer, and fits."""
    signed, findings = _sort_signatures(envelope, store)
    findings += _invalid(signed, envelope)
    findings += [
        _key_finding("SIGNATURE.ROLE", item.key, "A key that is pinned for the role auditor signed the snapshot.")
        for item in signed
        if item.key.role != "issuer"
    ]
    if len({item.key.issuer for item in signed if item.key.role == "issuer"}) > 1:
        message = "Keys of different issuers signed the snapshot."
        findings += [_key_finding("SIGNATURE.ISSUER", item.key, message) for item in signed]
    if not signed:
        findings.append(
            finding(
                "SIGNATURE.THRESHOLD",
                procedure="signatures",
                subject="envelope",
                message="No pinned key signed the snapshot."
                if envelope.signatures
                else "The snapshot carries no signature: it was packed but not signed yet.",
                expected="the signatures that the trust store asks for",
                observed="none",
            )
        )
    _raise_critical(findings)
    return signed


def _sort_signatures(envelope: Envelope, store: TrustStore) -> tuple[tuple[_Signed, ...], list[Finding]]:
    """Signatures by pinned keys, and a finding for each other or repeated one."""
    signed: list[_Signed] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for item in envelope.signatures:
        key = store.key(item.keyid)
        if item.keyid in seen:
            message = "One key signed twice; a snapshot carries each key's signature once."
            findings.append(_signature_finding("SIGNATURE.INVALID", item.keyid, message))
        elif key is None:
            message = "A signature was made by a key that is not pinned in the trust store."
            findings.append(_signature_finding("SIGNATURE.UNKNOWN_KEY", item.keyid, message))
        else:
            signed.append(_Signed(key, item))
        seen.add(item.keyid)
    return tuple(signed), findings


def _invalid(signed: Iterable[_Signed], envelope: Envelope) -> list[Finding]:
    """A finding for each signature that its pinned key does not verify."""
    message = dsse.pae(envelope.payload_type, envelope.payload)
    findings = []
    for item in signed:
        key, algorithm = load_spki(base64.b64decode(item.key.spki))
        if not algorithm.verify(key, item.signature.sig, message):
            text = f"The signature does not fit the payload and the key it names ({algorithm.name})."
            findings.append(_key_finding("SIGNATURE.INVALID", item.key, text))
    return findings


def _not_auditors(signed: Iterable[_Signed]) -> list[Finding]:
    message = "A key that is pinned for the role issuer signed the evidence."
    return [_key_finding("SIGNATURE.ROLE", item.key, message) for item in signed if item.key.role != "auditor"]


def _not_valid(signed: Iterable[_Signed], time: TrustedTime) -> list[Finding]:
    """A finding for each key that was revoked or outside its validity at the trusted time."""
    findings = []
    for item in signed:
        key = item.key
        if key.revoked(time.instant):
            message = f"The key was revoked from {key.revoked_at} on; the trusted time is {time.instant}."
            findings.append(_key_finding("SIGNATURE.REVOKED", key, message))
        elif not key.in_validity(time.instant):
            validity = f"{key.not_before or 'any time'} to {key.not_after or 'any time'}"
            message = f"The key is pinned for {validity}; the trusted time is {time.instant}."
            findings.append(_key_finding("SIGNATURE.EXPIRED", key, message))
    return findings


def _check_threshold(
    signed: tuple[_Signed, ...], store: TrustStore, time: TrustedTime
) -> tuple[tuple[Signer, ...], int]:
    """Step 5, judged at the trusted time: every key valid, and enough distinct keys and distinct signers."""
    findings = _not_valid(signed, time)
    issuer = signed[0].key.issuer or ""
    required = store.required(issuer, time.instant)
    keys = {item.key.spki_sha256 for item in signed}
    people = {item.key.signer for item in signed}
    if min(len(keys), len(people)) < required:
        missing = sorted(
            {key.signer for key in store.issuer_keys(issuer) if not key.revoked(time.instant)} - people,
        )
        hint = f"; there is none of {', '.join(missing)}" if missing else ""
        findings.append(
            finding(
                "SIGNATURE.THRESHOLD",
                procedure="signatures",
                subject=f"issuer {issuer}",
                message=f"Fewer distinct keys and signers signed than the trust store asks for{hint}.",
                expected=f"{required} distinct keys of {required} distinct signers",
                observed=f"{len(keys)} of {len(people)}",
            )
        )
    _raise_critical(findings)
    return tuple(_signer(item.key) for item in signed), required


def _check_issuer_name(statement: SnapshotStatement, signed: tuple[_Signed, ...]) -> None:
    """The issuer that the statement names is the one whose keys signed it."""
    pinned, named = signed[0].key.issuer or "", statement.predicate.issuer.legal_name
    if named != pinned:
        _raise_critical(
            [
                finding(
                    "SIGNATURE.ISSUER",
                    procedure="signatures",
                    subject="issuer",
                    message="The statement names another issuer than the one whose keys signed it.",
                    expected=pinned,
                    observed=named,
                )
            ]
        )


def _timestamp(container: Container, envelope: Envelope, store: TrustStore) -> TimestampCheck:
    """The time stamp's verdict; it is opened only after the signatures fit."""
    if layout.TIMESTAMP not in container.sizes:
        return NO_TIMESTAMP
    return check_timestamp(container.read(layout.TIMESTAMP), envelope.payload, store)


def _trusted_time(timestamp: TimestampCheck, typed: str | None) -> TrustedTime:
    """A pinned authority's time, else the typed one, else now; never the statement's own dates."""
    if timestamp.instant is not None:
        return TrustedTime(timestamp.instant, "timestamp")
    if typed is not None:
        return TrustedTime(typed, "typed")
    return TrustedTime(format_instant(datetime.now(UTC)), "now")


def _typed_time(text: str | None) -> str | None:
    try:
        return None if text is None else format_instant(parse_instant(text))
    except ValueError as error:
        raise UsageError("USAGE", f"the trusted time cannot be read: {error}") from None


def _signer(key: PinnedKey) -> Signer:
    provenance = tuple(item.sentence() for item in key.provenance)
    return Signer(key.spki_sha256, key.algorithm, key.signer, key.issuer or "", provenance)


def _raise_critical(findings: list[Finding]) -> None:
    if findings:
        raise NotAuthentic(tuple(findings))


def _signature_finding(code: str, keyid: str, message: str) -> Finding:
    return finding(code, procedure="signatures", subject=f"key {keyid}", message=message)


def _key_finding(code: str, key: PinnedKey, message: str) -> Finding:
    subject = f"signer {key.signer}, key {key.spki_sha256}"
    return finding(code, procedure="signatures", subject=subject, message=message)


def _member_finding(code: str, name: str, message: str, expected: str = "", observed: str = "") -> Finding:
    return finding(
        code,
        procedure="members",
        subject=f"member {name}",
        message=message,
        expected=expected,
        observed=observed,
        at=Location(name),
    )
