"""m distinct keys of the script must sign; m is what the script says."""

from __future__ import annotations

import base64
import hashlib

import base58
import pytest
from btclib.b32 import address_from_witness

from auditor_app.chain.address.digests import hash160
from auditor_app.chain.ownership.keys import SECP256K1_ORDER
from auditor_app.chain.ownership.model import Binds, Outcome
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row, script_of

A, B, C, STRANGER = (Wallet.number(value) for value in (11, 12, 13, 99))


def p2wsh(script: bytes) -> str:
    return address_from_witness(0, hashlib.sha256(script).digest())


def p2sh(script: bytes) -> str:
    return base58.b58encode_check(b"\x05" + hash160(script)).decode()


def twin(signature: str) -> str:
    """The other signature of the same key over the same message: n − s and the other recovery id."""
    raw = base64.b64decode(signature)
    s = SECP256K1_ORDER - int.from_bytes(raw[33:], "big")
    return base64.b64encode(bytes([31 + ((raw[0] - 31) ^ 1)]) + raw[1:33] + s.to_bytes(32, "big")).decode()


TWO_OF_THREE = script_of(2, (A, B, C))
THREE_OF_THREE = script_of(3, (A, B, C))


@pytest.mark.parametrize(
    "address", [p2wsh(TWO_OF_THREE), p2sh(TWO_OF_THREE), p2sh(b"\x00\x20" + hashlib.sha256(TWO_OF_THREE).digest())]
)
def test_two_members_of_three_control_the_address(address: str) -> None:
    line = check_one(row("BTC", address, C.bitcoin(MESSAGE), A.bitcoin(MESSAGE), public_key=TWO_OF_THREE.hex()))
    assert (line.outcome, line.binds, line.method) == (Outcome.VALID, Binds.ADDRESS, "multisig")
    assert line.scheme.endswith("2 of 3")


@pytest.mark.parametrize(
    "signatures",
    [
        (A.bitcoin(MESSAGE), A.bitcoin(MESSAGE)),
        (A.bitcoin(MESSAGE), twin(A.bitcoin(MESSAGE))),
        (A.bitcoin(MESSAGE),),
        (A.bitcoin(MESSAGE), STRANGER.bitcoin(MESSAGE)),
        (A.bitcoin(MESSAGE), B.bitcoin(MESSAGE + " ")),
        (STRANGER.bitcoin(MESSAGE), Wallet.number(98).bitcoin(MESSAGE)),
    ],
)
def test_fewer_than_two_distinct_members_never_suffice(signatures: tuple[str, ...]) -> None:
    line = check_one(row("BTC", p2wsh(TWO_OF_THREE), *signatures, public_key=TWO_OF_THREE.hex()))
    assert line.outcome is Outcome.INVALID


def test_a_script_hash_of_another_kind_is_another_address() -> None:
    """The same twenty bytes as P2PKH, and the same thirty-two as taproot, are no hash of a script."""
    both = (A.bitcoin(MESSAGE), B.bitcoin(MESSAGE))
    for address in (
        base58.b58encode_check(b"\x00" + hash160(TWO_OF_THREE)).decode(),
        base58.b58encode_check(b"\x00" + hash160(b"\x00\x20" + hashlib.sha256(TWO_OF_THREE).digest())).decode(),
        address_from_witness(1, hashlib.sha256(TWO_OF_THREE).digest()),
    ):
        assert check_one(row("BTC", address, *both, public_key=TWO_OF_THREE.hex())).outcome is Outcome.INVALID


def test_a_signature_that_is_none_counts_for_nothing() -> None:
    for bad in ("zz", "00" * 64, "00" * 65, "1f" + "00" * 64):
        signed = row("BTC", p2wsh(TWO_OF_THREE), A.bitcoin(MESSAGE), bad, public_key=TWO_OF_THREE.hex())
        assert check_one(signed).outcome is Outcome.INVALID
        good = row(
            "BTC", p2wsh(TWO_OF_THREE), bad, A.bitcoin(MESSAGE), B.bitcoin(MESSAGE), public_key=TWO_OF_THREE.hex()
        )
        assert check_one(good).outcome is Outcome.VALID


def test_two_signatures_do_not_satisfy_three_of_three() -> None:
    signed = row("BTC", p2wsh(THREE_OF_THREE), A.bitcoin(MESSAGE), B.bitcoin(MESSAGE), public_key=THREE_OF_THREE.hex())
    line = check_one(signed)
    assert line.outcome is Outcome.INVALID
    assert line.note == "2 of the script's keys signed, 3 are needed"


@pytest.mark.parametrize(
    "address",
    [
        p2wsh(TWO_OF_THREE),
        p2sh(TWO_OF_THREE),
        p2sh(b"\x00\x20" + hashlib.sha256(TWO_OF_THREE).digest()),
        "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
    ],
)
def test_a_script_of_another_address_is_refused(address: str) -> None:
    other = script_of(2, (STRANGER, B, C))
    line = check_one(row("BTC", address, STRANGER.bitcoin(MESSAGE), B.bitcoin(MESSAGE), public_key=other.hex()))
    assert (line.outcome, line.note) == (Outcome.INVALID, "the script in the row does not hash to the address")


def test_a_script_that_is_no_multisignature_is_refused() -> None:
    script = b"\x51" + b"\x00" * 40
    line = check_one(row("BTC", p2wsh(script), A.bitcoin(MESSAGE), public_key=script.hex()))
    assert line.outcome is Outcome.INVALID


def test_the_same_key_twice_in_the_script_counts_once() -> None:
    script = script_of(2, (A, A))
    line = check_one(row("BTC", p2wsh(script), A.bitcoin(MESSAGE), twin(A.bitcoin(MESSAGE)), public_key=script.hex()))
    assert line.outcome is Outcome.INVALID


def test_a_script_with_a_key_that_is_no_point_is_refused() -> None:
    """Nobody signs for it, least of all a signature that leads to no key."""
    script = b"\x51" + b"\x21" + A.compressed + b"\x21\x02" + b"\xff" * 32 + b"\x52\xae"
    for signature in ("zz", "00" * 65, "1f" + "00" * 64, A.bitcoin(MESSAGE)):
        found = check_one(row("BTC", p2wsh(script), signature, public_key=script.hex()))
        assert (found.outcome, found.note) == (Outcome.INVALID, "the script in the row is no m-of-n script")
