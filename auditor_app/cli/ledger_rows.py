"""``ledger rows``: look at rows of a signed ledger: from a number on, the one with an id, or all that findings are about."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from auditor_app.cli.audit_options import typed_instant
from auditor_app.cli.sample_options import count
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say
from auditor_app.errors import UsageError
from auditor_app.findings import exit_status
from auditor_app.ledger.browse import LedgerRow, find_id, place_of, row_index
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.ledger.source import PART_ROWS
from auditor_app.merkle.exceptional import exceptional_rows
from auditor_app.merkle.recompute import recompute
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.statement import Ledger
from auditor_app.snapshot.trust import load_store

_MOST = 10_000
"""Rows that one call shows at most."""

_NOT_FOUND = 1


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help="the signed snapshot, a file or a folder")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store with the pinned keys")
    parser.add_argument("--ledger", metavar="NAME", help="which ledger, where there is more than one")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--row", type=count, metavar="N", help="rows from this one on, counted from 1")
    wanted.add_argument("--id", metavar="ID", help="the first row whose first cell is this, whole")
    wanted.add_argument(
        "--exceptions", action="store_true", help="recalculate the ledger, and show every row that a finding is about"
    )
    parser.add_argument("--count", type=count, default=10, metavar="K", help=f"how many rows, {_MOST} at most (10)")
    parser.add_argument(
        "--trusted-time", metavar="T", help="the UTC instant at which keys are judged; without it a time stamp, or now"
    )
    add_json_option(parser)
    parser.set_defaults(handler=_rows_command)


def _rows_command(options: argparse.Namespace) -> int:
    """Show them, and return the exit status: 1 where there is no such row, or for exceptions."""
    with _opened(options) as (source, ledger):
        if options.exceptions:
            return _exceptions(options, source, ledger)
        place = place_of(options.row - 1) if options.row else None
        if options.row == 0:
            raise UsageError("USAGE", "rows are counted from 1", action="Type --row 1 for the first one.")
        if options.id is not None:
            place = drive(find_id(source, options.id, CancelToken()))
        rows = [] if place is None else _from(source, ledger, place, 1 if options.id is not None else options.count)
    _show(options, ledger, rows, more=False)
    if not rows:
        say(f"{ledger.name}: no such row")
    return 0 if rows else _NOT_FOUND


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[tuple[SnapshotLedger, Ledger]]:
    """The ledger that was asked for, of an authentic snapshot."""
    snapshot = authenticate_snapshot(
        options.snapshot,
        load_store(options.trust),
        token=CancelToken(),
        trusted_time=typed_instant(options.trusted_time),
    )
    try:
        ledgers = {ledger.name: ledger for ledger in snapshot.statement.predicate.ledgers}
        name = options.ledger or (next(iter(ledgers)) if len(ledgers) == 1 else "")
        if name not in ledgers:
            raise UsageError(
                "USAGE", "name the ledger with --ledger", expected=", ".join(ledgers), observed=options.ledger or "none"
            )
        yield SnapshotLedger(snapshot, ledgers[name]), ledgers[name]
    finally:
        snapshot.members.close()


def _from(source: SnapshotLedger, ledger: Ledger, place: tuple[int, int], wanted: int) -> list[LedgerRow]:
    """Rows from a place on, over the borders of parts."""
    number, at = place
    rows: list[LedgerRow] = []
    wanted = min(wanted, _MOST)
    while len(rows) < wanted and number < len(ledger.members):
        part = row_index(source.read_part(number, CancelToken()), CancelToken())
        rows += part[at : at + wanted - len(rows)]
        number, at = number + 1, 0
    return rows


def _exceptions(options: argparse.Namespace, source: SnapshotLedger, ledger: Ledger) -> int:
    """Every row that a finding is about."""
    result = drive(recompute(source, ledger.commitments, totals=ledger.totals, typed_root=None, token=CancelToken()))
    found = drive(exceptional_rows(source, result.findings, ledger.members, CancelToken()))
    _show(options, ledger, found.rows, more=found.more)
    if not found.rows:
        say(f"{ledger.name}: no finding is about a row")
    if found.more:
        say(f"{ledger.name}: there are more; these are the first {len(found.rows)}")
    return exit_status(result.findings)


def _show(options: argparse.Namespace, ledger: Ledger, rows: Sequence[LedgerRow], *, more: bool) -> None:
    """A line for each row, and one JSON object."""
    listed = []
    for row in rows:
        number, at = divmod(row.index, PART_ROWS)
        member = ledger.members[min(number, len(ledger.members) - 1)]
        codes = tuple(getattr(row, "codes", ()))
        listed.append(
            {
                "row": str(row.index + 1),
                "member": member,
                "memberRow": str(at + 1),
                "bytes": str(row.size),
                "cells": list(row.cells),
                "findings": list(codes),
            }
        )
        said = f"  {', '.join(codes)}" if codes else ""
        say(f"{row.index + 1}  {member}, row {at + 1}{said}  {','.join(row.cells)}")
    emit_json(options.json, {"ledger": ledger.name, "rows": listed, "more": more})
