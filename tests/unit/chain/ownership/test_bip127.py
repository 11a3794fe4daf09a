"""Proofs of funds made here with btclib: what each rule of BIP-127 refuses."""

from __future__ import annotations

import hashlib

import pytest
from btclib.script.sig_hash import from_tx
from btclib.script.witness import Witness
from btclib.tx import OutPoint, Tx, TxIn, TxOut
from coincurve import PrivateKey

from auditor_app.chain.address.digests import hash160
from auditor_app.chain.ownership.model import Outcome, OwnershipLine, Prevout
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row

KEY = Wallet.number(1)
ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
SCRIPT = b"\x00\x14" + hash160(KEY.compressed)
ALL, NONE, ALL_ANYONE = 1, 2, 0x81
COINS = (Prevout("11" * 32, 0, 5_000, SCRIPT), Prevout("22" * 32, 3, 7_000, SCRIPT))


def proof(*, message: str = MESSAGE, paid: int = 12_000, hash_type: int = ALL, secret: PrivateKey = KEY.secret) -> str:
    commitment = hashlib.sha256(f"Proof-of-Reserves: {message}".encode()).digest()[::-1]
    inputs = [TxIn(OutPoint(commitment, 0), b"", 0xFFFFFFFF, Witness())]
    inputs += [
        TxIn(OutPoint(bytes.fromhex(coin.transaction), coin.index), b"", 0xFFFFFFFF, Witness()) for coin in COINS
    ]
    transaction = Tx(2, 0, inputs, [TxOut(paid, SCRIPT)])
    spent = [TxOut(0, b"\x51"), *(TxOut(coin.value, coin.script) for coin in COINS)]
    for number in (1, 2):
        digest = from_tx(spent, transaction, number, hash_type)
        signature = secret.sign(digest, hasher=None) + bytes([hash_type])
        transaction.vin[number].script_witness = Witness([signature, secret.public_key.format()])
    return transaction.serialize(include_witness=True).hex()


def line(signature: str, message: str = MESSAGE) -> OwnershipLine:
    return check_one(row("BTC", ADDRESS, signature, message=message, method="bip127", prevouts=COINS))


def test_a_proof_over_two_outputs() -> None:
    found = line(proof())
    assert found.outcome is Outcome.VALID
    assert "12000 base units" in found.note


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (proof(message="another"), "the first input does not commit to the message"),
        (proof(paid=11_999), "the one output does not take the whole sum"),
        (proof(paid=12_001), "the one output does not take the whole sum"),
        (proof(hash_type=NONE), "a signature does not cover the whole transaction"),
        (proof(hash_type=ALL_ANYONE), "a signature does not cover the whole transaction"),
        (proof(secret=PrivateKey(b"\x02" * 32)), "an input's signature does not fit"),
        ("00" * 80, "the proof is no transaction"),
        ("zz", "the row holds no transaction, or not the outputs it spends"),
    ],
)
def test_what_is_refused_and_why(signature: str, reason: str) -> None:
    found = line(signature)
    assert (found.outcome, found.note) == (Outcome.INVALID, reason)
