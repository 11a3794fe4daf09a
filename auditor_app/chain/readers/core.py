"""A node of the Bitcoin Core family: its set of unspent outputs, which it only has at its newest block.

``scantxoutset`` says at which height and block it scanned; an answer from any other than the snapshot's block is
refused. A past balance needs the node itself to go back, which is its owner's decision: the message says how.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from auditor_app.amounts import Amount
from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.histories import script_of
from auditor_app.chain.readers.model import ChainReading, LookReading, LookTask, ReadingTask
from auditor_app.chain.readers.utxo_histories import compared_block, distinct, rows_of
from auditor_app.chain.rpc import JsonRpc
from auditor_app.chain.transport import Limits
from auditor_app.chain.utxo import DECIMALS
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress

SCAN_SECONDS = 3600.0
"""Reading every unspent output takes a node minutes."""


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task from one scan of the node's unspent outputs."""
    with JsonRpc(task.endpoint, task.token, task.supplements.limits, task.on_exchange, numbers="text") as rpc:
        yield Progress(0, None, "requests", f"{task.endpoint.origin}: comparing chain and block")
        genesis = _hash(rpc, rpc.call("getblockhash", [0]))
        found = _hash(rpc, rpc.call("getblockhash", [task.height]))
        header = rpc.call("getblockheader", [found, False])
        block_hash = compared_block(task, genesis, _bytes(rpc, header))
        if block_hash != found or sha256d(_bytes(rpc, header))[::-1].hex() != found:
            rpc.fail(f"the header of block {task.height} does not have the block's hash")
        yield Progress(0, len(task.targets), "balances", f"{task.endpoint.origin}: scanning unspent outputs")
        scanned, best, amounts = _scanned(rpc, task)
        if (scanned, best) != (task.height, block_hash):
            raise _elsewhere(task, block_hash, scanned, best)
    return ChainReading(task.endpoint, task.block(block_hash), rows_of(task, amounts), "scantxoutset", rpc.requests)


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance at the node's newest block, which is the one that it scans."""
    with JsonRpc(task.endpoint, task.token, task.limits, numbers="text") as rpc:
        yield Progress(0, len(task.targets), "balances", f"{task.endpoint.origin}: scanning unspent outputs")
        genesis = _hash(rpc, rpc.call("getblockhash", [0]))
        height, best, amounts = _scanned(rpc, task.at(0)) if task.targets else _newest(rpc)
        compared_block(task.at(height), genesis, _bytes(rpc, rpc.call("getblockheader", [best, False])))
    return LookReading(height, best, rows_of(task.at(height), amounts))


def _newest(rpc: JsonRpc) -> tuple[int, str, dict[str, int]]:
    """Height and hash of the newest block, without a scan."""
    height = _whole(rpc, rpc.call("getblockcount", []))
    return height, _hash(rpc, rpc.call("getblockhash", [height])), {}


def _scanned(rpc: JsonRpc, task: ReadingTask) -> tuple[int, str, dict[str, int]]:
    """Height and hash of the block that the node scanned, and base units by account identity."""
    scripts = {script_of(target.text).hex(): target.account.identity for target in distinct(task.targets)}
    limits = rpc.limits
    seconds = SCAN_SECONDS if limits == Limits() else limits.exchange_seconds
    rpc.limits = replace(limits, exchange_seconds=seconds)
    answer = rpc.call("scantxoutset", ["start", [f"raw({script})" for script in scripts]])
    rpc.limits = limits
    if (
        not isinstance(answer, dict)
        or answer.get("success") is not True
        or not isinstance(answer.get("unspents"), list)
    ):
        rpc.fail("its scan of unspent outputs did not end well")
    scanned, best = _whole(rpc, answer.get("height")), _hash(rpc, answer.get("bestblock"))
    sums: defaultdict[str, int] = defaultdict(int)
    for output in answer["unspents"]:
        script = output.get("scriptPubKey") if isinstance(output, dict) else None
        if script not in scripts:
            rpc.fail("its scan holds an output that was not asked for")
        try:
            sums[scripts[script]] += Amount.parse(str(output.get("amount"))).at_scale(DECIMALS).units
        except ValueError:
            rpc.fail("an amount is no number of coins")
    if any(amount < 0 for amount in sums.values()):
        rpc.fail("a balance is negative")
    return scanned, best, {identity: sums[identity] for identity in scripts.values()}


def _elsewhere(task: ReadingTask, block_hash: str, scanned: int, best: str) -> ChainError:
    if scanned < task.height:
        action = "Wait until the node has reached the snapshot's block."
    else:
        action = (
            "A node scans its newest block only. Roll back a node that you can spare: invalidateblock of the block "
            "after the snapshot's (reconsiderblock afterwards), or dumptxoutset with rollback (version 29 and later). "
            "Without a rollback: scanblocks with getdescriptoractivity (block filters), or an Electrum server."
        )
    return ChainError(
        "CHAIN.ENDPOINT",
        f"the endpoint {task.endpoint.origin} counted unspent outputs at another block than the snapshot's",
        expected=f"height {task.height}, hash {block_hash}",
        observed=f"height {scanned}, hash {best}",
        action=action,
    )


def _hash(rpc: JsonRpc, value: Any) -> str:
    raw = _bytes(rpc, value)
    if len(raw) != 32:
        rpc.fail("a block's hash has a wrong length")
    return raw.hex()


def _bytes(rpc: JsonRpc, value: Any) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        rpc.fail("it sent something else than hexadecimal")


def _whole(rpc: JsonRpc, value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        rpc.fail("a height is no number")
    return int(text)
