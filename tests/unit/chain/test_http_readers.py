"""Tron, Solana, XRP and TON against a loopback server that answers as documented, truthfully or misleadingly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.observed import Grade
from auditor_app.chain.plan import plan_capture
from auditor_app.errors import ChainError
from auditor_app.snapshot.statement import Asset
from tests.unit.chain.http_chains import (
    MINT,
    ROOT,
    SOL_ACCOUNT,
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
    ton_block,
    ton_state,
    tron,
    tron_balance,
    tron_call,
    tron_no_history,
    xrp,
    xrp_ledger,
)
from tests.unit.chain.test_capture import TOKEN

ALL = [tron, solana, xrp, ton, lambda: tron(token=True), lambda: solana(token=True)]


@pytest.mark.parametrize("make", ALL)
def test_a_truthful_server_gives_the_balance_and_the_grade_of_its_sources(make: Any, tmp_path: Path) -> None:
    chain, path = make(), tmp_path / "e.porevidence"
    for hosts, own, grade in (
        (("127.0.0.1",), False, Grade.ONE_SOURCE),
        (("127.0.0.1",), True, Grade.ONE_SOURCE),
        (("127.0.0.1", "localhost"), False, Grade.TWO_SOURCES),
        (("127.0.0.1", "localhost"), True, Grade.TWO_SOURCES),
    ):
        captured = chain.capture(path, hosts=hosts, own=own)
        assert captured.notes == ()
        result = chain.observed(path)
        assert [(line.observed, line.grade) for line in result.lines] == [(chain.claimed, grade)]


def told(result: Any) -> dict[str, Any]:
    return {"result": result}


@pytest.mark.parametrize(
    ("chain", "changes", "words"),
    [
        (tron(), {"getaccountbalance": tron_no_history}, "keeps no history"),
        (tron(token=True), {"getnowblock": {"blockID": f"{70_000_001:016x}" + "00" * 24}}, "newest block only"),
        (solana(), {"getSignaturesForAddress": told([{"slot": 1001}])}, "used after the snapshot's slot"),
        (solana(), {"getSignaturesForAddress": told([])}, "history does not reach back"),
        (solana(), {"getMultipleAccounts": sol_state(1200, [sol_account(1, TOKEN_PROGRAM)])}, "belongs to a program"),
        (solana(token=True), {"getTokenAccountsByOwner": sol_state(1200, [])}, "says nothing of then"),
        (solana(token=True), {"getSignaturesForAddress": told([{"slot": 1001}])}, "used after"),
    ],
)
def test_what_a_server_cannot_tell_is_left_out_and_never_zero(
    chain: Chain, changes: Replies, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "e.porevidence"
    captured = chain.capture(path, **changes)
    assert captured.balances == 0
    assert [words in note for note in captured.notes] == [True]
    result = chain.observed(path)
    assert [line.observed for line in result.lines] == [None]
    assert [item.code for item in result.findings if item.code.startswith("EVIDENCE")] == ["EVIDENCE.MISSING"]


OTHER_TRON = f"{69_000_000:016x}" + "ab" * 24


@pytest.mark.parametrize(
    ("chain", "changes", "words"),
    [
        (tron(), {"getblockbynum": {"blockID": OTHER_TRON}}, "another block"),
        (tron(), {"getblockbynum": {"blockID": TRON_BLOCK[:-2] + "00"}}, "not the one that the snapshot names"),
        (tron(), {"getaccountbalance": lambda r: tron_balance(5, f"{70_000_001:016x}" + "00" * 24)}, "another block"),
        (tron(), {"getaccountbalance": lambda r: tron_balance(5, TRON_BLOCK[:-2] + "00")}, "another block"),
        (tron(), {"getaccountbalance": lambda r: {"balance": 5}}, "names no block"),
        (tron(), {"getaccountbalance": lambda r: tron_balance(-5)}, "no number of sun"),
        (tron(), {"getaccountbalance": lambda r: {"Error": "class java.lang.Exception"}}, "declined"),
        (tron(True), {"triggerconstantcontract": lambda r: {"result": {"result": True}}}, "does not answer"),
        (
            tron(True),
            {"triggerconstantcontract": lambda r: tron_call(r) | {"result": {"result": True, "message": "REVERT"}}},
            "does not answer",
        ),
        (
            tron(True),
            {"triggerconstantcontract": lambda r: {"constant_result": ["f" * 64], "result": {"result": True}}},
            "decimals",
        ),
        (solana(), {"getGenesisHash": told("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")}, "another chain"),
        (solana(), {"getBlock": told({"blockhash": "1" * 44})}, "not the one that the snapshot names"),
        (solana(), {"getBlock": told(None)}, "no block in slot"),
        (solana(), {"getMultipleAccounts": sol_state(999, [sol_account(5_000)])}, "which was asked for"),
        (solana(), {"getMultipleAccounts": sol_state(1200, [])}, "no list"),
        (solana(), {"getMultipleAccounts": sol_state(1200, [sol_account(-1)])}, "documented form"),
        (
            solana(),
            {
                "getMultipleAccounts": {
                    "error": {"code": -32016, "message": "Minimum context slot has not been reached"}
                }
            },
            "has not been reached",
        ),
        (solana(True), {"getTokenAccountsByOwner": sol_tokens(token_account(mint=SOL_ACCOUNT))}, "another owner or"),
        (solana(True), {"getTokenAccountsByOwner": sol_tokens(token_account(owner=MINT))}, "another owner or"),
        (solana(True), {"getTokenAccountsByOwner": sol_tokens(token_account(), 999)}, "which was asked for"),
        (solana(True), {"getMultipleAccounts": sol_state(1200, [None])}, "decimals"),
        (xrp(), {"ledger": xrp_ledger(ledger_hash="CD" * 32)}, "not the one that the snapshot names"),
        (xrp(), {"ledger": xrp_ledger(ledger_index=90_000_001)}, "another ledger"),
        (xrp(), {"ledger": {"result": {"error": "lgrNotFound", "status": "error"}}}, "lgrNotFound"),
        (xrp(), {"account_info": xrp_ledger(ledger_index=90_000_001, account_data={"Balance": "1"})}, "another ledger"),
        (xrp(), {"account_info": xrp_ledger(ledger_hash="CD" * 32, account_data={"Balance": "1"})}, "another ledger"),
        (xrp(), {"account_info": xrp_ledger(validated=False, account_data={"Balance": "1"})}, "no closed ledger"),
        (xrp(), {"account_info": xrp_ledger(account_data={"Balance": "-1"})}, "no number of drops"),
        (xrp(), {"account_info": xrp_ledger(account_data={})}, "no number of drops"),
        (
            xrp(),
            {"account_info": xrp_ledger(error="invalidParams", account_data={"Balance": "1"})},
            "no number of drops",
        ),
        (ton(), {"lookupBlock": {"ok": True, "result": ton_block(root=ROOT.replace("B", "C"))}}, "not the one that"),
        (ton(), {"lookupBlock": {"ok": False, "error": "block is not applied", "code": 500}}, "not applied"),
        (ton(), {"getAddressInformation": ton_state("99", ton_block(seqno=45_000_009))}, "another block"),
        (ton(), {"getAddressInformation": ton_state("99", ton_block(root=ROOT.replace("B", "C")))}, "another block"),
        (ton(), {"getAddressInformation": ton_state("99", None)}, "another block"),
        (ton(), {"getAddressInformation": ton_state("-1", ton_block())}, "no number of nanotons"),
    ],
)
def test_a_misleading_answer_is_refused(chain: Chain, changes: Replies, words: str, tmp_path: Path) -> None:
    path = tmp_path / "e.porevidence"
    with pytest.raises(ChainError, match=words):
        chain.capture(path, **changes)
    assert not path.exists()


def test_an_account_that_the_very_ledger_does_not_hold_has_nothing(tmp_path: Path) -> None:
    chain = xrp()
    chain.claimed = 0
    assert chain.capture(tmp_path / "e", account_info=xrp_ledger(error="actNotFound", status="error")).balances == 1
    other = xrp_ledger(error="actNotFound", ledger_hash="CD" * 32)
    with pytest.raises(ChainError, match="another ledger"):
        chain.capture(tmp_path / "f", account_info=other)


def test_a_zero_on_a_tron_chain_without_a_known_account_is_not_told(tmp_path: Path) -> None:
    chain = tron()
    chain.chain = "tron:0xcd8690dc"
    chain.asset = replace_asset(chain.asset, chain.chain)
    captured = chain.capture(tmp_path / "e", getaccountbalance=tron_no_history)
    assert (captured.balances, "missing history" in captured.notes[0]) == (0, True)
    assert chain.capture(tmp_path / "f", getaccountbalance=lambda r: tron_balance(0)).balances == 1


def replace_asset(asset: Asset, chain: str) -> Asset:
    return Asset(symbol=asset.symbol, decimals=asset.decimals, on_chain=(f"{chain}/slip44:195",))


@pytest.mark.parametrize(
    ("make", "kind"), [(tron, "trc10:1002000"), (solana, "nft:x"), (xrp, "issued:USD"), (ton, "jetton:EQ")]
)
def test_other_kinds_of_assets_are_left_out_with_the_reason(make: Any, kind: str) -> None:
    chain = make()
    chain.asset = Asset(symbol=chain.asset.symbol, decimals=6, on_chain=(f"{chain.chain}/{kind}",))
    plan = plan_capture(chain.snapshot(), (), TOKEN)
    assert ["are not captured on this chain" in row.reason for row in plan.left_out] == [True]
