"""``reserve-auditor chain challenge``: the text to be signed for proofs of control."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.ownership.challenge import make_challenge
from auditor_app.chain.readers.model import LookTask
from auditor_app.chain.readers.table import kind_of
from auditor_app.cli.engaged import add_engagement_options, author_of, engagement_of, recorded, recorded_json
from auditor_app.cli.terminal import add_json_option, drive, emit_json, plain, say
from auditor_app.engagement.actions import IssueChallenge
from auditor_app.errors import UsageError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken

_DATE_LENGTH = len("2026-11-22")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--for", dest="purpose", default="Proof of reserves", metavar="TEXT", help="the engagement, in a few words"
    )
    parser.add_argument(
        "--block",
        default="",
        metavar="CHAIN:HEIGHT=HASH",
        help="a block mined just now; shows anyone that the message is younger than it",
    )
    parser.add_argument(
        "--endpoint", metavar="CHAIN=URL", help="ask this endpoint of yours for its newest block instead of typing one"
    )
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_challenge)


def _challenge(options: argparse.Namespace) -> int:
    if options.block and options.endpoint:
        raise UsageError("USAGE", "--block and --endpoint both name a block", action="Give one of them.")
    with engagement_of(options) as book:
        block, source = (options.block, "typed" if options.block else "")
        if options.endpoint:
            block, source = _newest_block(options.endpoint)
        today = format_instant(datetime.now(UTC))[:_DATE_LENGTH]
        made = make_challenge(options.purpose, date=today, block=block)
        document: dict[str, object] = {
            "challenge": made.text,
            "nonce": made.nonce,
            "date": made.date,
            "block": made.block,
            "blockFrom": source,
        }
        if book is not None:
            action = IssueChallenge(challenge=made.text, nonce=made.nonce, block=made.block, block_from=source)
            document |= recorded_json(recorded(book, author_of(options), action))
    emit_json(options.json, document)
    say("Ask for this text, to the letter, signed with the key of every reserve address:")
    say()
    say(f"  {plain(made.text)}")
    say()
    if source not in ("", "typed"):
        say(f"The block is the word of {source}: compare its hash with another source before you send the text.")
    if options.engagement is None:
        say('Keep it: "chain ownership FILE --challenge TEXT" compares the signed messages with it.')
    else:
        say("It stands in the engagement: its next run compares the signed messages with it.")
    return 0


def _newest_block(specification: str) -> tuple[str, str]:
    """The endpoint's newest block as ``CHAIN:HEIGHT=HASH``, and the endpoint's host."""
    (endpoint,) = parse_endpoints([specification])
    reading = drive(kind_of(endpoint).look(LookTask(endpoint, (), CancelToken())))
    return f"{endpoint.chain}:{reading.height}={reading.block_hash}", endpoint.netloc
