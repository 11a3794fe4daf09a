"""Ledgers as sources of parts: the members of an authentic snapshot, or a plain CSV file of any size.

Both hold one part at a time. A CSV file is cut into parts of :data:`~auditor_app.ledger.source.PART_ROWS` rows, so
that whatever works on a snapshot's parts works on it too.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec
import numpy as np

from auditor_app.errors import LedgerError, Location
from auditor_app.ledger.columns import is_amount
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.source import PART_ROWS, LedgerPart
from auditor_app.machine import machine_error
from auditor_app.operation import CancelToken
from auditor_app.processors import processors
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.statement import Column, Ledger

if TYPE_CHECKING:
    from auditor_app.ledger.fast_scan import RowCounter

_CHUNK = 2**22
_LF = 10
_COUNTED = 2**18
_WORTH_A_THREAD = 2**20
"""Bytes of a member that is read while another one is."""


def count_rows(data: bytes) -> int:
    """How many LFs stand in ``data``: a quarter of the time of ``bytes.count``, and without the interpreter's lock."""
    view = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(view[start : start + _COUNTED] == _LF)) for start in range(0, len(view), _COUNTED))


def _row_counter() -> RowCounter | None:
    """Counts rows while a part is read, where this process has loaded machine code already."""
    if "auditor_app.native.library" not in sys.modules:
        return None
    from auditor_app.native.library import loaded  # waits for a thread that is still importing it

    if loaded() is None:
        return None
    from auditor_app.ledger.fast_scan import RowCounter

    return RowCounter()


class SnapshotLedger:
    """One ledger of an authentic snapshot; each member's digest is compared as it is read."""

    def __init__(self, snapshot: AuthenticSnapshot, ledger: Ledger) -> None:
        self._members = snapshot.members
        self._ledger = ledger
        decimals = {asset.symbol: asset.decimals for asset in snapshot.statement.predicate.assets}
        self._columns = tuple(
            msgspec.structs.replace(column, decimals=decimals.get(column.name, column.decimals))
            if is_amount(column)
            else column
            for column in ledger.columns
        )
        rows = {subject.name: subject.annotations.rows for subject in snapshot.statement.subject}
        self._declared = tuple(rows.get(name) for name in ledger.members)

    @property
    def name(self) -> str:
        """The ledger's name."""
        return self._ledger.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns in row order, amounts with the decimals of their asset, which a column need not repeat."""
        return self._columns

    @property
    def order(self) -> Literal["id-ascending", "tree"]:
        """The declared row order."""
        return self._ledger.order

    @property
    def declared_rows(self) -> int:
        """The declared row count of the whole ledger."""
        return int(self._ledger.row_count)

    @property
    def total_bytes(self) -> int:
        """Signed size of all members together."""
        return sum(self._members.size(name) for name in self._ledger.members)

    def parts(self, token: CancelToken) -> Iterator[LedgerPart]:
        """Each member in turn; leaf indices follow the rows that are there, not those declared."""
        first_row = 0
        second = self._second_part(token)
        for index in range(len(self._ledger.members)):
            if index == 1 and second is not None:
                part = replace(second.result(), first_row=first_row)
                second = None
            else:
                part = self._part(index, first_row, token)
            first_row += count_rows(part.data) if part.marks is None else part.marks.rows
            yield part
            del part  # so that its bytes go when its work is done

    def _second_part(self, token: CancelToken) -> Future[LedgerPart] | None:
        """The second member, read beside the first, before which no thread has anything else to do.

        ``None`` where that gains nothing or no thread can be started. What goes wrong with it is raised in its turn.
        """
        names = self._ledger.members[:2]
        if len(names) < 2 or processors() < 2 or min(self._members.size(name) for name in names) < _WORTH_A_THREAD:
            return None
        reader = ThreadPoolExecutor(1, thread_name_prefix="second-part")
        try:
            return reader.submit(self._part, 1, PART_ROWS, token)
        except RuntimeError:
            return None
        finally:
            reader.shutdown(wait=False)

    def read_part(self, index: int, token: CancelToken) -> LedgerPart:
        """One member; its ``first_row`` assumes that every member before it is full."""
        return self._part(index, index * PART_ROWS, token)

    def _part(self, index: int, first_row: int, token: CancelToken) -> LedgerPart:
        token.check()
        name = self._ledger.members[index]
        declared = self._declared[index]
        counter = _row_counter()
        data = self._members.read(name, token, None if counter is None else counter.add)
        rows = None if declared is None else int(declared)
        marks = None if counter is None else counter.marks()
        return LedgerPart(name, first_row, data, declared_rows=rows, marks=marks)


class CsvLedger:
    """A plain CSV file in the ledger grammar, without a snapshot; the container's limits do not apply.

    The file must stay as it is while it is in use: its size, times and identity are compared around every read, and
    :class:`LedgerError` ``LEDGER.CHANGED`` stops the work where they differ.
    """

    def __init__(
        self, path: Path, columns: tuple[Column, ...], order: Literal["id-ascending", "tree"] = "tree"
    ) -> None:
        self._path = path
        self._columns = columns
        self._order: Literal["id-ascending", "tree"] = order
        self._longest_row = Grammar.of(columns).longest_row
        self._starts = [(0, 0)]
        """Rows and bytes before each part, as far as the file has been read."""
        with self._open() as file:
            self._state = _state(file)

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns in row order."""
        return self._columns

    @property
    def order(self) -> Literal["id-ascending", "tree"]:
        """The row order."""
        return self._order

    @property
    def declared_rows(self) -> None:
        """Nobody declares how many rows a plain file has."""
        return

    @property
    def total_bytes(self) -> int:
        """The file's size."""
        return self._state[0]

    def parts(self, token: CancelToken) -> Iterator[LedgerPart]:
        """The file in parts of ``PART_ROWS`` rows."""
        with self._open() as file:
            self._check(file)
            for index, data in enumerate(self._slices(file, token)):
                self._check(file)  # before anybody finds a breach in bytes that were written under our hands
                part = self._part(index, data)
                if index + 1 == len(self._starts):
                    self._starts.append((part.rows_before + count_rows(data), part.bytes_before + len(data)))
                yield part
            self._check(file)

    def read_part(self, index: int, token: CancelToken) -> LedgerPart:
        """One part of ``PART_ROWS`` rows, by its number."""
        if index >= len(self._starts) - 1:
            return next(part for number, part in enumerate(self.parts(token)) if number == index)
        with self._open() as file:
            self._check(file)
            start, end = self._starts[index][1], self._starts[index + 1][1]
            file.seek(start)
            data = file.read(end - start)
            self._check(file)
        if len(data) != end - start:
            raise self._changed("the file became shorter")
        return self._part(index, data)

    def _part(self, index: int, data: bytes) -> LedgerPart:
        rows, offset = self._starts[index]
        return LedgerPart(self.name, rows, data, rows_before=rows, bytes_before=offset)

    def _slices(self, file: BinaryIO, token: CancelToken) -> Iterator[bytes]:
        """The file cut after every ``PART_ROWS``-th LF; cut short behind a row longer than the grammar allows."""
        chunks: list[bytes] = []
        rows = tail = 0
        while chunk := file.read(_CHUNK):
            token.check()
            ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _LF)
            done = 0
            while rows + len(ends) >= PART_ROWS:
                cut = int(ends[PART_ROWS - rows - 1]) + 1
                yield b"".join([*chunks, chunk[done:cut]])
                chunks, done, ends, rows = [], cut, ends[PART_ROWS - rows :], 0
            chunks.append(chunk[done:])
            rows += len(ends)
            newest = chunk.rfind(b"\n")
            tail = len(chunk) - 1 - newest if newest >= 0 else tail + len(chunk)
            if tail > self._longest_row:
                break
        last = b"".join(chunks)
        if last:
            yield last

    def _open(self) -> BinaryIO:
        """The file, opened; :class:`LedgerError` ``LEDGER.UNREADABLE`` unless it is a regular file."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            raise machine_error(error) or LedgerError(
                "LEDGER.UNREADABLE",
                f"the ledger cannot be opened ({error.strerror})",
                at=Location(str(self._path)),
                action="Check the path and the permissions.",
            ) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise LedgerError(
                "LEDGER.UNREADABLE", "this is not a regular file", at=Location(str(self._path)), action="Name a file."
            )
        return os.fdopen(descriptor, "rb")

    def _check(self, file: BinaryIO) -> None:
        """Compare the open file with what it was when the ledger was opened."""
        state = _state(file)
        if state != self._state:
            raise self._changed("its size, time or identity is another than at the start")

    def _changed(self, observed: str) -> LedgerError:
        return LedgerError(
            "LEDGER.CHANGED",
            "the file changed while it was read",
            at=Location(self.name),
            observed=observed,
            action="Make a copy that nobody writes to, and run again.",
        )


def _state(file: BinaryIO) -> tuple[int, int, int, int, int]:
    """Size, modification time, the time of any change (which nobody can set back), device and inode."""
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino
