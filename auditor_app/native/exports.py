"""What machine code offers: the module of each function and how many 64-bit integers it takes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXPORTS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "hash_messages": ("sha256", 5),
        "scan_rows": ("rows", 13),
        "find_rows": ("rows", 6),
        "fingerprint_ids": ("identities", 8),
        "mark_equals": ("identities", 5),
        "take_marked": ("identities", 5),
        "leaf_sums": ("balances", 10),
        "hash_leaves": ("leaves", 17),
        "hash_nodes": ("nodes", 16),
        "hash_levels": ("nodes", 2),
        "write_balances": ("amount_text", 6),
    }
)
