"""What leaves an engagement on the command line: its package, its history, the head of an issued report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from auditor_app.cli.terminal import add_json_option, emit_json, say, say_findings
from auditor_app.counts import counted
from auditor_app.engagement.checking import KnownHead
from auditor_app.engagement.file import open_for_reading
from auditor_app.engagement.history import History, history_of
from auditor_app.engagement.history_document import history_document
from auditor_app.findings import exit_status


def add(verbs: Any) -> None:
    """Add the verbs."""
    parser = _verb(verbs, "export", "write the package for the file room: journal, results, reports, inputs by digest")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PACKAGE", help="where to write the ZIP")
    parser.set_defaults(handler=_export)
    parser = _verb(verbs, "history", "compare the snapshots of one issuer over time, from the recorded runs")
    parser.add_argument("--issuer", metavar="NAME", help="whose, where the engagement holds several")
    parser.set_defaults(handler=_history)


def _verb(verbs: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the engagement file; it is only read")
    add_json_option(parser)
    return parser


def _export(options: argparse.Namespace) -> int:
    from auditor_app.fileroom.package import export

    with open_for_reading(options.file) as book:
        digest = export(book, options.output)
        head = book.papers.head
    size = options.output.stat().st_size
    package = {"file": options.output.name, "sha256": digest, "size": str(size)}
    emit_json(options.json, {"package": package, "head": head.sha256, "length": str(head.length)})
    say(f"{options.output}  {size:,} bytes")
    say(f"  SHA-256          {digest}")
    say(f"  journal head     {head.text()}")
    return 0


def _history(options: argparse.Namespace) -> int:
    with open_for_reading(options.file) as book:
        history = history_of(book, options.issuer)
    emit_json(options.json, history_document(history))
    _say_history(history)
    return exit_status(history.findings)


def _say_history(history: History) -> None:
    for point in history.points:
        leaves = ", ".join(f"{name} {rows:,}" for name, rows in point.leaf_counts)
        say(f"{point.as_of}  {point.sequence:>6}  {point.snapshot_id}  {leaves} leaves")
    for asset in history.assets():
        rates = "  ".join("-" if point is None else point.rate or "no rate" for _, point in history.series(asset))
        say(f"  {asset:<8} {rates}")
    for movement in history.movements:
        say(
            f"  {movement.as_of}: {counted(len(movement.came), 'address', 'addresses')} came, {len(movement.went)} went"
        )
    say_findings(history.findings)


def head_of(report: Path) -> KnownHead:
    """The journal's head that a report holds."""
    from auditor_app.fileroom.issued import head_of_report

    return head_of_report(report)
