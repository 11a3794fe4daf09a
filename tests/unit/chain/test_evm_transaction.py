"""Transactions and receipts read from a block's tries: the sender by another library, every envelope type, no guesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import rlp as other_rlp
from eth_account import Account as OtherAccount
from eth_utils import keccak, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.chain.evm_transaction import (
    TRANSFER,
    TokenMove,
    TransactionError,
    read_receipt,
    read_transaction,
)
from auditor_app.chain.transaction_capture import encode_receipt, encode_transaction
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.chain.trie_building import build

KEY = "0x" + "46" * 32
SENDER = bytes.fromhex(OtherAccount.from_key(KEY).address[2:])
TO = to_checksum_address("0x" + "35" * 20)
COMMON: Mapping[str, Any] = {"nonce": 9, "gas": 21000, "to": TO, "value": 10**18, "data": "0xfeed"}
FEES = {"maxFeePerGas": 20, "maxPriorityFeePerGas": 2, "chainId": 5}
ACCESS = [{"address": TO, "storageKeys": ["0x" + "11" * 32]}]
TYPED = {
    "legacy, EIP-155": {**COMMON, "gasPrice": 20, "chainId": 5},
    "access list": {**COMMON, "gasPrice": 20, "chainId": 5, "accessList": ACCESS, "type": 1},
    "fee market": {**COMMON, **FEES, "accessList": ACCESS},
}


@pytest.mark.parametrize("fields", TYPED.values(), ids=TYPED)
def test_the_sender_is_the_one_that_another_library_finds(fields: Mapping[str, Any]) -> None:
    signed = OtherAccount.sign_transaction(dict(fields), KEY)
    raw = bytes(signed.raw_transaction)
    found = read_transaction(raw)
    assert "0x" + found.sender.hex() == OtherAccount.recover_transaction(raw).lower()
    assert (found.to, found.value, found.data, found.chain_id) == (bytes.fromhex(TO[2:]), 10**18, b"\xfe\xed", 5)


def signed_by_hand(kind: int, fields: list[Any]) -> bytes:
    """A typed envelope signed with the key, by another RLP and the digest of EIP-2718."""
    digest = keccak(bytes([kind]) + other_rlp.encode(fields))
    signature = OtherAccount.unsafe_sign_hash(digest, KEY)
    return bytes([kind]) + other_rlp.encode([*fields, signature.v - 27, signature.r, signature.s])


def test_blob_and_set_code_transactions_and_an_unbound_legacy_one() -> None:
    to = bytes.fromhex(TO[2:])
    head = [5, 9, 2, 20, 21000, to, 7, b"\x01", []]
    for raw in (
        signed_by_hand(3, [*head, 3, [b"\x01" * 32]]),
        signed_by_hand(4, [*head, [[5, to, 1, 0, 11, 12]]]),
    ):
        found = read_transaction(raw)
        assert (found.sender, found.to, found.value, found.chain_id) == (SENDER, to, 7, 5)
    body = [9, 20, 21000, to, 7, b""]
    signature = OtherAccount.unsafe_sign_hash(keccak(other_rlp.encode(body)), KEY)
    found = read_transaction(other_rlp.encode([*body, signature.v, signature.r, signature.s]))
    assert (found.sender, found.chain_id) == (SENDER, None)


def test_a_deposit_names_its_sender_and_a_creation_has_no_target() -> None:
    raw = b"\x7e" + other_rlp.encode([b"\x01" * 32, SENDER, b"", 0, 5, 21000, 0, b""])
    assert read_transaction(raw).sender == SENDER
    assert read_transaction(raw).to is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x05" + other_rlp.encode([b""] * 11),
        b"\x02" + other_rlp.encode([b""] * 11),
        b"\x02" + other_rlp.encode([b""] * 12),  # signature of zeros
        other_rlp.encode([b""] * 9),
        other_rlp.encode(b"text"),
        b"\x7e" + other_rlp.encode([b"\x01" * 32, b"", b"", 0, 5, 21000, 0, b""]),
        b"\x7e" + other_rlp.encode([b"\x01" * 32, SENDER, b"\x01", 0, 5, 21000, 0, b""]),
        b"\x7e" + other_rlp.encode([b"\x01" * 32, SENDER, b"", 0, 5, 21000, 0, [b""]]),
        b"\x7e" + other_rlp.encode([b"\x01" * 32, SENDER, b"", 0, b"\x00\x05", 21000, 0, b""]),
    ],
)
def test_what_is_no_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(TransactionError):
        read_transaction(raw)


def test_a_changed_byte_changes_the_sender_or_is_refused() -> None:
    raw = bytes(OtherAccount.sign_transaction(dict(TYPED["fee market"]), KEY).raw_transaction)
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1
        try:
            found = read_transaction(bytes(changed))
        except TransactionError:
            continue
        assert found.sender != SENDER


def log(token: bytes, topics: list[bytes], data: bytes) -> list[Any]:
    return [token, topics, data]


def test_a_receipt_says_whether_it_went_through_and_which_tokens_moved() -> None:
    wide = [TRANSFER, bytes(12) + SENDER, bytes(12) + b"\x35" * 20]
    logs = [
        log(b"\x77" * 20, wide, (5).to_bytes(32, "big")),
        log(b"\x77" * 20, [b"\x01" * 32, *wide[1:]], (6).to_bytes(32, "big")),  # another event
        log(b"\x77" * 20, [*wide, b"\x02" * 32], b""),  # ERC-721's, whose third topic is an id
        log(b"\x77" * 20, [TRANSFER, b"\x01" * 32, wide[2]], (7).to_bytes(32, "big")),  # no account
    ]
    body = [1, 21000, bytes(256), logs]
    for raw in (other_rlp.encode(body), b"\x02" + other_rlp.encode(body), b"\x7e" + other_rlp.encode([*body, 1, 1])):
        found = read_receipt(raw)
        assert found.succeeded
        assert found.moves == (TokenMove(b"\x77" * 20, SENDER, b"\x35" * 20, 5),)
    for outcome in (0, b"\x01" * 32, 2):
        assert not read_receipt(other_rlp.encode([outcome, *body[1:]])).succeeded
    for bad in (other_rlp.encode(body[:3]), other_rlp.encode([1, 1, b"", b"x"]), other_rlp.encode([1, 1, b"", [b"x"]])):
        with pytest.raises(TransactionError):
            read_receipt(bad)


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=300))
def test_every_item_of_an_ordered_trie_is_found_at_its_position_only(items: list[bytes]) -> None:
    root, nodes = build(items)
    table = NodeTable(nodes.values())
    assert [table.lookup_position(root, position) for position in range(len(items))] == items
    for beyond in (len(items), 2**20):
        try:
            assert table.lookup_position(root, beyond) is None
        except TrieError:
            continue


def test_fields_that_are_no_transaction_are_refused_in_words() -> None:
    fields = {"type": "0x2", "chainId": "0x5", "nonce": "0x1"}
    for change, words in (
        ({"type": "0x64"}, "type 100"),
        ({"nonce": 1}, "nonce"),
        ({"maxPriorityFeePerGas": "0xzz"}, "maxPriorityFeePerGas"),
        ({}, "no number"),
    ):
        with pytest.raises(TransactionError, match=words):
            encode_transaction({**fields, **change})
    with pytest.raises(TransactionError):
        encode_receipt({"status": "0x1", "cumulativeGasUsed": "0x1", "logsBloom": 5})
