"""``chain challenge``: offline, with an endpoint's newest block, and recorded in an engagement."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.ownership.freshness import freshness_of
from auditor_app.chain.ownership.model import Freshness
from auditor_app.cli.main import main
from auditor_app.engagement import actions
from auditor_app.engagement.file import open_for_reading, open_for_writing
from auditor_app.engagement.record import AuditRequest
from auditor_app.engagement.runs import with_challenge
from auditor_app.errors import EngagementError
from tests.unit.chain.fake_endpoint import fake_endpoint
from tests.unit.chain.http_chains import SOL_LATEST, TRON_BLOCK, solana, ton, tron, xrp
from tests.unit.chain.ownership.wallets import Wallet
from tests.unit.chain.test_rpc import BLOCK, HASH, node
from tests.unit.cli.test_chain_ownership import P2PKH, write
from tests.unit.engagement import books

BY = ("--by", books.PREPARER)


def challenge(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main(["chain", "challenge", *map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_typed_block_needs_no_connection(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr(socket, "create_connection", None)
    status, made = challenge(capsys, "--for", "Audit 2026", "--block", f"eip155:1:5=0x{'AB' * 32}")
    assert (status, made["blockFrom"]) == (0, "typed")
    assert made["challenge"].endswith(f" - nonce {made['nonce']} - block eip155:1 5 0x{'ab' * 32}")
    assert freshness_of(f"signed: {made['challenge']}.", made["challenge"], None) is Freshness.FRESH
    assert challenge(capsys)[1]["blockFrom"] == ""


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        (tron(), f"70000000 {TRON_BLOCK}"),
        (solana(), f"1150 {SOL_LATEST}"),
        (xrp(), f"90000005 {'ef' * 32}"),
        (ton(), f"45000003 {'08' * 32}"),
    ],
)
def test_an_endpoint_gives_its_newest_block(chain: Any, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with chain.served({}) as fake:
        status, made = challenge(capsys, "--endpoint", chain.url(fake))
        assert status == 0
        assert made["challenge"].endswith(f" - block {chain.chain} {told}")
        assert made["blockFrom"] == fake.url.removeprefix("http://")


def test_an_evm_endpoint_is_asked_for_a_block_and_no_balance(capsys: pytest.CaptureFixture[str]) -> None:
    answer = node(eth_chainId="0x1", eth_blockNumber="0x64", eth_getBlockByNumber=BLOCK)
    with fake_endpoint(answer) as fake:
        status, made = challenge(capsys, "--endpoint", f"eip155:1={fake.url}")
        assert status == 0
        assert made["block"] == f"eip155:1:100={HASH}"
        assert {json.loads(body)["method"] for _, body in fake.seen} == {
            "eth_chainId",
            "eth_blockNumber",
            "eth_getBlockByNumber",
        }
        assert challenge(capsys, "--endpoint", f"eip155:10={fake.url}")[1]["code"] == "CHAIN.ENDPOINT"
        typed = ("--block", f"eip155:1:5=0x{'AB' * 32}")
        assert challenge(capsys, "--endpoint", f"eip155:1={fake.url}", *typed)[1]["code"] == "USAGE"


def test_an_engagement_keeps_it_and_its_runs_and_lists_are_compared_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = books.new(tmp_path)
    assert main(["chain", "ownership", str(write(tmp_path / "l.csv")), "--engagement", str(book)]) == 3
    first = challenge(capsys, "--engagement", book, *BY)[1]
    status, second = challenge(capsys, "--engagement", book, *BY, "--block", f"eip155:1:5=0x{'AB' * 32}")
    assert (status, second["length"]) == (0, "3")
    with open_for_reading(book) as opened:
        papers = opened.papers
    assert [item.action.challenge for item in papers.challenges] == [first["challenge"], second["challenge"]]
    assert [item.action.block_from for item in papers.challenges] == ["", "typed"]
    request = AuditRequest(Path("s"), Path("t"))
    assert with_challenge(request, papers).challenge == second["challenge"]
    typed = AuditRequest(Path("s"), Path("t"), challenge="typed")
    assert with_challenge(typed, papers) is typed
    signed = f"BTC,{P2PKH},1,3.0,{second['challenge']},{Wallet.number(1).bitcoin(second['challenge'])}"
    listed = write(tmp_path / "list.csv", signed)
    capsys.readouterr()
    assert main(["chain", "ownership", str(listed), "--engagement", str(book), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["challenge"], document["rows"][0]["freshness"]) == (second["challenge"], "fresh")
    with open_for_writing(book) as opened, pytest.raises(EngagementError, match="issued already"):
        opened.record(books.act(papers.challenges[0].action, at="2030-01-01T00:00:00Z"))
    loose = actions.IssueChallenge(challenge="sign this", nonce="0f" * 16)
    with open_for_writing(book) as opened, pytest.raises(EngagementError, match="does not hold its nonce"):
        opened.record(books.act(loose, at="2030-01-01T00:00:00Z"))


def test_nothing_is_recorded_where_no_challenge_was_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = books.new(tmp_path)
    assert challenge(capsys, "--engagement", book)[1]["code"] == "USAGE"
    assert challenge(capsys, "--engagement", book, *BY, "--block", "nonsense")[1]["code"] == "USAGE"
    with fake_endpoint(lambda h, _: h.reply(b"<html>")) as fake:
        gone = challenge(capsys, "--engagement", book, *BY, "--endpoint", f"xrpl:0={fake.url}")
        assert gone[1]["code"] == "CHAIN.ENDPOINT"
    with open_for_reading(book) as opened:
        assert opened.papers.challenges == ()
