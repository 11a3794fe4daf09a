"""Each scheme with signatures made by other libraries, and what makes each refuse."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import base58
import pytest
from btclib.b32 import address_from_witness
from btclib.b58 import prv_key_data_from_wif
from btclib_wallet import bip322
from eth_account import Account
from eth_account.messages import encode_defunct
from nacl.signing import SigningKey

from auditor_app.chain.address.digests import hash160, keccak256, ripemd160, sha256
from auditor_app.chain.ownership.model import Binds, Outcome
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row

KEY = Wallet.number(1)
EVM = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
TRON = "TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HC"
ED = SigningKey(b"\x05" * 32)
SOLANA = base58.b58encode(bytes(ED.verify_key)).decode()
WIF = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn"


def eip191(message: str) -> str:
    return "0x" + Account.sign_message(
        encode_defunct(text=message), (1).to_bytes(32, "big")
    ).signature.hex().removeprefix("0x")


def test_eip191_as_eth_account_signs_it() -> None:
    line = check_one(row("ETH", EVM, eip191(MESSAGE)))
    assert (line.outcome, line.binds, line.method, line.scheme) == (Outcome.VALID, Binds.ADDRESS, "eip191", "EIP-191")


def test_eip2098_keeps_the_parity_in_the_first_bit_of_s() -> None:
    # EIP-2098's own two examples: the key 0x1234…1234, "Hello World" and "It's a small(er) world"
    address = "0x2e988A386a799F506693793c6A5AF6B54dfAaBfB"
    for message, signature in (
        ("Hello World", "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b907e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"),
        ("It's a small(er) world", "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"),
    ):  # fmt: skip
        line = check_one(row("ETH", address, signature, message=message))
        assert (line.outcome, line.binds, line.scheme) == (Outcome.VALID, Binds.ADDRESS, "EIP-191")
        other_parity = f"{int(signature, 16) ^ 1 << 255:0128x}"
        assert check_one(row("ETH", address, other_parity, message=message)).outcome is Outcome.INVALID
        assert check_one(row("ETH", address, signature, message=message, method="okx-por")).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        (eip191(MESSAGE), MESSAGE + "."),
        (eip191(MESSAGE), " " + MESSAGE),
        (eip191(MESSAGE)[:-4], MESSAGE),
        (eip191(MESSAGE)[:-2] + "1d", MESSAGE),
        ("0x" + "00" * 65, MESSAGE),
        ("not a signature", MESSAGE),
        (eip191(MESSAGE).replace("0x", "0X"), MESSAGE),
    ],
)
def test_eip191_refused(signature: str, message: str) -> None:
    assert check_one(row("ETH", EVM, signature, message=message)).outcome is Outcome.INVALID


def test_a_named_method_is_the_only_one_tried() -> None:
    assert check_one(row("ETH", EVM, eip191(MESSAGE), method="okx-por")).outcome is Outcome.INVALID
    assert check_one(row("ETH", EVM, eip191(MESSAGE), method="eip191")).outcome is Outcome.VALID
    assert (
        check_one(row("ETH", EVM, eip191(MESSAGE), method="bip322")).note
        == "the method bip322 does not exist for this chain"
    )


@pytest.mark.parametrize("method", ["eip1271", "txid"])
def test_what_needs_the_chain_is_never_valid(method: str) -> None:
    line = check_one(row("ETH", EVM, eip191(MESSAGE), method=method))
    assert (line.outcome, line.binds) == (Outcome.UNSIGNED, Binds.NOTHING)
    assert "needs" in line.note


@pytest.mark.parametrize(
    ("scheme", "digest"),
    [
        ("TIP-191", b"28" + MESSAGE.encode()),
        ("TRON Signed Message, 32, over Keccak-256 of the message", b"32" + keccak256(MESSAGE.encode())),
        ("TRON Signed Message, 32, over the message", b"32" + MESSAGE.encode()),
    ],
)
def test_three_framings_of_tron(scheme: str, digest: bytes) -> None:
    assert len(MESSAGE) == 28
    line = check_one(row("TRX", TRON, KEY.recoverable(keccak256(b"\x19TRON Signed Message:\n" + digest))))
    assert (line.outcome, line.scheme) == (Outcome.VALID, scheme)


def test_bare_digests_take_plain_text_only() -> None:
    """The bytes of a transaction and its old signature are no signed message."""
    for message, outcome in ((MESSAGE, Outcome.VALID), ("\x02\u00f8\x6b\x01", Outcome.INVALID)):
        assert (
            check_one(row("ETH", EVM, KEY.recoverable(keccak256(message.encode())), message=message)).outcome is outcome
        )
    for message, outcome in ((MESSAGE, Outcome.VALID), ("\x01\x00\x01\x03", Outcome.INVALID)):
        signature = ED.sign(message.encode()).signature.hex()
        assert check_one(row("SOL", SOLANA, signature, message=message)).outcome is outcome


def test_solana_off_chain_message() -> None:
    framed = b"\xffsolana offchain\x00\x00" + len(MESSAGE).to_bytes(2, "little") + MESSAGE.encode()
    line = check_one(row("SOL", SOLANA, base64.b64encode(ED.sign(framed).signature).decode()))
    assert (line.outcome, line.scheme) == (Outcome.VALID, "Solana off-chain message")


@pytest.mark.parametrize(
    ("message", "form", "outcome"),
    [
        ("a" * 0xFFFF, 0, Outcome.VALID),
        ("a" * 0x10000, 0, Outcome.INVALID),
        ("", 0, Outcome.INVALID),
        ("Reserven 2026-11-22 für die Prüfung", 1, Outcome.VALID),
        ("Reserven 2026-11-22 für die Prüfung", 0, Outcome.INVALID),
        ("two\nlines", 1, Outcome.VALID),
        ("two\nlines", 0, Outcome.INVALID),
        (MESSAGE, 1, Outcome.INVALID),
    ],
)
def test_solanas_message_names_its_length_and_form(message: str, form: int, outcome: Outcome) -> None:
    data = message.encode()
    framed = b"\xffsolana offchain\x00" + bytes([form]) + (len(data) & 0xFFFF).to_bytes(2, "little") + data
    signed = row("SOL", SOLANA, ED.sign(framed).signature.hex(), message=message, method="solana")
    assert check_one(signed).outcome is outcome


def test_the_64_bytes_of_eip2098_are_taken_for_eip191_alone() -> None:
    """Nobody signs so elsewhere, and 64 bytes are another kind of signature on other chains."""
    for label, address, digest in (
        ("TRX", TRON, keccak256(b"\x19TRON Signed Message:\n28" + MESSAGE.encode())),
        ("ETH", EVM, keccak256(b"\x19Ethereum Signed Message:\n32" + keccak256(MESSAGE.encode()))),
    ):
        signature = KEY.recoverable(digest)
        r, s, v = signature[2:66], int(signature[66:130], 16), int(signature[130:], 16)
        assert check_one(row(label, address, signature)).outcome is Outcome.VALID
        assert check_one(row(label, address, f"0x{r}{s | (v - 27) << 255:064x}")).outcome is Outcome.INVALID


def test_the_reason_of_the_framing_that_came_nearest_is_told() -> None:
    """The key in the row signed, in one of two framings; the other framing leads to some key or other."""
    elf = "2XNagboftecQgKRtgG8W5zpdRiZWinUfsfZm62a5NmmEVoZG7X"  # of another key: one of OKX's
    for digest in (
        keccak256(okx(MESSAGE)),
        keccak256(b"\x19Ethereum Signed Message:\n32" + keccak256(MESSAGE.encode())),
    ):
        line = check_one(row("ELF", elf, KEY.recoverable(digest), public_key=KEY.compressed.hex()))
        assert line.outcome is Outcome.INVALID
        assert line.note == "the key in the row signed, but it does not lead to the address"


def test_an_ed25519_key_that_is_not_the_address_is_refused() -> None:
    stranger = SigningKey(b"\x06" * 32)
    signature = stranger.sign(MESSAGE.encode()).signature.hex()
    line = check_one(row("SOL", SOLANA, signature, public_key=bytes(stranger.verify_key).hex()))
    assert (line.outcome, line.note) == (
        Outcome.INVALID,
        "the key in the row signed, but it does not lead to the address",
    )


def test_every_signature_of_a_row_must_be_one() -> None:
    """A good one beside bytes that are none, or that lead to no key, is no valid row."""
    for bad in ("zz", "0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "11" * 64):
        for signatures in ((eip191(MESSAGE), bad), (bad, eip191(MESSAGE))):
            assert check_one(row("ETH", EVM, *signatures)).outcome is Outcome.INVALID


def test_an_ed25519_row_needs_a_key_and_64_bytes() -> None:
    signature = ED.sign(MESSAGE.encode()).signature
    key = bytes(ED.verify_key).hex()
    aptos = "0x" + hashlib.sha3_256(bytes(ED.verify_key) + b"\x00").hexdigest()
    assert check_one(row("APT", aptos, signature.hex(), public_key=key)).outcome is Outcome.VALID
    for address, text, public_key, note in (
        (aptos, signature.hex(), "", "the row holds no public key of 32 bytes"),
        (aptos, signature.hex(), key[2:], "the row holds no public key of 32 bytes"),
        (aptos, signature.hex(), "04" + key, "the row holds no public key of 32 bytes"),
        (aptos, signature.hex()[2:], key, "the signature is not 64 bytes in hex or base64"),
        (aptos, signature.hex() + "00", key, "the signature is not 64 bytes in hex or base64"),
        (aptos, "", key, ""),
    ):
        line = check_one(row("APT", address, *([text] if text else []), public_key=public_key))
        assert (line.outcome, line.note) == (Outcome.INVALID if text else Outcome.UNSIGNED, note)
    for text in (signature.hex()[2:], signature.hex() + "00"):
        assert check_one(row("SOL", SOLANA, text)).outcome is Outcome.INVALID


def test_a_row_with_a_key_and_no_address_binds_the_key() -> None:
    """As one of OKX's rows; without a key it names nothing."""
    signature = KEY.recoverable(keccak256(okx(MESSAGE)))
    long = KEY.secret.public_key.format(compressed=False).hex()
    for public_key in (KEY.compressed.hex(), long, long[2:]):
        line = check_one(row("", "", signature, public_key=public_key))
        assert (line.outcome, line.binds, line.network) == (Outcome.VALID, Binds.KEY, "secp256k1-key")
    framed = ED.sign(okx(MESSAGE)).signature.hex()
    line = check_one(row("", "", framed, public_key=bytes(ED.verify_key).hex()))
    assert (line.outcome, line.binds, line.network) == (Outcome.VALID, Binds.KEY, "ed25519-key")
    for public_key in (STRANGER.compressed.hex(), "02" + "00" * 32):
        assert check_one(row("", "", signature, public_key=public_key)).outcome is Outcome.INVALID
    for public_key in ("", "00" * 31, "zz"):
        line = check_one(row("", "", signature, public_key=public_key))
        assert (line.outcome, line.note) == (Outcome.UNDECODABLE, "the row names no address")


def test_an_account_name_binds_the_key_only() -> None:
    line = check_one(
        row("NEAR", "exchange.near", ED.sign(MESSAGE.encode()).signature.hex(), public_key=bytes(ED.verify_key).hex())
    )
    assert (line.outcome, line.binds) == (Outcome.VALID, Binds.KEY)


def okx(message: str) -> bytes:
    return b"\x14OKX Signed Message:\n" + bytes([len(message)]) + message.encode()


def test_eos_signature_binds_the_key_only() -> None:
    raw = KEY.secret.sign_recoverable(sha256(okx(MESSAGE)), hasher=None)
    body = bytes([31 + raw[64]]) + raw[:64]
    signature = "SIG_K1_" + base58.b58encode(body + ripemd160(body + b"K1")[:4]).decode()
    key = "EOS" + base58.b58encode(KEY.compressed + ripemd160(KEY.compressed)[:4]).decode()
    line = check_one(row("EOS", "okxvault1111", signature, public_key=key))
    assert (line.outcome, line.binds) == (Outcome.VALID, Binds.KEY)
    assert check_one(row("EOS", "okxvault1111", signature[:-1] + "1", public_key=key)).outcome is Outcome.INVALID
    mistyped = "EOS" + base58.b58encode(KEY.compressed + b"\x00\x01\x02\x03").decode()
    strangers = "EOS" + base58.b58encode(STRANGER.compressed + ripemd160(STRANGER.compressed)[:4]).decode()
    for public_key in ("", mistyped, strangers):
        assert check_one(row("EOS", "okxvault1111", signature, public_key=public_key)).outcome is Outcome.INVALID


def test_cosmos_adr36() -> None:
    account = "cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c"
    # the sign document of ADR-036, written out by hand
    document = (
        '{"account_number":"0","chain_id":"","fee":{"amount":[],"gas":"0"},"memo":"","msgs":[{"type":"sign/MsgSignData",'
        '"value":{"data":"'
        + base64.b64encode(MESSAGE.encode()).decode()
        + '","signer":"'
        + account
        + '"}}],"sequence":"0"}'
    )
    assert json.loads(document)
    raw = KEY.secret.sign_recoverable(sha256(document.encode()), hasher=None)[:64]
    signed = row("ATOM", account, base64.b64encode(raw).decode(), public_key=KEY.compressed.hex())
    assert (check_one(signed).outcome, check_one(signed).binds) == (Outcome.VALID, Binds.ADDRESS)
    assert check_one(replace(signed, message=MESSAGE + ".")).outcome is Outcome.INVALID
    for key in ("", "zz", "11" * 32):
        nameless = check_one(replace(signed, public_key=key, method="cosmos"))
        assert (nameless.outcome, nameless.note) == (
            Outcome.INVALID,
            "the row holds no secp256k1 key, or the signature is not 64 bytes",
        )
    stranger = row("ATOM", account, base64.b64encode(raw).decode(), public_key=Wallet.number(2).compressed.hex())
    assert check_one(stranger).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("header", "address", "outcome"),
    [
        (31, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", Outcome.VALID),
        (27, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", Outcome.INVALID),
        (27, "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm", Outcome.VALID),
        (31, "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm", Outcome.INVALID),
        (35, "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", Outcome.VALID),
        (31, "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", Outcome.VALID),
        (39, "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", Outcome.INVALID),
        (39, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Outcome.VALID),
        (31, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Outcome.VALID),
        (35, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Outcome.INVALID),
        (43, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Outcome.INVALID),
        (23, "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm", Outcome.INVALID),
        (39, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", Outcome.INVALID),
    ],
)
def test_the_first_byte_must_name_the_address_type(header: int, address: str, outcome: Outcome) -> None:
    raw = base64.b64decode(KEY.bitcoin(MESSAGE))
    signature = base64.b64encode(bytes([header + raw[0] - 31]) + raw[1:]).decode()
    assert check_one(row("BTC", address, signature)).outcome is outcome


STRANGER = Wallet.number(7)


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (27, "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm"),
        (31, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"),
        (31, "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"),
        (35, "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"),
        (31, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        (39, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        (39, address_from_witness(1, hash160(KEY.compressed).ljust(32, b"\0"))),
    ],
)
def test_another_key_controls_no_address_of_any_type(header: int, address: str) -> None:
    """And a script of another kind with the key's very digest is another address."""
    for key in (STRANGER, KEY) if address.startswith("bc1p") else (STRANGER,):
        raw = base64.b64decode(key.bitcoin(MESSAGE))
        signature = base64.b64encode(bytes([header + raw[0] - 31]) + raw[1:]).decode()
        assert check_one(row("BTC", address, signature)).outcome is Outcome.INVALID


def test_a_bip322_signature_is_read_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    signature = bip322.sign(MESSAGE.encode(), prv_key_data_from_wif(WIF), address).b64encode()
    signed = row("BTC", address, signature, method="bip322")
    for limit, outcome in ((len(signature), Outcome.VALID), (len(signature) - 1, Outcome.INVALID)):
        monkeypatch.setattr("auditor_app.chain.ownership.bip322._MAX_SIGNATURE", limit)
        assert check_one(signed).outcome is outcome


def test_bip322_on_another_chain_by_its_output_script() -> None:
    bitcoin = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    signature = bip322.sign(MESSAGE.encode(), prv_key_data_from_wif(WIF), bitcoin).b64encode()
    litecoin = "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"
    assert hash160(KEY.compressed).hex() == "751e76e8199196d454941c45d1b3a323f1433bd6"
    for label, address in (("BTC", bitcoin), ("LTC", litecoin)):
        line = check_one(row(label, address, signature))
        assert (line.outcome, line.scheme) == (Outcome.VALID, "BIP-322 simple")
        assert check_one(row(label, address, signature, message="another")).outcome is Outcome.INVALID


def test_owners_must_all_sign_and_be_distinct() -> None:
    contract = "0x57e2dcd253527a0f70c6a3de3556f6e6e163f19c"
    second = Account.from_key((2).to_bytes(32, "big"))
    other = Account.sign_message(encode_defunct(text=MESSAGE), second.key).signature.hex()
    both = row("ETH", contract, eip191(MESSAGE), other, owners=(EVM, second.address))
    assert (check_one(both).outcome, check_one(both).binds) == (Outcome.VALID, Binds.OWNER)
    for signatures, owners in (
        ((eip191(MESSAGE), eip191(MESSAGE)), (EVM, second.address)),
        ((eip191(MESSAGE),), (EVM, second.address)),
        ((eip191(MESSAGE), eip191(MESSAGE)), (EVM, EVM.lower())),
        ((eip191(MESSAGE), other), (EVM, "0x12")),
        ((eip191(MESSAGE),), ()),
    ):
        assert check_one(row("ETH", contract, *signatures, owners=owners)).outcome is Outcome.INVALID
