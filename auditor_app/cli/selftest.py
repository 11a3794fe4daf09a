"""``reserve-auditor selftest``: the known attacks against this very installation."""

from __future__ import annotations

import argparse

from auditor_app.cli.terminal import add_json_option, drive, emit_json, plain, say
from auditor_app.operation import CancelToken
from auditor_app.selftest.run import Line, selftest


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("fixtures", nargs="*", metavar="ID", help="only these fixtures, such as PL-01")
    add_json_option(parser)
    parser.set_defaults(handler=_selftest)


def _selftest(options: argparse.Namespace) -> int:
    lines = drive(selftest(CancelToken(), options.fixtures))
    emit_json(options.json, {"fixtures": [_document(line) for line in lines], "agrees": all(x.agrees for x in lines)})
    for line in lines:
        say(_text(line))
    failed = [line.id for line in lines if not line.agrees]
    say(
        f"{len(lines)} fixtures, {len(lines) - len(failed)} as expected"
        + (f"; not: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


def _text(line: Line) -> str:
    """The fixture's id first, so that the lines can be sorted and compared."""
    verdict = "as expected" if line.agrees else "DIFFERS: " + "; ".join(line.differences)
    expected, got = (" ".join(codes) or "nothing" for codes in (line.expected, line.got))
    return plain(f"{line.id:<7} {line.attack}  |  expected {expected}  |  got {got}  |  {verdict}")


def _document(line: Line) -> dict[str, object]:
    return {
        "id": line.id,
        "attack": line.attack,
        "expected": list(line.expected),
        "got": list(line.got),
        "agrees": line.agrees,
        "differences": list(line.differences),
    }
