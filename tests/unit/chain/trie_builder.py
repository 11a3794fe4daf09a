"""A plain Merkle-Patricia trie in the tests: builds roots and proofs with another RLP library than the product's."""

from __future__ import annotations

from typing import Any

import rlp
from eth_utils import keccak


def build(entries: dict[bytes, bytes]) -> tuple[bytes, dict[bytes, list[bytes]]]:
    """The root over ``keccak(key) → value``, and for each key the nodes of its proof, root first."""
    paths = {keccak(key).hex(): value for key, value in entries.items()}
    if not paths:
        return keccak(b"\x80"), {}
    root = _node(sorted(paths.items()), 0)
    proofs = {key: list(_walk(root, keccak(key).hex())) for key in entries}
    return keccak(rlp.encode(root)), proofs


def absence(entries: dict[bytes, bytes], key: bytes) -> list[bytes]:
    """The nodes that show that ``key`` is not there."""
    paths = {keccak(other).hex(): value for other, value in entries.items()}
    return list(_walk(_node(sorted(paths.items()), 0), keccak(key).hex())) if paths else []


def _node(items: list[tuple[str, bytes]], depth: int) -> Any:
    if len(items) == 1:
        path, value = items[0]
        return [_prefixed(path[depth:], leaf=True), value]
    shared = depth
    while len({path[shared] for path, _ in items}) == 1:
        shared += 1
    if shared > depth:
        return [_prefixed(items[0][0][depth:shared], leaf=False), _reference(_node(items, shared))]
    children: list[Any] = []
    for nibble in "0123456789abcdef":
        below = [item for item in items if item[0][depth] == nibble]
        children.append(_reference(_node(below, depth + 1)) if below else b"")
    return [*children, b""]


def _reference(node: Any) -> Any:
    encoded = rlp.encode(node)
    _BY_HASH[keccak(encoded)] = node
    return node if len(encoded) < 32 else keccak(encoded)


_BY_HASH: dict[bytes, Any] = {}


def _prefixed(path: str, *, leaf: bool) -> bytes:
    flag = 2 * leaf + len(path) % 2
    return bytes.fromhex(f"{flag:x}" + ("" if len(path) % 2 else "0") + path)


def _walk(node: Any, path: str) -> Any:
    """Each hashed node on the way; embedded ones travel inside their parents."""
    yield rlp.encode(node)
    while True:
        if len(node) == 17:
            child, path = node[int(path[0], 16)], path[1:]
        else:
            nibbles = node[0].hex()
            odd, leaf = int(nibbles[0], 16) & 1, int(nibbles[0], 16) & 2
            own = nibbles[1:] if odd else nibbles[2:]
            if leaf or not path.startswith(own):
                return
            child, path = node[1], path[len(own) :]
        if child == b"":
            return
        if isinstance(child, bytes):
            node = _BY_HASH[child]
            yield rlp.encode(node)
        else:
            node = child
