"""The dummy: a leaf that is not in the tree, with a path that is right in every step and leads to another root.

It goes the way of every drawn leaf and must fail. Only the last comparison, with the published root, can refuse
it: a run that accepts everything shows itself.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from auditor_app.errors import SamplingError
from auditor_app.ledger.grammar import Grammar
from auditor_app.merkle.inclusion import parse_row
from auditor_app.merkle.result import InclusionProof, ProofStep
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.schemes import scheme_named


def dummy_of(proof: InclusionProof, seed: bytes, leaf_count: int) -> InclusionProof:
    """A leaf with another key than ``proof``'s at the same place, its path recalculated, claiming the same root."""
    scheme = scheme_named(proof.scheme)
    if scheme.bind is None:
        raise _impossible(proof)
    rule = scheme.bind(Layout.of(proof.columns), proof.parameters, leaf_count)
    for row in _made_up_rows(proof, seed):
        parsed = parse_row(row, proof.index, Grammar.of(proof.columns))
        if parsed is None:
            continue
        node = rule.leaf(parsed)
        if node.digest.hex() != proof.leaf:
            return replace(proof, row=row, leaf=node.digest.hex(), steps=_climb(rule, node, proof))
    raise _impossible(proof)


def dummy_key(seed: bytes) -> str:
    """The key, 64 hex digits, that nobody could choose before the draw and that no row or list can hold."""
    return sha256(b"por-sample/dummy/v1" + seed).hexdigest()


def _made_up_rows(proof: InclusionProof, seed: bytes) -> list[str]:
    """The row with another key; then, for a scheme that does not hash the key, with other text cells in turn."""
    cells = proof.row.split(",")
    name = dummy_key(seed)
    rows = []
    for position, column in enumerate(proof.columns[: len(cells)]):
        if column.type in ("hex64", "token"):
            rows.append(",".join([*cells[:position], name, *cells[position + 1 :]]))
    return rows


def _climb(rule: Rule, node: Node, proof: InclusionProof) -> tuple[ProofStep, ...]:
    """The steps of ``proof`` with the nodes that ``node`` reaches beside the same siblings."""
    steps = []
    for step in proof.steps:
        if step.sibling is None:
            node = rule.lone_parent(node, step.level)
        else:
            sibling = rule.node(bytes.fromhex(step.sibling), step.sibling_balances)
            pair = (sibling, node) if step.side == "left" else (node, sibling)
            node = rule.parent(*pair, step.level)
        steps.append(replace(step, node=node.digest.hex(), node_balances=rule.balances(node)))
    return tuple(steps)


def _impossible(proof: InclusionProof) -> SamplingError:
    return SamplingError(
        "SAMPLE.DUMMY",
        f"no leaf outside the tree can be made up for scheme {proof.scheme}",
        action="Do not rely on this run; report the defect.",
    )
