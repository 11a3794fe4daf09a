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
        self._under_way: socket.socket | None = None
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
            if self._under_way is not None:
                with contextlib.suppress(OSError):  # past TLS, whose own shutdown is not thread-safe
                    socket.socket.shutdown(self._under_way, socket.SHUT_RDWR)  # wakes a greeting that hangs or drips
            if isinstance(self._found, socket.socket):
                self._found.close()

    def _open(self) -> None:
        where = self._endpoint
        try:
            made = socket.create_connection((where.host, where.port or where.default_port), self._seconds)
            self._goes_on_with(made)
            # as http.client does: one exchange, one round trip
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if where.encrypted:
                context = ssl.create_default_context()
                greeting = context.wrap_socket(made, server_hostname=where.host, do_handshake_on_connect=False)
                self._goes_on_with(greeting)
                greeting.do_handshake()
                made = greeting
            self._end(made)
        except (OSError, ValueError) as error:
            if self._under_way is not None:
                self._under_way.close()
            self._end(error if isinstance(error, OSError) else OSError(errno.EINVAL, "its name cannot be looked up"))

    def _goes_on_with(self, sock: socket.socket) -> None:
        """The socket that a cancel shuts; ``OSError`` where it came before."""
        with self._lock:
            self._under_way = sock
            if self._left:
                raise OSError(errno.ETIMEDOUT, _TOO_LATE)

    def _end(self, found: socket.socket | OSError) -> None:
        with self._lock:
            self._found = found
            self._ended.set()
            if self._left and isinstance(found, socket.socket):
                found.close()
