"""Inclusion and consistency of RFC 6962 trees, on hashes alone, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 define them.

Both are there for a subtree too: some leaves of the tree, from a place where a whole tree of that width can stand.

For logs and proofs that come as lists of hashes; a ledger's own proofs are checked from the row in
:mod:`auditor_app.merkle.inclusion`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

DIGEST_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


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
    return size > 0 and contains(0, size, later_size, subtree=root, root=later_root, path=path)


def is_subtree(start: int, end: int) -> bool:
    """Whether the leaves from ``start`` up to ``end`` can be a subtree: ``start`` is a multiple of a power of two as wide."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def includes_in_subtree(index: int, start: int, end: int, *, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash at ``index`` of the whole tree leads to the ``root`` of its subtree by ``path``."""
    return is_subtree(start, end) and includes(index - start, end - start, leaf, path, root)


def contains(start: int, end: int, size: int, *, subtree: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` shows that the tree of ``size`` leaves under ``root`` holds ``subtree`` over ``start`` to ``end``.

    draft-ietf-plants-merkle-tree-certs, section 4.4.3; with ``start`` 0 it is the consistency proof of RFC 9162. The
    empty subtree is in every tree, without a path.
    """
    if 0 <= start == end <= size:
        return not path and subtree == EMPTY_ROOT
    if not (is_subtree(start, end) and end <= size and (not path or _all_digests([subtree, *path]))):
        return False
    first, last, final = start, end - 1, size - 1
    while first != last and (last == final or last % 2):
        first, last, final = first >> 1, last >> 1, final >> 1
    siblings = list(path)
    if first == last:
        siblings.insert(0, subtree)
    if not siblings:
        return False
    inner = outer = siblings[0]
    for sibling in siblings[1:]:
        if final == 0:
            return False
        if last % 2 or last == final:
            inner = node_hash(sibling, inner) if first < last else inner
            outer = node_hash(sibling, outer)
            while last % 2 == 0:
                first, last, final = first >> 1, last >> 1, final >> 1
        else:
            outer = node_hash(outer, sibling)
        first, last, final = first >> 1, last >> 1, final >> 1
    return final == 0 and inner == subtree and outer == root


def _all_digests(values: Sequence[bytes]) -> bool:
    return all(len(value) == DIGEST_BYTES for value in values)
