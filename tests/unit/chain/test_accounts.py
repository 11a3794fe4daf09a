"""Decoding CAIP-10 accounts: one account is one identity however it is spelled, and typing errors are seen."""

from __future__ import annotations

import pytest

from auditor_app.chain.accounts import asset_identity, checksum_address, decode_account
from auditor_app.errors import ChainError

BTC = "bip122:000000000019d6689c085ae165831e93:"
KNOWN = [
    # published examples: EIP-55, BIP-173, BIP-350, the first Bitcoin address book, token contracts, TON's foundation
    "eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    BTC + "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    BTC + "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    BTC + "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    BTC + "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "tron:728126428:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
    "xrpl:0:rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "polkadot:91b171bb158e2d3848fa23a9f1c25182:15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
    "tvm:-239:EQDtFpEwcFAEcRe5mLVh2N6C0x-_hJEM7W61_JLnSF74p4q2",
]


@pytest.mark.parametrize("text", KNOWN)
def test_published_addresses_decode_and_carry_a_checksum(text: str) -> None:
    account = decode_account(text)
    assert account.checksummed
    assert account.known_form
    assert account.chain == text.rpartition(":")[0]


@pytest.mark.parametrize("text", KNOWN)
def test_every_single_character_typing_error_is_seen(text: str) -> None:
    prefix, _, address = text.rpartition(":")
    for position in range(2, len(address)):
        old = address[position]
        new = next(c for c in ("a", "b", "2", "3") if c != old.lower())
        changed = f"{prefix}:{address[:position]}{new}{address[position + 1 :]}"
        try:
            identity = decode_account(changed).identity
        except ChainError:
            continue
        # EIP-55 misses one digit swap in 4,000 or so; nothing may decode to the same account
        assert identity != decode_account(text).identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "eip155:1:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        ("eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "eip155:1:0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"),
        (BTC + "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", BTC + "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
        (
            "tron:728126428:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
            "tron:728126428:41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        ),
        ("aptos:1:0x1", "aptos:1:0x" + "0" * 63 + "1"),
    ],
)
def test_two_spellings_are_one_identity(one: str, other: str) -> None:
    assert decode_account(one).identity == decode_account(other).identity


def test_the_same_digits_on_two_chains_are_two_accounts() -> None:
    address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    assert decode_account(f"eip155:1:{address}").identity != decode_account(f"eip155:56:{address}").identity


def test_lower_case_evm_and_solana_are_marked_as_without_checksum() -> None:
    assert not decode_account("eip155:1:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed").checksummed
    assert not decode_account(
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"
    ).checksummed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",  # one letter's case
        "eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA",
        "eip155:1:0x５aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",  # a full-width digit
        "eip155:1:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\n",
        BTC + "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",  # another chain's prefix
        BTC + "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",  # BIP-350: version 0 with a bech32m checksum
        BTC + "bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",  # mixed case
        BTC + "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9",  # a Litecoin version byte
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:9WzDXwBbmkg8ZTbN",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:0OIl",
        "aptos:1:0x" + "1" * 65,
    ],
)
def test_what_cannot_be_decoded_is_an_error_never_a_pass(text: str) -> None:
    with pytest.raises(ChainError) as caught:
        decode_account(text)
    assert caught.value.code == "ADDRESS.UNDECODABLE"


def test_a_chain_with_an_unknown_form_is_kept_as_text_and_says_so() -> None:
    account = decode_account("tezos:NetXdQprcVkpaWU:ABC")
    assert (account.known_form, account.checksummed) == (False, False)
    assert account.identity.endswith(":ABC")


def test_eip55_examples() -> None:
    for address in (
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ):
        assert checksum_address(address.lower()) == address


def test_a_token_contract_has_one_spelling_but_a_base58_mint_keeps_its_case() -> None:
    upper = "eip155:1/erc20:0xDAC17F958D2ee523a2206206994597C13D831ec7"
    assert asset_identity(upper) == upper.lower()
    mint = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
    assert asset_identity(mint) == mint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eip155:1/slip44:60", "eip155:1/slip44:0"),
        ("eip155:56/bep20:0xDAC17F958D2ee523a2206206994597C13D831ec7", "eip155:56/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7"),
        ("tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "tron:0x2b6653dc/trc20:41a614f803b6fd780986a42c78ec9c7f77e6ded13c"),
        ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/spl-token:M", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:M"),
    ],
)  # fmt: skip
def test_one_asset_in_two_spellings_has_one_identity(one: str, other: str) -> None:
    assert asset_identity(one) == asset_identity(other)
    assert asset_identity(one) != asset_identity("eip155:2" + one[one.index("/") :])


@pytest.mark.parametrize(
    "chain", ["eip155:01", "eip155:abc", "eip155:0", "eip155:1_0", "eip155:-1", "eip155:" + "9" * 20]
)
def test_a_chain_id_in_another_spelling_names_no_account(chain: str) -> None:
    with pytest.raises(ChainError, match="leading zeros"):
        decode_account(chain + ":0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
