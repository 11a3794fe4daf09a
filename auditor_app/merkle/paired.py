"""Trees whose publishers say how two nodes are paired, and nothing about a node without a partner."""

from __future__ import annotations

from auditor_app.errors import LedgerError
from auditor_app.merkle.template import TemplateRule


class PairedRule(TemplateRule):
    """A template that builds trees of 1, 2, 4, 8… leaves only."""

    def depth(self, leaf_count: int) -> int:
        """The root's level; :class:`LedgerError` for a leaf count that would leave a node without a partner."""
        if leaf_count & (leaf_count - 1):
            raise LedgerError(
                "SCHEME.PARAMETERS",
                f"the publisher of the scheme {self.scheme} does not say what becomes of a lone node",
                expected="a number of rows that is a power of two",
                observed=str(leaf_count),
                action="Ask the exchange for its padding rows or its odd-node rule.",
            )
        return super().depth(leaf_count)
