"""Table cells made ready for the typesetter: what a cell needs is decided here, so that Typst only sets it.

A call in Typst is remembered for the rest of the run, with all it was given and gave back; a report of 45,000 cells cannot
afford one call a cell, nor to be laid out twice. So each cell becomes short runs ``[style, text]``, places to break inside
long words are marked here by the fonts' own widths, and a row whose lines can be counted says so (:mod:`auditor_app.report.lines`)
and gets a fixed height: the typesetter then lays its cells out once instead of twice.

In a run's text U+001F is a place to break, and a word behind U+001E is kept whole; no text from outside holds either
(:mod:`auditor_app.report.legible`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from auditor_app.report.lines import BREAK, NEW_LINE, WHOLE, Measured, lines_needed
from auditor_app.resource_files import resource

_SIZES = {"normal": 8.6, "small": 7.9, "tiny": 7.1}
_INSETS = {"normal": 5.0, "small": 3.7, "tiny": 3.1}  # as in the template
_LINE = 0.7 + 0.52  # em, a line and what stands between two
_FEW_ROWS, _FEW_POINTS = {"normal": 14, "small": 14, "tiny": 4}, 330.0
_POINTS = 72 / 25.4
_TEXT_WIDTH, _WIDE_WIDTH = 170 * _POINTS, 257 * _POINTS
_CELL_PADDING = 9.0
_KERNING = 1.01
_PIECE = 4
_MONO_SCALE = 0.92
_GROUP_SPACE = 0.6 * 0.55  # em, before scaling: the template's spacing of digits
_MARK = 1.05  # em: shape and space before a mark's word
_LONGEST_WHOLE_ROW = 1500
_NARROW, _GROUP = "\u202f", "\u00a0"

Run = list[str]


def lean_table(block: Mapping[str, Any], *, wide: bool) -> dict[str, Any]:
    """A table block as plain data, its rows as ``{"cells": [[run …] …], "lines": int, "whole": bool}``.

    ``lines`` is what the row needs at most, 0 where that is not sure. A short table has ``together``.
    """
    size = _SIZES[block["size"]]
    shares = [column["share"] for column in block["columns"]]
    width = _WIDE_WIDTH if wide else _TEXT_WIDTH
    ems = [(width * share / sum(shares) - _CELL_PADDING) / size for share in shares]
    rows = [_row(row, ems, labels=block["labels"]) for row in block["rows"]]
    return {**block, "rows": rows, "together": _together(rows, block["size"])}


def _together(rows: Sequence[Mapping[str, Any]], size: str) -> bool:
    """Whether the table is so short that no page break needs to cut it: two rows alone on a page help nobody.

    Only where every row's lines were counted: what may not be cut must be sure to fit on a page.
    """
    if not rows or len(rows) > _FEW_ROWS[size] or not all(row["lines"] for row in rows):
        return False
    lines = 1 + sum(row["lines"] for row in rows)
    insets = 2 * _INSETS[size] * (1 + len(rows))
    return bool(_LINE * lines * _SIZES[size] + insets <= _FEW_POINTS)


def _row(row: Sequence[Sequence[Mapping[str, Any]]], ems: Sequence[float], *, labels: bool) -> dict[str, Any]:
    cells, most, sure, length = [], 1, True, 0
    for place, (items, width) in enumerate(zip(row, ems, strict=True)):
        runs, lines = _cell(items, width, muted=labels and place == 0)
        cells.append(runs)
        most, sure = max(most, lines), sure and lines > 0
        length += sum(len(text) for _, text in runs)
    whole = length <= _LONGEST_WHOLE_ROW
    return {"cells": cells, "lines": most if sure and whole else 0, "whole": whole}


def _cell(items: Iterable[Mapping[str, Any]], width: float, *, muted: bool) -> tuple[list[Run], int]:
    """The runs of a cell, and the lines that they need at most, 0 where that is not sure."""
    runs: list[Run] = []
    measured: list[Measured] = []
    for item in items:
        kind = item["kind"]
        if kind == "newline":
            runs.append(["n", ""])
            measured.append(NEW_LINE)
            continue
        style, text, mono = _styled(kind, item, muted=muted)
        before = _MARK if kind == "mark" else 0.0
        measure = _of_digits if style == "d" else _of_mono if mono else _of_sans
        length = measure(text) + before
        shown = text if length <= width else _breakable(text, width, mono=mono)
        runs.append([style, shown])
        measured.append(Measured(shown, length, before, measure))
    return runs, lines_needed(measured, width)


def _styled(kind: str, item: Mapping[str, Any], *, muted: bool) -> tuple[str, str, bool]:
    """Style letter, text and whether it is set monospaced."""
    if kind in ("code", "digits"):
        return ("c" if kind == "code" else "d"), item["text"], True
    if kind == "quantity":
        tone = item["tone"]
        return ("q" if tone is None else f"q{tone}"), item["text"].replace(_NARROW, _GROUP), False
    if kind == "mark":
        return f"k{item['tone']}", item["word"], False
    if kind == "doubt":
        return "u", item["text"], False
    weight = item.get("weight", "plain")
    style = {"plain": "m" if muted else "", "strong": "s", "muted": "m"}[weight]
    return style, item["text"], False


def _breakable(text: str, width: float, *, mono: bool) -> str:
    """``text`` with a place to break inside each word that is wider than the column; shorter ones stay whole."""
    words = []
    for word in text.split(" "):
        if _width(word, mono=mono) > width:
            words.append(BREAK.join(_pieces(word)))
        elif mono and "-" in word:
            words.append(WHOLE + word)
        else:
            words.append(word)
    return " ".join(words)


def _pieces(word: str) -> list[str]:
    """Groups of digits as they stand, anything else in pieces of four letters, marks with their letter."""
    pieces: list[str] = []
    for group in word.split(_GROUP):
        letters: list[str] = []
        for character in group:
            if letters and unicodedata.category(character) in ("Mn", "Mc", "Me"):
                letters[-1] += character
            else:
                letters.append(character)
        cut = ["".join(letters[start : start + _PIECE]) for start in range(0, len(letters), _PIECE)]
        if pieces and cut:
            cut[0] = _GROUP + cut[0]
        pieces += cut
    return pieces


def _of_digits(text: str) -> float:
    """Groups of a hash stand closer than words do."""
    return _width(text, mono=True) - _MONO_SCALE * (0.6 - _GROUP_SPACE) * text.count(" ")


def _of_mono(text: str) -> float:
    return _width(text, mono=True)


def _of_sans(text: str) -> float:
    return _width(text, mono=False)


@lru_cache(maxsize=8192)
def _width(text: str, *, mono: bool) -> float:
    """An upper bound of the width in em: each character's advance in the widest weight that tables use."""
    if mono:
        return _MONO_SCALE * sum(0.6 if ord(c) < 0x250 else max(0.6, _advance(c)) for c in text)
    return _KERNING * sum(map(_advance, text))


@cache
def _advance(character: str) -> float:
    """Advance in em, the largest of the weights in tables; a whole em for what a face does not draw."""
    from matplotlib.ft2font import LoadFlags

    code = ord(character)
    widths = []
    for font, glyphs in _fonts():
        glyph = glyphs.get(code)
        drawn = None if glyph is None else font.load_glyph(glyph, flags=LoadFlags.NO_SCALE)
        widths.append(1.0 if drawn is None else drawn.horiAdvance / font.units_per_EM)
    return max(widths)


@cache
def _fonts() -> tuple[tuple[Any, Mapping[int, int]], ...]:
    """The faces of tables with their character maps."""
    from matplotlib.ft2font import FT2Font

    fonts = [
        FT2Font(str(resource("fonts", f"IBMPlexSans-{weight}.ttf"))) for weight in ("Regular", "Medium", "SemiBold")
    ]
    return tuple((font, font.get_charmap()) for font in fonts)
