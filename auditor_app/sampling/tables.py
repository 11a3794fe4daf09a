"""Tables that an auditor imports: lists, extracts, replies, alternatives. CSV with one strict grammar.

UTF-8 (a byte order mark is passed over), commas, a header row, RFC 4180 quotes, LF or CRLF. What a cell may hold
depends on its column: an identifier, a plain decimal amount, or a line of text. Nothing is trimmed, guessed or
executed; the first cell that breaks the grammar is named with its row and column.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from auditor_app.amounts import Amount
from auditor_app.errors import Location, SamplingError
from auditor_app.files import read_capped
from auditor_app.operation import CancelToken

T = TypeVar("T")

CODE = "SAMPLE.TABLE"
MAX_BYTES = 64 * 2**20
MAX_ROWS = 1_000_000
MAX_TEXT = 500
"""Characters in a line of text."""

_IDENTIFIER = re.compile(r"[0-9A-Za-z_.:%/-]{1,180}\Z", re.ASCII)
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9 ().-]*\Z)")
_LONGEST_AMOUNT = 100
_OFTEN = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number in the file, the header being row 1, and its cells."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportedTable:
    """A table as read: file name without folder, SHA-256 of its bytes, header, rows; cells not judged yet."""

    name: str
    sha256: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]

    def at(self, line: Line, column: str | None = None) -> Location:
        """Where a row, or one cell of it, stands."""
        return Location(self.name, row=line.row, column=column)

    def place(self, column: str) -> int | None:
        """The 0-based place of a column; ``None`` where the table has none of that name."""
        return self.header.index(column) if column in self.header else None


def read_table_file(path: Path, name: str | None = None, token: CancelToken | None = None) -> ImportedTable:
    """:func:`read_table` of a file; :class:`SamplingError` ``SAMPLE.TABLE`` where it cannot be read.

    ``name`` is the file's name as recorded earlier, where it may have another one now.
    """
    return read_table(read_capped(path, max_bytes=MAX_BYTES, code=CODE), name or path.name, token)


def read_table(data: bytes, name: str, token: CancelToken | None = None) -> ImportedTable:
    """The rows of a CSV table; :class:`SamplingError` ``SAMPLE.TABLE`` naming the row where it is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(
            "the table is not UTF-8", Location(name, byte=error.start), "Save it again as CSV in UTF-8."
        ) from None
    rows = list(patient(_rows(text, name), token))
    if not rows:
        raise refused("the table is empty", Location(name), "It needs a header row and at least one row.")
    header, *lines = rows
    _check_header(header, name)
    for line in lines:
        if len(line.cells) != len(header.cells):
            raise refused(
                "the row has another number of cells than the header",
                Location(name, row=line.row),
                "Correct the row; quote a cell that holds a comma.",
                expected=f"{len(header.cells)} cells",
                observed=f"{len(line.cells)} cells",
            )
    if not lines:
        raise refused("the table has a header and no row", Location(name), "Fill it in.")
    return ImportedTable(name, sha256(data).hexdigest(), header.cells, tuple(lines))


def patient(rows: Iterable[T], token: CancelToken | None) -> Iterator[T]:
    """``rows``, looking every few thousand whether the work was cancelled."""
    for number, row in enumerate(rows):
        if token is not None and number % _OFTEN == 0:
            token.check()
        yield row


def _rows(text: str, name: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            at = Location(name, row=before + 1)
            raise refused(f"the row is no CSV: {error}", at, "Correct its quotes and length.") from None
        row, before = before + 1, reader.line_num
        if row > MAX_ROWS + 1:
            raise refused("the table is too long", Location(name), f"Give at most {MAX_ROWS:,} rows.")
        if cells:
            yield Line(row, tuple(cells))


def _check_header(header: Line, name: str) -> None:
    for place, title in enumerate(header.cells, start=1):
        at = Location(name, row=header.row)
        if not _IDENTIFIER.match(title):
            raise refused(
                f"column {place} of the header has no usable name",
                at,
                "Name columns with letters, digits and hyphens.",
                observed=ascii(title[:40]),
            )
        if title in header.cells[: place - 1]:
            raise refused(f"the column {title} stands twice in the header", at, "Leave one of them out.")


def require_columns(table: ImportedTable, needed: Sequence[str], allowed: Sequence[str], *, what: str) -> None:
    """Refuse a table that lacks a column of ``needed`` or has one outside both lists."""
    lacking = [name for name in needed if name not in table.header]
    strange = [name for name in table.header if name not in needed and name not in allowed]
    if not lacking and not strange:
        return
    wrong = f"the column {lacking[0]} is missing" if lacking else f"the column {strange[0]} does not belong there"
    optional = f"; may have {', '.join(allowed)}" if allowed else ""
    raise refused(
        f"this is not {what}: {wrong}",
        Location(table.name, row=1),
        "Correct the header row.",
        expected=f"columns {', '.join(needed)}{optional}",
        observed=", ".join(table.header)[:200],
    )


def identifier(table: ImportedTable, line: Line, column: str) -> str:
    """A cell that names something: visible ASCII of identifiers, at most 180 characters."""
    text = line.cells[table.header.index(column)]
    if not _IDENTIFIER.match(text):
        raise refused(
            "the cell is no identifier",
            table.at(line, column),
            "Copy it as the ledger writes it.",
            expected="1 to 180 of the characters 0-9 A-Z a-z _ . : % / -",
            observed=shown(text),
        )
    return text


def amount(table: ImportedTable, line: Line, column: str, *, signed: bool = False) -> Amount | None:
    """A cell with an exact amount in units of the asset, ``None`` where it is empty; a minus only where ``signed``."""
    text = line.cells[table.header.index(column)]
    if not text:
        return None
    try:
        if len(text) > _LONGEST_AMOUNT:
            raise ValueError
        value = Amount.parse(text)
    except ValueError:
        raise refused(
            "the cell is no amount",
            table.at(line, column),
            "Write it out in units of the asset, without exponent or thousands separators.",
            expected="a plain decimal number such as 1234.50",
            observed=shown(text),
        ) from None
    if value.units < 0 and not signed:
        raise refused(
            "the amount is negative",
            table.at(line, column),
            "Leave the row out, or correct the sign.",
            expected="an amount of at least 0",
            observed=shown(text),
        )
    return value


def line_of_text(table: ImportedTable, line: Line, column: str, *, required: bool = False) -> str:
    """A cell for people: one line of printable text, kept as it stands; no formula, no hidden or turning character."""
    text = line.cells[table.header.index(column)]
    problem = text_problem(text)
    if problem is None and required and not text.strip():
        problem = "the cell is empty", "Fill it in."
    if problem is not None:
        raise refused(problem[0], table.at(line, column), problem[1], observed=shown(text))
    return text


def text_problem(text: str) -> tuple[str, str] | None:
    """What is wrong with a line of text and what to do; ``None`` where nothing is."""
    if len(text) > MAX_TEXT:
        return f"the text has {len(text):,} characters, {MAX_TEXT} are the limit", "Shorten it."
    if _FORMULA.match(text):
        return "the text starts like a spreadsheet formula", "Put a letter before it, or leave it out."
    for character in text:
        if not character.isprintable():
            named = unicodedata.name(character, f"U+{ord(character):04X}")
            return f"the text holds a character that cannot be seen ({named})", "Remove it."
    return None


def shown(text: str) -> str:
    """A cell in a message: escaped, at most 80 characters."""
    return ascii(text[:80]) + ("…" if len(text) > 80 else "")


def refuse_twice(table: ImportedTable, line: Line, column: str, first: Line, text: str) -> SamplingError:
    """The error for an identifier that stands in two rows."""
    return refused(
        f"{text[:80]} stands in row {first.row} already",
        table.at(line, column),
        "Leave one of the rows out.",
        expected="every identifier once",
    )


def refused(what: str, at: Location, action: str, *, expected: str = "", observed: str = "") -> SamplingError:
    """The error that an imported table cannot be used."""
    return SamplingError(CODE, what, at=at, action=action, expected=expected, observed=observed)
