"""Building tries: those of a block's transactions and receipts, each item under the RLP of its position (yellow paper, 4.3.2).

There keys are short and not hashed; RLP encodings are free of prefixes, so no branch holds a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.rlp import Item
from auditor_app.chain.trie import EMPTY_ROOT


def position_key(position: int) -> bytes:
    """The key of the item at a position."""
    return rlp.encode(rlp.scalar(position))


def build(items: Sequence[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """The root over items in their order, and every node by its hash."""
    return build_trie({position_key(number): item for number, item in enumerate(items)})


def build_trie(entries_by_path: Mapping[bytes, bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """The root over values by path, none of which is the beginning of another, and every node by its hash."""
    if not entries_by_path:
        return EMPTY_ROOT, {}
    nodes: dict[bytes, bytes] = {}
    entries = sorted((path.hex(), value) for path, value in entries_by_path.items())
    encoded = rlp.encode(_node(entries, 0, nodes))
    root = keccak256(encoded)
    nodes[root] = encoded
    return root, nodes


def _node(entries: Sequence[tuple[str, bytes]], depth: int, nodes: dict[bytes, bytes]) -> list[Item]:
    """The node over entries that share their first ``depth`` nibbles."""
    first, value = entries[0]
    if len(entries) == 1:
        return [_compact(first[depth:], leaf=True), value]
    shared = depth
    while first[shared] == entries[-1][0][shared]:
        shared += 1
    if shared > depth:
        return [_compact(first[depth:shared], leaf=False), _reference(_node(entries, shared, nodes), nodes)]
    branch: list[Item] = []
    for nibble in "0123456789abcdef":
        below = [entry for entry in entries if entry[0][depth] == nibble]
        branch.append(_reference(_node(below, depth + 1, nodes), nodes) if below else b"")
    return [*branch, b""]


def _reference(node: list[Item], nodes: dict[bytes, bytes]) -> Item:
    """A small node itself, a larger one by its hash."""
    encoded = rlp.encode(node)
    if len(encoded) < 32:
        return node
    digest = keccak256(encoded)
    nodes[digest] = encoded
    return digest


def _compact(nibbles: str, *, leaf: bool) -> bytes:
    """Hex-prefix encoding (appendix C)."""
    odd = len(nibbles) % 2
    return bytes.fromhex(f"{2 * leaf + odd:x}" + ("" if odd else "0") + nibbles)
