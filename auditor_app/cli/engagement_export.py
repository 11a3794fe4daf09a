"""What leaves an engagement on the command line: its package, and the head of an issued report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from auditor_app.cli.terminal import add_json_option, emit_json, say
from auditor_app.engagement.checking import KnownHead
from auditor_app.engagement.file import open_for_reading


def add(verbs: Any) -> None:
    """Add the verbs."""
    summary = "write the package for the file room: journal, results, reports, digests of inputs"
    parser = verbs.add_parser("export", help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.add_argument("file", type=Path, metavar="FILE", help="the engagement file; it is only read")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PACKAGE", help="where to write the ZIP")
    add_json_option(parser)
    parser.set_defaults(handler=_export)


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


def head_of(report: Path) -> KnownHead:
    """The journal's head that a report holds."""
    from auditor_app.fileroom.issued import head_of_report

    return head_of_report(report)
