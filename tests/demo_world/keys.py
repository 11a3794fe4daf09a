"""The made-up exchange's wallets. Every key follows from its public name and is good for nothing else."""

from __future__ import annotations

import base64
import hashlib

import base58
from btclib.b32 import address_from_witness
from btclib.key import PrvKeyData
from btclib_wallet import bip322
from coincurve import PrivateKey
from nacl.signing import SigningKey

from auditor_app.chain.accounts import checksum_address
from auditor_app.chain.address.digests import evm_account, hash160, keccak256, sha256d
from auditor_app.chain.ownership import eip191

MESSAGE = "Example Exchange Ltd controls this address. Challenge 7d1f4c0be29a, 2023-09-15, for Example Audit LLP"
OLD_MESSAGE = "I am an Example Exchange address"
"""Says nothing of when or for whom: replayable."""


def seed(name: str) -> bytes:
    """32 bytes from a public name."""
    return hashlib.sha256(b"reserve-auditor demo wallet: " + name.encode()).digest()


class Key:
    """One secp256k1 key."""

    def __init__(self, name: str) -> None:
        self.secret = PrivateKey(seed(name))

    @property
    def compressed(self) -> bytes:
        return self.secret.public_key.format()

    @property
    def evm(self) -> str:
        """The account of the key on EVM chains."""
        return checksum_address("0x" + self.account.hex())

    @property
    def account(self) -> bytes:
        return evm_account(self.secret.public_key.format(compressed=False))

    @property
    def bitcoin(self) -> str:
        """The P2WPKH address of the key."""
        return address_from_witness(0, hash160(self.compressed))

    @property
    def tron(self) -> str:
        return base58.b58encode_check(b"\x41" + self.account).decode()

    def recoverable(self, digest: bytes) -> bytes:
        """``r ‖ s ‖ v`` with v of 27 or 28."""
        raw = self.secret.sign_recoverable(digest, hasher=None)
        return raw[:64] + bytes([27 + raw[64]])

    def eip191(self, message: str) -> str:
        return "0x" + self.recoverable(eip191.digest(message)).hex()

    def tip191(self, message: str) -> str:
        data = message.encode()
        framed = b"\x19TRON Signed Message:\n" + str(len(data)).encode() + data
        return "0x" + self.recoverable(keccak256(framed)).hex()

    def bip137(self, message: str) -> str:
        """A compact signature with the header of a compressed key."""
        data = message.encode()
        raw = self.secret.sign_recoverable(
            sha256d(b"\x18Bitcoin Signed Message:\n" + bytes([len(data)]) + data), hasher=None
        )
        return base64.b64encode(bytes([31 + raw[64]]) + raw[:64]).decode()

    def bip322(self, message: str) -> str:
        key = PrvKeyData(int.from_bytes(self.secret.secret, "big"))
        return str(bip322.sign(message.encode(), key, self.bitcoin).b64encode())


def solana_key(name: str) -> SigningKey:
    return SigningKey(seed(name))


def script_of(needed: int, members: list[Key]) -> bytes:
    """An m-of-n script."""
    keys = b"".join(b"\x21" + member.compressed for member in members)
    return bytes([0x50 + needed]) + keys + bytes([0x50 + len(members), 0xAE])
