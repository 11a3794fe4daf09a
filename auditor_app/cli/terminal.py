"""The terminal's side of a command: results or one JSON object out, progress and messages on standard error."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

from auditor_app.errors import AuditError, UsageError
from auditor_app.files import write_atomically
from auditor_app.findings import Finding, Severity
from auditor_app.findings.document import finding_document as finding_json
from auditor_app.findings.document import limitation_document as limitation_json
from auditor_app.operation import Operation, Progress, run
from auditor_app.pace import Pace

__all__ = [
    "Parser",
    "StandardOutput",
    "add_json_option",
    "drive",
    "emit_json",
    "finding_json",
    "flush",
    "limitation_json",
    "plain",
    "results_beside_json",
    "say",
    "say_findings",
    "warn",
]

T = TypeVar("T")

_PROGRESS_INTERVAL = 0.25
_HARMLESS = "\n\N{NARROW NO-BREAK SPACE}"


class Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors are ours: exit status 3, JSON when JSON was asked for."""

    def error(self, message: str) -> NoReturn:
        """Raise :class:`UsageError` in place of argparse's exit status 2."""
        raise UsageError("USAGE", message, action=f"Try: {self.prog} --help")


@dataclass(frozen=True, slots=True)
class StandardOutput:
    """``--json`` without a file: the stream as it was when the command line was read."""

    stream: TextIO | None


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """``--json`` alone writes one object to standard output; ``--json FILE`` writes it there."""
    standard_output = StandardOutput(sys.stdout)
    parser.add_argument(
        "--json",
        nargs="?",
        const=standard_output,
        type=lambda text: standard_output if text == "-" else text,
        default=None,
        metavar="OUT",
        help="write the result as one JSON object to OUT, or to standard output",
    )


def emit_json(target: str | StandardOutput | None, document: dict[str, Any]) -> None:
    """Write ``document`` where ``--json`` said; nothing without ``--json``."""
    if target is None:
        return
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    if isinstance(target, StandardOutput):
        if target.stream is None:
            raise _unwritable("it is closed")
        _write(target.stream, text)
        flush(target.stream)
    else:
        write_atomically(Path(target), text.encode("utf-8"))


def plain(text: str) -> str:
    """File-supplied text made safe for a terminal: control and bidirectional characters shown as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _HARMLESS else ascii(c)[1:-1] for c in text)


def say(text: str = "") -> None:
    """A line of the result for people, on standard output; on standard error where JSON alone may stand there."""
    _write(sys.stdout, plain(text) + "\n")


def warn(text: str) -> None:
    """A message about the command itself, on standard error."""
    with suppress(OSError, AuditError):  # where nobody can be told, the exit status still says it
        _write(sys.stderr, plain(text) + "\n")


def flush(stream: TextIO | None) -> None:
    """Have written what was said; :class:`AuditError` OUTPUT.WRITE where that fails, ``BrokenPipeError`` if no one reads."""
    if stream is None:
        return
    try:
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error.strerror) from None


def _write(stream: TextIO | None, text: str) -> None:
    """Write what the stream's encoding can show; a stream that was closed from the start takes nothing."""
    if stream is None:
        return
    try:
        stream.write(_showable(text, stream.encoding or "utf-8"))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error.strerror) from None


def _showable(text: str, encoding: str) -> str:
    """The text in an encoding that may lack characters: a plain space for a narrow one, escapes for the rest."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("\N{NARROW NO-BREAK SPACE}", " ")
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _unwritable(reason: str | None) -> AuditError:
    return AuditError("OUTPUT.WRITE", f"standard output cannot be written ({reason})")


def results_beside_json(target: object) -> AbstractContextManager[object]:
    """Where :func:`say` goes while a command runs: away from standard output if one JSON object is to stand there."""
    return redirect_stdout(sys.stderr) if isinstance(target, StandardOutput) else nullcontext()


def say_findings(findings: tuple[Finding, ...], tell: Callable[[str], None] = say) -> None:
    """Each finding on its own lines, those that count first."""
    order = [Severity.CRITICAL, Severity.EXCEPTION, Severity.WARNING, Severity.NOTE]
    for item in sorted(findings, key=lambda found: order.index(found.severity)):
        tell(f"  {item.severity.value:<9} {item.code}  {item.subject}")
        tell(f"            {item.message}")


class _ProgressLine:
    """One rewritten line on a terminal, cut to its width; nothing when standard error is not one."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._pace = Pace()
        self._last = 0.0

    def show(self, progress: Progress) -> None:
        """Print at most four times a second: rows, bytes, rates, time left."""
        now = time.monotonic()
        stream = self._terminal()
        if stream is None or now - self._last < _PROGRESS_INTERVAL:
            return
        self._last = now
        said = self._pace.describe(progress)
        text = plain(f"{progress.note}: {said}" if said else progress.note)
        stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
        stream.flush()

    def clear(self) -> None:
        """Leave an empty line behind."""
        stream = self._terminal()
        if stream is not None:
            stream.write("\r\x1b[K")
            stream.flush()

    def _terminal(self) -> TextIO | None:
        return self._stream if self._stream is not None and self._stream.isatty() else None


def drive(operation: Operation[T]) -> T:
    """Run an operation with a progress line on standard error."""
    line = _ProgressLine(sys.stderr)
    try:
        return run(operation, line.show)
    finally:
        line.clear()
