"""The XRP Ledger over rippled's HTTP JSON-RPC: ``account_info`` in one closed ledger of a full-history server.

Every answer names the ledger that it is of; one that names another, or none, or one that is not validated, is refused.
Source: xrpl.org, "account_info" and "ledger".
"""

from __future__ import annotations

import json
import re
from typing import Any

from auditor_app.chain.accounts import Account
from auditor_app.chain.readers.model import (
    ChainReading,
    LookReading,
    LookTask,
    ReadingTask,
    Target,
    differs,
    reference_of,
)
from auditor_app.chain.readers.one_by_one import read_rows
from auditor_app.chain.transport import HttpConversation, TryAgain, is_count
from auditor_app.operation import Operation

DECIMALS = 6
"""Drops of one XRP."""

_DROPS = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_HASH = re.compile(r"[0-9A-F]{64}\Z", re.ASCII)
_BUSY = frozenset({"slowDown", "tooBusy", "noCurrent", "noNetwork"})


def accepts(_account: Account, asset_id: str) -> str | None:
    """XRP only; see :data:`~auditor_app.chain.readers.model.Accepts`."""
    kind, _ = reference_of(asset_id)
    if kind != "slip44":
        raise ValueError(f"assets of the kind {kind[:20]} are not captured on this chain")
    return None


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task from one endpoint."""
    with HttpConversation(task.endpoint, task.token, task.supplements.limits, task.on_exchange) as server:
        ledger = _asked(server, "ledger", {"ledger_index": task.height})
        digest = _of_ledger(server, ledger, task.height, None)
        if task.block_hash is not None and digest != task.block_hash.upper():
            what = f"its ledger {task.height} is not the one that the snapshot names"
            raise differs(server.endpoint.origin, what, task.block_hash, digest)

        def read_one(target: Target, _token: str | None) -> tuple[int, int]:
            asked = {"account": target.account.address, "ledger_index": task.height, "strict": True}
            return _balance(server, _asked(server, "account_info", asked), task.height, digest), DECIMALS

        rows, notes = yield from read_rows(task, digest, accepts, read_one)
    return ChainReading(task.endpoint, task.block(digest), rows, "account_info", server.requests, notes=notes)


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance in the newest validated ledger."""
    with HttpConversation(task.endpoint, task.token, task.limits) as server:
        index = _asked(server, "ledger", {"ledger_index": "validated"}).get("ledger_index")
        if not is_count(index):
            server.fail("it names no newest ledger")
    reading = yield from read(task.at(index))
    return LookReading(index, str(reading.block.block_hash), reading.rows, reading.notes)


def _balance(server: HttpConversation, result: dict[str, Any], height: int, digest: str) -> int:
    """Drops; an account that the very ledger does not hold has none."""
    _of_ledger(server, result, height, digest)
    if result.get("error") == "actNotFound":
        return 0
    data = result.get("account_data")
    balance = data.get("Balance") if isinstance(data, dict) else None
    if result.get("error") is not None or not isinstance(balance, str) or not _DROPS.match(balance):
        server.fail(f"a balance is {server.shown(str(balance))!r}, which is no number of drops")
    return int(balance)


def _of_ledger(server: HttpConversation, result: dict[str, Any], height: int, digest: str | None) -> str:
    """The hash of the validated ledger that an answer is of."""
    found, index = result.get("ledger_hash"), result.get("ledger_index")
    if result.get("validated") is not True or not isinstance(found, str) or not _HASH.match(found):
        error = server.shown(str(result.get("error") or "no closed ledger"))
        server.fail(f"its answer is of no ledger that the network has closed ({error})", "Use a full-history server.")
    if index != height or (digest is not None and found != digest):
        raise differs(
            server.endpoint.origin, "its answer is of another ledger", f"{height} {digest or ''}", f"{index} {found}"
        )
    return found


def _asked(server: HttpConversation, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"method": method, "params": [parameters]}).encode("ascii")

    def result_of(data: bytes) -> dict[str, Any]:
        document = server.document(data)
        result = document.get("result") if isinstance(document, dict) else None
        if not isinstance(result, dict):
            server.fail("its answer holds no result")
        if result.get("error") in _BUSY:
            raise TryAgain(f"it is busy ({result['error']})")
        return result

    return server.ask("", body, result_of)
