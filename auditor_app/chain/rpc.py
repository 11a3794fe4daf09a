"""JSON-RPC over HTTP to an endpoint that may hang, lie, redirect, or send ten gigabytes.

One connection, POST only, no redirects, no proxies, no compression, no cookies: what is not here cannot be turned
against the auditor. Every exchange has a deadline and a size cap and stops promptly when cancelled.
"""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from auditor_app import strict_json
from auditor_app.chain.endpoints import Endpoint
from auditor_app.errors import AuditError, ChainError
from auditor_app.operation import CancelToken

_RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
_RATE_LIMIT_CODES = frozenset({429, -32005, -32029, -32097})
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and attempts for one exchange; ``patience`` bounds all waiting between attempts together."""

    connect_seconds: float = 10
    exchange_seconds: float = 60
    max_bytes: int = 64 * 2**20
    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30
    patience: float = 120


class RpcRefusal(ChainError):
    """The endpoint answered with a JSON-RPC error: the request reached it, and it declined."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One raw request and reply, kept as a supporting file; ``method`` names the call."""

    origin: str
    request: bytes
    reply: bytes


class JsonRpc:
    """Calls and batches to one endpoint, retried with back-off where the endpoint asks for patience.

    ``requests`` counts HTTP exchanges; ``on_exchange`` is given every successful one.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        token: CancelToken,
        limits: Limits | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.token = token
        self.requests = 0
        self._limits = limits or Limits()
        self._on_exchange = on_exchange
        self._connection: http.client.HTTPConnection | None = None
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """The ``result`` of one call; :class:`RpcRefusal` for a JSON-RPC error, :class:`ChainError` for the rest."""
        answer = self._patiently([(method, params)], batched=False)[0]
        if isinstance(answer, RpcRefusal):
            raise answer
        return answer

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of many calls in one exchange, in order; an item may be an :class:`RpcRefusal`."""
        return self._patiently(calls, batched=True) if calls else []

    def _patiently(self, calls: Sequence[tuple[str, Sequence[Any]]], *, batched: bool) -> list[Any]:
        wait, waited = self._limits.first_wait, 0.0
        for attempt in range(1, self._limits.attempts + 1):
            self.token.check()
            try:
                return self._exchange(calls, batched=batched)
            except _TryAgain as again:
                pause = min(max(wait, again.after), self._limits.longest_wait)
                if attempt == self._limits.attempts or waited + pause > self._limits.patience:
                    self._fail(f"{again.why}, also after {attempt} attempts", "Wait, or use another endpoint.")
                self._sleep(pause)
                waited, wait = waited + pause, wait * 2
        raise AssertionError  # pragma: no cover: the loop returns or fails

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.token.check()
            time.sleep(min(left, 0.05))

    def _exchange(self, calls: Sequence[tuple[str, Sequence[Any]]], *, batched: bool) -> list[Any]:
        """One POST and its answers; ``_TryAgain`` where patience may help."""
        ids = [next(self._ids) for _ in calls]
        messages = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in zip(ids, calls, strict=True)
        ]
        body = json.dumps(messages if batched else messages[0], separators=(",", ":")).encode("ascii")
        data = self._post(body)
        answers = self._matched(self._document(data), ids, batched=batched)
        results = [self._answer(answer) for answer in answers]
        if self._on_exchange is not None:
            self._on_exchange(Exchange(self.endpoint.origin, body, data))
        return results

    def _post(self, body: bytes) -> bytes:
        self.requests += 1
        deadline = time.monotonic() + self._limits.exchange_seconds
        connection = self._connection or self._connect()
        with _Watch(connection, deadline, self.token) as watch:
            try:
                connection.request("POST", self.endpoint.target, body, _HEADERS)
                with connection.getresponse() as response:
                    data = self._body(response)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                self.token.check()
                if watch.late or isinstance(error, TimeoutError):
                    raise _TryAgain(f"it did not answer within {self._limits.exchange_seconds:g} s") from None
                raise _TryAgain(f"the connection failed ({type(error).__name__})") from None
            except BaseException:
                self.close()
                raise
        if response.will_close:
            self.close()
        self._check_status(response, data)
        return data

    def _connect(self) -> http.client.HTTPConnection:
        where, timeout = self.endpoint, self._limits.connect_seconds
        if where.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                where.host, where.port, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(where.host, where.port, timeout=timeout)
        try:
            self._connection.connect()
        except ssl.SSLError as error:
            self.close()
            self._fail(
                f"its certificate was refused ({error.reason or 'TLS error'})", "Use an endpoint with a valid one."
            )
        except OSError as error:
            self.close()
            raise _TryAgain(f"it cannot be reached ({error.strerror or type(error).__name__})") from None
        sock = self._connection.sock
        if sock is not None:
            sock.settimeout(self._limits.exchange_seconds)
        return self._connection

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """The reply's bytes up to the cap."""
        cap = self._limits.max_bytes
        if response.length is not None and response.length > cap:
            self._too_large(cap)
        if (response.headers.get("Content-Encoding") or "identity").lower() != "identity":
            self._fail("its reply is compressed, which was not asked for", "Use another endpoint.")
        chunks, size = [], 0
        while chunk := response.read1(2**16):
            size += len(chunk)
            if size > cap:
                self._too_large(cap)
            chunks.append(chunk)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(chunks)

    def _check_status(self, response: http.client.HTTPResponse, data: bytes) -> None:
        status = response.status
        if status in _RETRY_STATUS and not (status == 500 and data.lstrip()[:1] in (b"{", b"[")):
            raise _TryAgain(f"it answers HTTP {status} {response.reason[:40]}", _retry_after(response))
        if 300 <= status < 400:
            self._fail(f"it redirects (HTTP {status}), and redirects are not followed", "Configure the final address.")
        if status in (401, 403):
            self._fail(f"it refuses access (HTTP {status})", "Look at the key of this endpoint.")
        if status != 200 and data.lstrip()[:1] not in (b"{", b"["):
            self._fail(f"it answers HTTP {status} {response.reason[:40]}", "Look at the address of this endpoint.")

    def _document(self, data: bytes) -> Any:
        try:
            return strict_json.parse(
                data, file=self.endpoint.origin, code="CHAIN.ENDPOINT", max_bytes=self._limits.max_bytes, max_depth=32
            )
        except AuditError as error:
            start = data.lstrip()[:1]
            what = "an HTML page" if start == b"<" else "something that is no JSON"
            self._fail(f"it sent {what} ({error.what})", "Look at the address of this endpoint.")

    def _matched(self, document: Any, ids: list[int], *, batched: bool) -> list[dict[str, Any]]:
        """The answers in the order of the requests; each id exactly once."""
        answers = document if batched and isinstance(document, list) else [document]
        if batched and isinstance(document, dict) and "error" in document:
            self._answer_error(document["error"], whole_batch=True)
        by_id = {item["id"]: item for item in answers if isinstance(item, dict) and isinstance(item.get("id"), int)}
        if len(answers) != len(ids) or set(by_id) != set(ids):
            if len(ids) == 1 and len(answers) == 1 and isinstance(document, dict) and "error" in document:
                return [document]  # an error about a request whose id the endpoint could not read
            self._fail("its answers do not belong to the requests", "Use another endpoint.")
        return [by_id[number] for number in ids]

    def _answer(self, answer: dict[str, Any]) -> Any:
        error = answer.get("error")
        if error is not None:
            return self._answer_error(error, whole_batch=False)
        if "result" not in answer:
            self._fail("its answer holds neither a result nor an error", "Use another endpoint.")
        return answer["result"]

    def _answer_error(self, error: Any, *, whole_batch: bool) -> RpcRefusal:
        code = error.get("code") if isinstance(error, dict) else None
        message = error.get("message") if isinstance(error, dict) else error
        shown = self._shown(str(message))
        if code in _RATE_LIMIT_CODES:
            raise _TryAgain(f"it limits the rate ({shown})")
        refusal = RpcRefusal(
            "CHAIN.ENDPOINT",
            f"the endpoint {self.endpoint.origin} declined: {shown} (code {code})",
            action="Use an endpoint that can answer this.",
        )
        if whole_batch:
            raise refusal
        return refusal

    def _shown(self, text: str) -> str:
        """Text of the endpoint for a message: short, printable, without our secret."""
        if self.endpoint.secret:
            text = text.replace(self.endpoint.secret, "{key}")
        return "".join(c if c.isprintable() else " " for c in text[:_SHOWN])

    def _too_large(self, cap: int) -> NoReturn:
        self._fail(f"its reply is over the limit of {cap} bytes", "Use another endpoint.")

    def _fail(self, what: str, action: str) -> NoReturn:
        raise ChainError(
            "CHAIN.ENDPOINT", f"the endpoint {self.endpoint.origin} gave no usable answer: {what}", action=action
        )


_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "reserve-auditor",
}


class _TryAgain(Exception):
    """The exchange may succeed later; ``after`` is what the endpoint asked us to wait, in seconds."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.after = after


def _retry_after(response: http.client.HTTPResponse) -> float:
    value = response.headers.get("Retry-After") or ""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0.0


class _Watch:
    """Shuts a socket at the deadline or on cancel: a peer that drips bytes never trips a read timeout."""

    def __init__(self, connection: http.client.HTTPConnection, deadline: float, token: CancelToken) -> None:
        self.late = False
        self._sock = connection.sock
        self._deadline = deadline
        self._token = token
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rpc-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.late = time.monotonic() > self._deadline
            if self.late or self._token.cancelled:
                try:
                    if self._sock is not None:
                        socket.socket.shutdown(
                            self._sock, socket.SHUT_RDWR
                        )  # past TLS, whose own shutdown is not thread-safe
                except OSError:
                    pass
                return
