"""Strict RLP (Ethereum yellow paper, appendix B): every value has exactly one encoding, and only that one is read.

A lenient reader would let two different byte strings mean one header or trie node; here the second is refused.
"""

from __future__ import annotations

from typing import TypeAlias

Item: TypeAlias = "bytes | list[Item]"

_MAX_DEPTH = 32
_NOTHING, _HASH = 0x80, 0xA0
"""First bytes of an empty string and of one of 32 bytes."""


class RlpError(ValueError):
    """The bytes are not the one canonical encoding of anything."""


def decode(data: bytes) -> Item:
    """The value that ``data`` encodes, all of it; :class:`RlpError` otherwise."""
    item, end = _item(data, 0, len(data), 0)
    if end != len(data):
        raise RlpError("bytes follow the value")
    return item


def encode(item: Item) -> bytes:
    """The canonical encoding."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _head(len(item), 0x80) + item
    body = b"".join(map(encode, item))
    return _head(len(body), 0xC0) + body


def integer(data: Item, max_bytes: int = 32) -> int:
    """A scalar: big-endian without leading zeros, zero being the empty string."""
    if not isinstance(data, bytes) or len(data) > max_bytes or data[:1] == b"\x00":
        raise RlpError("a number is not canonical")
    return int.from_bytes(data, "big")


def scalar(value: int) -> bytes:
    """The bytes of a scalar."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _head(length: int, offset: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = scalar(length)
    return bytes([offset + 55 + len(size)]) + size


def _item(data: bytes, start: int, end: int, depth: int) -> tuple[Item, int]:
    """The item that starts at ``start`` and where it ends; nothing may reach behind ``end``."""
    if start >= end:
        raise RlpError("a value is cut short")
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    is_list = first >= 0xC0
    body, stop = _extent(data, start, end, first - (0xC0 if is_list else 0x80))
    if not is_list:
        if stop - body == 1 and data[body] < 0x80:
            raise RlpError("a single byte is written in two")
        return data[body:stop], stop
    if depth >= _MAX_DEPTH:
        raise RlpError("lists are nested too deeply")
    items: list[Item] = []
    while body < stop:
        first = data[body]
        if first == _HASH and stop - body > 32:  # trie nodes are lists of hashes and nothing
            items.append(data[body + 1 : body + 33])
            body += 33
        elif first == _NOTHING:
            items.append(b"")
            body += 1
        else:
            item, body = _item(data, body, stop, depth + 1)
            items.append(item)
    return items, stop


def _extent(data: bytes, start: int, end: int, code: int) -> tuple[int, int]:
    """First byte and end of a payload whose length code, less its offset, is ``code``."""
    body, length = start + 1, code
    if code > 55:
        body = start + 1 + code - 55
        size = data[start + 1 : min(body, end)]
        length = int.from_bytes(size, "big")
        if len(size) != code - 55 or size[0] == 0 or length < 56:
            raise RlpError("a length is not canonical")
    if body + length > end:
        raise RlpError("a value is cut short")
    return body, body + length
