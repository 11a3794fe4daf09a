"""Trees of a few leaves held in memory, and the paths through them as a proof file would show them."""

from __future__ import annotations

from collections.abc import Sequence

from auditor_app.merkle.published import PublishedStep
from auditor_app.merkle.rule import Node, Rule
from auditor_app.merkle.tree import group_levels


def tree_over(rule: Rule, leaves: Sequence[Node]) -> list[list[Node]]:
    """All levels over ``leaves`` as they stand, the root's last."""
    return group_levels(rule, leaves, max(len(leaves) - 1, 0).bit_length())


def path_to(levels: Sequence[Sequence[Node]], place: int, start: int = 0) -> list[PublishedStep]:
    """The siblings from the node ``place`` of level ``start`` up to below the root."""
    steps = []
    for row in levels[start:-1]:
        beside = place ^ 1
        sibling = row[beside] if beside < len(row) else None
        steps.append(PublishedStep(sibling, "left" if place % 2 else "right"))
        place //= 2
    return steps
