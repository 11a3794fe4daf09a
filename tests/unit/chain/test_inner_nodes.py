"""Transactions and inner nodes of a Merkle tree are hashed alike (CVE-2017-12842): neither may pass for the other."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from btclib.script.witness import Witness
from btclib.tx import OutPoint, Tx, TxIn, TxOut

from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.observed import Grade
from auditor_app.chain.utxo import AddressHistory, UtxoEvidence, UtxoResult, UtxoTransaction, parse_transaction, replay
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, run

SCRIPT = b"\x51" * 4


def paying(script: bytes, marker: int) -> Tx:
    return Tx(2, 0, [TxIn(OutPoint(bytes([marker]) * 32, 0), b"", 0, Witness())], [TxOut(marker, script)])


def one_block(*served: tuple[Tx, tuple[bytes, ...], int], root: bytes) -> UtxoEvidence:
    """A chain of one block with this root (display order), and one history of these transactions, branches and positions."""
    header = struct.pack("<I", 1) + bytes(32) + root[::-1] + struct.pack("<3I", 0, 0, 0)
    transactions = tuple(
        UtxoTransaction(0, item.serialize(include_witness=True), branch, position) for item, branch, position in served
    )
    listed = tuple((item.id.hex(), 1) for item, _, _ in served)
    return UtxoEvidence("bip122:x", 0, (header,), (AddressHistory("a", SCRIPT, transactions, listed),), "node.example")


def replayed(evidence: UtxoEvidence) -> UtxoResult:
    named = sha256d(evidence.headers[0])[::-1].hex()
    return run(replay(evidence, height=0, block_hash=named, grade=Grade.ONE_SOURCE, token=CancelToken()))


def pair(left: bytes, right: bytes) -> bytes:
    """The parent of two nodes, all in display order."""
    return sha256d(left[::-1] + right[::-1])[::-1]


def test_a_transaction_of_64_bytes_may_be_two_hashes_and_is_refused() -> None:
    short = paying(SCRIPT, 3)
    assert len(short.serialize(include_witness=False)) == 64
    result = replayed(one_block((short, (), 0), root=short.id))
    assert [balance.amount for balance in result.balances] == [None]
    assert "inner node" in result.findings[0].message
    for script in (SCRIPT[:3], SCRIPT + b"\x51"):
        other = paying(script, 3)
        assert parse_transaction(other.serialize(include_witness=True)).id == other.id
        evidence = one_block((other, (), 0), root=other.id)
        history = replace(evidence.histories[0], script=script)
        assert [item.amount for item in replayed(replace(evidence, histories=(history,))).balances] == [3]


def test_a_witness_does_not_hide_a_transaction_of_64_bytes() -> None:
    dressed = Tx(2, 0, [TxIn(OutPoint(b"\x01" * 32, 0), b"", 0, Witness([b"x" * 50]))], [TxOut(1, SCRIPT)])
    with pytest.raises(ChainError, match="inner node"):
        parse_transaction(dressed.serialize(include_witness=True))


def test_a_leaf_above_or_below_the_others_of_its_block_is_refused() -> None:
    first, second, third = (paying(SCRIPT + b"\x51", number) for number in (1, 2, 3))
    left, right = pair(first.id, second.id), third.id
    root = pair(left, right)  # the third stands one level above the others
    evidence = one_block((first, (second.id, right), 0), root=root)
    honest = replace(evidence.histories[0], script=SCRIPT + b"\x51")
    assert [item.amount for item in replayed(replace(evidence, histories=(honest,))).balances] == [1]
    both = one_block((first, (second.id, right), 0), (third, (left,), 1), root=root)
    assert "not equally long" in replayed(both).findings[0].message
    apart = tuple(
        replace(honest, transactions=(item,), listed=(entry,))
        for item, entry in zip(both.histories[0].transactions, both.histories[0].listed, strict=True)
    )
    assert [item.amount for item in replayed(replace(both, histories=apart)).balances] == [1, None]
