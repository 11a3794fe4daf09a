"""No single change to a signature, a message or an address leaves a proof of control valid."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.address.model import Family
from auditor_app.chain.ownership.check import _undressed, check_rows
from auditor_app.chain.ownership.freshness import dates_in
from auditor_app.chain.ownership.keys import SECP256K1_ORDER, fingerprint
from auditor_app.chain.ownership.lists import parse_list
from auditor_app.chain.ownership.model import Outcome, OwnershipRow
from auditor_app.errors import AuditError
from auditor_app.operation import CancelToken, run
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, row

KEY = Wallet.number(1)
BITCOIN = row("BTC", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", KEY.bitcoin(MESSAGE))
ETHER = row("ETH", "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf", KEY.recoverable(keccak256(MESSAGE.encode())))


def outcome(changed: OwnershipRow) -> Outcome:
    return run(check_rows([changed], challenge=None, as_of=None, token=CancelToken())).lines[0].outcome


@given(bit=st.integers(0, 519))
@settings(max_examples=120, deadline=None)
def test_every_flipped_bit_of_a_compact_signature_is_refused(bit: int) -> None:
    raw = bytearray(base64.b64decode(BITCOIN.signatures[0]))
    raw[bit // 8] ^= 1 << bit % 8
    assert outcome(BITCOIN) is Outcome.VALID
    assert outcome(replace(BITCOIN, signatures=(base64.b64encode(bytes(raw)).decode(),))) is Outcome.INVALID


@given(bit=st.integers(0, 511))
@settings(max_examples=120, deadline=None)
def test_every_flipped_bit_of_an_evm_signature_is_refused(bit: int) -> None:
    raw = bytearray.fromhex(ETHER.signatures[0].removeprefix("0x"))
    raw[bit // 8] ^= 1 << bit % 8
    assert outcome(ETHER) is Outcome.VALID
    assert outcome(replace(ETHER, signatures=(bytes(raw).hex(),))) is Outcome.INVALID


@given(position=st.integers(2, 41), digit=st.sampled_from("0123456789abcdef"))
@settings(max_examples=100, deadline=None)
def test_a_typing_error_in_a_lower_case_address_is_caught_by_its_signature(position: int, digit: str) -> None:
    address = ETHER.address[:position] + digit + ETHER.address[position + 1 :]
    expected = Outcome.VALID if address == ETHER.address else Outcome.INVALID
    assert outcome(replace(ETHER, address=address)) is expected


@given(message=st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_other_message_fits(message: str) -> None:
    expected = Outcome.VALID if message == MESSAGE else Outcome.INVALID
    assert outcome(replace(BITCOIN, message=message)) is expected
    assert outcome(replace(ETHER, message=message)) is expected


@given(r=st.binary(min_size=32, max_size=32), s=st.integers(1, SECP256K1_ORDER - 1), v=st.integers(0, 255))
def test_both_dresses_of_a_signature_have_one_fingerprint(r: bytes, s: int, v: int) -> None:
    one, other = r + s.to_bytes(32, "big"), r + (SECP256K1_ORDER - s).to_bytes(32, "big")
    assert fingerprint(one) == fingerprint(other)
    texts = (one + bytes([v])).hex(), base64.b64encode(other + b"\x00").decode()
    assert _undressed(texts[0], Family.EVM) == _undressed(texts[1], Family.EVM)
    texts = (bytes([v]) + one).hex(), base64.b64encode(b"\x1f" + other).decode()
    assert _undressed(texts[0], Family.UTXO) == _undressed(texts[1], Family.UTXO)


@given(data=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@settings(max_examples=200)
def test_any_bytes_are_rows_or_a_clear_refusal(data: bytes) -> None:
    try:
        rows = parse_list(b"coin,address,snapshot height,balance,message,signature\n" + data, file="l.csv")
    except AuditError as error:
        assert error.code == "OWNERSHIP.UNREADABLE"
    else:
        assert outcome_counts(rows) == len(rows)


def outcome_counts(rows: tuple[OwnershipRow, ...]) -> int:
    result = run(check_rows(rows, challenge=None, as_of=None, token=CancelToken()))
    assert result.counts()[Outcome.VALID] == 0
    return sum(result.counts().values())


@given(day=st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31)))
def test_every_iso_date_is_found(day: object) -> None:
    assert list(dates_in(f"signed on {day}.")) == [day]
