"""JSON-RPC to endpoints that hang, lie, redirect, repeat themselves or never stop talking."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from eth_abi import decode, encode

from auditor_app.chain.evm import MULTICALL3, EvmBlock, EvmReader, open_block
from auditor_app.chain.rpc import JsonRpc, Limits, RpcRefusal
from auditor_app.errors import ChainError
from auditor_app.operation import Cancelled, CancelToken, run
from tests.unit.chain.fake_endpoint import Answer, Handler, fake_endpoint

QUICK = Limits(exchange_seconds=0.4, max_bytes=10_000, attempts=3, first_wait=0.01, longest_wait=0.05, patience=1)
HASH, PARENT = "0x" + "aa" * 32, "0x" + "bb" * 32


def refused(answer: Answer, limits: Limits = QUICK) -> tuple[ChainError, int]:
    """The error of one call, and how many requests arrived."""
    with fake_endpoint(answer) as fake, JsonRpc(fake.endpoint(), CancelToken(), limits) as rpc:
        with pytest.raises(ChainError) as caught:
            rpc.call("eth_chainId", [])
        return caught.value, len(fake.seen)


def in_turn(replies: list[Answer]) -> Answer:
    """The first answer to the first request, and so on."""

    def answer(handler: Handler, request: Any) -> None:
        replies.pop(0)(handler, request)

    return answer


def drip(handler: Handler, _request: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler: Handler, _request: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 4096)


@pytest.mark.parametrize(
    ("answer", "words", "requests"),
    [
        (lambda h, r: time.sleep(1), "did not answer within 0.4 s, also after 3 attempts", 3),
        (drip, "did not answer within 0.4 s, also after 3 attempts", 3),
        (endless, "over the limit of 10000 bytes", 1),
        (lambda h, r: h.reply(b"x" * 10_001), "over the limit of 10000 bytes", 1),
        (lambda h, r: h.reply(b"<!DOCTYPE html><script>alert(1)</script>"), "an HTML page", 1),
        (lambda h, r: h.reply(b'{"jsonrpc":"2.0","id":1,"resu'), "no JSON", 1),
        (lambda h, r: h.reply(b'{"id":1,"id":2,"result":"0x1"}'), "occurs twice", 1),
        (lambda h, r: h.reply(b"", 302, Location="http://127.0.0.1:1/"), "redirects are not followed", 1),
        (lambda h, r: h.reply(b"", 429), "HTTP 429 Too Many Requests, also after 3 attempts", 3),
        (lambda h, r: h.reply(b"", 429, Retry_After="3600"), "also after 3 attempts", 3),
        (lambda h, r: h.reply(b"", 503), "HTTP 503", 3),
        (lambda h, r: h.error(r, -32005, "limit exceeded"), "limits the rate", 3),
        (lambda h, r: h.reply(b"", 403), "refuses access", 1),
        (lambda h, r: h.reply(b"nothing here", 404), "HTTP 404", 1),
        (lambda h, r: h.reply(b"\x1f\x8b", Content_Encoding="gzip"), "compressed", 1),
        (lambda h, r: h.result({"id": 999}, "0x1"), "do not belong", 1),
        (lambda h, r: h.reply(b'{"jsonrpc":"2.0","id":[],"result":"0x1"}'), "do not belong", 1),
        (lambda h, r: h.reply(b'{"jsonrpc":"2.0","id":1}'), "neither a result nor an error", 1),
        (lambda h, r: h.reply(b"[]"), "do not belong", 1),
        (lambda h, r: h.wfile.write(b"junk\r\n\r\n"), "the connection failed", 3),
    ],
)
def test_a_bad_endpoint_gives_a_clear_message(answer: Answer, words: str, requests: int) -> None:
    error, count = refused(answer)
    assert words in error.what
    assert error.code == "CHAIN.ENDPOINT"
    assert error.what.startswith("the endpoint http://127.0.0.1:")
    assert error.action
    assert count == requests


def test_an_endpoint_that_cannot_be_reached_says_so() -> None:
    with fake_endpoint(lambda h, r: None) as fake:
        gone = fake.endpoint()
    with JsonRpc(gone, CancelToken(), QUICK) as rpc, pytest.raises(ChainError, match="cannot be reached"):
        rpc.call("eth_chainId", [])


def test_patience_is_rewarded_and_the_connection_is_kept() -> None:
    replies = [lambda h, r: h.reply(b"", 429), lambda h, r: h.result(r, "0x1"), lambda h, r: h.result(r, "0x2")]
    with (
        fake_endpoint(in_turn(replies)) as fake,
        JsonRpc(fake.endpoint(), CancelToken(), QUICK) as rpc,
    ):
        assert [rpc.call("a", []), rpc.call("b", [])] == ["0x1", "0x2"]
        assert rpc.requests == 3


def test_what_the_endpoint_asks_us_to_wait_is_waited() -> None:
    replies = [lambda h, r: h.reply(b"", 429, Retry_After="1"), lambda h, r: h.result(r, "0x1")]
    limits = Limits(first_wait=0.01, longest_wait=5, patience=10)
    with (
        fake_endpoint(in_turn(replies)) as fake,
        JsonRpc(fake.endpoint(), CancelToken(), limits) as rpc,
    ):
        start = time.monotonic()
        assert rpc.call("a", []) == "0x1"
        assert time.monotonic() - start > 0.9


@pytest.mark.parametrize("answer", [lambda h, r: time.sleep(3), lambda h, r: h.reply(b"", 429, Retry_After="30")])
def test_cancelling_stops_a_hanging_request_and_a_long_wait_at_once(answer: Answer) -> None:
    token = CancelToken()
    with fake_endpoint(answer) as fake, JsonRpc(fake.endpoint(), token) as rpc:
        timer = threading.Timer(0.15, token.cancel)
        timer.start()
        start = time.monotonic()
        with pytest.raises(Cancelled):
            rpc.call("eth_chainId", [])
        assert time.monotonic() - start < 1
        timer.join()


def test_a_secret_reaches_the_endpoint_and_no_message() -> None:
    secret = "s3cr3t-of-the-auditor-0123456789"
    answer: Answer = lambda h, r: h.error(r, -32000, f"bad key {secret}")  # noqa: E731
    with fake_endpoint(answer) as fake:
        endpoint = fake.endpoint(path="/v2/{key}?k={key}", secret=secret)
        with JsonRpc(endpoint, CancelToken(), QUICK) as rpc, pytest.raises(RpcRefusal) as caught:
            rpc.call("eth_chainId", [])
        assert fake.seen[0][0] == f"/v2/{secret}?k={secret}"
    assert "bad key {key}" in caught.value.what
    for text in (str(caught.value), repr(endpoint), repr(caught.value), endpoint.origin, endpoint.source):
        assert secret not in text


def test_a_batch_is_matched_by_id_whatever_its_order() -> None:
    def shuffled(handler: Handler, request: Any) -> None:
        answers = [{"jsonrpc": "2.0", "id": item["id"], "result": item["params"][0]} for item in request]
        answers[1] = {"jsonrpc": "2.0", "id": request[1]["id"], "error": {"code": -32000, "message": "no"}}
        handler.reply(json.dumps(answers[::-1]).encode())

    with fake_endpoint(shuffled) as fake, JsonRpc(fake.endpoint(), CancelToken(), QUICK) as rpc:
        first, second, third = rpc.batch([("m", [number]) for number in range(3)])
    assert (first, third) == (0, 2)
    assert isinstance(second, RpcRefusal)


@pytest.mark.parametrize("change", [lambda a: a[:-1], lambda a: [*a, a[0]], lambda a: [a[0], a[0], a[2]]])
def test_a_batch_with_an_answer_missing_or_twice_is_refused(change: Callable[[list[Any]], list[Any]]) -> None:
    def answer(handler: Handler, request: Any) -> None:
        answers = [{"jsonrpc": "2.0", "id": item["id"], "result": "0x0"} for item in request]
        handler.reply(json.dumps(change(answers)).encode())

    with (
        fake_endpoint(answer) as fake,
        JsonRpc(fake.endpoint(), CancelToken(), QUICK) as rpc,
        pytest.raises(ChainError, match="do not belong"),
    ):
        rpc.batch([("m", []) for _ in range(3)])


def node(**results: Any) -> Answer:
    """A node whose answers are given by method name; batches are answered item by item."""

    def one(request: Any) -> dict[str, Any]:
        value = results.get(request["method"], {"code": -32601, "message": "method not found"})
        value = value(request["params"]) if callable(value) else value
        kind = "error" if isinstance(value, dict) and "code" in value else "result"
        return {"jsonrpc": "2.0", "id": request["id"], kind: value}

    def answer(handler: Handler, request: Any) -> None:
        body = [one(item) for item in request] if isinstance(request, list) else one(request)
        handler.reply(json.dumps(body).encode())

    return answer


BLOCK = {"number": "0x64", "hash": HASH, "parentHash": PARENT}


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"eth_chainId": "0x2"}, "another chain"),
        ({"eth_chainId": "-0x1"}, "no quantity"),
        ({"eth_chainId": 1}, "no quantity"),
        ({"eth_chainId": "0x01"}, "no quantity"),
        ({"eth_getBlockByNumber": None}, "no block at height"),
        ({"eth_getBlockByNumber": BLOCK | {"number": "0x65"}}, "another block"),
        ({"eth_getBlockByNumber": BLOCK | {"hash": PARENT}}, "not the one that the snapshot names"),
        ({"eth_getBlockByNumber": BLOCK | {"hash": "0xaa"}}, "wrong length"),
        ({"eth_getBlockByNumber": BLOCK | {"hash": None}}, "no data"),
    ],
)
def test_an_endpoint_that_serves_another_chain_or_block_is_refused(results: dict[str, Any], words: str) -> None:
    served = {"eth_chainId": "0x1", "eth_getBlockByNumber": BLOCK} | results
    with (
        fake_endpoint(node(**served)) as fake,
        JsonRpc(fake.endpoint(), CancelToken(), QUICK) as rpc,
        pytest.raises(ChainError) as caught,
    ):
        open_block(rpc, 1, 100, HASH)
    assert words in caught.value.what


def read(balances: int, **results: Any) -> list[int]:
    """Native balances of some holders through whatever the node offers."""
    block = EvmBlock(1, 100, HASH, PARENT, {})
    served = {"eth_getBalance": "0x7", "eth_call": "0x", "eth_getBlockByNumber": BLOCK} | results
    with fake_endpoint(node(**served)) as fake, JsonRpc(fake.endpoint(), CancelToken()) as rpc:
        reader = EvmReader(rpc, block)
        reader.prepare()
        found = run(reader.balances(None, ["0x" + f"{n:040x}" for n in range(balances)], ""))
        reader.confirm()
    return found


def reader_answer(balances: list[int], number: int = 100, chain: int = 1, parent: str = PARENT[2:]) -> str:
    words = [f"{number:064x}", f"{chain:064x}", parent, f"{128:064x}", f"{len(balances):064x}"]
    return "0x" + "".join(words) + "".join(f"{value:064x}" for value in balances)


def test_a_node_without_overrides_and_multicall_is_read_in_batches() -> None:
    assert read(250) == [7] * 250


def test_a_node_that_declines_large_batches_is_asked_for_less() -> None:
    sizes = []

    def answer(handler: Handler, request: Any) -> None:
        if isinstance(request, list):
            sizes.append(len(request))
            if len(request) > 10:
                body: Any = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}
                return handler.reply(json.dumps(body).encode())
        return node(eth_getBalance="0x7", eth_call="0x")(handler, request)

    with fake_endpoint(answer) as fake, JsonRpc(fake.endpoint(), CancelToken()) as rpc:
        reader = EvmReader(rpc, EvmBlock(1, 100, HASH, PARENT, {}))
        reader.prepare()
        assert run(reader.balances(None, ["0x" + "11" * 20] * 60, "")) == [7] * 60
    assert sizes[:5] == [1, 60, 30, 15, 7]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reader_answer([7], number=101), "ran at block 101"),
        (reader_answer([7], chain=56), "ran on chain 56"),
        (reader_answer([7], parent="cc" * 32), "another fork"),
        (reader_answer([7, 7]), "2 balances for 1 accounts"),
        (reader_answer([]), "0 balances for 1 accounts"),
    ],
)
def test_a_call_that_ran_elsewhere_or_answers_short_is_an_error(answer: str, words: str) -> None:
    with pytest.raises(ChainError, match=words):
        read(1, eth_call=answer)


@pytest.mark.parametrize("balance", ["-0x1", "0x-1", "7", 7, None, "0x", "0x1" + "0" * 64, "0x07"])
def test_a_balance_that_is_no_quantity_is_refused(balance: Any) -> None:
    with pytest.raises(ChainError, match="no quantity"):
        read(1, eth_getBalance=balance)


def test_a_block_that_changes_while_it_is_read_is_an_error() -> None:
    with pytest.raises(ChainError, match="changed while it was read"):
        read(1, eth_getBlockByNumber=BLOCK | {"hash": PARENT})


def test_a_node_that_does_not_know_hash_pins_is_asked_by_height() -> None:
    def balance(params: Any) -> Any:
        return {"code": -32602, "message": "Cannot wrap a object"} if isinstance(params[1], dict) else "0x7"

    assert read(3, eth_getBalance=balance) == [7, 7, 7]


class Bulk:
    """A node that takes some of the bulk methods, and declines more than ``most`` balances at once."""

    def __init__(self, *takes: str, most: int = 10**9, block: int = 100, chain: int = 1) -> None:
        self.takes, self.most, self.block, self.chain = takes, most, block, chain
        self.asked: list[tuple[str, int]] = []

    def __call__(self, handler: Handler, request: Any) -> None:
        if isinstance(request, list):
            return self._batch(handler, request)
        if request["method"] == "eth_getBalance":
            return handler.result(request, "0x7")
        call, _, *override = request["params"]
        data = bytes.fromhex(call["data"][2:])
        if override and "override" in self.takes:
            _, holders = decode(["address", "address[]"], data)
            return self._told(handler, request, "override", len(holders), reader_answer([7] * len(holders), self.block))
        if not override and call["to"] == MULTICALL3 and "multicall" in self.takes:
            (calls,) = decode(["(address,bool,bytes)[]"], data[4:])
            words = [self.block, self.chain] + [7] * (len(calls) - 2)
            answers = [(True, value.to_bytes(32, "big")) for value in words]
            return self._told(
                handler, request, "multicall", len(calls) - 2, "0x" + encode(["(bool,bytes)[]"], [answers]).hex()
            )
        return handler.error(request, -32602, "too many arguments, want at most 2")

    def _told(self, handler: Handler, request: Any, method: str, size: int, answer: str) -> None:
        self.asked.append((method, size))
        if size > self.most:
            return handler.error(request, -32000, "out of gas")
        return handler.result(request, answer)

    def _batch(self, handler: Handler, request: Any) -> None:
        self.asked.append(("batch", len(request)))
        handler.reply(json.dumps([{"jsonrpc": "2.0", "id": item["id"], "result": "0x7"} for item in request]).encode())

    def read(self, balances: int) -> str:
        """The method's name, once all balances were read."""
        with fake_endpoint(self) as fake, JsonRpc(fake.endpoint(), CancelToken()) as rpc:
            reader = EvmReader(rpc, EvmBlock(1, 100, HASH, PARENT, {}))
            name = reader.prepare()
            self.asked.clear()
            holders = ["0x" + f"{number:040x}" for number in range(balances)]
            assert run(reader.balances(None, holders, "")) == [7] * balances
        return name


@pytest.mark.parametrize(
    ("takes", "name"),
    [(("override", "multicall"), "state override"), (("multicall",), "Multicall3"), ((), "JSON batch")],
)
def test_the_first_method_that_a_node_takes_is_used(takes: tuple[str, ...], name: str) -> None:
    node = Bulk(*takes)
    assert node.read(250) == name
    assert {method for method, _ in node.asked} == {takes[0] if takes else "batch"}


def test_chunks_start_at_500_grow_while_the_node_answers_and_stop_at_5000() -> None:
    node = Bulk("override")
    node.read(20_000)
    assert [size for _, size in node.asked] == [500, 1000, 2000, 4000, 5000, 5000, 2500]


def test_chunks_halve_when_the_node_declines_and_no_balance_is_asked_twice() -> None:
    node = Bulk("override", most=700)
    node.read(2000)
    assert [size for _, size in node.asked] == [500, 1000, 500, 1000, 500, 500]


def test_a_method_that_gives_out_is_followed_by_the_next() -> None:
    node = Bulk("override", "multicall", most=0)
    with fake_endpoint(node) as fake, JsonRpc(fake.endpoint(), CancelToken()) as rpc:
        reader = EvmReader(rpc, EvmBlock(1, 100, HASH, PARENT, {}))
        node.most = 1
        assert reader.prepare() == "state override"
        node.most = 0
        assert run(reader.balances(None, ["0x" + "11" * 20] * 3, "")) == [7] * 3
    methods = [method for method, _ in node.asked]
    assert [methods.index(name) for name in ("override", "multicall", "batch")] == sorted(
        methods.index(name) for name in ("override", "multicall", "batch")
    )


@pytest.mark.parametrize(("lies", "words"), [({"block": 99}, "ran at block 99"), ({"chain": 56}, "ran on chain 56")])
def test_multicall_also_says_where_it_ran(lies: dict[str, int], words: str) -> None:
    with pytest.raises(ChainError, match=words):
        Bulk("multicall", **lies).read(3)
