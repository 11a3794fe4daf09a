"""The signature primitives, each by a library: secp256k1 (libsecp256k1), Ed25519 (libsodium)."""

from __future__ import annotations

from coincurve import PublicKey
from coincurve.ecdsa import cdata_to_der, deserialize_compact, signature_normalize
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def recover(digest: bytes, signature: bytes, recovery_id: int) -> bytes | None:
    """The uncompressed key that made ``r ‖ s`` over a 32-byte digest (SEC 1, 4.1.6), or ``None``.

    Other lengths and recovery ids the library refuses, as in the two below.
    """
    try:
        key = PublicKey.from_signature_and_message(signature + bytes([recovery_id]), digest, hasher=None)
    except ValueError:
        return None
    return key.format(compressed=False)


def agrees_ecdsa(key: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether ``r ‖ s`` over a 32-byte digest is the key's; either of ``s`` and ``n − s`` (the library wants the low one)."""
    try:
        _, normal = signature_normalize(deserialize_compact(signature))
        return PublicKey(key).verify(cdata_to_der(normal), digest, hasher=None)
    except ValueError:
        return False


def uncompressed(key: bytes) -> bytes | None:
    """The 65-byte form of a key of 33, 64 or 65 bytes; ``None`` if it is no point."""
    try:
        return PublicKey(b"\x04" + key if len(key) == 64 else key).format(compressed=False)
    except ValueError:
        return None


def agrees_ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over the message is the key's (RFC 8032; keys and R of small order refused)."""
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def from_eip2098(compact: bytes) -> bytes:
    """``r ‖ s ‖ v`` from the 64 bytes of EIP-2098, which keep the parity in the first bit of ``s``."""
    parity, s = compact[32] >> 7, bytes([compact[32] & 0x7F]) + compact[33:]
    return compact[:32] + s + bytes([27 + parity])


def fingerprint(compact: bytes) -> bytes:
    """Of a secp256k1 signature's 64 bytes, ``r`` and the lower of ``s`` and ``n − s``: a copy in another dress is the same."""
    s = int.from_bytes(compact[32:], "big")
    return compact[:32] + min(s, (SECP256K1_ORDER - s) % SECP256K1_ORDER).to_bytes(32, "big")
