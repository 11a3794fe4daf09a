"""Reading a PDF back with pypdfium2: its text, and where each run of text stands on its page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pypdfium2


def text_of(pdf: bytes) -> str:
    """All text, pages joined, as extracted."""
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def squeezed(text: str) -> str:
    """Without any white space or soft line-end hyphen marks, so that line breaks do not matter."""
    return re.sub(r"[\s\u00a0\u202f\ufffe\u0002]", "", text)


def boxes(pdf: bytes) -> Iterator[tuple[int, float, float, tuple[float, float, float, float]]]:
    """Page number, page width and height, and left, bottom, right, top of each run of text, in points."""
    document = pypdfium2.PdfDocument(pdf)
    for number, page in enumerate(document, start=1):
        text = page.get_textpage()
        for place in range(text.count_rects()):
            yield number, *page.get_size(), text.get_rect(place)
