"""EVM chains over JSON-RPC: balances in bulk, with state proofs from a chain's first endpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from auditor_app.chain.accounts import Account, contract_of, evm_address
from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.anchor import capture_anchor
from auditor_app.chain.bundle import (
    MEDIA_TYPE,
    NATIVE_DECIMALS,
    ProofCapture,
    encode_bundle,
    in_base_units,
    member_name,
)
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.feed_capture import capture_feeds, compare_feeds
from auditor_app.chain.partial import PartialCapture
from auditor_app.chain.readers.model import ChainReading, LookReading, LookTask, ReadingTask, Target
from auditor_app.chain.rpc import JsonRpc
from auditor_app.chain.transaction_capture import capture_transactions
from auditor_app.chain.wallets import capture_wallets
from auditor_app.operation import Operation, Progress
from auditor_app.snapshot.members import BalanceRow

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader
    from auditor_app.chain.prove import RawBalances

_KEPT_TOGETHER = 5000
"""Balances between two entries of the working file."""


def accepts(account: Account, asset_id: str) -> str | None:
    """The token contract of an asset on an EVM chain; see :data:`~auditor_app.chain.readers.model.Accepts`."""
    evm_address(account)
    return contract_of(asset_id)


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of one endpoint's chain, with state proofs if they are wanted and the endpoint can give them."""
    with JsonRpc(task.endpoint, task.token, task.supplements.limits, task.on_exchange) as rpc:
        return (yield from _read(task, rpc))


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance at the endpoint's newest block, pinned by its hash."""
    from auditor_app.chain.evm import open_block, quantity

    with JsonRpc(task.endpoint, task.token, task.limits) as rpc:
        yield Progress(0, None, "requests", f"{task.endpoint.origin}: asking for the newest block")
        height = quantity(rpc.call("eth_blockNumber", []), "the block number", task.endpoint.origin)
        reader = open_block(rpc, int(task.endpoint.chain.partition(":")[2]), height, None)
        if not task.targets:
            return LookReading(height, reader.block.hash, ())
        reader.prepare()
        rows, _ = yield from read_assets(reader, task.targets, None)
    return LookReading(height, reader.block.hash, rows)


def _read(task: ReadingTask, rpc: JsonRpc) -> Operation[ChainReading]:
    from auditor_app.chain.evm import open_block
    from auditor_app.chain.prove import capture_proofs

    chain, supplements = task.chain, task.supplements
    yield Progress(0, None, "requests", f"{task.endpoint.origin}: comparing chain and block")
    reader = open_block(rpc, int(chain.partition(":")[2]), task.height, task.block_hash)
    method = reader.prepare()
    rows, raw = yield from read_assets(reader, task.targets, supplements.partial)
    outcome: ProofCapture = (None, ())
    members: list[ProofMember] = []
    notes: tuple[str, ...] = ()
    if task.first:
        outcome = yield from capture_proofs(reader, chain, raw)
        if outcome[0] is not None:
            members.append(ProofMember(member_name(chain), MEDIA_TYPE, encode_bundle(outcome[0])))
        if chain in supplements.light_client:
            members.append((yield from capture_anchor(rpc, supplements.light_client[chain], task.height)))
        extra, more = yield from _supporting(reader, task)
        members += extra
        notes += more
    elif task.told:
        notes += compare_feeds(reader, task.told)
    reader.confirm()
    return ChainReading(
        task.endpoint,
        task.block(reader.block.hash),
        rows,
        method,
        rpc.requests,
        tuple(members),
        outcome[1] + notes,
        proven=outcome[0] is not None,
    )


def _supporting(reader: EvmReader, task: ReadingTask) -> Operation[tuple[list[ProofMember], tuple[str, ...]]]:
    """Members about contract wallets, price feeds and transactions, and in words what they leave out."""
    found = []
    if task.wallets:
        found.append((yield from capture_wallets(reader, task.chain, task.wallets)))
    if task.feeds:
        found.append((yield from capture_feeds(reader, task.chain, task.feeds)))
    if task.sent:
        found.append((yield from capture_transactions(reader, task.chain, task.sent)))
    members = [member for member, _ in found if member is not None]
    return members, tuple(note for _, notes in found for note in notes)


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
