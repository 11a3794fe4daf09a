"""A report's pages as pictures, rendered with pypdfium2 for the window."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from auditor_app.operation import CancelToken, Operation, Progress

_ONE_AT_A_TIME = Lock()
"""PDFium must not be called by two threads at once, not even for two documents: that ends or spoils the process."""


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """One page; ``number`` is 0-based. ``pixels`` are red, green, blue and an unused byte, ``stride`` bytes a row."""

    number: int
    pages: int
    width: int
    height: int
    stride: int
    pixels: bytes


def render_page(pdf: bytes, number: int, width: int, token: CancelToken) -> Operation[RenderedPage]:
    """Render one page to about ``width`` pixels."""
    yield Progress(0, 1, "pages", "Rendering the page")
    with _ONE_AT_A_TIME:
        token.check()
        return _rendered(pdf, number, width)


def _rendered(pdf: bytes, number: int, width: int) -> RenderedPage:
    """What PDFium holds for the page is given back when this returns."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = len(document)
        shown = min(number, pages - 1)
        page = document[shown]
        bitmap = page.render(scale=width / page.get_width(), rev_byteorder=True, prefer_bgrx=True)
        return RenderedPage(shown, pages, bitmap.width, bitmap.height, bitmap.stride, bytes(bitmap.buffer))
    finally:
        document.close()
