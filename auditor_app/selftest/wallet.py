"""Keys of made-up reserve addresses; their secrets are small numbers, known to everybody, and good for nothing else."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import base58
from coincurve import PrivateKey

from auditor_app.chain.address.digests import evm_account, hash160
from auditor_app.chain.address.evm import eip55
from auditor_app.chain.ownership import eip191
from auditor_app.chain.ownership.bip137 import message_digest

BITCOIN = "bip122:000000000019d6689c085ae165831e93"
ETHEREUM = "eip155:1"
_MAGIC = "Bitcoin Signed Message:\n"


@dataclass(frozen=True, slots=True)
class Wallet:
    """One secp256k1 key with its Bitcoin and Ethereum accounts."""

    secret: PrivateKey = field(repr=False)

    @staticmethod
    def number(value: int) -> Wallet:
        """The wallet whose secret is ``value``."""
        return Wallet(PrivateKey(value.to_bytes(32, "big")))

    @property
    def bitcoin(self) -> str:
        """The CAIP-10 account of the P2PKH address."""
        payload = b"\x00" + hash160(self.secret.public_key.format())
        return f"{BITCOIN}:{base58.b58encode_check(payload).decode('ascii')}"

    @property
    def ethereum(self) -> str:
        """The CAIP-10 account in its EIP-55 spelling."""
        return f"{ETHEREUM}:{eip55(evm_account(self.secret.public_key.format(compressed=False)))}"

    def proof(self, account: str, message: str) -> tuple[str, str]:
        """Method and signature with which the account's holder signs ``message``."""
        if account.startswith(BITCOIN):
            raw = self.secret.sign_recoverable(message_digest(_MAGIC, message), hasher=None)
            return "bip137", base64.b64encode(bytes([31 + raw[64]]) + raw[:64]).decode("ascii")
        raw = self.secret.sign_recoverable(eip191.digest(message), hasher=None)
        return "eip191", "0x" + (raw[:64] + bytes([27 + raw[64]])).hex()
