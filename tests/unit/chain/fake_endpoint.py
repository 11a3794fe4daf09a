"""A loopback HTTP server that answers as a test tells it to, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from auditor_app.chain.endpoints import Endpoint, parse_endpoints

Answer = Callable[["Handler", Any], None]


class Handler(BaseHTTPRequestHandler):
    """Hands every POST, with its JSON, and every GET to the test's function."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.fake.seen.append((self.path, body))
        server.fake.answer(self, json.loads(body))

    def do_GET(self) -> None:
        server: Any = self.server
        server.fake.seen.append((self.path, b""))
        server.fake.answer(self, None)

    def reply(self, data: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def result(self, request: Any, result: Any) -> None:
        self.reply(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode())

    def error(self, request: Any, code: int, message: str) -> None:
        body = {"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}}
        self.reply(json.dumps(body).encode())

    def log_message(self, *args: Any) -> None:
        return None


@dataclass
class Fake:
    """The server as a test sees it: every request's path and body in ``seen``."""

    url: str
    answer: Answer
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    def endpoint(self, chain: str = "eip155:1", path: str = "/", secret: str = "") -> Endpoint:
        return parse_endpoints([f"{chain}={self.url}{path}"], secrets=lambda host: secret)[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        return None  # a client that hung up on us is what some tests are about


@contextmanager
def fake_endpoint(answer: Answer) -> Iterator[Fake]:
    """Serve ``answer`` on a free loopback port."""
    server = _Server(("127.0.0.1", 0), Handler)
    fake = Fake(f"http://127.0.0.1:{server.server_address[1]}", answer)
    server.fake = fake  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


AnswerLine = Callable[["LineHandler", Any], None]


class LineHandler(StreamRequestHandler):
    """Hands every line, with its JSON, to the test's function."""

    def handle(self) -> None:
        server: Any = self.server
        for line in self.rfile:
            server.seen.append(line)
            server.answer(self, json.loads(line))

    def reply(self, data: bytes) -> None:
        self.wfile.write(data + b"\n")
        self.wfile.flush()


class _LineServer(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        return None


@contextmanager
def fake_line_endpoint(answer: AnswerLine) -> Iterator[tuple[str, list[bytes]]]:
    """Serve ``answer`` line by line on a free loopback port; yields host and port, and the lines that came."""
    seen: list[bytes] = []
    server = _LineServer(("127.0.0.1", 0), LineHandler)
    server.answer, server.seen = answer, seen  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
