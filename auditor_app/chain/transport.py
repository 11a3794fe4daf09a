"""One conversation over HTTP with an endpoint that may hang, lie, redirect, or send ten gigabytes.

No redirects, no proxies, no compression, no cookies: what is not here cannot be turned against the auditor. Every
exchange has a deadline and a size cap, is tried again with back-off where patience helps, and stops promptly when
cancelled.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn, Self, TypeGuard, TypeVar
from urllib.parse import quote

from auditor_app import strict_json
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.opening import Opening
from auditor_app.errors import AuditError, ChainError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken

T = TypeVar("T")

_RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
_SHOWN = 120
_SHORTEST_BLOTTED = 6
"""What is shorter could stand in any reply by chance."""

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "reserve-auditor",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and attempts for one exchange.

    With all its attempts it ends within ``patience`` and the seconds of two exchanges.
    """

    connect_seconds: float = 10
    exchange_seconds: float = 60
    max_bytes: int = 64 * 2**20
    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30
    patience: float = 120


@dataclass(frozen=True, slots=True)
class Exchange:
    """One raw request and reply, kept as a supporting file.

    ``at`` is when the reply was complete, by this machine's clock; ``asked`` is the request's verb and its path behind
    the endpoint's own (which may hold a secret), ``request`` its body.
    """

    origin: str
    at: str
    asked: str
    request: bytes
    reply: bytes


OnExchange = Callable[[Exchange], None]


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a JSON value is a whole number that is not negative; ``true`` is none."""
    return type(value) is int and value >= 0


class TryAgain(Exception):
    """The exchange may succeed later; ``after`` is what the endpoint asked us to wait, in seconds."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.after = after


class Conversation:
    """What every way of talking to an endpoint shares: patience, words for failures, strict JSON."""

    def __init__(
        self, endpoint: Endpoint, token: CancelToken, limits: Limits | None, on_exchange: OnExchange | None
    ) -> None:
        self.endpoint = endpoint
        self.token = token
        self.requests = 0
        self.limits = limits or Limits()
        self._on_exchange = on_exchange
        self._blotted = _forms_of(endpoint)

    def patiently(self, attempt: Callable[[], T]) -> T:
        """The first success of ``attempt``; :class:`ChainError` once the limits are used up."""
        limits = self.limits
        wait, last_start = limits.first_wait, time.monotonic() + limits.exchange_seconds + limits.patience
        for number in range(1, limits.attempts + 1):
            self.token.check()
            try:
                return attempt()
            except TryAgain as again:
                pause = min(max(wait, again.after), limits.longest_wait)
                if number == limits.attempts or time.monotonic() + pause > last_start:
                    self.fail(f"{again.why}, also after {number} attempts", "Wait, or use another endpoint.")
                self._sleep(pause)
                wait *= 2
        raise AssertionError  # pragma: no cover: the loop returns or fails

    def keep(self, asked: str, request: bytes, reply: bytes) -> None:
        """Hand a successful exchange to whoever keeps them."""
        if self._on_exchange is not None:
            now = format_instant(datetime.now(UTC))
            self._on_exchange(Exchange(self.endpoint.origin, now, asked, request, reply))

    def document(self, data: bytes, numbers: strict_json.Numbers = "integers") -> Any:
        """The JSON that a reply holds."""
        try:
            return strict_json.parse(
                data,
                file=self.endpoint.origin,
                code="CHAIN.ENDPOINT",
                numbers=numbers,
                max_bytes=self.limits.max_bytes,
                max_depth=32,
            )
        except AuditError as error:
            start = data.lstrip()[:1]
            what = "an HTML page" if start == b"<" else "something that is no JSON"
            self.fail(f"it sent {what} ({error.what})", "Look at the address of this endpoint.")

    def shown(self, text: str) -> str:
        """Text of the endpoint for a message: short, printable, without our secret."""
        for form in self._blotted:
            text = text.replace(form, "{key}")
        return "".join(c if c.isprintable() else " " for c in text[:_SHOWN])

    def without_secret(self, data: bytes) -> bytes:
        """A reply in which our secret, should it be echoed, is blotted out: nothing that comes after can show it."""
        for form in self._blotted:
            data = data.replace(form.encode("ascii"), b"{key}")
        return data

    def too_large(self) -> NoReturn:
        """The reply is over the cap."""
        self.fail(f"its reply is over the limit of {self.limits.max_bytes} bytes", "Use another endpoint.")

    def fail(self, what: str, action: str = "Use another endpoint.") -> NoReturn:
        """:class:`ChainError` in which the endpoint is named."""
        raise ChainError(
            "CHAIN.ENDPOINT", f"the endpoint {self.endpoint.origin} gave no usable answer: {what}", action=action
        )

    def connected(self) -> socket.socket:
        """A socket to the endpoint, over TLS unless it is on this machine and asked for without.

        :class:`TryAgain` where patience may help, :class:`ChainError` for a certificate that is not valid.
        """
        sock = Opening(self.endpoint, self.limits.connect_seconds).result(self.token)
        if isinstance(sock, ssl.SSLError):
            self.fail(
                f"its certificate was refused ({sock.reason or 'TLS error'})", "Use an endpoint with a valid one."
            )
        if isinstance(sock, OSError):
            raise TryAgain(f"it cannot be reached ({sock.strerror or type(sock).__name__})")
        sock.settimeout(self.limits.exchange_seconds)
        return sock

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.token.check()
            time.sleep(min(left, 0.05))


class HttpConversation(Conversation):
    """HTTP exchanges with one endpoint over one connection. ``requests`` counts them."""

    def __init__(
        self,
        endpoint: Endpoint,
        token: CancelToken,
        limits: Limits | None = None,
        on_exchange: OnExchange | None = None,
    ) -> None:
        super().__init__(endpoint, token, limits, on_exchange)
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, path: str, body: bytes | None, read: Callable[[bytes], T]) -> T:
        """What ``read`` makes of the reply to a POST of ``body``, or a GET where there is none.

        ``path`` is appended to the endpoint's own. ``read`` may raise :class:`TryAgain`.
        """
        verb = "GET" if body is None else "POST"

        def attempt() -> T:
            data = self._exchange(verb, path, body)
            result = read(data)
            self.keep(f"{verb} {path}".rstrip(), body or b"", data)
            return result

        return self.patiently(attempt)

    def _exchange(self, verb: str, path: str, body: bytes | None) -> bytes:
        self.requests += 1
        deadline = time.monotonic() + self.limits.exchange_seconds
        connection = self._connection or self._connect()
        target = _joined(self.endpoint.target, path)
        with Watch(connection.sock, deadline, self.token) as watch:
            try:
                connection.request(verb, target, body, self._headers(body))
                with connection.getresponse() as response:
                    data = self.without_secret(self._body(response))
            except (OSError, http.client.HTTPException) as error:
                self.close()
                self.token.check()
                if watch.late or isinstance(error, TimeoutError):
                    raise TryAgain(f"it did not answer within {self.limits.exchange_seconds:g} s") from None
                raise TryAgain(f"the connection failed ({type(error).__name__})") from None
            except BaseException:
                self.close()
                raise
        if response.will_close:
            self.close()
        self._check_status(response, data)
        return data

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = dict(_HEADERS) if body is None else {"Content-Type": "application/json", **_HEADERS}
        if self.endpoint.basic_secret:
            headers["Authorization"] = "Basic " + _basic(self.endpoint.secret)
        return headers

    def _connect(self) -> http.client.HTTPConnection:
        where = self.endpoint
        connection = http.client.HTTPConnection(where.host, where.port or where.default_port)
        connection.sock = self.connected()
        connection.auto_open = 0  # a dropped connection is made anew here, over TLS, never by the library
        self._connection = connection
        return connection

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """The reply's bytes up to the cap."""
        cap = self.limits.max_bytes
        if response.length is not None and response.length > cap:
            self.too_large()
        if (response.headers.get("Content-Encoding") or "identity").lower() != "identity":
            self.fail("its reply is compressed, which was not asked for")
        chunks, size = [], 0
        while chunk := response.read1(2**16):
            size += len(chunk)
            if size > cap:
                self.too_large()
            chunks.append(chunk)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(chunks)

    def _check_status(self, response: http.client.HTTPResponse, data: bytes) -> None:
        status = response.status
        if status in _RETRY_STATUS and not (status == 500 and data.lstrip()[:1] in (b"{", b"[")):
            raise TryAgain(f"it answers HTTP {status} {self._reason(response)}", _retry_after(response))
        if 300 <= status < 400:
            self.fail(f"it redirects (HTTP {status}), and redirects are not followed", "Configure the final address.")
        if status in (401, 403):
            self.fail(f"it refuses access (HTTP {status})", "Look at the key of this endpoint.")
        if status != 200 and data.lstrip()[:1] not in (b"{", b"["):
            self.fail(f"it answers HTTP {status} {self._reason(response)}", "Look at the address of this endpoint.")

    def _reason(self, response: http.client.HTTPResponse) -> str:
        return self.shown(response.reason)[:40]


def _joined(target: str, path: str) -> str:
    """The endpoint's own path and query with ``path`` (and its query) behind the former."""
    if not path:
        return target
    own, _, own_query = target.partition("?")
    asked, _, query = path.partition("?")
    both = "&".join(part for part in (query, own_query) if part)
    return own.rstrip("/") + asked + (f"?{both}" if both else "")


def _retry_after(response: http.client.HTTPResponse) -> float:
    value = response.headers.get("Retry-After") or ""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0.0


def _forms_of(endpoint: Endpoint) -> tuple[str, ...]:
    """How an endpoint might echo our secret: as it is, in a URL, encoded, and for a node without the user."""
    secret = endpoint.secret
    forms = {secret, quote(secret, safe=""), _basic(secret), secret.encode("ascii").hex()}
    if endpoint.basic_secret:
        forms.add(secret.partition(":")[2])
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST_BLOTTED), key=len, reverse=True))


def _basic(secret: str) -> str:
    return base64.b64encode(secret.encode("ascii")).decode()


class Watch:
    """Shuts a socket at the deadline or on cancel: a peer that drips bytes never trips a read timeout."""

    def __init__(self, sock: socket.socket, deadline: float, token: CancelToken) -> None:
        self.late = False
        self._sock = sock
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
                with contextlib.suppress(OSError):  # past TLS, whose own shutdown is not thread-safe
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
                return
