"""Looking at rows without loading a ledger: one part at a time, its rows found by an index of line feeds.

Nothing here judges a row. The index costs eight bytes a row of one part; cells exist only for rows that are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pickle import PickleBuffer
from typing import overload

import numpy as np
import numpy.typing as npt

from auditor_app.errors import Location
from auditor_app.findings import Finding
from auditor_app.ledger.parts import count_rows
from auditor_app.ledger.source import PART_ROWS, LedgerPart, LedgerSource, rows_read
from auditor_app.operation import CancelToken, Operation, Progress

_LF = 10
_STEP = 2**22
MOST_SHOWN = 2**14
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[tr\\])")
_SIGNS = {b"t": b"\t", b"r": b"\r", b"\\": b"\\"}

Place = tuple[int, int]
"""The 0-based number of a part and the 0-based row in it: as exact where a part lies about its rows."""


@dataclass(frozen=True)
class LedgerRow:
    """One row as it stands in the file: 0-based ``index`` in the ledger, its bytes without LF.

    ``data`` is cut at :data:`MOST_SHOWN` bytes, more than any valid row has; ``size`` is the row's whole length.
    """

    index: int
    data: bytes
    size: int

    @cached_property
    def cells(self) -> tuple[str, ...]:
        """Its cells as text; bytes that are no ASCII are shown as escapes, and what was cut off is said."""
        text = self.data.decode("ascii", "backslashreplace")
        if self.size > len(self.data):
            text += f"… (cut: the row has {self.size} bytes)"
        return tuple(text.split(","))


class PartRows(Sequence[LedgerRow]):
    """The rows of one part, made when asked for.

    ``ends`` holds the offset behind each row's LF, or the part's end where the last LF is missing.
    """

    def __init__(self, part: LedgerPart, ends: npt.NDArray[np.int64]) -> None:
        self.name, self.first_row = part.name, part.first_row
        self._data = memoryview(part.data)
        self._ends = ends

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        """To another process of this program with the part's bytes beside the pickle, so that nobody copies them."""
        return _again, (self.name, self.first_row, PickleBuffer(self._data), self._ends)

    def __len__(self) -> int:
        return len(self._ends)

    def row_of(self, offset: int) -> int:
        """The 0-based position of the row that holds the byte at ``offset``."""
        return int(np.searchsorted(self._ends, offset, side="right"))

    @overload
    def __getitem__(self, at: int) -> LedgerRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[LedgerRow]: ...
    def __getitem__(self, at: int | slice) -> LedgerRow | Sequence[LedgerRow]:
        """The row at a 0-based position in this part."""
        if isinstance(at, slice):
            return [self[position] for position in range(*at.indices(len(self)))]
        position = at + len(self) if at < 0 else at
        if not 0 <= position < len(self):
            raise IndexError(at)
        start = int(self._ends[position - 1]) if position else 0
        end = int(self._ends[position])
        if end > start and self._data[end - 1] == _LF:
            end -= 1
        return LedgerRow(
            self.first_row + position, bytes(self._data[start : min(end, start + MOST_SHOWN)]), end - start
        )


def _again(name: str, first_row: int, data: bytes, ends: npt.NDArray[np.int64]) -> PartRows:
    return PartRows(LedgerPart(name, first_row, data), ends)


def row_index(part: LedgerPart, token: CancelToken) -> PartRows:
    """The part's rows, indexed some megabytes at a time."""
    bytes_of = np.frombuffer(part.data, np.uint8)
    found = []
    for start in range(0, len(bytes_of), _STEP):
        token.check()
        found.append(np.flatnonzero(bytes_of[start : start + _STEP] == _LF) + (start + 1))
    if part.data and not part.data.endswith(b"\n"):
        found.append(np.array([len(part.data)]))
    return PartRows(part, np.concatenate([np.empty(0, np.int64), *found]).astype(np.int64))


def find_id(source: LedgerSource, key: str, token: CancelToken) -> Operation[Place | None]:
    """Where the first row stands whose first cell is exactly ``key``; ``None`` if there is none.

    An id that breaks the grammar is found by its own characters, and by the escapes that it is shown with. Every part is
    read from the first on, whatever order the ledger declares: an issuer who lies about the order must not be able to
    hide a row.
    """
    wanted = _as_bytes(key)
    done = size = 0
    if not wanted:
        return None
    for number, part in enumerate(source.parts(token)):
        offsets = [_key_offset(part.data, some, token) for some in wanted]
        found = [offset for offset in offsets if offset is not None]
        if found:
            return number, count_rows(part.data[: min(found)])
        done += count_rows(part.data)
        size += len(part.data)
        yield rows_read(source, done, size, "looking for the id")
    return None


def _as_bytes(key: str) -> list[bytes]:
    """How a row begins that has this id, with the comma or, where it has no other cell, the LF behind it."""
    raw = key.encode("utf-8", "surrogatepass")
    keys = dict.fromkeys([raw, _ESCAPE.sub(_unescaped, raw)])
    return [some + end for some in keys if some and not {*b",\n"} & {*some} for end in (b",", b"\n")]


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """The byte that is shown so."""
    return _SIGNS.get(escape[1]) or bytes([int(escape[1][1:], 16)])


def _key_offset(data: bytes, wanted: bytes, token: CancelToken) -> int | None:
    """Where the first row that begins with ``wanted`` begins; some megabytes at a time, so that others get a turn."""
    if data.startswith(wanted):
        return 0
    needle = b"\n" + wanted
    for start in range(0, len(data), _STEP):
        token.check()
        offset = data.find(needle, start, start + _STEP + len(needle) - 1)
        if offset >= 0:
            return offset + 1
    return None


def named_places(findings: Iterable[Finding], members: Sequence[str]) -> tuple[Place, ...]:
    """The place of every ledger row that a finding names, in ledger order, each once."""
    numbers = {name: number for number, name in enumerate(members)}
    places: set[Place] = set()
    for item in findings:
        for at in item.places or (item.at,):
            where = _place(at, numbers)
            if where is not None:
                places.add(where)
    return tuple(sorted(places))


def _place(at: Location, numbers: dict[str, int]) -> Place | None:
    if at.file is None or at.row is None or at.file not in numbers:
        return None
    return numbers[at.file], at.row - 1


def rows_at(source: LedgerSource, places: Sequence[Place], token: CancelToken) -> Operation[tuple[LedgerRow, ...]]:
    """The rows at some places, each part that holds any read once; places outside their part are left out."""
    rows: list[LedgerRow] = []
    numbers = sorted({part for part, _ in places})
    for done, number in enumerate(numbers):
        yield Progress(done, len(numbers), "parts", f"Ledger {source.name}: reading the rows that findings name")
        part = row_index(source.read_part(number, token), token)
        rows += [part[row] for at, row in places if at == number and 0 <= row < len(part)]
    return tuple(rows)


def place_of(row: int) -> Place:
    """Where the 0-based ``row`` of an honest ledger stands."""
    return divmod(row, PART_ROWS)
