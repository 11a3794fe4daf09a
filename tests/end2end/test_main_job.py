"""The main job as a script would do it: exit statuses, one JSON object, no partial report."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from auditor_app.demo.build import DemoFiles
from tests.end2end.conftest import command


def test_the_demo_is_read_to_its_findings(demo: DemoFiles) -> None:
    ended = command("verify", demo.snapshot, "--trust", demo.trust_store, "--evidence", demo.evidence, "--json")
    assert ended.status == 1
    assert ended.json["verdicts"] == {"authentic": "agrees", "data": "exceptions", "coverage": "exceptions"}
    (root,) = ended.json["commitments"]
    assert root["match"] is True
    assert root["published"] == root["recomputed"]
    assert root["leafCount"] == "50000"
    assert all(total["match"] is True for total in ended.json["totals"])
    rates = {line["asset"]: line["rate"] for line in ended.json["coverage"]}
    assert rates["ETH"] == "99.8390"
    assert float(rates["BTC"]) > 100
    assert {"LEAF.NEGATIVE", "RESERVE.SHORTFALL", "RESERVE.MISMATCH"} <= ended.codes
    assert [fund["name"] for fund in ended.json["funds"]] == ["Guardian Fund", "Futures Insurance Fund"]


def test_the_rate_of_the_net_debt_asset_is_against_gross_liabilities(demo: DemoFiles) -> None:
    ended = command("verify", demo.snapshot, "--trust", demo.trust_store, "--evidence", demo.evidence, "--json")
    usdc = next(line for line in ended.json["coverage"] if line["asset"] == "USDC")
    assert int(usdc["liabilities"]) - int(usdc["debts"]) == int(usdc["netLiabilities"])
    assert usdc["debts"] == "1536700000"
    expected = int(usdc["observed"]) * 10**6 // int(usdc["liabilities"])
    assert usdc["rate"] == f"{expected // 10**4}.{expected % 10**4:04d}"


def test_without_evidence_nothing_is_covered(demo: DemoFiles) -> None:
    ended = command("verify", demo.snapshot, "--trust", demo.trust_store, "--json")
    assert all(line["observed"] is None and line["rate"] is None for line in ended.json["coverage"])
    assert ended.json["verdicts"]["coverage"] != "agrees"


def test_a_wrong_typed_root_is_an_exception(demo: DemoFiles) -> None:
    ended = command(
        "verify", demo.snapshot, "--trust", demo.trust_store, "--published-root", "spot=" + "0" * 32, "--json"
    )
    assert ended.status == 1
    assert "ROOT.TYPED_MISMATCH" in ended.codes
    (root,) = ended.json["commitments"]
    assert root["match"] is False
    assert root["claimedMatch"] is True


def test_a_nonce_that_is_not_there_is_an_exception(demo: DemoFiles) -> None:
    ended = command("verify", demo.snapshot, "--trust", demo.trust_store, "--nonce", "ab" * 32, "--json")
    assert ended.status == 1
    assert "FRESH.NONCE" in ended.codes


def _with_flipped_byte(source: Path, target: Path, member: str) -> Path:
    """A copy of the snapshot with one data byte of ``member`` changed."""
    data = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        offset = archive.getinfo(member).header_offset + 30 + len(member)
    data[offset + 5] ^= 1
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("member", ["ledger/spot-00000.csv", "reserves/addresses.csv", "funds.csv"])
def test_one_changed_byte_in_a_member_is_not_authentic(demo: DemoFiles, tmp_path: Path, member: str) -> None:
    changed = _with_flipped_byte(demo.snapshot, tmp_path / "changed.porsnap", member)
    ended = command("verify", changed, "--trust", demo.trust_store, "--json")
    assert ended.status == 2
    assert ended.codes == {"MEMBER.DIGEST"}
    assert ended.json["verdicts"] == {"authentic": "exceptions", "data": "not-checked", "coverage": "not-checked"}


def test_one_changed_byte_in_the_envelope_is_not_authentic(demo: DemoFiles, tmp_path: Path) -> None:
    changed = _with_flipped_byte(demo.snapshot, tmp_path / "changed.porsnap", "snapshot.dsse.json")
    ended = command("verify", changed, "--trust", demo.trust_store, "--json")
    assert ended.status == 2
    assert ended.json["verdicts"]["authentic"] == "exceptions"


def test_a_file_that_is_not_authentic_gives_no_report(demo: DemoFiles, tmp_path: Path) -> None:
    changed = _with_flipped_byte(demo.snapshot, tmp_path / "changed.porsnap", "ledger/spot-00000.csv")
    ended = command("report", "build", changed, "--trust", demo.trust_store, "-o", tmp_path / "report.pdf")
    assert ended.status == 2
    assert list(tmp_path.iterdir()) == [changed]


def test_a_report_with_exceptions_is_written_and_says_so(demo: DemoFiles, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    ended = command(
        "report", "build", demo.snapshot, "--trust", demo.trust_store, "--evidence", demo.evidence,
        "--trusted-time", "2023-09-18", "--date", "2023-09-20", "-o", out,
    )  # fmt: skip
    assert ended.status == 1
    assert out.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify",), "USAGE"),
        (("verify", "no-such-file", "--trust", "TRUST"), "SNAPSHOT.UNREADABLE"),
        (("verify", "TRUST", "--trust", "TRUST"), "SNAPSHOT.UNREADABLE"),
        (("verify", "SNAPSHOT", "--trust", "no-such-store"), "TRUST.STORE"),
        (("verify", "SNAPSHOT", "--trust", "TRUST", "--published-root", "other=" + "0" * 32), "USAGE"),
        (("verify", "SNAPSHOT", "--trust", "TRUST", "--nonce", "zz"), "USAGE"),
        (("verify", "SNAPSHOT", "--trust", "TRUST", "--evidence", "no-such-file"), "EVIDENCE.UNREADABLE"),
        (("no-such-command",), "USAGE"),
    ],
)
def test_unusable_input_ends_with_status_3_and_json(demo: DemoFiles, arguments: tuple[str, ...], code: str) -> None:
    places = {"TRUST": demo.trust_store, "SNAPSHOT": demo.snapshot}
    ended = command(*(places.get(word, word) for word in arguments), "--json")
    assert ended.status == 3
    assert ended.codes == {code}
    assert ended.err


def test_every_command_has_help() -> None:
    for words in ((), ("verify",), ("issuer", "pack"), ("issuer", "sign"), ("trust", "add"), ("ledger", "root"),
                  ("proof", "check"), ("sample", "commit"), ("sample", "draw"), ("report", "build"), ("demo",)):  # fmt: skip
        ended = command(*words, "--help")
        assert ended.status == 0, words
        assert "usage:" in ended.out
