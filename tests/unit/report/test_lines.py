"""Rows of a counted height: the typesetter never needs more lines than were counted, whatever the text holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pypdfium2
import pytest

from auditor_app.operation import CancelToken
from auditor_app.report.cells import lean_table
from auditor_app.report.compiler import Job, compiled
from auditor_app.report.lines import NEW_LINE, Measured, lines_needed
from auditor_app.report.typeset import printable
from auditor_app.resource_files import resource

T = TypeVar("T")
_GAPS = {"normal": 2 * 5 + 0.7 * 8.6, "small": 2 * 3.7 + 0.7 * 7.9, "tiny": 2 * 3.1 + 0.7 * 7.1}
"""Points from the last line of a row to the first of the next: two insets and the height of a capital."""
_MAIN = """#import "theme.typ": *
#import "blocks.typ": draw
#set document(title: "x", date: datetime(year: 2026, month: 1, day: 2))
#set text(font: sans, size: 9.4pt, lang: "en", fallback: false, hyphenate: false)
#set page(paper: "a4", margin: margins)
#draw(json("table.json"))
"""
_SIGNS = "aeimnorstWMl0123456789" * 4 + ".,;:!?()[]{}-–—/\\\"'“”«»#$%&*+<=>@^_`|~·…€ÄßΩж\u0301"


class Chance:
    """A fixed generator."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.default_rng(seed)

    def choice(self, items: Sequence[T]) -> T:
        return items[int(self._source.integers(len(items)))]

    def number(self, least: int, most: int) -> int:
        return int(self._source.integers(least, most + 1))


def _words(chance: Chance) -> str:
    return " ".join(
        "".join(chance.choice(_SIGNS) for _ in range(chance.number(1, 14))) for _ in range(chance.number(1, 24))
    )


def _item(chance: Chance, text: str) -> dict[str, object]:
    kind = chance.choice(["given", "given", "code", "quantity", "strong", "mark", "newline"])
    if kind == "quantity":
        return {"kind": kind, "text": "\u202f".join(["123"] * chance.number(1, 12)), "tone": None}
    if kind == "mark":
        return {"kind": kind, "tone": "agrees", "word": text[:30].strip() or "x"}
    if kind == "newline":
        return {"kind": kind}
    if kind == "strong":
        return {"kind": "given", "text": text, "weight": "strong"}
    return {"kind": kind, "text": text, "weight": "plain"} if kind == "given" else {"kind": kind, "text": text}


def _table(size: str, seed: int, rows: int) -> dict[str, object]:
    chance = Chance(seed)
    made = []
    for number in range(rows):
        items = [_item(chance, _words(chance)) for _ in range(chance.number(1, 4))]
        ends = [{"kind": "code", "text": f"{mark}{number}q "} for mark in "az"]
        made.append(
            [[{"kind": "given", "text": "x", "weight": "plain"}], [ends[0], *items, {"kind": "newline"}, ends[1]]]
        )
    columns = [
        {"title": title, "share": share, "align": "left"} for title, share in (("n", 1), ("t", chance.choice([1, 3])))
    ]
    return {"kind": "table", "columns": columns, "rows": made, "size": size, "labels": False}


@pytest.mark.parametrize("size", ["normal", "small", "tiny"])
@pytest.mark.parametrize("seed", range(4))
def test_no_row_runs_into_the_next_one(size: str, seed: int) -> None:
    table = lean_table(printable(_table(size, seed, 150)), wide=False)
    counted = [row["lines"] for row in table["rows"]]
    assert sum(lines > 1 for lines in counted) > 15
    project = {path.name: path.read_bytes() for path in resource("report").glob("*.typ")}
    data = {
        "table.json": json.dumps(table).encode(),
        "theme.json": b'{"accent": "#12355b"}',
        "main.typ": _MAIN.encode(),
    }
    pdf = compiled(Job({**project, **data}, str(resource("fonts")), ("a-3a", "ua-1")), CancelToken(), apart=False)
    tops, bottoms = _places(pdf, "a", len(counted)), _places(pdf, "z", len(counted))
    for number in range(len(counted) - 1):
        (page, bottom), (next_page, top) = bottoms[number], tops[number + 1]
        assert page < next_page or bottom - top > _GAPS[size] - 0.5, (number, counted[number])


def _places(pdf: bytes, mark: str, rows: int) -> list[tuple[int, float]]:
    """Page and height above its foot of each row's mark."""
    found: dict[int, tuple[int, float]] = {}
    for page_number, page in enumerate(pypdfium2.PdfDocument(pdf)):
        text = page.get_textpage()
        for number in range(rows):
            if number not in found:
                place = text.search(f"{mark}{number}q", match_case=True).get_next()
                if place is not None:
                    found[number] = (page_number, text.get_charbox(place[0])[1])
    return [found[number] for number in range(rows)]


def _run(text: str) -> Measured:
    return Measured(text, float(len(text)), 0.0, len)


def test_lines_are_filled_from_the_left() -> None:
    assert lines_needed([_run("aaaa bbbb cccc")], 9) == 2
    assert lines_needed([_run("aaaa bbbb cccc")], 8.9) == 3
    assert lines_needed([_run("aaaa "), _run("bbbb")], 9) == 1
    assert lines_needed([_run("aaaa"), _run("bbbb")], 7) == 0
    assert lines_needed([_run("aaaa\x1fbbbb")], 7) == 2
    assert lines_needed([_run("aaaa"), NEW_LINE, _run("b c")], 4) == 2
    assert lines_needed([NEW_LINE, NEW_LINE], 1) == 3
    assert lines_needed([], 1) == 1
