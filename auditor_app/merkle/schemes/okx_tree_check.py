"""The check of OKX's whole tree: every inner node recalculated, leaves summed, hashes that carry two balances counted."""

from __future__ import annotations

import contextlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from auditor_app.errors import Location, ProofError, UsageError
from auditor_app.findings import Finding, Severity, finding, limitation
from auditor_app.ledger.columns import DECIMAL_SCALE
from auditor_app.merkle.published import Comparison
from auditor_app.merkle.published_tree import MAX_TREE_BYTES, TreeCheck, TreeFile
from auditor_app.merkle.rule import Node
from auditor_app.merkle.schemes.okx_tree import (
    NAME,
    Leaf,
    NodeLines,
    TreeLine,
    bounded,
    children_of,
    node_rule,
    nodes,
)
from auditor_app.merkle.schemes.okx_v1 import COINS, LEAF_HEIGHT
from auditor_app.operation import CancelToken, Operation, Progress

SCALES = (DECIMAL_SCALE,) * len(COINS)
EXAMPLES = 5
MAX_REPEATED = 100_000
"""Repeated hashes of which each line is looked at; further ones are not."""

EVERY = 2**14
"""Nodes between two reports of progress."""


@dataclass
class _Tally:
    """What the pass over the tree adds up."""

    leaves: int = 0
    nodes: int = 0
    root: bytes = b""
    root_line: TreeLine | None = None
    sums: list[int] = field(default_factory=lambda: [0] * len(COINS))
    wrong_hashes: list[int] = field(default_factory=list)
    wrong_sums: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    paddings: list[tuple[TreeLine, TreeLine]] = field(default_factory=list)
    prefixes: array[int] = field(default_factory=lambda: array("Q"))
    found: Counter[Leaf] = field(default_factory=Counter)
    other: Counter[bytes] = field(default_factory=Counter)


def check_tree(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Check one tree file; ``customer`` is a customer's file whose leaves are traced in it.

    Source: OKX's own tool adds the leaves and looks hashes up; no inner node is checked by it.
    """
    if len(file.paths) != 1:
        raise UsageError("USAGE", f"a tree of the scheme {NAME} is one file", observed=str(len(file.paths)))
    path = file.paths[0]
    wanted = _customer_leaves(file)
    tally = _Tally()
    yield from _pass(path, tally, {leaf.digest for leaf in wanted}, token)
    repeated = _repeated(path, tally, token)
    return _result(file, tally, repeated, wanted)


def _customer_leaves(file: TreeFile) -> list[Leaf]:
    """The leaves that the customer's file names, made again from their balances before they are looked for."""
    if file.customer is None:
        return []
    from auditor_app.merkle.schemes.okx_v1_full import read

    return [Leaf(proof.rule.leaf(proof.row).digest, proof.row.units) for proof in read(file.customer) if proof.row]


# ---- the passes


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, for reading."""
    try:
        with path.open("rb") as handle:
            yield handle
    except OSError as error:
        raise ProofError(
            "PROOF.UNREADABLE",
            f"the file cannot be read ({error.strerror})",
            at=Location(str(path)),
            action="Copy the file again.",
        ) from None


def _pass(path: Path, tally: _Tally, wanted: set[bytes], token: CancelToken) -> Operation[None]:
    """Read the file with two readers, the lower one row ahead, and recalculate every node with children."""
    rule = node_rule(SCALES)
    with _opened(path) as above, _opened(path) as ahead:
        if path.stat().st_size > MAX_TREE_BYTES:
            raise ProofError(
                "PROOF.UNREADABLE",
                "the tree file is over the size limit",
                at=Location(path.name),
                expected=f"at most {MAX_TREE_BYTES} bytes",
                action="Ask for a file within the limit.",
            )
        lines, lower = (NodeLines(path.name, bounded(handle), SCALES) for handle in (above, ahead))
        below = iter(lower)
        next(below, None)
        for count, line in enumerate(nodes(lines, tally.paddings), 1):
            tally.prefixes.append(int.from_bytes(line.digest[:8], "big"))
            if any(units < 0 for units in line.units):
                tally.negatives.append(line.number)
            if line.height == LEAF_HEIGHT:
                _take_leaf(tally, line, wanted)
            if line.height > LEAF_HEIGHT:
                left, right = children_of(lines, line, below)
                _compare(tally, line, rule.parent(left.node, right.node, line.height - LEAF_HEIGHT))
            elif tally.root_line is None:
                tally.root, tally.root_line = line.digest, line
            if count % EVERY == 0:
                token.check()
                yield Progress(count, None, "nodes", f"Tree {path.name}: recalculating nodes")
        surplus = next(below, None)
        if surplus is not None:
            raise lines.refuse("the row holds more nodes than the row above has children", surplus.number)


def _take_leaf(tally: _Tally, line: TreeLine, wanted: set[bytes]) -> None:
    """Add a leaf up, and note it where it is one of the customer's hashes."""
    tally.leaves += 1
    for place, units in enumerate(line.units):
        tally.sums[place] += units
    if line.digest in wanted:
        tally.found[Leaf(line.digest, line.units)] += 1
        tally.other[line.digest] += 1


def _compare(tally: _Tally, line: TreeLine, made: Node) -> None:
    """A node's line beside the recalculated node."""
    if tally.root_line is None:
        tally.root, tally.root_line = made.digest, line
    tally.nodes += 1
    if made.digest != line.digest:
        tally.wrong_hashes.append(line.number)
    if tuple(units or 0 for units in made.sums) != line.units:
        tally.wrong_sums.append(line.number)


def _repeated(path: Path, tally: _Tally, token: CancelToken) -> list[tuple[TreeLine, TreeLine]]:
    """Pairs of lines, neither of them padding, that show one hash with two balances."""
    import numpy as np

    prefixes = np.frombuffer(tally.prefixes, np.uint64)
    kept, counts = np.unique(prefixes, return_counts=True)
    candidates = set(kept[counts > 1][:MAX_REPEATED].tolist())
    if not candidates:
        return []
    padding = {line.number for line, _ in tally.paddings}
    first: dict[bytes, TreeLine] = {}
    found = []
    with _opened(path) as handle:
        for line in NodeLines(path.name, bounded(handle), SCALES):
            if line.number % EVERY == 0:
                token.check()
            if line.number in padding or int.from_bytes(line.digest[:8], "big") not in candidates:
                continue
            before = first.setdefault(line.digest, line)
            if before.units != line.units:
                found.append((before, line))
    return found


# ---- what they yield


def _result(
    file: TreeFile, tally: _Tally, repeated: Sequence[tuple[TreeLine, TreeLine]], wanted: Sequence[Leaf]
) -> TreeCheck:
    """Everything compared, as data."""
    root = tally.root_line
    if root is None:
        raise ValueError("a tree file that was read holds a root")
    rule = node_rule(SCALES)
    subject = f"tree {file.paths[0].name}"
    stated, summed = (
        ", ".join(f"{coin} {text}" for coin, text in rule.balances(Node(b"", units)).items())
        for units in (root.units, tuple(tally.sums))
    )
    checks = [
        Comparison("root in the file", root.digest.hex(), tally.root.hex(), root.digest == tally.root),
        Comparison("sum of the leaves", stated, summed, root.units == tuple(tally.sums)),
    ]
    if file.root is not None:
        checks.append(Comparison("published root", file.root, tally.root.hex(), file.root == tally.root.hex()))
    checks += _traced(tally, wanted)
    return TreeCheck(
        NAME,
        tally.leaves,
        len(tally.paddings),
        tally.nodes,
        len(set(tally.wrong_hashes) | set(tally.wrong_sums)),
        tally.root.hex(),
        rule.balances(Node(b"", tuple(tally.sums))),
        tuple(checks),
        (*_node_findings(file, tally, subject), *_check_findings(checks, subject), *_binding(tally, repeated, subject)),
        (limitation("COMPLETENESS", subject=subject),),
    )


def _traced(tally: _Tally, wanted: Sequence[Leaf]) -> list[Comparison]:
    """Each of the customer's leaves, by hash and balances, as often as the customer's file has it."""
    checks = []
    for number, (leaf, times) in enumerate(Counter(wanted).items(), 1):
        exact = Leaf(leaf.digest, tuple(units or 0 for units in leaf.units))
        seen = tally.found[exact]
        observed = f"{seen} with these balances, {tally.other[leaf.digest] - seen} with others"
        checks.append(Comparison(f"customer's leaf {number}", f"{times} times", observed, seen >= times))
    return checks


_CODES = {"published root": "PROOF.PUBLISHED_ROOT", "sum of the leaves": "PROOF.SUMS", "root in the file": "PROOF.ROOT"}


def _check_findings(checks: Sequence[Comparison], subject: str) -> Iterator[Finding]:
    """A finding for each comparison that does not agree."""
    for check in checks:
        if not check.agrees:
            yield finding(
                _CODES.get(check.name, "PROOF.LEAF"),
                procedure="proof",
                subject=subject,
                message=f"The {check.name} does not agree with the tree.",
                expected=check.expected,
                observed=check.observed,
            )


def _node_findings(file: TreeFile, tally: _Tally, subject: str) -> Iterator[Finding]:
    """Nodes whose hash or sums differ, and nodes below zero: all counted, the first few lines named."""
    for code, what, numbers in (
        ("PROOF.NODE", "nodes whose hash does not recalculate", tally.wrong_hashes),
        ("PROOF.SUMS", "nodes whose balances are not the sum of their children's", tally.wrong_sums),
        ("PROOF.NEGATIVE", "nodes with a balance below zero", tally.negatives),
    ):
        if numbers:
            named = ", ".join(str(number) for number in numbers[:EXAMPLES])
            more = f" and {len(numbers) - EXAMPLES} more" if len(numbers) > EXAMPLES else ""
            yield finding(
                code,
                procedure="proof",
                subject=subject,
                message=f"Counted {len(numbers)} {what}: lines {named}{more}.",
                expected="none",
                observed=str(len(numbers)),
                at=Location(file.paths[0].name, row=numbers[0]),
            )


def _binding(tally: _Tally, repeated: Sequence[tuple[TreeLine, TreeLine]], subject: str) -> Iterator[Finding]:
    """One hash with two balances: a warning where it is the scheme's own padding, else an exception."""
    padding = [(line, beside) for line, beside in tally.paddings if line.units != beside.units]
    for what, found, severity in (
        (
            "padding nodes, as the scheme pads, that repeat a sibling's hash with other balances",
            padding,
            Severity.WARNING,
        ),
        ("nodes that repeat another node's hash with other balances", repeated, None),
    ):
        if found:
            named = "; ".join(f"lines {line.number} and {other.number}" for line, other in found[:EXAMPLES])
            yield finding(
                "TREE.HASH_NOT_BINDING",
                procedure="proof",
                subject=subject,
                message=f"Counted {len(found)} {what}: {named}.",
                expected="one balance for each hash",
                observed=str(len(found)),
                severity=severity,
            )
