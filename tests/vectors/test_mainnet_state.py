"""A real Ethereum mainnet block: its header, the deposit contract's coins, a storage slot, and 2,000 tampered proofs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor_app.amounts import Amount
from auditor_app.chain.header import HeaderError, encode_header, read_header
from auditor_app.chain.state_proof import NodeTable, account_state, read_account, slot_value
from auditor_app.chain.trie import TrieError, prove

pytestmark = pytest.mark.vectors

DEPOSIT = bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa")


def raw(items: list[str]) -> list[bytes]:
    return [bytes.fromhex(item[2:]) for item in items]


@pytest.fixture(scope="module")
def block(vectors: Path) -> dict[str, Any]:
    return dict(json.loads((vectors / "chain" / "mainnet-21925176" / "rpc_block.json").read_text()))


@pytest.fixture(scope="module")
def proof(vectors: Path) -> dict[str, Any]:
    return dict(json.loads((vectors / "chain" / "mainnet-21925176" / "rpc_proof.json").read_text()))


@pytest.fixture(scope="module")
def state_root(block: dict[str, Any]) -> bytes:
    return read_header(encode_header(block), bytes.fromhex(block["hash"][2:])).state_root


def test_the_header_hashes_to_the_block_and_holds_the_state_root(block: dict[str, Any]) -> None:
    encoded = encode_header(block)
    assert len(encoded) == 612
    header = read_header(encoded, bytes.fromhex(block["hash"][2:]))
    assert header.number == 21925176
    assert header.state_root.hex() == block["stateRoot"][2:]
    assert header.parent_hash.hex() == block["parentHash"][2:]
    assert header.timestamp == int(block["timestamp"], 16)


def test_every_changed_header_field_and_bit_is_refused(block: dict[str, Any]) -> None:
    for name in ("stateRoot", "number", "timestamp", "gasUsed", "extraData", "parentBeaconBlockRoot", "nonce"):
        value = block[name]
        changed = value[:-1] + ("0" if value[-1] != "0" else "1")
        with pytest.raises(HeaderError, match="no known list"):
            encode_header(block | {name: changed})
    with pytest.raises(HeaderError, match="no known list"):
        encode_header({name: value for name, value in block.items() if name != "blobGasUsed"})
    encoded = encode_header(block)
    for bit in range(0, len(encoded) * 8, 7):
        flipped = bytearray(encoded)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(HeaderError, match="does not hash"):
            read_header(bytes(flipped), bytes.fromhex(block["hash"][2:]))


def test_the_deposit_contract_holds_57657174_coins(proof: dict[str, Any], state_root: bytes) -> None:
    nodes = raw(proof["accountProof"])
    assert len(nodes) == 8
    value = prove(state_root, DEPOSIT, nodes)
    assert value is not None
    account = read_account(value)
    assert Amount(account.balance, 18).plain().startswith("57657174.398")
    assert account.code_hash.hex() == proof["codeHash"][2:]
    (slot,) = proof["storageProof"]
    table = NodeTable(raw(slot["proof"]))
    word = slot_value(table, account.storage_root, bytes.fromhex(slot["key"][2:].rjust(64, "0")))
    assert word == int(slot["value"], 16)
    assert table.unused() == 0


def test_the_miners_account(vectors: Path, block: dict[str, Any], state_root: bytes) -> None:
    found = json.loads((vectors / "chain" / "mainnet-21925176" / "rpc_block_miner_proof.json").read_text())
    table = NodeTable(raw(found["accountProof"]))
    account = account_state(table, state_root, bytes.fromhex(block["miner"][2:]))
    assert (account.balance, account.nonce) == (int(found["balance"], 16), int(found["nonce"], 16))
    assert not account.has_code


def test_2000_random_tampered_proofs_are_all_rejected(proof: dict[str, Any], state_root: bytes) -> None:
    rng = np.random.default_rng(21925176)
    nodes = raw(proof["accountProof"])
    for _ in range(2000):
        which = int(rng.integers(len(nodes)))
        changed = list(nodes)
        match int(rng.integers(5)):
            case 0:
                del changed[which]
            case 1:
                changed.insert(which, changed[int(rng.integers(len(nodes)))])
            case 2:
                other = (which + 1 + int(rng.integers(len(nodes) - 1))) % len(nodes)
                changed[which], changed[other] = changed[other], changed[which]
            case 3:
                changed[which] = changed[which][: int(rng.integers(len(changed[which])))]
            case _:
                flipped = bytearray(changed[which])
                bit = int(rng.integers(len(flipped) * 8))
                flipped[bit // 8] ^= 1 << bit % 8
                changed[which] = bytes(flipped)
        with pytest.raises(TrieError):
            prove(state_root, DEPOSIT, changed)
