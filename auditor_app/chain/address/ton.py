"""TON: an address is the hash of a wallet contract's code and first data, which hold the owner's Ed25519 key.

Only the standard wallet contracts are tried. A key that leads to the address by none of them is not shown to
control it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor_app.chain.address.digests import sha256
from auditor_app.chain.address.model import Address, AddressError
from auditor_app.chain.address.spellings import crc16

_RAW = re.compile(r"(0|-1):[0-9a-fA-F]{64}\Z", re.ASCII)
_SUBWALLET = 698983191
_HIGHLOAD_SUBWALLETS = (0x10AD, _SUBWALLET, 0)
_HIGHLOAD_TIMEOUTS = (43200, 86400, 3600, 60 * 5)
_V5_WALLET_ID = 0x7FFFFF11


@dataclass(frozen=True, slots=True)
class _Code:
    """A wallet contract's code: representation hash and depth of its cell."""

    digest: bytes
    depth: int


def _code(digest: str, depth: int) -> _Code:
    return _Code(bytes.fromhex(digest), depth)


_V3R1 = _code("b61041a58a7980b946e8fb9e198e3c904d24799ffa36574ea4251c41a566f581", 0)
_V3R2 = _code("84dafa449f98a6987789ba232358072bc0f76dc4524002a5d0918b9a75d2d599", 0)
_V4R2 = _code("feb5ff6820e2ff0d9483e7e0d62c817d846789fb4ae580c878866d959dabd5c0", 7)
_V5R1 = _code("20834b7b72b112147e1b2fb457b84e74d1a30f04f737d4f62a668e9552d2b72f", 6)
_HIGHLOAD_V3 = _code("11acad7955844090f283bf238bc1449871f783e7cc0979408d3f4859483e8525", 6)


def decode(text: str) -> Address:
    """The user-friendly form (tag, workchain, hash, CRC-16) or ``0:hex``; the bounce flag does not change the account."""
    if _RAW.match(text):
        workchain, _, digest = text.partition(":")
        head = int(workchain).to_bytes(1, "big", signed=True)
        return Address(text, "account", head + bytes.fromhex(digest), checksummed=False)
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise AddressError("it is no user-friendly TON address") from None
    if len(raw) != 36 or crc16(raw[:34]) != int.from_bytes(raw[34:], "big"):
        raise AddressError("its TON checksum does not fit, so at least one character is wrong")
    if raw[0] & 0x7F not in (0x11, 0x51):
        raise AddressError("its TON address tag is unknown")
    return Address(text, "account", raw[1:34], checksummed=True)


def controls(key: bytes, address: Address) -> bool | None:
    """Whether a standard wallet contract of this key has the address, in workchain 0."""
    return address.payload[:1] == b"\x00" and any(
        _state_init_hash(code, bits) == address.payload[1:] for code, bits in _wallets(key)
    )


def _wallets(key: bytes) -> Iterator[tuple[_Code, str]]:
    """Code and first data, as text of bits, of each standard wallet."""
    holder = _bits(int.from_bytes(key, "big"), 256)
    plain = _bits(0, 32) + _bits(_SUBWALLET, 32) + holder
    yield _V3R2, plain
    yield _V3R1, plain
    yield _V4R2, plain + "0"
    yield _V5R1, "1" + _bits(0, 32) + _bits(_V5_WALLET_ID, 32) + holder + "0"
    for subwallet in _HIGHLOAD_SUBWALLETS:
        for timeout in _HIGHLOAD_TIMEOUTS:
            yield _HIGHLOAD_V3, holder + _bits(subwallet, 32) + "00" + _bits(0, 64) + _bits(timeout, 22)


def _bits(value: int, width: int) -> str:
    return format(value, f"0{width}b")


def _state_init_hash(code: _Code, data: str) -> bytes:
    """Representation hash of StateInit{code, data}: descriptors, bits, then depth and hash of both references."""
    data_hash = sha256(_descriptor(0, data))
    return sha256(_descriptor(2, "00110") + code.depth.to_bytes(2, "big") + bytes(2) + code.digest + data_hash)


def _descriptor(references: int, bits: str) -> bytes:
    """The two descriptor bytes and the bits of an ordinary cell, filled up with one 1 and zeros."""
    size = len(bits)
    padded = bits if size % 8 == 0 else bits + "1" + "0" * (7 - size % 8)
    return bytes([references, size // 8 + -(-size // 8)]) + int(padded, 2).to_bytes(len(padded) // 8, "big")
