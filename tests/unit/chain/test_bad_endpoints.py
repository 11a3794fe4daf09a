"""Every reader against every way in which an endpoint can fail: a clear message, nothing half-written, nothing believed."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.live import claimed_units, look_now
from auditor_app.chain.plan import plan_capture
from auditor_app.errors import ChainError
from auditor_app.operation import run
from tests.unit.chain.endpoint_kinds import CALM, HASTY, KINDS, Fault, Kind, Trouble, truth_of
from tests.unit.chain.test_capture import TOKEN


def _drip(handler: Any) -> None:
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.02)


def _hung(_handler: Any) -> None:
    time.sleep(0.8)


def _closed(handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def _endless(handler: Any) -> None:
    """The start of ten gigabytes."""
    while True:
        handler.wfile.write(b" " * 65_536)


def _raw(data: bytes) -> Fault:
    def fault(handler: Any) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.close_connection = True

    return fault


def _http(data: bytes, status: int = 200, **headers: str) -> Fault:
    return lambda handler: handler.reply(data, status, **headers)


def _line(data: bytes) -> Fault:
    return lambda handler: handler.reply(data)


HTML = b"<!DOCTYPE html><title>Sign in</title><script>alert(1)</script>"
BODIES = {
    "html": HTML,
    "truncated": b'{"jsonrpc":"2.0","id":1,"resu',
    "cut short": b'{"jsonrpc":"2.0","id":1,"result":{"context":{"slot":12',
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "text": b'"ok"',
    "number": b"12345678901234567890123",
    "deep": b"[" * 5000 + b"]" * 5000,
    "not utf-8": b'{"result":"\xff\xfe"}',
    "half a character": b'{"jsonrpc":"2.0","id":1,"result":"\\ud800"}',
    "twice": b'{"id":1,"id":2,"result":1}',
    "not a number": b'{"jsonrpc":"2.0","id":1,"result":NaN}',
    "wrong id": b'{"jsonrpc":"2.0","id":987654321,"result":"0x1","ok":true}',
    "control characters": b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"\\u001b[2J\\u0007\\r\\nforged"}}',
    "huge message": b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"' + b"A" * 100_000 + b'"}}',
}
HTTP_FAULTS: dict[str, Fault] = {
    **{name: _http(body) for name, body in BODIES.items()},
    "hangs": _hung,
    "drips": lambda handler: (handler.send_response(200), handler.end_headers(), _drip(handler))[-1],
    "endless": lambda handler: (handler.send_response(200), handler.end_headers(), _endless(handler))[-1],
    "ten gigabytes": _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{"),
    "shorter than said": _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
    "negative length": _raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
    "bad chunks": _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n{}\r\n"),
    "endless header": _raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n{}"),
    "closed": _closed,
    "no HTTP": _raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "429 for ever": _http(b"slow down", 429, Retry_After="86400"),
    "429 without an end": _http(b"", 429, Retry_After="-1"),
    "503": _http(b"busy", 503),
    "500": _http(b"trace", 500),
    "401": _http(b"", 401),
    "404": _http(b"gone", 404),
    "302": _http(b"", 302, Location="http://127.0.0.1:9/"),
    "308": _http(b"", 308, Location="//evil.example/"),
    "compressed": _http(b"\x1f\x8b\x08\x00", Content_Encoding="gzip"),
    "reason": _raw(b"HTTP/1.1 404 \x1b[2Jforged\r\nContent-Length: 1\r\n\r\nx"),
}
LINE_FAULTS: dict[str, Fault] = {
    **{name: _line(body) for name, body in BODIES.items()},
    "hangs": _hung,
    "drips": _drip,
    "endless": _endless,
    "closed": _closed,
    "an HTTP server": _raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "announcements only": lambda handler: (
        [handler.reply(b'{"jsonrpc":"2.0","method":"blockchain.headers.subscribe","params":[]}') for _ in range(50)]
        and _hung(handler)
    ),
}
SLOW = {HTTP_FAULTS["hangs"], HTTP_FAULTS["drips"], LINE_FAULTS["drips"], LINE_FAULTS["announcements only"]}
CASES = [
    pytest.param(kind, fault, id=f"{kind.name}-{name}")
    for kind in KINDS
    for name, fault in (LINE_FAULTS if kind.lines else HTTP_FAULTS).items()
]


@pytest.mark.parametrize(("kind", "fault"), CASES)
def test_a_bad_answer_at_any_place_stops_the_capture_or_changes_nothing(
    kind: Kind, fault: Fault, tmp_path: Path
) -> None:
    """Where an endpoint need not answer (a proof, a faster method) the capture may go on: with the same balances."""
    answers, honest = truth_of(kind.name)
    folder = tmp_path / "bad"
    folder.mkdir()
    for start in sorted({0, answers - 1} if fault in SLOW else {0, answers // 2, answers - 1}):
        trouble = Trouble(fault, start)
        begun = time.monotonic()
        with kind.served(trouble) as netloc:
            try:
                kind.capture(folder, netloc)
            except ChainError as error:
                sentence = error.sentence()
                assert error.code == "CHAIN.ENDPOINT"
                assert netloc in error.what
                assert error.action
                assert sentence.isprintable()
                assert len(sentence) < 900
                assert [path.name for path in folder.iterdir()] == ["e.partial"]
            else:
                seen = kind.seen(folder)
                assert [item[:2] for item in seen] == [item[:2] for item in honest]
                assert {item[2] for item in seen} <= {kind.grade}
                (folder / "e.porevidence").unlink()
            trouble.fault = None  # the endpoint recovers: the capture goes on where it was
            if start and (folder / "e.partial").exists():
                kind.capture(folder, netloc, limits=CALM)
                assert [path.name for path in folder.iterdir()] == ["e.porevidence"]
                assert kind.seen(folder) == honest
                (folder / "e.porevidence").unlink()
        assert time.monotonic() - begun < 10


def test_the_faults_are_faults() -> None:
    """Most of them must stop the very first exchange, or the test above would show nothing."""
    for kind in KINDS:
        stopped = 0
        faults = LINE_FAULTS if kind.lines else HTTP_FAULTS
        for fault in set(faults.values()) - SLOW:
            with kind.served(Trouble(fault)) as netloc:
                plan = plan_capture(kind.held, kind.endpoints(netloc), TOKEN)
                claims = claimed_units(kind.held, TOKEN)
                with pytest.raises(ChainError):
                    run(look_now(kind.held.statement.predicate, plan, claims, TOKEN, HASTY))
                stopped += 1
        assert stopped > len(faults) - 4
