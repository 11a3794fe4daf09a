"""Text encodings of addresses: base58check, bech32, CashAddr, base32 with their checksums."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

import base58
from btclib import bech32
from btclib.b32 import power_of_2_base_conversion

from auditor_app.chain.address.model import AddressError

BITCOIN = base58.BITCOIN_ALPHABET
RIPPLE = base58.RIPPLE_ALPHABET
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*\Z", re.ASCII)
_CASH_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CASH_GENERATORS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)


def from_hex(text: str, size: int, what: str) -> bytes:
    """Bytes of ``0x`` (optional) and exactly ``2 · size`` hex digits."""
    digits = text.removeprefix("0x")
    if len(digits) != 2 * size or not _HEX.match(digits):
        raise AddressError(f"{what} is {2 * size} hex digits")
    return bytes.fromhex(digits)


def from_base58(text: str, alphabet: bytes = BITCOIN) -> bytes:
    """Base58 without a checksum."""
    if not text.isascii() or len(text) > 128 or text != text.strip():
        raise AddressError("it is not base58")
    try:
        return base58.b58decode(text, alphabet=alphabet)
    except ValueError:
        raise AddressError("it is not base58") from None


def from_base58check(text: str, alphabet: bytes = BITCOIN) -> bytes:
    """Base58 whose last four bytes are the head of a double SHA-256; these are left out."""
    if not text.isascii() or len(text) > 128 or text != text.strip():
        raise AddressError("it is not base58")
    try:
        return base58.b58decode_check(text, alphabet=alphabet)
    except ValueError:
        raise AddressError("its base58 checksum does not fit, so at least one character is wrong") from None


def from_bech32(text: str, prefix: str | None) -> bytes:
    """Bytes behind a bech32 text (BIP-173 checksum) with the prefix asked for; ``None`` takes any prefix."""
    found, words = _bech32_words(text)
    if prefix is not None and found != prefix:
        raise AddressError(f"its prefix {found} belongs to another chain")
    return regrouped(words)


def from_segwit(text: str, prefix: str) -> tuple[int, bytes]:
    """Witness version and program of a segregated witness address (BIP-173, BIP-350)."""
    try:
        found, words = bech32.decode(text)
    except ValueError:
        raise AddressError("its bech32 checksum does not fit, so at least one character is wrong") from None
    if found != prefix:
        raise AddressError(f"its prefix {found} belongs to another chain")
    if not words or words[0] > 16:
        raise AddressError("its witness version is out of range")
    program = regrouped(words[1:])
    if not 2 <= len(program) <= 40 or (words[0] == 0 and len(program) not in (20, 32)):
        raise AddressError("its witness program has a wrong length")
    return words[0], program


def _bech32_words(text: str) -> tuple[str, list[int]]:
    try:
        return bech32.decode(text, bech32.BECH32_1_CONST)
    except ValueError:
        raise AddressError("its bech32 checksum does not fit, so at least one character is wrong") from None


def regrouped(words: Sequence[int]) -> bytes:
    """Five-bit words as bytes; left-over bits must be fewer than five and zero."""
    try:
        return bytes(power_of_2_base_conversion(list(words), 5, 8, pad=False))
    except ValueError:
        raise AddressError("its bits do not fill whole bytes") from None


def from_cash(text: str, prefix: str) -> bytes:
    """Payload of a CashAddr-like text, its version byte first; the prefix may be left out of the text."""
    lowered = text.lower()
    if text not in (lowered, text.upper()):
        raise AddressError("it mixes upper and lower case")
    head, colon, tail = lowered.rpartition(":")
    if colon and head != prefix:
        raise AddressError(f"its prefix {head[:20]} belongs to another chain")
    if len(tail) < 9 or any(c not in _CASH_ALPHABET for c in tail):
        raise AddressError("it holds characters outside its alphabet")
    words = [_CASH_ALPHABET.index(c) for c in tail]
    if _cash_polymod([ord(c) & 31 for c in prefix] + [0] + words):
        raise AddressError("its checksum does not fit, so at least one character is wrong")
    return regrouped(words[:-8])


def _cash_polymod(values: Sequence[int]) -> int:
    """The BCH code of the CashAddr specification over GF(32); 0 for a right checksum."""
    state = 1
    for value in values:
        top = state >> 35
        state = ((state & 0x07FFFFFFFF) << 5) ^ value
        for bit, generator in enumerate(_CASH_GENERATORS):
            if top >> bit & 1:
                state ^= generator
    return state ^ 1


def from_base32(text: str) -> bytes:
    """RFC 4648 base32 in upper case without padding; the spelling must be the canonical one."""
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raise AddressError("it is not base32") from None
    if base64.b32encode(raw).decode("ascii").rstrip("=") != text:
        raise AddressError("it is not canonical base32")
    return raw


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM, as TON and Stellar use it."""
    return binascii.crc_hqx(data, 0)
