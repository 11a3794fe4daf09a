"""EVM block headers: from an endpoint's JSON to the RLP whose Keccak-256 is the block hash, and back.

Which fields a header has depends on the fork and the chain. The lists are a table; the one whose hash is the block's
is right, and where none is, the header is refused: a guess would pin nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.rlp import Item, RlpError

_HASH32 = re.compile(r"0x[0-9a-f]{64}\Z", re.ASCII)
_HEX = re.compile(r"0x[0-9a-f]*\Z", re.ASCII)
_NUMBERS = frozenset(
    {
        "difficulty",
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
        "extDataGasUsed",
        "blockGasCost",
    }
)

_FRONTIER = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
)
_LONDON = (*_FRONTIER, "baseFeePerGas")
_SHANGHAI = (*_LONDON, "withdrawalsRoot")
_CANCUN = (*_SHANGHAI, "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot")
_PRAGUE = (*_CANCUN, "requestsHash")
_AVALANCHE = (*_FRONTIER, "extDataHash", "baseFeePerGas", "extDataGasUsed", "blockGasCost")

FIELD_LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Amsterdam (EIP-7928)": (*_PRAGUE, "blockAccessListHash"),
        "Prague": _PRAGUE,
        "Cancun": _CANCUN,
        "Shanghai": _SHANGHAI,
        "London": _LONDON,
        "Frontier": _FRONTIER,
        "Avalanche C, Etna": (*_AVALANCHE, "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"),
        "Avalanche C, Apricot 4": _AVALANCHE,
        "Avalanche C, Apricot 3": (*_FRONTIER, "extDataHash", "baseFeePerGas"),
        "Avalanche C": (*_FRONTIER, "extDataHash"),
    }
)
"""Header fields in RLP order by fork, newest first. One line adds a fork."""

_PARENT, _COINBASE, _STATE, _TRANSACTIONS, _RECEIPTS, _NUMBER, _GAS_LIMIT, _TIMESTAMP, _MIX = (
    _FRONTIER.index(name)
    for name in (
        "parentHash",
        "miner",
        "stateRoot",
        "transactionsRoot",
        "receiptsRoot",
        "number",
        "gasLimit",
        "timestamp",
        "mixHash",
    )
)

LAST_SECOND = 253_402_300_799
"""The end of the year 9999 in seconds since 1970, the last that a date can name."""


class HeaderError(ValueError):
    """The header is not that of the named block; the message is a clause."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header that hashes to ``hash``; hashes are raw bytes, ``timestamp`` in seconds since 1970.

    ``mix`` is the random value of the beacon chain since the merge.
    """

    hash: bytes
    parent_hash: bytes
    coinbase: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    number: int
    gas_limit: int
    timestamp: int
    mix: bytes


def read_header(encoded: bytes, block_hash: bytes) -> Header:
    """The header whose RLP is ``encoded``; :class:`HeaderError` unless it hashes to ``block_hash``."""
    if keccak256(encoded) != block_hash:
        raise HeaderError("the header does not hash to the block's hash")
    try:
        items = rlp.decode(encoded)
        if not isinstance(items, list) or not len(_FRONTIER) <= len(items) <= len(_FRONTIER) + 16:
            raise HeaderError("the header does not have the fields of a header")
        return Header(
            hash=block_hash,
            parent_hash=_bytes(items[_PARENT], 32),
            coinbase=_bytes(items[_COINBASE], 20),
            state_root=_bytes(items[_STATE], 32),
            transactions_root=_bytes(items[_TRANSACTIONS], 32),
            receipts_root=_bytes(items[_RECEIPTS], 32),
            number=rlp.integer(items[_NUMBER], 8),
            gas_limit=rlp.integer(items[_GAS_LIMIT], 8),
            timestamp=_time(rlp.integer(items[_TIMESTAMP], 8)),
            mix=_bytes(items[_MIX], 32),
        )
    except RlpError as error:
        raise HeaderError(f"the header is not canonical RLP: {error}") from None


def encode_header(fields: Mapping[str, Any]) -> bytes:
    """The RLP of a header given as JSON-RPC fields; :class:`HeaderError` unless one field list gives its ``hash``."""
    stated = fields.get("hash")
    if not isinstance(stated, str) or not _HASH32.match(stated):
        raise HeaderError("the header names no hash")
    for names in FIELD_LISTS.values():
        if all(fields.get(name) is not None for name in names):
            encoded = rlp.encode([_field(name, fields[name]) for name in names])
            if keccak256(encoded).hex() == stated[2:]:
                return encoded
    raise HeaderError("no known list of header fields hashes to the block's hash")


def _field(name: str, value: Any) -> bytes:
    if not isinstance(value, str) or not _HEX.match(value) or len(value) > 4096:
        raise HeaderError(f"the header field {name} is no hexadecimal text")
    if name in _NUMBERS:
        return rlp.scalar(int(value, 16)) if len(value) > 2 else b""
    if len(value) % 2:
        raise HeaderError(f"the header field {name} is cut short")
    return bytes.fromhex(value[2:])


def _time(seconds: int) -> int:
    if seconds > LAST_SECOND:
        raise HeaderError("the header's time is after the year 9999")
    return seconds


def _bytes(item: Item, size: int) -> bytes:
    if not isinstance(item, bytes) or len(item) != size:
        raise HeaderError("a header field has a wrong length")
    return item
