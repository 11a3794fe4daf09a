"""A loopback JSON-RPC server that knows proven state and nothing else, in a process of its own.

The EVM that re-executes a call reads its state here. What was not proven is answered with an error, so that a slot
that somebody left out makes the call fail; an EVM with a state of its own would read it as zero.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

MAX_REQUEST = 2**20
_UNPROVEN = -32001


@dataclass(frozen=True)
class ServedAccount:
    """One proven account; ``slots`` are the proven words by slot number."""

    nonce: int
    balance: int
    code: bytes
    slots: Mapping[int, int] = field(default_factory=dict)


class Unproven(LookupError):
    """The state asked for is not among what was proven."""


def answer(accounts: Mapping[str, ServedAccount], method: str, params: list[Any]) -> str:
    """The result of one state request; :class:`Unproven` for anything else."""
    account = accounts.get(str(params[0]).lower()) if params else None
    if account is None:
        raise Unproven(f"not proven: {method} of {_shown(params)}")
    if method == "eth_getBalance":
        return hex(account.balance)
    if method == "eth_getTransactionCount":
        return hex(account.nonce)
    if method == "eth_getCode":
        return "0x" + account.code.hex()
    if method == "eth_getStorageAt":
        slot = int(str(params[1]), 16)
        if slot in account.slots:
            return f"0x{account.slots[slot]:064x}"
    raise Unproven(f"not proven: {method} of {_shown(params)}")


def _shown(params: list[Any]) -> str:
    return " ".join(str(item)[:20] for item in params[:2] if isinstance(item, str))


def serve(accounts: Mapping[str, ServedAccount], pipe: Connection) -> None:
    """Serve on a free loopback port, which is sent through ``pipe``, until this process or its parent ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 < length <= MAX_REQUEST:
                self.send_error(413)
                return
            document = json.loads(self.rfile.read(length))
            items = document if isinstance(document, list) else [document]
            replies = [_reply(accounts, item) for item in items]
            body = json.dumps(replies if isinstance(document, list) else replies[0]).encode("ascii")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        pipe.send(server.server_address[1])
        pipe.close()
        server.serve_forever()


def _end_with_parent() -> None:
    """A parent that was killed ends nobody: without this the server would stay for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _reply(accounts: Mapping[str, ServedAccount], request: dict[str, Any]) -> dict[str, Any]:
    head = {"jsonrpc": "2.0", "id": request.get("id")}
    try:
        return head | {"result": answer(accounts, str(request.get("method")), list(request.get("params") or []))}
    except Unproven as error:
        return head | {"error": {"code": _UNPROVEN, "message": str(error)[:200]}}
