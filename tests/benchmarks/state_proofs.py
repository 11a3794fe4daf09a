"""Account proofs re-performed offline, in a second on one core: parsing, hashing and walking, all included."""

from __future__ import annotations

import json
import time
from pathlib import Path

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.bundle import decode_bundle, encode_bundle
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.state_proof import read_account
from auditor_app.chain.trie import prove
from tests.benchmarks.measure import Measure
from tests.unit.chain.test_proven import CHAIN, HEIGHT, World

ACCOUNTS = 20_000
REPEATS = 20_000
_VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


def measure() -> list[Measure]:
    """A state of 20,000 accounts, every one of them proven from the bundle's bytes."""
    holders = [number.to_bytes(20, "big") for number in range(1, ACCOUNTS + 1)]
    world = World({holder: number for number, holder in enumerate(holders)}, {})
    data = encode_bundle(world.bundle(holders, []))
    accounts = [decode_account(f"{CHAIN}:0x{holder.hex()}") for holder in holders]
    started = time.process_time()
    state = ProvenState(decode_bundle(data, "bundle"), bytes.fromhex(world.hash[2:]), HEIGHT)
    found = [state.balance(account, (f"{CHAIN}/slip44:60",), 18) for account in accounts]
    state.finish()
    elapsed = time.process_time() - started
    if found != list(range(ACCOUNTS)):
        raise AssertionError("a proof gave another balance")
    return [Measure("account proofs, offline", ACCOUNTS / elapsed, "proofs/s", 10_000), *_one_by_one()]


def _one_by_one() -> list[Measure]:
    """The main network's own proof of eight nodes, every node hashed each time; nothing where the vectors are absent."""
    folder = _VECTORS / "chain" / "mainnet-21925176"
    if not folder.is_dir():
        return []
    proof, block = (json.loads((folder / name).read_text()) for name in ("rpc_proof.json", "rpc_block.json"))
    root, address = bytes.fromhex(block["stateRoot"][2:]), bytes.fromhex(proof["address"][2:])
    nodes = [bytes.fromhex(node[2:]) for node in proof["accountProof"]]
    started = time.process_time()
    for _ in range(REPEATS):
        read_account(prove(root, address, nodes) or b"")
    elapsed = time.process_time() - started
    return [Measure("account proof of 8 nodes, alone", REPEATS / elapsed, "proofs/s", 10_000)]
