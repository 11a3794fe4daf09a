"""TON over the HTTP API of toncenter: an account's state as of a masterchain block.

The answer names the masterchain block that it is of; one of another block, or of none, is refused: a server that does
not know the ``seqno`` parameter answers with its newest. Shard and account proofs are not read: the grade is that of
the sources. Source: toncenter.com/api/v2, ``getAddressInformation``, ``lookupBlock`` and
``getMasterchainInfo``.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import quote

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
from auditor_app.chain.transport import HttpConversation, is_count
from auditor_app.operation import Operation

DECIMALS = 9
"""Nanotons of one TON."""

_MASTERCHAIN, _WHOLE_SHARD = -1, "-9223372036854775808"
_NANOTONS = re.compile(r"(?:0|[1-9][0-9]{0,24})\Z", re.ASCII)


def accepts(_account: Account, asset_id: str) -> str | None:
    """TON's own coin only; see :data:`~auditor_app.chain.readers.model.Accepts`."""
    kind, _ = reference_of(asset_id)
    if kind != "slip44":
        raise ValueError(f"assets of the kind {kind[:20]} are not captured on this chain")
    return None


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task from one endpoint."""
    with HttpConversation(task.endpoint, task.token, task.supplements.limits, task.on_exchange) as server:
        where = f"/lookupBlock?workchain={_MASTERCHAIN}&shard={_WHOLE_SHARD}&seqno={task.height}"
        digest = _block(server, _asked(server, where), task.height)
        if task.block_hash is not None and digest != _root_hash(task.block_hash):
            what = f"its masterchain block {task.height} is not the one that the snapshot names"
            raise differs(server.endpoint.origin, what, task.block_hash, digest.hex())

        def read_one(target: Target, _token: str | None) -> tuple[int, int]:
            address = quote(target.account.address, safe="")
            answer = _asked(server, f"/getAddressInformation?address={address}&seqno={task.height}")
            if _block(server, answer.get("block_id"), task.height) != digest:
                server.fail("its balance is of another block than it showed before")
            balance = str(answer.get("balance"))
            if not _NANOTONS.match(balance):
                server.fail(f"a balance is {server.shown(balance)!r}, which is no number of nanotons")
            return int(balance), DECIMALS

        rows, notes = yield from read_rows(task, digest.hex(), accepts, read_one)
    found = task.block_hash if task.block_hash is not None else digest.hex()
    return ChainReading(task.endpoint, task.block(found), rows, "HTTP API", server.requests, notes=notes)


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance as of the newest masterchain block."""
    with HttpConversation(task.endpoint, task.token, task.limits) as server:
        last = _asked(server, "/getMasterchainInfo").get("last")
        seqno = last.get("seqno") if isinstance(last, dict) else None
        if not is_count(seqno):
            server.fail("it names no newest block")
    reading = yield from read(task.at(seqno))
    return LookReading(seqno, str(reading.block.block_hash), reading.rows, reading.notes)


def _block(server: HttpConversation, block: Any, height: int) -> bytes:
    """The root hash of the masterchain block at ``height``."""
    if not isinstance(block, dict) or block.get("workchain") != _MASTERCHAIN or block.get("seqno") != height:
        shown = block.get("seqno") if isinstance(block, dict) else None
        raise differs(
            server.endpoint.origin, "its answer is of another block", f"masterchain block {height}", f"block {shown}"
        )
    digest = _root_hash(str(block.get("root_hash")))
    if digest is None:
        server.fail("a block's root hash cannot be read")
    return digest


def _root_hash(text: str) -> bytes | None:
    """32 bytes in hexadecimal or either base64 alphabet; ``None`` for anything else."""
    try:
        if len(text.removeprefix("0x")) == 64:
            return bytes.fromhex(text.removeprefix("0x"))
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == 32 else None


def _asked(server: HttpConversation, path: str) -> dict[str, Any]:
    answer = server.ask(path, None, server.document)
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, dict) or answer.get("ok") is not True:
        shown = server.shown(str(answer.get("error") if isinstance(answer, dict) else answer))
        server.fail(f"it declined: {shown}")
    return result
