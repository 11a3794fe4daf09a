"""The terminal's side of a command: one JSON object out, progress and messages on standard error."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

from auditor_app.errors import UsageError
from auditor_app.files import write_atomically
from auditor_app.findings import Finding, Severity
from auditor_app.findings.document import finding_document as finding_json
from auditor_app.findings.document import limitation_document as limitation_json
from auditor_app.operation import Operation, Progress, run

__all__ = [
    "Parser",
    "add_json_option",
    "drive",
    "emit_json",
    "finding_json",
    "limitation_json",
    "plain",
    "say",
    "say_findings",
]

T = TypeVar("T")

_STANDARD_OUTPUT = "-"
_PROGRESS_INTERVAL = 0.25
_HARMLESS = "\n\N{NARROW NO-BREAK SPACE}"


class Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors are ours: exit status 3, JSON when JSON was asked for."""

    def error(self, message: str) -> NoReturn:
        """Raise :class:`UsageError` in place of argparse's exit status 2."""
        raise UsageError("USAGE", message, action=f"Try: {self.prog} --help")


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """``--json`` alone writes one object to standard output; ``--json FILE`` writes it there."""
    parser.add_argument(
        "--json",
        nargs="?",
        const=_STANDARD_OUTPUT,
        default=None,
        metavar="OUT",
        help="write the result as one JSON object to OUT, or to standard output",
    )


def emit_json(target: str | None, document: dict[str, Any]) -> None:
    """Write ``document`` where ``--json`` said; nothing without ``--json``."""
    if target is None:
        return
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    if target == _STANDARD_OUTPUT:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_atomically(Path(target), text.encode("utf-8"))


def plain(text: str) -> str:
    """File-supplied text made safe for a terminal: control and bidirectional characters shown as escapes."""
    return "".join(c if c.isprintable() or c in _HARMLESS else ascii(c)[1:-1] for c in text)


def say(text: str = "") -> None:
    """A line for the person at the terminal, on standard error."""
    print(plain(text), file=sys.stderr)


def say_findings(findings: tuple[Finding, ...]) -> None:
    """Each finding on its own lines, those that count first."""
    order = [Severity.CRITICAL, Severity.EXCEPTION, Severity.WARNING, Severity.NOTE]
    for item in sorted(findings, key=lambda found: order.index(found.severity)):
        say(f"  {item.severity.value:<9} {item.code}  {item.subject}")
        say(f"            {item.message}")


class _ProgressLine:
    """One rewritten line on a terminal, nothing when standard error is not one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._last = 0.0

    def show(self, progress: Progress) -> None:
        """Print at most four times a second: done, rate, time left."""
        now = time.monotonic()
        if not self._live or now - self._last < _PROGRESS_INTERVAL:
            return
        self._last = now
        text = f"{progress.note}: {progress.done:,}"
        if progress.total:
            text += f" of {progress.total:,}"
            elapsed = now - self._started
            if progress.done and elapsed > 3:
                left = elapsed * (progress.total - progress.done) / progress.done
                text += f", about {left:.0f} s left"
        self._stream.write(f"\r\x1b[K{text} {progress.unit}")
        self._stream.flush()

    def clear(self) -> None:
        """Leave an empty line behind."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def drive(operation: Operation[T]) -> T:
    """Run an operation with a progress line on standard error."""
    line = _ProgressLine(sys.stderr)
    try:
        return run(operation, line.show)
    finally:
        line.clear()
