"""Capturing the snapshot's balances from endpoints that the auditor configured, into one signed evidence file.

What will be asked of whom is listed before anything is asked. Nothing is written until everything was read: a
capture that fails or is cancelled leaves no file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from auditor_app.chain.accounts import Account, contract_of, decode_account, evm_address
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
from auditor_app.chain.rpc import JsonRpc, Limits
from auditor_app.errors import ChainError, UsageError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import BalanceRow, read_addresses, read_funds
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import Asset, BlockReference, EvidenceBlock


@dataclass(frozen=True, slots=True)
class Target:
    """One balance to observe: the account as the snapshot writes it, and the asset it is claimed under."""

    account: Account
    text: str
    asset: Asset


@dataclass(frozen=True, slots=True)
class PlannedReading:
    """What will be asked of one host: ``accounts`` balances of ``asset`` at ``height``; ``token`` is ``None`` for coins."""

    origin: str
    chain: str
    height: int
    asset: str
    token: str | None
    accounts: int

    def sentence(self) -> str:
        """One line for the list that is shown before any request is made."""
        of = "native balances" if self.token is None else f"balances of token {self.token}"
        return f"{self.origin}: {self.accounts} {of} ({self.asset}) on {self.chain} at block {self.height}"


@dataclass(frozen=True, slots=True)
class NotCaptured:
    """A row of the snapshot that this capture leaves out, and why."""

    account: str
    asset: str
    reason: str


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """Everything a capture will read, and everything it will not."""

    endpoints: tuple[Endpoint, ...]
    targets: Mapping[str, tuple[Target, ...]]
    readings: tuple[PlannedReading, ...]
    left_out: tuple[NotCaptured, ...]


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


def plan_capture(snapshot: AuthenticSnapshot, endpoints: Sequence[Endpoint], token: CancelToken) -> CapturePlan:
    """List what would be asked of each endpoint; :class:`UsageError` for an endpoint that nothing needs."""
    predicate = snapshot.statement.predicate
    by_chain: dict[str, list[Target]] = defaultdict(list)
    left_out: list[NotCaptured] = []
    served = {endpoint.chain for endpoint in endpoints}
    assets = {asset.symbol: asset for asset in predicate.assets}
    seen: set[tuple[str, str]] = set()
    for text, symbol in _claimed_rows(snapshot, token):
        try:
            target = _target(text, assets.get(symbol), predicate.chains, served)
        except ValueError as reason:
            left_out.append(NotCaptured(text, symbol, str(reason)))
            continue
        if (key := (target.account.identity, symbol)) not in seen:
            seen.add(key)
            by_chain[target.account.chain].append(target)
    for endpoint in endpoints:
        if endpoint.chain not in by_chain:
            raise UsageError(
                "USAGE",
                f"the snapshot claims nothing that can be read on {endpoint.chain}",
                action="Leave this endpoint out.",
            )
    readings = tuple(_readings(endpoints, by_chain, predicate.chains))
    return CapturePlan(tuple(endpoints), {c: tuple(t) for c, t in by_chain.items()}, readings, tuple(left_out))


def capture(
    snapshot: AuthenticSnapshot,
    plan: CapturePlan,
    keys: Sequence[SigningKey],
    path: Path,
    *,
    captured_at: str,
    token: CancelToken,
    limits: Limits | None = None,
    light_client: Mapping[str, LightClientData] = MappingProxyType({}),
) -> Operation[Captured]:
    """Read every balance of the plan and write the evidence file; :class:`ChainError` if any endpoint fails.

    ``light_client`` holds beacon data by chain, kept in the file with the proof that leads from its finalised block to
    the snapshot's.
    """
    blocks: dict[str, EvidenceBlock] = {}
    rows: list[BalanceRow] = []
    methods: list[tuple[str, str]] = []
    notes: list[str] = []
    bundles: dict[str, ProofBundle] = {}
    anchors: dict[str, ProofMember] = {}
    requests = 0
    for number, endpoint in enumerate(plan.endpoints):
        with JsonRpc(endpoint, token, limits) as rpc:
            reading = yield from _read_endpoint(snapshot, plan, rpc, prove=endpoint.chain not in bundles)
            if endpoint.chain in light_client and endpoint.chain not in anchors:
                height = int(reading.block.block_height)
                anchors[endpoint.chain] = yield from capture_anchor(rpc, light_client[endpoint.chain], height)
        requests += rpc.requests
        rows += reading.rows
        methods.append((endpoint.origin, reading.method))
        notes += reading.notes
        if reading.bundle is not None:
            bundles[endpoint.chain] = reading.bundle
        _agree(blocks, endpoint, reading.block, plan.endpoints[: number + 1])
    yield Progress(len(rows), len(rows), "balances", "Writing the evidence file")
    payload = write_evidence(
        path,
        snapshot,
        rows,
        keys,
        captured_at=captured_at,
        blocks=blocks,
        endpoints=[endpoint.origin for endpoint in plan.endpoints],
        proofs=[
            *(ProofMember(member_name(c), MEDIA_TYPE, encode_bundle(b)) for c, b in sorted(bundles.items())),
            *(anchor for _, anchor in sorted(anchors.items())),
        ],
    )
    return Captured(payload, len(rows), requests, tuple(methods), tuple(sorted(bundles)), tuple(notes))


def _claimed_rows(snapshot: AuthenticSnapshot, token: CancelToken) -> Iterable[tuple[str, str]]:
    """Account and asset of every reserve row and every on-chain fund account."""
    predicate = snapshot.statement.predicate
    if predicate.reserves is not None:
        member = predicate.reserves.addresses
        for row in read_addresses(snapshot.members.read(member, token), member):
            yield row.account, row.asset
    if predicate.funds is not None:
        member = predicate.funds.member
        for fund in read_funds(snapshot.members.read(member, token), member):
            if fund.custody == "on-chain":
                yield fund.account, fund.asset


def _target(text: str, asset: Asset | None, chains: Mapping[str, BlockReference], served: set[str]) -> Target:
    """What to read for a row; ``ValueError`` with the reason where it cannot be read."""
    try:
        account = decode_account(text)
    except ChainError as error:
        raise ValueError(error.what) from None
    if not account.chain.startswith("eip155:"):
        raise ValueError("this chain is not of the EVM kind, which is all that is captured")
    evm_address(account)
    if account.chain not in chains:
        raise ValueError("the snapshot names no block for this chain")
    if asset is None or not on_chain_ids(asset, account.chain):
        raise ValueError("the asset map does not place this asset on this chain")
    for asset_id in on_chain_ids(asset, account.chain):
        contract_of(asset_id)
    if account.chain not in served:
        raise ValueError("no endpoint was given for this chain")
    return Target(account, text, asset)


def _readings(
    endpoints: Iterable[Endpoint], by_chain: Mapping[str, Sequence[Target]], chains: Mapping[str, BlockReference]
) -> Iterable[PlannedReading]:
    for endpoint in endpoints:
        counts: dict[tuple[str, str | None], int] = defaultdict(int)
        for target in by_chain[endpoint.chain]:
            for asset_id in on_chain_ids(target.asset, endpoint.chain):
                counts[target.asset.symbol, contract_of(asset_id)] += 1
        height = int(chains[endpoint.chain].block_height)
        for (symbol, contract), number in counts.items():
            yield PlannedReading(endpoint.origin, endpoint.chain, height, symbol, contract, number)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one endpoint gave."""

    block: EvidenceBlock
    rows: tuple[BalanceRow, ...]
    method: str
    bundle: ProofBundle | None
    notes: tuple[str, ...]


def _read_endpoint(snapshot: AuthenticSnapshot, plan: CapturePlan, rpc: JsonRpc, *, prove: bool) -> Operation[_Reading]:
    """Every balance of one endpoint's chain, with state proofs if they are wanted and the endpoint can give them."""
    from auditor_app.chain.evm import open_block
    from auditor_app.chain.prove import RawBalances, capture_proofs

    chain = rpc.endpoint.chain
    named = snapshot.statement.predicate.chains[chain]
    yield Progress(0, None, "requests", f"{rpc.endpoint.origin}: comparing chain and block")
    reader = open_block(rpc, int(chain.partition(":")[2]), int(named.block_height), named.block_hash)
    method = reader.prepare()
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    texts: dict[tuple[str, str], str] = {}
    raw: dict[str | None, RawBalances] = {}
    for (asset, contract), targets in _grouped(plan.targets[chain], chain).items():
        decimals = NATIVE_DECIMALS if contract is None else reader.token_decimals(contract)
        holders = [evm_address(target.account) for target in targets]
        found = yield from reader.balances(contract, holders, f"{rpc.endpoint.origin}: {asset} on {chain}")
        known = dict(raw[contract].amounts) if contract in raw else {}
        known |= {holder.lower(): amount for holder, amount in zip(holders, found, strict=True)}
        raw[contract] = RawBalances(contract, decimals, known)
        for target, amount in zip(targets, found, strict=True):
            key = (target.account.identity, asset)
            amounts[key] += in_base_units(amount, decimals, target.asset.decimals)
            texts[key] = target.text
    outcome: ProofCapture = (None, ())
    if prove:
        outcome = yield from capture_proofs(reader, chain, tuple(raw.values()))
    reader.confirm()
    rows = tuple(BalanceRow(texts[key], key[1], amount, rpc.endpoint.source) for key, amount in amounts.items())
    hash_from = "snapshot" if named.block_hash is not None else "one-endpoint"
    block = EvidenceBlock(block_height=named.block_height, block_hash=reader.block.hash, hash_from=hash_from)
    return _Reading(block, rows, method, *outcome)


def _grouped(targets: Iterable[Target], chain: str) -> dict[tuple[str, str | None], list[Target]]:
    groups: dict[tuple[str, str | None], list[Target]] = defaultdict(list)
    for target in targets:
        for asset_id in on_chain_ids(target.asset, chain):
            groups[target.asset.symbol, contract_of(asset_id)].append(target)
    return groups


def _agree(
    blocks: dict[str, EvidenceBlock], endpoint: Endpoint, block: EvidenceBlock, seen: Sequence[Endpoint]
) -> None:
    """All endpoints of a chain must show the same block; two hosts that do are a source of its hash."""
    known = blocks.get(endpoint.chain)
    if known is None:
        blocks[endpoint.chain] = block
        return
    if known.block_hash != block.block_hash:
        raise ChainError(
            "CHAIN.ENDPOINT",
            f"two endpoints show different blocks at height {block.block_height} of {endpoint.chain}",
            expected=known.block_hash or "",
            observed=f"{block.block_hash} from {endpoint.origin}",
            action="Ask a third; do not capture before you know which chain is the right one.",
        )
    hosts = {other.host.lower() for other in seen if other.chain == endpoint.chain}
    if len(hosts) > 1:
        blocks[endpoint.chain] = EvidenceBlock(
            block_height=block.block_height, block_hash=block.block_hash, hash_from=TWO_ENDPOINTS
        )
