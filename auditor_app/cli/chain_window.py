"""``reserve-auditor chain window``: balances around the snapshot's block, into the table that ``--window`` compares."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.chain.around import read_around
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.plan import plan_balances
from auditor_app.chain.window import write_window
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say
from auditor_app.counts import counted
from auditor_app.files import write_atomically
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store")
    parser.add_argument("--endpoint", action="append", required=True, default=[], metavar="CHAIN=URL")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="CSV", help="the table to write")
    add_json_option(parser)
    parser.set_defaults(handler=_window)


def _window(options: argparse.Namespace) -> int:
    token = CancelToken()
    endpoints = parse_endpoints(options.endpoint)
    snapshot = authenticate_snapshot(options.snapshot, load_store(options.trust), token=token)
    try:
        result = drive(read_around(snapshot, plan_balances(snapshot, endpoints, token), token))
    finally:
        snapshot.members.close()
    write_atomically(options.output, write_window(result.balances))
    say(f"{counted(len(result.balances), 'balance')} around the snapshot's blocks, written to {options.output}")
    for note in result.notes:
        say(note)
    emit_json(options.json, {"balances": str(len(result.balances)), "notes": list(result.notes)})
    return 0
