"""Tron over a node's HTTP API: coins at a past block, tokens at the newest block only.

A node without ``storage.balance.history.lookup`` answers any past balance with zero, no error, and the very block that
was asked about, exactly as for an account without a record. So each capture asks first for an account that always holds
coins: where that is zero, no balance of this node is used. A true record names the block that last changed the balance.
Tokens are read by a constant call, which runs at the newest block: they are captured only while that is the snapshot's.
Source: developers.tron.network, "GetAccountBalance", "GetAccount",
"TriggerConstantContract".
"""

from __future__ import annotations

import json
import re
from typing import Any

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
from auditor_app.chain.transport import HttpConversation, is_count
from auditor_app.operation import Operation

DECIMALS = 6
"""Sun of one TRX."""

MAINNET = "tron:0x2b6653dc"
ALWAYS_HOLDS = "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
"""The all-zero account of Tron's main network, to which coins are sent to be burnt; they never leave it."""

_ID = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_WORD = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_LARGEST = 2**63


def accepts(_account: Account, asset_id: str) -> str | None:
    """TRX or a TRC-20 token; see :data:`~auditor_app.chain.readers.model.Accepts`."""
    kind, reference = reference_of(asset_id)
    if kind == "slip44":
        return None
    if kind != "trc20":
        raise ValueError(f"assets of the kind {kind[:20]} are not captured on this chain")
    NETWORKS["tron"].decode(reference)
    return reference


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task from one endpoint."""
    with HttpConversation(task.endpoint, task.token, task.supplements.limits, task.on_exchange) as server:
        node = _PastNode(server, task)
        rows, notes = yield from read_rows(task, node.digest, accepts, node.balance)
    return ChainReading(task.endpoint, task.block(node.digest), rows, "HTTP API", server.requests, notes=notes)


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance at the newest block, or a later one that comes while the endpoint is asked."""
    with HttpConversation(task.endpoint, task.token, task.limits) as server:
        node = _Node(server)
        digest = node.newest()
        height = int(digest[:16], 16)
        if task.endpoint.chain == MAINNET and not node.coins_now(ALWAYS_HOLDS):
            server.fail("it shows an account empty that always holds coins: it serves another chain, or no state")

        def read_one(target: Target, token: str | None) -> tuple[int, int]:
            address = target.account.address
            return (node.coins_now(address), DECIMALS) if token is None else node.tokens_now(address, token)

        rows, notes = yield from read_rows(task.at(height), digest, accepts, read_one)
    return LookReading(height, digest, rows, notes)


class _Node:
    """One node at its newest block."""

    def __init__(self, server: HttpConversation) -> None:
        self._server = server
        self._decimals: dict[str, int] = {}

    def newest(self) -> str:
        """The id of the newest block; its first 8 bytes are the height."""
        return self._id(self._asked("/wallet/getnowblock", {}))

    def coins_now(self, address: str) -> int:
        """Sun; an account that was never activated is an empty reply and holds none."""
        answer = self._asked("/wallet/getaccount", {"address": address, "visible": True})
        if answer and answer.get("address") != address:
            self._server.fail("its balance is of another account than was asked for")
        return self._sun(answer.get("balance", 0))

    def tokens_now(self, holder: str, token: str) -> tuple[int, int]:
        """Raw balance and decimals by constant calls, which run at the newest block."""
        if token not in self._decimals:
            self._decimals[token] = self._call(token, "decimals()", "")
        if self._decimals[token] > 255:
            self._server.fail("a token's decimals are out of range")
        word = NETWORKS["tron"].decode(holder).payload[-20:].hex().rjust(64, "0")
        return self._call(token, "balanceOf(address)", word), self._decimals[token]

    def _sun(self, balance: Any) -> int:
        if not is_count(balance) or balance >= _LARGEST:
            self._server.fail("a balance is no number of sun")
        return balance

    def _call(self, token: str, selector: str, parameter: str) -> int:
        asked = {
            "owner_address": ALWAYS_HOLDS,
            "contract_address": token,
            "function_selector": selector,
            "parameter": parameter,
            "visible": True,
        }
        answer = self._asked("/wallet/triggerconstantcontract", asked)
        state, words = answer.get("result"), answer.get("constant_result")
        succeeded = isinstance(state, dict) and state.get("result") is True and not state.get("message")
        if not succeeded or not isinstance(words, list) or len(words) != 1 or not _WORD.match(str(words[0])):
            self._server.fail(f"the token {token} does not answer {selector}")
        return int(words[0], 16)

    def _id(self, block: dict[str, Any]) -> str:
        found = block.get("blockID")
        if not isinstance(found, str) or not _ID.match(found):
            self._server.fail("it has no block where one was asked for")
        return found

    def _asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._server.ask(path, json.dumps(body).encode("ascii"), self._server.document)
        if not isinstance(answer, dict) or "Error" in answer:
            shown = self._server.shown(str(answer.get("Error") if isinstance(answer, dict) else answer))
            self._server.fail(f"it declined: {shown}")
        return answer


class _PastNode(_Node):
    """One node at the snapshot's block."""

    def __init__(self, server: HttpConversation, task: ReadingTask) -> None:
        super().__init__(server)
        self._height = task.height
        self._history: bool | None = None
        self._mainnet = task.chain == MAINNET
        block = self._asked("/wallet/getblockbynum", {"num": task.height})
        self.digest = self._id(block)
        if int(self.digest[:16], 16) != task.height:
            raise differs(server.endpoint.origin, "it serves another block", str(task.height), self.digest)
        if task.block_hash is not None and self.digest != task.block_hash.removeprefix("0x").lower():
            what = f"its block at height {task.height} is not the one that the snapshot names"
            raise differs(server.endpoint.origin, what, task.block_hash, self.digest)

    def balance(self, target: Target, token: str | None) -> tuple[int, int]:
        """Raw balance and decimals."""
        address = target.account.address
        return (self._coins(address), DECIMALS) if token is None else self._tokens(address, token)

    def _coins(self, address: str) -> int:
        if self._history is None:
            self._history = not self._mainnet or self._past_coins(ALWAYS_HOLDS) > 0
        if not self._history:
            raise Untold("the node answers zero for every past balance: it keeps no history of balances")
        return self._past_coins(address)

    def _past_coins(self, address: str) -> int:
        asked = {
            "account_identifier": {"address": address},
            "block_identifier": {"hash": self.digest, "number": self._height},
            "visible": True,
        }
        answer = self._asked("/wallet/getaccountbalance", asked)
        balance, block = answer.get("balance", 0), answer.get("block_identifier")
        recorded, digest = (block.get("number", 0), block.get("hash")) if isinstance(block, dict) else (None, None)
        if not isinstance(digest, str) or not _ID.match(digest) or int(digest[:16], 16) != recorded:
            self._server.fail("its balance names no block that it is of", "Use a node that keeps history.")
        if recorded > self._height or (recorded == self._height and digest != self.digest):
            self._server.fail("its balance is of another block than was asked for", "Use a node that keeps history.")
        if not self._sun(balance) and recorded == self._height and not self._mainnet:
            raise Untold("a past balance of zero cannot be told from a missing history on this chain")
        return self._sun(balance)

    def _tokens(self, holder: str, token: str) -> tuple[int, int]:
        """A constant call runs at the newest block: it is worth something only if that is the snapshot's."""
        if not self._is_newest():
            raise Untold("a Tron node tells a token's balance at its newest block only, which is past the snapshot's")
        told = self.tokens_now(holder, token)
        if not self._is_newest():
            raise Untold("the next block came while the token was asked")
        return told

    def _is_newest(self) -> bool:
        return self.newest() == self.digest
