"""OKX's method, chain family by family, where the list names it; and what each family refuses."""

from __future__ import annotations

import hashlib

import base58
import pytest
from btclib.b32 import address_from_witness
from eth_account import Account
from py_ecc.bls.ciphersuites import G2ProofOfPossession

from auditor_app.chain.address.digests import keccak256, ripemd160
from auditor_app.chain.ownership.model import Binds, Outcome, OwnershipLine
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row, script_of

KEY, OTHER = Wallet.number(1), Wallet.number(2)
EVM = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
SECRET = 12345


def digest(message: str) -> bytes:
    return keccak256(b"\x19Ethereum Signed Message:\n32" + keccak256(message.encode()))


VALIDATOR = "0x" + G2ProofOfPossession.SkToPk(SECRET).hex()
POSSESSED = "0x" + G2ProofOfPossession.Sign(SECRET, digest(MESSAGE)).hex()


def validator(signature: str, **more: object) -> OwnershipLine:
    return check_one(row("BETH", VALIDATOR, signature, method="okx-por", **more))  # type: ignore[arg-type]


def test_a_validators_key_is_its_address() -> None:
    found = validator(POSSESSED)
    assert (found.outcome, found.binds, found.scheme) == (
        Outcome.VALID, Binds.ADDRESS, "OKX: BLS12-381 proof of possession",
    )  # fmt: skip


def test_a_validators_signature_over_another_message_or_of_another_key_is_none() -> None:
    assert validator(POSSESSED, message=MESSAGE + ".").outcome is Outcome.INVALID
    strange = "0x" + G2ProofOfPossession.Sign(SECRET + 1, digest(MESSAGE)).hex()
    assert validator(strange).outcome is Outcome.INVALID
    for broken in (POSSESSED[:-2], POSSESSED + "00", "zz"):
        found = validator(broken)
        assert (found.outcome, found.note) == (Outcome.INVALID, "the signature is not 96 bytes in hex or base64")


def test_a_validator_with_named_owners_is_theirs_by_their_own_signatures() -> None:
    second = Account.from_key((2).to_bytes(32, "big")).address
    signed = [key.recoverable(digest(MESSAGE)) for key in (KEY, OTHER)]
    found = check_one(row("BETH", VALIDATOR, *signed, method="okx-por", owners=(EVM, second)))
    assert (found.outcome, found.binds) == (Outcome.VALID, Binds.OWNER)
    assert validator(POSSESSED, owners=(EVM, second)).outcome is Outcome.INVALID


def test_another_kind_of_evm_address_is_no_validator() -> None:
    assert check_one(row("ETH", EVM, KEY.recoverable(digest(MESSAGE)), method="okx-por")).outcome is Outcome.VALID
    assert check_one(row("ETH", EVM, POSSESSED, method="okx-por")).outcome is Outcome.INVALID


def test_utxo_addresses_are_signed_as_everybody_signs() -> None:
    script = script_of(2, (KEY, OTHER))
    multisig = address_from_witness(0, hashlib.sha256(script).digest())
    both = (KEY.bitcoin(MESSAGE), OTHER.bitcoin(MESSAGE))
    single = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
    assert check_one(row("BTC", single, both[0], method="okx-por")).outcome is Outcome.VALID
    assert check_one(row("BTC", single, both[1], method="okx-por")).outcome is Outcome.INVALID
    found = check_one(row("BTC", multisig, *both, method="okx-por", public_key=script.hex()))
    assert (found.outcome, found.method) == (Outcome.VALID, "okx-por")
    found = check_one(row("BTC", multisig, both[0], method="okx-por", public_key=script.hex()))
    assert (found.outcome, found.note) == (Outcome.INVALID, "1 of the script's keys signed, 2 are needed")


@pytest.mark.parametrize("signature", ["0x" + "11" * 65, "0x" + "11" * 64, "zz"])
def test_starknet_is_never_decided(signature: str) -> None:
    found = check_one(row("STARKNET", "0x" + "0" * 60 + "12ab", signature))
    assert (found.outcome, found.binds) == (Outcome.UNSIGNED, Binds.NOTHING)
    assert found.note == "signatures on the Stark curve are not checked by this program"


def test_an_eos_signature_that_leads_to_no_key_is_none() -> None:
    body = b"\x1f" + bytes(64)
    signature = "SIG_K1_" + base58.b58encode(body + ripemd160(body + b"K1")[:4]).decode()
    key = "EOS" + base58.b58encode(KEY.compressed + ripemd160(KEY.compressed)[:4]).decode()
    found = check_one(row("EOS", "okxvault1111", signature, public_key=key))
    assert found.outcome is Outcome.INVALID
