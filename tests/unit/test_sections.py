"""Sections of files: every byte read once and shown once, whatever the system gives at a time."""

from __future__ import annotations

import pytest

from auditor_app.sections import PIECE, read_section

SIZES = (0, 1, 2, 1000, PIECE - 1, PIECE, PIECE + 1, 5 * 2**20 + 7)


class Source:
    """Some bytes as a file that gives at most ``most`` of them at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data = data
        self.most = most

    def read_into(self, view: memoryview, offset: int) -> int:
        some = self.data[offset : offset + min(len(view), self.most)]
        view[: len(some)] = some
        return len(some)


def pattern(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("most", [2**30, PIECE // 3 + 1])
def test_what_is_shown_is_what_is_returned(size: int, most: int) -> None:
    data = pattern(size + 20)
    pieces: list[bytes] = []
    found = read_section(Source(data, most).read_into, 9, size, lambda piece: pieces.append(bytes(piece)))
    assert type(found) is bytes
    assert found == data[9 : 9 + size]
    assert b"".join(pieces) == found


@pytest.mark.parametrize("size", [1, 3 * PIECE])
def test_a_file_that_ends_early_gives_what_it_has(size: int) -> None:
    data = pattern(size)
    assert read_section(Source(data, 2**30).read_into, 1, size, None) == data[1:]


def test_each_section_has_memory_of_its_own() -> None:
    source = Source(pattern(4 * PIECE), 2**30)
    first, second = (read_section(source.read_into, offset, 2 * PIECE) for offset in (0, 2 * PIECE))
    assert first == source.data[: 2 * PIECE]
    assert second == source.data[2 * PIECE :]
    assert hash(first) == hash(source.data[: 2 * PIECE])


def test_whoever_looks_may_stop_it() -> None:
    def stop(_piece: memoryview) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_section(Source(pattern(3 * PIECE), 2**30).read_into, 0, 3 * PIECE, stop)
