"""Lists that an exchange might publish to be passed: bad rows, dressed-up signatures, spreadsheets' habits."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from pathlib import Path

import base58
import pytest
from btclib.b32 import address_from_witness

from auditor_app.chain.address.digests import hash160, keccak256, ripemd160, sha256, sha256d
from auditor_app.chain.ownership.check import check_rows, signatures_seen
from auditor_app.chain.ownership.keys import SECP256K1_ORDER
from auditor_app.chain.ownership.lists import parse_list
from auditor_app.chain.ownership.model import Outcome, OwnershipLine, OwnershipResult, OwnershipRow
from auditor_app.cli.main import main
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, run
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row, script_of

KEY = Wallet.number(1)
P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
EVM = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
SIGNATURE = KEY.bitcoin(MESSAGE)
HEAD = "coin,address,snapshot height,balance,message,signature"


def listed(*rows: str, head: str = HEAD, end: str = "\n", start: str = "") -> tuple[OwnershipRow, ...]:
    return parse_list((start + end.join((head, *rows)) + end).encode(), file="list.csv")


def checked(rows: tuple[OwnershipRow, ...]) -> OwnershipResult:
    return run(check_rows(rows, challenge=None, as_of="2026-11-22", token=CancelToken()))


def personal(message: str, key: Wallet = KEY) -> str:
    return key.recoverable(keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message.encode()) + message.encode()))


# Spreadsheets --------------------------------------------------------------------------------------------------------

GOOD = f"BTC,{P2PKH},1,3.0,{MESSAGE},{SIGNATURE}"


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        ("", "\n", (GOOD,)),
        ("\ufeff", "\r\n", (GOOD,)),
        ("BTC,1,3\r\n\r\n", "\r\n", (GOOD, "", ",,,,,", GOOD.replace("3.0", " 3.0 "))),
        ("", "\n", (GOOD + ",,,",)),
        ("", "\n", (GOOD.replace(MESSAGE, f'"{MESSAGE}"') + ",,",)),
    ],
)
def test_byte_order_mark_line_ends_and_empty_cells_change_nothing(start: str, end: str, rows: tuple[str, ...]) -> None:
    lines = checked(listed(*rows, start=start, end=end)).lines
    assert {(line.outcome, line.row.message, line.row.address) for line in lines} == {(Outcome.VALID, MESSAGE, P2PKH)}
    assert {line.row.amount and line.row.amount.fixed() for line in lines} == {"3.0"}


def test_a_message_with_a_comma_stands_in_quotes() -> None:
    message = 'We, "the exchange", 2026-11-22'
    quoted = '"' + message.replace('"', '""') + '"'
    (only,) = listed(f"BTC,{P2PKH},1,1,{quoted},{KEY.bitcoin(message)}")
    assert only.message == message
    assert check_one(only).outcome is Outcome.VALID
    head = ",".join(f'"{name}"' for name in HEAD.split(","))
    (only,) = listed(f'"BTC","{P2PKH}","1","1",{quoted},"{KEY.bitcoin(message)}"', head=head)
    assert check_one(only).outcome is Outcome.VALID
    with pytest.raises(ChainError, match="cannot be told apart"):
        listed(f"BTC,{P2PKH},1,1,{message},x")
    (bare,) = listed(f'BTC,{P2PKH},1,1,"quoted",x')
    assert bare.message == '"quoted"'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (f"{HEAD}\n{GOOD}\n".encode("utf-16"), "not UTF-8"),
        (f"{HEAD}\r{GOOD}\r".encode(), "no line is the header"),
        (f"{HEAD}\n{GOOD}\n".replace(",", ";").encode(), "no line is the header"),
        (f"{HEAD}\n{GOOD}\n".replace("signature", "sig").encode(), "no line is the header"),
        (f"{HEAD},Address\n{GOOD}\n".encode(), "names a column twice"),
        (f"{HEAD}\nBTC,{P2PKH},1,1,{'m' * 1_000_001},x\n".encode(), "over the length limit"),
    ],
)
def test_a_list_that_is_none_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(ChainError, match=words) as refused:
        parse_list(data, file="list.csv")
    assert refused.value.code == "OWNERSHIP.UNREADABLE"


@pytest.mark.parametrize(
    "amount", ["1e5", "-1", "-0.5", "+1", "0x10", "NaN", "inf", "１", "1.", ".5", "1_000", "1 000", "=1+1", "1'000", "9" * 41]
)  # fmt: skip
def test_an_amount_that_is_no_plain_decimal_is_refused(amount: str) -> None:
    """A negative amount would take value away from what has no proof."""
    with pytest.raises(ChainError, match=r"no plain decimal number without a sign.*") as refused:
        listed(GOOD, GOOD.replace("3.0", amount))
    assert refused.value.at.row == 3


def test_formulas_are_text_and_no_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (f'=cmd|"/c calc"!A1,{P2PKH},1,1,{MESSAGE},{SIGNATURE}', f"BTC,=HYPERLINK(A1),1,1,{MESSAGE},{SIGNATURE}")
    path = tmp_path / "list.csv"
    path.write_text("\n".join((HEAD, *rows)) + "\n")
    assert main(["chain", "ownership", str(path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [item["result"] for item in document["rows"]] == ["valid", "undecodable"]
    assert set(document["shareByValue"]) == {'=cmd|"/c calc"!A1', "BTC"}


def test_many_rows_and_large_cells_cost_little_time() -> None:
    started = time.process_time()
    rows = [f"BTC,{P2PKH},1,1,-,-"] * 100_000
    rows.append(f"BTC,{P2PKH},1,1,{'m' * 900_000},{'A' * 90_000}")
    rows.append(f"BTC,{'1' * 900_000},1,1,m,{SIGNATURE}")
    result = checked(listed(*rows))
    assert result.counts()[Outcome.UNSIGNED] == 100_000
    assert [line.outcome for line in result.lines[-2:]] == [Outcome.INVALID, Outcome.UNDECODABLE]
    assert len(result.findings) < 20
    assert time.process_time() - started < 60


def test_an_unknown_coin_is_read_by_the_form_of_its_address_or_not_at_all() -> None:
    signed = row("NEWCOIN", EVM, personal(MESSAGE))
    assert check_one(signed).outcome is Outcome.VALID
    assert check_one(replace(signed, address="abcdef")).outcome is Outcome.UNDECODABLE


# Addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("BTC", P2PKH[:-1] + "J"),  # base58 checksum
        ("BTC", P2PKH.replace("g", "l", 1)),  # outside the alphabet
        ("BTC", P2PKH + " "[:0] + "\u200b"),  # zero width space
        ("BTC", "\u0431" + P2WPKH[1:]),  # a Cyrillic letter
        ("BTC", P2WPKH[:4].upper() + P2WPKH[4:]),  # mixed case
        ("BTC", address_from_witness(1, bytes(32))[:-1] + "q"),
        ("BTC", P2WPKH.replace("bc1", "tb1")),  # another network's prefix
        ("LTC", P2WPKH),
        ("ETH", EVM[:-1] + "F"),  # EIP-55
        ("ETH", EVM[:-1]),
        ("ETH", EVM + "00"),
        ("ETH", EVM[2:]),
        ("ETH", EVM.replace("7E", "７E")),
        ("TRX", "TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HD"),
        ("SOL", "0" * 44),
        ("TON", "EQ" + "A" * 46),
    ],
)
def test_an_address_with_a_flaw_is_an_exception_and_never_a_pass(label: str, address: str) -> None:
    result = checked((row(label, address, personal(MESSAGE) if label == "ETH" else SIGNATURE),))
    assert [line.outcome for line in result.lines] == [Outcome.UNDECODABLE]
    assert [item.code for item in result.findings] == ["ADDRESS.UNDECODABLE"]


def test_upper_case_bech32_is_the_same_address() -> None:
    assert check_one(row("BTC", P2WPKH.upper(), SIGNATURE)).outcome is Outcome.VALID


# Signatures ----------------------------------------------------------------------------------------------------------


def evm(change: object = None, message: str = MESSAGE) -> OwnershipLine:
    raw = bytes.fromhex(personal(MESSAGE)[2:])
    changed = raw if change is None else change(raw)  # type: ignore[operator]
    return check_one(row("ETH", EVM, "0x" + changed.hex(), message=message))


def other_dress(raw: bytes) -> bytes:
    """``n − s`` with the other recovery byte: the same signature, as anyone can write it without the key."""
    s = SECP256K1_ORDER - int.from_bytes(raw[32:64], "big")
    return raw[:32] + s.to_bytes(32, "big") + bytes([raw[64] ^ 1 if raw[64] < 27 else 27 + ((raw[64] - 27) ^ 1)])


ORDER = SECP256K1_ORDER.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda raw: raw, Outcome.VALID),
        (lambda raw: raw[:64] + bytes([raw[64] - 27]), Outcome.VALID),
        (other_dress, Outcome.VALID),
        (lambda raw: raw + b"\0", Outcome.INVALID),
        (lambda raw: b"\0" + raw, Outcome.INVALID),
        (lambda raw: raw[:64], Outcome.INVALID),
        (lambda raw: raw[:64] + bytes([27 + ((raw[64] - 27) ^ 1)]), Outcome.INVALID),  # another key is recovered
        (lambda raw: raw[:64] + bytes([raw[64] + 2]), Outcome.INVALID),
        (lambda raw: raw[:64] + bytes([raw[64] + 4]), Outcome.INVALID),
        (lambda raw: raw[:64] + bytes([raw[64] + 10]), Outcome.INVALID),  # EIP-155's
        (lambda raw: raw[:64] + b"\xff", Outcome.INVALID),
        (lambda raw: raw[:32] + bytes(32) + raw[64:], Outcome.INVALID),
        (lambda raw: bytes(32) + raw[32:], Outcome.INVALID),
        (lambda raw: raw[:32] + ORDER + raw[64:], Outcome.INVALID),
        (lambda raw: ORDER + raw[32:], Outcome.INVALID),
    ],
)
def test_a_recoverable_signature_has_one_length_and_one_key(change: object, outcome: Outcome) -> None:
    assert evm(change).outcome is outcome


@pytest.mark.parametrize(
    "message",
    [MESSAGE + "\n", MESSAGE + "\r\n", "\n" + MESSAGE, MESSAGE + " ", MESSAGE.replace(" ", "\u00a0"),
     MESSAGE.replace("o", "\u043e"), MESSAGE.upper(), MESSAGE + "\u200b", MESSAGE.replace("-", "\u2010")],
)  # fmt: skip
def test_a_message_that_only_looks_the_same_is_another(message: str) -> None:
    assert evm(message=message).outcome is Outcome.INVALID
    assert check_one(row("BTC", P2PKH, SIGNATURE, message=message)).outcome is Outcome.INVALID


def test_line_breaks_in_a_signed_message_are_part_of_it() -> None:
    for message in ("two\nlines 2026-11-22", "two\r\nlines 2026-11-22"):
        signed = row("ETH", EVM, personal(message), message=message)
        assert check_one(signed).outcome is Outcome.VALID
        turned = message.replace("\r\n", "\n") if "\r" in message else message.replace("\n", "\r\n")
        assert check_one(replace(signed, message=turned)).outcome is Outcome.INVALID


def eos(raw: bytes) -> str:
    body = bytes([27 + 4 + raw[64]]) + raw[:64]
    return "SIG_K1_" + base58.b58encode(body + ripemd160(body + b"K1")[:4]).decode()


def _dresses() -> list[tuple[str, str, str, str]]:
    """Chain, address, a signature, and the same written in another way."""
    raw = bytes.fromhex(personal(MESSAGE)[2:])
    bitcoin = base64.b64decode(SIGNATURE)
    turned = other_dress(bitcoin[1:] + bytes([bitcoin[0] - 31]))
    eos_raw = KEY.secret.sign_recoverable(sha256(b"x"), hasher=None)
    cosmos = eos_raw[:64]
    simple = base64.b64encode(b"\x02" + b"w" * 106).decode()
    return [
        ("ETH", EVM, "0x" + raw.hex(), raw.hex().upper()),
        ("ETH", EVM, "0x" + raw.hex(), other_dress(raw).hex()),
        ("ETH", EVM, "0x" + raw.hex(), base64.b64encode(raw[:64] + bytes([raw[64] - 27])).decode()),
        ("BTC", P2PKH, SIGNATURE, bitcoin.hex()),
        ("BTC", P2PKH, SIGNATURE, base64.b64encode(bytes([31 + turned[64]]) + turned[:64]).decode()),
        ("BTC", P2WPKH, SIGNATURE, base64.b64encode(bytes([bitcoin[0] + 8]) + bitcoin[1:]).decode()),
        ("EOS", "okxvault1111", eos(eos_raw), eos(other_dress(eos_raw))),
        ("ATOM", "cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c", cosmos.hex(), other_dress(eos_raw)[:64].hex()),
        ("BTC", P2WPKH, simple, "smp" + simple),
        ("BTC", P2WPKH, simple, base64.b64decode(simple).hex()),
    ]


@pytest.mark.parametrize(("label", "address", "first", "second"), _dresses())
def test_the_same_signature_is_seen_again_in_any_dress(label: str, address: str, first: str, second: str) -> None:
    assert first != second
    seen = signatures_seen([row(label, address, first)])
    assert list(signatures_seen([row(label, address, second)])) == list(seen)
    assert list(signatures_seen([row(label, address, first[:-8] + "A" * 8)])) != list(seen)


def test_an_ed25519_signature_has_one_dress_only() -> None:
    """Its second half is no secp256k1 scalar: nothing is folded together there."""
    solana = "So11111111111111111111111111111111111111112"
    one = bytes(32) + (5).to_bytes(32, "big")
    two = bytes(32) + (SECP256K1_ORDER - 5).to_bytes(32, "big")
    assert list(signatures_seen([row("SOL", solana, one.hex())])) != list(
        signatures_seen([row("SOL", solana, two.hex())])
    )


# m of n --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["compressed", "uncompressed"])
def test_one_key_in_two_encodings_is_one_signer(form: str) -> None:
    """Such a script needs two signatures, and one person makes both."""
    first, second = Wallet.number(21), Wallet.number(22)
    long = first.secret.public_key.format(compressed=False)
    twin = {"compressed": first.compressed, "uncompressed": long}
    members = [first.compressed, twin[form], second.compressed]
    script = b"\x52" + b"".join(bytes([len(member)]) + member for member in members) + b"\x53\xae"
    address = base58.b58encode_check(b"\x05" + hash160(script)).decode()
    alone = row("BTC", address, first.bitcoin(MESSAGE), first.bitcoin(MESSAGE), public_key=script.hex())
    assert check_one(alone).outcome is Outcome.INVALID
    raw = base64.b64decode(first.bitcoin(MESSAGE))
    uncompressed_header = base64.b64encode(bytes([raw[0] - 4]) + raw[1:]).decode()
    both = replace(alone, signatures=(first.bitcoin(MESSAGE), uncompressed_header))
    assert check_one(both).outcome is Outcome.INVALID
    two = replace(alone, signatures=(first.bitcoin(MESSAGE), second.bitcoin(MESSAGE)))
    assert check_one(two).outcome is Outcome.VALID


def test_more_signatures_than_cells_of_a_list_are_counted_too() -> None:
    members = [Wallet.number(value) for value in range(31, 36)]
    script = script_of(3, members)
    address = base58.b58encode_check(b"\x05" + hash160(script)).decode()
    three = [member.bitcoin(MESSAGE) for member in members[1:4]]
    assert check_one(row("BTC", address, *three, public_key=script.hex())).outcome is Outcome.VALID
    assert check_one(row("BTC", address, *three[:2], three[0], public_key=script.hex())).outcome is Outcome.INVALID


def test_a_digest_of_another_coin_is_another_message() -> None:
    litecoin = KEY.bitcoin(MESSAGE, b"\x19Litecoin Signed Message:\n")
    assert sha256d(b"x") != sha256(b"x")
    assert check_one(row("BTC", P2PKH, litecoin)).outcome is Outcome.INVALID
    ltc = base58.b58encode_check(b"\x30" + hash160(KEY.compressed)).decode()
    assert check_one(row("LTC", ltc, litecoin)).outcome is Outcome.VALID
    assert check_one(row("LTC", ltc, SIGNATURE)).outcome is Outcome.INVALID
