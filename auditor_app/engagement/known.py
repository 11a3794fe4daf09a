"""What stands in a journal already, by key: asked at every entry, so it must not cost a look at all entries before.

A value of its own that only ever grows: states of the papers share one table, and each sees what was in it when the state
was made. Adding to an older state than the newest copies what that state sees, so that states never disturb each other.
"""

from __future__ import annotations

from typing import Any

Key = tuple[str, ...]


class Known:
    """Values under keys, in the order in which they were added; :meth:`adding` gives the next state."""

    __slots__ = ("_count", "_size", "_table")

    def __init__(self) -> None:
        """Nothing yet."""
        self._table: dict[Key, list[tuple[int, Any]]] = {}
        self._count = [0]
        self._size = 0

    def __contains__(self, key: Key) -> bool:
        """Whether anything stands under ``key``."""
        held = self._table.get(key)
        return held is not None and held[0][0] < self._size

    def under(self, key: Key) -> tuple[Any, ...]:
        """Everything under ``key``, in its order."""
        return tuple(value for number, value in self._table.get(key, ()) if number < self._size)

    def adding(self, *keys: Key, value: Any = None) -> Known:
        """The state with ``value`` under each of ``keys``."""
        after = Known()
        if self._count[0] == self._size:
            after._table, after._count = self._table, self._count
        else:
            seen = {key: [held for held in values if held[0] < self._size] for key, values in self._table.items()}
            after._table, after._count = {key: values for key, values in seen.items() if values}, [self._size]
        for number, key in enumerate(keys, start=self._size):
            after._table.setdefault(key, []).append((number, value))
        after._size = after._count[0] = self._size + len(keys)
        return after
