"""Compact signatures: what their first byte may say, and what a key's digest is beside another kind of address."""

from __future__ import annotations

import base64

import base58
import pytest
from btclib.b32 import address_from_witness
from coincurve import PublicKey

from auditor_app.chain.address.digests import hash160, sha256d
from auditor_app.chain.ownership.model import Outcome
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row, script_of

KEY = Wallet.number(1)
UNCOMPRESSED = KEY.secret.public_key.format(compressed=False)
SHORT, LONG = hash160(KEY.compressed), hash160(UNCOMPRESSED)


def with_header(key: Wallet, header: int) -> str:
    """The key's signature over the message with its recovery id counted from another first byte."""
    raw = base64.b64decode(key.bitcoin(MESSAGE))
    return base64.b64encode(bytes([header + raw[0] - 31]) + raw[1:]).decode()


def p2pkh(digest: bytes) -> str:
    return base58.b58encode_check(b"\x00" + digest).decode()


def p2sh(digest: bytes) -> str:
    return base58.b58encode_check(b"\x05" + digest).decode()


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (27, p2sh(LONG)),
        (27, address_from_witness(0, LONG)),
        (35, p2pkh(hash160(b"\x00\x14" + SHORT))),
        (35, address_from_witness(0, hash160(b"\x00\x14" + SHORT))),
        (39, p2sh(SHORT)),
        (31, p2sh(SHORT)),
    ],
)
def test_a_digest_beside_another_kind_of_address_is_another_address(header: int, address: str) -> None:
    assert check_one(row("BTC", address, with_header(KEY, header))).outcome is Outcome.INVALID


@pytest.mark.parametrize("recovery", [2, 3])
def test_the_last_first_byte_of_each_kind_is_still_of_its_kind(recovery: int) -> None:
    """The recovery ids 2 and 3 stand for a point whose abscissa lies above the group's order: rare, and valid."""
    digest = sha256d(b"\x18Bitcoin Signed Message:\n" + bytes([len(MESSAGE)]) + MESSAGE.encode())
    key, rest = _any_key(digest, recovery)
    short = hash160(key.format())
    for first, address, outcome in (
        (27, p2pkh(hash160(key.format(compressed=False))), Outcome.VALID),
        (27, p2pkh(short), Outcome.INVALID),
        (31, p2pkh(short), Outcome.VALID),
        (31, p2pkh(hash160(key.format(compressed=False))), Outcome.INVALID),
        (35, p2sh(hash160(b"\x00\x14" + short)), Outcome.VALID),
        (39, address_from_witness(0, short), Outcome.VALID),
        (39, p2sh(hash160(b"\x00\x14" + short)), Outcome.INVALID),
        (43, address_from_witness(0, short), Outcome.INVALID),
    ):
        signature = base64.b64encode(bytes([first + recovery]) + rest).decode()
        assert check_one(row("BTC", address, signature)).outcome is outcome, (first, address)


def _any_key(digest: bytes, recovery: int) -> tuple[PublicKey, bytes]:
    """Some key, and the signature over the digest that leads to it under this recovery id."""
    for r in range(1, 200):
        rest = r.to_bytes(32, "big") + (1).to_bytes(32, "big")
        try:
            return PublicKey.from_signature_and_message(rest + bytes([recovery]), digest, hasher=None), rest
        except ValueError:
            continue
    raise AssertionError("no such point")


@pytest.mark.parametrize("header", [23, 43, 47, 251])
def test_a_first_byte_beyond_the_kinds_signs_for_no_script(header: int) -> None:
    other = Wallet.number(2)
    script = script_of(2, (KEY, other))
    address = p2sh(hash160(script))
    good = row("BTC", address, KEY.bitcoin(MESSAGE), other.bitcoin(MESSAGE), public_key=script.hex())
    assert check_one(good).outcome is Outcome.VALID
    bad = row("BTC", address, KEY.bitcoin(MESSAGE), with_header(other, header), public_key=script.hex())
    assert check_one(bad).outcome is Outcome.INVALID
