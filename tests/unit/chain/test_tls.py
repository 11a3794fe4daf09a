"""Over TLS only an endpoint with a valid certificate of its own name is told anything."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.readers.model import LookTask
from auditor_app.chain.readers.table import kind_of
from auditor_app.chain.rpc import JsonRpc
from auditor_app.chain.transport import Limits
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, run

SECRET = "sentinel-7f3c9a51"
QUICK = Limits(connect_seconds=5, exchange_seconds=5, attempts=1)
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


def certificate(folder: Path, name: x509.GeneralName, *, until: dt.datetime = NOW + DAY) -> Path:
    """A self-signed certificate with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an endpoint")])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 2 * DAY)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(*encoding) + made.public_bytes(serialization.Encoding.PEM))
    return path


def whole_request(tls: ssl.SSLSocket) -> bytes:
    """Head and body: closing on what was not read yet would reset the connection before the answer arrives."""
    told = b""
    while not _whole(told) and (more := tls.recv(65536)):
        told += more
    return told


def _whole(told: bytes) -> bool:
    head, end, body = told.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@contextmanager
def served(pem: Path, told: list[bytes]) -> Iterator[str]:
    """A server that keeps what it is told after the greeting, and answers every request alike."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    body = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(sock, server_side=True) as tls:
                        told.append(whole_request(tls))
                        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                        tls.sendall(head + body)
                except OSError:
                    sock.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


OURS = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def test_a_certificate_that_this_machine_trusts_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem, told = certificate(tmp_path, OURS), []
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with served(pem, told) as netloc:
        (endpoint,) = parse_endpoints([f"eip155:1=https://{netloc}/{{key}}"], secrets=lambda _: SECRET)
        with JsonRpc(endpoint, CancelToken(), QUICK) as rpc:
            assert rpc.call("eth_chainId", []) == "0x1"
    assert SECRET.encode() in told[0]


@pytest.mark.parametrize(
    ("name", "until", "trusted"),
    [
        (OURS, NOW + DAY, False),
        (OURS, NOW - DAY, True),
        (x509.DNSName("localhost"), NOW + DAY, True),
        (x509.IPAddress(ipaddress.ip_address("127.0.0.2")), NOW + DAY, True),
    ],
    ids=["self-signed", "expired", "another name", "another address"],
)
@pytest.mark.parametrize("scheme", ["https://", "electrum+ssl://", "core+https://", "esplora+https://"])
def test_any_other_is_refused_before_anything_is_said(
    name: x509.GeneralName,
    until: dt.datetime,
    trusted: bool,
    scheme: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pem, told = certificate(tmp_path, name, until=until), []
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    chain = "eip155:1" if scheme == "https://" else "bip122:000000000019d6689c085ae165831e93"
    path = "" if "ssl" in scheme else "/"
    with served(pem, told) as netloc:
        (endpoint,) = parse_endpoints([f"{chain}={scheme}{netloc}{path}"], secrets=lambda _: f"user:{SECRET}")
        with pytest.raises(ChainError, match="certificate was refused"):
            run(kind_of(endpoint).look(LookTask(endpoint, (), CancelToken(), QUICK)))
    assert told == []
