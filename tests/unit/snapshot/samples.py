"""Small made-up snapshots and evidence files for the tests of this package: fixed keys, fixed clock."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import EvidencePredicate, SnapshotPredicate
from auditor_app.snapshot.trust import EMPTY, Provenance, TrustStore, add_key
from auditor_app.snapshot.writing import LEDGER_MEDIA_TYPE, Bytes, Member, write_signed

ISSUER = "Example Exchange Ltd"
NOW = "2026-11-03T00:00:00Z"
PROVENANCE = Provenance(channel="engagement letter", by="A. Auditor", at="2026-10-01T00:00:00Z")


def seeded(name: str) -> SigningKey:
    """The Ed25519 key whose seed is the SHA-256 of ``name``."""
    return SigningKey.of(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


TREASURY = seeded("treasury")
FINANCE = seeded("finance")
STRANGER = seeded("stranger")
AUDITOR = seeded("auditor")


def pinned(store: TrustStore, key: SigningKey, signer: str, **options: Any) -> TrustStore:
    """``store`` with ``key`` pinned, by default as an issuer key of the example exchange."""
    options = {"role": "issuer", "issuer": ISSUER} | options
    return add_key(
        store, pem=key.public_pem(), typed_fingerprint=key.keyid, signer=signer, provenance=PROVENANCE, **options
    )


def store() -> TrustStore:
    """Two issuer keys and one auditor key."""
    both = pinned(pinned(EMPTY, TREASURY, "Head of Treasury"), FINANCE, "Finance Director")
    return pinned(both, AUDITOR, "Capturing Auditor", role="auditor", issuer="Audit LLP")


LEDGER = b"alice,1.5,10\nbob,0.25,\n"
ADDRESSES = b"account,asset,claimed,role\neip155:1:0x00000000219ab540356cBB839Cbe05303d7705Fa,USDT,12000000,cold\n"
FUNDS = (
    b"name,kind,custody,account,asset,claimed,target,target_unit\n"
    b"R3VhcmRpYW4,guardian,ledger,fund-1,USDT,5000000,5,USDT\n"
)
BALANCES = (
    b"account,asset,amount,source\neip155:1:0x00000000219ab540356cBB839Cbe05303d7705Fa,USDT,12000000,node.example\n"
)

PREDICATE: dict[str, Any] = {
    "formatVersion": "1.0",
    "snapshotId": "example-12",
    "sequence": "12",
    "previousPayloadSha256": "ab" * 32,
    "issuer": {"legalName": ISSUER},
    "engagementNonce": "cd" * 32,
    "asOf": "2026-11-01T00:00:00Z",
    "createdAt": "2026-11-02T08:00:00Z",
    "validUntil": "2026-12-01T00:00:00Z",
    "chains": {"eip155:1": {"blockHeight": "23700000", "blockHash": "0x" + "11" * 32}},
    "assets": [
        {"symbol": "BTC", "decimals": 8, "onChain": ["bip122:000000000019d6689c085ae165831e93/slip44:0"]},
        {"symbol": "USDT", "decimals": 6, "onChain": ["eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7"]},
    ],
    "ledgers": [
        {
            "name": "spot",
            "members": ["ledger/spot-00000.csv"],
            "rowCount": "2",
            "order": "tree",
            "columns": [
                {"name": "accountId", "type": "token"},
                {"name": "BTC", "type": "decimal", "decimals": 8},
                {"name": "USDT", "type": "decimal", "decimals": 6, "optional": True},
            ],
            "totals": {"BTC": "175000000", "USDT": "10000000"},
            "commitments": [
                {
                    "scheme": "mexc",
                    "root": "00" * 16,
                    "leafCount": "2",
                    "parameters": {"proofId": "PR-1"},
                    "publishedAt": "2026-11-02T09:00:00Z",
                }
            ],
        }
    ],
    "reserves": {"addresses": "reserves/addresses.csv", "claimedTotals": {"USDT": "12000000"}},
    "funds": {"member": "funds.csv"},
    "exclusions": [],
}

EVIDENCE: dict[str, Any] = {
    "formatVersion": "1.0",
    "snapshotPayloadSha256": "ab" * 32,
    "capturedAt": "2026-11-02T12:00:00Z",
    "chains": {"eip155:1": {"blockHeight": "23700000", "blockHash": "0x" + "11" * 32, "hashFrom": "typed"}},
    "endpoints": ["https://node.example"],
}


def predicate(**changes: Any) -> SnapshotPredicate:
    """The example predicate with top-level fields replaced; ``None`` removes one."""
    fields = {key: value for key, value in (PREDICATE | changes).items() if value is not None}
    return msgspec.convert(fields, SnapshotPredicate)


def members() -> tuple[Member, ...]:
    """The members that the example predicate names."""
    return (
        Member("ledger/spot-00000.csv", "ledger", Bytes(LEDGER), 2, LEDGER_MEDIA_TYPE),
        Member.table("reserves/addresses.csv", "addresses", ADDRESSES),
        Member.table("funds.csv", "funds", FUNDS),
    )


def write(folder: Path, *keys: SigningKey, name: str = "example.porsnap", **changes: Any) -> Path:
    """A signed example snapshot; both issuer keys sign unless others are given."""
    path = folder / name
    write_signed(path, predicate(**changes), members(), keys or (TREASURY, FINANCE))
    return path


def write_evidence(folder: Path, *keys: SigningKey, **changes: Any) -> Path:
    """A signed example evidence file; the auditor's key signs unless others are given."""
    path = folder / "example.porevidence"
    stated = msgspec.convert(EVIDENCE | changes, EvidencePredicate)
    write_signed(path, stated, (Member.table("balances.csv", "balances", BALANCES),), keys or (AUDITOR,))
    return path


def authenticate(path: Path, trust: TrustStore | None = None, **options: Any) -> AuthenticSnapshot:
    """Authenticate at the example's fixed time."""
    options = {"trusted_time": NOW} | options
    return authenticate_snapshot(path, store() if trust is None else trust, token=CancelToken(), **options)
