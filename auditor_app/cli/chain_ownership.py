"""``reserve-auditor chain ownership``: the proofs of control of a published list, checked offline."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from auditor_app.amounts import Amount, floor_percent
from auditor_app.chain.anchor import read_own_blocks
from auditor_app.chain.ownership.check import check_rows, signatures_seen
from auditor_app.chain.ownership.lists import read_list
from auditor_app.chain.ownership.model import OwnershipLine, OwnershipResult, ValueShare
from auditor_app.chain.sent import EvidenceTransactions
from auditor_app.chain.wallets import EvidenceContracts
from auditor_app.cli.terminal import (
    add_json_option,
    drive,
    emit_json,
    finding_json,
    limitation_json,
    say,
    say_findings,
)
from auditor_app.cli.typed_hashes import add_block_options, block_options
from auditor_app.counts import counted
from auditor_app.engagement.file import open_for_reading
from auditor_app.errors import UsageError
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_evidence, authenticate_snapshot
from auditor_app.snapshot.trust import load_store


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="OKX's or HTX's CSV, or a snapshot's ownership.csv")
    parser.add_argument("--challenge", metavar="TEXT", help="the text that was to be signed; makes a message fresh")
    parser.add_argument(
        "--engagement", type=Path, metavar="E", help="take the challenge that this engagement issued last"
    )
    parser.add_argument(
        "--as-of", metavar="DATE", help="the snapshot's date; a date within seven days of it makes a message fresh"
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an earlier list: signatures that already stood in it are reported; may be given more than once",
    )
    parser.add_argument(
        "--evidence", type=Path, metavar="E", help="an evidence file with the state of contract wallets"
    )
    parser.add_argument("--trust", type=Path, metavar="T", help="the trust store, for --evidence")
    parser.add_argument(
        "--snapshot", type=Path, metavar="S", help="the snapshot of the evidence: its asset map decides transaction ids"
    )
    add_block_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_ownership)


def _ownership(options: argparse.Namespace) -> int:
    earlier: dict[bytes, str] = {}
    for path in options.earlier:
        for signature, place in signatures_seen(read_list(path)).items():
            earlier.setdefault(signature, place)
    challenge = options.challenge
    if challenge is None and options.engagement is not None:
        challenge = _issued(options.engagement)
    rows = read_list(options.file)
    token = CancelToken()
    with _on_chain(options, token) as (contracts, transactions):
        work = check_rows(
            rows,
            challenge=challenge,
            as_of=options.as_of,
            token=token,
            earlier=earlier,
            contracts=contracts,
            transactions=transactions,
        )
        result = drive(work)
    emit_json(options.json, ownership_document(result, options.file.name))
    _say(result, options.file.name)
    return exit_status(result.findings)


def _issued(engagement: Path) -> str:
    """The challenge that an engagement issued last."""
    with open_for_reading(engagement) as book:
        challenge = book.papers.challenge
    if challenge is None:
        raise UsageError("USAGE", f"{engagement.name} issued no challenge", action="Make one: chain challenge.")
    return challenge


@contextmanager
def _on_chain(
    options: argparse.Namespace, token: CancelToken
) -> Iterator[tuple[EvidenceContracts | None, EvidenceTransactions | None]]:
    """Contract wallets and, with a snapshot, transactions as the given evidence shows them."""
    if options.evidence is None:
        yield None, None
        return
    if options.trust is None:
        raise UsageError("USAGE", "--evidence needs --trust", action="Name the trust store.")
    store = load_store(options.trust)
    hashes, checkpoints = block_options(options)
    with ExitStack() as opened:
        evidence = authenticate_evidence(options.evidence, store, token=token)
        opened.callback(evidence.members.close)
        snapshot = None
        if options.snapshot is not None:
            snapshot = authenticate_snapshot(options.snapshot, store, token=token)
            opened.callback(snapshot.members.close)
        own = drive(read_own_blocks(evidence, hashes, checkpoints, token))
        say_findings(own.findings)
        contracts = opened.enter_context(EvidenceContracts(evidence, own.blocks, token, snapshot))
        yield contracts, None if snapshot is None else EvidenceTransactions(evidence, own.blocks, token, snapshot)


def ownership_document(result: OwnershipResult, file_name: str) -> dict[str, object]:
    """The result as one JSON object; amounts are exact decimal texts, shares are rounded down to four decimals."""
    return {
        "file": file_name,
        "challenge": result.challenge,
        "asOf": result.as_of,
        "counts": {outcome.value: number for outcome, number in result.counts().items()},
        "rows": [_line_json(line) for line in result.lines],
        "shareByValue": {share.asset: _share_json(share) for share in result.shares},
        "findings": [finding_json(item) for item in result.findings],
        "limitations": [limitation_json(item) for item in result.limitations],
    }


def _line_json(line: OwnershipLine) -> dict[str, object]:
    row = line.row
    return {
        "row": row.at.row,
        "asset": row.asset,
        "account": row.account,
        "amount": None if row.amount is None else row.amount.fixed(),
        "network": line.network,
        "method": line.method or None,
        "scheme": line.scheme or None,
        "result": line.outcome.value,
        "binds": line.binds.value,
        "freshness": line.freshness.value,
        "message": row.message,
        "seenBefore": line.seen_before or None,
        "typoRisk": line.typo_risk,
        "note": line.note or None,
    }


def _share_json(share: ValueShare) -> dict[str, object]:
    parts = {
        "valid": share.valid,
        "fresh": share.fresh,
        "stale": share.stale,
        "indirect": share.indirect,
        "none": share.none,
    }
    return {"rows": share.rows, "total": share.total.fixed()} | {
        name: {"amount": part.at_scale(share.total.scale).fixed(), "percent": _percent(part, share.total)}
        for name, part in parts.items()
    }


def _percent(part: Amount, total: Amount) -> str | None:
    """``None`` where the total is nothing."""
    return floor_percent(part.at_scale(total.scale).units, total.units)


def _say(result: OwnershipResult, file_name: str) -> None:
    counts = ", ".join(f"{number:,} {outcome.value}" for outcome, number in result.counts().items())
    say(f"{file_name}: {counted(len(result.lines), 'row')}: {counts}")
    if result.shares:
        say("Share of value with a proof bound to the address: fresh, stale; bound to a key or owner only; none")
    for share in result.shares:
        shown = (share.fresh, share.stale, share.indirect, share.none)
        cells = "  ".join(f"{_percent(part, share.total) or '-':>8} %" for part in shown)
        say(f"  {share.asset:<24.24} {share.total.fixed():>32}  {cells}")
    say_findings(result.findings)
    for item in result.limitations:
        say(f"  limitation {item.code}  {item.message}")
