"""Small parts for the fast path, so that a few hundred rows make many of them."""

from __future__ import annotations

import pytest

from auditor_app.ledger import checks
from auditor_app.merkle import compiled_pass
from auditor_app.merkle.fast import part, proofs, reading

FEWEST = 33
"""One row more than a kept group: below that the fast path is never asked."""


def shrink_parts(patch: pytest.MonkeyPatch, rows: int) -> None:
    """Make a part ``rows`` (a power of two, 64 or more) rows, and a ledger of :data:`FEWEST` rows worth compiled code."""
    for module in (part, proofs, reading, checks):
        patch.setattr(module, "PART_ROWS", rows)
    for module in (part, proofs, reading):
        if hasattr(module, "PART_LEVEL"):
            patch.setattr(module, "PART_LEVEL", rows.bit_length() - 1)
    patch.setattr(part, "SLICE_ROWS", rows // 2)
    patch.setattr(part, "SLICE_LEVEL", rows.bit_length() - 2)
    patch.setattr(compiled_pass, "FEWEST_ROWS", FEWEST)
