"""Listing what a capture would ask: quick for many hosts, with progress, and it can be stopped."""

from __future__ import annotations

import pytest

from auditor_app.chain import plan
from auditor_app.chain.address.evm import eip55
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.plan import plan_capture, planning
from auditor_app.operation import Cancelled, CancelToken, run
from tests.unit.chain.snapshots import snapshot

HOSTS = parse_endpoints([f"eip155:1=https://node-{number}.example" for number in range(13)])
MANY = [(f"eip155:1:{eip55(number.to_bytes(20, 'big'))}", "ETH", number) for number in range(1, 1201)]


def test_a_host_more_costs_no_look_at_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(plan, "accepted", lambda *arguments: looked.append(arguments))
    listed = plan_capture(snapshot(MANY), HOSTS, CancelToken())
    assert len(looked) == 2 * len(MANY)  # once to take a row in, once to count it, whatever the number of hosts
    assert [(item.origin, item.accounts) for item in listed.readings] == [(host.origin, 1200) for host in HOSTS]


def test_listing_says_how_far_it_is_and_stops_when_asked() -> None:
    said = []
    run(planning(snapshot(MANY), HOSTS, CancelToken()), said.append)
    assert [item.percent for item in said] == [0, 42, 85]
    token = CancelToken()
    work = planning(snapshot(MANY), HOSTS, token)
    next(work)
    token.cancel()
    with pytest.raises(Cancelled):
        run(work)
