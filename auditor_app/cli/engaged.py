"""Commands that work inside an engagement: ``--engagement FILE --by NAME``, one clock, one way to record."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.cli.terminal import drive, say
from auditor_app.engagement.actions import Action
from auditor_app.engagement.audit import perform
from auditor_app.engagement.file import Author, EngagementFile, Recorded, open_for_writing
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.engagement.recording import record_actions, record_run
from auditor_app.engagement.runs import at_journal_time, with_challenge
from auditor_app.errors import UsageError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken


def now() -> str:
    """The instant that enters the journal."""
    return format_instant(datetime.now(UTC))


def add_author_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Who does it, and for a locked engagement what is amended and why."""
    parser.add_argument("--by", required=required, metavar="NAME", help="who does this: a person of the engagement")
    parser.add_argument("--what", metavar="TEXT", help="in a locked engagement: what is amended")
    parser.add_argument("--why", metavar="TEXT", help="in a locked engagement: why")


def add_engagement_options(parser: argparse.ArgumentParser) -> None:
    """Record what the command does in an engagement's journal."""
    parser.add_argument("--engagement", type=Path, metavar="FILE", help="record this in the engagement's journal")
    add_author_options(parser, required=False)


def author_of(options: argparse.Namespace) -> Author:
    """Who, when, and the amendment; :class:`UsageError` for half of one."""
    if not options.by:
        raise UsageError("USAGE", "--by is missing", action="Say who does this: --by NAME.")
    if (options.what is None) != (options.why is None):
        raise UsageError("USAGE", "--what and --why go together", action="Give both or neither.")
    amendment = None if options.what is None else Amendment(what=options.what, why=options.why)
    return Author(options.by, now(), amendment)


@contextmanager
def engagement_of(options: argparse.Namespace) -> Iterator[EngagementFile | None]:
    """The engagement of ``--engagement``, open for writing before any long work starts; ``None`` without one."""
    if options.engagement is None:
        if options.by is not None or options.what is not None or options.why is not None:
            raise UsageError("USAGE", "--by, --what and --why go with --engagement")
        yield None
        return
    author_of(options)
    with open_for_writing(options.engagement) as book:
        yield book


def recorded(book: EngagementFile, author: Author, *actions: Action) -> Recorded:
    """Record plain actions and say what they did."""
    return say_recorded(record_actions(book, author, *actions))


def say_recorded(done: Recorded) -> Recorded:
    """The new head, and every sign-off that was cleared by it."""
    say(f"  journal head     {done.head.text()}")
    for item in done.cleared:
        say(f"  CLEARED the sign-off of the {item.role} {item.stamp.person}, of {item.stamp.at}")
    return done


def recorded_json(done: Recorded) -> dict[str, object]:
    """What a recording command adds to its JSON object."""
    return {
        "head": done.head.sha256,
        "length": str(done.head.length),
        "cleared": [{"role": item.role, "person": item.stamp.person, "at": item.stamp.at} for item in done.cleared],
    }


def performed(request: AuditRequest, book: EngagementFile | None, options: argparse.Namespace) -> Audit:
    """Perform a run; inside an engagement its keys are judged at the journal's time and it is recorded."""
    token = CancelToken()
    if book is None:
        return drive(perform(request, token))
    author = author_of(options)
    request = with_challenge(request, book.papers)
    audit = drive(perform(at_journal_time(request, author.at), token))
    say_recorded(record_run(book, audit, author, time_typed=request.trusted_time is not None))
    return audit
