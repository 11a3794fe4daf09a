"""Inclusion and consistency of RFC 6962 trees, on hashes alone, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 define them.

For logs and proofs that come as lists of hashes; a ledger's own proofs are checked from the row in
:mod:`auditor_app.merkle.inclusion`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

DIGEST_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def includes(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash ``leaf`` at ``index`` of a tree of ``size`` leaves leads to ``root`` by ``path``."""
    if not 0 <= index < size or not _all_digests([leaf, *path]):
        return False
    position, last = index, size - 1
    node = leaf
    for sibling in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            node = node_hash(sibling, node)
            while position and position % 2 == 0:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and node == root


def is_extended_by(size: int, later_size: int, root: bytes, later_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` shows that the tree of ``later_size`` leaves begins with the one of ``size`` leaves.

    From the empty tree there is nothing to show, so nothing shows it. Two trees of one size need equal roots and no
    path.
    """
    if not 0 < size <= later_size or not _all_digests(path):
        return False
    if size == later_size:
        return not path and root == later_root
    nodes = list(path)
    if size & (size - 1) == 0:
        nodes.insert(0, root)
    if not nodes:
        return False
    position, last = size - 1, later_size - 1
    while position % 2:
        position >>= 1
        last >>= 1
    earlier = later = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            earlier = node_hash(sibling, earlier)
            later = node_hash(sibling, later)
            while position and position % 2 == 0:
                position >>= 1
                last >>= 1
        else:
            later = node_hash(later, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and earlier == root and later == later_root


def _all_digests(values: Sequence[bytes]) -> bool:
    return all(len(value) == DIGEST_BYTES for value in values)
