"""How many lines a cell's text needs at most: counted here, so that the typesetter need not lay a row out to know its height.

Lines are filled from the left as Typst fills ragged text, with upper bounds for widths and only those places to break that
every version of the line breaking rules (UAX 14) allows. Narrower text or more places to break never give more lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

BREAK, WHOLE = "\x1f", "\x1e"
"""A place to break inside a word; a word behind ``WHOLE`` is kept whole."""
_BEFORE = frozenset(".,;:)%")
_BEHIND = frozenset("([{\"'-+#=*_@&$<>~^\\%\u2212")


@dataclass(frozen=True, slots=True)
class Measured:
    """A run of one style: its text, the width of all of it in em, what stands before it, and how its words are measured."""

    text: str
    width: float
    before: float
    measure: Callable[[str], float]


NEW_LINE = Measured("\n", 0.0, 0.0, len)


def lines_needed(runs: Sequence[Measured], width: float) -> int:
    """An upper bound of the lines in a column of ``width`` em; 0 where a word may not fit or a break is not sure."""
    total, start = 0, 0
    for end in (*(place for place, run in enumerate(runs) if run is NEW_LINE), len(runs)):
        part = runs[start:end]
        lines = 1 if sum(run.width for run in part) <= width else _filled(part, width)
        if not lines:
            return 0
        total, start = total + lines, end + 1
    return total


def _filled(runs: Sequence[Measured], width: float) -> int:
    """Lines of text without a forced break; 0 where a piece is wider than the column."""
    lines, line = 1, 0.0
    for space, piece in _pieces(runs):
        if piece > width:
            return 0
        if line + space + piece <= width:
            line += space + piece
        else:
            lines, line = lines + 1, piece
    return lines


def _pieces(runs: Sequence[Measured]) -> list[tuple[float, float]]:
    """The unbreakable pieces in order: the width of the space before, which vanishes in a break, and of the piece."""
    pieces: list[tuple[float, float]] = []
    space, piece, pending, last = 0.0, 0.0, 0.0, ""
    for run in runs:
        piece += run.before
        for number, word in enumerate(run.text.split(" ")):
            if number:
                pending += run.measure(" ")
            if not word:
                continue
            if pending:
                if _may_break(last, word[0]):
                    pieces.append((space, piece))
                    space, piece = pending, 0.0
                else:
                    piece += pending
                pending = 0.0
            first, *others = word.split(BREAK)
            piece += run.measure(first)
            for part in others:
                pieces.append((space, piece))
                space, piece = 0.0, run.measure(part)
            last = word[-1]
    pieces.append((space, piece + pending))
    return pieces


def _may_break(before: str, behind: str) -> bool:
    """Whether a space between these two characters is surely a place to break."""
    return (before.isalnum() or before in _BEFORE) and (behind.isalnum() or behind in _BEHIND or behind == WHOLE)
