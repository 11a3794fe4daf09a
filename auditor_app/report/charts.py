"""The charts of a report: the coverage figure in pages, each with the text that replaces it for a reader without sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor_app.coverage.lines import CoverageLine
from auditor_app.report.figures import PRINT_PALETTE, coverage_figure, svg

_ROWS_PER_PAGE = 18


@dataclass(frozen=True, slots=True)
class PagedChart:
    """One chart: its file name inside the document, the assets on it, its alternative text and caption.

    ``scale`` are the assets of all pages: they set one axis for every page.
    """

    file: str
    lines: tuple[CoverageLine, ...]
    scale: tuple[CoverageLine, ...]
    alternative: str
    caption: str

    def svg(self) -> bytes:
        """The drawing itself."""
        return svg(coverage_figure(self.lines, PRINT_PALETTE, scale=self.scale))


def coverage_charts(lines: Sequence[CoverageLine]) -> tuple[PagedChart, ...]:
    """The coverage chart in pages of at most 18 assets; none where no asset has a rate."""
    if all(line.rate is None for line in lines):
        return ()
    count = -(-len(lines) // _ROWS_PER_PAGE)
    length = -(-len(lines) // count)
    pages = [tuple(lines[start : start + length]) for start in range(0, len(lines), length)]
    return tuple(_paged(page, tuple(lines), number, len(pages)) for number, page in enumerate(pages, start=1))


def _paged(page: tuple[CoverageLine, ...], scale: tuple[CoverageLine, ...], number: int, count: int) -> PagedChart:
    part = f" ({number} of {count})" if count > 1 else ""
    return PagedChart(
        f"coverage-{number}.svg",
        page,
        scale,
        _alternative(page),
        f"Coverage by asset, distance from the 100 % line{part}",
    )


def _alternative(page: tuple[CoverageLine, ...]) -> str:
    said = [
        f"{line.asset} no rate"
        if line.rate is None
        else f"{line.asset} {line.rate} percent{', shortfall' if (line.difference or 0) < 0 else ''}"
        for line in page
    ]
    return "Lollipop chart of observed reserves in percent of gross liabilities: " + "; ".join(said) + "."
