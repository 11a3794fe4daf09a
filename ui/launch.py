"""The console script: the window without a sub-command, the command line with one. Qt is imported only for the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor_app.cli.audit_options import add_audit_options, audit_request
from auditor_app.cli.main import build_parser
from auditor_app.cli.main import main as command_line
from auditor_app.cli.terminal import Parser, warn
from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import AuditError, UsageError

_UNUSABLE = 3
ENGAGEMENT_SUFFIX = ".engagement"
_OPENED = (".porsnap", ENGAGEMENT_SUFFIX)
_LIBRARIES = "libgl1 libegl1 libxkbcommon0 libfontconfig1 libglib2.0-0 libdbus-1-3 libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
_WINDOW_HELP = "Without a command the window opens; `reserve-auditor open FILE [--trust S] [--evidence E] …` opens it on a snapshot, `reserve-auditor open NAME.engagement` on an engagement. "


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for and return the exit status."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if not argv:
        return _window(None, None)
    if argv[0] == "open":
        return _open_demo(Path(argv[2])) if argv[1:2] == ["--demo"] and len(argv) == 3 else _open(argv[1:])
    if argv[0].lower().endswith(_OPENED):  # a file from a file manager
        return _open(argv)
    if argv[0] in ("-h", "--help"):
        parser = build_parser([])
        parser.epilog = _WINDOW_HELP + (parser.epilog or "")
        parser.print_help()
        return 0
    return command_line(argv)


def _open(argv: Sequence[str]) -> int:
    """``open FILE``: the window on a file."""
    if len(argv) == 1 and argv[0].lower().endswith(ENGAGEMENT_SUFFIX):
        return _open_engagement(Path(argv[0]))
    parser = Parser(prog="reserve-auditor open", description="Open the window on a snapshot.")
    add_audit_options(parser, trust_required=False)
    try:
        options = parser.parse_args(list(argv))
        for path in (options.snapshot, options.trust, options.evidence, options.sample):
            if path is not None and not path.exists():
                raise UsageError("USAGE", f"there is no file {path}", action="Check the path.")
        request = audit_request(options)
    except AuditError as error:
        warn(f"reserve-auditor: {error.sentence()}")
        return error.exit_status
    return _window(request, options.trust)


def _open_engagement(path: Path) -> int:
    """``open NAME.engagement``: the window on an engagement, with its last run."""
    if not path.exists():
        warn(f"reserve-auditor: there is no file {path}. Check the path.")
        return _UNUSABLE
    return _window(None, None, path)


def _open_demo(folder: Path) -> int:
    """``open --demo DIR``: the window on the finished demo, with everything that its auditor typed."""
    from auditor_app.demo.build import DemoFiles

    files = DemoFiles.of(folder)
    if not files.snapshot.exists():
        warn(f"reserve-auditor: there is no demo in {folder}. Make it first: reserve-auditor demo {folder}")
        return _UNUSABLE
    return _window(files.request(), files.trust_store, files.engagement if files.engagement.exists() else None)


def _window(request: AuditRequest | None, trust_store: Path | None, engagement: Path | None = None) -> int:
    if not _display_there():
        warn(
            "reserve-auditor: there is no display for the window. The command line works without one: reserve-auditor --help"
        )
        return _UNUSABLE
    try:
        from ui.application import open_window
    except ImportError as error:
        warn(f"reserve-auditor: the window needs a system library ({error}). On Debian: apt-get install {_LIBRARIES}")
        return _UNUSABLE
    return open_window(request, trust_store, engagement)


def _display_there() -> bool:
    """Qt ends the process when there is none, so look first."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
