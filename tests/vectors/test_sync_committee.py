"""Real mainnet light-client data, from one checkpoint to a finalised execution block, and every kind of tampering."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.light_client import MAINNET, BeaconNetwork, _header, finalized_block
from auditor_app.errors import ChainError

pytestmark = pytest.mark.vectors

BLOCK = "bc8499537876e5406c7a65e25f99063f1cd85a17014a3aa5ade38271b1fbf64f"


@pytest.fixture(scope="module")
def files(vectors: Path) -> dict[str, Any]:
    folder = vectors / "chain" / "sync-committee"
    read = {name: json.loads((folder / f"cl_{name}.json").read_text()) for name in ("bootstrap", "updates", "finality")}
    return {
        "bootstrap": read["bootstrap"]["data"],
        "updates": [item["data"] for item in read["updates"]],
        "finality": read["finality"]["data"],
    }


@pytest.fixture(scope="module")
def checkpoint(files: dict[str, Any]) -> bytes:
    return _header(files["bootstrap"]["header"], MAINNET).root


def test_a_header_roots_to_the_block_that_the_next_one_names(vectors: Path) -> None:
    """The beacon block at slot 7109344 is named by its root in the finality update: two files agree."""
    folder = vectors / "chain" / "sync-committee"
    finalized = json.loads((folder / "cl_finality.json").read_text())["data"]["finalized_header"]
    message = json.loads((folder / "cl_block_7109344.json").read_text())["data"]["message"]
    header = _header(finalized, MAINNET)
    assert (header.slot, header.state_root.hex()) == (int(message["slot"]), message["state_root"][2:])
    assert header.execution["block_hash"] == message["body"]["execution_payload"]["block_hash"]


def test_the_checkpoint_leads_to_the_finalised_execution_block(files: dict[str, Any], checkpoint: bytes) -> None:
    block = finalized_block(checkpoint, **files)
    assert (block.number, block.block_hash.hex(), block.slot) == (17923026, BLOCK, 7109344)
    assert block.participants > 500


def other_hex(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def change(path: list[Any]) -> Callable[[dict[str, Any]], None]:
    def apply(files: dict[str, Any]) -> None:
        place: Any = files
        for step in path[:-1]:
            place = place[step]
        value = place[path[-1]]
        place[path[-1]] = str(int(value) + 1) if value.isdigit() else other_hex(value)

    return apply


TAMPERED = [
    (change(["bootstrap", "header", "beacon", "slot"]), "typed checkpoint"),
    (change(["bootstrap", "header", "beacon", "body_root"]), "not the one of its body"),
    (change(["bootstrap", "current_sync_committee", "pubkeys", 17]), "sync committee is not the one"),
    (change(["bootstrap", "current_sync_committee", "aggregate_pubkey"]), "sync committee is not the one"),
    (change(["bootstrap", "current_sync_committee_branch", 2]), "sync committee is not the one"),
    (change(["updates", 0, "next_sync_committee", "pubkeys", 511]), "next sync committee is not the one"),
    (change(["updates", 0, "next_sync_committee_branch", 0]), "next sync committee is not the one"),
    (change(["updates", 1, "sync_aggregate", "sync_committee_signature"]), "signature does not fit"),
    (change(["finality", "finalized_header", "execution", "block_hash"]), "not the one of its body"),
    (change(["finality", "finalized_header", "execution", "block_number"]), "not the one of its body"),
    (change(["finality", "finalized_header", "beacon", "proposer_index"]), "not the one of the attested state"),
    (change(["finality", "finality_branch", 5]), "not the one of the attested state"),
    (change(["finality", "attested_header", "beacon", "proposer_index"]), "signature does not fit"),
    (lambda f: f["updates"].pop(1), "no update leads to"),
    (lambda f: f["finality"]["sync_aggregate"].update(sync_committee_bits="0x" + "ff" * 42 + "00" * 22), "336 of 512"),
    (lambda f: f["finality"].update(finality_branch=f["finality"]["finality_branch"][:-1]), "does not have 6"),
    (lambda f: f["bootstrap"]["current_sync_committee"]["pubkeys"].pop(), "512 members"),
    (lambda f: f["finality"].pop("sync_aggregate"), "is missing"),
    (lambda f: f["finality"].update(signature_slot="-1"), "no number"),
    (
        lambda f: f["finality"].update(signature_slot=f["finality"]["finalized_header"]["beacon"]["slot"]),
        "out of order",
    ),
]


@pytest.mark.parametrize(("tamper", "words"), TAMPERED)
def test_tampered_data_is_refused(
    files: dict[str, Any], checkpoint: bytes, tamper: Callable[[dict[str, Any]], None], words: str
) -> None:
    changed = copy.deepcopy(files)
    tamper(changed)
    with pytest.raises(ChainError, match=words):
        finalized_block(checkpoint, **changed)


def test_another_checkpoint_or_network_is_refused(files: dict[str, Any], checkpoint: bytes) -> None:
    with pytest.raises(ChainError, match="typed checkpoint"):
        finalized_block(bytes(32), **files)
    elsewhere = BeaconNetwork(bytes(32), MAINNET.forks, MAINNET.electra_epoch)
    with pytest.raises(ChainError, match="signature does not fit"):
        finalized_block(checkpoint, **files, network=elsewhere)
