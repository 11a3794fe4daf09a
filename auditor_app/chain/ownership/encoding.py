"""Signatures and keys as lists write them: hex with or without ``0x``, or base64."""

from __future__ import annotations

import base64
import binascii
import re

import base58

from auditor_app.chain.address.digests import ripemd160

_HEX = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)\Z", re.ASCII)
_MAX_TEXT = 200_000
_MAX_EOS = 120
EOS_PREFIX = "SIG_K1_"


def from_hex(text: str) -> bytes | None:
    """The bytes of hex digits, or ``None``."""
    match = _HEX.match(text) if len(text) <= _MAX_TEXT else None
    return None if match is None else bytes.fromhex(match[1])


def from_base64(text: str) -> bytes | None:
    """The bytes of padded standard base64 in its one canonical spelling, or ``None``."""
    if len(text) > _MAX_TEXT:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode("ascii") == text else None


def from_eos(text: str) -> bytes | None:
    """``SIG_K1_``: base58 of recovery byte, r, s, and the head of RIPEMD-160 over them and ``K1``; the first 65 bytes."""
    encoded = text.removeprefix(EOS_PREFIX)
    try:
        raw = base58.b58decode(encoded) if encoded != text and len(encoded) <= _MAX_EOS else b""
    except ValueError:
        return None
    return raw[:65] if ripemd160(raw[:65] + b"K1")[:4] == raw[65:] else None


def of_size(text: str, *sizes: int) -> bytes | None:
    """Hex or base64 of one of the sizes asked for, or ``None``."""
    for raw in (from_hex(text), from_base64(text)):
        if raw is not None and len(raw) in sizes:
            return raw
    return None


def varint(value: int) -> bytes:
    """Bitcoin's compact size."""
    for limit, head, width in ((0xFD, b"", 1), (0x10000, b"\xfd", 2), (0x100000000, b"\xfe", 4)):
        if value < limit:
            return head + value.to_bytes(width, "little")
    return b"\xff" + value.to_bytes(8, "little")


def varstr(data: bytes) -> bytes:
    """Compact size and the bytes."""
    return varint(len(data)) + data


def is_plain_text(message: str) -> bool:
    """Whether a message is text a person could have been shown.

    Schemes without a prefix sign the message's bytes or bare digest: there a serialised transaction with its
    old signature would pass for a signed message.
    """
    return bool(message) and message.isprintable()
