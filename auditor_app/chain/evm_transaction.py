"""EVM transactions and receipts as a block's tries hold them: who sent what, and whether it went through.

Envelopes of EIP-2718: legacy, access list (EIP-2930), fee market (EIP-1559), blobs (EIP-4844), set code (EIP-7702), and
the deposits with which blocks of OP chains begin. The sender is whoever's key made the signature; a deposit names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import evm_account, keccak256
from auditor_app.chain.ownership.keys import recover
from auditor_app.chain.rlp import Item, RlpError

TRANSFER = keccak256(b"Transfer(address,address,uint256)")
"""Topic of ERC-20's event."""

_LEGACY = ("nonce", "gasPrice", "gas", "to", "value", "input", "v", "r", "s")
_TYPED_HEAD = ("chainId", "nonce")
_FEES = ("maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList")
_SIGNATURE = ("yParity", "r", "s")

TRANSACTION_FIELDS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        0: _LEGACY,
        1: (*_TYPED_HEAD, "gasPrice", "gas", "to", "value", "input", "accessList", *_SIGNATURE),
        2: (*_TYPED_HEAD, *_FEES, *_SIGNATURE),
        3: (*_TYPED_HEAD, *_FEES, "maxFeePerBlobGas", "blobVersionedHashes", *_SIGNATURE),
        4: (*_TYPED_HEAD, *_FEES, "authorizationList", *_SIGNATURE),
        0x7E: ("sourceHash", "from", "to", "mint", "value", "gas", "isSystemTx", "input"),
    }
)
"""JSON-RPC names of a transaction's fields in RLP order, by envelope type. One line adds a type."""

DEPOSIT = 0x7E


class TransactionError(ValueError):
    """The bytes are no transaction or receipt that is known here; the message is a clause."""


@dataclass(frozen=True, slots=True)
class EvmTransaction:
    """What a transaction says: 20-byte ``sender`` and ``to`` (``None``: a creation), value in wei, data.

    ``chain_id`` is ``None`` where a legacy signature does not bind one.
    """

    sender: bytes
    to: bytes | None
    value: int
    data: bytes
    chain_id: int | None


@dataclass(frozen=True, slots=True)
class TokenMove:
    """One ``Transfer`` event: token contract, both accounts (20 bytes), and raw units."""

    token: bytes
    sender: bytes
    to: bytes
    units: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a transaction ended: whether it went through, and the tokens that it moved."""

    succeeded: bool
    moves: tuple[TokenMove, ...]


def read_transaction(raw: bytes) -> EvmTransaction:
    """A transaction from the bytes in a block's trie; :class:`TransactionError` for anything else."""
    kind, fields = _split(raw)
    names = TRANSACTION_FIELDS.get(kind)
    if names is None or len(fields) != len(names):
        raise TransactionError(f"a transaction of type {kind} with {len(fields)} fields is not known")
    named = dict(zip(names, fields, strict=True))
    try:
        to = _address(named["to"], may_be_empty=True)
        value, data = rlp.integer(named["value"]), _data(named["input"])
        if kind == DEPOSIT:
            return EvmTransaction(_address(named["from"]) or b"", to, value, data, None)
        chain_id, parity, digest = _signed(kind, named, fields)
        r, s = (rlp.integer(named[name]).to_bytes(32, "big") for name in ("r", "s"))
    except RlpError as error:
        raise TransactionError(f"a transaction is not canonical: {error}") from None
    key = recover(digest, r + s, parity)
    if key is None:
        raise TransactionError("a transaction's signature leads to no key")
    return EvmTransaction(evm_account(key), to, value, data, chain_id)


def read_receipt(raw: bytes) -> Receipt:
    """A receipt from the bytes in a block's trie; :class:`TransactionError` for anything else.

    Receipts from before Byzantium say nothing of success and count as failed.
    """
    _, fields = _split(raw)
    if len(fields) < 4 or not isinstance(fields[3], list):
        raise TransactionError("a receipt does not have the fields of a receipt")
    return Receipt(fields[0] == b"\x01", tuple(move for log in fields[3] if (move := _move(log)) is not None))


def _split(raw: bytes) -> tuple[int, list[Item]]:
    """Envelope type (0 for legacy) and fields."""
    kind = raw[0] if raw and raw[0] < 0x80 else 0
    try:
        fields = rlp.decode(raw[1:] if kind else raw)
    except RlpError as error:
        raise TransactionError(f"it is not canonical RLP: {error}") from None
    if not isinstance(fields, list):
        raise TransactionError("it is no list of fields")
    return kind, fields


def _signed(kind: int, named: Mapping[str, Item], fields: list[Item]) -> tuple[int | None, int, bytes]:
    """Chain id, parity of the signature, and the digest that was signed."""
    if kind:
        body = rlp.encode(fields[:-3])
        return rlp.integer(named["chainId"]), rlp.integer(named["yParity"]), keccak256(bytes([kind]) + body)
    v = rlp.integer(named["v"])
    if v in (27, 28):
        return None, v - 27, keccak256(rlp.encode(fields[:6]))
    if v < 35:
        raise TransactionError("a legacy signature is neither bound to a chain nor unbound")
    chain_id = (v - 35) // 2
    return chain_id, (v - 35) % 2, keccak256(rlp.encode([*fields[:6], rlp.scalar(chain_id), b"", b""]))


def _move(log: Item) -> TokenMove | None:
    """The token that a log says was moved; ``None`` for any other event."""
    if not isinstance(log, list) or len(log) != 3:
        raise TransactionError("a log does not have three fields")
    token, topics, data = log
    if not isinstance(topics, list) or len(topics) != 3 or topics[0] != TRANSFER:
        return None
    sender, to = topics[1], topics[2]
    if not isinstance(token, bytes) or not isinstance(data, bytes) or len(data) != 32:
        return None
    if not isinstance(sender, bytes) or not isinstance(to, bytes) or any(sender[:12]) or any(to[:12]):
        return None
    return TokenMove(token, sender[12:], to[12:], int.from_bytes(data, "big"))


def _address(item: Item, *, may_be_empty: bool = False) -> bytes | None:
    if item == b"" and may_be_empty:
        return None
    if not isinstance(item, bytes) or len(item) != 20:
        raise TransactionError("an account is not of 20 bytes")
    return item


def _data(item: Item) -> bytes:
    if not isinstance(item, bytes):
        raise TransactionError("a transaction's data are no bytes")
    return item
