"""The digests that addresses are made of, each by a library."""

from __future__ import annotations

import hashlib

from Crypto.Hash import RIPEMD160, keccak


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (the padding before FIPS 202)."""
    return keccak.new(digest_bits=256, data=data).digest()


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def sha256d(data: bytes) -> bytes:
    """SHA-256 of SHA-256."""
    return sha256(sha256(data))


def ripemd160(data: bytes) -> bytes:
    """RIPEMD-160; OpenSSL 3 no longer offers it everywhere."""
    return RIPEMD160.new(data).digest()


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256."""
    return ripemd160(sha256(data))


def blake2b(data: bytes, size: int) -> bytes:
    """BLAKE2b with a digest of ``size`` bytes."""
    return hashlib.blake2b(data, digest_size=size).digest()


def compressed(key: bytes) -> bytes:
    """The 33-byte form of a 65-byte uncompressed SEC public key."""
    return bytes([2 + (key[64] & 1)]) + key[1:33]


def evm_account(key: bytes) -> bytes:
    """The last 20 bytes of Keccak-256 over the two coordinates (yellow paper, appendix F)."""
    return keccak256(key[1:])[12:]
