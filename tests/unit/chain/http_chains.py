"""Accounts on Tron, Solana, XRP and TON, and a loopback server that answers as documented, truthfully or misleadingly."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import base58

from auditor_app.chain.capture import Captured, Supplements, capture
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.live import LiveResult, claimed_units, look_now
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import ReserveResult, typed_blocks
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.readers.tron import ALWAYS_HOLDS
from auditor_app.chain.transport import Limits
from auditor_app.operation import run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.statement import Asset, BlockReference
from tests.unit.chain.fake_endpoint import Fake, Handler, fake_endpoint
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

    @contextmanager
    def served(self, changes: Replies) -> Iterator[Fake]:
        """A server with some replies changed; a dict is laid over the truthful reply."""
        replies = dict(self.replies)
        for name, change in changes.items():
            both = isinstance(change, dict) and isinstance(replies.get(name), dict)
            replies[name] = replies[name] | change if both else change
        with fake_endpoint(answering(replies)) as fake:
            yield fake

    def url(self, fake: Fake, host: str = "127.0.0.1") -> str:
        return f"{self.chain}={fake.url}/".replace("127.0.0.1", host)

    def capture(
        self, path: Path, *, hosts: tuple[str, ...] = ("127.0.0.1",), own: bool = False, **changes: Any
    ) -> Captured:
        """Capture into ``path``, with some replies changed."""
        with self.served(changes) as fake:
            urls = [self.url(fake, host) for host in hosts]
            port = fake.url.rpartition(":")[2]
            own_nodes = [f"{hosts[0]}:{port}"] if own else []
            plan = plan_capture(self.snapshot(), parse_endpoints(urls, own_nodes=own_nodes), TOKEN)
            work = capture(self.snapshot(), plan, [KEY], path, captured_at=NOW, token=TOKEN, supplements=QUICK)
            return run(work)

    def look(self, **changes: Any) -> LiveResult:
        """The balance now, with some replies changed."""
        with self.served(changes) as fake:
            held = self.snapshot()
            plan = plan_capture(held, parse_endpoints([self.url(fake)]), TOKEN)
            claims = claimed_units(held, TOKEN)
            return run(look_now(held.statement.predicate, plan, claims, TOKEN, QUICK.limits))

    def observed(self, path: Path) -> ReserveResult:
        evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
        try:
            return observe(self.snapshot(), evidence, TOKEN, typed_blocks([(self.chain, self.digest)]))
        finally:
            evidence.members.close()


def answering(replies: Replies) -> Callable[[Handler, Any], None]:
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


def tron_balance(amount: int, of: str = TRON_EARLIER) -> Replies:
    found: Replies = {"block_identifier": {"hash": of, "number": int(of[:16], 16)}}
    return found | ({"balance": amount} if amount else {})  # protobuf leaves a zero out


def tron_history(request: Any) -> Replies:
    assert request["block_identifier"] == {"hash": TRON_BLOCK, "number": 70_000_000}
    return tron_balance(1 if request["account_identifier"]["address"] == ALWAYS_HOLDS else 1_500_000)


def tron_no_history(_request: Any) -> Replies:
    return tron_balance(0, TRON_BLOCK)  # no error, and the block echoed: as documented


def _tron_account(request: Any) -> Replies:
    return {"address": request["address"], "balance": 10**9 if request["address"] == ALWAYS_HOLDS else 1_400_000}


def tron_call(request: Any) -> Replies:
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
        getaccount=_tron_account,
        getaccountbalance=tron_history,
        triggerconstantcontract=tron_call,
    )


# Solana --------------------------------------------------------------------------------------------------------------

SOL_ACCOUNT = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"
SOL_LATEST = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N"
MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"


def sol_account(lamports: int, owner: str = "1" * 32, data: bytes = b"") -> Replies:
    encoded = [base64.b64encode(data).decode(), "base64"]
    return {"lamports": lamports, "owner": owner, "data": encoded, "rentEpoch": 2**64 - 1, "executable": False}


def sol_state(slot: int, value: Any) -> Replies:
    return {"result": {"context": {"slot": slot, "apiVersion": "2.0"}, "value": value}}


def token_account(mint: str = MINT, owner: str = SOL_ACCOUNT, amount: int = 42) -> bytes:
    return base58.b58decode(mint) + base58.b58decode(owner) + amount.to_bytes(8, "little") + bytes(93)


def sol_tokens(data: bytes, slot: int = 1200) -> Replies:
    return sol_state(slot, [{"pubkey": SOL_ACCOUNT, "account": sol_account(1, TOKEN_PROGRAM, data)}])


def solana(token: bool = False) -> Chain:
    chain = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
    kind = f"token:{MINT}" if token else "slip44:501"
    mint = sol_state(1200, [sol_account(1, TOKEN_PROGRAM, bytes(44) + b"\x06" + bytes(37))])
    return Chain(
        chain,
        SOL_ACCOUNT,
        Asset(symbol="SOL", decimals=9, on_chain=(f"{chain}/{kind}",)),
        1000,
        "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn",
        42_000 if token else 5_000,
        getGenesisHash={"result": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"},
        getBlock={"result": {"blockhash": "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn"}},
        getMultipleAccounts=mint if token else sol_state(1200, [sol_account(5_000)]),
        getLatestBlockhash=sol_state(1150, {"blockhash": SOL_LATEST, "lastValidBlockHeight": 1300}),
        getTokenAccountsByOwner=sol_tokens(token_account()),
        getSignaturesForAddress={"result": [{"signature": "x", "slot": 900}]},
    )


# XRP -----------------------------------------------------------------------------------------------------------------

LEDGER = "AB" * 32


def xrp_ledger(**changes: Any) -> Replies:
    head = {"ledger_hash": LEDGER, "ledger_index": 90_000_000, "validated": True, "status": "success"}
    return {"result": head | changes}


def xrp_newest(**changes: Any) -> Replies:
    """The newest ledger, five after the snapshot's."""
    return xrp_ledger(ledger_hash="EF" * 32, ledger_index=90_000_005, **changes)


def _ledger(request: Any) -> Replies:
    return xrp_newest() if request["params"][0]["ledger_index"] in ("validated", 90_000_005) else xrp_ledger()


def _account_info(request: Any) -> Replies:
    (asked,) = request["params"]
    past = asked["ledger_index"] == 90_000_000
    data = {"Balance": "123456789" if past else "100", "Account": asked["account"]}
    return xrp_ledger(account_data=data) if past else xrp_newest(account_data=data)


def xrp() -> Chain:
    return Chain(
        "xrpl:0",
        "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
        Asset(symbol="XRP", decimals=6, on_chain=("xrpl:0/slip44:144",)),
        90_000_000,
        LEDGER,
        123_456_789,
        ledger=_ledger,
        account_info=_account_info,
    )


# TON -----------------------------------------------------------------------------------------------------------------

LATER_ROOT = base64.b64encode(b"\x08" * 32).decode()
ROOT = base64.b64encode(b"\x07" * 32).decode()


def ton_account() -> str:
    """A bounceable address that CAIP-10 can hold (its alphabet has no underscore)."""
    raw = b"\x11\x00" + b"\x05" * 32
    return base64.urlsafe_b64encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "big")).decode()


def ton_block(seqno: int = 45_000_000, root: str = ROOT) -> Replies:
    return {"workchain": -1, "shard": "-9223372036854775808", "seqno": seqno, "root_hash": root, "file_hash": root}


def ton_state(balance: Any, block: Any) -> Replies:
    return {"ok": True, "result": {"@type": "raw.fullAccountState", "balance": balance, "block_id": block}}


def _ton_block_asked(path: str) -> Replies:
    return ton_block() if "seqno=45000000" in path else ton_block(45_000_003, LATER_ROOT)


def ton() -> Chain:
    return Chain(
        "ton:mainnet",
        ton_account(),
        Asset(symbol="TON", decimals=9, on_chain=("ton:mainnet/slip44:607",)),
        45_000_000,
        "07" * 32,
        99,
        lookupBlock=lambda path: {"ok": True, "result": _ton_block_asked(path)},
        getAddressInformation=lambda path: ton_state("99" if "seqno=45000000" in path else "7", _ton_block_asked(path)),
        getMasterchainInfo={"ok": True, "result": {"last": ton_block(45_000_003, LATER_ROOT)}},
    )
