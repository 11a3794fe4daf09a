"""A working paper's table as a value: what window, CSV and workbook export alike.

Cells are text, amounts exact decimal text in the asset's unit. Pandas holds such a table for people to work with; nothing
is ever computed in it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor_app.amounts import Amount
from auditor_app.coverage.lines import CoverageLine

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "number"]
Row = tuple[str | None, ...]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column; a ``number`` column holds decimal text (amounts, counts, percentages), or nothing."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class WorkingTable:
    """One table of the working papers: its index reference, a short name for files and sheets, a title for people."""

    reference: str
    name: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[Row, ...]

    @property
    def file(self) -> str:
        """Its file name in a package: ``D3-addresses.csv``."""
        return f"{self.reference}-{self.name}.csv"

    def csv(self) -> bytes:
        """UTF-8 CSV with LF line ends; no cell is one that a spreadsheet executes."""
        return delimited([column.title for column in self.columns], self.rows)

    @property
    def sha256(self) -> str:
        """Digest of :meth:`csv`."""
        return hashlib.sha256(self.csv()).hexdigest()

    def frame(self) -> pd.DataFrame:
        """The table for pandas: exact text in every column."""
        import pandas as pd

        titles = [column.title for column in self.columns]
        return pd.DataFrame([list(row) for row in self.rows], columns=titles, dtype=object)


def texts(*titles: str) -> tuple[TableColumn, ...]:
    """Columns of text."""
    return tuple(TableColumn(title) for title in titles)


def numbers(*titles: str) -> tuple[TableColumn, ...]:
    """Columns of decimal text."""
    return tuple(TableColumn(title, "number") for title in titles)


def units(value: int | None, decimals: int) -> str | None:
    """Base units as exact decimal text."""
    return None if value is None else Amount(value, decimals).plain()


def coverage_row(line: CoverageLine) -> Row:
    """Asset, liabilities, debts, claimed, observed, difference, rate, net rate: one order for paper and attachment."""
    amounts = (line.liabilities, line.debts, line.claimed, line.observed, line.difference)
    return (line.asset, *(units(value, line.decimals) for value in amounts), line.rate, line.net_rate)


def answer(match: bool | None) -> str:
    """Whether two things agreed, in a word."""
    return "not compared" if match is None else ("yes" if match else "no")


def delimited(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """RFC 4180 with LF line ends; empty where a value is missing."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def guarded(value: str | None) -> str:
    """A cell that no spreadsheet executes: an apostrophe before anything but a number that starts like a formula."""
    if value is None:
        return ""
    if not value.startswith(_FORMULA_STARTS):
        return value
    try:
        Amount.parse(value)
    except ValueError:
        return f"'{value}"
    return value
