"""One address's way from the block's hash to its balance, step by step, so that a person can follow it.

Every step is recalculated from the evidence file when it is looked at. The grade is not decided here
(:mod:`auditor_app.chain.grading` does that); these are the facts it rests on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor_app.chain.accounts import contract_of, decode_account, evm_address
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.bundle import ProofBundle, decode_bundle, member_name
from auditor_app.chain.evidence import BALANCES, account_identity
from auditor_app.chain.grading import TWO_ENDPOINTS, hash_origin
from auditor_app.chain.header import Header, HeaderError, read_header
from auditor_app.chain.observed import BlockOrigin
from auditor_app.chain.state_proof import AccountState, account_state, slot_value
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import AuditError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.members import BalanceRow, read_balances
from auditor_app.snapshot.statement import EvidenceBlock

_STRANGERS = "two endpoints of a stranger"
_HASH_FROM = {
    _STRANGERS: "The file says that two endpoints gave this hash, and no pinned auditor signed it.",
    "snapshot": "Only the issuer names this hash: proofs under it count once the auditor types it, or two hosts give it.",
    "one-endpoint": "One endpoint names this hash and the snapshot none: proofs under it are that host's word.",
    TWO_ENDPOINTS: "Two endpoints on different hosts gave this hash.",
}


@dataclass(frozen=True, slots=True)
class ProofStep:
    """A step: what it is, what was found, the digests it goes through, and whether it holds (``None``: nothing to hold)."""

    title: str
    text: str
    digests: tuple[str, ...] = ()
    holds: bool | None = None


def proof_steps(
    snapshot: AuthenticSnapshot,
    evidence: AuthenticEvidence,
    account: str,
    asset: str,
    token: CancelToken,
    *,
    origin: BlockOrigin | None = None,
) -> tuple[ProofStep, ...]:
    """The steps for one reserve row, ``account`` as the snapshot writes it; :class:`AuditError` for a broken member.

    ``origin`` is what the run found of the block's hash: whether the auditor typed it or a checkpoint that leads to it.
    """
    chain = account.rpartition(":")[0]
    predicate = evidence.statement.predicate
    steps = [_signers(evidence), _about(snapshot, evidence)]
    block = predicate.chains.get(chain)
    if block is None:
        return (*steps, ProofStep("Block", "The evidence names no block of this chain.", holds=False))
    named = snapshot.statement.predicate.chains.get(chain)
    steps.append(_block(block, _said(evidence, block), None if named is None else named.block_hash, origin))
    rows = [
        row
        for row in read_balances(evidence.members.read(BALANCES, token), BALANCES)
        if row.asset == asset and account_identity(row.account) == account_identity(account)
    ]
    steps.append(_readings(rows))
    name = member_name(chain)
    if name not in {subject.name for subject in evidence.statement.subject}:
        return (*steps, ProofStep("State proof", "The evidence holds no state proofs of this chain."))
    bundle = decode_bundle(evidence.members.read(name, token), name)
    return (*steps, *_proof(bundle, block, snapshot, account, asset))


def _signers(evidence: AuthenticEvidence) -> ProofStep:
    who = "; ".join(f"{item.signer} ({item.algorithm})" for item in evidence.signers)
    return ProofStep(
        "Captured",
        f"{evidence.statement.predicate.captured_at}, signed by {who or 'no key that is pinned for an auditor'}.",
        tuple(item.spki_sha256 for item in evidence.signers),
        bool(evidence.signers),
    )


def _about(snapshot: AuthenticSnapshot, evidence: AuthenticEvidence) -> ProofStep:
    named = evidence.statement.predicate.snapshot_payload_sha256
    same = named == snapshot.payload_sha256
    return ProofStep("Snapshot", "Of this snapshot." if same else "Of another snapshot.", (named,), same)


def _said(evidence: AuthenticEvidence, block: EvidenceBlock) -> str:
    """Who gave the hash by the file's own word, as far as the file bears it out; nobody's endpoints count for a stranger."""
    said = hash_origin(evidence, block)
    return said if evidence.signers or said != TWO_ENDPOINTS else _STRANGERS


def _block(block: EvidenceBlock, said: str, named: str | None, origin: BlockOrigin | None) -> ProofStep:
    """The block with who names its hash; ``said`` is the file's own word, as far as the file bears it out."""
    text = f"Height {block.block_height}. {_HASH_FROM.get(said, 'Nobody is named for this hash.')}"
    if origin is not None and origin.vouched:
        text = f"Height {block.block_height}. The hash is {origin.vouched}."
        way = origin.derivation
        if way is not None:
            return ProofStep(
                "Block",
                f"{text} Checkpoint and block's hash; {way.told()}.",
                (way.checkpoint, origin.block_hash),
                holds=True,
            )
        if said != TWO_ENDPOINTS:
            return ProofStep("Block", text, (origin.block_hash,), holds=True)
    if named is None:
        return ProofStep("Block", text, (block.block_hash,) if block.block_hash else ())
    same = block.block_hash is not None and named.lower() == block.block_hash.lower()
    confirmed = True if said == TWO_ENDPOINTS else None  # that the issuer repeats itself shows nothing
    return ProofStep("Block", text, (block.block_hash or "no hash",), confirmed if same else False)


def _readings(rows: Sequence[BalanceRow]) -> ProofStep:
    if not rows:
        return ProofStep("Balance read", "The evidence holds no balance of this account and asset.", holds=False)
    said = "; ".join(f"{row.source}: {row.amount} base units" for row in rows)
    agree = len({row.amount for row in rows}) == 1
    return ProofStep("Balance read", f"{said}.", holds=None if len(rows) == 1 else agree)


def _proof(
    bundle: ProofBundle, block: EvidenceBlock, snapshot: AuthenticSnapshot, account: str, asset: str
) -> Iterator[ProofStep]:
    """Header, account path and, for a token, storage path; stops at the first step that does not hold."""
    try:
        header = read_header(bytes.fromhex(bundle.header[2:]), bytes.fromhex((block.block_hash or "")[2:]))
    except (HeaderError, ValueError) as error:
        yield ProofStep("Header", f"{error}.", holds=False)
        return
    yield _header(header, len(bundle.header) // 2 - 1)
    nodes = [bytes.fromhex(node[2:]) for node in bundle.nodes]
    found = next((item for item in snapshot.statement.predicate.assets if item.symbol == asset), None)
    try:
        decoded = decode_account(account)
        holder = bytes.fromhex(evm_address(decoded)[2:])
        ids = () if found is None else on_chain_ids(found, decoded.chain)
        for contract in (contract_of(item) for item in ids):
            yield from (
                _native(header, nodes, holder) if contract is None else _token(bundle, header, nodes, holder, contract)
            )
    except (TrieError, ValueError, AuditError) as error:
        yield ProofStep("Proof nodes", f"{error}.".replace("..", "."), holds=False)


def _header(header: Header, size: int) -> ProofStep:
    when = format_instant(datetime.fromtimestamp(header.timestamp, UTC))
    return ProofStep(
        "Header",
        f"{size} bytes hash to the block's hash; block {header.number} of {when}. State root:",
        ("0x" + header.state_root.hex(),),
        holds=True,
    )


def _path(table: NodeTable, after: int = 0) -> tuple[str, ...]:
    return tuple("0x" + keccak256(node).hex() for node in table.crossed()[after:])


def _native(header: Header, nodes: Sequence[bytes], holder: bytes) -> Iterator[ProofStep]:
    table = NodeTable(nodes)
    state = account_state(table, header.state_root, holder)
    yield ProofStep(
        "Account nodes", f"{_nodes(_path(table))} from the state root to the account:", _path(table), holds=True
    )
    yield ProofStep("Account", f"Balance {state.balance} wei, nonce {state.nonce}.", holds=True)


def _token(
    bundle: ProofBundle, header: Header, nodes: Sequence[bytes], holder: bytes, contract: str
) -> Iterator[ProofStep]:
    table = NodeTable(nodes)
    token: AccountState = account_state(table, header.state_root, bytes.fromhex(contract[2:]))
    path = _path(table)
    yield ProofStep(
        "Token nodes", f"{_nodes(path)} from the state root to the token {contract}:", path, holds=token.has_code
    )
    layout = next((item for item in bundle.tokens if item.contract == contract), None)
    if layout is None:
        executed = contract in bundle.executed
        how = "The token computes balances: its own code was run again on proven state."
        yield ProofStep("Token balance", how if executed else "Nothing in the evidence proves this token's balances.")
        return
    slot = layout.slot(holder)
    order = "Solidity's" if layout.key_first else "Vyper's"
    yield ProofStep(
        "Slot", f"Mapping {layout.index} in {order} order, seen by the capturing auditor. Slot:", ("0x" + slot.hex(),)
    )
    word = slot_value(table, token.storage_root, slot)
    inside = _path(table, len(path))
    yield ProofStep("Storage nodes", f"{_nodes(inside)} from the token's storage root to the slot:", inside, holds=True)
    who = "asked of its own code again" if contract in bundle.executed else "seen by the capturing auditor"
    yield ProofStep("Token balance", f"{word} of the token's own units; {layout.decimals} decimals, {who}.", holds=True)


def _nodes(path: Sequence[str]) -> str:
    return "1 node" if len(path) == 1 else f"{len(path)} nodes"
