"""Accounts named by CAIP-10, decoded so that two spellings of one account are seen to be one.

Each namespace has its own decoder: it checks length and checksum and returns the bytes that the address stands
for. What cannot be decoded is an error, never a pass; what decodes but carries no checksum is marked, because a
typing error in it would go unnoticed (EIP-55, BIP-173, BIP-350, CAIP-2, CAIP-10).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import base58
from btclib import bech32
from btclib.b32 import power_of_2_base_conversion
from Crypto.Hash import keccak

from auditor_app.errors import ChainError, Location

_CAIP10 = re.compile(r"([-a-z0-9]{3,8}):([-_a-zA-Z0-9]{1,32}):([-._%a-zA-Z0-9]{1,128})\Z", re.ASCII)
_HEX20 = re.compile(r"0x[0-9a-fA-F]{40}\Z", re.ASCII)
_HEX32 = re.compile(r"0x[0-9a-fA-F]{1,64}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """A decoded account: ``identity`` is equal for every spelling; ``checksummed`` says a typo would be seen.

    ``known_form`` is false for a chain whose address form this program does not know; identity is then the text.
    """

    chain: str
    address: str
    identity: str
    checksummed: bool
    known_form: bool = True


@dataclass(frozen=True, slots=True)
class _Utxo:
    """Address prefixes of one UTXO chain."""

    p2pkh: tuple[int, ...]
    p2sh: tuple[int, ...]
    hrp: str | None


_UTXO_CHAINS: Mapping[str, _Utxo] = MappingProxyType(
    {
        "000000000019d6689c085ae165831e93": _Utxo((0x00,), (0x05,), "bc"),
        "000000000933ea01ad0ee984209779ba": _Utxo((0x6F,), (0xC4,), "tb"),
        "12a765e31ffd4059bada1e25190f6e98": _Utxo((0x30,), (0x32, 0x05), "ltc"),
        "530827f38f93b43ed12af0b3ad25a288": _Utxo((0x6F,), (0x3A, 0xC4), "rltc"),
        "1a91e3dace36e2be3bf030a65679fe82": _Utxo((0x1E,), (0x16,), None),
    }
)
"""CAIP-2 reference (first half of the genesis hash): Bitcoin, its testnet, Litecoin, its regtest, Dogecoin."""


def decode_account(text: str) -> Account:
    """The account that a CAIP-10 text names; :class:`ChainError` ``ADDRESS.UNDECODABLE`` if there is none."""
    match = _CAIP10.match(text)
    if not match:
        raise _undecodable(text, "it is not a CAIP-10 account (namespace:reference:address)")
    namespace, reference, address = match.groups()
    chain = f"{namespace}:{reference}"
    decoder = _DECODERS.get(namespace)
    if decoder is None:
        return Account(chain, address, f"{chain}:{address}", checksummed=False, known_form=False)
    try:
        identity, checksummed = decoder(reference, address)
    except ValueError as error:
        raise _undecodable(text, str(error)) from None
    return Account(chain, address, f"{chain}:{identity}", checksummed)


def asset_identity(asset_id: str) -> str:
    """A CAIP-19 asset id with its contract address in one spelling."""
    chain, slash, rest = asset_id.partition("/")
    kind, colon, reference = rest.partition(":")
    if kind in ("erc20", "bep20") or (chain.startswith("eip155:") and _HEX20.match(reference)):
        reference = reference.lower()
    return f"{chain}{slash}{kind}{colon}{reference}"


def checksum_address(address: str) -> str:
    """The EIP-55 spelling of an EVM address given in any case."""
    digits = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=digits.encode("ascii")).hexdigest()
    return "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(digits, digest, strict=False))


def _undecodable(text: str, reason: str) -> ChainError:
    return ChainError(
        "ADDRESS.UNDECODABLE",
        f"the account {text[:140]} cannot be decoded: {reason}",
        at=Location(),
        action="Ask for the right address.",
    )


def _evm(_reference: str, address: str) -> tuple[str, bool]:
    if not _HEX20.match(address):
        raise ValueError("an EVM address is 0x and 40 hex digits")
    digits = address[2:]
    single_case = digits in (digits.lower(), digits.upper())
    if not single_case and address != checksum_address(address):
        raise ValueError("its EIP-55 checksum does not fit, so at least one character is wrong")
    return address.lower(), not single_case or digits.isdigit()


def _utxo(reference: str, address: str) -> tuple[str, bool]:
    rules = _UTXO_CHAINS.get(reference)
    if rules is None or (rules.hrp is not None and address.lower().startswith(rules.hrp + "1")):
        try:
            return _segwit(None if rules is None else rules.hrp, address), True
        except ValueError:
            if rules is not None:
                raise
    raw = _base58check(address, base58.BITCOIN_ALPHABET)
    if len(raw) != 21:
        raise ValueError("a base58 address holds 21 bytes")
    version, digest = raw[0], raw[1:].hex()
    if rules is None:
        return f"{version:02x}:{digest}", True
    if version in rules.p2pkh:
        return f"p2pkh:{digest}", True
    if version in rules.p2sh:
        return f"p2sh:{digest}", True
    raise ValueError(f"its version byte {version:#04x} belongs to another chain")


def _segwit(hrp: str | None, address: str) -> str:
    """``witness:VERSION:PROGRAM`` of a segregated witness address (BIP-173, BIP-350)."""
    found, words = bech32.decode(address)
    if hrp is not None and found != hrp:
        raise ValueError(f"its prefix {found} belongs to another chain")
    if not words or words[0] > 16:
        raise ValueError("its witness version is out of range")
    program = _bytes_of(words[1:])
    if not 2 <= len(program) <= 40 or (words[0] == 0 and len(program) not in (20, 32)):
        raise ValueError("its witness program has a wrong length")
    return f"witness:{words[0]}:{program.hex()}"


def _bytes_of(words: list[int]) -> bytes:
    """Regroup 5-bit words into bytes; ``ValueError`` for wrong padding."""
    return bytes(power_of_2_base_conversion(words, 5, 8, pad=False))


def _base58check(address: str, alphabet: bytes) -> bytes:
    try:
        return base58.b58decode_check(address, alphabet=alphabet)
    except ValueError:
        raise ValueError("its base58 checksum does not fit, so at least one character is wrong") from None


def _tron(_reference: str, address: str) -> tuple[str, bool]:
    if re.match(r"(0x)?41[0-9a-fA-F]{40}\Z", address, re.ASCII):
        return address.removeprefix("0x").lower(), False
    raw = _base58check(address, base58.BITCOIN_ALPHABET)
    if len(raw) != 21 or raw[0] != 0x41:
        raise ValueError("a Tron address holds 0x41 and 20 bytes")
    return raw.hex(), True


def _xrpl(_reference: str, address: str) -> tuple[str, bool]:
    raw = _base58check(address, base58.RIPPLE_ALPHABET)
    if len(raw) != 21 or raw[0] != 0:
        raise ValueError("an XRP Ledger address holds 0x00 and 20 bytes")
    return raw.hex(), True


def _solana(_reference: str, address: str) -> tuple[str, bool]:
    try:
        raw = base58.b58decode(address)
    except ValueError:
        raise ValueError("it is not base58") from None
    if len(raw) != 32:
        raise ValueError("a Solana address holds 32 bytes")
    return raw.hex(), False


def _ton(_reference: str, address: str) -> tuple[str, bool]:
    """User-friendly form: tag, workchain, 32 bytes, CRC-16/XMODEM; the bounce flag does not change the account."""
    try:
        raw = base64.b64decode(address, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not a user-friendly TON address") from None
    if len(raw) != 36 or binascii.crc_hqx(raw[:34], 0) != int.from_bytes(raw[34:], "big"):
        raise ValueError("its TON checksum does not fit")
    if raw[0] & 0x7F not in (0x11, 0x51):
        raise ValueError("its TON address tag is unknown")
    return raw[1:34].hex(), True


def _move(_reference: str, address: str) -> tuple[str, bool]:
    """Aptos and Sui: 32 bytes in hex, leading zeros optional."""
    if not _HEX32.match(address):
        raise ValueError("it is not 0x and up to 64 hex digits")
    return f"{int(address, 16):064x}", False


def _ss58(_reference: str, address: str) -> tuple[str, bool]:
    """Polkadot: base58 of a network prefix, 32 bytes and two bytes of BLAKE2b-512 over ``SS58PRE``."""
    try:
        raw = base58.b58decode(address)
    except ValueError:
        raise ValueError("it is not base58") from None
    if len(raw) not in (35, 36) or hashlib.blake2b(b"SS58PRE" + raw[:-2]).digest()[:2] != raw[-2:]:
        raise ValueError("its SS58 checksum does not fit")
    return raw[-34:-2].hex(), True


def _cosmos(_reference: str, address: str) -> tuple[str, bool]:
    prefix, words = bech32.decode(address, bech32.BECH32_1_CONST)
    return f"{prefix}:{_bytes_of(words).hex()}", True


_DECODERS: Mapping[str, Callable[[str, str], tuple[str, bool]]] = MappingProxyType(
    {
        "eip155": _evm,
        "bip122": _utxo,
        "tron": _tron,
        "xrpl": _xrpl,
        "solana": _solana,
        "ton": _ton,
        "tvm": _ton,
        "aptos": _move,
        "sui": _move,
        "polkadot": _ss58,
        "cosmos": _cosmos,
    }
)
