"""The charts of a report: each figure in pages, each page with the text that replaces it for a reader without sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from auditor_app.coverage.lines import CoverageLine
from auditor_app.coverage.shares import ValueParts, value_by_control, value_by_grade
from auditor_app.engagement.history import History
from auditor_app.engagement.record import Audit
from auditor_app.report.figures import PRINT_PALETTE, coverage_figure, svg
from auditor_app.report.history_figure import charted, in_words, rates_figure
from auditor_app.report.share_figures import CONTROL_SCALE, GRADE_SCALE, ShareScale, share_alternative, share_figure

_ROWS_PER_PAGE = 18
_Line = TypeVar("_Line")


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


@dataclass(frozen=True, slots=True)
class ShareChart:
    """One page of stacked bars: its file name inside the document, its assets, and what the bars show."""

    file: str
    lines: tuple[ValueParts, ...]
    scale: ShareScale
    alternative: str
    caption: str

    def svg(self) -> bytes:
        """The drawing itself."""
        return svg(share_figure(self.lines, self.scale, PRINT_PALETTE))


@dataclass(frozen=True, slots=True)
class RatesChart:
    """Reserve rates over the snapshots of a series: its file name inside the document, and what it shows."""

    file: str
    series: History
    alternative: str
    caption: str

    def svg(self) -> bytes:
        """The drawing itself."""
        return svg(rates_figure(self.series, PRINT_PALETTE))


def report_charts(audit: Audit, series: History | None = None) -> tuple[PagedChart | ShareChart | RatesChart, ...]:
    """Every chart that the sections of a report name."""
    return (*coverage_charts(audit.coverage), *grade_charts(audit), *control_charts(audit), *rates_charts(series))


def rates_charts(series: History | None) -> tuple[RatesChart, ...]:
    """Reserve rates over time; none without a series or without a rate in it."""
    if series is None or not charted(series):
        return ()
    return (RatesChart("rates.svg", series, in_words(series), "Reserve rates over time, about the 100 % line"),)


def grade_charts(audit: Audit) -> tuple[ShareChart, ...]:
    """Reserves by grade of evidence."""
    return _share_charts("grade", value_by_grade(audit.addresses), GRADE_SCALE, "Reserves by grade of evidence")


def control_charts(audit: Audit) -> tuple[ShareChart, ...]:
    """Claimed reserves by proof of control."""
    if audit.ownership is None:
        return ()  # a page of bars that all say the same tells nothing
    lines = value_by_control(audit.ownership, audit.addresses)
    return _share_charts("control", lines, CONTROL_SCALE, "Claimed reserves by proof of control")


def _share_charts(name: str, lines: tuple[ValueParts, ...], scale: ShareScale, caption: str) -> tuple[ShareChart, ...]:
    pages = _pages(lines)
    return tuple(
        ShareChart(f"{name}-{number}.svg", page, scale, share_alternative(page, scale), caption + _part(number, pages))
        for number, page in enumerate(pages, start=1)
    )


def coverage_charts(lines: Sequence[CoverageLine]) -> tuple[PagedChart, ...]:
    """The coverage chart in pages of at most 18 assets; none where no asset has a rate."""
    if all(line.rate is None for line in lines):
        return ()
    pages = _pages(tuple(lines))
    return tuple(
        PagedChart(
            f"coverage-{number}.svg",
            page,
            tuple(lines),
            _alternative(page),
            "Coverage by asset, distance from the 100 % line" + _part(number, pages),
        )
        for number, page in enumerate(pages, start=1)
    )


def _pages(lines: tuple[_Line, ...]) -> list[tuple[_Line, ...]]:
    """Pages of nearly equal length, at most 18 rows each."""
    count = -(-len(lines) // _ROWS_PER_PAGE)
    length = -(-len(lines) // count) if count else 1
    return [lines[start : start + length] for start in range(0, len(lines), length)]


def _part(number: int, pages: Sequence[object]) -> str:
    return f" ({number} of {len(pages)})" if len(pages) > 1 else ""


def _alternative(page: tuple[CoverageLine, ...]) -> str:
    said = [
        f"{line.asset} no rate"
        if line.rate is None
        else f"{line.asset} {line.rate} percent{', shortfall' if (line.difference or 0) < 0 else ''}"
        for line in page
    ]
    return "Lollipop chart of observed reserves in percent of gross liabilities: " + "; ".join(said) + "."
