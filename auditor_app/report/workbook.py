"""Working papers as files: an XLSX workbook, and one ZIP with the workbook, every table as CSV, and their digests.

The same tables give the same bytes: no clock, no machine, nothing compressed (zlib differs between systems). A number
stands twice, as exact text and as a number, because a spreadsheet keeps 15 digits.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor_app.amounts import Amount
from auditor_app.instants import parse_instant
from auditor_app.report.tables import WorkingTable, delimited

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_CELL = 32_767  # characters in a cell of XLSX
_LONGEST_NAME = 31
_WIDEST = 60
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first instant a ZIP archive can say
_CUT = " … (cut here; whole in the CSV)"
_FORBIDDEN_IN_NAMES = str.maketrans("[]:*?/\\", "-------")
_INDEX = "Index"
WORKBOOK = "papers.xlsx"


@dataclass(frozen=True, slots=True)
class PaperHeading:
    """What the index says above the list of tables: whose papers, as of when, made by what, up to which journal head."""

    entity: str
    as_of: str
    payload_sha256: str
    program: str
    head: str | None = None


def workbook(tables: Sequence[WorkingTable], heading: PaperHeading) -> bytes:
    """The XLSX file: an index sheet, then one sheet per table with a frozen header and filters."""
    import openpyxl
    import pandas as pd
    from openpyxl.writer.excel import ExcelWriter

    buffer = io.BytesIO()
    names = _sheet_names(tables)
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        _index_frame(tables, names, heading).to_excel(writer, sheet_name=_INDEX, index=False, header=False)
        for table, name in zip(tables, names, strict=True):
            _sheet_frame(table).to_excel(writer, sheet_name=name, index=False)
        book = writer.book
        _dress_index(book[_INDEX], names)
        for table, name in zip(tables, names, strict=True):
            _dress(book[name], table)
    assert isinstance(book, openpyxl.Workbook)  # noqa: S101 - the engine named above
    made = parse_instant(heading.as_of).replace(tzinfo=None)
    return _packed(book, made, ExcelWriter)


def _packed(book: Any, made: datetime, writer: Any) -> bytes:
    """The workbook's parts in a ZIP without clock: openpyxl's own way of saving writes the time of day into it."""
    book.properties.creator = "Reserve Auditor"
    book.properties.created = book.properties.modified = made
    parts = io.BytesIO()
    with zipfile.ZipFile(parts, "w", zipfile.ZIP_STORED) as archive:
        writer(book, archive).save()
    with zipfile.ZipFile(parts) as archive:
        return archived({name: archive.read(name) for name in archive.namelist()})


def archived(members: Mapping[str, bytes]) -> bytes:
    """A ZIP of ``members`` in their order, stored, dated 1980: the same bytes everywhere."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def papers_package(tables: Sequence[WorkingTable], heading: PaperHeading) -> bytes:
    """The ZIP for a file room: workbook, CSV tables, ``index.csv`` and ``SHA256SUMS`` over all of them."""
    members = {WORKBOOK: workbook(tables, heading)}
    members |= {table.file: table.csv() for table in tables}
    listed = [(table.reference, table.file, table.title, str(len(table.rows)), table.sha256) for table in tables]
    members["index.csv"] = delimited(("reference", "file", "title", "rows", "sha256"), listed)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(members.items()))
    members["SHA256SUMS"] = sums.encode("utf-8")
    return archived(members)


def _sheet_names(tables: Sequence[WorkingTable]) -> list[str]:
    """``D3 addresses``, at most 31 characters and never twice."""
    names: list[str] = []
    for table in tables:
        name = f"{table.reference} {table.name}".translate(_FORBIDDEN_IN_NAMES)[:_LONGEST_NAME]
        number = 2
        while name.lower() in {item.lower() for item in names} or name.lower() == _INDEX.lower():
            tail = f" {number}"
            name, number = f"{name[: _LONGEST_NAME - len(tail)]}{tail}", number + 1
        names.append(name)
    return names


def _index_frame(tables: Sequence[WorkingTable], names: Sequence[str], heading: PaperHeading) -> pd.DataFrame:
    import pandas as pd

    rows: list[tuple[str, ...]] = [
        ("Working papers", heading.entity),
        ("As of (UTC)", heading.as_of),
        ("Snapshot payload SHA-256", heading.payload_sha256),
        ("Made with", heading.program),
        ("Journal head", heading.head or "no engagement"),
        ("", "Amounts stand as exact text, and beside it as a number of the 15 digits that a spreadsheet keeps."),
        ("",),
        _INDEX_HEADER,
    ]
    rows += [
        (table.reference, name, table.title, str(len(table.rows)), table.sha256)
        for table, name in zip(tables, names, strict=True)
    ]
    whole = [[_shown(text) for text in row] + [None] * (len(_INDEX_HEADER) - len(row)) for row in rows]
    return pd.DataFrame(whole, dtype=object)


_INDEX_HEADER = ("Reference", "Sheet", "Title", "Rows", "SHA-256 of the CSV")


def _sheet_frame(table: WorkingTable) -> pd.DataFrame:
    """The table's text, and after each number column the same as a number."""
    text = table.frame().map(_shown)
    place = 0
    for column in table.columns:
        place += 1
        if column.kind == "number":
            values = [_number(cell) for cell in table.frame()[column.title]]
            text.insert(place, f"{column.title} (number)", values)
            place += 1
    return text


def _number(text: str | None) -> Decimal | None:
    """For sorting and filtering; the file keeps what a double holds of it, and no sum is ever made of it here."""
    if text is None:
        return None
    try:
        Amount.parse(text)
    except ValueError:
        return None
    return Decimal(text)


def _shown(text: str | None) -> str | None:
    """Text that XLSX can hold: characters it cannot hold, or nobody can see, as escapes; cut at a cell's limit."""
    if text is None:
        return None
    shown = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    return shown if len(shown) <= _LONGEST_CELL else shown[: _LONGEST_CELL - len(_CUT)] + _CUT


def _dress_index(sheet: Any, names: Sequence[str]) -> None:
    from openpyxl.styles import Font

    _literal(sheet)
    first = sheet.max_row - len(names) + 1
    for place, name in enumerate(names, start=first):
        cell = sheet.cell(row=place, column=2)
        cell.hyperlink = f"#'{name.replace(chr(39), chr(39) * 2)}'!A1"
        cell.font = Font(underline="single", color="12355B")
    for cell in sheet[first - 1]:
        cell.font = Font(bold=True)
    sheet["A1"].font = Font(bold=True, size=14)
    for letter, width in zip("ABCDE", (27, 30, 48, 9, 68), strict=True):
        sheet.column_dimensions[letter].width = width


def _dress(sheet: Any, table: WorkingTable) -> None:
    """Frozen header, filters, widths; every text a text."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    _literal(sheet)
    for number, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        cell.border = None
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        longest = max(
            (len(str(sheet.cell(row, number).value or "")) for row in range(1, min(sheet.max_row, 200) + 1)), default=8
        )
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, 9), _WIDEST)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.oddHeader.left.text = f"{table.reference} {table.title}".replace("&", "&&")
    sheet.oddFooter.right.text = "Page &P of &N"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _literal(sheet: Any) -> None:
    """A string is a string, whatever it starts with, and stays one when somebody edits the cell."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"
                cell.quotePrefix = True
