"""Solana over JSON-RPC: a node has no past balances, only the newest, so what changed since is undone.

``minContextSlot`` is a floor, never a pin. What the account held in the snapshot's slot is what it holds now, less every
transaction that named it since (:mod:`auditor_app.chain.readers.solana_history`). A node that has no transactions for an
account that holds coins has lost its history and tells nothing. Source: solana.com/docs/rpc, "getMultipleAccounts",
"getTokenAccountsByOwner", "getBlock", "getLatestBlockhash"; the SPL Token account layout.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import base58

from auditor_app.chain.accounts import Account
from auditor_app.chain.address.networks import NETWORKS
from auditor_app.chain.readers.model import (
    ChainReading,
    LookReading,
    LookTask,
    ReadingTask,
    Target,
    differs,
    reference_of,
)
from auditor_app.chain.readers.one_by_one import Untold, read_rows
from auditor_app.chain.readers.solana_history import SolanaHistory, coins_of, tokens_of
from auditor_app.chain.rpc import JsonRpc, RpcRefusal
from auditor_app.chain.transport import is_count
from auditor_app.operation import Operation

DECIMALS = 9
"""Lamports of one SOL."""

_SYSTEM_PROGRAM = "1" * 32
_TOKEN_PROGRAMS = frozenset(
    {"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"}
)
_TOKEN_ACCOUNT_BYTES, _MINT_BYTES = 165, 82
_MOST_ACCOUNTS = 1000


def accepts(_account: Account, asset_id: str) -> str | None:
    """SOL or an SPL token by its mint; see :data:`~auditor_app.chain.readers.model.Accepts`."""
    kind, reference = reference_of(asset_id)
    if kind == "slip44":
        return None
    if kind not in ("token", "spl-token"):
        raise ValueError(f"assets of the kind {kind[:20]} are not captured on this chain")
    NETWORKS["solana"].decode(reference)
    return reference


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task from one endpoint."""
    limits, log = task.supplements.limits, task.on_exchange
    with (
        JsonRpc(task.endpoint, task.token, limits, log) as rpc,
        JsonRpc(task.endpoint, task.token, limits, log, numbers="text") as exact,
    ):
        _compare_chain(rpc, task.chain)
        digest = _compared_block(rpc, task)
        node = _Node(rpc, task.height, SolanaHistory(rpc, exact, task.height))
        rows, notes = yield from read_rows(task, digest, accepts, node.balance)
    requests = rpc.requests + exact.requests
    return ChainReading(task.endpoint, task.block(digest), rows, "replayed to the slot", requests, notes=notes)


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance as it is now, at the newest finalised slot or a later one."""
    with JsonRpc(task.endpoint, task.token, task.limits) as rpc:
        _compare_chain(rpc, task.endpoint.chain)
        answer = rpc.call("getLatestBlockhash", [{"commitment": "finalized"}])
        slot = _slot_of(rpc, answer)
        value = answer.get("value")
        digest = value.get("blockhash") if isinstance(value, dict) else None
        if not isinstance(digest, str):
            rpc.fail("it names no newest block")
        node = _Node(rpc, slot, None)
        rows, notes = yield from read_rows(task.at(slot), digest, accepts, node.balance)
    return LookReading(slot, digest, rows, notes)


def _compare_chain(rpc: JsonRpc, chain: str) -> None:
    genesis = str(rpc.call("getGenesisHash", []))
    reference = chain.partition(":")[2]
    if not genesis.startswith(reference):
        raise differs(rpc.endpoint.origin, "it serves another chain", f"genesis {reference}…", f"genesis {genesis}")


def _compared_block(rpc: JsonRpc, task: ReadingTask) -> str:
    """The hash of the block in the snapshot's slot, which is the one that the snapshot names."""
    options = {"commitment": "finalized", "transactionDetails": "none", "rewards": False}
    block = rpc.call("getBlock", [task.height, {**options, "maxSupportedTransactionVersion": 0}])
    digest = block.get("blockhash") if isinstance(block, dict) else None
    if not isinstance(digest, str):
        rpc.fail(f"it shows no block in slot {task.height}")
    if task.block_hash is not None and digest != task.block_hash:
        what = f"its block in slot {task.height} is not the one that the snapshot names"
        raise differs(rpc.endpoint.origin, what, task.block_hash, digest)
    return digest


def _slot_of(rpc: JsonRpc, answer: Any) -> int:
    """The slot that an answer is of."""
    context = answer.get("context") if isinstance(answer, dict) else None
    slot = context.get("slot") if isinstance(context, dict) else None
    if not is_count(slot):
        rpc.fail("its answer names no slot")
    return slot


@dataclass(frozen=True, slots=True)
class _State:
    """An account now: lamports, owning program, data."""

    lamports: int
    program: str
    data: bytes


class _Node:
    """One node, asked for balances now.

    ``slot`` is the floor of each answer. With a ``history`` what is told is the balance in ``slot``.
    """

    def __init__(self, rpc: JsonRpc, slot: int, history: SolanaHistory | None) -> None:
        self._rpc = rpc
        self._slot = slot
        self._history = history
        self._decimals: dict[str, int] = {}

    def balance(self, target: Target, token: str | None) -> tuple[int, int]:
        """Raw balance and decimals."""
        return self._coins(target.account.address) if token is None else self._tokens(target.account.address, token)

    def _coins(self, address: str) -> tuple[int, int]:
        slot, state = self._state(address)
        now = 0 if state is None else state.lamports
        if self._history is None:
            return now, DECIMALS
        if state is not None and state.program != _SYSTEM_PROGRAM:
            raise Untold("the account belongs to a program, which can change its balance without naming it")
        return self._history.at_the_slot(address, now, slot, coins_of(address)), DECIMALS

    def _tokens(self, owner: str, mint: str) -> tuple[int, int]:
        """The sum over the owner's accounts of one mint."""
        options = {"encoding": "base64", "commitment": "finalized", "minContextSlot": self._slot}
        answer = self._rpc.call("getTokenAccountsByOwner", [owner, {"mint": mint}, options])
        slot = self._context(answer)
        value = answer.get("value")
        if not isinstance(value, list) or len(value) > _MOST_ACCOUNTS:
            self._rpc.fail("its token accounts are no list")
        if not value and self._history is not None:
            raise Untold("the owner has no account of this token now, which says nothing of then")
        total = 0
        for item in value:
            address = str(item.get("pubkey")) if isinstance(item, dict) else ""
            state = self._parsed(item.get("account") if isinstance(item, dict) else None)
            now = self._token_amount(state, owner, mint)
            read = tokens_of(address, owner, mint)
            total += now if self._history is None else self._history.at_the_slot(address, now, slot, read)
        return total, self._token_decimals(mint)

    def _token_amount(self, state: _State | None, owner: str, mint: str) -> int:
        if state is None or state.program not in _TOKEN_PROGRAMS or len(state.data) < _TOKEN_ACCOUNT_BYTES:
            self._rpc.fail("a token account is not of the token program")
        if state.data[:32] != base58.b58decode(mint) or state.data[32:64] != base58.b58decode(owner):
            self._rpc.fail("a token account is of another owner or token than was asked for")
        return int.from_bytes(state.data[64:72], "little")

    def _token_decimals(self, mint: str) -> int:
        if mint not in self._decimals:
            _, state = self._state(mint)
            if state is None or state.program not in _TOKEN_PROGRAMS or len(state.data) < _MINT_BYTES:
                self._rpc.fail(f"the token {mint} does not say its decimals")
            self._decimals[mint] = state.data[44]
        return self._decimals[mint]

    def _state(self, address: str) -> tuple[int, _State | None]:
        """The slot that the answer is of, and the account (``None``: there is none)."""
        options = {"encoding": "base64", "commitment": "finalized", "minContextSlot": self._slot}
        try:
            answer = self._rpc.call("getMultipleAccounts", [[address], options])
        except RpcRefusal as refusal:
            raise RpcRefusal(
                refusal.code, refusal.what, action="The node may be behind the snapshot's slot: wait, or use another."
            ) from None
        slot = self._context(answer)
        value = answer.get("value")
        if not isinstance(value, list) or len(value) != 1:
            self._rpc.fail("its accounts are no list")
        return slot, self._parsed(value[0])

    def _context(self, answer: Any) -> int:
        """The slot that an answer is of: never below the floor, whatever the node made of it."""
        slot = _slot_of(self._rpc, answer)
        if slot < self._slot:
            self._rpc.fail(f"its answer is of slot {slot}, before {self._slot}, which was asked for")
        return slot

    def _parsed(self, value: Any) -> _State | None:
        if value is None:
            return None
        fields: Mapping[str, Any] = value if isinstance(value, dict) else {}
        lamports, program, data = fields.get("lamports"), fields.get("owner"), fields.get("data")
        if not is_count(lamports) or not isinstance(program, str):
            self._rpc.fail("an account is not of the documented form")
        if not isinstance(data, list) or len(data) != 2 or data[1] != "base64":
            self._rpc.fail("an account's data is not in base64")
        try:
            return _State(lamports, program, base64.b64decode(str(data[0]), validate=True))
        except binascii.Error:
            self._rpc.fail("an account's data is not in base64")
