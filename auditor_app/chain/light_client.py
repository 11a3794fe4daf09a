"""A beacon chain light client: from one checkpoint that the auditor typed to the hash of a finalised execution block.

Follows consensus-specs ``altair/light-client/sync-protocol.md``, more strictly: every update must be finalised within
its own period and be signed by two thirds of a sync committee that was itself proven. Documents are those of the
beacon API (``/eth/v1/beacon/light_client/…``); nothing in them is believed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor_app.chain import ssz
from auditor_app.chain.bls import signed_by_aggregate
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken

COMMITTEE_SIZE = 512
SLOTS_PER_PERIOD = 8192
SLOTS_PER_EPOCH = 32
_SYNC_COMMITTEE_DOMAIN = bytes.fromhex("07000000")
_HEX = re.compile(r"0x([0-9a-f]{2})*\Z", re.ASCII)
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,77})\Z", re.ASCII)

_FINALIZED_ROOT_INDEX, _CURRENT_COMMITTEE_INDEX, _NEXT_COMMITTEE_INDEX, _EXECUTION_INDEX = 41, 22, 23, 9
"""Positions within their level; the depth of the state tree grew by one with Electra."""
_EXECUTION_DEPTH = 4


@dataclass(frozen=True, slots=True)
class BeaconNetwork:
    """One beacon chain: its validators' root at genesis, and fork versions by first epoch, newest first."""

    genesis_validators_root: bytes
    forks: tuple[tuple[int, bytes], ...]
    electra_epoch: int

    def fork_version(self, epoch: int) -> bytes:
        """The version in force at ``epoch``."""
        return next(version for first, version in self.forks if epoch >= first)


MAINNET = BeaconNetwork(
    bytes.fromhex("4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"),
    (
        (411392, bytes.fromhex("06000000")),
        (364032, bytes.fromhex("05000000")),
        (269568, bytes.fromhex("04000000")),
        (194048, bytes.fromhex("03000000")),
        (144896, bytes.fromhex("02000000")),
        (74240, bytes.fromhex("01000000")),
        (0, bytes.fromhex("00000000")),
    ),
    electra_epoch=364032,
)
"""Ethereum mainnet (consensus-specs, ``configs/mainnet.yaml``)."""

NETWORKS: Mapping[str, BeaconNetwork] = {"eip155:1": MAINNET}
"""Beacon chains by the CAIP-2 id of their execution chain; one line adds a network."""


@dataclass(frozen=True, slots=True)
class ExecutionBlock:
    """A finalised execution block: ``block_hash`` raw bytes, ``participants`` how many of 512 members signed last."""

    number: int
    block_hash: bytes
    slot: int
    participants: int


@dataclass(frozen=True, slots=True)
class _Header:
    """A light client header: the beacon header's fields and the execution block it commits to."""

    slot: int
    root: bytes
    state_root: bytes
    execution: Mapping[str, Any]


def finalized_block(
    checkpoint: bytes,
    bootstrap: Mapping[str, Any],
    updates: Sequence[Mapping[str, Any]],
    finality: Mapping[str, Any],
    network: BeaconNetwork = MAINNET,
    *,
    token: CancelToken | None = None,
) -> ExecutionBlock:
    """The execution block that ``finality`` finalises, reached from the beacon block root ``checkpoint``.

    ``updates`` lead period by period from the bootstrap's committee to the one that signed ``finality``.
    :class:`ChainError` ``EVIDENCE.PROOF`` where anything does not hold.
    """
    start = _header(_part(bootstrap, "header"), network)
    if start.root != checkpoint:
        raise _failed("the bootstrap is not that of the typed checkpoint")
    committee = _committee(_part(bootstrap, "current_sync_committee"))
    branch = _branch(bootstrap, "current_sync_committee_branch", start.slot, network, depth=5)
    if ssz.branch_root(_committee_root(committee), branch, _CURRENT_COMMITTEE_INDEX) != start.state_root:
        raise _failed("the bootstrap's sync committee is not the one of its state")
    committees = {_period(start.slot): committee}
    signatures = []
    for update in updates:
        if token is not None:
            token.check()
        attested, finalized, signature = _signed(update, committees, network)
        if _period(attested.slot) != _period(finalized.slot):
            raise _failed("an update is not finalised within its own period")
        following = _committee(_part(update, "next_sync_committee"))
        branch = _branch(update, "next_sync_committee_branch", attested.slot, network, depth=5)
        if ssz.branch_root(_committee_root(following), branch, _NEXT_COMMITTEE_INDEX) != attested.state_root:
            raise _failed("an update's next sync committee is not the one of its state")
        committees[_period(attested.slot) + 1] = following
        signatures.append(signature)
    _, finalized, last = _signed(finality, committees, network)
    for signature in (last, *signatures):
        if token is not None:
            token.check()
        if not signed_by_aggregate(signature.aggregate, signature.absent, signature.message, signature.signature):
            raise _failed("a sync committee's signature does not fit")
    execution = finalized.execution
    number, block_hash = _number(execution, "block_number", 64), _bytes(execution, "block_hash", 32)
    return ExecutionBlock(number, block_hash, finalized.slot, COMMITTEE_SIZE - len(last.absent))


@dataclass(frozen=True, slots=True)
class _Signature:
    """A signature still to be compared: of the committee behind ``aggregate`` without the ``absent`` members."""

    aggregate: bytes
    absent: tuple[bytes, ...]
    message: bytes
    signature: bytes


def _signed(
    update: Mapping[str, Any], committees: Mapping[int, tuple[bytes, ...]], network: BeaconNetwork
) -> tuple[_Header, _Header, _Signature]:
    """Attested and finalised header of an update, the finality branch compared, and the signature left for last."""
    attested = _header(_part(update, "attested_header"), network)
    finalized = _header(_part(update, "finalized_header"), network)
    slot = _number(update, "signature_slot", 64)
    if not slot > attested.slot >= finalized.slot:
        raise _failed("the slots of an update are out of order")
    branch = _branch(update, "finality_branch", attested.slot, network, depth=6)
    if ssz.branch_root(finalized.root, branch, _FINALIZED_ROOT_INDEX) != attested.state_root:
        raise _failed("the finalised header is not the one of the attested state")
    committee = committees.get(_period(slot))
    if committee is None:
        raise _failed(f"no update leads to the sync committee of period {_period(slot)}")
    aggregate = _part(update, "sync_aggregate")
    bits = int.from_bytes(_bytes(aggregate, "sync_committee_bits", COMMITTEE_SIZE // 8), "little")
    if bits.bit_count() * 3 < COMMITTEE_SIZE * 2:
        raise _failed(f"only {bits.bit_count()} of {COMMITTEE_SIZE} members signed")
    absent = tuple(key for position, key in enumerate(committee[:COMMITTEE_SIZE]) if not bits >> position & 1)
    signature = _bytes(aggregate, "sync_committee_signature", 96)
    message = _signing_root(attested.root, slot, network)
    return attested, finalized, _Signature(committee[COMMITTEE_SIZE], absent, message, signature)


def _signing_root(header_root: bytes, signature_slot: int, network: BeaconNetwork) -> bytes:
    version = network.fork_version(max(signature_slot, 1) - 1 >> 5)
    fork_root = ssz.merkle_root([version.ljust(32, b"\0"), network.genesis_validators_root])
    return ssz.merkle_root([header_root, _SYNC_COMMITTEE_DOMAIN + fork_root[:28]])


def _header(document: Mapping[str, Any], network: BeaconNetwork) -> _Header:
    """A header whose execution block is the one that its body commits to."""
    beacon, execution = _part(document, "beacon"), _part(document, "execution")
    slot = _number(beacon, "slot", 64)
    roots = [_bytes(beacon, name, 32) for name in ("parent_root", "state_root", "body_root")]
    root = ssz.merkle_root([ssz.uint64(slot), ssz.uint64(_number(beacon, "proposer_index", 64)), *roots])
    if network.fork_version(slot // SLOTS_PER_EPOCH) < bytes.fromhex("03000000"):
        raise _failed("the header is older than Capella, before which it names no execution block")
    branch = _hashes(document, "execution_branch", _EXECUTION_DEPTH)
    if ssz.branch_root(_execution_root(execution), branch, _EXECUTION_INDEX) != roots[2]:
        raise _failed("a header's execution block is not the one of its body")
    return _Header(slot, root, roots[1], execution)


def _execution_root(execution: Mapping[str, Any]) -> bytes:
    """The root of an execution payload header: 15 fields in Capella, 17 since Deneb."""
    chunks = [
        _bytes(execution, "parent_hash", 32),
        _bytes(execution, "fee_recipient", 20).ljust(32, b"\0"),
        _bytes(execution, "state_root", 32),
        _bytes(execution, "receipts_root", 32),
        ssz.byte_vector(_bytes(execution, "logs_bloom", 256)),
        _bytes(execution, "prev_randao", 32),
        *(ssz.uint64(_number(execution, n, 64)) for n in ("block_number", "gas_limit", "gas_used", "timestamp")),
        ssz.byte_list(_bytes(execution, "extra_data", None), 32),
        ssz.uint256(_number(execution, "base_fee_per_gas")),
        *(_bytes(execution, name, 32) for name in ("block_hash", "transactions_root", "withdrawals_root")),
    ]
    if "blob_gas_used" in execution:
        chunks += [ssz.uint64(_number(execution, name, 64)) for name in ("blob_gas_used", "excess_blob_gas")]
    return ssz.merkle_root(chunks)


def _committee(document: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The 512 public keys and, last, their aggregate."""
    keys = document.get("pubkeys")
    if not isinstance(keys, list) or len(keys) != COMMITTEE_SIZE:
        raise _failed(f"a sync committee does not have {COMMITTEE_SIZE} members")
    members = tuple(_bytes({"pubkey": key}, "pubkey", 48) for key in keys)
    return (*members, _bytes(document, "aggregate_pubkey", 48))


def _committee_root(committee: Sequence[bytes]) -> bytes:
    keys = ssz.merkle_root([ssz.byte_vector(key) for key in committee[:COMMITTEE_SIZE]])
    return ssz.merkle_root([keys, ssz.byte_vector(committee[COMMITTEE_SIZE])])


def _branch(document: Mapping[str, Any], name: str, slot: int, network: BeaconNetwork, *, depth: int) -> list[bytes]:
    """A branch in the beacon state, one level deeper since Electra."""
    return _hashes(document, name, depth + (slot // SLOTS_PER_EPOCH >= network.electra_epoch))


def _hashes(document: Mapping[str, Any], name: str, count: int) -> list[bytes]:
    items = document.get(name)
    if not isinstance(items, list) or len(items) != count:
        raise _failed(f"{name} does not have {count} hashes")
    return [_bytes({name: item}, name, 32) for item in items]


def _period(slot: int) -> int:
    return slot // SLOTS_PER_PERIOD


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    if not isinstance(part, dict):
        raise _failed(f"{name} is missing")
    return part


def _number(document: Mapping[str, Any], name: str, bits: int = 256) -> int:
    text = document.get(name)
    if not isinstance(text, str) or not _NUMBER.match(text) or int(text) >> bits:
        raise _failed(f"{name} is no number of {bits} bits")
    return int(text)


def _bytes(document: Mapping[str, Any], name: str, size: int | None) -> bytes:
    text = document.get(name)
    if not isinstance(text, str) or not _HEX.match(text):
        raise _failed(f"{name} is no hexadecimal text")
    data = bytes.fromhex(text[2:])
    if len(data) != size and (size is not None or len(data) > 32):
        raise _failed(f"{name} has a wrong length")
    return data


def _failed(what: str) -> ChainError:
    return ChainError("EVIDENCE.PROOF", f"the light client's check does not hold: {what}", action="Fetch it again.")
