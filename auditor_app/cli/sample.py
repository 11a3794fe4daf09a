"""``reserve-auditor sample``: plan, commit, draw, execute and evaluate a sample."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.cli import sample_commit, sample_execute
from auditor_app.cli.engaged import add_engagement_options, author_of, engagement_of, say_recorded
from auditor_app.cli.sample_options import add_rates, count, risks_of
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, say, say_findings
from auditor_app.engagement.sampling_steps import DrawAsked, Drawn, draw_acts, drawn, evaluation_act, plan_act
from auditor_app.errors import UsageError
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken
from auditor_app.sampling.beacon import fetch_round
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.document import EvaluationAsked, evaluation_document
from auditor_app.sampling.plan_document import PLAN_METHODS, PlanAsked, plan_document
from auditor_app.sampling.records import load_any, write_document

_METHODS = tuple(item.value for item in Distribution)


def add(parser: argparse.ArgumentParser) -> None:
    """Add ``plan``, ``commit``, ``draw``, ``letters``, ``execute`` and ``evaluate``."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_plan(verbs.add_parser("plan", help="compute a sample size and what it rests on"))
    sample_commit.add(verbs.add_parser("commit", help="fix plan and source before the randomness exists"))
    _add_draw(verbs.add_parser("draw", help="draw what was committed to and trace each item"))
    sample_execute.add(verbs)
    _add_evaluate(verbs.add_parser("evaluate", help="compute limits from executed items, or from typed numbers"))


def _add_plan(parser: argparse.ArgumentParser) -> None:
    add_rates(parser)
    parser.add_argument("--population", type=count, metavar="N", help="how many items there are")
    parser.add_argument(
        "--method",
        choices=PLAN_METHODS,
        default=Distribution.HYPERGEOMETRIC.value,
        metavar="METHOD",
        help=f"{', '.join(PLAN_METHODS)} (default: %(default)s)",
    )
    parser.add_argument("--stages", default="", metavar="K,L", help="two stages: K deviations lead on, L more pass")
    parser.add_argument("--book-value", default="", metavar="V", help="monetary: the total, for the interval")
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_plan)


def _add_draw(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", type=Path, metavar="RECORD", help="the record that sample commit wrote")
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help="the signed snapshot")
    parser.add_argument("--trust", type=Path, required=True, metavar="S", help="the trust store with the pinned keys")
    parser.add_argument(
        "--randomness",
        metavar="R",
        help="drand:ROUND:SIGNATURE, block:HASH, dice:DIGITS, or secrets:AUDITOR:CLIENT",
    )
    parser.add_argument("--fetch", metavar="URL", help="ask this drand relay for the committed round instead")
    parser.add_argument("--list", type=Path, metavar="CSV", help="the list that was committed to")
    parser.add_argument("--extend-to", type=count, metavar="N", help="draw N items; those already drawn stay")
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
    parser.add_argument("--size", type=count, metavar="N", help="how many items were inspected")
    parser.add_argument("--deviations", type=count, metavar="K", help="how many deviated")
    parser.add_argument(
        "--taint", action="append", default=[], metavar="T", help="one overstatement's share, e.g. 20%%"
    )
    parser.add_argument("--book-value", metavar="V", help="the population's book value, for amounts")
    parser.add_argument("--confidence", metavar="C", help="for instance 95%% or 0.95")
    parser.add_argument("--population", type=count, metavar="N", help="population, for the hypergeometric")
    parser.add_argument("--method", choices=_METHODS, default=Distribution.BINOMIAL.value)
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_evaluate)


def _plan(options: argparse.Namespace) -> int:
    asked = PlanAsked(
        options.method,
        options.confidence or "",
        options.tolerable,
        options.expected,
        "" if options.population is None else str(options.population),
        risks=risks_of(options),
        stages=options.stages,
        book_value=options.book_value,
    )
    document = plan_document(asked)
    with engagement_of(options) as book:
        if book is not None:
            say_recorded(book.record(plan_act(asked, author_of(options))))
    emit_json(options.json, document)
    say(document["prose"])
    if document["warning"] not in document["prose"]:
        say(document["warning"])
    return 0


def _draw(options: argparse.Namespace) -> int:
    with engagement_of(options) as book:
        time = options.trusted_time if book is None or options.trusted_time else author_of(options).at
        asked = DrawAsked(
            options.record,
            options.snapshot,
            options.trust,
            _randomness(options),
            options.extend_to,
            time,
            options.list,
        )
        outcome = drive(drawn(asked, CancelToken()))
        if options.output is not None:
            write_document(options.output, outcome.document)
        with sample_execute.taken_back(options.output):
            if book is not None:
                operation = draw_acts(book.papers, asked, outcome, author_of(options), CancelToken())
                say_recorded(book.record(*drive(operation)))
    emit_json(options.json, {**outcome.document, "findings": [finding_json(item) for item in outcome.findings]})
    _say_sample(outcome)
    return exit_status(outcome.findings)


def _randomness(options: argparse.Namespace) -> str:
    """What was typed, or the committed drand round from the relay that was named; one of the two."""
    if (options.randomness is None) == (options.fetch is None):
        raise UsageError("USAGE", "--randomness or --fetch, one of the two", action="Type what the source gave.")
    if options.randomness is not None:
        return str(options.randomness)
    return drive(fetch_round(load_any(options.record).source, options.fetch, CancelToken()))


def _say_sample(outcome: Drawn) -> None:
    sample = outcome.sample
    if sample.kind == "leaves":
        say(
            f"Ledger {sample.ledger}, {sample.scheme}: {len(sample.items):,} of {int(sample.population):,} leaves drawn"
        )
        reached, not_reached = "reached the root", "DID NOT REACH THE ROOT"
    elif sample.kind == "list":
        say(f"List {sample.list_name}: {len(sample.items):,} of {int(sample.population):,} items drawn")
        reached, not_reached = f"found in ledger {sample.ledger}", "NOT FOUND AS LISTED"
    else:
        say(
            f"Addresses in {sample.asset}: {sample.size} units in {len(sample.items):,} of {sample.population} accounts"
        )
        reached, not_reached = "in the signed list", "NOT IN THE SIGNED LIST"
    say(f"  commitment  {sample.commitment} at {sample.committed_at}")
    say(f"  randomness  {sample.randomness}")
    say(f"  seed        {sample.seed}")
    if sample.root:
        say(f"  root        {sample.root}")
    for number, stratum in enumerate(sample.strata):
        drawn_here = sum(item.stratum == number for item in sample.items)
        say(f"  stratum     {stratum.label}: {drawn_here} of {stratum.population}")
    for item in sample.items:
        beside = " certain" if item.certain else ""
        key = "" if item.key == item.id else item.key
        say(f"  {item.id:>12}  {key:<64}  {reached if item.reached else not_reached}{beside}")
    missed = sum(not item.reached for item in sample.items)
    say(f"  dummy         {'failed, as it must' if sample.dummy_rejected else 'PASSED'}")
    say(
        f"  {missed} of {len(sample.items)} {'did not reach the root' if sample.kind == 'leaves' else 'were not traced'}"
    )
    say_findings(outcome.findings)


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
