"""A sentinel secret, echoed by endpoints of every kind in every way: it is found in nothing that the program leaves."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace as with_fields

from auditor_app.chain.endpoints import environment_name
from auditor_app.chain.readers.model import LookTask
from auditor_app.chain.readers.table import kind_of
from auditor_app.cli.main import main
from auditor_app.errors import ChainError
from auditor_app.operation import run
from auditor_app.snapshot.members import ADDRESS_FIELDS, read_addresses, write_table
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.trust import Provenance, TrustStore, add_key, save_store
from auditor_app.snapshot.writing import Member, write_signed
from tests.unit.chain.endpoint_kinds import KINDS, SECRET, Fault, Kind, Trouble
from tests.unit.chain.test_capture import NOW, TOKEN

ISSUER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(b"i" * 32))
AUDITOR = Ed25519PrivateKey.from_private_bytes(b"a" * 32)


class Desk:
    """A signed snapshot file of one kind, a trust store and the auditor's key."""

    def __init__(self, folder: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.kind = folder, kind
        folder.mkdir()
        monkeypatch.setenv(environment_name("127.0.0.1"), kind.secret)
        name = "reserves/addresses.csv"
        rows = read_addresses(kind.held.members.read(name, TOKEN), name)
        table = write_table(ADDRESS_FIELDS, [(row.account, row.asset, str(row.claimed), row.role) for row in rows])
        predicate = with_fields(kind.held.statement.predicate, ledgers=())
        write_signed(folder / "s.porsnap", predicate, [Member.table(name, "addresses", table)], [ISSUER])
        store = TrustStore()
        for key, role in ((ISSUER, "issuer"), (SigningKey.of(AUDITOR), "auditor")):
            store = add_key(
                store,
                pem=key.public_pem(),
                typed_fingerprint=key.keyid,
                role=role,  # type: ignore[arg-type]
                issuer="Example",
                signer=role,
                provenance=Provenance(channel="in person", by="A", at=NOW),
            )
        save_store(folder / "trust.json", store)
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "key.pem").write_bytes(AUDITOR.private_bytes(*encoding))

    def commands(self, netloc: str) -> list[list[str]]:
        named = [str(self.folder / "s.porsnap"), "--trust", str(self.folder / "trust.json")]
        endpoint = ["--endpoint", self.kind.specification(netloc)]
        key = ["--sign", str(self.folder / "key.pem"), "-o", str(self.folder / "e.porevidence")]
        out = ["--json", str(self.folder / "out.json")]
        return [
            ["chain", "capture", *named, *endpoint, *key, "--list", *out],
            ["chain", "capture", *named, *endpoint, *key, *out],
            ["chain", "now", *named, *endpoint, *out],
            ["chain", "window", *named, *endpoint, "-o", str(self.folder / "w.csv"), *out],
            ["chain", "challenge", *endpoint, *out],
        ]


def _forms(secret: str) -> list[bytes]:
    """The secret as it might be left somewhere."""
    basic = base64.b64encode(secret.encode()).decode()
    texts = {secret, secret.rpartition(":")[2], quote(secret, safe=""), basic, secret.encode().hex(), secret[::-1]}
    return [text.encode() for text in texts]


def _echoes(secret: str) -> dict[str, Fault]:
    """What an endpoint might say with our secret in it."""
    told = f"your key {secret} ({quote(secret, safe='')}, {base64.b64encode(secret.encode()).decode()}, {secret.encode().hex()}) is wrong"
    error = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": told}, "Error": told}).encode()
    result = json.dumps({"jsonrpc": "2.0", "id": 1, "result": told, "ok": True, "blockID": told}).encode()
    twice = json.dumps({"a": 1}).replace("a", secret)[:-1].encode() + f', "{secret}": 2}}'.encode()

    def http(data: bytes, status: int = 200, **headers: str) -> Fault:
        return lambda handler: handler.reply(data, status, **headers)

    def reason(handler: Any) -> None:
        handler.wfile.write(f"HTTP/1.1 404 no {secret}\r\nContent-Length: 1\r\n\r\nx".encode())
        handler.close_connection = True

    return {
        "an error": http(error),
        "a result": http(result),
        "an HTML page": http(f"<html>{told}</html>".encode(), 403),
        "not found": http(told.encode(), 404),
        "a redirect": http(b"", 302, Location=f"https://evil.example/{secret}"),
        "a reason": reason,
        "a key that stands twice": http(twice),
        "hexadecimal that is none": http(secret.encode()),
    }


def _left(folder: Path, secret: str, *shown: str) -> list[str]:
    """Where any form of the secret stands: a file's name, a file, or what was shown."""
    places = [str(path) for path in folder.rglob("*") if any(form in path.name.encode() for form in _forms(secret))]
    for path in folder.rglob("*"):
        if path.is_file() and any(form in path.read_bytes() for form in _forms(secret)):
            places.append(str(path))
    return places + [text for text in shown if any(form in text.encode() for form in _forms(secret))]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_secret_reaches_the_endpoint_and_nothing_else(
    kind: Kind,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("auditor_app.chain.transport.Limits.__init__.__defaults__", (1, 2, 2**20, 2, 0.01, 0.02, 1))
    desk = Desk(tmp_path / "desk", kind, monkeypatch)
    with kind.served(Trouble()) as netloc:  # an honest endpoint that is told the secret
        statuses = [main(command) for command in desk.commands(netloc)]
    assert statuses == [0] * 5
    assert (desk.folder / "e.porevidence").exists()
    echoes = {} if kind.lines else _echoes(kind.secret)
    for fault in echoes.values():
        for start in (0, 2):
            for number in range(1, 5):
                with kind.served(Trouble(fault, start)) as netloc:
                    main(desk.commands(netloc)[number])
    captured = capfd.readouterr()
    assert echoes == {} or "{key}" in captured.out + captured.err + "".join(
        path.read_text() for path in desk.folder.glob("*.json")
    )
    assert _left(desk.folder, kind.secret, captured.out, captured.err, caplog.text) == []


def test_the_search_finds_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"x{SECRET}x")
    (tmp_path / "b").write_text(base64.b64encode(SECRET.encode()).decode())
    assert len(_left(tmp_path, SECRET, quote(SECRET, safe=""), "nothing")) == 3


def test_the_endpoint_was_told_the_secret() -> None:
    """Else the tests above would show nothing."""
    for kind in KINDS:
        if kind.lines:
            continue
        told: list[str] = []

        def listen(handler: Any, told: list[str] = told) -> None:
            told.append(handler.path + str(handler.headers.get("Authorization")))
            handler.reply(b"", 404)

        with kind.served(Trouble(listen)) as netloc:
            (endpoint,) = kind.endpoints(netloc)
            with pytest.raises(ChainError):
                run(kind_of(endpoint).look(LookTask(endpoint, (), TOKEN)))
        forms = (endpoint.secret, base64.b64encode(endpoint.secret.encode()).decode())
        assert any(form in told[0] for form in forms)
