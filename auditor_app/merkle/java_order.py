"""The order in which a Java ``HashMap`` with text keys gives its entries: what some publishers' JSON depends on.

Source: the documentation and behaviour of ``java.util.HashMap`` (a power of two of buckets, doubled when entries exceed
three quarters of it; ``h ^ h >>> 16``) and of ``String.hashCode``. Within a bucket entries stand as they were added.
"""

from __future__ import annotations

from collections.abc import Sequence

FIRST_CAPACITY = 16


def string_hash(text: str) -> int:
    """``String.hashCode`` of ASCII text, as an unsigned 32-bit number."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value


def hash_map_order(names: Sequence[str]) -> tuple[str, ...]:
    """``names``, added one after another, in the order of iteration."""
    capacity = FIRST_CAPACITY
    while 4 * len(names) > 3 * capacity:
        capacity *= 2

    def bucket(name: str) -> int:
        value = string_hash(name)
        return (value ^ value >> 16) & (capacity - 1)

    return tuple(sorted(names, key=bucket))
