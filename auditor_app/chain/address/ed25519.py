"""Chains whose accounts follow from an Ed25519 key: Solana, Aptos, Sui, Polkadot, Cardano, Stellar, NEAR, Algorand …"""

from __future__ import annotations

import hashlib
import re

from auditor_app.chain.address.digests import blake2b
from auditor_app.chain.address.model import Address, AddressError
from auditor_app.chain.address.spellings import crc16, from_base32, from_base58, from_bech32

_HEX32 = re.compile(r"0x[0-9a-fA-F]{1,64}\Z", re.ASCII)
_NEAR_NAME = re.compile(r"(?=.{2,64}\Z)[a-z0-9]+(?:[-_.][a-z0-9]+)*\Z", re.ASCII)
_NEAR_IMPLICIT = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_HEDERA = re.compile(r"0\.0\.[1-9][0-9]{0,18}\Z", re.ASCII)
_CARDANO_KEY_TYPES = (0, 2, 4, 6)
"""Shelley address types whose payment part is the hash of a key (CIP-19)."""


def decode_solana(text: str) -> Address:
    """Base58 of 32 bytes, without a checksum."""
    raw = from_base58(text)
    if len(raw) != 32:
        raise AddressError("a Solana address holds 32 bytes")
    return Address(text, "account", raw, checksummed=False)


def decode_move(text: str) -> Address:
    """Aptos and Sui: 32 bytes in hex, leading zeros optional."""
    if not _HEX32.match(text):
        raise AddressError("it is not 0x and up to 64 hex digits")
    return Address(text, "account", int(text, 16).to_bytes(32, "big"), checksummed=False)


def decode_polkadot(text: str) -> Address:
    """SS58: network prefix, 32 bytes, two bytes of BLAKE2b-512 over ``SS58PRE``."""
    raw = from_base58(text)
    if len(raw) not in (35, 36) or blake2b(b"SS58PRE" + raw[:-2], 64)[:2] != raw[-2:]:
        raise AddressError("its SS58 checksum does not fit, so at least one character is wrong")
    return Address(text, "account", raw[-34:-2], checksummed=True)


def decode_cardano(text: str) -> Address:
    """A Shelley mainnet address (CIP-19); kind ``key`` where its payment part is a key's hash, else ``script``."""
    raw = from_bech32(text, "addr")
    if len(raw) not in (29, 57) or raw[0] & 0x0F != 1 or raw[0] >> 4 > 7:
        raise AddressError("it is no Shelley address of Cardano's main network")
    kind = "key" if raw[0] >> 4 in _CARDANO_KEY_TYPES else "script"
    return Address(text, kind, raw[1:29], checksummed=True)


def decode_stellar(text: str) -> Address:
    """Stellar and Pi: base32 of a version byte, the key, and CRC-16 (SEP-23)."""
    raw = from_base32(text)
    if len(raw) != 35 or raw[0] != 6 << 3 or crc16(raw[:33]) != int.from_bytes(raw[33:], "little"):
        raise AddressError("its StrKey checksum does not fit, so at least one character is wrong")
    return Address(text, "account", raw[1:33], checksummed=True)


def decode_algorand(text: str) -> Address:
    """Base32 of the key and the last four bytes of its SHA-512/256."""
    raw = from_base32(text)
    if len(raw) != 36 or hashlib.new("sha512_256", raw[:32]).digest()[-4:] != raw[32:]:
        raise AddressError("its Algorand checksum does not fit, so at least one character is wrong")
    return Address(text, "account", raw[:32], checksummed=True)


def decode_near(text: str) -> Address:
    """An implicit account (64 hex digits: the key itself) or a name, whose keys stand on chain only."""
    if _NEAR_IMPLICIT.match(text):
        return Address(text, "account", bytes.fromhex(text), checksummed=False)
    if not _NEAR_NAME.match(text):
        raise AddressError("it is neither an implicit account nor a NEAR account name")
    return Address(text, "name", text.encode("ascii"), checksummed=False)


def decode_hedera(text: str) -> Address:
    """``0.0.number``; its keys stand on chain only."""
    if not _HEDERA.match(text):
        raise AddressError("a Hedera account is 0.0. and a number")
    return Address(text, "name", text.encode("ascii"), checksummed=False)


def is_the_key(key: bytes, address: Address) -> bool | None:
    """Accounts that are the key itself; names say nothing about a key."""
    return None if address.kind == "name" else address.payload == key


def controls_aptos(key: bytes, address: Address) -> bool | None:
    """SHA3-256 over key and scheme byte 0; an account whose key was rotated no longer shows it."""
    return hashlib.sha3_256(key + b"\x00").digest() == address.payload


def controls_sui(key: bytes, address: Address) -> bool | None:
    """BLAKE2b-256 over flag 0 and the key."""
    return blake2b(b"\x00" + key, 32) == address.payload


def controls_cardano(key: bytes, address: Address) -> bool | None:
    """BLAKE2b-224 of the key is the payment part."""
    return address.kind == "key" and blake2b(key, 28) == address.payload
