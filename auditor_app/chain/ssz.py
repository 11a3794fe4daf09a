"""Merkle roots and branches of the beacon chain (consensus-specs, ``ssz/simple-serialize.md`` and ``merkle-proofs.md``).

Only what a light client needs: fixed containers of 32-byte chunks, byte vectors, and single branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

CHUNK = 32


def merkle_root(chunks: Sequence[bytes]) -> bytes:
    """The root over 32-byte chunks, padded with zero chunks to a power of two."""
    level = [*chunks, *[bytes(CHUNK)] * (_power_of_two(len(chunks)) - len(chunks))]
    while len(level) > 1:
        level = [sha256(left + right).digest() for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def uint64(value: int) -> bytes:
    """A 64-bit integer's chunk."""
    return value.to_bytes(8, "little").ljust(CHUNK, b"\0")


def uint256(value: int) -> bytes:
    """A 256-bit integer's chunk."""
    return value.to_bytes(CHUNK, "little")


def byte_vector(data: bytes) -> bytes:
    """The root of a vector of bytes of fixed length."""
    return merkle_root([data[start : start + CHUNK].ljust(CHUNK, b"\0") for start in range(0, len(data), CHUNK)])


def byte_list(data: bytes, limit: int) -> bytes:
    """The root of a list of at most ``limit`` bytes, its length mixed in."""
    chunks = [data[start : start + CHUNK].ljust(CHUNK, b"\0") for start in range(0, len(data), CHUNK)]
    room = (limit + CHUNK - 1) // CHUNK
    root = merkle_root([*chunks, *[bytes(CHUNK)] * (room - len(chunks))])
    return sha256(root + uint256(len(data))).digest()


def branch_root(leaf: bytes, branch: Sequence[bytes], index: int) -> bytes:
    """The root that a branch leads to from the leaf at ``index`` of its level."""
    node = leaf
    for level, sibling in enumerate(branch):
        node = sha256(sibling + node if index >> level & 1 else node + sibling).digest()
    return node


def _power_of_two(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()
