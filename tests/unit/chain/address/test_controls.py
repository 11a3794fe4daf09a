"""From a key to its address, against published pairs and other libraries."""

from __future__ import annotations

import hashlib

import pytest
from btclib import bech32
from btclib.b32 import power_of_2_base_conversion
from coincurve import PrivateKey, PublicKey
from nacl.signing import SigningKey

from auditor_app.chain.address.networks import NETWORKS

XRP_KEY = PublicKey(bytes.fromhex("0330E7FC9D56BB25D6893BA3F317AE5BCF33B3291BD63DB32654A313222F7FD020"))
ONE = PrivateKey((1).to_bytes(32, "big")).public_key
TON_KEY = bytes(range(32))

# The key of the XRP Ledger's first account; the generator point's addresses; Alice's development key of Substrate;
# TON wallets of the key 00 01 … 1f as pytoniq-core 0.2.1 derives them from the published contract code.
SECP256K1_PAIRS = [
    ("xrpl", XRP_KEY, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
    ("bitcoin", ONE, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"),
    ("bitcoin", ONE, "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm"),
    ("bitcoin", ONE, "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"),
    ("bitcoin", ONE, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("evm", ONE, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"),
    ("tron", ONE, "TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HC"),
    ("cosmos", ONE, "cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c"),
]
ED25519_PAIRS = [
    ("ton", TON_KEY, "EQB8OA8kKll0n2kvUik0w91g_x3vOFVTSYYXArscqSWGI573"),
    ("ton", TON_KEY, "EQBt_hZajycJX3IG_qdb0i6JBEHcSGSTmHwieP_SxiCBjMI8"),
    (
        "polkadot",
        bytes.fromhex("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"),
        "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
    ),
]


@pytest.mark.parametrize(("network", "key", "text"), SECP256K1_PAIRS)
def test_secp256k1_keys_control_their_published_addresses(network: str, key: PublicKey, text: str) -> None:
    chain = NETWORKS[network]
    other = PrivateKey((2).to_bytes(32, "big")).public_key
    assert chain.controls(key.format(compressed=False), chain.decode(text)) is True
    assert chain.controls(other.format(compressed=False), chain.decode(text)) is False


@pytest.mark.parametrize(("network", "key", "text"), ED25519_PAIRS)
def test_ed25519_keys_control_their_published_addresses(network: str, key: bytes, text: str) -> None:
    chain = NETWORKS[network]
    assert chain.controls(key, chain.decode(text)) is True
    assert chain.controls(bytes(SigningKey(b"\x07" * 32).verify_key), chain.decode(text)) is False


@pytest.mark.parametrize(
    ("network", "text"), [("near", "exchange.near"), ("hedera", "0.0.1234"), ("eos", "okxvault1111")]
)
def test_names_say_nothing_about_keys(network: str, text: str) -> None:
    chain = NETWORKS[network]
    assert chain.controls(b"\x01" * 32, chain.decode(text)) is None


def test_a_contract_or_script_address_is_controlled_by_no_key() -> None:
    bitcoin, cardano = NETWORKS["bitcoin"], NETWORKS["cardano"]
    taproot = bitcoin.decode("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    key_hash = hashlib.blake2b(TON_KEY, digest_size=28).digest()
    key, script = (
        cardano.decode(bech32.encode("addr", power_of_2_base_conversion(bytes([head]) + key_hash, 8, 5), 1).decode())
        for head in (0x61, 0x71)
    )
    assert bitcoin.controls(ONE.format(compressed=False), taproot) is False
    assert cardano.controls(TON_KEY, key) is True
    assert cardano.controls(TON_KEY, script) is False
