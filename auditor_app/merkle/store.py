"""Many nodes in little memory: packed bytes with an offset each, instead of a Python object each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import overload

from auditor_app.merkle.rule import Node

_ABSENT = 0xFF


class NodeStore(Sequence[Node]):
    """An append-only list of nodes; about 60 bytes for a 128-bit digest with four sums."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ends = array("Q")

    def __len__(self) -> int:
        return len(self._ends)

    def append(self, node: Node) -> None:
        """Add one node at the end."""
        data = self._data
        data.append(len(node.digest))
        data += node.digest
        data.append(len(node.sums))
        for units in node.sums:
            if units is None:
                data.append(_ABSENT)
            else:
                width = (units.bit_length() + 8) // 8
                data.append(width)
                data += units.to_bytes(width, "little", signed=True)
        data += node.extra
        self._ends.append(len(data))

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Node]: ...
    def __getitem__(self, index: int | slice) -> Node | Sequence[Node]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self._ends):
            raise IndexError(index)
        start = self._ends[index - 1] if index else 0
        end = self._ends[index]
        data = memoryview(self._data)
        position = start + 1 + data[start]
        digest = bytes(data[start + 1 : position])
        count = data[position]
        position += 1
        sums: list[int | None] = []
        for _ in range(count):
            width = data[position]
            position += 1
            if width == _ABSENT:
                sums.append(None)
            else:
                sums.append(int.from_bytes(data[position : position + width], "little", signed=True))
                position += width
        return Node(digest, tuple(sums), bytes(data[position:end]))
