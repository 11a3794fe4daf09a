"""Capturing the snapshot's balances from endpoints that the auditor configured, into one signed evidence file.

What will be asked of whom is in the plan (:mod:`auditor_app.chain.plan`). No evidence is written until everything was
read: a capture that fails or is cancelled leaves none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from auditor_app.chain.accounts import contract_of, evm_address
from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.anchor import LightClientData, capture_anchor
from auditor_app.chain.bundle import (
    MEDIA_TYPE,
    NATIVE_DECIMALS,
    ProofBundle,
    ProofCapture,
    encode_bundle,
    in_base_units,
    member_name,
)
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.evidence_file import ProofMember, write_evidence
from auditor_app.chain.grading import TWO_ENDPOINTS
from auditor_app.chain.partial import PartialCapture
from auditor_app.chain.plan import CapturePlan, Target
from auditor_app.chain.rpc import JsonRpc, Limits
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import EvidenceBlock

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader
    from auditor_app.chain.prove import RawBalances

_KEPT_TOGETHER = 5000
"""Balances between two entries of the working file."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What was written: the payload's SHA-256, how many balances, how many HTTP exchanges, and how each host was read.

    ``proven_chains`` have state proofs in the file; ``notes`` say what has none, and why.
    """

    payload_sha256: str
    balances: int
    requests: int
    methods: tuple[tuple[str, str], ...]
    proven_chains: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Supplements:
    """What a capture may be given besides endpoints.

    ``light_client`` is beacon data by chain, kept in the file with the proof that leads from its finalised block to the
    snapshot's; ``partial`` keeps balances as they arrive, so that an interrupted capture can go on.
    """

    light_client: Mapping[str, LightClientData] = field(default_factory=lambda: MappingProxyType({}))
    partial: PartialCapture | None = None
    limits: Limits | None = None


NO_SUPPLEMENTS = Supplements()


def capture(
    snapshot: AuthenticSnapshot,
    plan: CapturePlan,
    keys: Sequence[SigningKey],
    path: Path,
    *,
    captured_at: str,
    token: CancelToken,
    supplements: Supplements = NO_SUPPLEMENTS,
) -> Operation[Captured]:
    """Read every balance of the plan and write the evidence file; :class:`ChainError` if any endpoint fails."""
    readings: list[_Reading] = []
    for endpoint in plan.endpoints:
        first = endpoint.chain not in {item.endpoint.chain for item in readings}
        with JsonRpc(endpoint, token, supplements.limits) as rpc:
            readings.append((yield from _read_endpoint(snapshot, plan, rpc, supplements, prove=first)))
    rows = [row for reading in readings for row in reading.rows]
    yield Progress(len(rows), len(rows), "balances", "Writing the evidence file")
    payload = write_evidence(
        path,
        snapshot,
        rows,
        keys,
        captured_at=captured_at,
        blocks=_agreed_blocks(readings),
        endpoints=[endpoint.origin for endpoint in plan.endpoints],
        proofs=[member for reading in readings for member in reading.members()],
    )
    if supplements.partial is not None:
        supplements.partial.discard()
    return Captured(
        payload,
        len(rows),
        sum(reading.requests for reading in readings),
        tuple((reading.endpoint.origin, reading.method) for reading in readings),
        tuple(reading.endpoint.chain for reading in readings if reading.bundle is not None),
        tuple(note for reading in readings for note in reading.notes),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one endpoint gave; proofs and anchor only from a chain's first endpoint."""

    endpoint: Endpoint
    block: EvidenceBlock
    rows: tuple[BalanceRow, ...]
    method: str
    requests: int
    bundle: ProofBundle | None
    notes: tuple[str, ...]
    anchor: ProofMember | None

    def members(self) -> list[ProofMember]:
        """The supporting members for the evidence file."""
        bundle = self.bundle
        proof = [] if bundle is None else [ProofMember(member_name(bundle.chain), MEDIA_TYPE, encode_bundle(bundle))]
        return proof if self.anchor is None else [*proof, self.anchor]


def _read_endpoint(
    snapshot: AuthenticSnapshot, plan: CapturePlan, rpc: JsonRpc, supplements: Supplements, *, prove: bool
) -> Operation[_Reading]:
    """Every balance of one endpoint's chain, with state proofs if they are wanted and the endpoint can give them."""
    from auditor_app.chain.evm import open_block
    from auditor_app.chain.prove import capture_proofs

    endpoint = rpc.endpoint
    named = snapshot.statement.predicate.chains[endpoint.chain]
    height = int(named.block_height)
    yield Progress(0, None, "requests", f"{endpoint.origin}: comparing chain and block")
    reader = open_block(rpc, int(endpoint.chain.partition(":")[2]), height, named.block_hash)
    method = reader.prepare()
    rows, raw = yield from read_assets(reader, plan.targets[endpoint.chain], supplements.partial)
    outcome: ProofCapture = (None, ())
    anchor = None
    if prove:
        outcome = yield from capture_proofs(reader, endpoint.chain, raw)
        if endpoint.chain in supplements.light_client:
            anchor = yield from capture_anchor(rpc, supplements.light_client[endpoint.chain], height)
    reader.confirm()
    hash_from = "snapshot" if named.block_hash is not None else "one-endpoint"
    block = EvidenceBlock(block_height=named.block_height, block_hash=reader.block.hash, hash_from=hash_from)
    return _Reading(endpoint, block, rows, method, rpc.requests, *outcome, anchor)


def read_assets(
    reader: EvmReader, targets: Sequence[Target], partial: PartialCapture | None
) -> Operation[tuple[tuple[BalanceRow, ...], tuple[RawBalances, ...]]]:
    """A row for each target, summed over the asset's tokens on this chain, and the raw balances by token."""
    from auditor_app.chain.prove import RawBalances

    chain, source = reader.rpc.endpoint.chain, reader.rpc.endpoint.source
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    texts: dict[tuple[str, str], str] = {}
    raw: dict[str | None, RawBalances] = {}
    for (asset, contract), group in _grouped(targets, chain).items():
        decimals = NATIVE_DECIMALS if contract is None else reader.token_decimals(contract)
        holders = [evm_address(target.account) for target in group]
        found = yield from _read_balances(reader, contract, holders, f"{asset} on {chain}", partial)
        known = dict(raw[contract].amounts) if contract in raw else {}
        raw[contract] = RawBalances(contract, decimals, known | found)
        for target, holder in zip(group, holders, strict=True):
            key = (target.account.identity, asset)
            amounts[key] += in_base_units(found[holder.lower()], decimals, target.asset.decimals)
            texts[key] = target.text
    rows = tuple(BalanceRow(texts[key], key[1], amount, source) for key, amount in amounts.items())
    return rows, tuple(raw.values())


def _read_balances(
    reader: EvmReader, contract: str | None, holders: Sequence[str], what: str, partial: PartialCapture | None
) -> Operation[dict[str, int]]:
    """Raw balances by lower-case address; what an interrupted capture already read is not asked again."""
    source, block_hash = reader.rpc.endpoint.source, reader.block.hash
    found = {} if partial is None else dict(partial.known(source, block_hash, contract))
    missing = [holder for holder in dict.fromkeys(holders) if holder.lower() not in found]
    for start in range(0, len(missing), _KEPT_TOGETHER):
        part = missing[start : start + _KEPT_TOGETHER]
        values = yield from reader.balances(contract, part, f"{reader.rpc.endpoint.origin}: {what}")
        read = {holder.lower(): value for holder, value in zip(part, values, strict=True)}
        found |= read
        if partial is not None:
            partial.add(source, block_hash, contract, read)
    return found


def _grouped(targets: Iterable[Target], chain: str) -> dict[tuple[str, str | None], list[Target]]:
    groups: dict[tuple[str, str | None], list[Target]] = defaultdict(list)
    for target in targets:
        for asset_id in on_chain_ids(target.asset, chain):
            groups[target.asset.symbol, contract_of(asset_id)].append(target)
    return groups


def _agreed_blocks(readings: Sequence[_Reading]) -> dict[str, EvidenceBlock]:
    """One block per chain, which all its endpoints must show; two hosts that do are a source of its hash."""
    blocks: dict[str, EvidenceBlock] = {}
    hosts: dict[str, set[str]] = defaultdict(set)
    for reading in readings:
        chain, block = reading.endpoint.chain, reading.block
        hosts[chain].add(reading.endpoint.host.lower())
        known = blocks.setdefault(chain, block)
        if known.block_hash != block.block_hash:
            raise ChainError(
                "CHAIN.ENDPOINT",
                f"two endpoints show different blocks at height {block.block_height} of {chain}",
                expected=known.block_hash or "",
                observed=f"{block.block_hash} from {reading.endpoint.origin}",
                action="Ask a third; do not capture before you know which chain is the right one.",
            )
        if len(hosts[chain]) > 1:
            blocks[chain] = EvidenceBlock(
                block_height=block.block_height, block_hash=block.block_hash, hash_from=TWO_ENDPOINTS
            )
    return blocks
