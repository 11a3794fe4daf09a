"""``reserve-auditor reperform``: repeat every computed procedure of a package and list what differs."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, limitation_json, say, say_findings
from auditor_app.errors import UsageError
from auditor_app.fileroom.reperform import Reperformance, reperform
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="what engagement export wrote")
    parser.add_argument(
        "--trust", type=Path, required=True, metavar="S", help="your own trust store; no key of the package is used"
    )
    parser.add_argument(
        "--inputs", type=Path, metavar="DIR", help="the folder with the original inputs (default: the package's)"
    )
    add_json_option(parser)
    parser.set_defaults(handler=_reperform)


def _reperform(options: argparse.Namespace) -> int:
    folder = options.package.absolute().parent if options.inputs is None else options.inputs
    if not folder.is_dir():
        raise UsageError("USAGE", f"{folder.name} is no folder", action="Name the folder with the inputs.")
    result = drive(reperform(options.package, options.trust, folder, CancelToken()))
    emit_json(options.json, _document(result))
    say(f"{result.package}  engagement {result.engagement[:16]}, head {result.head.text()}")
    for item in result.repeated:
        say(f"  entry {item.entry:>5}  {item.kind:<14} {item.status}")
        for place in item.differences:
            say(f"      {place.where}: recorded {place.recorded}, repeated {place.repeated}")
    say_findings(result.findings)
    return exit_status(result.findings)


def _document(result: Reperformance) -> dict[str, object]:
    return {
        "package": result.package,
        "engagement": result.engagement,
        "head": result.head.sha256,
        "length": str(result.head.length),
        "same": all(item.status == "same" for item in result.repeated),
        "repeated": [
            {
                "entry": str(item.entry),
                "kind": item.kind,
                "status": item.status,
                "reason": item.reason,
                "differences": [
                    {"where": place.where, "recorded": place.recorded, "repeated": place.repeated}
                    for place in item.differences
                ],
            }
            for item in result.repeated
        ],
        "findings": [finding_json(item) for item in result.findings],
        "limitations": [limitation_json(item) for item in result.limitations],
    }
