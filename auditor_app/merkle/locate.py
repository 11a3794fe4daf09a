"""A customer's proof in the auditor's own tree: the same leaf, at the same place, beside the same siblings.

A proof that recalculates says only that its path leads to its root. Here it is set against the tree that was
recalculated from every row: whoever was shown another tree, another place or other sums stands out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError
from auditor_app.findings import Finding, finding
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import scan_blocks
from auditor_app.ledger.source import LedgerSource, rows_read
from auditor_app.merkle.inclusion import parse_row
from auditor_app.merkle.published import PathStep, ProofCheck
from auditor_app.merkle.result import CommitmentCheck, InclusionProof, ProofStep, RecomputedTree
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.schemes import scheme_named
from auditor_app.operation import CancelToken, Operation

_PROCEDURE = "proof"


@dataclass(frozen=True, slots=True)
class LocatedProof:
    """Where a proof's leaf stands: ``row`` counts from 0, ``None`` where no row gives this leaf.

    ``shown_place`` is the place that the sides of the path say, ``None`` where the file shows no path; ``siblings``
    counts the levels that were compared.
    """

    leaf: str
    row: int | None
    shown_place: int | None
    siblings: int
    findings: tuple[Finding, ...]


def locate(
    check: ProofCheck,
    source: LedgerSource,
    tree: RecomputedTree,
    commitment: CommitmentCheck,
    token: CancelToken,
    *,
    subject: str,
) -> Operation[LocatedProof]:
    """Find the leaf of ``check`` in ``tree`` and compare its path; :class:`LedgerError` where the ledger changed.

    The place that the path shows is looked at first. Only where another leaf stands there is every leaf made again.
    """
    rule = _rule(source, tree, commitment)
    shown = _shown_place(check) if check.complete else None
    found = list(_roots(check, commitment, subject))
    if shown is not None and not rule.arranges and shown < tree.leaf_count:
        (proof,) = yield from tree.prove(source, [shown], token)
        if proof.leaf == check.leaf.digest:
            found += _compare(check, proof, rule, subject)
            return _located(check, shown, shown, found)
    rows = yield from _rows_with(check.leaf.digest, source, rule, token)
    if not rows:
        found.append(_absent(check, commitment, subject))
        return _located(check, None, shown, found)
    (proof,) = yield from tree.prove(source, rows[:1], token)
    if check.complete:
        found += _compare(check, proof, rule, subject)
    return _located(check, rows[0], shown, found)


def _located(check: ProofCheck, row: int | None, shown: int | None, found: Sequence[Finding]) -> LocatedProof:
    compared = 0 if row is None or not check.complete else len(check.steps)
    return LocatedProof(check.leaf.digest, row, shown, compared, tuple(found))


def _rule(source: LedgerSource, tree: RecomputedTree, commitment: CommitmentCheck) -> Rule:
    """The rule that made the tree; it bound once already."""
    bind = scheme_named(tree.scheme).bind
    if bind is None:
        raise LedgerError("SCHEME.PARAMETERS", f"the scheme {tree.scheme} defines no way from a ledger to a root")
    return bind(Layout.of(source.columns), commitment.parameters, tree.leaf_count)


def _shown_place(check: ProofCheck) -> int:
    """The place that the sides of the siblings say: one bit a level."""
    return sum(1 << level for level, step in enumerate(check.steps) if step.side == "left")


def _rows_with(digest: str, source: LedgerSource, rule: Rule, token: CancelToken) -> Operation[list[int]]:
    """The rows whose leaf has this digest, found by making every leaf again."""
    wanted = bytes.fromhex(digest)
    grammar = Grammar.of(source.columns)
    rows: list[int] = []
    size = 0
    for part in source.parts(token):
        for block in scan_blocks(part, grammar):
            token.check()
            leaves = rule.leaves(block)
            rows += [block.first_row + place for place, leaf in enumerate(leaves) if leaf.digest == wanted]
            size += len(block.data)
            yield rows_read(source, block.first_row + len(leaves), size, "looking for the proof's leaf")
    return rows


# ---- what is compared


def _roots(check: ProofCheck, commitment: CommitmentCheck, subject: str) -> list[Finding]:
    """The proof's root against the snapshot's; the one typed from the website is compared with both elsewhere."""
    if not check.complete or check.root == commitment.published:
        return []
    return [
        finding(
            "PROOF.SNAPSHOT_ROOT",
            procedure=_PROCEDURE,
            subject=subject,
            message=f"The root recalculated from the proof is not the one in the snapshot for ledger {commitment.ledger}.",
            expected=commitment.published,
            observed=check.root,
        )
    ]


def _absent(check: ProofCheck, commitment: CommitmentCheck, subject: str) -> Finding:
    return finding(
        "PROOF.NOT_IN_LEDGER",
        procedure=_PROCEDURE,
        subject=subject,
        message=f"No row of ledger {commitment.ledger} gives the leaf of this proof.",
        expected=f"one of {commitment.leaf_count} leaves",
        observed=check.leaf.digest,
    )


def _compare(check: ProofCheck, proof: InclusionProof, rule: Rule, subject: str) -> list[Finding]:
    """The path beside the tree's own: the same levels and sides, then the same siblings."""
    sides = [step.side for step in check.steps]
    wanted = [step.side for step in proof.steps]
    if sides != wanted:
        return [
            finding(
                "PROOF.POSITION",
                procedure=_PROCEDURE,
                subject=subject,
                message=f"The leaf of this proof stands in row {proof.index + 1} of the ledger; "
                "the proof's path leads to another place.",
                expected=_path_text(wanted),
                observed=_path_text(sides),
            )
        ]
    below = [_leaf(proof, rule), *(rule.node(bytes.fromhex(step.node), step.node_balances) for step in proof.steps)]
    return [
        item
        for level, (shown, own) in enumerate(zip(check.steps, proof.steps, strict=True))
        for item in _sibling(shown, own, _shown_as(rule, rule.partner(below[level], level)), subject)
    ]


def _leaf(proof: InclusionProof, rule: Rule) -> Node:
    """The leaf, made again from its row."""
    row = parse_row(proof.row, proof.index, Grammar.of(proof.columns))
    if row is None:
        raise ValueError("a proof of the own tree keeps to the ledger's grammar")
    return rule.leaf(row)


def _shown_as(rule: Rule, node: Node | None) -> tuple[str, Mapping[str, str]] | None:
    """A node as proofs show it."""
    return None if node is None else (node.digest.hex(), rule.balances(node))


def _path_text(sides: Sequence[str]) -> str:
    return f"{len(sides)} levels, siblings {' '.join(sides) or 'none'}"


def _sibling(
    shown: PathStep, own: ProofStep, padding: tuple[str, Mapping[str, str]] | None, subject: str
) -> list[Finding]:
    """One level: hash and balances of the sibling, or the padding where the tree has none there."""
    if own.sibling is None:
        if shown.sibling is None or (padding is not None and _same((shown.sibling, shown.sibling_balances), padding)):
            return []
        expected = "no sibling" if padding is None else _node_text(*padding)
    else:
        if shown.sibling is not None and _same(
            (shown.sibling, shown.sibling_balances), (own.sibling, own.sibling_balances)
        ):
            return []
        expected = _node_text(own.sibling, own.sibling_balances)
    return [
        finding(
            "PROOF.SIBLING",
            procedure=_PROCEDURE,
            subject=f"{subject}, level {own.level - 1}",
            message="The sibling in the proof is not the one in the recalculated tree.",
            expected=expected,
            observed="no sibling" if shown.sibling is None else _node_text(shown.sibling, shown.sibling_balances),
        )
    ]


def _same(shown: tuple[str, Mapping[str, str]], own: tuple[str, Mapping[str, str]]) -> bool:
    """The same digest, and coin by coin the same balances; a coin that one side lacks is a zero there."""
    if shown[0] != own[0]:
        return False
    return all(
        Amount.parse(shown[1].get(coin, "0")).fraction() == Amount.parse(own[1].get(coin, "0")).fraction()
        for coin in {*shown[1], *own[1]}
    )


def _node_text(digest: str, balances: Mapping[str, str]) -> str:
    listed = ", ".join(f"{coin} {text}" for coin, text in sorted(balances.items()))
    return f"{digest} with {listed}" if listed else digest
