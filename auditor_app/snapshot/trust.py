"""The auditor's trust store: pinned keys with role, validity and where each fingerprint came from.

There is no trust on first use: a key enters with its file *and* the fingerprint typed by hand. Functions are pure;
:func:`load_store` and :func:`save_store` are the only ones that touch a file, and writing is atomic.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from auditor_app import strict_json
from auditor_app.errors import AuditError, Location, TrustStoreError
from auditor_app.files import read_capped, write_atomically
from auditor_app.instants import parse_instant
from auditor_app.snapshot.signatures import AlgorithmName, KeyRefused, fingerprint, load_public_pem, load_spki
from auditor_app.snapshot.statement import Closed, Hex64, Instant, Text
from auditor_app.typed import typed

VERSION = "3"
Role = Literal["issuer", "auditor"]
_MAX_BYTES = 16 * 2**20
_NAME_ONE = "Name a trust store, as trust add writes it."
_SEPARATORS = re.compile(r"[ :-]")
HEX64 = re.compile(r"[0-9a-f]{64}\Z")


class Provenance(Closed, frozen=True, kw_only=True):
    """Over which channel a fingerprint (or its revocation) was obtained, who recorded it, and when."""

    channel: Text
    by: Text
    at: Instant

    def sentence(self) -> str:
        """``"engagement letter, by A. Auditor, 2026-11-01T00:00:00Z"``."""
        return f"{self.channel}, by {self.by}, {self.at}"


class PinnedKey(Closed, frozen=True, kw_only=True):
    """One key. ``issuer`` is the exchange's legal name, or the audit firm's for the role ``auditor``.

    ``spki`` is the SubjectPublicKeyInfo DER in base64: a fingerprint alone could verify nothing.
    """

    spki_sha256: Hex64 = msgspec.field(name="spkiSha256")
    spki: Annotated[str, msgspec.Meta(max_length=8192)]
    algorithm: AlgorithmName
    role: Role
    issuer: Text | None
    signer: Text
    not_before: Instant | None
    not_after: Instant | None
    revoked_at: Instant | None
    provenance: Annotated[tuple[Provenance, ...], msgspec.Meta(min_length=1)]

    def revoked(self, at: str) -> bool:
        """Whether the key was revoked at or before an instant."""
        return self.revoked_at is not None and self.revoked_at <= at

    def in_validity(self, at: str) -> bool:
        """Whether an instant lies between ``not_before`` and ``not_after``, both included."""
        return (self.not_before is None or self.not_before <= at) and (self.not_after is None or at <= self.not_after)


class IssuerPolicy(Closed, frozen=True, kw_only=True):
    """``threshold`` is ``None`` for the default: every pinned, unrevoked key of the issuer."""

    threshold: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,2}\Z")] | None = None


class TimeAuthority(Closed, frozen=True, kw_only=True):
    """A time-stamping authority: its certificate, or the root above it, as DER in base64."""

    name: Text
    certificate_sha256: Hex64 = msgspec.field(name="certificateSha256")
    certificate: Annotated[str, msgspec.Meta(max_length=65_536)]
    provenance: Annotated[tuple[Provenance, ...], msgspec.Meta(min_length=1)]


class TrustStore(Closed, frozen=True, kw_only=True):
    """The whole store, version 3."""

    version: Literal["3"] = "3"
    issuers: dict[Text, IssuerPolicy] = msgspec.field(default_factory=dict)
    keys: tuple[PinnedKey, ...] = ()
    time_authorities: tuple[TimeAuthority, ...] = ()

    def key(self, keyid: str) -> PinnedKey | None:
        """The pinned key with this fingerprint."""
        return next((item for item in self.keys if item.spki_sha256 == keyid), None)

    def required(self, issuer: str, at: str) -> int:
        """How many distinct keys and distinct signers of ``issuer`` must have signed, judged at an instant; never 0."""
        policy = self.issuers.get(issuer)
        if policy is not None and policy.threshold is not None:
            return int(policy.threshold)
        return max(1, len([item for item in self.issuer_keys(issuer) if not item.revoked(at)]))

    def issuer_keys(self, issuer: str) -> tuple[PinnedKey, ...]:
        """The pinned keys that may sign snapshots of ``issuer``."""
        return tuple(item for item in self.keys if item.role == "issuer" and item.issuer == issuer)


EMPTY = TrustStore()


def load_store(path: Path) -> TrustStore:
    """Read and check a store; :class:`TrustStoreError` TRUST.STORE when anything in it is not as written by us."""
    try:
        data = read_capped(path, max_bytes=_MAX_BYTES, code="TRUST.STORE")
        document = strict_json.parse(data, file=path.name, code="TRUST.STORE", max_bytes=_MAX_BYTES, action=_NAME_ONE)
    except AuditError as error:
        raise error.recast(TrustStoreError, action=_NAME_ONE) from None
    try:
        store = typed(document, TrustStore)
    except msgspec.ValidationError as error:
        raise TrustStoreError(
            "TRUST.STORE",
            f"the trust store is not one of version {VERSION}: {error}",
            at=Location(path.name),
            action="Restore it, or pin the keys again.",
        ) from None
    _check_store(store, path.name)
    return store


def save_store(path: Path, store: TrustStore) -> None:
    """Write the store atomically, in one stable form."""
    _check_store(store, path.name)
    write_atomically(path, msgspec.json.format(msgspec.json.encode(store), indent=1) + b"\n")


def add_key(
    store: TrustStore,
    *,
    pem: bytes,
    typed_fingerprint: str,
    role: Role,
    issuer: str | None,
    signer: str,
    provenance: Provenance,
    not_before: str | None = None,
    not_after: str | None = None,
) -> TrustStore:
    """The store with one more key, whose fingerprint must be the typed one.

    Raises :class:`TrustStoreError`: TRUST.FINGERPRINT when file and typed fingerprint differ, TRUST.KEY for a key
    that is pinned already (in whichever role), refused by kind, or badly described.
    """
    try:
        der = load_public_pem(pem)
    except KeyRefused as error:
        _refuse_key(str(error))
    _compare_fingerprint(typed_fingerprint, fingerprint(der))
    if role == "issuer" and not issuer:
        _refuse_key("a key with the role issuer needs the issuer's legal name")
    present = store.key(fingerprint(der))
    if present is not None:
        _refuse_key(f"the key is already pinned, with the role {present.role}; a key has one role and one entry")
    if not_before is not None and not_after is not None and not_before > not_after:
        _refuse_key(f"the key would end at {not_after}, before it begins at {not_before}")
    key = PinnedKey(
        spki_sha256=fingerprint(der),
        spki=base64.b64encode(der).decode("ascii"),
        algorithm=load_spki(der)[1].name,
        role=role,
        issuer=issuer or None,
        signer=signer,
        not_before=not_before,
        not_after=not_after,
        revoked_at=None,
        provenance=(provenance,),
    )
    issuers = dict(store.issuers)
    if role == "issuer" and issuer:
        issuers.setdefault(issuer, IssuerPolicy())
    return _checked(msgspec.structs.replace(store, keys=(*store.keys, key), issuers=issuers))


def revoke_key(store: TrustStore, keyid: str, *, revoked_at: str, provenance: Provenance) -> TrustStore:
    """The store with one key revoked from an instant on; an earlier revocation is never moved later."""
    wanted = normal_fingerprint(keyid)
    key = store.key(wanted)
    if key is None:
        _refuse_key(f"no pinned key has the fingerprint {wanted}")
    if key.revoked_at is not None and key.revoked_at <= revoked_at:
        _refuse_key(f"the key is already revoked from {key.revoked_at} on")
    revoked = msgspec.structs.replace(key, revoked_at=revoked_at, provenance=(*key.provenance, provenance))
    keys = tuple(revoked if item is key else item for item in store.keys)
    return _checked(msgspec.structs.replace(store, keys=keys))


def set_threshold(store: TrustStore, issuer: str, threshold: int | None) -> TrustStore:
    """The store with another threshold for an issuer; ``None`` is the default, every unrevoked key."""
    usable = [item for item in store.issuer_keys(issuer) if item.revoked_at is None]
    if not store.issuer_keys(issuer):
        _refuse_key(f"no key of {issuer!r} is pinned")
    signers = len({item.signer for item in usable})
    if threshold is not None and not 1 <= threshold <= signers:
        _refuse_key(f"a threshold of {threshold} cannot be met: {signers} distinct signers have unrevoked keys")
    policy = IssuerPolicy(threshold=None if threshold is None else str(threshold))
    return _checked(msgspec.structs.replace(store, issuers={**store.issuers, issuer: policy}))


def add_time_authority(
    store: TrustStore, *, pem: bytes, typed_fingerprint: str, name: str, provenance: Provenance
) -> TrustStore:
    """The store with a time-stamping authority; its fingerprint is the SHA-256 of the certificate's DER."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        _refuse_key("this is not a PEM certificate")
    der = certificate.public_bytes(Encoding.DER)
    digest = hashlib.sha256(der).hexdigest()
    _compare_fingerprint(typed_fingerprint, digest)
    if any(item.certificate_sha256 == digest for item in store.time_authorities):
        _refuse_key("this time-stamping authority is already pinned")
    entry = TimeAuthority(
        name=name,
        certificate_sha256=digest,
        certificate=base64.b64encode(der).decode("ascii"),
        provenance=(provenance,),
    )
    return _checked(msgspec.structs.replace(store, time_authorities=(*store.time_authorities, entry)))


def normal_fingerprint(typed: str) -> str:
    """A typed fingerprint as 64 lower-case hex digits; spaces, colons and hyphens between groups are dropped."""
    text = _SEPARATORS.sub("", typed.strip()).lower()
    if not HEX64.match(text):
        raise TrustStoreError(
            "TRUST.FINGERPRINT",
            "a fingerprint is 64 hex digits",
            observed=typed[:100],
            action="Type it again from the second channel.",
        )
    return text


def _compare_fingerprint(typed: str, actual: str) -> None:
    wanted = normal_fingerprint(typed)
    if wanted != actual:
        raise TrustStoreError(
            "TRUST.FINGERPRINT",
            "the typed fingerprint is not that of the key file",
            expected=wanted,
            observed=actual,
            action="Compare both with the second channel again; nothing was pinned.",
        )


def _checked(store: TrustStore) -> TrustStore:
    """Pass a changed store through its own schema: what cannot be read back is never written."""
    try:
        store = typed(msgspec.to_builtins(store), TrustStore)
    except msgspec.ValidationError as error:
        _refuse_key(f"the entry breaks the store's form: {error}")
    _check_store(store, "")
    return store


def _check_store(store: TrustStore, file: str) -> None:
    """Cross-field rules: one entry for each key, fingerprints that fit, dates in order, thresholds with keys."""

    def refuse(what: str) -> NoReturn:
        raise TrustStoreError(
            "TRUST.STORE", what, at=Location(file or None), action="Restore it, or pin the keys again."
        )

    seen: set[str] = set()
    for key in store.keys:
        if key.spki_sha256 in seen:
            refuse(f"the key {key.spki_sha256} is pinned twice")
        seen.add(key.spki_sha256)
        _check_key(key, refuse)
        if key.role == "issuer" and (key.issuer is None or key.issuer not in store.issuers):
            refuse(f"the key {key.spki_sha256} names no issuer of the store")
    for authority in store.time_authorities:
        der = _decode(authority.certificate, refuse)
        if hashlib.sha256(der).hexdigest() != authority.certificate_sha256:
            refuse(f"the certificate of {authority.name!r} does not have the recorded fingerprint")


def _check_key(key: PinnedKey, refuse: Callable[[str], NoReturn]) -> None:
    der = _decode(key.spki, refuse)
    if fingerprint(der) != key.spki_sha256:
        refuse(f"the public key recorded under {key.spki_sha256} has another fingerprint")
    try:
        _, algorithm = load_spki(der)
    except KeyRefused as error:
        refuse(f"the key {key.spki_sha256}: {error}")
    if algorithm.name != key.algorithm:
        refuse(f"the key {key.spki_sha256} is recorded as {key.algorithm} but is {algorithm.name}")
    dates = (key.not_before, key.not_after, key.revoked_at, *(item.at for item in key.provenance))
    for instant in dates:
        try:
            if instant is not None:
                parse_instant(instant)
        except ValueError as error:
            refuse(f"the key {key.spki_sha256}: {error}")
    if key.not_before is not None and key.not_after is not None and key.not_before > key.not_after:
        refuse(f"the key {key.spki_sha256} ends before it begins")


def _decode(text: str, refuse: Callable[[str], NoReturn]) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        refuse("a key or certificate is not base64")


def _refuse_key(what: str) -> NoReturn:
    raise TrustStoreError("TRUST.KEY", what, action="Correct the entry; nothing was changed.")
