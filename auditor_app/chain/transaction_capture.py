"""Capturing transactions with their inclusion: the whole block is rebuilt from an endpoint's JSON, and its roots decide.

Nothing is believed: transactions and receipts are encoded anew and must give the two roots in a header that hashes to
the block; a transaction of a type that is not known makes another root and is left out with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.bundle import ProofBundle
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.evm_transaction import DEPOSIT, TRANSACTION_FIELDS, TransactionError, read_receipt
from auditor_app.chain.header import Header, encode_header, read_header
from auditor_app.chain.history import HISTORY_WINDOW, capture_history
from auditor_app.chain.rlp import Item
from auditor_app.chain.rpc import RpcRefusal
from auditor_app.chain.transactions import (
    MEDIA_TYPE,
    IncludedTransactions,
    PlacedTransaction,
    TokenDecimals,
    encode_transactions,
    transactions_name,
)
from auditor_app.chain.trie import NodeTable
from auditor_app.chain.trie_building import build
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader

MAX_TRANSACTIONS = 100_000
"""Of one block."""

_RECEIPTS_AT_ONCE = 100
_NUMBERS = frozenset(
    {
        "nonce",
        "gasPrice",
        "gas",
        "value",
        "v",
        "r",
        "s",
        "chainId",
        "maxPriorityFeePerGas",
        "maxFeePerGas",
        "maxFeePerBlobGas",
        "yParity",
        "mint",
        "cumulativeGasUsed",
        "depositNonce",
        "depositReceiptVersion",
    }
)


class _Found:
    """What grows while transactions are captured."""

    def __init__(self) -> None:
        self.placed: list[PlacedTransaction] = []
        self.headers: dict[bytes, tuple[Header, bytes]] = {}
        self.nodes: set[bytes] = set()
        self.tokens: set[str] = set()


def capture_transactions(
    reader: EvmReader, chain: str, ids: Sequence[str]
) -> Operation[tuple[ProofMember | None, tuple[str, ...]]]:
    """The member with every transaction that can be shown to stand in its block, and in words which cannot."""
    origin = reader.rpc.endpoint.origin
    found = _Found()
    notes: list[str] = []
    for number, txid in enumerate(ids):
        yield Progress(number, len(ids), "transactions", f"{origin}: transactions with their blocks")
        try:
            _one(reader, txid, found)
        except (ValueError, RpcRefusal, ChainError) as error:
            reason = str(error) if isinstance(error, ValueError) else error.what
            notes.append(f"{origin}: the transaction 0x{txid} is not in the file, because {reason}")
    if not found.placed:
        return None, tuple(notes)
    earlier, history = yield from _history(reader, chain, found, notes)
    data = encode_transactions(
        chain,
        found.placed,
        [encoded for _, encoded in found.headers.values()],
        found.nodes,
        tokens=_decimals(reader, sorted(found.tokens)),
        earlier=earlier,
        history=history,
    )
    IncludedTransactions(data, chain, bytes.fromhex(reader.block.hash[2:]))  # as a verifier will read it
    return ProofMember(transactions_name(chain), MEDIA_TYPE, data), tuple(notes)


def _one(reader: EvmReader, txid: str, found: _Found) -> None:
    """One transaction with the paths to it; ``ValueError`` with a clause where it cannot be shown."""
    transaction = reader.rpc.call("eth_getTransactionByHash", ["0x" + txid])
    named = transaction.get("blockHash") if isinstance(transaction, dict) else None
    answer = None if named is None else reader.rpc.call("eth_getBlockByHash", [named, True])
    block: dict[str, Any] = answer if isinstance(answer, dict) else {}
    entries = block.get("transactions")
    if not isinstance(entries, list) or len(entries) > MAX_TRANSACTIONS:
        raise ValueError("the endpoint knows no block with it")
    ids = [entry.get("hash") if isinstance(entry, dict) else None for entry in entries]
    if "0x" + txid not in ids:
        raise ValueError("it does not stand in the block that the endpoint names")
    position = ids.index("0x" + txid)
    encoded = encode_header(block)
    header = read_header(encoded, bytes.fromhex(block["hash"][2:]))
    receipts = _receipts(reader, block["hash"], [str(item) for item in ids])
    raw_receipts = [encode_receipt(item) for item in receipts]
    raw_transactions = [encode_transaction(entry) for entry in entries]
    if keccak256(raw_transactions[position]).hex() != txid:
        raise ValueError("the endpoint gives other contents for it than its id says")
    tries = (
        (header.transactions_root, "transactions", raw_transactions),
        (header.receipts_root, "receipts", raw_receipts),
    )
    for root, what, items in tries:
        made, nodes = build(items)
        if made != root:
            raise ValueError(f"the {what} of its block do not give the root in the header; one is of an unknown type")
        table = NodeTable(nodes.values())
        table.lookup_position(root, position)
        found.nodes.update(table.crossed())
    found.placed.append(PlacedTransaction(id="0x" + txid, block="0x" + header.hash.hex(), position=position))
    found.headers[header.hash] = (header, encoded)
    found.tokens.update("0x" + move.token.hex() for move in read_receipt(raw_receipts[position]).moves)


def _receipts(reader: EvmReader, block_hash: str, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """The receipts of a block in order: in one request where the endpoint can, else one by one."""
    try:
        answers: Any = reader.rpc.call("eth_getBlockReceipts", [block_hash])
    except RpcRefusal:
        answers = None
    if not isinstance(answers, list):
        answers = []
        for start in range(0, len(ids), _RECEIPTS_AT_ONCE):
            chunk = ids[start : start + _RECEIPTS_AT_ONCE]
            answers += reader.rpc.batch([("eth_getTransactionReceipt", [item]) for item in chunk])
    if len(answers) != len(ids) or not all(isinstance(item, dict) for item in answers):
        raise ValueError("the endpoint does not give the receipts of its block")
    return list(answers)


def _history(
    reader: EvmReader, chain: str, found: _Found, notes: list[str]
) -> Operation[tuple[list[int], ProofBundle | None]]:
    """Proofs of the hashes of earlier blocks within reach of the snapshot's; the others stay untied, with a note."""
    own, origin = reader.block.height, reader.rpc.endpoint.origin
    numbers = {header.number for header, _ in found.headers.values()} - {own}
    within = sorted(number for number in numbers if own - HISTORY_WINDOW <= number < own)
    history: ProofBundle | None = None
    if within:
        try:
            history = yield from capture_history(reader, chain, *within)
        except (ChainError, RpcRefusal) as error:
            notes.append(f"{origin}: blocks of transactions are not tied to the snapshot's, because {error.what}")
            return [], None
    if beyond := sorted(numbers - set(within)):
        notes.append(
            f"{origin}: block {beyond[0]} of a transaction is not among the {HISTORY_WINDOW} before the snapshot's, "
            "so it is not tied to it"
        )
    return within, history


def _decimals(reader: EvmReader, contracts: Sequence[str]) -> Iterable[TokenDecimals]:
    """What tokens answer to ``decimals()``; a contract that is no token is left out."""
    for contract in contracts:
        try:
            yield TokenDecimals(contract=contract, decimals=reader.token_decimals(contract))
        except (ChainError, RpcRefusal):
            continue


def encode_transaction(fields: Mapping[str, Any]) -> bytes:
    """The bytes of a transaction given as JSON-RPC fields; :class:`TransactionError` for a type that is not known."""
    kind = _kind(fields)
    names = TRANSACTION_FIELDS.get(kind)
    if names is None:
        raise TransactionError(f"a transaction of type {kind} stands in its block, which is not known here")
    items = [_field(name, fields) for name in names]
    return (bytes([kind]) if kind else b"") + rlp.encode(items)


def encode_receipt(fields: Mapping[str, Any]) -> bytes:
    """The bytes of a receipt given as JSON-RPC fields."""
    kind = _kind(fields)
    logs = fields.get("logs")
    status = fields.get("status")
    outcome = _hex(fields.get("root"), "root") if status is None else _number(status, "status")
    items: list[Item] = [
        outcome,
        _number(fields.get("cumulativeGasUsed"), "cumulativeGasUsed"),
        _hex(fields.get("logsBloom"), "logsBloom"),
        [_log(item) for item in logs] if isinstance(logs, list) else [],
    ]
    if kind == DEPOSIT:
        items += [_field(name, fields) for name in ("depositNonce", "depositReceiptVersion") if fields.get(name)]
    return (bytes([kind]) if kind else b"") + rlp.encode(items)


def _kind(fields: Mapping[str, Any]) -> int:
    value = fields.get("type", "0x0")
    return int.from_bytes(_number("0x0" if value is None else value, "type"), "big")


def _field(name: str, fields: Mapping[str, Any]) -> Item:
    value = fields.get(name)
    if name == "to":
        return b"" if value is None else _hex(value, name)
    if name == "mint" and value is None:
        return b""
    if name == "isSystemTx":
        return b"\x01" if value else b""
    if name == "accessList":
        return [_access(item) for item in _list(value, name)]
    if name == "blobVersionedHashes":
        return [_hex(item, name) for item in _list(value, name)]
    if name == "authorizationList":
        return [_authorization(item) for item in _list(value, name)]
    if name == "yParity" and value is None:
        value = fields.get("v")  # older nodes give the parity of typed transactions as v
    return _number(value, name) if name in _NUMBERS else _hex(value, name)


def _access(item: Any) -> list[Item]:
    entry = item if isinstance(item, dict) else {}
    keys: list[Item] = [_hex(key, "storageKeys") for key in _list(entry.get("storageKeys"), "storageKeys")]
    return [_hex(entry.get("address"), "address"), keys]


def _authorization(item: Any) -> list[Item]:
    entry = item if isinstance(item, dict) else {}
    parity = entry.get("yParity", entry.get("v"))
    return [
        _number(entry.get("chainId"), "chainId"),
        _hex(entry.get("address"), "address"),
        _number(entry.get("nonce"), "nonce"),
        _number(parity, "yParity"),
        _number(entry.get("r"), "r"),
        _number(entry.get("s"), "s"),
    ]


def _log(item: Any) -> list[Item]:
    entry = item if isinstance(item, dict) else {}
    topics: list[Item] = [_hex(topic, "topics") for topic in _list(entry.get("topics"), "topics")]
    return [_hex(entry.get("address"), "address"), topics, _hex(entry.get("data"), "data")]


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise TransactionError(f"the field {name} of a transaction in its block is missing")
    return value


def _hex(value: Any, name: str) -> bytes:
    try:
        if not isinstance(value, str) or not value.startswith("0x"):
            raise ValueError
        return bytes.fromhex(value[2:])
    except ValueError:
        raise TransactionError(f"the field {name} of a transaction in its block is no hexadecimal text") from None


def _number(value: Any, name: str) -> bytes:
    try:
        if not isinstance(value, str) or not value.startswith("0x") or len(value) > 66:
            raise ValueError
        return rlp.scalar(int(value[2:] or "0", 16))
    except ValueError:
        raise TransactionError(f"the field {name} of a transaction in its block is no number") from None
