"""Addresses against published examples of their own specifications, and one-character errors in each."""

from __future__ import annotations

import base64
import binascii

import base58
import pytest
from eth_utils.address import to_checksum_address

from auditor_app.chain.address.evm import eip55
from auditor_app.chain.address.model import AddressError
from auditor_app.chain.address.networks import NETWORKS, network_of_chain, network_of_form, networks_of_labels

# (network, address, kind, payload in hex), each from the format's own specification or documentation
PUBLISHED = [
    ("bitcoin", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "p2pkh", "76a04053bda0a88bda5177b86a15c3b29f559873"),
    ("bitcoin", "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "p2sh", "76a04053bda0a88bda5177b86a15c3b29f559873"),
    ("bitcoin-cash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "p2pkh", "76a04053bda0a88bda5177b86a15c3b29f559873"),
    ("bitcoin-cash", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", "p2sh", "76a04053bda0a88bda5177b86a15c3b29f559873"),
    ("bitcoin", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "p2wpkh", "751e76e8199196d454941c45d1b3a323f1433bd6"),
    ("bitcoin", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "p2tr", "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
    ("evm", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "account", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    ("stacks", "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7", "account", "a46ff88886c2ef9762d970b4d2c63678835bd39d"),
    ("xrpl", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "account", "b5f762798a53d543a014caf8b297cff8f2f937e8"),
    ("algorand", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ", "account", "00" * 32),
    ("stellar", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ", "account", "3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a"),
    ("polkadot", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", "account", "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"),
    ("ton", "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", "account", "0083dfd552e63729b472fcbcc8c45ebcc6691702558b68ec7527e1ba403a0f31a8"),
    ("filecoin", "f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za", "f1", "00537285faff2ef1c04fa030ab28a1e6dcc4ba60"),
    ("conflux", "cfx:aarc9abycue0hhzgyrr53m6cxedgccrmmyybjgh4xg", "conflux", "1a2f80341409639ea6a35bbcab8299066109aa55"),
]  # fmt: skip


@pytest.mark.parametrize(("network", "text", "kind", "payload"), PUBLISHED)
def test_published_addresses_decode(network: str, text: str, kind: str, payload: str) -> None:
    address = NETWORKS[network].decode(text)
    assert (address.kind, address.payload.hex(), address.checksummed) == (kind, payload, True)


@pytest.mark.parametrize(("network", "text"), [row[:2] for row in PUBLISHED])
def test_one_wrong_character_is_seen(network: str, text: str) -> None:
    alphabet = set("023456789acdefghjklmnpqrstuvwxyzACDEFGHJKLMNPQRSTUVWXYZ")
    accepted = []
    for position in range(len(text.rpartition(":")[0]) + 2, len(text)):
        for other in alphabet - {text[position]}:
            changed = text[:position] + other + text[position + 1 :]
            try:
                NETWORKS[network].decode(changed)
            except AddressError:
                continue
            accepted.append(changed)
    assert accepted == []


# BIP-350 invalid addresses, CashAddr with mixed case, a Tron address of another chain, short and long forms
REFUSED = [
    ("bitcoin", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"),
    ("bitcoin", "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL"),
    ("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh"),
    ("bitcoin", "bc1rw5uspcuh"),
    ("bitcoin", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
    ("bitcoin", "LectSLekhkxEQBHofNFHa3pVHndnb4Z9fN"),
    ("bitcoin-cash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvY22gdx6a"),
    ("litecoin", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
    ("evm", "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ("evm", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ("evm", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe"),
    ("evm", "0x" + "１" * 40),
    ("tron", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
    ("tron", "TDToUxX8sH4z6moQpK3ZLAN24eupu2ivA5"),
    ("solana", "5bJcc9eb2XE7mqcET2xDuAdMGuXWybb4YPmAHLjKLhQ0"),
    ("solana", "1" * 31),
    ("solana", " 5bJcc9eb2XE7mqcET2xDuAdMGuXWybb4YPmAHLjKLhQG"),
    ("aptos", "0x" + "0" * 65),
    ("near", "a"),
    ("near", "no spaces.near"),
    ("hedera", "0.0.0"),
    ("eos", "Capital"),
    ("avalanche-x", "avax1v88xtvkfmas5467c0zcdhsdxv42nm8d0gjmp5q"),
    ("cardano", "addr_test1vykqe7mmq83jsfxu0relg46vasd5d4gr4yg5pchg5v8tuvck0jkfn"),
]


@pytest.mark.parametrize(("network", "text"), REFUSED)
def test_what_is_no_address_is_refused(network: str, text: str) -> None:
    with pytest.raises(AddressError):
        NETWORKS[network].decode(text)


@pytest.mark.parametrize("number", range(20))
def test_mixed_case_agrees_with_eth_utils(number: int) -> None:
    payload = bytes([number * 7 % 256, 255 - number]) * 10
    assert eip55(payload) == to_checksum_address(payload)


def test_a_right_checksum_over_a_wrong_content_is_refused() -> None:
    long_bitcoin = base58.b58encode_check(b"\x00" * 22).decode()
    raw = b"\x22" + bytes(33)
    unknown_tag = base64.b64encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "big")).decode()
    for network, text in (("bitcoin", long_bitcoin), ("ton", unknown_tag)):
        with pytest.raises(AddressError):
            NETWORKS[network].decode(text)


def test_single_case_evm_and_solana_carry_no_checksum() -> None:
    for network, text in (
        ("evm", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        ("evm", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"),
        ("solana", "5bJcc9eb2XE7mqcET2xDuAdMGuXWybb4YPmAHLjKLhQG"),
    ):
        assert NETWORKS[network].decode(text).checksummed is False


@pytest.mark.parametrize(
    ("labels", "key"),
    [
        (("USDT-TRC20",), "tron"),
        (("OKB-X1-USDT",), "evm"),
        (("LTCK-OKC20",), "evm"),
        (("FIL-EVM",), "filecoin"),
        (("USDT-OMNI",), "bitcoin"),
        (("jWBTC-TRC20",), "tron"),
        (("AVAX-X",), "avalanche-x"),
        (("TRON", "USDT"), "tron"),
        (("ETH", "BTC"), "evm"),
    ],
)
def test_labels_lead_to_chains(labels: tuple[str, ...], key: str) -> None:
    assert networks_of_labels(labels)[0].key == key


def test_unknown_labels_lead_nowhere() -> None:
    assert networks_of_labels(("STEAK", "WLFI")) == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0x18709e89bd403f470088abdacebe86cc60dda12e", "evm"),
        ("TDToUxX8sH4z6moQpK3ZLAN24eupu2ivA4", "tron"),
        ("DRRU8L7fF4k9w7SF3Z6ei8onPCsh9hjGX1", "dogecoin"),
        ("rKUDvXFJMFu65LqPTH3Yfpii4rbKT9bSQT", "xrpl"),
        ("8NBEbxLknGv5aRYefFrW2qFXoDZyi9fSHJNiJRvEcMBE", "solana"),
    ],
)
def test_the_form_tells_the_chain(text: str, key: str) -> None:
    network = network_of_form(text)
    assert network is not None and network.key == key


@pytest.mark.parametrize("text", ["", "0x12", "hello", "3FZbgi29cpjq2GjdwV8eyHuJJnkLtktZc5"])
def test_a_form_of_none_or_two_chains_tells_nothing(text: str) -> None:
    assert network_of_form(text) is None


def test_caip2_ids_lead_to_chains() -> None:
    found = [network_of_chain(chain) for chain in ("eip155:56", "bip122:000000000019d6689c085ae165831e93", "tvm:-239")]
    assert [network.key for network in found if network] == ["evm", "bitcoin", "ton"]
    assert network_of_chain("bip122:ffffffffffffffffffffffffffffffff") is None
    assert network_of_chain("monero:mainnet") is None
