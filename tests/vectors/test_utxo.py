"""Electrum histories of a Litecoin regtest node, replayed offline to the snapshot's block."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.observed import Grade
from auditor_app.chain.utxo import AddressHistory, UtxoEvidence, UtxoResult, UtxoTransaction, agreed, replay
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, run

pytestmark = pytest.mark.vectors

HEIGHT = 121


@pytest.fixture(scope="module")
def bundle(vectors: Path) -> dict[str, Any]:
    path = vectors / "chain/litecoin-regtest/electrum_bundle_ltc_regtest.json"
    document: dict[str, Any] = json.loads(path.read_text(), parse_float=Decimal)
    return document


@pytest.fixture(scope="module")
def evidence(bundle: dict[str, Any]) -> UtxoEvidence:
    raw = bytes.fromhex(bundle["headers"])
    headers = tuple(raw[start : start + 80] for start in range(0, len(raw), 80))
    return UtxoEvidence("bip122:regtest", 0, headers, tuple(map(_history, bundle["addresses"])), "first.example")


def _history(entry: dict[str, Any]) -> AddressHistory:
    served = tuple(
        UtxoTransaction(
            item["height"],
            bytes.fromhex(item["tx"]),
            tuple(bytes.fromhex(node) for node in item["merkle"]["merkle"]),
            item["merkle"]["pos"],
        )
        for item in entry["evidence"]
    )
    listed = tuple((item["tx_hash"], item["height"]) for item in entry["history_full"])
    return AddressHistory(entry["address"], bytes.fromhex(entry["spk"]), served, listed)


def tip(evidence: UtxoEvidence) -> str:
    return hashlib.sha256(hashlib.sha256(evidence.headers[HEIGHT]).digest()).digest()[::-1].hex()


def replayed(evidence: UtxoEvidence, grade: Grade = Grade.ONE_SOURCE, **named: Any) -> UtxoResult:
    wanted = {"height": HEIGHT, **({} if "block_hash" in named else {"block_hash": tip(evidence)})} | named
    return run(replay(evidence, grade=grade, token=CancelToken(), **wanted))


def test_the_claimed_balances_are_replayed(evidence: UtxoEvidence, bundle: dict[str, Any]) -> None:
    result = replayed(evidence)
    claimed = [int(Decimal(str(entry["claimed"])) * 10**8) for entry in bundle["addresses"]]
    assert [balance.amount for balance in result.balances] == claimed
    assert sum(claimed) == 750_000_000
    assert {balance.grade for balance in result.balances} == {Grade.ONE_SOURCE}
    assert result.findings == ()
    assert [item.code for item in result.limitations] == ["UTXO.SPEND_WITHHELD"]


def first_changed(evidence: UtxoEvidence, **changes: Any) -> UtxoResult:
    first, *rest = evidence.histories
    served = replace(first.transactions[0], **changes)
    return replayed(replace(evidence, histories=(replace(first, transactions=(served,)), *rest)))


def refused(result: UtxoResult) -> list[int | None]:
    assert [found.code for found in result.findings] == ["EVIDENCE.INVALID"]
    return [balance.amount for balance in result.balances]


def test_every_flipped_bit_of_a_transaction_is_refused(evidence: UtxoEvidence) -> None:
    raw = evidence.histories[0].transactions[0].raw
    for bit in range(0, len(raw) * 8, 37):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(first_changed(evidence, raw=bytes(changed)))[0] is None


def test_a_changed_branch_position_or_height_is_refused(evidence: UtxoEvidence) -> None:
    served = evidence.histories[0].transactions[0]
    flipped = (bytes([served.branch[0][0] ^ 1]) + served.branch[0][1:], *served.branch[1:])
    for changes in (
        {"branch": flipped},
        {"branch": served.branch[:-1]},
        {"branch": served.branch[::-1]},
        {"branch": (*served.branch, bytes(32))},
        {"position": served.position ^ 1},
        {"position": served.position + 4},
        {"height": HEIGHT - 1},
        {"raw": served.raw + b"\x00"},
    ):
        amounts = refused(first_changed(evidence, **changes))
        assert amounts[0] is None
        assert None not in amounts[1:]


def test_a_listed_transaction_that_was_not_handed_over_is_refused(evidence: UtxoEvidence) -> None:
    first, *rest = evidence.histories
    assert refused(replayed(replace(evidence, histories=(replace(first, transactions=()), *rest))))[0] is None


def test_headers_must_link_and_end_in_the_named_block(evidence: UtxoEvidence) -> None:
    for number in (0, 60, HEIGHT):
        changed = bytearray(evidence.headers[number])
        changed[70] ^= 1
        headers = (*evidence.headers[:number], bytes(changed), *evidence.headers[number + 1 :])
        with pytest.raises(ChainError):
            replayed(replace(evidence, headers=headers), block_hash=tip(evidence))
    for named in ({"block_hash": "00" * 32}, {"height": HEIGHT + 1}, {"height": HEIGHT - 1}):
        with pytest.raises(ChainError):
            replayed(evidence, **named)
    with pytest.raises(ChainError):
        replayed(replace(evidence, headers=evidence.headers[:-1]), block_hash=tip(evidence))


def test_a_replay_is_never_proven(evidence: UtxoEvidence) -> None:
    with pytest.raises(ValueError, match="never proven"):
        replayed(evidence, grade=Grade.PROVEN)


def test_two_sources_that_agree_are_worth_two(evidence: UtxoEvidence) -> None:
    both = agreed(replayed(evidence), replayed(replace(evidence, source="second.example")))
    assert {balance.grade for balance in both.balances} == {Grade.TWO_SOURCES}
    same_host = agreed(replayed(evidence), replayed(evidence))
    assert {balance.grade for balance in same_host.balances} == {Grade.ONE_SOURCE}
    claim = agreed(replayed(evidence), replayed(replace(evidence, source="second.example"), Grade.CLAIMED))
    assert {balance.grade for balance in claim.balances} == {Grade.ONE_SOURCE}


def test_of_two_sources_that_differ_the_lower_is_used(evidence: UtxoEvidence) -> None:
    first, *rest = evidence.histories
    poorer = replace(evidence, source="second.example", histories=(replace(first, transactions=(), listed=()), *rest))
    for pair in ((evidence, poorer), (poorer, evidence)):
        both = agreed(*(replayed(item) for item in pair))
        assert [found.code for found in both.findings] == ["EVIDENCE.DISAGREE"]
        assert (both.balances[0].amount, both.balances[0].grade) == (0, Grade.ONE_SOURCE)


def test_a_spend_up_to_the_height_lowers_the_balance_and_a_later_one_does_not() -> None:
    """Two coins in one block, one of them spent in the next."""
    from btclib.script.witness import Witness
    from btclib.tx import OutPoint, Tx, TxIn, TxOut

    from auditor_app.chain.address.digests import sha256d

    script = b"\x00\x14" + bytes(20)
    funding = Tx(2, 0, [TxIn(OutPoint(b"\x01" * 32, 0), b"", 0, Witness())], [TxOut(700, script), TxOut(40, script)])
    spending = Tx(2, 0, [TxIn(OutPoint(funding.id, 0), b"", 0, Witness())], [TxOut(650, b"\x51")])
    headers: list[bytes] = []
    for transaction in (funding, spending):
        previous = sha256d(headers[-1]) if headers else bytes(32)
        headers.append(bytes(4) + previous + transaction.id[::-1] + bytes(12))
    served = tuple(
        UtxoTransaction(10 + number, item.serialize(include_witness=True), (), 0)
        for number, item in enumerate((funding, spending))
    )
    history = AddressHistory(
        "a", script, served, tuple((t.id.hex(), 10 + n) for n, t in enumerate((funding, spending)))
    )
    evidence = UtxoEvidence("c", 10, tuple(headers), (history,), "host")
    for height, amount, outputs in ((10, 740, 2), (11, 40, 1)):
        block_hash = sha256d(headers[height - 10])[::-1].hex()
        result = run(
            replay(evidence, height=height, block_hash=block_hash, grade=Grade.ONE_SOURCE, token=CancelToken())
        )
        assert (result.balances[0].amount, result.balances[0].outputs) == (amount, outputs)
