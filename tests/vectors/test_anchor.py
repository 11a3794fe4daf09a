"""From a typed checkpoint to a proven line: real mainnet light-client data inside an evidence file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from auditor_app.chain import anchor as anchors
from auditor_app.chain.anchor import Anchor, anchored_block, capture_anchor, read_light_client
from auditor_app.chain.bundle import anchor_name, make_bundle
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.light_client import MAINNET, _header
from auditor_app.chain.observed import Derivation, OwnBlock
from auditor_app.chain.rpc import JsonRpc
from auditor_app.errors import ChainError, UsageError
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.statement import Annotations, Digest, EvidenceBlock, Subject
from tests.unit.chain.snapshots import Members, evidence
from tests.vectors.checkpointed import CHAIN, HASH, HEIGHT, light_client

pytestmark = pytest.mark.vectors

TOKEN = CancelToken()


@pytest.fixture(scope="module")
def folder(vectors: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return light_client(vectors, tmp_path_factory.mktemp("beacon"))


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> str:
    return _header(json.loads((folder / "bootstrap.json").read_text())["data"]["header"], MAINNET).root.hex()


def file_with(data: bytes, height: int = HEIGHT) -> AuthenticEvidence:
    made = evidence([], chains={CHAIN: EvidenceBlock(block_height=str(height), block_hash=HASH)})
    subject = Subject(
        name=anchor_name(CHAIN),
        digest=Digest(sha256="0" * 64),
        media_type="x",
        annotations=Annotations(role="proof", size=str(len(data))),
    )
    statement = msgspec.structs.replace(made.statement, subject=(subject,))
    return replace(made, statement=statement, members=Members({anchor_name(CHAIN): data}))


def captured(folder: Path) -> bytes:
    data = read_light_client([f"{CHAIN}={folder}"])[CHAIN]
    with JsonRpc(parse_endpoints([f"{CHAIN}=https://not-asked.example"])[0], TOKEN) as rpc:
        member = run(capture_anchor(rpc, data, HEIGHT))
        assert rpc.requests == 0  # the finalised block is the evidence's own
    return member.data


def test_a_typed_checkpoint_gives_the_hash_of_the_evidences_block(folder: Path, checkpoint: str) -> None:
    own = anchored_block(file_with(captured(folder)), CHAIN, checkpoint, TOKEN)
    assert own == OwnBlock(HASH, Derivation(checkpoint, HEIGHT, 7109344, 512, 512))


def test_another_checkpoint_height_or_chain_gives_none(folder: Path, checkpoint: str) -> None:
    data = captured(folder)
    with pytest.raises(ChainError, match="typed checkpoint"):
        anchored_block(file_with(data), CHAIN, "0x" + "ab" * 32, TOKEN)
    with pytest.raises(ChainError, match="no block history leads on"):
        anchored_block(file_with(data, HEIGHT - 1), CHAIN, checkpoint, TOKEN)
    with pytest.raises(UsageError, match="no light-client data"):
        anchored_block(file_with(data), "eip155:56", checkpoint, TOKEN)
    with pytest.raises(ChainError, match="schema"):
        anchored_block(file_with(b"{}"), CHAIN, checkpoint, TOKEN)


def test_the_hop_to_an_earlier_block_starts_from_the_finalised_one(
    folder: Path, checkpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = msgspec.json.decode(captured(folder), type=Anchor)
    hop = make_bundle(CHAIN, b"header", [b"node"], ())
    asked = []
    monkeypatch.setattr(anchors, "earlier_block_hash", lambda *arguments: asked.append(arguments) or b"\x0e" * 32)
    data = msgspec.json.encode(msgspec.structs.replace(documents, history=hop))
    own = anchored_block(file_with(data, HEIGHT - 5), CHAIN, checkpoint, TOKEN)
    assert own.block_hash == "0x" + "0e" * 32
    assert own.derivation is not None
    assert own.derivation.finalized_height == HEIGHT
    assert asked == [(hop, bytes.fromhex(HASH[2:]), HEIGHT - 5)]


@pytest.mark.parametrize("text", ["eip155:1", "eip155:56=/tmp", "=/tmp"])
def test_light_client_data_are_named_by_chain_and_folder(text: str) -> None:
    with pytest.raises(UsageError):
        read_light_client([text])
