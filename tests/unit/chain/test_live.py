"""Looking at the chains now: newest balances, the change, a rate named for what it is, and nothing mixed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.live import LiveAsset, claimed_units, look_now
from auditor_app.chain.plan import plan_capture
from auditor_app.errors import ChainError
from auditor_app.operation import run
from auditor_app.snapshot.statement import BlockReference
from tests.unit.chain.fake_endpoint import fake_endpoint
from tests.unit.chain.http_chains import (
    LATER_ROOT,
    MINT,
    QUICK,
    SOL_ACCOUNT,
    SOL_LATEST,
    TOKEN_PROGRAM,
    TRON_BLOCK,
    Chain,
    Replies,
    sol_account,
    sol_state,
    sol_tokens,
    solana,
    token_account,
    ton,
    ton_state,
    tron,
    tron_call,
    tron_no_history,
    xrp,
    xrp_newest,
)
from tests.unit.chain.snapshots import BTC_A, BTC_B, EVM_A, predicate, snapshot
from tests.unit.chain.test_capture import TOKEN


def asset(now: int, owed: int | None, *, complete: bool = True) -> LiveAsset:
    return LiveAsset("BTC", 8, 100, now, owed, complete)


def test_the_rate_is_rounded_down_and_only_given_for_all_rows_and_all_ledgers() -> None:
    assert asset(199_999, 300_000).rate_if_unchanged == "66.6663"
    assert asset(1, 1, complete=False).rate_if_unchanged is None
    assert asset(1, 0).rate_if_unchanged is None
    assert asset(1, None).rate_if_unchanged is None


SOL_HOLDS = {"getMultipleAccounts": sol_state(1160, [sol_account(4_000)])}


@pytest.mark.parametrize(
    ("chain", "changes", "now", "block"),
    [
        (tron(), {}, 140_000_000, (70_000_000, TRON_BLOCK)),
        (tron(), {"getaccountbalance": tron_no_history}, 140_000_000, (70_000_000, TRON_BLOCK)),
        (tron(token=True), {}, 700_000_000, (70_000_000, TRON_BLOCK)),
        (solana(), SOL_HOLDS, 4_000, (1150, SOL_LATEST)),
        (solana(), {"getMultipleAccounts": sol_state(1160, [None])}, 0, (1150, SOL_LATEST)),
        # neither a later transaction nor a program's account matters to what is held now
        (solana(), {**SOL_HOLDS, "getSignaturesForAddress": {"result": [{"slot": 1155}]}}, 4_000, (1150, SOL_LATEST)),
        (solana(), {"getMultipleAccounts": sol_state(1200, [sol_account(3, MINT)])}, 3, (1150, SOL_LATEST)),
        (solana(token=True), {}, 42_000, (1150, SOL_LATEST)),
        (xrp(), {}, 100, (90_000_005, "EF" * 32)),
        (xrp(), {"account_info": xrp_newest(error="actNotFound", status="error")}, 0, (90_000_005, "EF" * 32)),
        (ton(), {}, 7, (45_000_003, "08" * 32)),
    ],
)
def test_the_newest_balance_is_read_beside_the_claim(chain: Chain, changes: Replies, now: int, block: Any) -> None:
    result = chain.look(**changes)
    assert [(line.claimed, line.now, line.change) for line in result.lines] == [
        (chain.claimed, now, now - chain.claimed)
    ]
    ((*seen, origin),) = result.blocks
    assert tuple(seen) == (chain.chain, *block)
    assert origin.startswith("http://127.0.0.1:")
    assert [(item.now, item.complete) for item in result.assets] == [(now, True)]
    assert result.notes == ()


def test_an_owner_without_a_token_account_holds_none_now() -> None:
    changes = {
        "getTokenAccountsByOwner": sol_state(1200, []),
        "getMultipleAccounts": sol_state(1200, [sol_account(1, TOKEN_PROGRAM, bytes(44) + b"\x06" + bytes(37))]),
    }
    assert [line.now for line in solana(token=True).look(**changes).lines] == [0]


@pytest.mark.parametrize(
    ("chain", "changes", "words"),
    [
        (tron(), {"getaccount": {}}, "always holds coins"),
        (tron(), {"getaccount": lambda r: {"address": SOL_ACCOUNT, "balance": 5}}, "another account"),
        (tron(), {"getaccount": lambda r: {"address": r["address"], "balance": -5}}, "no number of sun"),
        (tron(), {"getaccount": lambda r: {"address": r["address"], "balance": True}}, "no number of sun"),
        (tron(), {"getaccount": lambda r: {"address": r["address"], "balance": 2**63}}, "no number of sun"),
        (tron(), {"getnowblock": lambda r: {}}, "no block"),
        (
            tron(True),
            {"triggerconstantcontract": lambda r: tron_call(r) | {"result": {"result": True, "message": "REVERT"}}},
            "does not answer",
        ),
        (solana(), {"getGenesisHash": {"result": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"}}, "another chain"),
        (solana(), {"getLatestBlockhash": {"result": None}}, "names no slot"),
        (solana(), {"getLatestBlockhash": sol_state(1150, None)}, "no newest block"),
        (solana(), {"getMultipleAccounts": sol_state(1149, [None])}, "which was asked for"),
        (solana(), {"getMultipleAccounts": sol_state(1150, [sol_account(True)])}, "documented form"),
        (solana(True), {"getTokenAccountsByOwner": sol_tokens(token_account(owner=MINT))}, "another owner or"),
        (xrp(), {"ledger": xrp_newest(validated=False)}, "no closed ledger"),
        (xrp(), {"ledger": xrp_newest() | {"result": {}}}, "names no newest ledger"),
        (xrp(), {"account_info": xrp_newest(account_data={"Balance": "-1"})}, "no number of drops"),
        (ton(), {"getMasterchainInfo": {"ok": True, "result": {"last": {"seqno": True}}}}, "no newest block"),
        (ton(), {"getAddressInformation": ton_state("7", {"seqno": 1, "root_hash": LATER_ROOT})}, "another block"),
    ],
)
def test_a_misleading_answer_is_refused(chain: Chain, changes: Replies, words: str) -> None:
    with pytest.raises(ChainError, match=words):
        chain.look(**changes)


def test_a_chain_whose_endpoint_fails_is_asked_of_the_next_and_else_left_out_with_the_reason() -> None:
    chain = xrp()
    held = snapshot(
        [(f"{chain.chain}:{chain.account}", "XRP", 5), (BTC_A, "BTC", 7)],
        columns=(("XRP",),),
        assets=(chain.asset, predicate().assets[0]),
        chains=dict(chain.snapshot().statement.predicate.chains)
        | {BTC_A.rpartition(":")[0]: BlockReference(block_height="900")},
    )

    def looked(*urls: str) -> Any:
        plan = plan_capture(held, parse_endpoints(urls), TOKEN)
        return run(look_now(held.statement.predicate, plan, claimed_units(held, TOKEN), TOKEN, QUICK.limits))

    with fake_endpoint(lambda h, _: h.reply(b"<html>")) as bad, chain.served({}) as good:
        broken, bitcoin = chain.url(bad), f"{BTC_A.rpartition(':')[0]}={bad.url}/"
        with pytest.raises(ChainError, match="HTML"):
            looked(broken, bitcoin)
        result = looked(broken, bitcoin, chain.url(good))
        assert [origin for *_, origin in result.blocks] == [good.url]  # whose word it is
        assert [(line.asset, line.now) for line in result.lines] == [("XRP", 100)]
        assert [item.asset for item in result.assets] == ["XRP"]
        assert ["HTML" in note or "height was asked for" in note for note in result.notes] == [True, True]


def test_an_account_listed_twice_in_two_spellings_is_claimed_and_read_once() -> None:
    rows = [(EVM_A, "ETH", 5), (EVM_A.lower(), "ETH", 5), (BTC_B, "BTC", 1)]
    assert claimed_units(snapshot(rows), TOKEN) == {(EVM_A, "ETH"): 5, (BTC_B, "BTC"): 1}


def test_a_ledger_that_publishes_no_total_gives_no_rate() -> None:
    chain = xrp()
    held = chain.snapshot()
    named = held.statement.predicate
    with chain.served({}) as fake:
        plan = plan_capture(held, parse_endpoints([chain.url(fake)]), TOKEN)
        for totals, owed in (({}, None), ({"XRP": "400"}, 400)):
            published = replace(named, ledgers=(replace(named.ledgers[0], totals=totals),))
            (item,) = run(look_now(published, plan, claimed_units(held, TOKEN), TOKEN, QUICK.limits)).assets
            assert (item.published_liabilities, item.rate_if_unchanged) == (owed, "25.0000" if owed else None)


def test_nothing_is_written_and_no_evidence_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    xrp().look()
    assert list(tmp_path.iterdir()) == []
