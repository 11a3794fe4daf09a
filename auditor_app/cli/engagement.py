"""``reserve-auditor engagement``: the file that holds an engagement, from its terms to its lock."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from auditor_app.cli import engagement_export, engagement_papers
from auditor_app.cli.engaged import (
    add_author_options,
    author_of,
    now,
    recorded,
    recorded_json,
    say_recorded,
)
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say, say_findings
from auditor_app.counts import counted
from auditor_app.engagement import actions
from auditor_app.engagement.checking import check, head_of_sign_off, typed_head
from auditor_app.engagement.file import create, open_for_reading, open_for_writing
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.papers_document import check_document, entry_document, papers_document
from auditor_app.engagement.recording import record_inputs
from auditor_app.engagement.telling import told
from auditor_app.engagement.terms import (
    INPUT_ROLES,
    ROLES,
    STANDARDS,
    TEXT_FIELDS,
    AgreedProcedure,
    Person,
    Terms,
)
from auditor_app.errors import UsageError
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken
from auditor_app.procedures import PROCEDURES
from auditor_app.snapshot.trust import load_store


def add(parser: argparse.ArgumentParser) -> None:
    """Add the group's commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_new(verbs)
    _add_terms(verbs)
    _add_add(verbs)
    _add_person(verbs)
    _add_procedure(verbs)
    _add_show(verbs)
    _add_check(verbs)
    _add_lock(verbs)
    engagement_papers.add(verbs)
    engagement_export.add(verbs)


def _verb(verbs: Any, name: str, summary: str, *, writes: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the engagement file")
    if writes:
        add_author_options(parser, required=True)
    add_json_option(parser)
    return parser


def _term_options(parser: argparse.ArgumentParser, *, required: tuple[str, ...] = ()) -> None:
    for name in TEXT_FIELDS:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, required=name in required, metavar="TEXT", help=f"{name.replace('_', ' ')}")
    parser.add_argument(
        "--funds-with-reserves", action="store_true", default=None, help="show the rate with the protection funds too"
    )
    parser.add_argument("--threshold", action="append", metavar="NAME=VALUE", help="an agreed limit; repeatable")


def _add_new(verbs: Any) -> None:
    parser = verbs.add_parser("new", help="open an engagement", description="Open an engagement in a new file.")
    parser.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet: NAME.engagement")
    parser.add_argument("--by", required=True, metavar="NAME", help="who opens it")
    parser.add_argument(
        "--role",
        action="append",
        choices=ROLES,
        metavar="ROLE",
        help=f"that person's role (default: preparer): {', '.join(ROLES)}",
    )
    parser.add_argument("--standard", choices=tuple(STANDARDS), required=True, help="the standard followed")
    _term_options(parser, required=("client",))
    add_json_option(parser)
    parser.set_defaults(handler=_new)


def _new(options: argparse.Namespace) -> int:
    person = Person(name=options.by, roles=tuple(dict.fromkeys(options.role or ["preparer"])))
    terms = _changed(Terms(client=options.client, standard=options.standard), options)
    create(options.file, terms=terms, person=person, at=now())
    with open_for_reading(options.file) as book:
        papers = book.papers
    emit_json(options.json, {"engagement": papers.identity, "head": papers.head.sha256, "length": "1"})
    say(f"{options.file}  {STANDARDS[terms.standard]}, opened by {options.by}")
    say(f"  journal head     {papers.head.text()}")
    for name in terms.missing():
        say(f"  not stated yet   {name.replace('_', ' ')}")
    return 0


def _changed(terms: Terms, options: argparse.Namespace) -> Terms:
    """``terms`` with what was typed."""
    typed = {name: getattr(options, name) for name in (*TEXT_FIELDS, "standard", "funds_with_reserves")}
    changes: dict[str, Any] = {name: value for name, value in typed.items() if value is not None}
    if options.threshold:
        pairs = (text.partition("=") for text in options.threshold)
        changes["thresholds"] = {**terms.thresholds, **{name: value for name, _, value in pairs}}
    return msgspec.structs.replace(terms, **changes)


def _add_terms(verbs: Any) -> None:
    parser = _verb(verbs, "terms", "change what was agreed")
    parser.add_argument("--standard", choices=tuple(STANDARDS), help="the standard followed")
    _term_options(parser)
    parser.set_defaults(handler=_terms)


def _terms(options: argparse.Namespace) -> int:
    with open_for_writing(options.file) as book:
        terms = _changed(book.papers.terms, options)
        if terms == book.papers.terms:
            raise UsageError("USAGE", "no term was changed", action="Name one, for instance --purpose TEXT.")
        done = recorded(book, author_of(options), actions.ChangeTerms(terms=terms))
    emit_json(options.json, recorded_json(done))
    return 0


def _add_add(verbs: Any) -> None:
    parser = _verb(verbs, "add", "take files into the engagement by their digest; they are never copied or written to")
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT", help="snapshots, evidence, trust store …")
    parser.add_argument(
        "--as",
        dest="role",
        choices=INPUT_ROLES,
        metavar="ROLE",
        help=f"what the files are for (default: by name): {', '.join(INPUT_ROLES)}",
    )
    parser.set_defaults(handler=_add)


def _add(options: argparse.Namespace) -> int:
    with open_for_writing(options.file) as book:
        taken, done = drive(record_inputs(book, author_of(options), options.inputs, options.role, CancelToken()))
    say_recorded(done)
    inputs = [msgspec.to_builtins(reference) for reference in taken]
    emit_json(options.json, {"inputs": inputs, **recorded_json(done)})
    for reference in taken:
        say(f"  {reference.role:<16} {reference.sha256}  {reference.name}")
    return 0


def _add_person(verbs: Any) -> None:
    parser = _verb(verbs, "person", "add a person, or change what roles one has")
    parser.add_argument("name", metavar="NAME", help="the person")
    parser.add_argument(
        "--role", action="append", choices=ROLES, required=True, metavar="ROLE", help=f"repeatable: {', '.join(ROLES)}"
    )
    parser.set_defaults(handler=_person)


def _person(options: argparse.Namespace) -> int:
    person = Person(name=options.name, roles=tuple(dict.fromkeys(options.role)))
    return _record(options, actions.AddPerson(person=person))


def _add_procedure(verbs: Any) -> None:
    parser = _verb(verbs, "procedure", "agree a procedure, word one anew, or leave one out")
    parser.add_argument("key", metavar="KEY", help="the program's procedure, or a name for one of your own")
    parser.add_argument("--wording", metavar="TEXT", help="as the report prints it (default: the program's)")
    parser.add_argument("--omit", action="store_true", help="leave it out")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why it is changed or left out")
    parser.set_defaults(handler=_procedure)


def _procedure(options: argparse.Namespace) -> int:
    wording = options.wording or (PROCEDURES[options.key].wording if options.key in PROCEDURES else "")
    procedure = AgreedProcedure(key=options.key, wording=wording, agreed=not options.omit, reason=options.reason)
    return _record(options, actions.AgreeProcedure(procedure=procedure))


def _add_lock(verbs: Any) -> None:
    parser = _verb(verbs, "lock", "close the engagement: from then on it takes amendments only")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why now")
    parser.set_defaults(handler=lambda options: _record(options, actions.Lock(reason=options.reason)))


def _record(options: argparse.Namespace, action: actions.Action) -> int:
    """Record one action and print what it did."""
    with open_for_writing(options.file) as book:
        done = recorded(book, author_of(options), action)
    emit_json(options.json, recorded_json(done))
    return 0


def _add_show(verbs: Any) -> None:
    parser = _verb(verbs, "show", "show the papers, read-only", writes=False)
    parser.add_argument("--journal", action="store_true", help="show every entry of the journal instead")
    parser.set_defaults(handler=_show)


def _show(options: argparse.Namespace) -> int:
    with open_for_reading(options.file) as book:
        papers = book.papers
        digests = [item.sha256 for item in book.stored()]
        entries = book.entries()
    if options.journal:
        journal = [entry_document(entry, digest) for entry, digest in zip(entries, digests, strict=True)]
        emit_json(options.json, {"entries": journal, "head": papers.head.sha256})
        for entry, digest in zip(entries, digests, strict=True):
            say(
                f"{entry.number:>6}  {entry.at}  {digest[:16]}  {actions.action_name(entry.action):<18}  {entry.person}"
            )
            say(f"        {told(entry)}")
        return 0
    emit_json(options.json, papers_document(papers))
    _say_papers(papers)
    return 0


def _say_papers(papers: Papers) -> None:
    say(f"{papers.terms.client}  {STANDARDS[papers.terms.standard]}  opened {papers.opened}")
    say(f"  journal head     {papers.head.text()}")
    for person in papers.people:
        say(f"  {', '.join(person.roles):<16} {person.name}")
    say(
        f"  {counted(len(papers.inputs), 'input')}, {counted(len(papers.runs), 'run')}, {counted(len(papers.reports), 'report')}"
    )
    for line in papers.exceptions:
        state = "open" if line.closed is None else f"closed: {line.closing_reason}"
        say(f"  exception {line.number}: {line.procedure}, {line.item} ({state})")
    for note in papers.notes:
        say(f"  note {note.number} on {note.paper}: {note.text} ({'open' if note.closed is None else note.reply})")
    for item in papers.sign_offs:
        cleared = "" if item.cleared is None else f", CLEARED by entry {item.cleared.entry} of {item.cleared.person}"
        say(f"  signed off by {item.role} {item.stamp.person}, {item.stamp.at}{cleared}")
    if papers.locked is not None:
        say(f"  LOCKED {papers.locked.stamp.at} by {papers.locked.stamp.person}: {papers.locked.reason}")
    for amended in papers.amendments:
        say(
            f"  amended: {amended.amendment.what} ({amended.amendment.why}), {amended.stamp.person}, {amended.stamp.at}"
        )
    for obstacle in papers.obstacles():
        say(f"  no final report: {obstacle}")


def _add_check(verbs: Any) -> None:
    parser = _verb(verbs, "check", "look for entries edited, dropped, moved, cut off or written anew", writes=False)
    parser.add_argument(
        "--head", action="append", default=[], metavar="[N:]HEX", help="a head that you kept; repeatable"
    )
    parser.add_argument(
        "--report", type=Path, action="append", default=[], metavar="PDF", help="an issued report; repeatable"
    )
    parser.add_argument(
        "--sign-off", type=Path, action="append", default=[], metavar="S", help="a signed sign-off; needs --trust"
    )
    parser.add_argument("--trust", type=Path, metavar="T", help="the trust store with the signers' keys")
    parser.add_argument("--inputs", action="store_true", help="digest the inputs where they were last seen, too")
    parser.set_defaults(handler=_check)


def _check(options: argparse.Namespace) -> int:
    store = None if options.trust is None else load_store(options.trust)
    if options.sign_off and store is None:
        raise UsageError("USAGE", "--sign-off needs --trust", action="Name the trust store with the signer's key.")
    heads = [typed_head(text) for text in options.head]
    heads += [engagement_export.head_of(path) for path in options.report]
    if store is not None:
        heads += [head_of_sign_off(path, store) for path in options.sign_off]
    result = drive(check(options.file, heads, CancelToken(), store=store, inputs=options.inputs))
    emit_json(options.json, check_document(result))
    say(f"{result.file}  {result.head.length} entries")
    say(f"  journal head     {result.head.text()}")
    for known in result.compared:
        say(f"  compared with    {known.source}: {known.sha256}")
    say_findings(result.findings)
    if not result.findings:
        say("  No entry was edited, dropped or moved.")
    for item in result.limitations:
        say(f"  not shown        {item.message}")
    return exit_status(result.findings)
