"""The command line: ``python -m auditor_app`` and the sub-commands of ``reserve-auditor``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor_app import __version__
from auditor_app.cli.outputs import refuse_to_replace_inputs
from auditor_app.cli.terminal import (
    Parser,
    StandardOutput,
    add_json_option,
    emit_json,
    finding_json,
    flush,
    results_beside_json,
    warn,
)
from auditor_app.errors import AuditError
from auditor_app.findings import CATALOGUE, from_error
from auditor_app.machine import machine_error
from auditor_app.operation import Cancelled

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("demo", "auditor_app.cli.demo", "make the demo: snapshot, trust store, evidence and report"),
    ("verify", "auditor_app.cli.verify", "check a snapshot: signatures, ledger, root, reserves"),
    ("issuer", "auditor_app.cli.issuer", "the exchange's side: pack, sign and inspect snapshots"),
    ("trust", "auditor_app.cli.trust", "pin, list and revoke keys"),
    ("ledger", "auditor_app.cli.ledger", "recompute a root from a plain CSV ledger"),
    ("proof", "auditor_app.cli.proof", "check a published proof file"),
    ("sample", "auditor_app.cli.sample", "commit to, draw and trace a sample of leaves"),
    ("chain", "auditor_app.cli.chain", "capture what is on chain at the named blocks"),
    ("engagement", "auditor_app.cli.engagement", "open, keep, check, lock and export an engagement file"),
    ("reperform", "auditor_app.cli.reperform", "repeat every computed procedure of an exported engagement"),
    ("report", "auditor_app.cli.report", "build the PDF report"),
    ("scheme", "auditor_app.cli.scheme", "what each published tree is, and what it does not prove"),
    ("selftest", "auditor_app.cli.selftest", "run the known attacks against this installation"),
)
"""Name, module with ``add(parser)`` that sets ``handler=``, and the line in ``--help``. One line adds a group."""

_CANCELLED = 130
_READER_GONE = 141
"""Whoever read the output (``head``, a pager) closed it: what a shell reports for it."""


def build_parser(names: Sequence[str]) -> Parser:
    """The parser, with only the groups in ``names`` imported: start-up stays quick."""
    parser = Parser(
        prog="reserve-auditor",
        description="Re-performs an exchange's proof of reserves from its signed snapshot, offline.",
        epilog="Exit status: 0 nothing to report, 1 exceptions or critical findings, 2 not authentic, "
        "3 unusable input or usage.",
    )
    parser.add_argument("--version", action="version", version=f"reserve-auditor {__version__}")
    groups = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module, summary in COMMANDS:
        group = groups.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name in names:
            importlib.import_module(module).add(group)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; no traceback ever reaches the reader."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    status = 0
    try:
        status = _performed(argv)
        flush(sys.stdout)
    except BrokenPipeError:
        _abandon_output()
        return _READER_GONE
    except AuditError as error:  # standard output took no more; a command that met it has said so
        _abandon_output()
        if status != error.exit_status:
            warn(f"reserve-auditor: {error.sentence()}")
        return error.exit_status
    except (Cancelled, KeyboardInterrupt):
        warn("reserve-auditor: cancelled; no half-written file is left.")
        return _CANCELLED
    return status


def _performed(argv: Sequence[str]) -> int:
    """Parse and run; what stops the command is said and, where JSON was asked for, written."""
    usable = None
    """The options, once it is known that no result takes an input's place."""
    try:
        wanted = next((word for word in argv if not word.startswith("-")), "")
        options = build_parser([wanted]).parse_args(argv)
        refuse_to_replace_inputs(options)
        usable = options
        with results_beside_json(getattr(options, "json", None)):
            status: int = options.handler(options)
        return status
    except AuditError as error:
        stop: AuditError = error
    except (MemoryError, OSError) as error:
        wanting = machine_error(error)
        if wanting is None:
            raise
        stop = wanting
    return _stopped(stop, _asked_json(argv) if usable is None else getattr(usable, "json", None))


def _stopped(error: AuditError, target: str | StandardOutput | None) -> int:
    warn(f"reserve-auditor: {error.sentence()}")
    try:
        emit_json(target, _error_json(error))
    except AuditError as second:
        if second.sentence() != error.sentence():
            warn(f"reserve-auditor: {second.sentence()}")
    return error.exit_status


def _abandon_output() -> None:
    """Point standard output nowhere, so that the interpreter's last flush has nothing left to fail on."""
    if sys.stdout is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _asked_json(argv: Sequence[str]) -> str | StandardOutput | None:
    """Where ``--json`` points on a command line that cannot be used.

    ``--json`` before a positional argument swallows it: a file that is there may be the input, so it is left alone
    and the object goes to standard output.
    """
    probe = Parser(add_help=False, allow_abbrev=False)
    add_json_option(probe)
    try:
        target: str | StandardOutput | None = probe.parse_known_args(list(argv))[0].json
    except AuditError:
        return None
    return StandardOutput(sys.stdout) if isinstance(target, str) and Path(target).exists() else target


def _error_json(error: AuditError) -> dict[str, object]:
    """The one JSON object of a command that could not finish."""
    procedure = "container"
    known = error.code in CATALOGUE
    findings = getattr(error, "findings", ()) or (
        (from_error(error, procedure=procedure, subject=error.at.file or ""),) if known else ()
    )
    return {"error": error.sentence(), "code": error.code, "findings": [finding_json(item) for item in findings]}
