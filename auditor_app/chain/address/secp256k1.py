"""Other chains whose accounts follow from a secp256k1 key: Cosmos and its relatives, XRP Ledger, ICON, Stacks …"""

from __future__ import annotations

import re
from collections.abc import Callable

from auditor_app.chain.address.digests import compressed, hash160, sha256d
from auditor_app.chain.address.model import Address, AddressError, Controls
from auditor_app.chain.address.spellings import RIPPLE, from_base58check, from_bech32, from_hex

_EOS_NAME = re.compile(r"[a-z1-5.]{1,12}\Z", re.ASCII)
_C32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def decode_bech32(prefix: str | None) -> Callable[[str], Address]:
    """Accounts of 20 bytes in bech32 under one prefix; ``None`` takes any (a Cosmos chain names its own)."""

    def decode(text: str) -> Address:
        payload = from_bech32(text, prefix)
        if len(payload) != 20:
            raise AddressError("an account controlled by one key holds 20 bytes")
        return Address(text, "account", payload, checksummed=True)

    return decode


def decode_avalanche(text: str) -> Address:
    """``X-avax1…`` or ``P-avax1…``: bech32 of RIPEMD-160 of SHA-256 of the key."""
    chain, dash, rest = text.partition("-")
    if not dash or chain not in ("X", "P"):
        raise AddressError("an Avalanche address starts with X- or P-")
    return Address(text, "account", decode_bech32("avax")(rest).payload, checksummed=True)


def decode_xrp(text: str) -> Address:
    """Base58check in the ledger's own alphabet, of 0x00 and 20 bytes."""
    raw = from_base58check(text, RIPPLE)
    if len(raw) != 21 or raw[0] != 0:
        raise AddressError("an XRP Ledger address holds 0x00 and 20 bytes")
    return Address(text, "account", raw[1:], checksummed=True)


def decode_aelf(text: str) -> Address:
    """Base58check of the double SHA-256 of the uncompressed key; a chain's prefix and suffix may stand around it."""
    raw = from_base58check(text.removeprefix("ELF_").partition("_")[0])
    if len(raw) != 32:
        raise AddressError("an aelf address holds 32 bytes")
    return Address(text, "account", raw, checksummed=True)


def decode_icon(text: str) -> Address:
    """``hx`` and 40 hex digits."""
    if not text.startswith("hx"):
        raise AddressError("an ICON account starts with hx")
    return Address(text, "account", from_hex(text[2:], 20, "an ICON account"), checksummed=False)


def decode_stacks(text: str) -> Address:
    """``SP`` and c32check: Crockford base32 with four bytes of double SHA-256 over version and hash (SIP-005)."""
    if not text.startswith("SP") or any(c not in _C32 for c in text[2:]):
        raise AddressError("a Stacks account is SP and Crockford base32")
    number = 0
    for character in text[2:]:
        number = number * 32 + _C32.index(character)
    if number >> 192:
        raise AddressError("a Stacks account holds 20 bytes and a checksum of 4")
    raw = number.to_bytes(24, "big")
    if sha256d(b"\x16" + raw[:20])[:4] != raw[20:]:
        raise AddressError("its c32 checksum does not fit, so at least one character is wrong")
    return Address(text, "account", raw[:20], checksummed=True)


def decode_eos(text: str) -> Address:
    """An account name; which keys may act for it stands on chain only."""
    if not _EOS_NAME.match(text):
        raise AddressError("an EOS account name is up to 12 of a-z, 1-5 and the dot")
    return Address(text, "name", text.encode("ascii"), checksummed=False)


def controls_by(derive: Callable[[bytes], bytes]) -> Controls:
    """Accounts that are one digest of the uncompressed key."""

    def controls(key: bytes, address: Address) -> bool | None:
        return address.payload == derive(key)

    return controls


def hash160_of_compressed(key: bytes) -> bytes:
    """The account of Cosmos chains, Avalanche X and the XRP Ledger."""
    return hash160(compressed(key))


def on_chain_only(_key: bytes, _address: Address) -> bool | None:
    """For chains where keys are assigned to accounts on chain: the key says nothing about the address."""
    return None
