"""An issuer written from the specification alone, without a line of the product: the oracle for the whole format."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BTC_CHAIN = "bip122:000000000019d6689c085ae165831e93"
BTC_ADDRESS = f"{BTC_CHAIN}:bc1qyrqxhyn77dhj8g6dg30l49tnn7wg0evwkvhf3u"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Key:
    """An Ed25519 key by its name."""

    def __init__(self, name: str) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        public = self.private.public_key()
        self.pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.keyid = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


TREASURY, FINANCE, AUDITOR, STRANGER = Key("treasury"), Key("finance"), Key("auditor"), Key("stranger")


def rfc6962_root(rows: list[bytes]) -> str:
    """RFC 6962 section 2.1, recursively, over the whole list."""

    def tree(leaves: list[bytes]) -> bytes:
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return hashlib.sha256(b"\0" + leaves[0]).digest()
        split = 1
        while split * 2 < len(leaves):
            split *= 2
        return hashlib.sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()

    return tree(rows).hex()


@dataclass
class Draft:
    """A snapshot or evidence file that a test may bend before it is signed."""

    predicate: dict[str, Any]
    members: dict[str, tuple[str, bytes, int]]
    """Name to role, bytes and rows."""
    predicate_type: str = "urn:x-reserve-auditor:snapshot:v1"
    keys: list[Key] = field(default_factory=lambda: [TREASURY, FINANCE])

    def payload(self) -> bytes:
        """The statement's bytes."""
        subject = [
            {
                "name": name,
                "digest": {"sha256": hashlib.sha256(data).hexdigest()},
                "mediaType": "application/vnd.por.ledger.v1+csv" if role == "ledger" else "text/csv",
                "annotations": {"role": role, "size": str(len(data)), "rows": str(rows)},
            }
            for name, (role, data, rows) in self.members.items()
        ]
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        }
        return json.dumps(statement, separators=(",", ":")).encode()

    def envelope(self) -> bytes:
        """The canonical DSSE envelope."""
        payload = self.payload()
        pae = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        signatures = sorted((key.keyid, base64.b64encode(key.private.sign(pae)).decode()) for key in self.keys)
        return json.dumps(
            {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": keyid, "sig": sig} for keyid, sig in signatures],
            },
            separators=(",", ":"),
        ).encode()

    def files(self) -> dict[str, bytes]:
        """Every file of the container, in order."""
        return {"snapshot.dsse.json": self.envelope()} | {name: data for name, (_, data, _) in self.members.items()}

    def folder(self, path: Path) -> Path:
        """Write the directory form."""
        for name, data in self.files().items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path

    def archive(self, path: Path) -> Path:
        """Write the archive form with the standard library's ZIP writer at its plainest."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, data in self.files().items():
                archive.writestr(zipfile.ZipInfo(name), data)
        return path


def snapshot(rows: list[bytes], **changes: Any) -> Draft:
    """A small honest snapshot: BTC only, fully covered."""
    ledger = b"".join(row + b"\n" for row in rows)
    total = sum(round(float(row.split(b",")[1] or b"0") * 10**8) for row in rows)
    claimed = total * 11 // 10
    addresses = f"account,asset,claimed,role\n{BTC_ADDRESS},BTC,{claimed},cold\n".encode()
    predicate: dict[str, Any] = {
        "formatVersion": "1.0",
        "snapshotId": "spec-1",
        "sequence": "1",
        "issuer": {"legalName": "Example Exchange Ltd"},
        "asOf": "2026-11-01T00:00:00Z",
        "createdAt": "2026-11-02T08:00:00Z",
        "chains": {BTC_CHAIN: {"blockHeight": "921000", "blockHash": "0" * 20 + "ab" * 22}},
        "assets": [{"symbol": "BTC", "decimals": 8, "onChain": [f"{BTC_CHAIN}/slip44:0"]}],
        "ledgers": [
            {
                "name": "spot",
                "members": ["ledger/spot-00000.csv"],
                "rowCount": str(len(rows)),
                "order": "tree",
                "columns": [
                    {"name": "accountId", "type": "token"},
                    {"name": "BTC", "type": "decimal", "decimals": 8, "optional": True},
                ],
                "totals": {"BTC": str(total)},
                "commitments": [
                    {
                        "scheme": "rfc6962-sha256",
                        "root": rfc6962_root(rows),
                        "leafCount": str(len(rows)),
                        "parameters": {},
                    }
                ],
            }
        ],
        "reserves": {"addresses": "reserves/addresses.csv", "claimedTotals": {"BTC": str(claimed)}},
        "exclusions": [],
    }
    predicate |= changes
    members = {
        "ledger/spot-00000.csv": ("ledger", ledger, len(rows)),
        "reserves/addresses.csv": ("addresses", addresses, 1),
    }
    return Draft(predicate, members)


def evidence(of: Draft, amount: int, **changes: Any) -> Draft:
    """Evidence for ``of``: its one address with ``amount`` base units, signed by the auditor."""
    block = of.predicate["chains"][BTC_CHAIN]
    predicate = {
        "formatVersion": "1.0",
        "snapshotPayloadSha256": hashlib.sha256(of.payload()).hexdigest(),
        "capturedAt": "2026-11-02T12:00:00Z",
        "chains": {BTC_CHAIN: {**block, "hashFrom": "snapshot"}},
        "endpoints": ["https://node.example"],
    } | changes
    table = f"account,asset,amount,source\n{BTC_ADDRESS},BTC,{amount},node.example\n".encode()
    members = {"balances.csv": ("balances", table, 1)}
    return Draft(predicate, members, "urn:x-reserve-auditor:evidence:v1", [AUDITOR])
