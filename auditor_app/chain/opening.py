"""Making a connection, which can hang in ways that nothing wakes: in a thread of its own, with a time and a cancel.

Looking up a name, connecting and greeting over TLS are done beside the work. When the time is over or the work is
cancelled they are left to themselves, and what they still open is closed there.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import threading
import time

from auditor_app.chain.endpoints import Endpoint
from auditor_app.operation import CancelToken

_TOO_LATE = "it did not connect in time"


class Opening:
    """One connection on its way, over TLS unless the endpoint is on this machine and asked for without."""

    def __init__(self, endpoint: Endpoint, seconds: float) -> None:
        self._endpoint = endpoint
        self._seconds = seconds
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._left = False
        self._raw: socket.socket | None = None
        self._found: socket.socket | OSError = OSError(errno.ETIMEDOUT, _TOO_LATE)
        threading.Thread(target=self._open, name="rpc-open", daemon=True).start()

    def result(self, token: CancelToken) -> socket.socket | OSError:
        """The socket, or why there is none; ends within a moment of the time or of a cancel."""
        deadline = time.monotonic() + self._seconds
        try:
            while not self._ended.wait(0.05) and time.monotonic() < deadline:
                token.check()
        except BaseException:
            self._leave()
            raise
        with self._lock:
            ended, found = self._ended.is_set(), self._found
        if not ended:
            self._leave()
        return found

    def _leave(self) -> None:
        with self._lock:
            self._left = True
            for sock in (self._raw, self._found):
                if isinstance(sock, socket.socket):
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)  # wakes a greeting that is being dripped
                    sock.close()

    def _open(self) -> None:
        where = self._endpoint
        try:
            raw = socket.create_connection((where.host, where.port or where.default_port), self._seconds)
            with self._lock:
                self._raw = raw
            # as http.client does: one exchange, one round trip
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._end(_over_tls(raw, where) if where.encrypted else raw)
        except (OSError, ValueError) as error:
            if self._raw is not None:
                self._raw.close()
            self._end(error if isinstance(error, OSError) else OSError(errno.EINVAL, "its name cannot be looked up"))

    def _end(self, found: socket.socket | OSError) -> None:
        with self._lock:
            self._found = found
            self._ended.set()
            if self._left and isinstance(found, socket.socket):
                found.close()


def _over_tls(raw: socket.socket, where: Endpoint) -> socket.socket:
    return ssl.create_default_context().wrap_socket(raw, server_hostname=where.host)
