"""Proofs of control: secp256k1 recoveries and whole rows a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

from nacl.signing import SigningKey

from auditor_app.chain.address.digests import evm_account, keccak256
from auditor_app.chain.address.evm import eip55
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.keys import agrees_ed25519, recover
from auditor_app.operation import CancelToken, run
from tests.benchmarks.measure import Measure, per_second
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, row


def measure() -> Iterator[Measure]:
    """Recoveries must reach 20,000 a second (issue 5)."""
    yield Measure("secp256k1 recovery", per_second(_recoveries()), "keys/s", 20_000)
    yield Measure("Ed25519 comparison", per_second(_ed25519()), "signatures/s")
    yield Measure("EVM rows, EIP-191, address to share of value", per_second(_rows()), "rows/s")


def _recoveries() -> Callable[[], int]:
    keys = [Wallet.number(number) for number in range(1, 257)]
    digests = [keccak256(number.to_bytes(4, "big")) for number in range(256)]
    made = [(d, k.secret.sign_recoverable(d, hasher=None), k) for d, k in zip(digests, keys, strict=True)]
    assert all(recover(d, s[:64], s[64]) == k.secret.public_key.format(compressed=False) for d, s, k in made)

    def work() -> int:
        for digest, signature, _ in made:
            recover(digest, signature[:64], signature[64])
        return len(made)

    return work


def _ed25519() -> Callable[[], int]:
    key = SigningKey(b"\x05" * 32)
    cases = [(message, key.sign(message).signature) for message in (bytes([n]) * 20 for n in range(200))]
    turns = cycle(cases)

    def work() -> int:
        for _ in range(200):
            message, signature = next(turns)
            assert agrees_ed25519(bytes(key.verify_key), message, signature)
        return 200

    return work


def _rows() -> Callable[[], int]:
    framed = keccak256(b"\x19Ethereum Signed Message:\n%d" % len(MESSAGE) + MESSAGE.encode())
    wallets = [Wallet.number(number) for number in range(1, 501)]
    rows = [
        row("ETH", eip55(evm_account(w.secret.public_key.format(compressed=False))), w.recoverable(framed))
        for w in wallets
    ]

    def work() -> int:
        result = run(check_rows(rows, challenge=None, as_of="2026-11-22", token=CancelToken()))
        assert not result.findings
        return len(rows)

    return work
