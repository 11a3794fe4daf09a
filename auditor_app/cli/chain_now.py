"""``reserve-auditor chain now``: the snapshot's addresses at the newest blocks; a look, not evidence."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.live import LiveAsset, LiveResult, claimed_units, look_now
from auditor_app.chain.plan import plan_balances
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store")
    parser.add_argument("--endpoint", action="append", required=True, default=[], metavar="CHAIN=URL")
    add_json_option(parser)
    parser.set_defaults(handler=_now)


def _now(options: argparse.Namespace) -> int:
    token = CancelToken()
    endpoints = parse_endpoints(options.endpoint)
    snapshot = authenticate_snapshot(options.snapshot, load_store(options.trust), token=token)
    try:
        plan = plan_balances(snapshot, endpoints, token)
        for reading in plan.readings:
            say(
                f"  {reading.origin}: {reading.accounts} {'balance' if reading.accounts == 1 else 'balances'} of {reading.asset} at the newest block"
            )
        result = drive(look_now(snapshot.statement.predicate, plan, claimed_units(snapshot, token), token))
    finally:
        snapshot.members.close()
    _say(result)
    emit_json(options.json, _document(result))
    return 0


def _say(result: LiveResult) -> None:
    for chain, height, digest, origin in result.blocks:
        say(f"{chain}  block {height}  {digest}  from {origin}")
    for item in result.assets:
        say(f"  {item.asset}  claimed then {Amount(item.claimed, item.decimals).grouped()}")
        say(f"  {item.asset}  on chain now {Amount(item.now, item.decimals).grouped()}")
        say(f"  {item.asset}  change       {_signed(item.now - item.claimed, item.decimals)}")
        rate = _no_rate(item) if item.rate_if_unchanged is None else f"{item.rate_if_unchanged} %"
        say(f"  {item.asset}  rate if the published liabilities had stood still: {rate}")
    for note in result.notes:
        say(note)
    say("This is a look at the chain now. It is no evidence and enters no figure of an engagement.")


def _no_rate(item: LiveAsset) -> str:
    """Why there is no rate."""
    if not item.complete:
        return "not all rows were read"
    if item.published_liabilities is None:
        return "a ledger publishes no total"
    return "nothing is owed"


def _signed(units: int, decimals: int) -> str:
    return ("+" if units > 0 else "") + Amount(units, decimals).grouped()


def _document(result: LiveResult) -> dict[str, object]:
    return {
        "audited": False,
        "lookedAt": format_instant(datetime.now(UTC)),
        "blocks": [
            {"chain": chain, "blockHeight": str(height), "blockHash": digest, "endpoint": origin}
            for chain, height, digest, origin in result.blocks
        ],
        "lines": [
            {
                "account": line.account,
                "asset": line.asset,
                "claimed": str(line.claimed),
                "now": str(line.now),
                "change": str(line.change),
            }
            for line in result.lines
        ],
        "assets": [
            {
                "asset": item.asset,
                "claimed": str(item.claimed),
                "now": str(item.now),
                "publishedLiabilities": None if item.published_liabilities is None else str(item.published_liabilities),
                "complete": item.complete,
                "rateIfLiabilitiesUnchanged": item.rate_if_unchanged,
            }
            for item in result.assets
        ],
        "notes": list(result.notes),
    }
