"""Checking a customer's published proof: recalculate from the leaf's own fields to the root, compare on the way.

A scheme's file turns its publisher's format into :class:`PublishedProof`; what is compared and what becomes a finding
is the same for all and stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from auditor_app.amounts import Amount
from auditor_app.findings import Finding, Limitation, finding
from auditor_app.merkle.rule import Node, Row, Rule

Side = Literal["left", "right"]
NO_READING: Mapping[str, str] = MappingProxyType({})
"""The only reading of a scheme that never changed."""

MAX_LEVELS = 64
"""More levels than any tree of fewer than 2**64 leaves has."""


@dataclass(frozen=True, slots=True)
class ProofDocument:
    """A proof file as read: its name, its bytes, and its JSON (numbers as text) where it is JSON.

    ``anchor`` is the publisher's second file, where one was given; ``options`` are typed ``name=value`` pairs.
    """

    file: str
    data: bytes
    json: Any = None
    anchor: ProofDocument | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A node as the file states it; ``None`` where it does not."""

    digest: bytes | None = None
    balances: Mapping[str, str] | None = None


NO_CLAIM = Claim()


@dataclass(frozen=True, slots=True)
class PublishedStep:
    """One level up: the sibling and the side it stands on, ``None`` for a lone node; ``claim`` is the node reached.

    ``pads`` says that the file, or the leaf's place in the tree, makes the sibling the scheme's own padding: it is
    then compared with what the rule makes up for a lone node.
    """

    sibling: Node | None
    side: Side = "right"
    claim: Claim = NO_CLAIM
    pads: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing compared: as published, as recalculated, and whether they agree."""

    name: str
    expected: str
    observed: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class PublishedProof:
    """A proof in the engine's terms.

    ``row`` holds the fields the leaf is made of, or is ``None`` where the publisher does not say how; the walk then
    starts from ``start``, a leaf taken on trust, and ``leaf_unbound`` says so in a limitation. ``claims_side`` is the
    side the file gives for the leaf itself. ``steps`` go from the leaf's level to the root. ``root`` is the root as
    written in the file, ``anchor`` the one in the publisher's second file. ``compared`` holds what the reader itself
    recalculated and compared beside the path. ``complete`` is false where the file shows no path to a root.
    """

    rule: Rule
    row: Row | None
    leaf: Claim
    steps: tuple[PublishedStep, ...]
    root: Claim
    start: Node | None = None
    claims_side: Side | None = None
    anchor: Claim = NO_CLAIM
    compared: tuple[Comparison, ...] = ()
    limitations: tuple[Limitation, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ProofFormat:
    """How one scheme's proof files are read.

    ``recognises`` says from the form alone whether a document may be one; ``read`` raises
    :class:`~auditor_app.errors.ProofError` ``PROOF.UNREADABLE`` for anything that is not as the scheme says. One file
    may hold several proofs (a customer whose balance is split over leaves). ``takes_anchor`` says whether the
    publisher has a second file. ``readings`` are the ways the same file may have been hashed (a number form, a coin
    order, an odd-node rule), each as the options that ask ``read`` for it; ``options`` explains what else it takes.
    """

    recognises: Callable[[ProofDocument], bool]
    read: Callable[[ProofDocument], tuple[PublishedProof, ...]]
    takes_anchor: bool = False
    readings: tuple[Mapping[str, str], ...] = (NO_READING,)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PathNode:
    """A recalculated node of the path: its level (leaf 0), digest, balances and the bytes that were hashed.

    ``published`` is the digest the file states for it; ``breaks`` is true where the two differ.
    """

    level: int
    digest: str
    balances: Mapping[str, str]
    preimage: bytes
    published: str | None
    breaks: bool


@dataclass(frozen=True, slots=True)
class PathStep:
    """One level of the path: the sibling (``None`` for a lone node), its side and sums, and the node reached."""

    sibling: str | None
    side: Side
    sibling_balances: Mapping[str, str]
    negative: tuple[str, ...]
    node: PathNode


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """Everything that checking one proof yields; window, JSON and text are drawn from it.

    ``root_matches`` is ``None`` where the file holds no root, ``published_root_matches`` where none was given. Where
    it is not ``complete`` the file shows no path, and ``root`` is only as far as it goes.
    """

    scheme: str
    leaf: PathNode
    steps: tuple[PathStep, ...]
    root: str
    balances: Mapping[str, str]
    root_in_file: str | None
    root_published: str | None
    root_matches: bool | None
    published_root_matches: bool | None
    checks: tuple[Comparison, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]
    complete: bool = True


def check_proof(proof: PublishedProof, *, subject: str, published_root: str | None = None) -> ProofCheck:
    """Recalculate ``proof`` and compare; ``published_root`` is hex typed from the exchange's own publication."""
    leaf = _leaf(proof)
    steps, node, paddings = _walk(proof, leaf)
    root = node.digest.hex()
    rule = proof.rule
    published_root = published_root if proof.complete else None
    published = published_root if published_root is not None else _hex(proof.anchor.digest)
    checks = [*_leaf_checks(proof, leaf)]
    checks += [
        Comparison(f"node at level {step.node.level}", step.node.published, step.node.digest, not step.node.breaks)
        for step in steps[:-1]
        if step.node.published is not None
    ]
    checks += [*paddings, *proof.compared]
    balances = rule.balances(node)
    root_matches = None if proof.root.digest is None else proof.root.digest == node.digest
    if proof.root.digest is not None:
        checks.append(Comparison("root in the file", proof.root.digest.hex(), root, bool(root_matches)))
    for name, claim in (("balances at the root in the file", proof.root), ("balances in the anchor", proof.anchor)):
        if claim.balances is not None:
            checks.append(_compare_balances(name, claim.balances, balances))
    if published is not None:
        checks.append(Comparison("published root", published, root, published == root))
    if published_root is not None and proof.anchor.digest is not None:
        checks.append(
            Comparison("root in the anchor", proof.anchor.digest.hex(), root, proof.anchor.digest == node.digest)
        )
    return ProofCheck(
        rule.scheme,
        _leaf_node(proof, leaf),
        steps,
        root,
        balances,
        _hex(proof.root.digest),
        published,
        root_matches,
        None if published is None else published == root,
        tuple(checks),
        (*_disagreements(checks, subject), *_negatives(proof, leaf, steps, subject)),
        proof.limitations,
        proof.complete,
    )


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def _leaf(proof: PublishedProof) -> Node:
    """The leaf, recalculated from its fields wherever the publisher says how."""
    if proof.row is not None:
        return proof.rule.leaf(proof.row)
    if proof.start is None:
        raise ValueError("a published proof needs a row or a leaf to start from")
    return proof.start


def _leaf_node(proof: PublishedProof, leaf: Node) -> PathNode:
    """The leaf as the first node of the path."""
    published = proof.leaf.digest
    return PathNode(
        0,
        leaf.digest.hex(),
        proof.rule.balances(leaf),
        b"" if proof.row is None else proof.rule.leaf_preimage(proof.row),
        _hex(published),
        published is not None and published != leaf.digest,
    )


def _walk(proof: PublishedProof, leaf: Node) -> tuple[tuple[PathStep, ...], Node, list[Comparison]]:
    """From the leaf to the root, by the scheme's rule alone; and the padding met on the way, compared."""
    node = leaf
    path = []
    paddings = []
    for level, step in enumerate(proof.steps, 1):
        if step.pads and step.sibling is not None:
            paddings.append(_compare_padding(proof.rule, node, step.sibling, level - 1))
        left, right = (node, step.sibling) if step.side == "right" else (step.sibling, node)
        if left is None:
            raise ValueError("a lone node is a left child")
        if right is None:
            right = proof.rule.partner(left, level - 1)
        promoted = step.sibling is None and proof.rule.promotes
        preimage = b"" if promoted else proof.rule.parent_preimage(left, right, level)
        node = node if promoted else proof.rule.parent(left, right, level)
        path.append(_path_step(proof, step, level, node, preimage))
    return tuple(path), node, paddings


def _compare_padding(rule: Rule, node: Node, sibling: Node, level: int) -> Comparison:
    """The sibling that stands for padding, beside what the rule makes up for a lone node."""
    made = rule.partner(node, level) or Node(b"")
    same_sums = [units or 0 for units in made.sums] == [units or 0 for units in sibling.sums]
    expected, observed = (f"{item.digest.hex()}, {_listed(rule.balances(item))}" for item in (made, sibling))
    return Comparison(f"padding at level {level}", expected, observed, made.digest == sibling.digest and same_sums)


def _path_step(proof: PublishedProof, step: PublishedStep, level: int, node: Node, preimage: bytes) -> PathStep:
    """One step as data."""
    top = proof.root if proof.root.digest is not None else proof.anchor
    claim = top if level == len(proof.steps) else step.claim
    breaks = claim.digest is not None and claim.digest != node.digest
    coins = proof.rule.layout.coins
    sums = () if step.sibling is None else step.sibling.sums
    return PathStep(
        None if step.sibling is None else step.sibling.digest.hex(),
        step.side,
        {} if step.sibling is None else proof.rule.balances(step.sibling),
        tuple(coin.name for coin, units in zip(coins, sums, strict=False) if units is not None and units < 0),
        PathNode(level, node.digest.hex(), proof.rule.balances(node), preimage, _hex(claim.digest), breaks),
    )


def _leaf_checks(proof: PublishedProof, leaf: Node) -> list[Comparison]:
    """The leaf's digest and side against the file's."""
    checks = []
    if proof.leaf.digest is not None and proof.row is not None:
        digest = proof.leaf.digest
        checks.append(Comparison("leaf", digest.hex(), leaf.digest.hex(), digest == leaf.digest))
    if proof.claims_side is not None and proof.steps:
        side = "left" if proof.steps[0].side == "right" else "right"
        checks.append(Comparison("side of the leaf", proof.claims_side, side, proof.claims_side == side))
    return checks


def _compare_balances(name: str, claimed: Mapping[str, str], computed: Mapping[str, str]) -> Comparison:
    """Coin by coin and by value; a coin that one side lacks counts as zero there."""
    coins = sorted({*claimed, *computed})
    agrees = all(
        Amount.parse(claimed.get(coin, "0")).fraction() == Amount.parse(computed.get(coin, "0")).fraction()
        for coin in coins
    )
    return Comparison(name, _listed(claimed), _listed(computed), agrees)


def _listed(balances: Mapping[str, str]) -> str:
    """``BTC 1.5, ETH 2``."""
    return ", ".join(f"{coin} {balances[coin]}" for coin in sorted(balances)) or "none"


_CODES = {
    "leaf": ("PROOF.LEAF", "The leaf recalculated from the file's own fields is not the leaf in the file."),
    "leaf nonce": ("PROOF.LEAF", "The leaf's nonce in the file is not the one that the credential gives."),
    "values in 64 bits": ("RANGE.FIELD", "A value in the file does not fit the 64 bits in which it is hashed."),
    "total equity": ("PROOF.SUMS", "The total equity in the file is not amounts times prices."),
    "total debt": ("PROOF.SUMS", "The total debt in the file is not amounts times prices."),
    "root in the file": ("PROOF.ROOT", "The root recalculated from the path is not the root in the file."),
    "balances at the root in the file": (
        "PROOF.SUMS",
        "The balances recalculated along the path are not those at the root in the file.",
    ),
    "balances in the anchor": (
        "PROOF.SUMS",
        "The balances recalculated along the path are not those in the anchor.",
    ),
    "user hash": ("PROOF.LEAF", "The user hash recalculated from nonce and totals is not the one in the file."),
    "sum of the customer's leaves": (
        "PROOF.SUMS",
        "The balances of the customer's leaves do not add up to the totals.",
    ),
    "leaf in the tree": ("PROOF.LEAF", "The published tree does not hold the leaf with these balances."),
    "neighbour's leaf": (
        "PROOF.LEAF",
        "The neighbour's leaf recalculated from the file's fields is not the one in it.",
    ),
    "root in the anchor": ("PROOF.PUBLISHED_ROOT", "The recalculated root is not the one in the anchor."),
    "published root": ("PROOF.PUBLISHED_ROOT", "The recalculated root is not the published one that was given."),
}


def _disagreements(checks: list[Comparison], subject: str) -> list[Finding]:
    """A finding for each comparison that does not agree."""
    found = []
    for check in checks:
        if check.agrees:
            continue
        code, message = _CODES.get(check.name, ("PROOF.NODE", f"The {check.name} does not recalculate."))
        found.append(
            finding(
                code,
                procedure="proof",
                subject=subject,
                message=message,
                expected=check.expected,
                observed=check.observed,
            )
        )
    return found


def _negatives(proof: PublishedProof, leaf: Node, steps: tuple[PathStep, ...], subject: str) -> list[Finding]:
    """A finding for the leaf and for each sibling that carries a balance below zero."""
    found = []
    own = {coin: text for coin, text in proof.rule.balances(leaf).items() if text.startswith("-")}
    if own:
        found.append(_negative(subject, "The leaf itself carries a negative balance.", own))
    for step in steps:
        below = {coin: step.sibling_balances[coin] for coin in step.negative}
        if below:
            message = f"The sibling at level {step.node.level - 1} carries a negative balance."
            found.append(_negative(subject, message, below))
    return found


def _negative(subject: str, message: str, balances: Mapping[str, str]) -> Finding:
    return finding(
        "PROOF.NEGATIVE",
        procedure="proof",
        subject=subject,
        message=message,
        expected="no balance below zero",
        observed=_listed(balances),
    )
