"""Keys that sign as wallets do, so that every refusal has a signature that would have been good."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from coincurve import PrivateKey

from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.model import OwnershipLine, OwnershipRow
from auditor_app.operation import CancelToken, run

MESSAGE = "Proof of reserves 2026-11-22"


@dataclass(frozen=True)
class Wallet:
    """One secp256k1 key."""

    secret: PrivateKey

    @staticmethod
    def number(value: int) -> Wallet:
        return Wallet(PrivateKey(value.to_bytes(32, "big")))

    @property
    def compressed(self) -> bytes:
        return self.secret.public_key.format()

    def bitcoin(self, message: str, magic: bytes = b"\x18Bitcoin Signed Message:\n") -> str:
        digest = sha256d(magic + bytes([len(message.encode())]) + message.encode())
        raw = self.secret.sign_recoverable(digest, hasher=None)
        return base64.b64encode(bytes([31 + raw[64]]) + raw[:64]).decode()

    def recoverable(self, digest: bytes) -> str:
        raw = self.secret.sign_recoverable(digest, hasher=None)
        return "0x" + (raw[:64] + bytes([27 + raw[64]])).hex()


def check_one(row: OwnershipRow, *, challenge: str | None = None, as_of: str | None = None) -> OwnershipLine:
    """Check one row alone and give its line."""
    return run(check_rows([row], challenge=challenge, as_of=as_of, token=CancelToken())).lines[0]


def row(label: str, address: str, *signatures: str, message: str = MESSAGE, **more: object) -> OwnershipRow:
    """A row of a published list."""
    base = OwnershipRow(label, address, address, None, message, tuple(signatures), labels=(label,) if label else ())
    return OwnershipRow(**{**{name: getattr(base, name) for name in base.__slots__}, **more})  # type: ignore[arg-type]


def script_of(needed: int, members: Sequence[Wallet]) -> bytes:
    """An m-of-n script."""
    keys = b"".join(b"\x21" + member.compressed for member in members)
    return bytes([0x50 + needed]) + keys + bytes([0x50 + len(members), 0xAE])
