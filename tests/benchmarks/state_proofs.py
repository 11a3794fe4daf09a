"""Account proofs re-performed offline, in a second on one core: parsing, hashing and walking, all included."""

from __future__ import annotations

import time

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.bundle import decode_bundle, encode_bundle
from auditor_app.chain.proven_state import ProvenState
from tests.benchmarks.measure import Measure
from tests.unit.chain.test_proven import CHAIN, HEIGHT, World

ACCOUNTS = 20_000


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
    return [Measure("account proofs, offline", ACCOUNTS / elapsed, "proofs", 10_000)]
