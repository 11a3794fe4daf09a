"""Contract wallets in evidence: what a contract itself answers about a signature, run again on proven state.

A member of its own holds the code and state that the calls read, in the form of a chain's proofs. What was not
captured makes a call fail; it never reads as a refusal or a zero (:mod:`auditor_app.chain.reexecution`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from auditor_app.chain.accounts import decode_account, evm_address
from auditor_app.chain.bundle import MEDIA_TYPE, decode_bundle, encode_bundle
from auditor_app.chain.called_state import note_touched, state_of_calls, traced
from auditor_app.chain.evidence import same_block
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.grading import pins_of
from auditor_app.chain.header import HeaderError, encode_header
from auditor_app.chain.observed import OwnBlocks
from auditor_app.chain.ownership.eip1271 import GET_OWNERS, GET_THRESHOLD, eip1271_calls, joined_signature
from auditor_app.chain.ownership.model import ContractsUnknown
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.reexecution import NO_PYREVM, MachineMissingError, ReexecutionError, available
from auditor_app.chain.rpc import RpcRefusal
from auditor_app.chain.trie import TrieError
from auditor_app.errors import ChainError
from auditor_app.findings import Limitation, limitation
from auditor_app.findings.catalogue import LIMITATIONS
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.members import OwnershipRow
from auditor_app.snapshot.statement import EvidenceBlock

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader


@dataclass(frozen=True, slots=True)
class WalletQuestion:
    """What a wallet (lower-case ``0x`` address) will be asked: is this its signature of this text?"""

    contract: str
    message: str
    signature: bytes


def wallets_name(chain: str) -> str:
    """The member for a CAIP-2 chain."""
    return f"wallets/{chain.replace(':', '-')}.json"


def wallet_questions(rows: Sequence[OwnershipRow]) -> Mapping[str, tuple[WalletQuestion, ...]]:
    """The questions that rows of a snapshot's ownership list put to contracts, by chain."""
    found: defaultdict[str, list[WalletQuestion]] = defaultdict(list)
    for row in rows:
        signature = joined_signature(tuple(part for part in row.proof.split(";") if part))
        if row.method != "eip1271" or signature is None:
            continue
        try:
            account = decode_account(row.account)
            contract = evm_address(account).lower()
        except (ChainError, ValueError):
            continue
        found[account.chain].append(WalletQuestion(contract, row.message, signature))
    return {chain: tuple(questions) for chain, questions in found.items()}


def capture_wallets(
    reader: EvmReader, chain: str, questions: Sequence[WalletQuestion]
) -> Operation[tuple[ProofMember | None, tuple[str, ...]]]:
    """The member with which every question can be put again offline, and in words which cannot."""
    from auditor_app.chain.prove import Found, access_list

    origin = reader.rpc.endpoint.origin
    notes: list[str] = []
    found = Found(set(), [], {}, set(), [])
    try:
        encoded = encode_header(reader.block.header)
        for number, question in enumerate(questions):
            yield Progress(number, len(questions), "wallets", f"{origin}: what contract wallets read")
            calls = [data for _, data in eip1271_calls(question.message, question.signature)]
            answers = reader.rpc.batch(
                [traced(reader, question.contract, data) for data in (*calls, GET_OWNERS, GET_THRESHOLD)]
            )
            lists = [None if isinstance(answer, RpcRefusal) else access_list(answer) for answer in answers]
            if not any(item is not None for item in lists[: len(calls)]):
                notes.append(f"{origin}: the wallet {question.contract} does not answer EIP-1271 for its signature")
                continue
            note_touched(found, question.contract, [item for item in lists if item is not None])
        if not found.executed:
            return None, tuple(notes)
        bundle = yield from state_of_calls(reader, chain, found, encoded, "contract wallets")
    except (HeaderError, TrieError, RpcRefusal) as error:
        reason = error.what if isinstance(error, RpcRefusal) else str(error)
        return None, (*notes, f"{origin}: no state of contract wallets, because {reason}")
    return ProofMember(wallets_name(chain), MEDIA_TYPE, encode_bundle(bundle)), tuple(notes)


class EvidenceContracts:
    """Contracts as an evidence file proves them: see :class:`auditor_app.chain.ownership.model.Contracts`.

    ``own_blocks`` are the auditor's, by chain, ``snapshot`` the one whose blocks it must be of, where there
    is one. A context manager: re-execution has a process of its own.
    """

    def __init__(
        self,
        evidence: AuthenticEvidence,
        own_blocks: OwnBlocks,
        token: CancelToken,
        snapshot: AuthenticSnapshot | None = None,
    ) -> None:
        self._evidence = evidence
        self._snapshot = snapshot
        self._own_blocks = own_blocks
        self._token = token
        self._pins = pins_of(evidence, own_blocks)
        self._states: dict[str, ProvenState] = {}
        self._missing: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for state in self._states.values():
            state.__exit__()
        self._states.clear()

    def call(self, chain: str, contract: bytes, data: bytes) -> bytes:
        """What the contract answers; :class:`ContractsUnknown` with a clause where that is not proven."""
        try:
            return self._state(chain).call("0x" + contract.hex(), data)
        except MachineMissingError as error:
            self._missing[chain] = str(error)
            raise ContractsUnknown(f"contracts cannot be re-executed on this installation: {error}") from None
        except (ReexecutionError, TrieError) as error:
            raise ContractsUnknown(f"the contract's answer is not proven by the evidence: {error}") from None

    def vouched(self, chain: str) -> str:
        """The block, and who says that it is one of the chain."""
        block = self._evidence.statement.predicate.chains[chain]
        who = self._pins.get(chain, "on the word of the capturing auditor's endpoint")
        return f"block {block.block_height}, whose hash is {who}"

    def limitations(self) -> tuple[Limitation, ...]:
        """Chains whose contracts were not asked because this installation cannot, each with the reason."""
        code = "OWNERSHIP.NOT_REEXECUTED"
        return tuple(
            limitation(code, subject=f"chain {chain}", message=f"{LIMITATIONS[code]} The reason: {reason}.")
            for chain, reason in self._missing.items()
        )

    def _state(self, chain: str) -> ProvenState:
        if chain in self._states:
            return self._states[chain]
        name = wallets_name(chain)
        block = self._evidence.statement.predicate.chains.get(chain)
        if block is None or name not in {item.name for item in self._evidence.statement.subject}:
            raise ContractsUnknown("the evidence holds no state of contract wallets on this chain")
        if self._snapshot is not None and not self._is_of(self._snapshot, chain, block):
            raise ContractsUnknown("the evidence is of another snapshot or block")
        if not available():
            self._missing[chain] = NO_PYREVM
            raise ContractsUnknown(f"contracts cannot be re-executed on this installation: {NO_PYREVM}")
        own = self._own_blocks.get(chain)
        named = block.block_hash if own is None else own.block_hash
        if named is None or (chain not in self._pins and not self._evidence.signers):
            raise ContractsUnknown("nobody vouches for the block of the evidence: type its hash")
        try:
            bundle = decode_bundle(self._evidence.members.read(name, self._token), name)
            state = ProvenState(bundle, bytes.fromhex(named.removeprefix("0x")), int(block.block_height), self._token)
            state.refuse_spare_nodes()
        except (ChainError, ValueError) as error:
            reason = error.what if isinstance(error, ChainError) else str(error)
            raise ContractsUnknown(f"the evidence's state of contract wallets does not hold: {reason}") from None
        if bundle.chain != chain:
            raise ContractsUnknown("the evidence's state of contract wallets is of another chain")
        self._states[chain] = state
        return state

    def _is_of(self, snapshot: AuthenticSnapshot, chain: str, block: EvidenceBlock) -> bool:
        named = snapshot.statement.predicate.chains.get(chain)
        same = self._evidence.statement.predicate.snapshot_payload_sha256 == snapshot.payload_sha256
        return same and named is not None and same_block(named, block)
