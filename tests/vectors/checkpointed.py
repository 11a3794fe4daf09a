"""An exchange on Ethereum mainnet whose evidence leads from a real beacon checkpoint to the snapshot's block."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from auditor_app.chain.anchor import capture_anchor, read_light_client
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.evidence_file import write_evidence
from auditor_app.chain.light_client import MAINNET, _header
from auditor_app.chain.rpc import JsonRpc
from auditor_app.engagement.record import AuditRequest
from auditor_app.operation import CancelToken, run
from auditor_app.selftest import exchange as made_up
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.statement import Asset, BlockReference
from auditor_app.snapshot.trust import load_store

CHAIN = "eip155:1"
HEIGHT, HASH = 17923026, "0xbc8499537876e5406c7a65e25f99063f1cd85a17014a3aa5ade38271b1fbf64f"
_ETH = Asset(symbol="ETH", decimals=18, on_chain=(f"{CHAIN}/slip44:60",))


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """The files, and the beacon block root that leads to the block."""

    request: AuditRequest
    checkpoint: str

    @property
    def evidence(self) -> Path:
        assert self.request.evidence is not None
        return self.request.evidence


def light_client(vectors: Path, folder: Path) -> Path:
    """The three documents by the names that a capture expects."""
    folder.mkdir(exist_ok=True)
    for name in ("bootstrap", "updates", "finality"):
        shutil.copy(vectors / "chain" / "sync-committee" / f"cl_{name}.json", folder / f"{name}.json")
    return folder


def hand_over(vectors: Path, folder: Path, *, block_hash: str = HASH) -> Checkpointed:
    """Snapshot, trust store and evidence; the snapshot names ``block_hash``."""
    exchange = made_up.Exchange(
        columns="id:token,ETH:base-units/18",
        assets=(_ETH,),
        chains={CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=block_hash)},
    )
    request = made_up.hand_over(exchange, folder).request
    assert request.evidence is not None
    request.evidence.unlink()
    token = CancelToken()
    beacon = light_client(vectors, folder / "beacon")
    data = read_light_client([f"{CHAIN}={beacon}"])[CHAIN]
    with JsonRpc(parse_endpoints([f"{CHAIN}=https://not-asked.example"])[0], token) as rpc:
        anchor = run(capture_anchor(rpc, data, HEIGHT))
    store = load_store(request.trust_store)
    opened = authenticate_snapshot(request.snapshot, store, token=token, trusted_time=made_up.TRUSTED_TIME)
    try:
        rows = [BalanceRow(row.account, row.asset, row.claimed, "node.example") for row in exchange.reserves()]
        keys = [made_up.seeded("auditor")]
        write_evidence(request.evidence, opened, rows, keys, captured_at=made_up.CREATED_AT, proofs=[anchor])
    finally:
        opened.members.close()
    bootstrap = json.loads((beacon / "bootstrap.json").read_text())["data"]["header"]
    return Checkpointed(request, _header(bootstrap, MAINNET).root.hex())
