"""One address followed from block hash to balance, and how long ordinary nodes keep what proves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from eth_utils import keccak

from auditor_app.chain.bundle import encode_bundle
from auditor_app.chain.deadline import proof_deadlines
from auditor_app.chain.proof_steps import ProofStep, proof_steps
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.statement import BlockReference
from tests.unit.chain.snapshots import BTC_A, BTC_CHAIN, EVM_C, snapshot
from tests.unit.chain.test_proven import CHAIN, EVM_A, HEIGHT, HONEST, ROWS, A, B, C, World, proof_file

TOKEN = CancelToken()
HELD = snapshot(ROWS, chains={CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)})


def steps(made: AuthenticEvidence, account: str = EVM_A, asset: str = "ETH") -> tuple[ProofStep, ...]:
    return proof_steps(HELD, made, account, asset, TOKEN)


def honest(**changes: object) -> AuthenticEvidence:
    return proof_file(HONEST.bundle([A, B, C], [A, C]), HONEST.hash, **changes)  # type: ignore[arg-type]


def named(found: tuple[ProofStep, ...], title: str) -> ProofStep:
    return next(item for item in found if item.title == title)


def test_coins_lead_from_the_hash_through_the_nodes_to_the_balance() -> None:
    found = steps(honest())
    assert [(item.title, item.holds) for item in found] == [
        ("Captured", True),
        ("Snapshot", True),
        ("Block", None),
        ("Balance read", None),
        ("Header", True),
        ("Account nodes", True),
        ("Account", True),
    ]
    assert named(found, "Account nodes").digests == tuple("0x" + keccak(node).hex() for node in HONEST.proofs[A])
    assert named(found, "Account").text.startswith("Balance 7 wei")


def test_an_absent_slot_is_followed_to_its_absence() -> None:
    found = steps(honest(), EVM_C, "USDT")
    assert named(found, "Token balance").text.startswith("0 of")
    assert named(found, "Slot").holds is None  # where a token keeps balances is the capturer's observation


@pytest.mark.parametrize("asset", ["ETH", "USDT"])
def test_a_missing_node_stops_the_walk(asset: str) -> None:
    whole = HONEST.bundle([A, B, C], [A, C])
    last = max(whole.nodes, key=len)  # the node of the root, on every path
    cut = msgspec.structs.replace(whole, nodes=tuple(node for node in whole.nodes if node != last))
    found = steps(proof_file(encode_bundle(cut), HONEST.hash), asset=asset)
    assert (found[-1].title, found[-1].holds) == ("Proof nodes", False)
    assert "missing" in found[-1].text


def test_another_header_does_not_hash_to_the_block() -> None:
    other = World({A: 8}, {}).bundle([A], [])
    found = steps(proof_file(other, HONEST.hash))
    assert (found[-1].title, found[-1].holds) == ("Header", False)


def test_what_the_lines_rest_on_is_said() -> None:
    other = replace(honest(signed=False, hash_from="two-endpoints"))
    found = steps(other)
    assert named(found, "Captured").holds is False
    assert "no pinned auditor signed it" in named(found, "Block").text
    assert named(found, "Block").holds is None
    for endpoints, holds in ((("https://a.example", "https://b.example"), True), (("https://a.example",), None)):
        found = steps(honest(hash_from="two-endpoints", endpoints=endpoints))
        assert ("Two endpoints on different hosts" in named(found, "Block").text, named(found, "Block").holds) == (
            bool(holds),
            holds,
        )
    elsewhere = steps(proof_file(World({A: 7}, {}).bundle([A], []), "0x" + "ab" * 32))
    assert named(elsewhere, "Block").holds is False
    lying = steps(honest(rows=[(EVM_A, "ETH", 7), (EVM_A, "ETH", 8)]))
    assert named(lying, "Balance read").holds is False
    agreeing = steps(honest(rows=[(EVM_A, "ETH", 7), (EVM_A, "ETH", 7)]))
    assert named(agreeing, "Balance read").holds is True
    assert named(steps(honest(rows=[(EVM_C, "ETH", 7)])), "Balance read").holds is False


def test_a_chain_without_block_or_proofs_ends_early() -> None:
    assert steps(honest(), BTC_A, "BTC")[-1].holds is False
    bare = replace(honest(), statement=msgspec.structs.replace(honest().statement, subject=()))
    assert steps(bare)[-1] == ProofStep("State proof", "The evidence holds no state proofs of this chain.")


def test_ordinary_nodes_keep_128_blocks() -> None:
    ethereum, unknown = proof_deadlines(["eip155:1", BTC_CHAIN, "eip155:31337"], "2026-11-01T00:00:00Z")
    assert ethereum.until == datetime(2026, 11, 1, 0, 25, 36, tzinfo=UTC)
    left = ethereum.left(datetime(2026, 11, 1, 0, 25, 37, tzinfo=UTC))
    assert left is not None
    assert left.total_seconds() == -1
    assert (unknown.chain, unknown.until, unknown.left(datetime.now(UTC))) == ("eip155:31337", None, None)
