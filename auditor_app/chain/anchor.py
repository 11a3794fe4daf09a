"""Anchor members: what leads from a beacon checkpoint that an auditor types to the block that the evidence is of.

Light-client data reach a finalised execution block; where the snapshot's block is earlier, a proof under that block's
state (EIP-2935) gives its hash. The file holds all of it, so that a second auditor needs a checkpoint and no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from auditor_app import strict_json
from auditor_app.chain.bundle import ProofBundle, anchor_name
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.history import capture_history, earlier_block_hash
from auditor_app.chain.light_client import COMMITTEE_SIZE, NETWORKS, finalized_block
from auditor_app.chain.observed import Derivation, OwnBlock, OwnBlocks, typed_blocks
from auditor_app.chain.rpc import JsonRpc
from auditor_app.errors import AuditError, ChainError, Location, UsageError
from auditor_app.files import read_capped
from auditor_app.findings import Finding, finding
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.typed import typed

MEDIA_TYPE = "application/vnd.por.beacon-anchor.v1+json"
MAX_BYTES = 64 * 2**20


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Beacon documents as the API gives them (the content of ``data``), and the hop to an earlier block."""

    bootstrap: dict[str, Any]
    updates: list[dict[str, Any]]
    finality: dict[str, Any]
    history: ProofBundle | None = None


@dataclass(frozen=True, slots=True)
class LightClientData:
    """Beacon documents for one chain, and the height of the execution block that they finalise."""

    chain: str
    documents: Anchor
    finalized_height: int


@dataclass(frozen=True, slots=True)
class OwnBlockReading:
    """The auditor's own blocks, and a finding for each checkpoint that leads to none."""

    blocks: OwnBlocks
    findings: tuple[Finding, ...] = ()


def read_own_blocks(
    evidence: AuthenticEvidence | None,
    hashes: Sequence[tuple[str, str]],
    checkpoints: Sequence[tuple[str, str]],
    token: CancelToken,
) -> Operation[OwnBlockReading]:
    """Typed hashes as they are, and those that ``evidence`` leads to from typed beacon block roots; no network.

    :class:`UsageError` for a chain with both: one of them would be passed over.
    """
    blocks = dict(typed_blocks(hashes))
    findings: list[Finding] = []
    for number, (chain, checkpoint) in enumerate(checkpoints):
        if chain in blocks:
            raise UsageError("USAGE", f"{chain} has a typed block and a typed checkpoint", action="Type one of them.")
        yield Progress(number, len(checkpoints), "checkpoints", "Following the light client from the checkpoint")
        try:
            if evidence is None:
                raise ChainError("EVIDENCE.ABSENT", "no evidence with light-client data was given")
            blocks[chain] = anchored_block(evidence, chain, checkpoint, token)
        except (ChainError, UsageError) as error:
            findings.append(_leads_nowhere(chain, checkpoint, error))
    return OwnBlockReading(MappingProxyType(blocks), tuple(findings))


def _leads_nowhere(chain: str, checkpoint: str, error: AuditError) -> Finding:
    return finding(
        "CHAIN.CHECKPOINT",
        procedure="balances",
        subject=f"chain {chain}",
        message="No block's hash was derived from the beacon checkpoint that the auditor typed; the chain's balances were "
        f"graded as without it: {error.what}.",
        expected=error.expected or f"a block that checkpoint {checkpoint} leads to",
        observed=error.observed,
        at=error.at,
    )


def anchored_block(evidence: AuthenticEvidence, chain: str, checkpoint: str, token: CancelToken) -> OwnBlock:
    """The evidence's block on ``chain``, its hash derived from a beacon block root; no network.

    :class:`ChainError` ``EVIDENCE.PROOF`` where the data do not lead there, :class:`UsageError` where there are none.
    """
    name = anchor_name(chain)
    network, block = NETWORKS.get(chain), evidence.statement.predicate.chains.get(chain)
    if network is None or block is None or name not in {item.name for item in evidence.statement.subject}:
        raise UsageError("USAGE", f"the evidence holds no light-client data for {chain}", action="Use --block.")
    anchor = _parse(evidence.members.read(name, token), name)
    root = bytes.fromhex(checkpoint.removeprefix("0x"))
    reached = finalized_block(root, anchor.bootstrap, anchor.updates, anchor.finality, network, token=token)
    height = int(block.block_height)
    way = Derivation(root.hex(), reached.number, reached.slot, reached.participants, COMMITTEE_SIZE)
    if reached.number == height and anchor.history is None:
        return OwnBlock("0x" + reached.block_hash.hex(), way)
    if anchor.history is None:
        raise ChainError(
            "EVIDENCE.PROOF",
            "the light client reaches another block than the evidence's, and no block history leads on",
            at=Location(name),
            expected=f"height {height}",
            observed=f"height {reached.number}",
        )
    return OwnBlock("0x" + earlier_block_hash(anchor.history, reached.block_hash, height).hex(), way)


def read_light_client(specifications: Iterable[str]) -> dict[str, LightClientData]:
    """Beacon data from ``CHAIN=DIR`` texts: ``bootstrap.json``, ``updates.json`` and ``finality.json`` in each folder."""
    found: dict[str, LightClientData] = {}
    for text in specifications:
        chain, _, folder = text.partition("=")
        if chain not in NETWORKS or not folder or chain in found:
            raise UsageError(
                "USAGE", "light-client data are given as CHAIN=DIR", expected=" or ".join(NETWORKS), observed=chain[:60]
            )
        parts = {name: _load(Path(folder) / f"{name}.json") for name in ("bootstrap", "updates", "finality")}
        updates = parts["updates"]
        documents = {
            "bootstrap": _data(parts["bootstrap"]),
            "updates": [_data(item) for item in updates] if isinstance(updates, list) else None,
            "finality": _data(parts["finality"]),
        }
        anchor = _anchor(documents, folder)
        try:
            height = int(anchor.finality["finalized_header"]["execution"]["block_number"])
        except (KeyError, TypeError, ValueError):
            raise _unreadable(folder, "finality.json names no execution block") from None
        found[chain] = LightClientData(chain, anchor, height)
    return found


def capture_anchor(rpc: JsonRpc, data: LightClientData, height: int) -> Operation[ProofMember]:
    """The anchor member: the documents, and the proof from their finalised block back to ``height``."""
    from auditor_app.chain.evm import open_block

    history = None
    if height != data.finalized_height:
        reader = open_block(rpc, int(data.chain.partition(":")[2]), data.finalized_height, None)
        reader.prepare()
        history = yield from capture_history(reader, data.chain, height)
    anchor = msgspec.structs.replace(data.documents, history=history)
    return ProofMember(anchor_name(data.chain), MEDIA_TYPE, msgspec.json.encode(anchor) + b"\n")


def _parse(data: bytes, name: str) -> Anchor:
    try:
        document = strict_json.parse(data, file=name, code="EVIDENCE.PROOF", max_bytes=MAX_BYTES)
    except AuditError as error:
        raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
    return _anchor(document, name)


def _anchor(document: Any, where: str) -> Anchor:
    try:
        return typed(document, Anchor)
    except msgspec.ValidationError as error:
        raise _unreadable(where, f"the light-client data break their schema: {error}") from None


def _load(path: Path) -> Any:
    data = read_capped(path, max_bytes=MAX_BYTES, code="EVIDENCE.PROOF")
    return strict_json.parse(data, file=str(path), code="EVIDENCE.PROOF", max_bytes=MAX_BYTES)


def _data(document: Any) -> Mapping[str, Any] | None:
    """The ``data`` of one reply of the beacon API."""
    return document.get("data") if isinstance(document, dict) else None


def _unreadable(where: str, what: str) -> ChainError:
    return ChainError("EVIDENCE.PROOF", what, at=Location(where), action="Fetch the light-client data again.")
