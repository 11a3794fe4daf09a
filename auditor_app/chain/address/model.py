"""What an address decodes to, and what a chain must answer about one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class AddressError(ValueError):
    """The text is no address of the chain; the message says why, as a clause."""


class Family(StrEnum):
    """How a chain's keys sign: what ownership methods are tried for it."""

    UTXO = "utxo"
    EVM = "evm"
    TRON = "tron"
    SECP256K1 = "secp256k1"
    ED25519 = "ed25519"
    STARK = "stark"


@dataclass(frozen=True, slots=True)
class Address:
    """A decoded address.

    ``kind`` tells what ``payload`` is (``p2pkh``, ``account``, ``name`` …); two spellings of one account have
    equal kind and payload. ``checksummed`` says whether a typing error in ``text`` would have been seen.
    """

    text: str
    kind: str
    payload: bytes
    checksummed: bool


Decode = Callable[[str], Address]
"""The address of a text; :class:`AddressError` if it is none."""

Controls = Callable[[bytes, Address], bool | None]
"""Whether one public key alone controls an address; ``None`` where the chain cannot say so from the key.

Keys are raw: 65 bytes uncompressed SEC for secp256k1, 32 bytes for Ed25519.
"""


@dataclass(frozen=True, slots=True)
class Network:
    """One chain as far as its addresses and message signatures go; ``magic`` heads signed messages on UTXO chains."""

    key: str
    family: Family
    decode: Decode
    controls: Controls
    magic: str = ""
