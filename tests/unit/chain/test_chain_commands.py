"""``chain capture`` and ``chain verify`` on real files against a real local node."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor_app.cli.main import main
from auditor_app.snapshot.members import ADDRESS_FIELDS, write_table
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import BlockReference, Issuer, Reserves, SnapshotPredicate
from auditor_app.snapshot.trust import Provenance, TrustStore, add_key, save_store
from auditor_app.snapshot.writing import Member, write_signed
from tests.unit.chain.conftest import Anvil
from tests.unit.chain.test_capture import CHAIN, NOW, Town, town

__all__ = ["town"]  # the fixture

ISSUER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(b"i" * 32))
AUDITOR = Ed25519PrivateKey.from_private_bytes(b"a" * 32)


class Desk:
    """An auditor's folder: a signed snapshot of the town, a trust store and the auditor's key."""

    def __init__(self, folder: Path, town: Town, *, named_hash: str | None) -> None:
        self.folder, self.town = folder, town
        self.snapshot, self.trust = folder / "s.porsnap", folder / "trust.json"
        self.key, self.evidence = folder / "auditor.pem", folder / "e.porevidence"
        rows = tuple((account, asset, str(units), "cold") for account, asset, units in sorted(town.rows()))
        totals: dict[str, int] = {}
        for _, asset, units in town.rows():
            totals[asset] = totals.get(asset, 0) + units
        predicate = SnapshotPredicate(
            format_version="1.0",
            snapshot_id="s",
            sequence="1",
            issuer=Issuer(legal_name="Example Exchange Ltd"),
            as_of="2026-11-01T00:00:00Z",
            created_at="2026-11-02T00:00:00Z",
            chains={CHAIN: BlockReference(block_height=str(town.height), block_hash=named_hash)},
            assets=tuple(asset for asset in town.assets() if asset.symbol != "BTC"),
            ledgers=(),
            reserves=Reserves(
                addresses="reserves/addresses.csv", claimed_totals={name: str(units) for name, units in totals.items()}
            ),
        )
        table = Member.table("reserves/addresses.csv", "addresses", write_table(ADDRESS_FIELDS, rows))
        write_signed(self.snapshot, predicate, [table], [ISSUER])
        store = TrustStore()
        auditor = SigningKey.of(AUDITOR)
        for key, role, issuer in ((ISSUER, "issuer", "Example Exchange Ltd"), (auditor, "auditor", "Audit LLP")):
            store = add_key(
                store,
                pem=key.public_pem(),
                typed_fingerprint=key.keyid,
                role=role,  # type: ignore[arg-type]
                issuer=issuer,
                signer=role,
                provenance=Provenance(channel="in person", by="A", at=NOW),
            )
        save_store(self.trust, store)
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.key.write_bytes(AUDITOR.private_bytes(*encoding))

    def capture(self, *endpoints: str, more: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
        out = self.folder / "capture.json"
        arguments = ["chain", "capture", str(self.snapshot), "--trust", str(self.trust), "--sign", str(self.key)]
        for url in endpoints or (self.town.node.url,):
            arguments += ["--endpoint", f"{CHAIN}={url}"]
        status = main([*arguments, "-o", str(self.evidence), "--json", str(out), *more])
        return status, json.loads(out.read_text())

    def verify(self, *more: str) -> tuple[int, dict[str, Any]]:
        out = self.folder / "verify.json"
        arguments = [
            "chain",
            "verify",
            str(self.evidence),
            "--snapshot",
            str(self.snapshot),
            "--trust",
            str(self.trust),
        ]
        status = main([*arguments, "--json", str(out), *more])
        return status, json.loads(out.read_text())


def grades(document: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in document["lines"]:
        found.setdefault(line["asset"], set()).add(line["grade"])
    return found


@pytest.mark.node
def test_capture_then_verify_offline_at_every_grade(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, town, named_hash=town.hash)
    status, captured = desk.capture()
    assert status == 0
    assert captured["balances"] == "21"
    assert captured["provenChains"] == [CHAIN]
    assert captured["notes"] == []
    monkeypatch.setattr(socket, "socket", None)  # from here on nothing may open a connection
    status, plain = desk.verify()
    assert (status, plain["findings"]) == (0, [])
    assert grades(plain) == {"ETH": {"one-source"}, "TOK": {"one-source"}, "REB": {"one-source"}}
    status, typed = desk.verify("--block", f"{CHAIN}={town.hash}")
    assert (status, typed["findings"]) == (0, [])
    assert grades(typed) == {"ETH": {"proven"}, "TOK": {"proven"}, "REB": {"proven"}}
    assert [line["observed"] for line in typed["lines"]] == [line["claimed"] for line in typed["lines"]]
    status, wrong = desk.verify("--block", f"{CHAIN}=0x{'ab' * 32}")
    assert status == 1
    assert grades(wrong) == {"ETH": {"claimed"}, "TOK": {"claimed"}, "REB": {"claimed"}}


@pytest.mark.node
def test_a_snapshot_without_a_hash_gets_it_from_two_hosts_or_stays_at_one_source(town: Town, tmp_path: Path) -> None:
    desk = Desk(tmp_path, town, named_hash=None)
    desk.capture()
    assert grades(desk.verify()[1])["ETH"] == {"one-source"}
    desk.capture(town.node.url, town.node.url.replace("127.0.0.1", "localhost"))
    status, document = desk.verify()
    assert status == 0  # CHAIN.UNPINNED_BLOCK is a warning
    assert [item["code"] for item in document["findings"]] == ["CHAIN.UNPINNED_BLOCK"]
    assert grades(document) == {"ETH": {"proven"}, "TOK": {"proven"}, "REB": {"proven"}}
    assert document["chains"][0]["hashFrom"] == "two-endpoints"


@pytest.mark.node
def test_listing_the_requests_sends_none(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, town, named_hash=town.hash)
    monkeypatch.setattr(socket, "socket", None)
    status, document = desk.capture(more=("--list",))
    assert status == 0
    assert {(item["asset"], item["accounts"]) for item in document["readings"]} == {
        ("ETH", "7"),
        ("TOK", "7"),
        ("REB", "7"),
    }
    assert not desk.evidence.exists()


@pytest.mark.node
def test_a_price_feed_is_listed_and_said_to_give_no_price_where_there_is_none(town: Town, tmp_path: Path) -> None:
    desk = Desk(tmp_path, town, named_hash=town.hash)
    feed = f"ETH/USDT={CHAIN}:0x{'fe' * 20}"
    status, document = desk.capture(more=("--feed", feed))
    assert status == 0
    assert document["readings"][-1]["request"].endswith(f"(ETH in USDT) on {CHAIN} at block {town.height}")
    assert ["gives no price, because it answered 0 bytes" in note for note in document["notes"]] == [True]
    assert desk.verify()[1]["prices"] == []
    for wrong in ("ETH/USDT", f"ETH/USDT=eip155:56:0x{'fe' * 20}"):
        assert desk.capture(more=("--feed", wrong))[0] == 3


@pytest.mark.node
def test_evidence_that_was_changed_is_not_authentic(town: Town, tmp_path: Path) -> None:
    desk = Desk(tmp_path, town, named_hash=town.hash)
    desk.capture()
    data = bytearray(desk.evidence.read_bytes())
    whole = desk.evidence.read_bytes()
    for place in (
        whole.index(b'"nodes"') + 20,
        whole.index(b"account,asset,amount") + 40,
        whole.index(b"payload") + 30,
    ):
        data = bytearray(whole)
        data[place] ^= 1
        desk.evidence.write_bytes(bytes(data))
        status, document = desk.verify()
        assert status in (2, 3)
        assert document["findings"][0]["code"].startswith("EVIDENCE.")
        assert not [line for line in document.get("lines", []) if line["observed"] is not None]


@pytest.mark.node
@pytest.mark.parametrize("typed", ["eip155:1", "eip155:1=0x12", f"eip155:1={'0' * 65}", "=0x" + "0" * 64])
def test_a_block_that_cannot_be_read_is_a_usage_error(town: Town, tmp_path: Path, typed: str) -> None:
    assert Desk(tmp_path, town, named_hash=None).verify("--block", typed)[0] == 3


@pytest.mark.node
def test_an_endpoint_that_is_gone_leaves_no_file_and_a_clear_status(anvil: Anvil, town: Town, tmp_path: Path) -> None:
    desk = Desk(tmp_path, town, named_hash="0x" + "ab" * 32)
    status, document = desk.capture()
    assert status == 3
    assert document["code"] == "CHAIN.ENDPOINT"
    assert not desk.evidence.exists()


@pytest.mark.node
def test_now_shows_the_newest_balances_and_calls_them_no_evidence(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, town, named_hash=town.hash)
    endpoint = f"{CHAIN}={town.node.url}"
    status = main(["chain", "now", str(desk.snapshot), "--trust", str(desk.trust), "--endpoint", endpoint, "--json"])
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert (status, document["audited"]) == (0, False)
    assert int(document["blocks"][0]["blockHeight"]) > town.height
    assert document["blocks"][0]["endpoint"] == town.node.url
    assert f"from {town.node.url}" in shown.err
    assets = {item["asset"]: item for item in document["assets"]}
    assert (assets["ETH"]["now"], assets["TOK"]["now"], assets["REB"]["now"]) == ("49", "49", str(7 * 15 * 10**8))
    changes = {int(line["change"]) for line in document["lines"] if line["asset"] == "TOK"}
    assert changes == {7 - 1000 - number for number in range(7)}
    assert assets["TOK"]["complete"]
    assert assets["TOK"]["rateIfLiabilitiesUnchanged"] is None  # the snapshot publishes no liabilities
    assert "no evidence" in shown.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".porevidence", ".partial")] == []
