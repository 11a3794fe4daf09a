"""What a page is made of: typed blocks that sections yield and the Typst template draws.

Values are data all the way: blocks become JSON, JSON becomes Typst values, and nothing is ever read as markup. The
program's own words (:class:`Said`, titles) pass the wording guard when they are made; text from files
(:class:`Given`, :class:`Code`, :class:`Digits`) and standard paragraphs (:class:`Locked`) are exempt.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from auditor_app.report.legible import fours
from auditor_app.report.wording import forbidden_words, require_wording

Tone = Literal["agrees", "exception", "warning", "none"]
"""``agrees`` ● green, ``exception`` ▲ red, ``warning`` ◆ amber, ``none`` ○ grey: shape and word beside the colour."""


class Block(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower):
    """Base of blocks and of the inline values inside them."""


class Said(Block, frozen=True):
    """The program's own words."""

    text: str
    weight: Literal["plain", "strong", "muted"] = "plain"

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.text)


class Locked(Block, frozen=True):
    """A standard paragraph, printed as it stands."""

    text: str


class Given(Block, frozen=True):
    """Text that came from a file or was typed in."""

    text: str
    weight: Literal["plain", "strong", "muted"] = "plain"


class Doubt(Block, frozen=True):
    """A word that a person typed and that such a report must not use; a draft underlines it."""

    text: str


class Code(Block, frozen=True):
    """An identifier or a command, monospaced, breakable anywhere."""

    text: str


class Digits(Block, frozen=True):
    """A hash or key fingerprint, monospaced in groups of four."""

    text: str


class Quantity(Block, frozen=True):
    """An exact amount or count as decimal text, already grouped."""

    text: str
    tone: Tone | None = None


class Mark(Block, frozen=True):
    """A status: a shape, a colour and always a word."""

    tone: Tone
    word: str

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.word)


class Newline(Block, frozen=True):
    """A new line inside a cell."""


Inline: TypeAlias = Said | Locked | Given | Doubt | Code | Digits | Quantity | Mark | Newline
Cell: TypeAlias = tuple[Inline, ...]


class Column(msgspec.Struct, frozen=True):
    """A table column: its heading, its share of the width, and whether it holds quantities (right-aligned)."""

    title: str
    share: float
    align: Literal["left", "right"] = "left"

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.title)


class Heading(Block, frozen=True):
    """A heading; level 1 is a section."""

    level: Literal[1, 2]
    text: str

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.text)


class Paragraph(Block, frozen=True):
    """Running text."""

    content: Cell
    style: Literal["body", "small", "command"] = "body"


class Bullets(Block, frozen=True):
    """An unordered list."""

    items: tuple[Cell, ...]


class Table(Block, frozen=True):
    """A table with a header that repeats on every page.

    ``labels`` sets the first column in the muted label style; a row longer than a page may break, others do not.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    size: Literal["normal", "small", "tiny"] = "normal"
    labels: bool = False


class Chart(Block, frozen=True):
    """A vector figure by its file name in the document, with the text that says the same without seeing it."""

    file: str
    alternative: str
    caption: str

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.caption)


class Notice(Block, frozen=True):
    """A framed remark."""

    tone: Tone
    title: str
    paragraphs: tuple[Cell, ...]

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.title)


class Card(msgspec.Struct, frozen=True):
    """One of the verdicts: the question, the answer, and a factual sentence."""

    question: str
    answer: Mark
    detail: Cell

    def __post_init__(self) -> None:
        """Keep to the report's vocabulary."""
        require_wording(self.question)


class Cards(Block, frozen=True):
    """Verdicts beside each other, kept apart."""

    cards: tuple[Card, ...]


class Contents(Block, frozen=True):
    """The table of contents."""


PageBlock: TypeAlias = Heading | Paragraph | Bullets | Table | Chart | Notice | Cards | Contents


def said(text: str, weight: Literal["plain", "strong", "muted"] = "plain") -> Cell:
    """A cell with the program's own words."""
    return (Said(text, weight),)


def given(text: str, weight: Literal["plain", "strong", "muted"] = "plain") -> Cell:
    """A cell with text from a file; an em dash where there is none."""
    return (Given(text, weight),) if text else (Said("—", "muted"),)


def typed(text: str, *, underline: bool) -> Cell:
    """What a person typed, line by line; ``underline`` marks words that an agreed-upon procedures report must not use."""
    cell: list[Inline] = []
    for number, line in enumerate(text.strip().splitlines()):
        if number:
            cell.append(Newline())
        done = 0
        for word in forbidden_words(line) if underline else ():
            cell += [Given(line[done : word.start]), Doubt(word.word)]
            done = word.start + len(word.word)
        cell.append(Given(line[done:]))
    return tuple(cell) or (Said("—", "muted"),)


def code(text: str) -> Cell:
    """A cell with an identifier."""
    return (Code(text),) if text else (Said("—", "muted"),)


def digits(text: str | None) -> Cell:
    """A cell with a hash in groups of four; an em dash where there is none."""
    return (Digits(fours(text)),) if text else (Said("—", "muted"),)


def quantity(text: str | None, tone: Tone | None = None) -> Cell:
    """A cell with an exact amount; an em dash where there is none."""
    return (Quantity(text, tone),) if text is not None else (Said("—", "muted"),)


def mark(tone: Tone, word: str) -> Cell:
    """A cell with a status."""
    return (Mark(tone, word),)
