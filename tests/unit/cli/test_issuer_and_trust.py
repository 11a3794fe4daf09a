"""From key files to an authentic snapshot with nothing but the commands, and what each refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from auditor_app.cli.keys import PASSPHRASE_VARIABLE
from auditor_app.cli.main import main
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.trust import load_store
from tests.properties.test_snapshot_mutations import contents, rebuilt
from tests.unit.snapshot import samples, tsa
from tests.unit.snapshot.samples import AUDITOR, FINANCE, ISSUER, TREASURY

DESCRIPTION = """
snapshot-id = "s-1"
sequence = 1
as-of = 2026-11-01T00:00:00Z
created-at = 2026-11-02T08:00:00Z
issuer = { legal-name = "Example Exchange Ltd" }
assets = [{ symbol = "BTC", decimals = 8 }]

[[ledgers]]
name = "spot"
csv = "spot.csv"
columns = "account:token,BTC:decimal?"
commitments = [{ scheme = "rfc6962-sha256" }]
"""


def private_pem(path: Path, key: SigningKey, phrase: bytes | None = None) -> Path:
    encryption = serialization.BestAvailableEncryption(phrase) if phrase else serialization.NoEncryption()
    path.write_bytes(
        key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return path


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Key files, a description and its ledger."""
    for name, key in (("treasury", TREASURY), ("finance", FINANCE), ("auditor", AUDITOR)):
        private_pem(tmp_path / f"{name}.pem", key)
        (tmp_path / f"{name}.pub").write_bytes(key.public_pem())
    (tmp_path / "s.toml").write_text(DESCRIPTION)
    (tmp_path / "spot.csv").write_bytes(b"alice,1.5\n")
    return tmp_path


def trust(desk: Path, *arguments: str) -> int:
    return main(["trust", arguments[0], "--store", str(desk / "trust.json"), *arguments[1:]])


def pin(desk: Path, name: str, key: SigningKey, signer: str, role: str = "issuer", *more: str) -> int:
    return trust(
        desk,
        *("add", "--pem", str(desk / f"{name}.pub"), "--fingerprint", key.keyid, "--role", role, "--issuer", ISSUER),
        *("--signer", signer, "--channel", "letter", "--by", "A. Auditor", *more),
    )


def issuer(*arguments: str | Path) -> int:
    return main(["issuer", *map(str, arguments)])


def output(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_pack_sign_in_turn_pin_and_authenticate(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = desk / "s.porsnap"
    assert issuer("pack", desk / "s.toml", "-o", snapshot, "--json") == 0
    packed = output(capsys)
    assert packed["ledgers"] == [{"name": "spot", "rows": "1"}]
    assert issuer("sign", snapshot, "--key", desk / "treasury.pem", "--json") == 0
    assert output(capsys) == {"payloadSha256": packed["payloadSha256"], "keyids": [TREASURY.keyid]}
    assert issuer("sign", snapshot, "--key", desk / "finance.pem", "-o", desk / "both.porsnap") == 0
    assert pin(desk, "treasury", TREASURY, "Head of Treasury") == 0
    assert pin(desk, "finance", FINANCE, "Finance Director") == 0
    authentic = samples.authenticate(desk / "both.porsnap", load_store(desk / "trust.json"))
    authentic.members.close()
    assert authentic.payload_sha256 == packed["payloadSha256"]
    assert authentic.threshold == 2
    at_once = desk / "at-once.porsnap"
    keys = ("--key", desk / "finance.pem", "--key", desk / "treasury.pem")
    assert issuer("pack", desk / "s.toml", "-o", at_once, *keys) == 0
    assert at_once.read_bytes() == (desk / "both.porsnap").read_bytes()


def test_inspect_says_that_nothing_is_authenticated(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = desk / "s.porsnap"
    issuer("pack", desk / "s.toml", "-o", snapshot)
    capsys.readouterr()
    assert issuer("inspect", snapshot) == 0
    said = capsys.readouterr()
    assert said.out.count("NOT AUTHENTICATED") == 2
    assert "carries no signature" in said.out
    assert issuer("inspect", snapshot, "--json") == 0
    document = output(capsys)
    assert document["authenticated"] is False
    assert document["statement"]["predicate"]["snapshotId"] == "s-1"
    assert issuer("inspect", samples.write_evidence(desk), "--json") == 0
    assert output(capsys)["statement"]["predicateType"] == "urn:x-reserve-auditor:evidence:v1"


@pytest.mark.parametrize("arguments", [(), ("--key", "none.pem"), ("--key", "treasury.pem", "--key", "treasury.pem")])
def test_sign_refuses_no_key_a_missing_key_and_one_key_twice(desk: Path, arguments: tuple[str, ...]) -> None:
    snapshot = desk / "s.porsnap"
    issuer("pack", desk / "s.toml", "-o", snapshot)
    before = snapshot.read_bytes()
    given = [item if item.startswith("--") else str(desk / item) for item in arguments]
    assert issuer("sign", snapshot, *given) == 3
    assert snapshot.read_bytes() == before


def test_pack_refuses_one_key_twice(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = ("--key", desk / "treasury.pem", "--key", desk / "treasury.pem")
    assert issuer("pack", desk / "s.toml", "-o", desk / "s.porsnap", *keys) == 3
    assert "Name each signer's key once" in capsys.readouterr().err
    assert not (desk / "s.porsnap").exists()


def test_a_key_that_would_end_before_it_begins_is_not_pinned(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dates = ("--not-before", "2030-01-01", "--not-after", "2029-01-01")
    assert pin(desk, "treasury", TREASURY, "Head of Treasury", "issuer", *dates) == 3
    assert "Correct the entry" in capsys.readouterr().err
    assert not (desk / "trust.json").exists()


def test_sign_refuses_a_key_that_signed_already_and_a_changed_member(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = desk / "s.porsnap"
    issuer("pack", desk / "s.toml", "-o", snapshot, "--key", desk / "treasury.pem")
    assert issuer("sign", snapshot, "--key", desk / "treasury.pem") == 3
    assert "has signed this file already" in capsys.readouterr().err
    snapshot.write_bytes(snapshot.read_bytes().replace(b"alice,1.5", b"alice,1.6"))
    assert issuer("sign", snapshot, "--key", desk / "finance.pem") == 2
    assert "ledger/spot-00000.csv" in capsys.readouterr().err


def test_sign_and_inspect_refuse_a_file_with_more_or_fewer_members(desk: Path) -> None:
    snapshot = desk / "s.porsnap"
    issuer("pack", desk / "s.toml", "-o", snapshot)
    members = contents(snapshot.read_bytes())
    for changed in ([*members, ("extra.txt", b"x")], members[:-1]):
        snapshot.write_bytes(rebuilt(changed))
        assert issuer("sign", snapshot, "--key", desk / "treasury.pem") == 2
        assert issuer("inspect", snapshot) == 2


def test_a_time_stamp_is_added_without_touching_what_is_signed(desk: Path) -> None:
    from auditor_app.snapshot.container import open_container
    from auditor_app.snapshot.inspection import read_unauthenticated

    snapshot = desk / "s.porsnap"
    issuer("pack", desk / "s.toml", "-o", snapshot, "--key", desk / "treasury.pem")
    payload = read_unauthenticated(open_container(snapshot), "s")[0].payload
    (desk / "s.tsr").write_bytes(tsa.authority().stamp(payload, datetime(2026, 11, 2, 10, tzinfo=UTC)))
    assert issuer("sign", snapshot, "--timestamp", desk / "s.tsr") == 0
    assert issuer("sign", snapshot, "--key", desk / "finance.pem") == 0, "a later signer keeps the time stamp"
    pin(desk, "treasury", TREASURY, "Head of Treasury")
    pin(desk, "finance", FINANCE, "Finance Director")
    (desk / "tsa.pem").write_bytes(tsa.authority().root_pem())
    fingerprint = tsa.authority().root_fingerprint()
    arguments = ("--pem", str(desk / "tsa.pem"), "--name", "TSA", "--channel", "web", "--by", "A")
    assert trust(desk, "add-tsa", "--fingerprint", "00" * 32, *arguments) == 3
    assert trust(desk, "add-tsa", "--fingerprint", fingerprint, *arguments) == 0
    authentic = samples.authenticate(snapshot, load_store(desk / "trust.json"), trusted_time=None)
    authentic.members.close()
    assert authentic.trusted_time.instant == "2026-11-02T10:00:00Z"


def test_an_encrypted_key_takes_its_pass_phrase_from_the_environment(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = desk / "s.porsnap"
    issuer("pack", desk / "s.toml", "-o", snapshot)
    private_pem(desk / "locked.pem", TREASURY, b"secret phrase")
    assert issuer("sign", snapshot, "--key", desk / "locked.pem") == 3
    assert PASSPHRASE_VARIABLE in capsys.readouterr().err
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "wrong")
    assert issuer("sign", snapshot, "--key", desk / "locked.pem") == 3
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "secret phrase")
    assert issuer("sign", snapshot, "--key", desk / "locked.pem") == 0
    assert "secret" not in capsys.readouterr().err


def test_the_pass_phrase_is_asked_for_at_a_terminal(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(prompt: str, stream: object) -> str:
        asked.append(prompt)
        return "secret phrase"

    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    private_pem(desk / "locked.pem", TREASURY, b"secret phrase")
    assert issuer("pack", desk / "s.toml", "-o", desk / "s.porsnap", "--key", desk / "locked.pem") == 0
    assert asked == ["Pass phrase of locked.pem: "]


def test_pack_tells_what_an_auditor_will_find(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "spot.csv").write_bytes(b"alice,-1.5\n")
    assert issuer("pack", desk / "s.toml", "-o", desk / "s.porsnap") == 0
    assert "LEAF.NEGATIVE" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["issuer"], ["issuer", "pack"], ["trust"], ["trust", "add"], ["trust", "x"]])
def test_a_half_typed_command_is_a_usage_error(arguments: list[str]) -> None:
    assert main(arguments) == 3


def test_no_key_is_pinned_by_what_a_file_says(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pin(desk, "treasury", FINANCE, "Head of Treasury") == 3
    assert "typed fingerprint" in capsys.readouterr().err
    assert not (desk / "trust.json").exists()


def test_list_revoke_and_threshold(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pin(desk, "treasury", TREASURY, "Head of Treasury")
    pin(
        desk,
        "finance",
        FINANCE,
        "Finance Director",
        "issuer",
        "--not-before",
        "2026-01-01",
        "--not-after",
        "2027-01-01",
    )
    pin(desk, "auditor", AUDITOR, "Capturing Auditor", "auditor")
    capsys.readouterr()
    assert trust(desk, "threshold", "--issuer", ISSUER, "--count", "1") == 0
    assert trust(desk, "revoke", "--fingerprint", TREASURY.keyid, "--at", "2026-11-01", "--by", "A") == 0
    capsys.readouterr()
    assert trust(desk, "list", "--json") == 0
    document = output(capsys)
    assert [item["role"] for item in document["keys"]] == ["issuer", "issuer", "auditor"]
    assert document["keys"][0]["revokedAt"] == "2026-11-01T00:00:00Z"
    assert document["keys"][1]["notAfter"] == "2027-01-01T00:00:00Z"
    assert document["issuers"] == {ISSUER: {"threshold": "1"}}
    assert trust(desk, "list") == 0
    said = capsys.readouterr().out
    assert "REVOKED from 2026-11-01T00:00:00Z" in said
    assert "letter, by A. Auditor" in said
    assert trust(desk, "threshold", "--issuer", ISSUER, "--all") == 0
    assert trust(desk, "threshold", "--issuer", ISSUER, "--count", "2") == 3
    assert trust(desk, "revoke", "--fingerprint", TREASURY.keyid) == 3
    assert trust(desk, "revoke", "--fingerprint", FINANCE.keyid, "--at", "yesterday") == 3


def test_a_second_key_of_one_signer_is_told_to_be_unmeetable(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pin(desk, "treasury", TREASURY, "One Person")
    pin(desk, "finance", FINANCE, "One Person")
    assert "cannot be met" in capsys.readouterr().out


def test_names_from_a_store_cannot_move_the_terminal(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pin(desk, "treasury", TREASURY, "Head\x1b[2J \u202eof")
    assert trust(desk, "list") == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
