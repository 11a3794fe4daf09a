"""``reserve-auditor chain challenge``: the text to be signed for proofs of control."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from auditor_app.chain.ownership.challenge import make_challenge
from auditor_app.cli.terminal import add_json_option, emit_json, plain, say
from auditor_app.instants import format_instant

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
    add_json_option(parser)
    parser.set_defaults(handler=_challenge)


def _challenge(options: argparse.Namespace) -> int:
    today = format_instant(datetime.now(UTC))[:_DATE_LENGTH]
    made = make_challenge(options.purpose, date=today, block=options.block)
    emit_json(options.json, {"challenge": made.text, "nonce": made.nonce, "date": made.date, "block": made.block})
    say("Ask for this text, to the letter, signed with the key of every reserve address:")
    say()
    say(f"  {plain(made.text)}")
    say()
    say('Keep it: "chain ownership FILE --challenge TEXT" compares the signed messages with it.')
    return 0
