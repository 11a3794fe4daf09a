"""One part file, read once: its digest, its size, its rows and its columns, from the same bytes and in bounded memory."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from auditor_app.errors import LedgerError, Location
from auditor_app.ledger.mexc_export.log import COINS
from auditor_app.ledger.mexc_export.rounding import ColumnTally
from auditor_app.operation import CancelToken, Operation, Progress

HEADER = b"\xef\xbb\xbfuuid," + ",".join(COINS).encode("ascii") + b"\r\n"
BLOCK = 2**20
_CELL = rb"(-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,10})?|)"
_ROW = re.compile(rb"^([0-9a-f]{32})," + b",".join([_CELL] * len(COINS)) + rb"\r\n", re.MULTILINE)
_LONGEST_ROW = 32 + len(COINS) * 43 + 2


@dataclass(slots=True)
class ExportTally:
    """All parts together: a tally for each coin, rows, rows without any balance, and the start of every uuid."""

    columns: tuple[ColumnTally, ...] = field(default_factory=lambda: tuple(ColumnTally() for _ in COINS))
    rows: int = 0
    zero_rows: int = 0
    prefixes: array[int] = field(default_factory=lambda: array("Q"))
    """The first 64 bits of each uuid: equal uuids have equal ones."""


@dataclass(frozen=True, slots=True)
class PartReading:
    """What one part file is: counted, measured and digested."""

    name: str
    rows: int
    bytes: int
    md5: str


def read_part(path: Path, tally: ExportTally, token: CancelToken) -> Operation[PartReading]:
    """Read one part into ``tally``; :class:`LedgerError` ``EXPORT.UNREADABLE`` names the row that breaks the form."""
    digest = hashlib.md5(usedforsecurity=False)
    size = rows = 0
    with _open(path) as file:
        total = os.fstat(file.fileno()).st_size
        for block in _blocks(file, path):
            token.check()
            digest.update(block)
            body = block
            if not size:
                _check_header(path, block)
                body = block[len(HEADER) :]
            found = _ROW.findall(body)
            if len(found) != body.count(b"\n") or not block.endswith(b"\n"):
                raise _breach(path, body, rows)
            _add(tally, found)
            rows += len(found)
            size += len(block)
            yield Progress(size, total, "bytes", f"Export: reading {path.name}")
    if not size:
        raise _refuse(path, "the file is empty", Location(path.name))
    return PartReading(path.name, rows, size, digest.hexdigest())


def uuids(path: Path, token: CancelToken) -> Iterator[bytes]:
    """Every uuid of a part that was read before."""
    first = True
    with _open(path) as file:
        for block in _blocks(file, path):
            token.check()
            body = block[len(HEADER) :] if first else block
            first = False
            for row in _ROW.finditer(body):
                yield row[1]


def _add(tally: ExportTally, rows: list[tuple[bytes, ...]]) -> None:
    """Add a block's rows up."""
    columns = tally.columns
    for uuid, *cells in rows:
        held = False
        for column, cell in zip(columns, cells, strict=True):
            held |= column.add(cell) != 0
        tally.zero_rows += not held
        tally.prefixes.append(int(uuid[:16], 16))
    tally.rows += len(rows)


def _blocks(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """The file in blocks that end with a line; a line longer than any row ends the reading."""
    rest = b""
    while chunk := file.read(BLOCK):
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            rest = chunk[end:]
        else:
            rest += chunk
        if len(rest) > BLOCK + _LONGEST_ROW:
            raise _refuse(path, "a line is longer than any row", Location(path.name))
    if rest:
        yield rest


def _check_header(path: Path, block: bytes) -> None:
    """Byte order mark, column names, CRLF."""
    if not block.startswith(HEADER):
        line = block.partition(b"\n")[0][:80].decode("ascii", "backslashreplace")
        wanted = f"a byte order mark, uuid,{','.join(COINS)} and CRLF"
        raise _refuse(path, "the header is not the exporter's", Location(path.name, row=1, byte=0), wanted, line)


def _breach(path: Path, body: bytes, rows: int) -> LedgerError:
    """The error for the first line of a block that is no row; a comma as decimal sign is named as what it is."""
    for number, line in enumerate(body.splitlines(keepends=True), start=rows + 2):
        if _ROW.fullmatch(line):
            continue
        at = Location(path.name, row=number)
        shown = line[:120].decode("ascii", "backslashreplace").rstrip("\r\n")
        if not line.endswith(b"\r\n"):
            return _refuse(path, "the line does not end with CRLF", at, observed=shown)
        if line.count(b",") > len(COINS) or b'"' in line:
            what = "the row has more cells than the header, as if the decimal sign were a comma"
            return _refuse(path, what, at, "a dot as decimal sign", shown)
        return _refuse(path, "the row is not a uuid and four amounts", at, "32 hex digits, then plain numbers", shown)
    return _refuse(path, "the file does not end with a whole line", Location(path.name))


def _open(path: Path) -> BinaryIO:
    """The file, opened; :class:`LedgerError` unless it is a regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise _refuse(path, f"the file cannot be opened ({error.strerror})", Location(str(path))) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _refuse(path, "this is not a regular file", Location(str(path)))
    return os.fdopen(descriptor, "rb")


def _refuse(path: Path, what: str, at: Location, expected: str = "", observed: str = "") -> LedgerError:
    return LedgerError(
        "EXPORT.UNREADABLE",
        what,
        at=at,
        expected=expected,
        observed=observed,
        action=f"Ask for {path.name} as the exporter wrote it.",
    )
