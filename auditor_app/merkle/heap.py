"""Trees held in a heap array of 2n - 1 nodes: the children of i are 2i + 1 and 2i + 2, the last n are the leaves.

Any n fits: where it is no power of two, leaves stand on two levels, and the array's last leaves are the leftmost ones
of the lower level.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor_app.merkle.rule import Node
from auditor_app.merkle.template import TemplateRule


class HeapRule(TemplateRule):
    """A template over leaves in a heap array, in the ledger's order."""

    arranges = True

    def bottom(self, leaf_count: int) -> int:
        """Leaves on the lowest level: the last 2n - 2**depth."""
        return 2 * leaf_count - 2 ** self.depth(leaf_count) if leaf_count > 1 else leaf_count

    def tree_order(self, leaves: Sequence[Node]) -> Sequence[int]:
        """The array's last leaves stand leftmost, one level below its first."""
        above = len(leaves) - self.bottom(len(leaves))
        return [*range(above, len(leaves)), *range(above)]
