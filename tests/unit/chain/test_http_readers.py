"""Tron, Solana, XRP and TON against a loopback server that answers as documented, truthfully or misleadingly."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import base58
import pytest

from auditor_app.chain.capture import Captured, Supplements, capture
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, ReserveResult
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.readers.tron import ALWAYS_HOLDS
from auditor_app.chain.transport import Limits
from auditor_app.errors import ChainError
from auditor_app.operation import run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.statement import Asset, BlockReference
from tests.unit.chain.fake_endpoint import Handler, fake_endpoint
from tests.unit.chain.snapshots import snapshot
from tests.unit.chain.test_capture import KEY, NOW, TOKEN, trusting

Replies = dict[str, Any]
"""What the server says, by method or path; a function is given the request."""

QUICK = Supplements(limits=Limits(attempts=1, exchange_seconds=5))


class Chain:
    """One account and one asset of a chain, and the truthful replies."""

    def __init__(self, chain: str, account: str, asset: Asset, height: int, digest: str, claimed: int, **replies: Any):
        self.chain, self.account, self.asset = chain, account, asset
        self.height, self.digest, self.claimed = height, digest, claimed
        self.replies: Replies = replies

    def snapshot(self) -> AuthenticSnapshot:
        return snapshot(
            [(f"{self.chain}:{self.account}", self.asset.symbol, self.claimed)],
            columns=((self.asset.symbol,),),
            assets=(self.asset,),
            chains={self.chain: BlockReference(block_height=str(self.height), block_hash=self.digest)},
        )

    def capture(
        self, path: Path, *, hosts: tuple[str, ...] = ("127.0.0.1",), own: bool = False, **changes: Any
    ) -> Captured:
        """Capture with some replies changed; a dict is laid over the truthful reply."""
        replies = dict(self.replies)
        for name, change in changes.items():
            both = isinstance(change, dict) and isinstance(replies.get(name), dict)
            replies[name] = replies[name] | change if both else change
        with fake_endpoint(_answering(replies)) as fake:
            urls = [f"{self.chain}={fake.url}/".replace("127.0.0.1", host) for host in hosts]
            port = fake.url.rpartition(":")[2]
            own_nodes = [f"{hosts[0]}:{port}"] if own else []
            plan = plan_capture(self.snapshot(), parse_endpoints(urls, own_nodes=own_nodes), TOKEN)
            work = capture(self.snapshot(), plan, [KEY], path, captured_at=NOW, token=TOKEN, supplements=QUICK)
            return run(work)

    def observed(self, path: Path) -> ReserveResult:
        evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
        try:
            return observe(self.snapshot(), evidence, TOKEN, {self.chain: self.digest})
        finally:
            evidence.members.close()


def _answering(replies: Replies) -> Callable[[Handler, Any], None]:
    def answer(handler: Handler, request: Any) -> None:
        path = handler.path.partition("?")[0].strip("/")
        name = path.rpartition("/")[2] or request["method"]
        reply = replies[name]
        reply = reply(handler.path if request is None else request) if callable(reply) else reply
        if request is not None and "jsonrpc" in request:
            handler.reply(json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}).encode())
        else:
            handler.reply(json.dumps(reply).encode())

    return answer


# Tron ----------------------------------------------------------------------------------------------------------------

TRON_BLOCK = f"{70_000_000:016x}" + "ab" * 24
TRON_EARLIER = f"{69_999_000:016x}" + "cd" * 24
TRX_ACCOUNT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def _tron_balance(amount: int, of: str = TRON_EARLIER) -> Replies:
    found: Replies = {"block_identifier": {"hash": of, "number": int(of[:16], 16)}}
    return found | ({"balance": amount} if amount else {})  # protobuf leaves a zero out


def _tron_history(request: Any) -> Replies:
    assert request["block_identifier"] == {"hash": TRON_BLOCK, "number": 70_000_000}
    return _tron_balance(1 if request["account_identifier"]["address"] == ALWAYS_HOLDS else 1_500_000)


def _tron_no_history(_request: Any) -> Replies:
    return _tron_balance(0, TRON_BLOCK)  # no error, and the block echoed: as documented


def _tron_call(request: Any) -> Replies:
    word = {"decimals()": 6, "balanceOf(address)": 7_000_000}[request["function_selector"]]
    return {"result": {"result": True}, "constant_result": [f"{word:064x}"]}


def tron(token: bool = False) -> Chain:
    kind = "trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t" if token else "slip44:195"
    return Chain(
        "tron:0x2b6653dc",
        TRX_ACCOUNT,
        Asset(symbol="TRX", decimals=8, on_chain=(f"tron:0x2b6653dc/{kind}",)),
        70_000_000,
        TRON_BLOCK,
        700_000_000 if token else 150_000_000,
        getblockbynum={"blockID": TRON_BLOCK},
        getnowblock={"blockID": TRON_BLOCK},
        getaccountbalance=_tron_history,
        triggerconstantcontract=_tron_call,
    )


# Solana --------------------------------------------------------------------------------------------------------------

SOL_ACCOUNT = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"
MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"


def _sol_account(lamports: int, owner: str = "1" * 32, data: bytes = b"") -> Replies:
    encoded = [base64.b64encode(data).decode(), "base64"]
    return {"lamports": lamports, "owner": owner, "data": encoded, "rentEpoch": 2**64 - 1, "executable": False}


def _sol_state(slot: int, value: Any) -> Replies:
    return {"result": {"context": {"slot": slot, "apiVersion": "2.0"}, "value": value}}


def _token_account(mint: str = MINT, owner: str = SOL_ACCOUNT, amount: int = 42) -> bytes:
    return base58.b58decode(mint) + base58.b58decode(owner) + amount.to_bytes(8, "little") + bytes(93)


def _sol_tokens(data: bytes, slot: int = 1200) -> Replies:
    return _sol_state(slot, [{"pubkey": SOL_ACCOUNT, "account": _sol_account(1, TOKEN_PROGRAM, data)}])


def solana(token: bool = False) -> Chain:
    chain = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
    kind = f"token:{MINT}" if token else "slip44:501"
    mint = _sol_state(1200, [_sol_account(1, TOKEN_PROGRAM, bytes(44) + b"\x06" + bytes(37))])
    return Chain(
        chain,
        SOL_ACCOUNT,
        Asset(symbol="SOL", decimals=9, on_chain=(f"{chain}/{kind}",)),
        1000,
        "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn",
        42_000 if token else 5_000,
        getGenesisHash={"result": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"},
        getBlock={"result": {"blockhash": "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn"}},
        getMultipleAccounts=mint if token else _sol_state(1200, [_sol_account(5_000)]),
        getTokenAccountsByOwner=_sol_tokens(_token_account()),
        getSignaturesForAddress={"result": [{"signature": "x", "slot": 900}]},
    )


# XRP -----------------------------------------------------------------------------------------------------------------

LEDGER = "AB" * 32


def _xrp(**changes: Any) -> Replies:
    head = {"ledger_hash": LEDGER, "ledger_index": 90_000_000, "validated": True, "status": "success"}
    return {"result": head | changes}


def xrp() -> Chain:
    return Chain(
        "xrpl:0",
        "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
        Asset(symbol="XRP", decimals=6, on_chain=("xrpl:0/slip44:144",)),
        90_000_000,
        LEDGER,
        123_456_789,
        ledger=_xrp(),
        account_info=_xrp(account_data={"Balance": "123456789", "Account": "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh"}),
    )


# TON -----------------------------------------------------------------------------------------------------------------

ROOT = base64.b64encode(b"\x07" * 32).decode()


def _ton_account() -> str:
    """A bounceable address that CAIP-10 can hold (its alphabet has no underscore)."""
    raw = b"\x11\x00" + b"\x05" * 32
    return base64.urlsafe_b64encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "big")).decode()


def _ton_block(seqno: int = 45_000_000, root: str = ROOT) -> Replies:
    return {"workchain": -1, "shard": "-9223372036854775808", "seqno": seqno, "root_hash": root, "file_hash": root}


def _ton_state(balance: Any, block: Any) -> Replies:
    return {"ok": True, "result": {"@type": "raw.fullAccountState", "balance": balance, "block_id": block}}


def ton() -> Chain:
    return Chain(
        "ton:mainnet",
        _ton_account(),
        Asset(symbol="TON", decimals=9, on_chain=("ton:mainnet/slip44:607",)),
        45_000_000,
        "07" * 32,
        99,
        lookupBlock={"ok": True, "result": _ton_block()},
        getAddressInformation=_ton_state("99", _ton_block()),
    )


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
        (tron(), {"getaccountbalance": _tron_no_history}, "keeps no history"),
        (tron(token=True), {"getnowblock": {"blockID": f"{70_000_001:016x}" + "00" * 24}}, "newest block only"),
        (solana(), {"getSignaturesForAddress": told([{"slot": 1001}])}, "used after the snapshot's slot"),
        (solana(), {"getSignaturesForAddress": told([])}, "history does not reach back"),
        (solana(), {"getMultipleAccounts": _sol_state(1200, [_sol_account(1, TOKEN_PROGRAM)])}, "belongs to a program"),
        (solana(token=True), {"getTokenAccountsByOwner": _sol_state(1200, [])}, "says nothing of then"),
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
        (tron(), {"getaccountbalance": lambda r: _tron_balance(5, f"{70_000_001:016x}" + "00" * 24)}, "another block"),
        (tron(), {"getaccountbalance": lambda r: _tron_balance(5, TRON_BLOCK[:-2] + "00")}, "another block"),
        (tron(), {"getaccountbalance": lambda r: {"balance": 5}}, "names no block"),
        (tron(), {"getaccountbalance": lambda r: _tron_balance(-5)}, "no number of sun"),
        (tron(), {"getaccountbalance": lambda r: {"Error": "class java.lang.Exception"}}, "declined"),
        (tron(True), {"triggerconstantcontract": lambda r: {"result": {"result": True}}}, "does not answer"),
        (
            tron(True),
            {"triggerconstantcontract": lambda r: _tron_call(r) | {"result": {"result": True, "message": "REVERT"}}},
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
        (solana(), {"getMultipleAccounts": _sol_state(999, [_sol_account(5_000)])}, "before the snapshot's"),
        (solana(), {"getMultipleAccounts": _sol_state(1200, [])}, "no list"),
        (solana(), {"getMultipleAccounts": _sol_state(1200, [_sol_account(-1)])}, "documented form"),
        (
            solana(),
            {
                "getMultipleAccounts": {
                    "error": {"code": -32016, "message": "Minimum context slot has not been reached"}
                }
            },
            "has not been reached",
        ),
        (solana(True), {"getTokenAccountsByOwner": _sol_tokens(_token_account(mint=SOL_ACCOUNT))}, "another owner or"),
        (solana(True), {"getTokenAccountsByOwner": _sol_tokens(_token_account(owner=MINT))}, "another owner or"),
        (solana(True), {"getTokenAccountsByOwner": _sol_tokens(_token_account(), 999)}, "before the snapshot's"),
        (solana(True), {"getMultipleAccounts": _sol_state(1200, [None])}, "decimals"),
        (xrp(), {"ledger": _xrp(ledger_hash="CD" * 32)}, "not the one that the snapshot names"),
        (xrp(), {"ledger": _xrp(ledger_index=90_000_001)}, "another ledger"),
        (xrp(), {"ledger": {"result": {"error": "lgrNotFound", "status": "error"}}}, "lgrNotFound"),
        (xrp(), {"account_info": _xrp(ledger_index=90_000_001, account_data={"Balance": "1"})}, "another ledger"),
        (xrp(), {"account_info": _xrp(ledger_hash="CD" * 32, account_data={"Balance": "1"})}, "another ledger"),
        (xrp(), {"account_info": _xrp(validated=False, account_data={"Balance": "1"})}, "no closed ledger"),
        (xrp(), {"account_info": _xrp(account_data={"Balance": "-1"})}, "no number of drops"),
        (xrp(), {"account_info": _xrp(account_data={})}, "no number of drops"),
        (xrp(), {"account_info": _xrp(error="invalidParams", account_data={"Balance": "1"})}, "no number of drops"),
        (ton(), {"lookupBlock": {"ok": True, "result": _ton_block(root=ROOT.replace("B", "C"))}}, "not the one that"),
        (ton(), {"lookupBlock": {"ok": False, "error": "block is not applied", "code": 500}}, "not applied"),
        (ton(), {"getAddressInformation": _ton_state("99", _ton_block(seqno=45_000_009))}, "another block"),
        (ton(), {"getAddressInformation": _ton_state("99", _ton_block(root=ROOT.replace("B", "C")))}, "another block"),
        (ton(), {"getAddressInformation": _ton_state("99", None)}, "another block"),
        (ton(), {"getAddressInformation": _ton_state("-1", _ton_block())}, "no number of nanotons"),
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
    assert chain.capture(tmp_path / "e", account_info=_xrp(error="actNotFound", status="error")).balances == 1
    other = _xrp(error="actNotFound", ledger_hash="CD" * 32)
    with pytest.raises(ChainError, match="another ledger"):
        chain.capture(tmp_path / "f", account_info=other)


def test_a_zero_on_a_tron_chain_without_a_known_account_is_not_told(tmp_path: Path) -> None:
    chain = tron()
    chain.chain = "tron:0xcd8690dc"
    chain.asset = replace_asset(chain.asset, chain.chain)
    captured = chain.capture(tmp_path / "e", getaccountbalance=_tron_no_history)
    assert (captured.balances, "missing history" in captured.notes[0]) == (0, True)
    assert chain.capture(tmp_path / "f", getaccountbalance=lambda r: _tron_balance(0)).balances == 1


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
