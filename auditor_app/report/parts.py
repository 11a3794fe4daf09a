"""Long sections in parts: each is typeset in a process of its own, so that no process holds more than a part.

What Typst laid out it keeps until its process ends, about 75 KiB for a row of an appendix. So in a document of more than
:data:`WHOLE` rows each section of more than :data:`APART` is typeset some thousand rows at a time; the document keeps as many empty pages
free, and :mod:`auditor_app.report.joined` puts the pages there. A part that ends inside a table leaves its last page to the next
part: no page is half empty because of a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from auditor_app.report.joined import TypesetPart, continued_part, whole_part

WHOLE = 3000
"""Rows of a document up to which one process typesets all of it, in about 300 MiB: putting parts together takes time."""
APART = 600
"""Rows above which a section of a longer document is typeset apart."""
ROWS = 2600
"""Rows of a part, more or less: a table is not cut close to either end."""
_CLOSE = 100

Block = Mapping[str, Any]
Typeset = Callable[[Mapping[str, Any]], bytes]


def rows_of(section: Mapping[str, Any]) -> int:
    """Rows of all tables of a section."""
    return sum(len(block.get("rows", ())) for block in section["blocks"])


def typeset_apart(tree: dict[str, Any], typeset: Typeset) -> list[tuple[int, list[TypesetPart]]]:
    """Typeset the long sections of ``tree`` with ``typeset``, and leave empty pages for them in it.

    What comes back is each such section's number in the document and its parts in order. Sections with charts stay. Two
    sections at a time: each part waits for the one before it, but not for another section's.
    """
    long = [
        (number, section)
        for number, section in enumerate(tree["sections"])
        if rows_of(section) > APART and not any(block["kind"] == "chart" for block in section["blocks"])
    ]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda item: list(_parts(tree, item[1], typeset)), long))
    for (_, section), parts in zip(long, made, strict=True):
        section["blocks"], section["kept"] = [], sum(part.pages for part in parts)
    return [(number, parts) for (number, _), parts in zip(long, made, strict=True)]


def _parts(tree: Mapping[str, Any], section: Mapping[str, Any], typeset: Typeset) -> Iterator[TypesetPart]:
    waiting: list[Block] = list(section["blocks"])
    headed = True
    while waiting:
        now, waiting = cut(waiting, ROWS)
        shown = {**section, "blocks": now, "headed": headed}
        pdf = typeset({**tree, "part": True, "sections": [shown], "attachments": []})
        part = continued_part(pdf) if waiting else whole_part(pdf)
        if part.rows_left:
            waiting[0] = _beginning(waiting[0], now[-1], part.rows_left)
        headed = False
        yield part


def cut(blocks: Sequence[Block], most: int) -> tuple[list[Block], list[Block]]:
    """Blocks of about ``most`` rows from the start, and the others; only a table is cut, and never close to its ends."""
    room = most
    for at, block in enumerate(blocks):
        rows, here = block.get("rows", ()), max(room, _CLOSE)
        if len(rows) > here + _CLOSE:
            start = block.get("start", 0)
            first = {**block, "rows": rows[:here]}
            rest = {**block, "rows": rows[here:], "start": start + here}
            return [*blocks[:at], first], [rest, *blocks[at + 1 :]]
        room -= len(rows)
    return list(blocks), []


def _beginning(table: Block, before: Block, count: int) -> Block:
    """``table`` with the last ``count`` rows of the part before it."""
    return {**table, "rows": [*before["rows"][-count:], *table["rows"]], "start": table["start"] - count}
