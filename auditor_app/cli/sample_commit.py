"""``reserve-auditor sample commit``: fix leaves, strata, a list or reserve addresses before the source speaks."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.cli.engaged import add_engagement_options, author_of, engagement_of, say_recorded
from auditor_app.cli.sample_execute import taken_back
from auditor_app.cli.sample_options import add_rates, confidence_of
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, say, say_findings
from auditor_app.engagement.commit_steps import CommitAsked, paths_of, sealed
from auditor_app.engagement.sampling_steps import commitment_acts
from auditor_app.findings import Finding, exit_status
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken
from auditor_app.sampling.commitment import CommitmentRecord
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.monetary import DIRECTION
from auditor_app.sampling.records import AnyRecord, record_document, write_any
from auditor_app.sampling.reserves import SELECTIONS, ReserveRecord

_METHODS = tuple(item.value for item in Distribution)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``commit``."""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help="the signed snapshot")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store with the pinned keys")
    add_rates(parser)
    parser.add_argument(
        "--method",
        choices=(*_METHODS, *SELECTIONS),
        help="the distribution (hypergeometric without); with --reserves how units are laid (fixed-interval without)",
    )
    parser.add_argument(
        "--source",
        required=True,
        metavar="SOURCE",
        help="drand:quicknet:ROUND, block:CHAIN:HEIGHT, dice, or secrets:AUDITOR_SHA256:CLIENT_SHA256",
    )
    parser.add_argument("--ledger", metavar="NAME", help="the ledger, where the snapshot holds several")
    parser.add_argument(
        "--stratum", action="append", default=[], metavar="BAND", help="ASSET:FROM.. or ASSET:FROM..TO; the first fits"
    )
    parser.add_argument(
        "--allocation",
        default="proportional",
        metavar="HOW",
        help="sizes of the strata: proportional, equal, or typed with that of all others last: 20,20,19",
    )
    parser.add_argument("--list", type=Path, metavar="CSV", help="draw from this list (id,key[,asset,amount]) instead")
    parser.add_argument("--compare", choices=("presence", "equal"), help="what of a listed item must be in the ledger")
    parser.add_argument("--reserves", default="", metavar="ASSET", help="draw monetary units of reserve addresses")
    parser.add_argument("--trusted-time", metavar="T", help="the UTC instant at which keys are judged")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="RECORD", help="a file that is not there yet"
    )
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_commit)


def _asked(options: argparse.Namespace) -> CommitAsked:
    usual = "fixed-interval" if options.reserves else Distribution.HYPERGEOMETRIC.value
    return CommitAsked(
        options.snapshot,
        options.trust,
        options.method or usual,
        confidence_of(options),
        options.tolerable,
        options.expected,
        options.source,
        ledger=options.ledger,
        trusted_time=options.trusted_time,
        strata=tuple(options.stratum),
        allocation=options.allocation,
        listed=options.list,
        compare=options.compare or "",
        asset=options.reserves,
    )


def _commit(options: argparse.Namespace) -> int:
    asked = _asked(options)
    with engagement_of(options) as book:
        made = drive(sealed(asked, format_instant(datetime.now(UTC)), CancelToken()))
        write_any(made.record, options.output)
        with taken_back(options.output):
            if book is not None:
                paths = paths_of(asked, options.output)
                acts = commitment_acts(book.papers, made.record, paths, author_of(options), CancelToken())
                say_recorded(book.record(*drive(acts)))
    emit_json(options.json, _json(made.record, made.findings))
    _say(made.record, options.output)
    say_findings(made.findings)
    return exit_status(made.findings)


def _json(record: AnyRecord, findings: tuple[Finding, ...]) -> dict[str, object]:
    return {
        **record_document(record),
        "weakness": record.source.weakness,
        "findings": [finding_json(item) for item in findings],
    }


def _say(record: AnyRecord, path: Path) -> None:
    if isinstance(record, ReserveRecord):
        say(
            f"Draw {record.size:,} monetary units of the {record.committed.accounts} accounts in {record.committed.asset}."
        )
        say(DIRECTION)
    else:
        say(record.plan.prose())
    if isinstance(record, CommitmentRecord):
        for item in record.committed.strata:
            say(f"  {item.label:<40} {item.size} of {item.population}")
        if record_document(record).get("bounded") is False:
            say(
                "  These sizes do NOT bound the deviation rate below the tolerable one: raise them, or plan without strata."
            )
    say(f"  commitment  {record.digest.hex()}")
    say(f"  written     {path} at {record.committed_at}")
    speaks = record.source.speaks_at
    when = f", published at {format_instant(speaks)}" if speaks else ""
    say(f"  source      {record.source.text}{when}")
    if record.source.weakness:
        say(f"  weaker than a drand round: {record.source.weakness}")
    say("Hand the commitment to the client now; draw once the source has spoken.")
