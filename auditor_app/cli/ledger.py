"""``ledger``: ``root`` recalculates a plain CSV file without a snapshot; ``rows`` and ``mexc-export`` stand beside it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from auditor_app.cli import ledger_rows, mexc_export
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, say, say_findings
from auditor_app.errors import UsageError
from auditor_app.findings import exit_status
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.merkle.recompute import recompute_root
from auditor_app.merkle.result import ColumnTotal
from auditor_app.merkle.schemes import SCHEMES
from auditor_app.operation import CancelToken
from auditor_app.snapshot.statement import Column


def add(parser: argparse.ArgumentParser) -> None:
    """The ``ledger`` group."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    root = commands.add_parser("root", help="recalculate the root and the totals of a CSV file")
    root.add_argument("csv", type=Path, metavar="CSV", help="rows in tree order, no header, in the ledger grammar")
    root.add_argument("--scheme", required=True, metavar="NAME", help=f"one of: {', '.join(SCHEMES)}")
    root.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the scheme; repeatable"
    )
    root.add_argument(
        "--columns",
        required=True,
        metavar="SPEC",
        help="name:type for each column, comma-separated; types token, hex64, decimal, base-units/N; "
        "? optional, - signed; e.g. account:token,BTC:decimal?,ETH:base-units/8",
    )
    add_json_option(root)
    root.set_defaults(handler=root_command)
    ledger_rows.add(commands.add_parser("rows", help="look at rows of a signed ledger: by number, id, or exceptions"))
    mexc_export.add(commands.add_parser("mexc-export", help="compare MEXC's export for auditors with its log"))


def read_parameters(items: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` items as a mapping; :class:`UsageError` for anything else or a name given twice."""
    parameters: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not name or not equals or name in parameters:
            raise UsageError("USAGE", f"the parameter {item[:80]!r} is not NAME=VALUE once", action="Try: --help")
        parameters[name] = value
    return parameters


def root_command(options: argparse.Namespace) -> int:
    """Recalculate, print, and return the exit status."""
    parameters = read_parameters(options.param)
    if options.scheme not in SCHEMES:
        raise UsageError("SCHEME.UNKNOWN", f"the scheme {options.scheme!r} is not known", expected=", ".join(SCHEMES))
    ledger = CsvLedger(options.csv, parse_columns(options.columns))
    result = drive(recompute_root(ledger, options.scheme, parameters, CancelToken()))
    emit_json(
        options.json,
        {
            "scheme": result.scheme,
            "root": result.root,
            "leafCount": result.row_count,
            "totals": {
                total.asset: total_text(total, column)
                for total in result.totals
                for column in ledger.columns
                if column.name == total.asset
            },
            "findings": [finding_json(item) for item in result.findings],
        },
    )
    say(f"{ledger.name}: {result.row_count} rows, scheme {result.scheme}")
    say(f"  root  {result.root or 'none'}")
    for total in result.totals:
        say(f"  total {total.asset}  {total.total.plain()}")
    say_findings(result.findings)
    return exit_status(result.findings)


def total_text(total: ColumnTotal, column: Column) -> str:
    """A column's total as ``--json`` prints it: exact decimal text, or base units where the column holds base units."""
    return str(total.total.units) if column.type == "base-units" else total.total.plain()
