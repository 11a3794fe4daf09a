"""Raw exchanges: kept as they were, up to a cap, never with a secret."""

from __future__ import annotations

import json
from typing import Any

from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.exchanges import ExchangeLog
from auditor_app.chain.rpc import JsonRpc
from auditor_app.chain.transport import Exchange
from auditor_app.operation import CancelToken
from tests.unit.chain.fake_endpoint import Handler, fake_endpoint

ENDPOINT = Endpoint("eip155:1", "https", "Node.example", 8545, "/")


def test_a_secret_that_a_reply_echoes_is_blotted_out() -> None:
    def echo(handler: Handler, request: Any) -> None:
        handler.result(request, f"you came to {handler.path}")

    log = ExchangeLog(ENDPOINT, 1)
    with (
        fake_endpoint(echo) as fake,
        JsonRpc(fake.endpoint(path="/v3/{key}", secret="hunter2"), CancelToken(), on_exchange=log.add) as rpc,
    ):
        assert rpc.call("web3_clientVersion", []) == "you came to /v3/{key}"
    (member,) = log.members()
    assert member.name == "exchanges/eip155-1/1-node.example-8545.jsonl"
    assert b"hunter2" not in member.data
    kept = json.loads(member.data)
    assert json.loads(kept["request"])["method"] == "web3_clientVersion"
    assert json.loads(kept["reply"])["result"] == "you came to /v3/{key}"
    assert kept["asked"] == "POST"


def test_bytes_that_are_no_text_and_a_cap() -> None:
    log = ExchangeLog(ENDPOINT, 1, max_bytes=200)
    log.add(Exchange("https://node.example", "2026-11-23T00:00:00Z", "GET /x", b"", b"\xff\x00"))
    assert json.loads(log.members()[0].data)["replyBase64"] == "/wA="
    for _ in range(3):
        log.add(Exchange("https://node.example", "2026-11-23T00:00:00Z", "GET /x", b"", b"y" * 100))
    assert len(log.members()[0].data.splitlines()) == 1
    assert "3 raw exchanges were not kept" in log.notes()[0]
    assert ExchangeLog(ENDPOINT, 2).members() == ()
