"""Private keys: loading them from PEM and making the signatures that :mod:`auditor_app.snapshot.signatures` accepts.

Pass phrases come from a callable (a prompt or the environment), never from a command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from auditor_app.errors import AuditError, Location
from auditor_app.snapshot.envelope import EnvelopeSignature, pae
from auditor_app.snapshot.signatures import (
    P256_ORDER,
    SECP256K1_ORDER,
    KeyRefused,
    fingerprint,
    load_spki,
    pss,
    spki,
)

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its fingerprint and algorithm; the key itself never appears in a ``repr``."""

    keyid: str
    algorithm: str
    private: PrivateKey = field(repr=False)

    @staticmethod
    def of(private: PrivateKey) -> SigningKey:
        """Wrap a key; :class:`KeyRefused` for a kind that no verifier would take."""
        der = spki(private.public_key())
        return SigningKey(fingerprint(der), load_spki(der)[1].name, private)

    def public_pem(self) -> bytes:
        """The public key as the PEM file that an auditor pins."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, payload_type: str, payload: bytes) -> EnvelopeSignature:
        """A signature over the DSSE PAE of ``payload``."""
        message = pae(payload_type, payload)
        return EnvelopeSignature(self.keyid, _sign(self.private, message))


def _sign(private: PrivateKey, message: bytes) -> bytes:
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(message)
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(message, pss(), hashes.SHA256())
    order = P256_ORDER if isinstance(private.curve, ec.SECP256R1) else SECP256K1_ORDER
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
    return encode_dss_signature(r, min(s, order - s))


def load_private_pem(pem: bytes, *, file: str, passphrase: Callable[[], bytes]) -> SigningKey:
    """A signing key from PEM; ``passphrase`` is called only for an encrypted one. :class:`AuditError` TRUST.KEY."""
    try:
        private = _load(pem, passphrase)
        if isinstance(private, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            return SigningKey.of(private)
        what = "the key is of a kind that snapshots are not signed with"
    except KeyRefused as error:
        what = str(error)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        what = "this is no PEM private key, or the pass phrase is wrong"
    raise AuditError(
        "TRUST.KEY", what, at=Location(file), action="Name a PEM file with an Ed25519, ECDSA or RSA private key."
    )


def _load(pem: bytes, passphrase: Callable[[], bytes]) -> object:
    encrypted = b"ENCRYPTED" in pem
    return serialization.load_pem_private_key(pem, password=passphrase() if encrypted else None)
