"""The demo's evidence: every grade in one file, who vouches for what, and a made-up header that stays a claim."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.reexecution import available
from auditor_app.demo import fabricated
from auditor_app.demo.build import CHALLENGE, DemoFiles
from auditor_app.resource_files import resource
from tests.end2end.conftest import ROOT, Ended, command

needs_pyrevm = pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")
TIME = "2023-09-18"
REAL = "eip155:1"


def verified(demo: DemoFiles, evidence: Path, *more: object) -> Ended:
    return command(
        "chain", "verify", evidence, "--snapshot", demo.snapshot, "--trust", demo.trust_store, "--time", TIME, "--json",
        *more,
    )  # fmt: skip


def by_chain(ended: Ended) -> dict[tuple[str, str], str]:
    return {(line["account"].rpartition(":")[0], line["asset"]): line["grade"] for line in ended.json["lines"]}


def test_the_auditors_own_evidence_has_every_grade(demo: DemoFiles) -> None:
    ended = verified(demo, demo.evidence)
    assert by_chain(ended) == {
        ("bip122:000000000019d6689c085ae165831e93", "BTC"): "own-node",
        (REAL, "ETH"): "proven",
        (REAL, "USDT"): "proven",
        (REAL, "USDC"): "proven",
        (fabricated.CHAIN, "ETH"): "claimed",
        ("tron:0x2b6653dc", "USDT"): "two-sources",
        ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "USDC"): "one-source",
    }
    assert ended.codes == {"RESERVE.MISMATCH", "EVIDENCE.MISSING", "ADDRESS.NO_CHECKSUM"}
    (price,) = ended.json["prices"]
    assert (price["symbol"], price["quote"], price["price"]) == ("ETH", "USDT", "1627.33")
    assert "1627.33" in ended.err


def test_a_made_up_header_with_a_consistent_state_stays_a_claim(demo: DemoFiles) -> None:
    ended = verified(demo, demo.supplied)
    assert set(by_chain(ended).values()) == {"claimed"}
    assert all(line["observed"] is None for line in ended.json["lines"])
    assert "EVIDENCE.UNTRUSTED" in ended.codes
    (block,) = ended.json["chains"]
    named = command("issuer", "inspect", demo.snapshot, "--json")
    assert block["hashFrom"] == "two-endpoints"  # it says so of itself, which counts for nothing
    assert block["blockHash"] in named.out or block["blockHash"] in named.err


def test_only_the_auditors_own_word_for_its_block_would_lift_it(demo: DemoFiles) -> None:
    """That is what a typed hash means; typing the real chain's hash shows the contradiction."""
    made_up = fabricated.fabricated_evidence(
        {f"{fabricated.CHAIN}:0xDB868B36DB67AB41eADE7a738E6E25b07c910E30": 60 * 10**18}
    )
    lifted = verified(demo, demo.supplied, "--block", f"{fabricated.CHAIN}={made_up[0].block_hash}")
    assert by_chain(lifted)[fabricated.CHAIN, "ETH"] == "proven"
    against = verified(demo, demo.supplied, "--block", f"{fabricated.CHAIN}=0x{'12' * 32}")
    assert set(by_chain(against).values()) == {"claimed"}
    assert {"CHAIN.TYPED_MISMATCH", "EVIDENCE.OTHER_BLOCK"} <= against.codes


def test_the_file_carries_what_a_second_auditor_needs(demo: DemoFiles) -> None:
    with zipfile.ZipFile(demo.evidence) as archive:
        names = set(archive.namelist())
        requests = archive.read("exchanges/eip155-1/1-eth.node-a.example.jsonl")
    kept = {"proofs", "wallets", "feeds", "transactions", "histories", "exchanges"}
    assert {name.partition("/")[0] for name in names} == kept | {"snapshot.dsse.json", "balances.csv"}
    assert requests.count(b"\n") > 10
    assert b"127.0.0.1" not in requests


def run_of(demo: DemoFiles) -> Any:
    return command(
        "verify", demo.snapshot, "--trust", demo.trust_store, "--evidence", demo.evidence,
        "--trusted-time", TIME, "--challenge", CHALLENGE, "--json",
    ).json  # fmt: skip


@needs_pyrevm
def test_the_guardian_fund_is_valued_by_the_feed_at_the_block(demo: DemoFiles) -> None:
    guardian, insurance = run_of(demo)["funds"]
    assert (guardian["observed"], guardian["met"]) == ("100252179", True)  # 60 m + 30 m + 6,300 · 1,627.33
    (price,) = guardian["prices"]
    assert (price["price"], price["grade"], price["stale"]) == ("1627.33", "proven", False)
    assert {item["grade"] for item in guardian["accounts"]} == {"proven"}
    assert (insurance["custody"], insurance["observed"], insurance["met"]) == ("ledger", None, None)


@needs_pyrevm
def test_control_is_shown_by_eight_methods_and_not_at_all_where_nothing_was_captured(demo: DemoFiles) -> None:
    rows = run_of(demo)["ownership"]["rows"]
    found = {(row["method"], row["result"], row["freshness"]) for row in rows}
    fresh = {"bip137", "multisig", "bip322", "eip191", "eip1271", "txid", "tron"}
    assert found == {(name, "valid", "fresh") for name in fresh} | {
        ("solana", "valid", "replayable"),
        ("", "unsigned", "replayable"),
    }


def test_the_kept_capture_is_of_the_blocks_that_the_snapshot_names() -> None:
    """Someone who changes a table by hand must capture again: ``python -m tests.demo_world``."""
    description = resource("demo", "snapshot.toml").read_text()
    kept = resource("demo", "evidence", "capture.json").read_text()
    hashes = [line.partition('"')[2].rstrip('"') for line in description.splitlines() if line.startswith("block-hash")]
    assert len(hashes) == 5
    assert sum(digest in kept for digest in hashes) == 4


def test_without_pyrevm_the_same_file_is_graded_lower_and_says_so(demo: DemoFiles) -> None:
    """The module is hidden from a fresh interpreter, as on a system for which it has no wheel."""
    arguments = [
        "verify", demo.snapshot, "--trust", demo.trust_store, "--evidence", demo.evidence,
        "--trusted-time", TIME, "--challenge", CHALLENGE, "--json",
    ]  # fmt: skip
    program = (
        "import sys\nsys.modules['pyrevm'] = None\nfrom auditor_app.cli.main import main\n"
        f"sys.exit(main({[str(item) for item in arguments]!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    document = json.loads(done.stdout)
    guardian = document["funds"][0]
    assert [(price["price"], price["grade"]) for price in guardian["prices"]] == [("1627.33", "one-source")]
    wallets = [row for row in document["ownership"]["rows"] if row["method"] == "eip1271"]
    assert {row["result"] for row in wallets} == {"unsigned"}
    assert "EVIDENCE.NOT_REEXECUTED" in {item["code"] for item in document["limitations"]}
    assert "OWNERSHIP.NOT_DECIDED" in {item["code"] for item in document["findings"]}
    assert {row["result"] for row in document["ownership"]["rows"] if row["method"] == "txid"} == {"valid"}
