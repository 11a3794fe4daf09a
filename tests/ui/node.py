"""A loopback Ethereum endpoint with two blocks and true state proofs, and a signed snapshot of what it holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rlp as other_rlp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor_app.chain.header import _FRONTIER, _NUMBERS
from auditor_app.chain.state_proof import mapping_slot
from auditor_app.snapshot.members import ADDRESS_FIELDS, FUND_FIELDS, write_table
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import Asset, BlockReference, Funds, Issuer, Reserves, SnapshotPredicate
from auditor_app.snapshot.trust import Provenance, TrustStore, add_key, save_store
from auditor_app.snapshot.writing import Member, write_signed
from tests.unit.chain.fake_endpoint import Fake, Handler, fake_endpoint
from tests.unit.chain.snapshots import BTC_A, BTC_CHAIN, BTC_HASH, EVM_B, EVM_C, USDT
from tests.unit.chain.test_proven import CHAIN, CONTRACT, EVM_A, HEIGHT, A, B, C, World
from tests.unit.chain.trie_builder import absence

THEN = World({A: 7 * 10**18, B: 5 * 10**18, C: 10**18}, {A: 9_000_000, B: 1_000_000})
NOW = World({A: 2 * 10**18, B: 5 * 10**18, C: 10**18}, {A: 9_000_000, B: 4_000_000}, height=HEIGHT + 50)
PASSPHRASE = "a pass phrase"
ISSUER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(b"i" * 32))
AUDITOR = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
_BALANCES = {
    THEN.hash: ({A: 7 * 10**18, B: 5 * 10**18, C: 10**18}, {A: 9_000_000, B: 1_000_000}),
    NOW.hash: ({A: 2 * 10**18, B: 5 * 10**18, C: 10**18}, {A: 9_000_000, B: 4_000_000}),
}
_WORLDS = {THEN.hash: THEN, NOW.hash: NOW}
_BY_HEIGHT = {HEIGHT: THEN, HEIGHT + 50: NOW}


class Declined(Exception):
    """What this node does not do."""


@dataclass
class Node:
    """The endpoint; ``slow`` seconds pass before each answer."""

    fake: Fake
    slow: float = 0.0

    @property
    def url(self) -> str:
        return self.fake.url

    @property
    def methods(self) -> list[str]:
        """What was asked so far, by method."""
        import json

        asked: list[str] = []
        for _, body in self.fake.seen:
            document = json.loads(body)
            asked += [item["method"] for item in (document if isinstance(document, list) else [document])]
        return asked


@contextmanager
def running_node() -> Iterator[Node]:
    """The node on a free loopback port."""

    def answer(handler: Handler, document: Any) -> None:
        import json

        time.sleep(node.slow)
        many = document if isinstance(document, list) else [document]
        replies = [_reply(item) for item in many]
        handler.reply(json.dumps(replies if isinstance(document, list) else replies[0]).encode())

    with fake_endpoint(answer) as fake:
        node = Node(fake)
        yield node


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    head = {"jsonrpc": "2.0", "id": request["id"]}
    try:
        return head | {"result": _result(request["method"], request["params"])}
    except Declined:
        return head | {"error": {"code": -32601, "message": "the method is not available"}}


def _result(method: str, params: list[Any]) -> Any:
    if method == "eth_chainId":
        return "0x1"
    if method == "eth_blockNumber":
        return hex(HEIGHT + 50)
    if method == "eth_getBlockByNumber":
        return _header(_BY_HEIGHT[int(params[0], 16)])
    if method == "eth_getBalance":
        return hex(_BALANCES[params[1]["blockHash"]][0].get(_address(params[0]), 0))
    if method == "eth_call" and len(params) == 2 and params[0]["to"].lower() == CONTRACT:
        tokens, data = _BALANCES[params[1]["blockHash"]][1], params[0]["data"]
        word = 6 if data.startswith("0x313ce567") else tokens.get(bytes.fromhex(data[-40:]), 0)
        return f"0x{word:064x}"
    if method == "eth_getStorageAt":
        tokens = _BALANCES[params[2]["blockHash"]][1]
        slots = {"0x" + mapping_slot(holder, 2).hex(): units for holder, units in tokens.items()}
        return f"0x{slots.get(params[1], 0):064x}"
    if method == "eth_getProof":
        world = _WORLDS[params[2]["blockHash"]]
        account = world.proofs.get(_address(params[0])) or absence(world.accounts, _address(params[0]))
        slots = [bytes.fromhex(slot[2:]) for slot in params[1]]
        storage = [world.slot_proofs.get(slot) or absence(world.storage, slot) for slot in slots]
        return {"accountProof": _hexed(account), "storageProof": [{"proof": _hexed(nodes)} for nodes in storage]}
    raise Declined


def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _hexed(nodes: list[bytes]) -> list[str]:
    return ["0x" + node.hex() for node in nodes]


def _header(world: World) -> dict[str, str]:
    fields = {}
    for name, value in zip(_FRONTIER, other_rlp.decode(world.header), strict=True):
        fields[name] = hex(int.from_bytes(value, "big")) if name in _NUMBERS else "0x" + value.hex()
    return fields | {"hash": world.hash}


@dataclass(frozen=True)
class AuditorFiles:
    """An auditor's folder: a signed snapshot, a trust store, the auditor's key with and without a pass phrase."""

    snapshot: Path
    trust: Path
    key: Path
    locked_key: Path
    evidence: Path


def auditor_files(folder: Path, *, as_of: str = "2026-11-01T00:00:00Z") -> AuditorFiles:
    """Claims are what the node held at the named block."""
    made = AuditorFiles(*(folder / n for n in ("s.porsnap", "trust.json", "a.pem", "locked.pem", "s.porevidence")))
    rows = [
        (EVM_A, "ETH", 7 * 10**18), (EVM_B, "ETH", 5 * 10**18),
        (EVM_A, "USDT", 9_000_000), (EVM_B, "USDT", 1_000_000), (BTC_A, "BTC", 5),
    ]  # fmt: skip
    totals: dict[str, int] = {}
    for _, asset, units in rows:
        totals[asset] = totals.get(asset, 0) + units
    fund = ("Guardian Fund", "guardian", "on-chain", EVM_C, "ETH", str(10**18), "1", "ETH")
    predicate = SnapshotPredicate(
        format_version="1.0",
        snapshot_id="s",
        sequence="1",
        issuer=Issuer(legal_name="Example Exchange Ltd"),
        as_of=as_of,
        created_at=as_of,
        chains={
            CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=THEN.hash),
            BTC_CHAIN: BlockReference(block_height="900", block_hash=BTC_HASH),
        },
        assets=(
            Asset(symbol="BTC", decimals=8, on_chain=(f"{BTC_CHAIN}/slip44:0",)),
            Asset(symbol="ETH", decimals=18, on_chain=("eip155:1/slip44:60",)),
            Asset(symbol="USDT", decimals=6, on_chain=(USDT,)),
        ),
        ledgers=(),
        reserves=Reserves(addresses="reserves/addresses.csv", claimed_totals={k: str(v) for k, v in totals.items()}),
        funds=Funds(member="funds.csv"),
    )
    addresses = tuple((account, asset, str(units), "cold") for account, asset, units in sorted(rows))
    members = [
        Member.table("reserves/addresses.csv", "addresses", write_table(ADDRESS_FIELDS, addresses)),
        Member.table("funds.csv", "funds", write_table(FUND_FIELDS, (fund,))),
    ]
    write_signed(made.snapshot, predicate, members, [ISSUER])
    save_store(made.trust, _trusting())
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key.write_bytes(AUDITOR.private_bytes(*encoding, serialization.NoEncryption()))
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    made.locked_key.write_bytes(AUDITOR.private_bytes(*encoding, locked))
    return made


def _trusting() -> TrustStore:
    store = TrustStore()
    where = Provenance(channel="in person", by="A", at="2023-01-01T00:00:00Z")
    who = ((ISSUER, "issuer", "Example Exchange Ltd"), (SigningKey.of(AUDITOR), "auditor", "Audit LLP"))
    for key, role, issuer in who:
        store = add_key(
            store, pem=key.public_pem(), typed_fingerprint=key.keyid, role=role, issuer=issuer, signer=role, provenance=where  # type: ignore[arg-type]
        )  # fmt: skip
    return store
