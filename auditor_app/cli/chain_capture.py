"""``reserve-auditor chain capture``: read the snapshot's balances into a signed evidence file."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.chain.anchor import read_light_client
from auditor_app.chain.capture import Captured, Supplements, capture
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.feeds import parse_feeds
from auditor_app.chain.partial import PartialCapture
from auditor_app.chain.plan import CapturePlan, plan_capture
from auditor_app.cli.keys import load_keys
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say
from auditor_app.counts import counted
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store

_SHOWN_LEFT_OUT = 20


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store")
    parser.add_argument(
        "--endpoint",
        action="append",
        required=True,
        default=[],
        metavar="CHAIN=URL",
        help="an endpoint of your choice, e.g. eip155:1=https://node.example/{key}; {key} comes from the keyring or "
        "the environment; give two of different hosts to compare them",
    )
    parser.add_argument(
        "--own-node", action="append", default=[], metavar="HOST", help="this endpoint's host is a node that you run"
    )
    parser.add_argument(
        "--light-client",
        action="append",
        default=[],
        metavar="CHAIN=DIR",
        help="a folder with bootstrap.json, updates.json and finality.json of a beacon node's light_client API, kept in "
        "the evidence so that a typed checkpoint leads to the block",
    )
    parser.add_argument(
        "--feed",
        action="append",
        default=[],
        metavar="PAIR=FEED",
        help="a price feed with which protection funds are valued, e.g. ETH/USD=eip155:1:0x…; asked at the block",
    )
    parser.add_argument("--sign", type=Path, required=True, metavar="KEY", help="the auditor's private key, PEM")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="E", help="the evidence file to write")
    parser.add_argument("--list", action="store_true", help="list the requests and stop: nothing is sent")
    add_json_option(parser)
    parser.set_defaults(handler=_capture)


def _capture(options: argparse.Namespace) -> int:
    token = CancelToken()
    endpoints = parse_endpoints(options.endpoint, own_nodes=options.own_node)
    keys = load_keys([options.sign])
    snapshot = authenticate_snapshot(options.snapshot, load_store(options.trust), token=token)
    try:
        plan = plan_capture(snapshot, endpoints, token, parse_feeds(options.feed))
        _say_plan(plan)
        if options.list:
            emit_json(options.json, _plan_document(plan))
            return 0
        now = format_instant(datetime.now(UTC))
        beacon = read_light_client(options.light_client)
        partial = PartialCapture(options.output.with_name(f"{options.output.name}.partial"), snapshot.payload_sha256)
        if partial.resumed:
            say(f"Going on with {counted(partial.resumed, 'balance')} of an interrupted capture.")
        work = capture(
            snapshot,
            plan,
            keys,
            options.output,
            captured_at=now,
            token=token,
            supplements=Supplements(light_client=beacon, partial=partial),
        )
        captured = drive(work)
    finally:
        snapshot.members.close()
    say(
        f"{counted(captured.balances, 'balance')} in {counted(captured.requests, 'request')}, written to {options.output}"
    )
    for note in captured.notes:
        say(note)
    emit_json(options.json, _plan_document(plan) | _captured_document(captured))
    return 0


def _say_plan(plan: CapturePlan) -> None:
    say("Requests:")
    for reading in plan.readings:
        say(f"  {reading.sentence()}")
    if plan.left_out:
        say(f"Not captured ({counted(len(plan.left_out), 'row')}):")
        for row in plan.left_out[:_SHOWN_LEFT_OUT]:
            say(f"  {row.account} {row.asset}: {row.reason}")
        if len(plan.left_out) > _SHOWN_LEFT_OUT:
            say(f"  and {len(plan.left_out) - _SHOWN_LEFT_OUT} more")


def _plan_document(plan: CapturePlan) -> dict[str, object]:
    return {
        "readings": [
            {
                "origin": item.origin,
                "chain": item.chain,
                "blockHeight": str(item.height),
                "asset": item.asset,
                "token": item.token,
                "accounts": str(item.accounts),
                "request": item.sentence(),
            }
            for item in plan.readings
        ],
        "notCaptured": [
            {"account": item.account, "asset": item.asset, "reason": item.reason} for item in plan.left_out
        ],
    }


def _captured_document(captured: Captured) -> dict[str, object]:
    return {
        "payloadSha256": captured.payload_sha256,
        "balances": str(captured.balances),
        "requests": str(captured.requests),
        "methods": dict(captured.methods),
        "provenChains": list(captured.proven_chains),
        "notes": list(captured.notes),
    }
