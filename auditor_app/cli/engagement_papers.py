"""The papers on the command line: exceptions, tickmarks, review notes, sign-offs and amendments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from auditor_app.cli.engaged import add_author_options, author_of, recorded, recorded_json, say_recorded
from auditor_app.cli.keys import load_keys
from auditor_app.cli.terminal import add_json_option, emit_json, say
from auditor_app.counts import counted
from auditor_app.engagement import actions
from auditor_app.engagement.file import open_for_writing
from auditor_app.engagement.recording import record_last_findings
from auditor_app.engagement.signed_sign_off import sign_off_under
from auditor_app.engagement.terms import SIGNING_ROLES
from auditor_app.errors import UsageError
from auditor_app.files import write_new


def add(verbs: Any) -> None:
    """Add the verbs."""
    _add_exception(verbs)
    _add_tickmark(verbs)
    _add_note(verbs)
    _add_sign_off(verbs)
    amend = _leaf(verbs, "amend", "add an amendment to a locked engagement that is nothing but its text")
    amend.set_defaults(handler=lambda options: _record(options, actions.Amend()))


def _leaf(verbs: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the engagement file")
    add_author_options(parser, required=True)
    add_json_option(parser)
    return parser


def _group(verbs: Any, name: str, summary: str) -> Any:
    parser = verbs.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    return parser.add_subparsers(dest="step", metavar="STEP", required=True)


def _add_exception(verbs: Any) -> None:
    steps = _group(verbs, "exception", "the exceptions log: raise, update, close, import")
    parser = _leaf(steps, "raise", "raise an exception; it gets the next number")
    parser.add_argument("--procedure", required=True, metavar="KEY", help="the procedure that met it")
    parser.add_argument("--item", required=True, metavar="TEXT", help="what it is about")
    for name in ("expected", "observed", "cause", "response", "finding"):
        parser.add_argument(f"--{name}", default="", metavar="TEXT")
    parser.set_defaults(handler=_raise)
    parser = _leaf(steps, "update", "write down cause, management's response or disposition")
    parser.add_argument("number", type=_number, metavar="N")
    for name in ("cause", "response", "disposition"):
        parser.add_argument(f"--{name}", metavar="TEXT")
    parser.set_defaults(handler=_update)
    parser = _leaf(steps, "close", "close an exception with a reason; it stays in the log")
    parser.add_argument("number", type=_number, metavar="N")
    parser.add_argument("--reason", required=True, metavar="TEXT")
    parser.set_defaults(
        handler=lambda options: _record(options, actions.CloseException(number=options.number, reason=options.reason))
    )
    parser = _leaf(
        steps, "import", "raise every finding of the last run and executions that counts and is not logged yet"
    )
    parser.set_defaults(handler=_import)


def _raise(options: argparse.Namespace) -> int:
    action = actions.RaiseException(
        procedure=options.procedure,
        item=options.item,
        expected=options.expected,
        observed=options.observed,
        cause=options.cause,
        response=options.response,
        finding=options.finding,
    )
    return _record(options, action)


def _update(options: argparse.Namespace) -> int:
    action = actions.UpdateException(
        number=options.number, cause=options.cause, response=options.response, disposition=options.disposition
    )
    return _record(options, action)


def _import(options: argparse.Namespace) -> int:
    with open_for_writing(options.file) as book:
        numbers, done = record_last_findings(book, author_of(options))
    say_recorded(done)
    emit_json(options.json, {"raised": list(numbers), **recorded_json(done)})
    say(f"  {counted(len(numbers), 'exception')} raised")
    return 0


def _add_tickmark(verbs: Any) -> None:
    steps = _group(verbs, "tickmark", "tickmarks: define, set")
    parser = _leaf(steps, "define", "give a mark its one meaning")
    parser.add_argument("mark", metavar="MARK")
    parser.add_argument("meaning", metavar="MEANING")
    parser.set_defaults(
        handler=lambda options: _record(options, actions.DefineTickmark(mark=options.mark, meaning=options.meaning))
    )
    parser = _leaf(steps, "set", "set a mark beside an item of a working paper")
    parser.add_argument("mark", metavar="MARK")
    parser.add_argument("--paper", required=True, metavar="REF", help="for instance E1")
    parser.add_argument("--item", required=True, metavar="TEXT")
    parser.set_defaults(
        handler=lambda options: _record(
            options, actions.ApplyTickmark(mark=options.mark, paper=options.paper, item=options.item)
        )
    )


def _add_note(verbs: Any) -> None:
    steps = _group(verbs, "note", "review notes: open, close")
    parser = _leaf(steps, "open", "open a review note; there is no final report while it is open")
    parser.add_argument("--paper", required=True, metavar="REF", help="for instance D2")
    parser.add_argument("--text", required=True, metavar="TEXT")
    parser.set_defaults(
        handler=lambda options: _record(options, actions.OpenNote(paper=options.paper, text=options.text))
    )
    parser = _leaf(steps, "close", "answer a review note and close it")
    parser.add_argument("number", type=_number, metavar="N")
    parser.add_argument("--reply", required=True, metavar="TEXT")
    parser.set_defaults(
        handler=lambda options: _record(options, actions.CloseNote(number=options.number, reply=options.reply))
    )


def _add_sign_off(verbs: Any) -> None:
    parser = _leaf(verbs, "sign-off", "sign off everything in the file so far")
    parser.add_argument("--role", required=True, choices=SIGNING_ROLES, help="preparer first, then reviewer, partner")
    parser.add_argument("--sign", type=Path, metavar="KEY.pem", help="sign the journal's head with this key, too")
    parser.add_argument("-o", "--output", type=Path, metavar="S", help="write the signed sign-off here, to be kept")
    parser.set_defaults(handler=_sign_off)


def _sign_off(options: argparse.Namespace) -> int:
    if options.output is not None and options.sign is None:
        raise UsageError("USAGE", "-o needs --sign", action="Name the key that signs.")
    with open_for_writing(options.file) as book:
        author = author_of(options)
        action = actions.SignOff(role=options.role)
        if options.sign is not None:
            action = sign_off_under(book.papers, options.role, author, load_keys([options.sign])[0])
        done = recorded(book, author, action)
    if options.output is not None:
        write_new(options.output, (action.envelope + "\n").encode("ascii"), code="OUTPUT.WRITE")
    emit_json(options.json, recorded_json(done))
    return 0


def _record(options: argparse.Namespace, action: actions.Action) -> int:
    """Record one action and print what it did."""
    with open_for_writing(options.file) as book:
        done = recorded(book, author_of(options), action)
    emit_json(options.json, recorded_json(done))
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise argparse.ArgumentTypeError(f"not a number: {text[:40]!r}")
    return int(text)
