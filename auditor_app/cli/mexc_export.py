"""``ledger mexc-export``: what MEXC hands to its auditor, against its log."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.cli.terminal import (
    add_json_option,
    drive,
    emit_json,
    finding_json,
    limitation_json,
    say,
    say_findings,
)
from auditor_app.findings import exit_status
from auditor_app.ledger.mexc_export.check import CoinSum, check_export, shown_up
from auditor_app.operation import CancelToken


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("parts", type=Path, nargs="+", metavar="FOLDER|FILE", help="the part files, or their folder")
    parser.add_argument("--log", type=Path, required=True, metavar="LOG", help="the log that was written with them")
    add_json_option(parser)
    parser.set_defaults(handler=export_command)


def export_command(options: argparse.Namespace) -> int:
    """Compare, print, and return the exit status."""
    check = drive(check_export(options.parts, options.log, CancelToken()))
    emit_json(
        options.json,
        {
            "rows": check.rows,
            "files": [
                {"name": part.name, "rows": part.rows, "bytes": part.bytes, "md5": part.md5} for part in check.parts
            ],
            "sums": [_sum_json(item) for item in check.sums],
            "findings": [finding_json(item) for item in check.findings],
            "limitations": [limitation_json(item) for item in check.limitations],
        },
    )
    for part in check.parts:
        say(f"{part.name}: {part.rows:,} rows, {part.bytes:,} bytes, MD5 {part.md5}")
    for item in check.sums:
        say(f"{item.coin}: cells {item.cells.plain()}, log {item.logged.plain()}")
        say(f"  differ by {_difference(item).plain()}, rounding allows {shown_up(item.tolerance)}")
    say_findings(check.findings)
    return exit_status(check.findings)


def _difference(item: CoinSum) -> Amount:
    return item.cells - item.logged


def _sum_json(item: CoinSum) -> dict[str, object]:
    return {
        "coin": item.coin,
        "cells": item.cells.plain(),
        "logged": item.logged.plain(),
        "difference": _difference(item).plain(),
        "tolerance": shown_up(item.tolerance),
        "within": item.within,
    }
