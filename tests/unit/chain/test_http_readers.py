"""Tron, Solana, XRP and TON against a loopback server that answers as documented, truthfully or misleadingly."""

from __future__ import annotations

import itertools
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
        (solana(), {"getSignaturesForAddress": told([])}, "history does not reach back"),
        (solana(), {"getMultipleAccounts": sol_state(1200, [sol_account(1, TOKEN_PROGRAM)])}, "belongs to a program"),
        (solana(token=True), {"getTokenAccountsByOwner": sol_state(1200, [])}, "says nothing of then"),
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


# Solana's history ----------------------------------------------------------------------------------------------------


def sol_transaction(before: int, after: int, *, account: str = SOL_ACCOUNT, loaded: bool = False) -> Replies:
    """Another account pays the fee; the account stands among the keys, or among those that a table loads."""
    own = [MINT] if loaded else [MINT, account]
    meta = {"preBalances": [9, before], "postBalances": [8, after], "err": None, "computeUnitsConsumed": 150}
    meta["loadedAddresses"] = {"writable": [account] if loaded else [], "readonly": []}
    return told({"slot": 1, "transaction": {"message": {"accountKeys": own}}, "meta": meta})


def spl_transaction(before: int | None, after: int | None, *, owner: str = SOL_ACCOUNT, mint: str = MINT) -> Replies:
    def held(amount: int | None) -> list[Replies]:
        if amount is None:
            return []
        shown = {"amount": str(amount), "decimals": 6, "uiAmount": amount / 10**6, "uiAmountString": "x"}
        other = {"accountIndex": 0, "mint": mint, "owner": MINT, "uiTokenAmount": {"amount": "5", "uiAmount": None}}
        return [other, {"accountIndex": 1, "mint": mint, "owner": owner, "uiTokenAmount": shown}]

    reply = sol_transaction(1, 1)
    reply["result"]["meta"] |= {"preTokenBalances": held(before), "postTokenBalances": held(after)}
    return reply


def sol_history(transactions: dict[str, tuple[int, Replies]], earlier: int | None = 900) -> Replies:
    """Replies for an account whose transactions are given newest first, with their slots."""
    listed = [{"signature": name, "slot": slot, "err": None} for name, (slot, _) in transactions.items()]
    listed += [] if earlier is None else [{"signature": "earlier", "slot": earlier}]

    def signatures(request: Any) -> Replies:
        options = request["params"][1]
        names = [item["signature"] for item in listed]
        start = names.index(options["before"]) + 1 if "before" in options else 0
        return told(listed[start : start + min(2, options["limit"])])

    return {
        "getSignaturesForAddress": signatures,
        "getTransaction": lambda request: transactions[request["params"][0]][1],
    }


@pytest.mark.parametrize(
    ("chain", "transactions", "earlier"),
    [
        (solana(), {"c": (1300, sol_transaction(5_000, 1)), "b": (1100, sol_transaction(7_000, 5_000))}, 900),
        (solana(), {"b": (1200, sol_transaction(6_500, 5_000)), "a": (1001, sol_transaction(7_000, 6_500))}, 1000),
        (solana(), {"b": (1001, sol_transaction(6_500, 5_000)), "a": (1001, sol_transaction(7_000, 6_500))}, 1000),
        (solana(), {"b": (1100, sol_transaction(7_000, 5_000, loaded=True))}, 900),
        (solana(), {"c": (1150, sol_transaction(9, 5_000)), "b": (1110, sol_transaction(1, 9)), "a": (1100, sol_transaction(7_000, 1))}, 900),
        (solana(token=True), {"b": (1100, spl_transaction(7_000, 42))}, 900),
        (solana(token=True), {"b": (1100, spl_transaction(40, 42)), "a": (1050, spl_transaction(7_000, 40))}, None),
    ],
)  # fmt: skip
def test_a_past_balance_is_what_is_held_now_less_what_came_since(
    chain: Chain, transactions: Any, earlier: int | None, tmp_path: Path
) -> None:
    changes = sol_history(transactions, earlier)
    if earlier is None:  # the list ends with the transaction that made the account: it held nothing before
        oldest = list(transactions)[-1]
        transactions[oldest] = (transactions[oldest][0], spl_transaction(None, 40))
    captured = chain.capture(tmp_path / "e", **changes)
    assert captured.notes == ()
    assert captured.methods[0][1] == "replayed to the slot"
    (line,) = chain.observed(tmp_path / "e").lines
    then = 0 if earlier is None else 7_000 * (1000 if chain.asset.on_chain[0].endswith(MINT) else 1)
    assert (line.observed, line.grade) == (then, Grade.ONE_SOURCE)


def test_a_token_account_that_was_another_owners_is_not_counted(tmp_path: Path) -> None:
    """Its authority was handed over after the slot."""
    reply = spl_transaction(42, 42)
    reply["result"]["meta"]["preTokenBalances"][1]["owner"] = MINT
    chain = solana(token=True)
    chain.capture(tmp_path / "e", **sol_history({"b": (1100, reply)}))
    assert [line.observed for line in chain.observed(tmp_path / "e").lines] == [0]


@pytest.mark.parametrize(
    ("chain", "transactions", "earlier", "words"),
    [
        (solana(), {"b": (1100, sol_transaction(7_000, 4_999))}, 900, "do not lead to what it holds"),
        (solana(), {"b": (1100, sol_transaction(6_000, 5_000)), "a": (1050, sol_transaction(7_000, 6_001))}, 900, "do not lead"),
        (solana(), {"b": (1100, sol_transaction(7_000, 5_000))}, None, "do not reach back"),
        (solana(), {f"s{n}": (1100, sol_transaction(5_000, 5_000)) for n in range(501)}, 900, "more than 500"),
        (solana(token=True), {"b": (1100, spl_transaction(7_000, 41))}, 900, "do not lead to what it holds"),
    ],
)  # fmt: skip
def test_a_history_that_does_not_close_tells_nothing(
    chain: Chain, transactions: Any, earlier: int | None, words: str, tmp_path: Path
) -> None:
    captured = chain.capture(tmp_path / "e", **sol_history(transactions, earlier))
    assert captured.balances == 0
    assert words in captured.notes[0]


def test_a_list_without_an_end_is_given_up(tmp_path: Path) -> None:
    """Every page is new and of slots after the one whose balance was read."""
    pages = itertools.count()

    def endless(_request: Any) -> Replies:
        return told([{"signature": f"s{next(pages)}", "slot": 10**15}])

    captured = solana().capture(tmp_path / "e", getSignaturesForAddress=endless)
    assert captured.balances == 0
    assert "more than 500" in captured.notes[0]
    assert next(pages) < 100


def _without(reply: Replies, *path: str) -> Replies:
    place = reply["result"]
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return reply


@pytest.mark.parametrize(
    ("chain", "changes", "words"),
    [
        (solana(), sol_history({"b": (1100, told(None))}), "does not tell balances"),
        (solana(), sol_history({"b": (1100, sol_transaction(1, 5_000, account=MINT))}), "does not tell balances"),
        (solana(), sol_history({"b": (1100, sol_transaction(-1, 5_000))}), "does not tell balances"),
        (solana(), sol_history({"b": (1100, sol_transaction(1, 5_000.5))}), "does not tell balances"),
        (solana(), sol_history({"b": (1100, _without(sol_transaction(1, 5_000), "meta", "preBalances"))}), "does not tell"),
        (solana(True), sol_history({"b": (1100, spl_transaction(1, 42, mint=SOL_ACCOUNT))}), "does not tell balances"),
        (solana(True), sol_history({"b": (1100, sol_transaction(1, 42))}), "does not tell balances"),
        (solana(), {"getSignaturesForAddress": told([{"signature": "x"}])}, "names no slot"),
        (solana(), {"getSignaturesForAddress": told([{"slot": 5}])}, "names no slot"),
        (solana(), {"getSignaturesForAddress": told([{"signature": "x", "slot": True}])}, "names no slot"),
        (solana(), {"getSignaturesForAddress": told("x")}, "no list"),
        (solana(), {"getSignaturesForAddress": told([{"signature": "x", "slot": 900}, {"signature": "y", "slot": 901}])}, "not in order"),
        (solana(), {"getSignaturesForAddress": told([{"signature": "x", "slot": 1500}])}, "not in order"),
    ],
)  # fmt: skip
def test_a_history_of_another_form_is_refused(chain: Chain, changes: Replies, words: str, tmp_path: Path) -> None:
    """The last of them repeats one page for ever."""
    with pytest.raises(ChainError, match=words):
        chain.capture(tmp_path / "e", **changes)


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
