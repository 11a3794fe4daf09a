"""Proofs of funds made here with btclib: what each rule of BIP-127 refuses."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

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


def proof(
    *,
    message: str = MESSAGE,
    paid: int = 12_000,
    hash_type: int = ALL,
    secret: PrivateKey = KEY.secret,
    output: int = 0,
    more: tuple[TxOut, ...] = (),
    coins: tuple[Prevout, ...] = COINS,
    secrets: tuple[PrivateKey, ...] = (),
) -> str:
    """A proof as a wallet makes it, or with one thing changed; ``secrets`` sign for the coins in turn."""
    commitment = hashlib.sha256(f"Proof-of-Reserves: {message}".encode()).digest()[::-1]
    inputs = [TxIn(OutPoint(commitment, output), b"", 0xFFFFFFFF, Witness())]
    inputs += [
        TxIn(OutPoint(bytes.fromhex(coin.transaction), coin.index), b"", 0xFFFFFFFF, Witness()) for coin in coins
    ]
    transaction = Tx(2, 0, inputs, [TxOut(paid, SCRIPT), *more])
    spent = [TxOut(0, b"\x51"), *(TxOut(coin.value, coin.script) for coin in coins)]
    for number, signer in enumerate(secrets or (secret, secret), start=1):
        digest = from_tx(spent, transaction, number, hash_type)
        signature = signer.sign(digest, hasher=None) + bytes([hash_type])
        transaction.vin[number].script_witness = Witness([signature, signer.public_key.format()])
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
        (proof(output=1), "the first input does not commit to the message"),
        (proof(more=(TxOut(0, SCRIPT),)), "the one output does not take the whole sum"),
        (proof(more=(TxOut(1, SCRIPT),), paid=11_999), "the one output does not take the whole sum"),
        ("00" * 80, "the proof is no transaction"),
        ("zz", "the row holds no transaction, or not the outputs it spends"),
    ],
)
def test_what_is_refused_and_why(signature: str, reason: str) -> None:
    found = line(signature)
    assert (found.outcome, found.note) == (Outcome.INVALID, reason)


@pytest.mark.parametrize(
    "coins",
    [
        (replace(COINS[0], transaction="33" * 32), COINS[1]),
        (replace(COINS[0], index=1), COINS[1]),
        COINS[::-1],
        COINS[:1],
        (*COINS, Prevout("44" * 32, 0, 0, SCRIPT)),
        (COINS[0], COINS[0]),
    ],
)
def test_the_outputs_named_in_the_row_are_those_that_are_spent(coins: tuple[Prevout, ...]) -> None:
    signed = row("BTC", ADDRESS, proof(), method="bip127", prevouts=coins)
    found = check_one(signed)
    assert (found.outcome, found.note) == (Outcome.INVALID, "the inputs are not the outputs named in the row")


def test_the_value_and_script_of_an_output_are_signed() -> None:
    for coins in (
        (replace(COINS[0], value=4_000), replace(COINS[1], value=8_000)),
        (replace(COINS[0], script=b"\x00\x14" + b"\x01" * 20), COINS[1]),
    ):
        found = check_one(row("BTC", ADDRESS, proof(), method="bip127", prevouts=coins))
        assert (found.outcome, found.note) == (Outcome.INVALID, "an input's signature does not fit")


def test_a_proof_over_others_coins_says_nothing_of_the_address() -> None:
    for address in (
        "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
        "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
    ):
        found = check_one(row("BTC", address, proof(), method="bip127", prevouts=COINS))
        assert (found.outcome, found.note) == (Outcome.INVALID, "no input spends an output of the address")


def test_a_row_that_names_no_outputs_shows_none() -> None:
    found = check_one(row("BTC", ADDRESS, proof(), method="bip127"))
    assert (found.outcome, found.note) == (
        Outcome.INVALID,
        "the row holds no transaction, or not the outputs it spends",
    )


def test_a_proof_may_stand_in_base64() -> None:
    assert line(base64.b64encode(bytes.fromhex(proof())).decode()).outcome is Outcome.VALID


def test_only_the_outputs_of_the_address_are_counted_for_it() -> None:
    """A wallet proves several addresses at once; each row's address has its own part of the sum."""
    other = Wallet.number(2)
    coins = (COINS[0], Prevout("22" * 32, 3, 7_000, b"\x00\x14" + hash160(other.compressed)))
    text = proof(coins=coins, secrets=(KEY.secret, other.secret))
    found = check_one(row("BTC", ADDRESS, text, message=MESSAGE, method="bip127", prevouts=coins))
    assert found.outcome is Outcome.VALID
    assert found.note.startswith("outputs of 5000 base units signed")


def test_no_inputs_no_outputs_or_one_output_spent_twice_is_no_transaction() -> None:
    version, end, sequence = "02000000", "00000000", "ffffffff"
    point, paid = "11" * 32 + "00000000" + "00" + sequence, "01" + "0500000000000000" + "0151"
    for text in (
        version + "00" + paid + end,
        version + "01" + point + "00" + end,
        version + "02" + point * 2 + paid + end,
    ):
        found = line(text)
        assert (found.outcome, found.note) == (Outcome.INVALID, "the proof is no transaction")
