"""``reserve-auditor demo``: the whole job on a made-up exchange, in one folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.cli.terminal import drive, say
from auditor_app.demo.build import DemoFiles, build_demo
from auditor_app.operation import CancelToken


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo"), metavar="DIR", help="default: ./demo")
    parser.set_defaults(handler=_demo)


def _demo(options: argparse.Namespace) -> int:
    files = DemoFiles.of(options.folder)
    audit = drive(build_demo(options.folder, CancelToken()))
    counting = [item for item in audit.findings if item.counts]
    others = (files.trust_store, files.evidence, files.supplied, files.sample)
    say(f"Made {files.snapshot}, {', '.join(path.name for path in others)}")
    verdicts = audit.verdicts
    say(f"Authentic: {verdicts.authentic}   data: {verdicts.data}   coverage: {verdicts.coverage}")
    for item in counting:
        say(f"  {item.severity:<9} {item.code}  {item.subject}")
    say(f"The report: {files.report}")
    say(f"The engagement: {files.engagement}, a draft from it: {files.engagement_report}, its package: {files.package}")
    with_trust = f"{files.snapshot} --trust {files.trust_store}"
    say(f"Look at it in the window: reserve-auditor open --demo {options.folder}")
    say(f"Try: reserve-auditor verify {with_trust} --evidence {files.evidence}")
    say(
        "The exchange's own evidence for a chain that nobody else looked at, with a header and a state that it made up:"
    )
    say(f"     reserve-auditor chain verify {files.supplied} --snapshot {with_trust}")
    return 0
