"""The coverage figure, drawn once for report and window: lollipops from the 100 % line.

``matplotlib.figure.Figure`` without pyplot and without global state. Floats place ink and nothing else; every printed
number is the exact text of the table. Marker shape and the word *shortfall* carry the meaning without colour.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor_app.coverage.lines import CoverageLine
from auditor_app.resource_files import resource

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INCHES_PER_ROW = 0.235
_MARGIN_INCHES = 0.72
_WIDTH_INCHES = 6.69
_SPANS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_SYMBOL_LENGTH = 11


@dataclass(frozen=True, slots=True)
class Fill:
    """A surface and the pattern on it."""

    fill: str
    hatch: str


LIGHT_SHARES = (
    Fill("#00664f", "#00664f"), Fill("#0072b2", "#ffffff"), Fill("#8ecdf0", "#1b2430"), Fill("#f0b429", "#1b2430"),
    Fill("#ffffff", "#5b6674"),
)  # fmt: skip
"""From the best part of a bar to the worst, after Okabe and Ito; the pattern says the same without colour."""

DARK_SHARES = (
    Fill("#4cc9a0", "#4cc9a0"), Fill("#4a9fe0", "#12161b"), Fill("#a9daf7", "#12161b"), Fill("#f0b429", "#12161b"),
    Fill("#1a2027", "#9ba8b7"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb`` (``background`` may be ``none``); shape and word stand beside each of them."""

    text: str
    muted: str
    line: str
    background: str
    agrees: str
    shortfall: str
    shares: tuple[Fill, ...] = LIGHT_SHARES


PRINT_PALETTE = Palette(
    text="#1b2430", muted="#5b6674", line="#c9d0d8", background="none", agrees="#00664f", shortfall="#b3400e"
)


@dataclass(frozen=True, slots=True)
class _Lollipop:
    """One row: the drawn place on the axis and the exact text beside it."""

    symbol: str
    place: float
    cut: bool
    short: bool
    label: str


def coverage_figure(
    lines: Sequence[CoverageLine], palette: Palette, *, scale: Sequence[CoverageLine] | None = None
) -> Figure:
    """A row per asset from the top, in the given order; assets without a rate are named and left empty.

    The axis is symmetric about 100 % and reaches at most from 0 to 200 %; a rate beyond it is drawn at the edge with
    an arrow and its exact value. ``scale`` are the lines that set the axis, where a figure shows only some of them.
    """
    from matplotlib.figure import Figure

    span = _span(lines if scale is None else scale)
    height = _MARGIN_INCHES + _INCHES_PER_ROW * max(len(lines), 1)
    figure = Figure(figsize=(_WIDTH_INCHES, height), facecolor=palette.background)
    axes = figure.add_axes((0.175, 0.42 / height, 0.53, 1 - _MARGIN_INCHES / height), facecolor=palette.background)
    for row, line in enumerate(lines):
        _draw_row(axes, row, _lollipop(line, span), palette)
    axes.axvline(100, color=palette.text, linewidth=1.1, zorder=2)
    axes.set_xlim(100 - span * 1.06, 100 + span * 1.06)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    _dress(axes, span, palette)
    return figure


def svg(figure: Figure) -> bytes:
    """The figure as SVG with outlined text: the same bytes for the same figure, today and elsewhere."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "reserve-auditor", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _place(line: CoverageLine) -> float | None:
    return None if line.rate is None else float(line.rate)


def _span(lines: Sequence[CoverageLine]) -> float:
    """How far the axis reaches on either side of 100 %: the next round distance, at most 100."""
    farthest = max((abs(place - 100) for place in map(_place, lines) if place is not None), default=0.0)
    return next((span for span in _SPANS if span >= farthest), _SPANS[-1])


def _lollipop(line: CoverageLine, span: float) -> _Lollipop | None:
    place = _place(line)
    symbol = short_symbol(line.asset)
    if place is None or line.difference is None:
        return _Lollipop(symbol, 100.0, cut=False, short=False, label="no rate") if line.rate is None else None
    short = line.difference < 0
    drawn = min(max(place, 100 - span), 100 + span)
    label = f"{line.rate} %" + ("  shortfall" if short else "")
    return _Lollipop(symbol, drawn, cut=drawn != place, short=short, label=label)


def _draw_row(axes: Any, row: int, item: _Lollipop | None, palette: Palette) -> None:
    if item is None:
        return
    rated = item.label != "no rate"
    colour = palette.shortfall if item.short else palette.agrees
    axes.axhline(row, color=palette.line, linewidth=0.4, zorder=0)
    if rated:
        axes.plot([100, item.place], [row, row], color=colour, linewidth=1.8, solid_capstyle="butt", zorder=3)
        marker = ">" if item.cut else ("v" if item.short else "o")
        axes.plot([item.place], [row], marker=marker, color=colour, markersize=6.2, linestyle="none", zorder=4)
    text = {"va": "center_baseline", "parse_math": False}
    axes.text(
        -0.03, row, item.symbol, ha="right", color=palette.text, font=font("Medium", 8.4),
        transform=axes.get_yaxis_transform(), **text,
    )  # fmt: skip
    axes.text(
        1.03, row, item.label, ha="left", color=(colour if item.short else palette.text) if rated else palette.muted,
        font=font("Medium" if item.short else "Regular", 8.4), transform=axes.get_yaxis_transform(), **text,
    )  # fmt: skip


def _dress(axes: Any, span: float, palette: Palette) -> None:
    """Ticks in percent under a bare axis."""
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.line)
    axes.tick_params(axis="x", colors=palette.muted, length=3, width=0.6)
    step = span / 2
    places = [100 - 2 * step, 100 - step, 100.0, 100 + step, 100 + 2 * step]
    axes.set_xticks(places, [f"{place:.6g} %" for place in places])
    for label in axes.get_xticklabels():
        label.set_font(font("Regular", 7.6))
    axes.set_title(
        "observed reserves in percent of gross liabilities",
        loc="left",
        pad=7,
        color=palette.muted,
        font=font("Regular", 7.6),
    )


def short_symbol(asset: str) -> str:
    """An asset's symbol as it fits beside a row."""
    return asset if len(asset) <= _SYMBOL_LENGTH else f"{asset[: _SYMBOL_LENGTH - 1]}…"


def font(weight: str, size: float) -> Any:
    """A face of the bundled fonts."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(resource("fonts", f"IBMPlexSans-{weight}.ttf")), size=size)
