"""What an account of Solana held in an earlier slot: its transactions since, undone one by one from the balance now.

Each transaction tells what every account that it names held before and after. The chain of these must close: the newest
leaves what the account holds now, each finds what the one before it left. So a transaction that a node leaves out shows,
unless it changed nothing. Source: solana.com/docs/rpc, "getSignaturesForAddress", "getTransaction".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from auditor_app.chain.readers.one_by_one import Untold
from auditor_app.chain.rpc import JsonRpc
from auditor_app.chain.transport import is_count

MOST_TRANSACTIONS = 500
"""Of one account, since the snapshot's slot."""

_PAGE = 1000
_MOST_PAGES = 20
"""Busy accounts are used while they are asked about; what comes after the balance was read is passed over."""

_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z", re.ASCII)

BeforeAndAfter = Callable[[dict[str, Any]], tuple[int, int]]
"""An account's balance before and after a transaction; ``ValueError`` where the transaction does not say."""


class SolanaHistory:
    """One node's transactions. ``exact`` reads their JSON numbers as text: some of them are fractions."""

    def __init__(self, rpc: JsonRpc, exact: JsonRpc, slot: int) -> None:
        self._rpc = rpc
        self._exact = exact
        self._slot = slot

    def at_the_slot(self, account: str, now: int, now_slot: int, read: BeforeAndAfter) -> int:
        """The balance at the end of the slot; ``now`` is that at the end of ``now_slot``.

        :class:`Untold` where the node's list does not reach back, or is too long.
        """
        since, reaches_back = self._since(account, now_slot)
        balance = now
        for signature in since:
            before, after = self._told(signature, read)
            if after != balance:
                raise Untold(
                    "its transactions since do not lead to what it holds: one is missing, or coins came without one"
                )
            balance = before
        if not reaches_back and balance:
            raise Untold("the node's transactions of the account do not reach back to the snapshot's slot")
        return balance

    def _since(self, account: str, now_slot: int) -> tuple[list[str], bool]:
        """Signatures after the slot and up to ``now_slot``, newest first, and whether an earlier one is known."""
        found: list[str] = []
        last = ""
        for _ in range(_MOST_PAGES):
            entries = self._page(account, last, now_slot)
            for entry in entries:
                if entry[1] <= self._slot:
                    return found, True
                if entry[1] <= now_slot:
                    found.append(entry[0])
                if len(found) > MOST_TRANSACTIONS:
                    raise _too_many()
            if not entries:
                if not last:
                    raise Untold("the node has no transactions of the account: its history does not reach back")
                return found, False
            last = entries[-1][0]
        raise _too_many()

    def _page(self, account: str, last: str, now_slot: int) -> list[tuple[str, int]]:
        """Signatures with their slots, which never rise."""
        options: dict[str, Any] = {"limit": _PAGE, "commitment": "finalized", "minContextSlot": now_slot}
        answer = self._rpc.call("getSignaturesForAddress", [account, options | ({"before": last} if last else {})])
        if not isinstance(answer, list) or len(answer) > _PAGE or not all(isinstance(item, dict) for item in answer):
            self._rpc.fail("its list of signatures is no list")
        entries = [(item.get("signature"), item.get("slot")) for item in answer]
        if not all(isinstance(name, str) and is_count(slot) for name, slot in entries):
            self._rpc.fail("a signature names no slot")
        slots = [slot for _, slot in entries]
        if slots != sorted(slots, reverse=True) or len({name for name, _ in entries} | {last}) != len(entries) + 1:
            self._rpc.fail("its list of signatures is not in order")
        return entries

    def _told(self, signature: str, read: BeforeAndAfter) -> tuple[int, int]:
        options = {"encoding": "json", "commitment": "finalized", "maxSupportedTransactionVersion": 0}
        answer = self._exact.call("getTransaction", [signature, options])
        try:
            return read(answer)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            self._rpc.fail(f"the transaction {signature[:100]} does not tell balances")


def _too_many() -> Untold:
    return Untold(f"more than {MOST_TRANSACTIONS} transactions named the account after the snapshot's slot")


def coins_of(account: str) -> BeforeAndAfter:
    """Lamports of an account."""

    def read(transaction: dict[str, Any]) -> tuple[int, int]:
        place, meta = _place(transaction, account), transaction["meta"]
        return _count(meta["preBalances"][place]), _count(meta["postBalances"][place])

    return read


def tokens_of(account: str, owner: str, mint: str) -> BeforeAndAfter:
    """Raw units in a token account, as far as it was the owner's."""

    def read(transaction: dict[str, Any]) -> tuple[int, int]:
        place, meta = _place(transaction, account), transaction["meta"]
        before, after = (_units(meta[name], place, owner, mint) for name in ("preTokenBalances", "postTokenBalances"))
        return before, after

    return read


def _place(transaction: dict[str, Any], account: str) -> int:
    """Where the account stands among those that the transaction names: its own keys, then loaded ones."""
    loaded = transaction["meta"].get("loadedAddresses") or {"writable": [], "readonly": []}
    keys = [*transaction["transaction"]["message"]["accountKeys"], *loaded["writable"], *loaded["readonly"]]
    return keys.index(account)


def _units(balances: list[dict[str, Any]], place: int, owner: str, mint: str) -> int:
    held = [item for item in balances if _count(item["accountIndex"]) == place]
    if not held:
        return 0  # an account that was not there yet, or no longer
    (only,) = held
    if only["mint"] != mint:
        raise ValueError("another token")
    return _count(only["uiTokenAmount"]["amount"]) if only["owner"] == owner else 0


def _count(value: Any) -> int:
    if not isinstance(value, str) or not _COUNT.match(value):
        raise ValueError("no count")
    return int(value)
