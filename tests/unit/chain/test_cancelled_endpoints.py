"""A cancel ends a capture within a second, whatever the endpoint does: also before there is a connection."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.transport import Limits
from auditor_app.errors import ChainError
from auditor_app.operation import Cancelled, CancelToken
from tests.unit.chain.endpoint_kinds import HASTY, KINDS, Fault, Kind, Trouble, truth_of
from tests.unit.chain.test_capture import TOKEN

PATIENT = Limits(connect_seconds=20, exchange_seconds=20)


def _cancelled_within_a_second(work: Callable[[CancelToken], object]) -> None:
    token, cancelled_at = CancelToken(), []

    def cancel() -> None:
        cancelled_at.append(time.monotonic())
        token.cancel()

    timer = threading.Timer(0.2, cancel)
    timer.start()
    with pytest.raises(Cancelled):
        work(token)
    assert time.monotonic() - cancelled_at[0] < 1
    timer.join()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("fault", ["hangs", "drips", "429"])
def test_a_cancel_ends_a_capture_within_a_second(kind: Kind, fault: str, tmp_path: Path) -> None:
    def hang(_handler: Any) -> None:
        time.sleep(2)

    def drip(handler: Any) -> None:
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    faults: dict[str, Fault] = {
        "hangs": hang,
        "drips": drip,
        "429": lambda handler: handler.reply(b"", 429, Retry_After="20"),
    }
    chosen = hang if kind.lines and fault == "429" else faults[fault]
    answers, _ = truth_of(kind.name)
    for start in {0, answers - 1}:
        with kind.served(Trouble(chosen, start)) as netloc:
            folder = tmp_path / f"bad{start}"
            folder.mkdir()
            _cancelled_within_a_second(lambda token, f=folder, n=netloc: kind.capture(f, n, token, PATIENT))
            assert [path.name for path in folder.iterdir()] == ["e.partial"]


@contextmanager
def _accepts_nothing() -> Iterator[str]:
    """A port whose queue is full: a connection to it hangs before it is made."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        try:
            for _ in range(4):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(server.getsockname())
                waiting.append(sock)
            time.sleep(0.05)
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            for sock in waiting:
                sock.close()


@contextmanager
def _greets_nobody() -> Iterator[str]:
    """A port that accepts and says nothing: a greeting over TLS hangs."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(20)
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("hanging", [_accepts_nothing, _greets_nobody])
@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.name in ("evm", "electrum", "core")], ids=lambda k: k.name
)
def test_a_cancel_ends_a_connection_that_is_not_made(hanging: Any, kind: Kind, tmp_path: Path) -> None:
    scheme = kind.scheme.replace("tcp:", "ssl:").replace("http:", "https:")
    over_tls = replace(kind, scheme=scheme)
    with hanging() as netloc:
        _cancelled_within_a_second(lambda token: over_tls.capture(tmp_path, netloc, token, PATIENT))
        begun = time.monotonic()
        with pytest.raises(ChainError, match="cannot be reached"):
            over_tls.capture(tmp_path, netloc, TOKEN, replace(HASTY, connect_seconds=0.2))
        assert time.monotonic() - begun < 2
        if hanging is _greets_nobody:
            _no_thread_is_left(3)  # shutting the connection wakes it


@contextmanager
def _greets_for_ever() -> Iterator[str]:
    """A port whose greeting over TLS never ends: every byte resets a timeout."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(20)
        over = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not over.is_set():
                    sock, _ = server.accept()
                    with sock, contextlib.suppress(OSError):
                        sock.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")  # the head of a long handshake message
                        while not over.wait(0.02):
                            sock.sendall(b"\0")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()


def test_a_greeting_without_an_end_is_ended(tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.name == "evm")
    over_tls = replace(kind, scheme="https://")
    with _greets_for_ever() as netloc:
        begun = time.monotonic()
        with pytest.raises(ChainError, match="cannot be reached"):
            over_tls.capture(tmp_path, netloc, TOKEN, replace(HASTY, connect_seconds=0.3, attempts=1))
        assert time.monotonic() - begun < 2
        _no_thread_is_left(2)
        _cancelled_within_a_second(lambda token: over_tls.capture(tmp_path, netloc, token, PATIENT))
        _no_thread_is_left(2)


def _no_thread_is_left(seconds: float) -> None:
    end = time.monotonic() + seconds
    while [thread for thread in threading.enumerate() if thread.name == "rpc-open"]:
        assert time.monotonic() < end, "a thread still tries to connect"
        time.sleep(0.02)
