"""Capturing state proofs (EIP-1186) for balances that were already read, so that others need not trust the node.

Everything is re-performed before it is kept: a proof that gives another balance than the node's own answer stops the
capture. A token whose balances stand in no plain mapping (rebasing tokens) is left unproven and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor_app.chain.accounts import checksum_address
from auditor_app.chain.bundle import ProofCapture, TokenLayout, make_bundle
from auditor_app.chain.evm import EvmReader, binary
from auditor_app.chain.header import HeaderError, encode_header, read_header
from auditor_app.chain.rpc import RpcRefusal
from auditor_app.chain.state_proof import account_state, slot_value
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress

PLAIN_INDICES = tuple(range(64))
NAMESPACED_ERC20 = 0x52C63247E1F47DB19D5CE0460030C497F067CA4CEBF71BA98EEADABE20BACE00
"""Balances of OpenZeppelin's upgradeable ERC-20 (ERC-7201 namespace ``openzeppelin.storage.ERC20``)."""

_BATCH = 50


@dataclass(frozen=True, slots=True)
class RawBalances:
    """Raw balances by lower-case ``0x`` address of one token (``contract``) or, where it is ``None``, of coins."""

    contract: str | None
    decimals: int
    amounts: Mapping[str, int]


def capture_proofs(reader: EvmReader, chain: str, balances: Sequence[RawBalances]) -> Operation[ProofCapture]:
    """Proofs of every balance under the reader's block; :class:`ChainError` where the node contradicts itself."""
    origin = reader.rpc.endpoint.origin
    try:
        encoded = encode_header(reader.block.header)
    except HeaderError as error:
        return (None, (f"{origin}: no state proofs, because {error}",))
    header = read_header(encoded, bytes.fromhex(reader.block.hash[2:]))
    notes: list[str] = []
    nodes: set[bytes] = set()
    layouts: list[TokenLayout] = []
    try:
        for group in balances:
            if group.contract is None:
                asked: list[tuple[str, list[str]]] = [(holder, []) for holder in group.amounts]
                nodes |= yield from _proofs(reader, asked, "accounts")
            else:
                layout, found = yield from _token(reader, group, header.state_root)
                if layout is None:
                    notes.append(f"{origin}: token {group.contract} keeps no plain balances; its lines stay unproven")
                else:
                    layouts.append(layout)
                    nodes |= found
    except RpcRefusal as refusal:
        return (None, (f"{origin}: no state proofs, because {refusal.what}",))
    table = NodeTable(nodes)
    _recalculate(table, header.state_root, balances, {layout.contract: layout for layout in layouts}, origin)
    return (make_bundle(chain, encoded, table.crossed(), layouts), tuple(notes))


def _recalculate(
    table: NodeTable, root: bytes, balances: Sequence[RawBalances], layouts: Mapping[str, TokenLayout], origin: str
) -> None:
    """Walk every path as a verifier will; the node's proofs must give the node's own balances."""
    for group in balances:
        if group.contract is not None and group.contract not in layouts:
            continue
        for holder, amount in group.amounts.items():
            try:
                proven = _word(table, root, group.contract, holder, layouts)
            except TrieError as error:
                raise _contradiction(origin, f"its proof for {holder} does not hold: {error}") from None
            if proven != amount:
                raise _contradiction(origin, f"it says {amount} for {holder} and proves {proven}")


def _word(table: NodeTable, root: bytes, contract: str | None, holder: str, layouts: Mapping[str, TokenLayout]) -> int:
    if contract is None:
        return account_state(table, root, bytes.fromhex(holder[2:])).balance
    token = account_state(table, root, bytes.fromhex(contract[2:]))
    return slot_value(table, token.storage_root, layouts[contract].slot(bytes.fromhex(holder[2:])))


def _token(
    reader: EvmReader, group: RawBalances, state_root: bytes
) -> Operation[tuple[TokenLayout | None, set[bytes]]]:
    """The layout under which every holder's slot holds the holder's balance, with the proofs of those slots."""
    contract = group.contract or ""
    for layout in _candidates(reader, group):
        slots = ["0x" + layout.slot(bytes.fromhex(holder[2:])).hex() for holder in group.amounts]
        asked = [(contract, slots[start : start + _BATCH]) for start in range(0, len(slots), _BATCH)]
        nodes = yield from _proofs(reader, asked, "token slots")
        table = NodeTable(nodes)
        try:
            root = account_state(table, state_root, bytes.fromhex(contract[2:])).storage_root
            fits = all(
                slot_value(table, root, layout.slot(bytes.fromhex(holder[2:]))) == amount
                for holder, amount in group.amounts.items()
            )
        except TrieError as error:
            raise _contradiction(
                reader.rpc.endpoint.origin, f"its proof for {contract} does not hold: {error}"
            ) from None
        if fits:
            return layout, nodes
    return None, set()


def _candidates(reader: EvmReader, group: RawBalances) -> list[TokenLayout]:
    """Layouts whose slot for the richest holder holds that holder's balance."""
    contract = group.contract or ""
    holder, amount = max(group.amounts.items(), key=lambda item: item[1])
    if not amount:
        return []  # nothing tells one empty slot from another
    layouts = [
        TokenLayout(contract=contract, decimals=group.decimals, index=str(index), key_first=key_first)
        for index in (*PLAIN_INDICES, NAMESPACED_ERC20)
        for key_first in (True, False)
    ]
    slots = {"0x" + layout.slot(bytes.fromhex(holder[2:])).hex(): layout for layout in layouts}
    touched = _touched_slots(reader, contract, holder)
    wanted = [slot for slot in slots if touched is None or slot in touched]
    words = reader.rpc.batch([("eth_getStorageAt", [contract, slot, reader.pin]) for slot in wanted])
    origin = reader.rpc.endpoint.origin
    return [
        slots[slot]
        for slot, word in zip(wanted, words, strict=True)
        if not isinstance(word, RpcRefusal) and int.from_bytes(binary(word, "a storage word", origin), "big") == amount
    ]


def _touched_slots(reader: EvmReader, contract: str, holder: str) -> set[str] | None:
    """Slots that ``balanceOf`` reads (``eth_createAccessList``), ``None`` where the endpoint cannot say."""
    call = {"to": contract, "data": "0x70a08231" + "00" * 12 + holder[2:]}
    try:
        answer = reader.rpc.call("eth_createAccessList", [call, reader.pin])
    except RpcRefusal:
        return None
    entries = answer.get("accessList") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        return None
    keys = [key for entry in entries if isinstance(entry, dict) for key in entry.get("storageKeys") or ()]
    return {key.lower() for key in keys if isinstance(key, str)} or None


def _proofs(reader: EvmReader, asked: Sequence[tuple[str, list[str]]], what: str) -> Operation[set[bytes]]:
    """The nodes of ``eth_getProof`` for each address and its slots, in batches that halve when declined."""
    nodes: set[bytes] = set()
    done, size = 0, _BATCH
    note = f"{reader.rpc.endpoint.origin}: state proofs of {what}"
    while done < len(asked):
        chunk = asked[done : done + size]
        try:
            answers = reader.rpc.batch(
                [("eth_getProof", [checksum_address(address), slots, reader.pin]) for address, slots in chunk]
            )
            refused = next((item for item in answers if isinstance(item, RpcRefusal)), None)
            if refused is not None:
                raise refused
        except RpcRefusal:
            if size == 1:
                raise
            size = max(1, size // 4)
            continue
        for answer in answers:
            nodes |= _nodes_of(answer, reader.rpc.endpoint.origin)
        done += len(chunk)
        yield Progress(done, len(asked), "proofs", note)
    return nodes


def _nodes_of(answer: Any, origin: str) -> set[bytes]:
    document = answer if isinstance(answer, dict) else {}
    storage = document.get("storageProof")
    entries = storage if isinstance(storage, list) else []
    lists = [document.get("accountProof"), *(item.get("proof") for item in entries if isinstance(item, dict))]
    if not all(isinstance(item, list) for item in lists):
        raise _contradiction(origin, "its state proof has no nodes")
    return {binary(node, "a proof node", origin) for nodes in lists for node in nodes or ()}


def _contradiction(origin: str, what: str) -> ChainError:
    return ChainError(
        "CHAIN.ENDPOINT", f"the endpoint {origin} gave no usable answer: {what}", action="Use another endpoint."
    )
