"""What a table column shows, copies and sorts by: one frozen description instead of a model class per table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from auditor_app.counts import counted
from ui.text import ABSENT, base_units, base_units_plain, count, short_hash, short_middle, visible
from ui.theme import Tone


class Kind(Enum):
    """How a cell is drawn."""

    TEXT = "text"
    AMOUNT = "amount"
    NUMBER = "number"
    MONO = "mono"
    CHIP = "chip"


@dataclass(frozen=True, slots=True)
class Column:
    """One column over rows of any frozen type.

    ``shown`` is what stands on screen, ``full`` what is copied and searched, ``key`` what is sorted and compared by
    (``None`` sorts last). ``tone`` colours a chip or a cell; ``wide`` takes the
    room that is left, ``yields`` gives room up first; a column that ``gives_way`` is left out where there is none, the
    highest number first.
    """

    title: str
    shown: Callable[[Any], str]
    full: Callable[[Any], str]
    key: Callable[[Any], Any]
    kind: Kind = Kind.TEXT
    tone: Callable[[Any], Tone | None] | None = None
    wide: bool = False
    yields: bool = False
    note: str = ""
    gives_way: int = 0

    @property
    def name(self) -> str:
        """What the filter field calls it: lower case, no spaces."""
        return self.title.lower().replace(" ", "-")


def text_column(
    title: str,
    value: Callable[[Any], str],
    *,
    wide: bool = False,
    yields: bool = False,
    note: str = "",
    gives_way: int = 0,
) -> Column:
    """Plain text, file-supplied or ours."""
    return Column(
        title,
        lambda row: visible(value(row)) or ABSENT,
        value,
        lambda row: value(row).casefold(),
        wide=wide,
        yields=yields,
        note=note,
        gives_way=gives_way,
    )


def hash_column(
    title: str, value: Callable[[Any], str | None], *, tone: Callable[[Any], Tone | None] | None = None, ends: int = 2
) -> Column:
    """A digest: shortened and grouped on screen, whole on copy."""

    def shown(row: Any) -> str:
        digest = value(row)
        return ABSENT if not digest else short_hash(visible(digest), ends)

    return Column(title, shown, lambda row: value(row) or "", lambda row: value(row) or None, Kind.MONO, tone)


def address_column(title: str, value: Callable[[Any], str], *, wide: bool = False, keep: int = 9) -> Column:
    """An account: its middle left out on screen, whole on copy."""
    return Column(title, lambda row: short_middle(value(row), keep), value, value, Kind.MONO, wide=wide)


def units_column(
    title: str,
    units: Callable[[Any], int | None],
    decimals: Callable[[Any], int],
    *,
    tone: Callable[[Any], Tone | None] | None = None,
    note: str = "",
) -> Column:
    """An exact amount from base units, right-aligned."""

    def key(row: Any) -> Fraction | None:
        value = units(row)
        return None if value is None else Fraction(value, 10 ** decimals(row))

    return Column(
        title,
        lambda row: base_units(units(row), decimals(row)),
        lambda row: base_units_plain(units(row), decimals(row)),
        key,
        Kind.AMOUNT,
        tone,
        note=note,
    )


def count_column(title: str, value: Callable[[Any], int | None]) -> Column:
    """A count, not masked when amounts are hidden."""

    def shown(row: Any) -> str:
        number = value(row)
        return ABSENT if number is None else count(number)

    def full(row: Any) -> str:
        number = value(row)
        return "" if number is None else str(number)

    return Column(title, shown, full, value, Kind.NUMBER)


def rate_column(title: str, value: Callable[[Any], str | None], *, note: str = "") -> Column:
    """A percentage as exact decimal text."""

    def key(row: Any) -> Fraction | None:
        text = value(row)
        return None if text is None else Fraction(text)

    return Column(
        title, lambda row: f"{value(row)} %" if value(row) is not None else ABSENT, lambda row: value(row) or "", key,
        Kind.NUMBER, note=note,
    )  # fmt: skip


def chip_column(
    title: str, value: Callable[[Any], str], tone: Callable[[Any], Tone], *, rank: Callable[[Any], Any] | None = None
) -> Column:
    """A state in a chip; sorts by ``rank`` where the words have an order."""
    return Column(title, value, value, rank or value, Kind.CHIP, tone)


def left_out_words(titles: Sequence[str]) -> str:
    """That columns stand nowhere on screen for want of room; empty where all are shown."""
    return counted(len(titles), "more column") if titles else ""


def left_out_in_full(titles: Sequence[str]) -> str:
    """Which columns those are, and how to see them."""
    return f"{', '.join(titles)}: widen the window, or copy rows, which hold them all" if titles else ""


def in_words(row: Any, columns: Sequence[Column], most: int = 3) -> str:
    """A row in one line: its first full values that say something, at most ``most``."""
    parts = [f"{column.title} {column.full(row)}" for column in columns if column.full(row)]
    return ", ".join(parts[:most])[:500]


def reads_as_row(item: str, columns: Sequence[Column]) -> bool:
    """Whether a text begins as :func:`in_words` begins the rows of a table with these columns."""
    return any(item.startswith(f"{described.title} ") for described in columns)


Marks = Mapping[str, tuple[str, str]]
"""Rows in words, as :func:`in_words` gives them: the tickmarks beside each, and what these mean."""


def marks_column(marks: Marks, described: Sequence[Column]) -> Column:
    """The tickmarks set beside each row of a table with these columns."""

    def found(row: Any) -> tuple[str, str]:
        return marks.get(in_words(row, described), ("", ""))

    return Column(
        "Mark", lambda row: found(row)[0], lambda row: found(row)[1], lambda row: found(row)[1] or None,
        note="Tickmarks on the row; each has one meaning, on Notes and tickmarks",
    )  # fmt: skip
