"""The four signature algorithms as one exact table, and the strict form a public key must have.

Primitives come from ``cryptography``. The trust store says which algorithm a key has; nothing in a file does.
ECDSA is strict DER with low S, so that no second signature can be made from a first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

MIN_RSA_BITS, MAX_RSA_BITS = 3072, 16_384
_SALT = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class KeyRefused(ValueError):
    """The key is none of the four kinds, too short, or not in the one DER form; the text says which."""


AlgorithmName = Literal["ed25519", "ecdsa-p256-sha256", "ecdsa-secp256k1-sha256", "rsa-pss-sha256"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """``accepts`` says whether a key is of this kind; ``verify`` returns whether a signature fits."""

    name: AlgorithmName
    accepts: Callable[[object], bool]
    verify: Callable[[PublicKey, bytes, bytes], bool]


def pss() -> padding.PSS:
    """RSA-PSS parameters: MGF1 with SHA-256, salt of 32 bytes."""
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=_SALT)


def _verify_ed25519(key: PublicKey, signature: bytes, message: bytes) -> bool:
    if not isinstance(key, ed25519.Ed25519PublicKey):
        return False
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _verify_rsa(key: PublicKey, signature: bytes, message: bytes) -> bool:
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, message, pss(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _ecdsa(order: int) -> Callable[[PublicKey, bytes, bytes], bool]:
    def verify(key: PublicKey, signature: bytes, message: bytes) -> bool:
        if not isinstance(key, ec.EllipticCurvePublicKey) or not is_strict_low_s(signature, order):
            return False
        try:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    return verify


def is_strict_low_s(signature: bytes, order: int) -> bool:
    """Whether an ECDSA signature is the one DER encoding of 1 ≤ r < n, 1 ≤ s ≤ n/2."""
    try:
        r, s = decode_dss_signature(signature)
        return encode_dss_signature(r, s) == signature and 1 <= r < order and 1 <= s <= order // 2
    except ValueError:
        return False


def _is_curve(curve: type[ec.EllipticCurve]) -> Callable[[object], bool]:
    return lambda key: isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curve)


def _is_rsa(key: object) -> bool:
    return (
        isinstance(key, rsa.RSAPublicKey)
        and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS
        and key.public_numbers().e >= 65_537
    )


_TABLE = (
    Algorithm("ed25519", lambda key: isinstance(key, ed25519.Ed25519PublicKey), _verify_ed25519),
    Algorithm("ecdsa-p256-sha256", _is_curve(ec.SECP256R1), _ecdsa(P256_ORDER)),
    Algorithm("ecdsa-secp256k1-sha256", _is_curve(ec.SECP256K1), _ecdsa(SECP256K1_ORDER)),
    Algorithm("rsa-pss-sha256", _is_rsa, _verify_rsa),
)
ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({item.name: item for item in _TABLE})


def load_spki(der: bytes) -> tuple[PublicKey, Algorithm]:
    """A public key and the only algorithm it is used with; :class:`KeyRefused` for anything unusual.

    The DER must be exactly the bytes that re-encoding gives, so that one key has one fingerprint.
    """
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("this is not a public key of a known kind") from None
    for algorithm in _TABLE:
        if isinstance(key, PublicKey) and algorithm.accepts(key):
            if spki(key) != der:
                raise KeyRefused("the key is not in its usual DER form")
            return key, algorithm
    raise KeyRefused(
        f"keys must be Ed25519, ECDSA P-256 or secp256k1, or RSA of {MIN_RSA_BITS} bits or more "
        "with an exponent of 65537 or more"
    )


def load_public_pem(pem: bytes) -> bytes:
    """The SubjectPublicKeyInfo DER of a ``PUBLIC KEY`` PEM file; :class:`KeyRefused` otherwise."""
    if b"PRIVATE KEY" in pem:
        raise KeyRefused("this file holds a private key; a trust store takes the public key only")
    if b"CERTIFICATE" in pem:
        raise KeyRefused("this file holds a certificate; extract its public key first")
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("this is not a PEM public key of a known kind") from None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    load_spki(der)
    return der


def spki(key: PublicKey) -> bytes:
    """The SubjectPublicKeyInfo DER of a key."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint(spki_der: bytes) -> str:
    """The 64 hex digits that name a key: SHA-256 of its SubjectPublicKeyInfo DER."""
    return hashlib.sha256(spki_der).hexdigest()
