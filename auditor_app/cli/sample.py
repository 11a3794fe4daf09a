"""``reserve-auditor sample``: plan, commit, draw and evaluate a sample of leaves."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, say, say_findings
from auditor_app.errors import UsageError
from auditor_app.findings import Finding, exit_status
from auditor_app.instants import format_instant
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import ProofStep
from auditor_app.operation import CancelToken
from auditor_app.sampling.commitment import CommitmentRecord, commit, load_record, refuse_other_snapshot, write_record
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.draw import draw
from auditor_app.sampling.evaluate import most_likely_misstatement, stringer_rate, upper_limit
from auditor_app.sampling.monetary import DIRECTION
from auditor_app.sampling.plan import expected_taints, monetary_size, plan_attribute
from auditor_app.sampling.rates import Rate, parse_rate
from auditor_app.sampling.result import SampleItem, SampleResult
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store

_METHODS = tuple(item.value for item in Distribution)
_MONETARY = "monetary"


def add(parser: argparse.ArgumentParser) -> None:
    """Add ``plan``, ``commit``, ``draw`` and ``evaluate``."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_plan(verbs.add_parser("plan", help="compute a sample size and what it rests on"))
    _add_commit(verbs.add_parser("commit", help="fix plan and source before the randomness exists"))
    _add_draw(verbs.add_parser("draw", help="draw the committed leaves and trace each to the published root"))
    _add_evaluate(verbs.add_parser("evaluate", help="compute limits from the deviations found"))


def _add_rates(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--confidence", required=True, metavar="C", help="for instance 95%% or 0.95")
    parser.add_argument("--tolerable", required=True, metavar="T", help="the tolerable deviation rate, e.g. 5%%")
    parser.add_argument("--expected", default="0", metavar="E", help="the expected deviation rate, e.g. 0.5%%")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    _add_rates(parser)
    parser.add_argument("--population", type=_count, metavar="N", help="how many items there are")
    parser.add_argument("--method", choices=(*_METHODS, _MONETARY), default=Distribution.HYPERGEOMETRIC.value)
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
    add_json_option(parser)
    parser.set_defaults(handler=_draw)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=_count, required=True, metavar="N", help="how many items were inspected")
    parser.add_argument("--deviations", type=_count, metavar="K", help="how many deviated")
    parser.add_argument(
        "--taint", action="append", default=[], metavar="T", help="one overstatement's share, e.g. 20%%"
    )
    parser.add_argument("--book-value", metavar="V", help="the population's book value, for amounts")
    parser.add_argument("--confidence", required=True, metavar="C", help="for instance 95%% or 0.95")
    parser.add_argument("--population", type=_count, metavar="N", help="population, for the hypergeometric")
    parser.add_argument("--method", choices=_METHODS, default=Distribution.BINOMIAL.value)
    add_json_option(parser)
    parser.set_defaults(handler=_evaluate)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"not a whole number: {text[:40]!r}")
    return int(text)


def _plan(options: argparse.Namespace) -> int:
    rates = _rates(options)
    if options.method == _MONETARY:
        return _plan_monetary(options, *rates)
    if options.population is None:
        raise UsageError("USAGE", "--population is missing", action="Say how many items there are.")
    confidence, tolerable, expected = rates
    plan = plan_attribute(
        Distribution(options.method),
        confidence=confidence,
        tolerable=tolerable,
        expected=expected,
        population=options.population,
    )
    emit_json(
        options.json,
        {
            "method": f"attribute-{plan.distribution}",
            "confidence": confidence.text,
            "tolerable": tolerable.text,
            "expected": expected.text,
            "population": str(plan.population),
            "size": str(plan.size),
            "allowedDeviations": str(plan.allowed_deviations),
            "prose": plan.prose(),
        },
    )
    say(plan.prose())
    return 0


def _plan_monetary(options: argparse.Namespace, confidence: Rate, tolerable: Rate, expected: Rate) -> int:
    size = monetary_size(confidence.value, tolerable.value, expected.value)
    taints = expected_taints(confidence.value, expected.value / tolerable.value)
    prose = (
        f"Draw {size:,} monetary units (Poisson, confidence {confidence.percent}, tolerable misstatement "
        f"{tolerable.percent}, expected {expected.percent}); the taints found may add up to about {taints:.2f}. "
        f"{DIRECTION}"
    )
    emit_json(
        options.json,
        {
            "method": _MONETARY,
            "confidence": confidence.text,
            "tolerable": tolerable.text,
            "expected": expected.text,
            "size": str(size),
            "expectedTaints": f"{taints:.4f}",
            "prose": prose,
        },
    )
    say(prose)
    return 0


def _rates(options: argparse.Namespace) -> tuple[Rate, Rate, Rate]:
    return (
        parse_rate(options.confidence, name="confidence"),
        parse_rate(options.tolerable, name="tolerable rate"),
        parse_rate(options.expected, name="expected rate"),
    )


def _commit(options: argparse.Namespace) -> int:
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
            committed_at=format_instant(datetime.now(UTC)),
        )
    finally:
        snapshot.members.close()
    write_record(record, options.output)
    emit_json(options.json, _commitment_json(record, snapshot.findings))
    _say_commitment(record, options.output)
    say_findings(snapshot.findings)
    return exit_status(snapshot.findings)


def _authenticate(options: argparse.Namespace) -> AuthenticSnapshot:
    store = load_store(options.trust)
    return authenticate_snapshot(options.snapshot, store, token=CancelToken(), trusted_time=options.trusted_time)


def _commitment_json(record: CommitmentRecord, findings: tuple[Finding, ...]) -> dict[str, object]:
    return {
        "commitment": record.digest.hex(),
        "committedAt": record.committed_at,
        "ledger": record.committed.ledger,
        "scheme": record.committed.scheme,
        "root": record.committed.root,
        "population": str(record.plan.population),
        "size": str(record.plan.size),
        "allowedDeviations": str(record.plan.allowed_deviations),
        "source": record.source.text,
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
    token = CancelToken()
    record = load_record(options.record)
    snapshot = _authenticate(options)
    try:
        ledger = refuse_other_snapshot(record, snapshot)
        source = SnapshotLedger(snapshot, ledger)
        result = drive(recompute(source, ledger.commitments, totals=ledger.totals, typed_root=None, token=token))
        operation = draw(record, snapshot, (result,), options.randomness, token, extend_to=options.extend_to)
        sample = drive(operation)
    finally:
        snapshot.members.close()
    findings = (*snapshot.findings, *result.findings, *sample.findings)
    emit_json(options.json, sample_document(sample, findings))
    _say_sample(sample, findings)
    return exit_status(findings)


def sample_document(sample: SampleResult, findings: tuple[Finding, ...]) -> dict[str, object]:
    """The one JSON object of ``sample draw``; proofs hold every hash on the way to the root."""
    return {
        "ledger": sample.ledger,
        "scheme": sample.scheme,
        "root": sample.root,
        "population": str(sample.population),
        "size": str(sample.size),
        "method": f"attribute-{sample.method}",
        "confidence": sample.confidence,
        "tolerable": sample.tolerable,
        "expected": sample.expected,
        "allowedDeviations": str(sample.allowed_deviations),
        "commitment": sample.commitment,
        "committedAt": sample.committed_at,
        "source": sample.source,
        "randomness": sample.randomness,
        "seed": sample.seed,
        "items": [_item_json(item) for item in sample.items],
        "deviations": str(sample.deviations),
        "dummyRejected": sample.dummy_rejected,
        "findings": [finding_json(item) for item in findings],
    }


def _item_json(item: SampleItem) -> dict[str, object]:
    proof = item.proof
    return {
        "index": str(item.index),
        "ticket": item.ticket,
        "key": item.key,
        "included": item.included,
        "row": None if proof is None else proof.row,
        "leaf": None if proof is None else proof.leaf,
        "path": [] if proof is None else [_step_json(step) for step in proof.steps],
    }


def _step_json(step: ProofStep) -> dict[str, object]:
    return {
        "level": step.level,
        "side": step.side,
        "sibling": step.sibling,
        "siblingBalances": dict(step.sibling_balances),
        "node": step.node,
        "nodeBalances": dict(step.node_balances),
    }


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
    confidence = parse_rate(options.confidence, name="confidence").value
    distribution = Distribution(options.method)
    taints = [parse_rate(text, name="taint").value for text in options.taint]
    deviations = len(taints) if options.deviations is None else options.deviations
    limit = upper_limit(distribution, options.size, deviations, confidence, options.population)
    document = {
        "method": distribution.value,
        "size": str(options.size),
        "deviations": str(deviations),
        "mostLikelyRate": str(Fraction(deviations, options.size)),
        "upperLimit": f"{limit:.10g}",
    }
    if taints:
        bound = stringer_rate(distribution, options.size, taints, confidence)
        document["stringerRate"] = f"{bound:.10g}"
        if options.book_value is not None:
            book = _book_value(options.book_value)
            document["mostLikelyMisstatement"] = f"{float(most_likely_misstatement(options.size, taints, book)):.10g}"
            document["stringerBound"] = f"{float(Fraction(bound) * book):.10g}"
    emit_json(options.json, document)
    for name, value in document.items():
        say(f"  {name:<24}{value}")
    say("Under agreed-upon procedures, print none of this unless computing it is itself an agreed procedure.")
    return 0


def _book_value(text: str) -> Fraction:
    try:
        return Amount.parse(text).fraction()
    except ValueError as error:
        raise UsageError("USAGE", f"--book-value: {error}") from None
