"""``proof check`` and ``proof tree``: recalculate what an exchange gives its customers, one path or the whole tree.

``proof check`` takes the file of a whole tree too, so that nobody has to know beforehand which of both a file is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from auditor_app.cli.ledger import read_parameters
from auditor_app.cli.terminal import (
    add_json_option,
    drive,
    emit_json,
    finding_json,
    limitation_json,
    say,
    say_findings,
)
from auditor_app.counts import counted
from auditor_app.engagement.customer_proof import LedgerComparison, LedgerRequest, compare_with_ledger
from auditor_app.errors import Location, ProofError, UsageError
from auditor_app.findings import Limitation, exit_status
from auditor_app.merkle.profiles import AUTO, Detection, Difference
from auditor_app.merkle.proof_file import detect_file, normalise_root
from auditor_app.merkle.published import Comparison, ProofCheck
from auditor_app.merkle.published_tree import TreeCheck
from auditor_app.merkle.ranges import FIELD_BITS, range_findings, read_batches
from auditor_app.merkle.tree_file import PublishedTree, check_tree, find_tree
from auditor_app.operation import CancelToken


def add(parser: argparse.ArgumentParser) -> None:
    """The ``proof`` group."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = commands.add_parser("check", help="recalculate a published file: one proof from its leaf, or a whole tree")
    check.add_argument("proof", type=Path, metavar="PROOF", help="the file as the exchange publishes it")
    check.add_argument("--scheme", default=AUTO, metavar="NAME", help="the scheme, or auto (the default)")
    check.add_argument("--root", metavar="HEX", help="the root from the exchange's own publication")
    check.add_argument("--anchor", type=Path, metavar="FILE", help="the exchange's second file, where it has one")
    check.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="what the scheme asks for besides the file"
    )
    check.add_argument("--snapshot", type=Path, metavar="S", help="also trace the leaf in this snapshot's ledger")
    check.add_argument("--trust", type=Path, metavar="T", help="the trust store with the pinned keys, for --snapshot")
    check.add_argument("--ledger", metavar="NAME", help="which ledger, where the snapshot has several of the scheme")
    check.add_argument("--trusted-time", metavar="T", help="the UTC instant at which the snapshot's keys are judged")
    add_json_option(check)
    check.set_defaults(handler=check_command)
    tree = commands.add_parser("tree", help="recalculate a whole published tree, node by node")
    tree.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="the tree's files as the exchange publishes them, or their folder",
    )
    tree.add_argument("--scheme", default=AUTO, metavar="NAME", help="the scheme, or auto (the default)")
    tree.add_argument("--root", metavar="HEX", help="the root from the exchange's own publication")
    tree.add_argument(
        "--proof", type=Path, metavar="FILE", help="the file beside the tree: a customer's leaves, or all nonces"
    )
    tree.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="what the scheme asks for besides the file"
    )
    add_json_option(tree)
    tree.set_defaults(handler=tree_command)
    ranges = commands.add_parser("ranges", help="compare published batch values with the field they are packed into")
    ranges.add_argument("file", type=Path, metavar="FILE", help="a JSON list of objects that name whole numbers")
    ranges.add_argument("--bits", type=int, default=FIELD_BITS, metavar="N", help=f"bits of a field ({FIELD_BITS})")
    add_json_option(ranges)
    ranges.set_defaults(handler=ranges_command)


def check_command(options: argparse.Namespace) -> int:
    """Check, trace where a snapshot is given, print, and return the exit status."""
    if (options.snapshot is None) != (options.trust is None) or (options.ledger and options.snapshot is None):
        raise UsageError("USAGE", "--snapshot and --trust go together; --ledger names a ledger of the snapshot")
    tree = _whole_tree(options)
    if tree is not None:
        return _check_tree(tree, options, companion=options.anchor)
    detection = detect_file(
        options.proof,
        scheme=options.scheme,
        root=options.root,
        anchor=options.anchor,
        options=read_parameters(options.param),
    )
    checks = detection.chosen.checks
    traced = _trace(options, checks)
    document = detection_json(detection)
    if traced is not None:
        document["ledger"] = comparison_json(traced)
    emit_json(options.json, document)
    for attempt in detection.attempts:
        say(attempt.sentence())
    for check in checks:
        _say_check(check)
    _say_limitations(item for check in checks for item in check.limitations)
    if detection.chosen.difference is not None:
        _say_difference(detection.chosen.difference)
    if traced is not None:
        _say_comparison(traced)
    found = [item for check in checks for item in check.findings]
    return exit_status([*found, *(() if traced is None else traced.findings)])


def _whole_tree(options: argparse.Namespace) -> PublishedTree | None:
    """The whole tree that ``proof check`` was given in place of one proof, if it was."""
    if not (options.proof.is_file() or options.proof.is_dir()):
        return None
    tree = find_tree([options.proof], scheme=options.scheme)
    if tree is not None and options.snapshot is not None:
        raise UsageError(
            "USAGE",
            f"the file has the form of a whole tree of the scheme {tree.scheme}, and --snapshot traces one proof",
            action="Leave --snapshot out, or name a customer's file.",
        )
    return tree


def ranges_command(options: argparse.Namespace) -> int:
    """Compare, print, and return the exit status."""
    if not 1 <= options.bits <= 512:
        raise UsageError("USAGE", "--bits takes a number from 1 to 512", observed=str(options.bits))
    batches = read_batches(options.file)
    findings, limitations = range_findings(batches, subject=options.file.name, bits=options.bits)
    emit_json(
        options.json,
        {
            "entries": len(batches),
            "findings": [finding_json(item) for item in findings],
            "limitations": [limitation_json(item) for item in limitations],
        },
    )
    say(f"{options.file.name}: {counted(len(batches), 'entry', 'entries')}, fields of {options.bits} bits")
    say_findings(findings)
    _say_limitations(limitations)
    return exit_status(findings)


def _trace(options: argparse.Namespace, checks: Sequence[ProofCheck]) -> LedgerComparison | None:
    """The proof in the ledger of the snapshot that was named, if one was."""
    if options.snapshot is None:
        return None
    request = LedgerRequest(
        options.snapshot,
        options.trust,
        options.ledger,
        None if options.root is None else normalise_root(options.root),
        options.trusted_time,
    )
    return drive(compare_with_ledger(checks, request, CancelToken(), subject=f"proof {options.proof.name}"))


def comparison_json(traced: LedgerComparison) -> dict[str, Any]:
    """The proof against the ledger, as ``--json`` prints it; rows count from 1."""
    roots = traced.commitment
    return {
        "name": traced.ledger,
        "rootInSnapshot": roots.published,
        "rootRecomputed": roots.recomputed,
        "rootTyped": roots.typed,
        "proofs": [
            {"leaf": item.leaf, "row": None if item.row is None else item.row + 1, "siblingsCompared": item.siblings}
            for item in traced.proofs
        ],
        "findings": [finding_json(item) for item in traced.findings],
        "limitations": [limitation_json(item) for item in traced.limitations],
    }


def _say_comparison(traced: LedgerComparison) -> None:
    """Roots side by side, then where each leaf stands."""
    roots = traced.commitment
    say(f"Ledger {traced.ledger}, {roots.scheme}, {roots.leaf_count:,} leaves")
    say(f"  root in snapshot   {roots.published}")
    say(f"  root recalculated  {roots.recomputed or '(not recalculated)'}")
    say(f"  root typed         {roots.typed or '(none typed)'}")
    for item in traced.proofs:
        where = "in no row" if item.row is None else f"in row {item.row + 1:,}, {item.siblings} siblings compared"
        say(f"  leaf {item.leaf}: {where}")
    say_findings(traced.findings)


def detection_json(detection: Detection) -> dict[str, Any]:
    """The chosen profile's check and every profile tried, as ``--json`` prints them."""
    checks = detection.chosen.checks
    document = proof_json(checks[0])
    if len(checks) > 1:
        document["findings"] = [finding_json(item) for check in checks for item in check.findings]
        document["proofs"] = [proof_json(check) for check in checks]
    document["reading"] = dict(detection.chosen.profile.reading)
    document["matches"] = detection.chosen.matches
    document["profiles"] = [
        {
            "scheme": attempt.profile.scheme,
            "reading": dict(attempt.profile.reading),
            "matches": attempt.matches,
            "refused": None if attempt.refused is None else attempt.refused.what,
            "firstDifference": None if attempt.difference is None else difference_json(attempt.difference),
        }
        for attempt in detection.attempts
    ]
    return document


def difference_json(difference: Difference) -> dict[str, Any]:
    """Where a profile first departs from the file; ``preimage`` is hex, ``preimageText`` its text if it is one."""
    return {
        "proof": difference.proof,
        "level": difference.level,
        "byte": difference.byte,
        "published": difference.published,
        "computed": difference.computed,
        "preimage": difference.preimage.hex(),
        "preimageText": _text(difference.preimage),
    }


def _text(preimage: bytes) -> str | None:
    """The preimage as text where all of it is printable ASCII."""
    return preimage.decode("ascii") if all(0x20 <= byte < 0x7F for byte in preimage) else None


def _say_difference(difference: Difference) -> None:
    """The first node that differs, published beside computed, and what was hashed."""
    say(f"first difference: level {difference.level} / byte {difference.byte}")
    say(f"  published  {difference.published}")
    say(f"  computed   {difference.computed}")
    text = _text(difference.preimage)
    say(f"  preimage   {difference.preimage.hex() if text is None else text}")


def tree_command(options: argparse.Namespace) -> int:
    """Check a whole tree, print, and return the exit status."""
    tree = find_tree(options.files, scheme=options.scheme)
    if tree is None:
        raise ProofError(
            "PROOF.UNREADABLE",
            "the files have the form of no known scheme's whole tree",
            at=Location(options.files[0].name),
            action="Ask for the tree as the exchange publishes it, or name its scheme.",
        )
    return _check_tree(tree, options, companion=options.proof)


def _check_tree(tree: PublishedTree, options: argparse.Namespace, *, companion: Path | None) -> int:
    """Recalculate, print, and return the exit status."""
    given = read_parameters(options.param)
    check = drive(check_tree(tree, CancelToken(), root=options.root, companion=companion, options=given))
    emit_json(options.json, {**tree_json(check), "others": list(tree.others)})
    for other in tree.others:
        say(f"the files have the form of {other} too: --scheme {other}")
    say(f"scheme {check.scheme}, {check.leaves} leaves, {check.padding} padding nodes")
    say(f"  {check.nodes} inner nodes recalculated, {check.disagreeing} do not agree")
    say(f"  root recalculated  {check.root}")
    for coin, text in sorted(check.totals.items()):
        say(f"    {coin} {text}")
    _say_comparisons(check.checks)
    say_findings(check.findings)
    _say_limitations(check.limitations)
    return exit_status(check.findings)


def tree_json(check: TreeCheck) -> dict[str, Any]:
    """A checked whole tree as ``--json`` prints it: the keys of one proof, of which it has no leaf, and its own.

    ``rootMatches`` is whether every node that the files state recalculates, the root among them.
    """
    published = [item.agrees for item in check.checks if item.name == "published root"]
    return {
        "scheme": check.scheme,
        "leaf": None,
        "root": check.root,
        "balances": dict(check.totals),
        "rootMatches": check.disagreeing == 0 if check.nodes else None,
        "publishedRootMatches": all(published) if published else None,
        "leaves": check.leaves,
        "padding": check.padding,
        "nodes": check.nodes,
        "disagreeing": check.disagreeing,
        "totals": dict(check.totals),
        "checks": checks_json(check.checks),
        "findings": [finding_json(item) for item in check.findings],
        "limitations": limitations_json(check.limitations),
    }


def checks_json(checks: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Everything that was compared."""
    return [
        {"name": item.name, "expected": item.expected, "observed": item.observed, "agrees": item.agrees}
        for item in checks
    ]


def limitations_json(limitations: Sequence[Limitation]) -> list[dict[str, str]]:
    """What could not have been shown."""
    return [{"code": item.code, "message": item.message} for item in limitations]


def proof_json(check: ProofCheck) -> dict[str, Any]:
    """One checked proof as ``--json`` prints it."""
    return {
        "scheme": check.scheme,
        "leaf": check.leaf.digest,
        "root": check.root if check.complete else None,
        "balances": dict(check.balances),
        "rootMatches": check.root_matches,
        "publishedRootMatches": check.published_root_matches,
        "checks": checks_json(check.checks),
        "findings": [finding_json(item) for item in check.findings],
        "limitations": limitations_json(check.limitations),
    }


def _say_check(check: ProofCheck) -> None:
    """The check for a person: what was recalculated first, then what it was compared with."""
    say(f"scheme {check.scheme}, {counted(len(check.steps), 'level')}")
    say(f"  leaf recalculated  {check.leaf.digest}")
    say(f"  root recalculated  {check.root}" if check.complete else "  the file shows no path to a root")
    for coin, text in sorted(check.balances.items()):
        say(f"    {coin} {text}")
    _say_comparisons(check.checks)
    if check.published_root_matches is None:
        say("  no published root was given to compare with (--root)")
    say_findings(check.findings)


def _say_limitations(limitations: Iterable[Limitation]) -> None:
    """What the file at hand cannot show, each sentence once."""
    for code, message in dict.fromkeys((item.code, item.message) for item in limitations):
        say(f"  limitation {code}")
        say(f"            {message}")


def _say_comparisons(checks: Sequence[Comparison]) -> None:
    """What was compared, and both sides of whatever does not agree."""
    for item in checks:
        say(f"  {item.name}: {'agrees' if item.agrees else 'DOES NOT AGREE'}")
        if not item.agrees:
            say(f"    expected {item.expected}")
            say(f"    observed {item.observed}")
