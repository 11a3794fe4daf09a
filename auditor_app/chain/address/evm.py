"""Accounts that are the last 20 bytes of a Keccak-256: EVM chains, Tron, and their other spellings."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from auditor_app.chain.address.digests import blake2b, evm_account, keccak256
from auditor_app.chain.address.model import Address, AddressError
from auditor_app.chain.address.spellings import from_base32, from_base58check, from_bech32, from_cash, from_hex

_VALIDATOR_HEX = 2 + 96


@lru_cache(maxsize=16_384)
def eip55(payload: bytes) -> str:
    """The mixed-case spelling whose case is a checksum (EIP-55); kept, since one run spells an account many times."""
    digits = payload.hex()
    digest = keccak256(digits.encode("ascii")).hex()
    return "0x" + "".join([c.upper() if h > "7" else c for c, h in zip(digits, digest, strict=False)])


def decode_evm(text: str) -> Address:
    """``0x`` and 40 hex digits, its mixed case checked; 96 digits are a validator's BLS public key."""
    if len(text) == _VALIDATOR_HEX:
        return Address(text, "validator", from_hex(text, 48, "a validator key"), checksummed=False)
    if not text.startswith("0x"):
        raise AddressError("an EVM address starts with 0x")
    payload = from_hex(text, 20, "an EVM address")
    digits = text[2:]
    single_case = digits in (digits.lower(), digits.upper())
    if not single_case and text != eip55(payload):
        raise AddressError("its EIP-55 checksum does not fit, so at least one character is wrong")
    return Address(text, "account", payload, checksummed=not single_case)


def decode_with_bech32(prefix: str) -> Callable[[str], Address]:
    """An EVM chain that also writes its accounts in bech32 (OKT ``ex``, Injective ``inj`` …)."""

    def decode(text: str) -> Address:
        if not text.lower().startswith(prefix + "1"):
            return decode_evm(text)
        payload = from_bech32(text, prefix)
        if len(payload) != 20:
            raise AddressError("an account holds 20 bytes")
        return Address(text, "account", payload, checksummed=True)

    return decode


def decode_filecoin(text: str) -> Address:
    """``f1`` secp256k1 and ``f410f`` EVM addresses with their BLAKE2b-32 checksum, or a plain EVM address."""
    if text.startswith("0x"):
        return decode_evm(text)
    if text.startswith("f410f"):
        return Address(text, "account", _filecoin_payload(text[5:], b"\x04\x0a"), checksummed=True)
    if text.startswith("f1"):
        return Address(text, "f1", _filecoin_payload(text[2:], b"\x01"), checksummed=True)
    raise AddressError("only f1, f410f and 0x addresses can be bound to a key")


def _filecoin_payload(text: str, protocol: bytes) -> bytes:
    raw = from_base32(text.upper())
    if text != text.lower() or len(raw) != 24 or blake2b(protocol + raw[:-4], 4) != raw[-4:]:
        raise AddressError("its Filecoin checksum does not fit, so at least one character is wrong")
    return raw[:-4]


def decode_conflux(text: str) -> Address:
    """``cfx:`` base32 of a version byte and a 20-byte account whose first four bits are its type (CIP-37)."""
    lowered = text.lower()
    if lowered.startswith("0x"):
        return decode_evm(text)
    if text not in (lowered, text.upper()):
        raise AddressError("it mixes upper and lower case")
    raw = from_cash("cfx:" + _from_conflux_alphabet(lowered.rpartition(":")[2]), "cfx")
    if raw[0] != 0 or len(raw) != 21:
        raise AddressError("a Conflux address holds a zero byte and 20 bytes")
    return Address(text, "conflux", raw[1:], checksummed=True)


def _from_conflux_alphabet(text: str) -> str:
    """CIP-37 writes the same 32 values with letters of its own."""
    table = dict(zip("abcdefghjkmnprstuvwxyz0123456789", "qpzry9x8gf2tvdw0s3jn54khce6mua7l", strict=True))
    try:
        return "".join(table[c] for c in text)
    except KeyError:
        raise AddressError("it holds characters outside its alphabet") from None


def decode_tron(text: str) -> Address:
    """Base58check of 0x41 and the account, or the same in hex, which carries no checksum."""
    if len(text) in (42, 44) and text.removeprefix("0x").startswith("41"):
        return Address(text, "account", from_hex(text, 21, "a Tron address")[1:], checksummed=False)
    raw = from_base58check(text)
    if len(raw) != 21 or raw[0] != 0x41:
        raise AddressError("a Tron address holds 0x41 and 20 bytes")
    return Address(text, "account", raw[1:], checksummed=True)


def controls(key: bytes, address: Address) -> bool | None:
    """Whether the account is this key's; never so for contracts, whose accounts follow from no key."""
    account = evm_account(key)
    if address.kind == "conflux":
        return address.payload == bytes([0x10 | account[0] & 0x0F]) + account[1:]
    if address.kind == "f1":
        return address.payload == blake2b(key, 20)
    return address.kind == "account" and address.payload == account
