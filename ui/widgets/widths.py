"""How wide a column's cells are, measured from a bounded number of rows: no model and no delegate is asked cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil
from typing import Any

from PySide6.QtGui import QFont, QFontMetricsF

from ui.models.columns import Column, Kind
from ui.widgets.chips import chip_width

MEASURED = 64
"""Rows that are measured."""
_LONGEST = 200
"""Characters of a text that are measured; no column is as wide."""


def widest_text(texts: Iterable[str], font: QFont, *, chip: bool = False) -> int:
    """Pixels of the widest text, or of the widest chip; 0 without any."""
    if chip:
        return max((chip_width(text[:_LONGEST], font) for text in set(texts)), default=0)
    advance = QFontMetricsF(font).horizontalAdvance
    return ceil(max((advance(text[:_LONGEST]) for text in texts), default=0.0))


def widest_cell(column: Column, rows: Iterable[Any], shown: Callable[[Column, Any], str], font: QFont, mono: QFont) -> int:  # fmt: skip
    """Pixels of the widest cell of a table's column in the font that it is drawn with."""
    if column.kind is Kind.CHIP:
        return widest_text((shown(column, row) for row in rows), font, chip=True)
    drawn = mono if column.kind is Kind.MONO else font
    if column.tone is None:
        return widest_text((shown(column, row) for row in rows), drawn)
    heavier = QFont(drawn)
    heavier.setWeight(QFont.Weight.Medium)
    toned: list[str] = []
    plain: list[str] = []
    for row in rows:
        (plain if column.tone(row) is None else toned).append(shown(column, row))
    return max(widest_text(plain, drawn), widest_text(toned, heavier))
