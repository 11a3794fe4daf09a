"""Capturing state proofs (EIP-1186) for balances that were already read, so that others need not trust the node.

Everything is re-performed before it is kept: a proof that gives another balance than the node's own answer stops the
capture. A token whose balances stand in no plain mapping (rebasing tokens) is proven by running its own code again on
the accounts and slots that the call reads; where that cannot be done it is left unproven and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor_app.chain.accounts import checksum_address, decode_account
from auditor_app.chain.bundle import ProofBundle, ProofCapture, TokenLayout, make_bundle
from auditor_app.chain.evm import EvmReader, binary
from auditor_app.chain.header import Header, HeaderError, encode_header, read_header
from auditor_app.chain.proven_state import BALANCE_OF, DECIMALS, ProvenState
from auditor_app.chain.reexecution import CALLER, PRECOMPILES, MachineMissingError, ReexecutionError, available
from auditor_app.chain.rpc import RpcRefusal
from auditor_app.chain.state_proof import account_state, slot_value
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress

PLAIN_INDICES = tuple(range(64))
NAMESPACED_ERC20 = 0x52C63247E1F47DB19D5CE0460030C497F067CA4CEBF71BA98EEADABE20BACE00
"""Balances of OpenZeppelin's upgradeable ERC-20 (ERC-7201 namespace ``openzeppelin.storage.ERC20``)."""

_BATCH = 50
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z", re.ASCII)
_WORD = re.compile(r"0x[0-9a-fA-F]{64}\Z", re.ASCII)


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
    found = Found(set(), [], {}, set(), [])
    try:
        for group in balances:
            yield from _capture_group(reader, header, group, found)
        code = codes_of(reader, found)
    except RpcRefusal as refusal:
        return (None, (f"{origin}: no state proofs, because {refusal.what}",))
    proven = [g for g in balances if g.contract is None or g.contract in found.contracts()]
    try:
        nodes = crossed_nodes(found, header, proven)
        bundle = make_bundle(
            chain, encoded, nodes, found.layouts, code=code, executed=found.executed, touched=found.touched
        )
        _recalculate(bundle, reader, proven)
    except TrieError as error:
        raise _contradiction(origin, f"its state proof does not hold: {error}") from None
    except ChainError as error:
        raise _contradiction(origin, f"its state proof does not hold: {error.what}") from None
    return (bundle, tuple(found.notes))


@dataclass(frozen=True, slots=True)
class Found:
    """What grows while groups are captured: nodes, layouts, touched slots by account, executed tokens, notes."""

    nodes: set[bytes]
    layouts: list[TokenLayout]
    touched: dict[bytes, set[bytes]]
    executed: set[str]
    notes: list[str]

    def contracts(self) -> set[str]:
        """Tokens of which balances can be proven."""
        return {layout.contract for layout in self.layouts} | self.executed


def _capture_group(reader: EvmReader, header: Header, group: RawBalances, found: Found) -> Operation[None]:
    """Nodes for one token's balances, or for native coins."""
    if group.contract is None:
        asked: list[tuple[str, list[str]]] = [(holder, []) for holder in group.amounts]
        found.nodes.update((yield from fetch_nodes(reader, asked, "accounts")))
        return
    layout, nodes = yield from _token(reader, group, header.state_root)
    if layout is not None:
        found.layouts.append(layout)
        found.nodes.update(nodes)
        yield from _check_decimals(reader, group, header, found)
        return
    calls = [DECIMALS, *(BALANCE_OF + bytes.fromhex(holder[2:]).rjust(32, b"\0") for holder in group.amounts)]
    touched = (yield from _executed(reader, group.contract, calls, header)) if available() else None
    if touched is None:
        origin = reader.rpc.endpoint.origin
        found.notes.append(f"{origin}: token {group.contract} keeps no plain balances; its lines stay unproven")
        return
    found.executed.add(group.contract)
    for address, slots in touched.items():
        found.touched.setdefault(address, set()).update(slots)
    found.nodes.update((yield from fetch_nodes(reader, _asked_of(touched), "re-executed calls")))


def _asked_of(touched: Mapping[bytes, set[bytes]]) -> list[tuple[str, list[str]]]:
    """What ``eth_getProof`` is asked for touched accounts."""
    return [("0x" + address.hex(), ["0x" + slot.hex() for slot in sorted(slots)]) for address, slots in touched.items()]


def _check_decimals(reader: EvmReader, group: RawBalances, header: Header, found: Found) -> Operation[None]:
    """Run a token's own ``decimals`` on proven state: no trie tells them, and an endpoint could shift every balance."""
    contract, origin = group.contract or "", reader.rpc.endpoint.origin
    touched = (yield from _executed(reader, contract, [DECIMALS], header)) if available() else None
    if touched is None:
        found.notes.append(f"{origin}: that token {contract} has {group.decimals} decimals is its word alone")
        return
    apart = Found(set(), [], touched, {contract}, [])
    apart.nodes.update((yield from fetch_nodes(reader, _asked_of(touched), "a token's decimals")))
    encoded, code = encode_header(reader.block.header), codes_of(reader, apart)
    try:
        nodes = crossed_nodes(apart, header, ())
        bundle = make_bundle(
            reader.rpc.endpoint.chain, encoded, nodes, (), code=code, executed=apart.executed, touched=touched
        )
        with ProvenState(bundle, header.hash, header.number) as state:
            answer = int.from_bytes(state.call(contract, DECIMALS), "big")
    except MachineMissingError as error:
        found.notes.append(f"{origin}: that token {contract} has {group.decimals} decimals is its word alone ({error})")
        return
    except (TrieError, ReexecutionError, ChainError) as error:
        what = error.what if isinstance(error, ChainError) else str(error)
        raise _contradiction(origin, f"the decimals of {contract} do not follow from its proofs: {what}") from None
    if answer != group.decimals:
        raise _contradiction(origin, f"it says {group.decimals} decimals for {contract} and proves {answer}")
    found.executed.add(contract)
    found.nodes.update(apart.nodes)
    for address, slots in touched.items():
        found.touched.setdefault(address, set()).update(slots)


def _executed(
    reader: EvmReader, contract: str, calls: Sequence[bytes], header: Header
) -> Operation[dict[bytes, set[bytes]] | None]:
    """The accounts and slots that calls of a token read; ``None`` if it cannot be said."""
    touched: dict[bytes, set[bytes]] = {bytes.fromhex(contract[2:]): set(), CALLER: set(), header.coinbase: set()}
    for start in range(0, len(calls), _BATCH):
        chunk = calls[start : start + _BATCH]
        answers = reader.rpc.batch(
            [("eth_createAccessList", [{"to": contract, "data": "0x" + data.hex()}, reader.pin]) for data in chunk]
        )
        for answer in answers:
            entries = None if isinstance(answer, RpcRefusal) else access_list(answer)
            if entries is None:
                return None
            for address, slots in entries.items():
                if address not in PRECOMPILES:
                    touched.setdefault(address, set()).update(slots)
        yield Progress(start + len(chunk), len(calls), "calls", f"{reader.rpc.endpoint.origin}: what {contract} reads")
    return touched


def codes_of(reader: EvmReader, found: Found) -> list[bytes]:
    """The code of every touched account."""
    addresses = [checksum_address("0x" + address.hex()) for address in found.touched]
    answers = reader.rpc.batch([("eth_getCode", [address, reader.pin]) for address in addresses])
    refused = next((item for item in answers if isinstance(item, RpcRefusal)), None)
    if refused is not None:
        raise refused
    codes = [binary(item, "a contract's code", reader.rpc.endpoint.origin) for item in answers]
    return [code for code in codes if code]


def crossed_nodes(found: Found, header: Header, balances: Sequence[RawBalances]) -> list[bytes]:
    """The nodes that a verifier will cross; an endpoint may send more."""
    table = NodeTable(found.nodes)
    layouts = {layout.contract: layout for layout in found.layouts}
    for group in balances:
        layout = layouts.get(group.contract or "")
        for holder in map(bytes.fromhex, (item[2:] for item in group.amounts)):
            if group.contract is None:
                account_state(table, header.state_root, holder)
            elif layout is not None:
                token = account_state(table, header.state_root, bytes.fromhex(group.contract[2:]))
                slot_value(table, token.storage_root, layout.slot(holder))
    for address, slots in found.touched.items():
        state = account_state(table, header.state_root, address)
        for slot in slots:
            slot_value(table, state.storage_root, slot)
    return table.crossed()


def _recalculate(bundle: ProofBundle, reader: EvmReader, balances: Sequence[RawBalances]) -> None:
    """Read the bundle as a verifier will: the node's proofs must give the node's own balances."""
    block = reader.block
    with ProvenState(bundle, bytes.fromhex(block.hash[2:]), block.height) as state:
        for group in balances:
            asset = "slip44:60" if group.contract is None else f"erc20:{group.contract}"
            for holder, amount in group.amounts.items():
                account = decode_account(f"{bundle.chain}:{holder}")
                proven = state.balance(account, (f"{bundle.chain}/{asset}",), group.decimals)
                if proven is None and state.not_reexecuted:
                    continue  # the evidence is read again wherever it is relied on
                if proven != amount:
                    raise TrieError(f"it says {amount} for {holder} and proves {proven}")
        state.finish()


def _token(
    reader: EvmReader, group: RawBalances, state_root: bytes
) -> Operation[tuple[TokenLayout | None, set[bytes]]]:
    """The layout under which every holder's slot holds the holder's balance, with the proofs of those slots."""
    contract = group.contract or ""
    for layout in _candidates(reader, group):
        slots = ["0x" + layout.slot(bytes.fromhex(holder[2:])).hex() for holder in group.amounts]
        asked = [(contract, slots[start : start + _BATCH]) for start in range(0, len(slots), _BATCH)]
        nodes = yield from fetch_nodes(reader, asked, "token slots")
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
    """Slots of the token that ``balanceOf`` reads, ``None`` where the endpoint cannot say."""
    call = {"to": contract, "data": "0x" + (BALANCE_OF + bytes.fromhex(holder[2:]).rjust(32, b"\0")).hex()}
    try:
        entries = access_list(reader.rpc.call("eth_createAccessList", [call, reader.pin]))
    except RpcRefusal:
        return None
    slots = (entries or {}).get(bytes.fromhex(contract[2:]))
    return {"0x" + slot.hex() for slot in slots} if slots else None


def access_list(answer: Any) -> dict[bytes, set[bytes]] | None:
    """Slots by account from an ``eth_createAccessList`` result; ``None`` for anything else, or a call that failed."""
    if not isinstance(answer, dict) or answer.get("error") or not isinstance(answer.get("accessList"), list):
        return None
    touched: dict[bytes, set[bytes]] = {}
    for entry in answer["accessList"]:
        address, keys = (entry.get("address"), entry.get("storageKeys")) if isinstance(entry, dict) else (None, None)
        if not isinstance(address, str) or not _ADDRESS.match(address) or not isinstance(keys, list):
            return None
        if not all(isinstance(key, str) and _WORD.match(key) for key in keys):
            return None
        touched.setdefault(bytes.fromhex(address[2:]), set()).update(bytes.fromhex(key[2:]) for key in keys)
    return touched


def fetch_nodes(reader: EvmReader, asked: Sequence[tuple[str, list[str]]], what: str) -> Operation[set[bytes]]:
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
