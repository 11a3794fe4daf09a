"""``reserve-auditor sample``: plan, commit, draw, execute and evaluate a sample."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from auditor_app.cli import sample_execute
from auditor_app.cli.engaged import add_engagement_options, author_of, engagement_of, say_recorded
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, say, say_findings
from auditor_app.engagement.file import EngagementFile
from auditor_app.engagement.sampling_steps import (
    DrawAsked,
    commitment_acts,
    commitment_document,
    draw_acts,
    drawn,
    evaluation_act,
    plan_act,
)
from auditor_app.engagement.terms import InputRole
from auditor_app.errors import AuditError, UsageError
from auditor_app.findings import Finding, exit_status
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken
from auditor_app.sampling.commitment import CommitmentRecord, commit, write_record
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.document import (
    FORM,
    MONETARY,
    EvaluationAsked,
    PlanAsked,
    evaluation_document,
    plan_document,
    sample_document,
)
from auditor_app.sampling.result import SampleResult
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store

_METHODS = tuple(item.value for item in Distribution)


def add(parser: argparse.ArgumentParser) -> None:
    """Add ``plan``, ``commit``, ``draw`` and ``evaluate``."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_plan(verbs.add_parser("plan", help="compute a sample size and what it rests on"))
    _add_commit(verbs.add_parser("commit", help="fix plan and source before the randomness exists"))
    _add_draw(verbs.add_parser("draw", help="draw the committed leaves and trace each to the published root"))
    sample_execute.add(verbs)
    _add_evaluate(verbs.add_parser("evaluate", help="compute limits from executed items, or from typed numbers"))


def _add_rates(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--confidence", required=True, metavar="C", help="for instance 95%% or 0.95")
    parser.add_argument("--tolerable", required=True, metavar="T", help="the tolerable deviation rate, e.g. 5%%")
    parser.add_argument("--expected", default="0", metavar="E", help="the expected deviation rate, e.g. 0.5%%")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    _add_rates(parser)
    parser.add_argument("--population", type=_count, metavar="N", help="how many items there are")
    parser.add_argument("--method", choices=(*_METHODS, MONETARY), default=Distribution.HYPERGEOMETRIC.value)
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_plan)


def _add_commit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help="the signed snapshot")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store with the pinned keys")
    _add_rates(parser)
    parser.add_argument("--method", choices=_METHODS, default=Distribution.HYPERGEOMETRIC.value)
    parser.add_argument(
        "--source",
        required=True,
        metavar="SOURCE",
        help="drand:quicknet:ROUND, block:CHAIN:HEIGHT, dice, or secrets:AUDITOR_SHA256:CLIENT_SHA256",
    )
    parser.add_argument("--ledger", metavar="NAME", help="the ledger, where the snapshot holds several")
    parser.add_argument("--trusted-time", metavar="T", help="the UTC instant at which keys are judged")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="RECORD", help="a file that is not there yet"
    )
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_commit)


def _add_draw(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", type=Path, metavar="RECORD", help="the record that sample commit wrote")
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help="the signed snapshot")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store with the pinned keys")
    parser.add_argument(
        "--randomness",
        required=True,
        metavar="R",
        help="drand:ROUND:SIGNATURE, block:HASH, dice:DIGITS, or secrets:AUDITOR:CLIENT",
    )
    parser.add_argument("--extend-to", type=_count, metavar="N", help="draw N leaves; those already drawn stay")
    parser.add_argument("--trusted-time", metavar="T", help="the UTC instant at which keys are judged")
    parser.add_argument("-o", "--output", type=Path, metavar="DRAWN", help="write the drawn sample here, to execute it")
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_draw)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--execution",
        nargs="?",
        const=sample_execute.FROM_JOURNAL,
        metavar="EXECUTED",
        help="evaluate executed items: the file of sample execute, or without one the engagement's last execution",
    )
    parser.add_argument("--size", type=_count, metavar="N", help="how many items were inspected")
    parser.add_argument("--deviations", type=_count, metavar="K", help="how many deviated")
    parser.add_argument(
        "--taint", action="append", default=[], metavar="T", help="one overstatement's share, e.g. 20%%"
    )
    parser.add_argument("--book-value", metavar="V", help="the population's book value, for amounts")
    parser.add_argument("--confidence", metavar="C", help="for instance 95%% or 0.95")
    parser.add_argument("--population", type=_count, metavar="N", help="population, for the hypergeometric")
    parser.add_argument("--method", choices=_METHODS, default=Distribution.BINOMIAL.value)
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_evaluate)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"not a whole number: {text[:40]!r}")
    return int(text)


def _plan(options: argparse.Namespace) -> int:
    asked = PlanAsked(
        options.method,
        options.confidence,
        options.tolerable,
        options.expected,
        "" if options.population is None else str(options.population),
    )
    document = plan_document(asked)
    with engagement_of(options) as book:
        if book is not None:
            say_recorded(book.record(plan_act(asked, author_of(options))))
    emit_json(options.json, document)
    say(document["prose"])
    return 0


def _commit(options: argparse.Namespace) -> int:
    with engagement_of(options) as book:
        committed_at = format_instant(datetime.now(UTC))
        snapshot = _authenticate(options)
        try:
            record = commit(
                snapshot,
                ledger=options.ledger,
                distribution=Distribution(options.method),
                confidence=options.confidence,
                tolerable=options.tolerable,
                expected=options.expected,
                source=options.source,
                committed_at=committed_at,
            )
        finally:
            snapshot.members.close()
        write_record(record, options.output)
        if book is not None:
            _journal_commitment(book, record, options)
    emit_json(options.json, _commitment_json(record, snapshot.findings))
    _say_commitment(record, options.output)
    say_findings(snapshot.findings)
    return exit_status(snapshot.findings)


def _journal_commitment(book: EngagementFile, record: CommitmentRecord, options: argparse.Namespace) -> None:
    """Nothing is left behind where the engagement refuses it."""
    paths: dict[InputRole, Path] = {
        "snapshot": options.snapshot,
        "trust store": options.trust,
        "sample record": options.output,
    }
    try:
        operation = commitment_acts(book.papers, record, paths, author_of(options), CancelToken())
        say_recorded(book.record(*drive(operation)))
    except AuditError:
        options.output.unlink(missing_ok=True)
        raise


def _authenticate(options: argparse.Namespace) -> AuthenticSnapshot:
    store = load_store(options.trust)
    return authenticate_snapshot(options.snapshot, store, token=CancelToken(), trusted_time=options.trusted_time)


def _commitment_json(record: CommitmentRecord, findings: tuple[Finding, ...]) -> dict[str, object]:
    return {
        **commitment_document(record),
        "weakness": record.source.weakness,
        "findings": [finding_json(item) for item in findings],
    }


def _say_commitment(record: CommitmentRecord, path: Path) -> None:
    say(record.plan.prose())
    say(f"  commitment  {record.digest.hex()}")
    say(f"  written     {path} at {record.committed_at}")
    speaks = record.source.speaks_at
    when = f", published at {format_instant(speaks)}" if speaks else ""
    say(f"  source      {record.source.text}{when}")
    if record.source.weakness:
        say(f"  weaker than a drand round: {record.source.weakness}")
    say("Hand the commitment to the client now; draw once the source has spoken.")


def _draw(options: argparse.Namespace) -> int:
    with engagement_of(options) as book:
        time = options.trusted_time if book is None or options.trusted_time else author_of(options).at
        asked = DrawAsked(options.record, options.snapshot, options.trust, options.randomness, options.extend_to, time)
        outcome = drive(drawn(asked, CancelToken()))
        document = sample_document(outcome.sample, FORM)
        if options.output is not None:
            sample_execute.write_document(options.output, document)
        with sample_execute.taken_back(options.output):
            if book is not None:
                operation = draw_acts(book.papers, asked, outcome, author_of(options), CancelToken())
                say_recorded(book.record(*drive(operation)))
    emit_json(options.json, {**document, "findings": [finding_json(item) for item in outcome.findings]})
    _say_sample(outcome.sample, outcome.findings)
    return exit_status(outcome.findings)


def _say_sample(sample: SampleResult, findings: tuple[Finding, ...]) -> None:
    say(f"Ledger {sample.ledger}, {sample.scheme}: {len(sample.items):,} of {sample.population:,} leaves drawn")
    say(f"  commitment  {sample.commitment} at {sample.committed_at}")
    say(f"  randomness  {sample.randomness}")
    say(f"  seed        {sample.seed}")
    say(f"  root        {sample.root}")
    for item in sample.items:
        say(f"  {item.index:>12}  {item.key:<64}  {'reached the root' if item.included else 'DID NOT REACH THE ROOT'}")
    say(f"  dummy         {'failed, as it must' if sample.dummy_rejected else 'PASSED'}")
    say(f"  {sample.deviations} of {len(sample.items)} did not reach the root")
    say_findings(findings)


def _evaluate(options: argparse.Namespace) -> int:
    if options.execution is not None:
        if options.size is not None or options.deviations is not None or options.taint or options.book_value:
            raise UsageError("USAGE", "--execution goes without typed numbers", action="Leave one of them out.")
        return sample_execute.evaluate(options)
    if options.size is None or options.confidence is None:
        raise UsageError("USAGE", "--size and --confidence are missing", action="Type both, or name an --execution.")
    asked = EvaluationAsked(
        options.method,
        options.confidence,
        str(options.size),
        "" if options.deviations is None else str(options.deviations),
        tuple(options.taint),
        options.book_value or "",
        "" if options.population is None else str(options.population),
    )
    document = evaluation_document(asked)
    with engagement_of(options) as book:
        if book is not None:
            say_recorded(book.record(evaluation_act(asked, author_of(options))))
    emit_json(options.json, document)
    for name, value in document.items():
        say(f"  {name:<24}{value}")
    say("Under agreed-upon procedures, print none of this unless computing it is itself an agreed procedure.")
    return 0
