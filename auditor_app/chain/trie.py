"""Merkle-Patricia proofs (Ethereum yellow paper, appendix D), read so strictly that no node is free to differ.

A :class:`NodeTable` holds the nodes of many proofs, each once, keyed by its own Keccak-256: each is hashed and decoded
once, however many paths cross it. Looking up a key walks from a root hash; the walk proves a value or its absence,
or fails. A node that no walk crossed is reported by :meth:`NodeTable.unused`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.rlp import Item, RlpError

EMPTY_ROOT = keccak256(b"\x80")
_HASH = 32


class TrieError(ValueError):
    """The nodes do not prove what they are said to prove; the message is a clause."""


class NodeTable:
    """Trie nodes by hash. :class:`TrieError` for a node that is given twice or could not stand behind a hash."""

    def __init__(self, nodes: Iterable[bytes]) -> None:
        self._raw: dict[bytes, bytes] = {}
        self._decoded: dict[bytes, list[Item]] = {}
        for node in nodes:
            digest = keccak256(node)
            if digest in self._raw:
                raise TrieError("a node stands in the proof twice")
            self._raw[digest] = node

    def __len__(self) -> int:
        return len(self._raw)

    def digests(self) -> list[bytes]:
        """The nodes' Keccak-256, in the order in which they were given."""
        return list(self._raw)

    def unused(self) -> int:
        """How many nodes no lookup has crossed."""
        return len(self._raw) - len(self._decoded)

    def crossed(self) -> list[bytes]:
        """The nodes that lookups crossed, in order of first use."""
        return [self._raw[digest] for digest in self._decoded]

    def lookup(self, root: bytes, key: bytes) -> bytes | None:
        """The value under ``keccak256(key)`` in the trie with this root, ``None`` if it is proven absent."""
        return self._walk(root, keccak256(key).hex())

    def lookup_position(self, root: bytes, position: int) -> bytes | None:
        """The item at a position of a block's transactions or receipts, ``None`` if it is proven absent.

        There keys are the RLP of the position, not hashed.
        """
        return self._walk(root, rlp.encode(rlp.scalar(position)).hex())

    def _walk(self, root: bytes, path: str) -> bytes | None:
        if root == EMPTY_ROOT:
            return None
        node = self._resolve(root, is_root=True)
        position = 0
        while True:
            if len(node) == 17:
                if position == len(path):
                    raise TrieError("a branch stands where a path must have ended")
                child = node[int(path[position], 16)]
                position += 1
            else:
                nibbles, is_leaf = _compact(node[0])
                matches = path.startswith(nibbles, position)
                if is_leaf:
                    return self._leaf(node[1], path, position, nibbles, matches=matches)
                if not matches:
                    return None
                position += len(nibbles)
                child = node[1]
                if child == b"":
                    raise TrieError("an extension leads nowhere")
            if child == b"":
                return None
            node = self._child(child)

    @staticmethod
    def _leaf(value: Item, path: str, position: int, nibbles: str, *, matches: bool) -> bytes | None:
        if position + len(nibbles) != len(path):
            raise TrieError("a leaf's path is not as long as the key")
        if not isinstance(value, bytes) or not value:
            raise TrieError("a leaf holds no value")
        return value if matches else None

    def _child(self, child: Item) -> list[Item]:
        if isinstance(child, bytes):
            return self._resolve(child, is_root=False)
        if len(rlp.encode(child)) >= _HASH:
            raise TrieError("a node of 32 bytes or more stands inside its parent")
        return _shape(child)

    def _resolve(self, digest: bytes, *, is_root: bool) -> list[Item]:
        known = self._decoded.get(digest)
        if known is not None:
            return known
        raw = self._raw.get(digest)
        if raw is None:
            what = "the root" if is_root else f"the node {digest.hex()[:16]}…"
            raise TrieError(f"{what} is missing from the proof")
        if len(raw) < _HASH and not is_root:
            raise TrieError("a node of less than 32 bytes stands outside its parent")
        try:
            node = _shape(rlp.decode(raw))
        except RlpError as error:
            raise TrieError(f"a node is not canonical RLP: {error}") from None
        self._decoded[digest] = node
        return node


def prove(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """What one proof, root first, proves of ``key``: its value, or ``None`` for its absence.

    :class:`TrieError` unless the nodes are exactly those of the path, in order, each once.
    """
    table = NodeTable(nodes)
    value = table.lookup(root, key)
    if table.crossed() != list(nodes):
        raise TrieError("the proof holds nodes that are not on the path, or holds them in another order")
    return value


def _shape(node: Item) -> list[Item]:
    """A node is a branch of 17 items without a value, or a pair of a path and what it leads to."""
    if not isinstance(node, list):
        raise TrieError("a node is no list")
    if len(node) == 17:
        if node[16] != b"":
            raise TrieError("a branch holds a value, which no key of 32 bytes can reach")
        if node.count(b"") > 15:
            raise TrieError("a branch has fewer than two children")
        return node
    if len(node) != 2:
        raise TrieError("a node is neither a branch nor a pair")
    return node


def _compact(encoded: Item) -> tuple[str, bool]:
    """The hex nibbles of a path and whether it ends in a leaf (hex-prefix encoding, appendix C)."""
    if not isinstance(encoded, bytes) or not encoded:
        raise TrieError("a path is empty")
    nibbles = encoded.hex()
    flag = int(nibbles[0], 16)
    if flag > 3 or (not flag & 1 and nibbles[1] != "0"):
        raise TrieError("a path's flag is wrong")
    path = nibbles[1:] if flag & 1 else nibbles[2:]
    is_leaf = bool(flag & 2)
    if not is_leaf and not path:
        raise TrieError("an extension's path is empty")
    return path, is_leaf
