"""A run that stops names the file it stopped at: the snapshot, the trust store or the evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli.main import main
from tests.end2end import spec_issuer
from tests.end2end.spec_issuer import AUDITOR, FINANCE, TREASURY, Draft


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A trust store, a snapshot and evidence for it."""
    for signer, key in (("Treasury", TREASURY), ("Finance", FINANCE), ("Auditor", AUDITOR)):
        pem = tmp_path / f"{signer}.pem"
        pem.write_bytes(key.pem)
        role, firm = ("auditor", "Audit Firm") if key is AUDITOR else ("issuer", "Example Exchange Ltd")
        named = ["--pem", str(pem), "--fingerprint", key.keyid, "--role", role, "--issuer", firm, "--signer", signer]
        store = str(tmp_path / "trust.json")
        assert main(["trust", "add", "--store", store, *named, "--channel", "phone", "--by", "A. Auditor"]) == 0
    draft = spec_issuer.snapshot([b"a,1.5", b"b,2"])
    draft.archive(tmp_path / "s.porsnap")
    spec_issuer.evidence(draft, 10**8).archive(tmp_path / "e.porevidence")
    return tmp_path


def verify(capsys: pytest.CaptureFixture[str], desk: Path, *more: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    trust = [] if "--trust" in more else ["--trust", str(desk / "trust.json")]
    status = main(["verify", str(desk / "s.porsnap"), *trust, *more, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_store_that_is_none(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "other.json").write_bytes(b"[]")
    status, found = verify(capsys, desk, "--trust", str(desk / "other.json"))
    assert status == 3
    assert [(item["code"], item["subject"]) for item in found["findings"]] == [("TRUST.STORE", "other.json")]


def test_evidence_that_was_cut(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = desk / "e.porevidence"
    path.write_bytes(path.read_bytes()[:-7])
    status, found = verify(capsys, desk, "--evidence", str(path))
    assert status == 3
    assert [(item["code"], item["subject"]) for item in found["findings"]] == [("EVIDENCE.UNREADABLE", "e.porevidence")]


def test_a_snapshot_in_place_of_evidence(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = verify(capsys, desk, "--evidence", str(desk / "s.porsnap"))
    assert status == 3
    [item] = found["findings"]
    assert (item["expected"], item["observed"]) == ("an evidence file", "a snapshot")


def test_a_signed_table_with_too_long_a_cell_is_authentic_data_with_an_exception(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft: Draft = spec_issuer.snapshot([b"a,1.5"])
    table = b"account,asset,claimed,role\n" + b"x" * (2**20 + 1) + b",BTC,1,cold\n"
    draft.members["reserves/addresses.csv"] = ("addresses", table, 1)
    draft.archive(desk / "s.porsnap")
    status, found = verify(capsys, desk)
    assert status == 1
    assert found["verdicts"]["authentic"] == "agrees"
    messages = [item["message"] for item in found["findings"] if item["code"] == "SNAPSHOT.GRAMMAR"]
    assert "the cell is too long (expected at most 1048576 bytes)" in messages[0]
