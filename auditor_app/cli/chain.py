"""``reserve-auditor chain``: what stands on chain, captured once and compared offline. One file per sub-command."""

from __future__ import annotations

import argparse
import importlib

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("capture", "auditor_app.cli.chain_capture", "read the snapshot's balances into a signed evidence file"),
    ("verify", "auditor_app.cli.chain_verify", "re-perform an evidence file against its snapshot, offline"),
    ("now", "auditor_app.cli.chain_now", "look at the snapshot's addresses at the newest blocks; no evidence"),
    ("window", "auditor_app.cli.chain_window", "read balances around the snapshot's blocks, for --window; no evidence"),
    ("ownership", "auditor_app.cli.chain_ownership", "check the proofs of control of a published list, offline"),
    ("challenge", "auditor_app.cli.chain_challenge", "make the text that proofs of control are to be signed over"),
)
"""Name, module with ``add(parser)`` that sets ``handler=``, and the line in ``--help``. One line adds a command."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the group's sub-commands."""
    group = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for name, module, summary in COMMANDS:
        command = group.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        importlib.import_module(module).add(command)
