"""Reserve rates over time: one line an asset about the 100 % line, each with a marker of its own and its exact last rate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor_app.engagement.history import History
from auditor_app.instants import parse_instant
from auditor_app.report.figures import Palette
from auditor_app.resource_files import resource

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#0072b2", "#b84a00", "#007a5a", "#a9477f", "#8a6000", "#22749f", "#5b6674")
"""Okabe and Ito's, which stay apart for readers who see fewer colours, darkened until they can be read as text (4.5 to 1)."""
_ON_DARK = ("#56b4e9", "#ff9a5c", "#3ccf9f", "#e3a6c8", "#f2c869", "#a7d3f2", "#b9c4d0")
_MARKERS = "osv^D<>PX*"
_MOST = 7
_LEAST_SPAN = 1.0


def rates_figure(history: History, palette: Palette) -> Figure:
    """At most seven assets, those farthest from 100 % last time; the table beside it holds all of them exactly."""
    from matplotlib.figure import Figure

    series = {asset: _known(history, asset) for asset in charted(history)}
    figure = Figure(figsize=(6.69, 3.0), facecolor=palette.background)
    axes: Any = figure.add_axes((0.09, 0.13, 0.66, 0.76), facecolor=palette.background)
    colours = _ON_DARK if int(palette.text[1:3], 16) > 128 else _COLOURS
    axes.axhline(100, color=palette.text, linewidth=1.1, zorder=2)
    for at, (asset, points) in enumerate(series.items()):
        colour = colours[at]
        days, rates = [day for day, _, _ in points], [rate for _, rate, _ in points]
        axes.plot(days, rates, color=colour, marker=_MARKERS[at], markersize=5.5, linewidth=1.5, zorder=3)
        short = "  shortfall" if points[-1][1] < 100 else ""
        axes.text(
            1.03, 0.96 - at * 0.13, f"{asset[:12]}  {points[-1][2]} %{short}", color=colour, transform=axes.transAxes,
            va="center", parse_math=False, font=_font("Medium", 7.8),
        )  # fmt: skip
        axes.plot([1.012], [0.96 - at * 0.13], marker=_MARKERS[at], color=colour, transform=axes.transAxes, clip_on=False, markersize=5)  # fmt: skip
    _dress(axes, [rate for points in series.values() for _, rate, _ in points], history, palette)
    return figure


def charted(history: History) -> tuple[str, ...]:
    """The assets that the figure shows: those with a rate, farthest from 100 % in their last snapshot first."""
    known = {asset: points for asset in history.assets() if (points := _known(history, asset))}
    return tuple(sorted(known, key=lambda asset: -abs(known[asset][-1][1] - 100))[:_MOST])


def in_words(history: History) -> str:
    """The figure for a reader without sight."""
    said = [
        f"{asset} " + ", ".join(f"{text} percent on {day:%Y-%m-%d}" for day, _, text in _known(history, asset))
        for asset in charted(history)
    ]
    return "Reserve rates over time against the 100 percent line: " + "; ".join(said) + "."


def _known(history: History, asset: str) -> list[tuple[datetime, float, str]]:
    """Instant, the place on the axis, and the exact text of each rate; floats place ink and nothing else."""
    return [
        (parse_instant(as_of).astimezone(UTC), float(point.rate), point.rate)
        for as_of, point in history.series(asset)
        if point is not None and point.rate is not None
    ]


def _dress(axes: Any, rates: Sequence[float], history: History, palette: Palette) -> None:
    span = max([_LEAST_SPAN, *(abs(rate - 100) for rate in rates)]) * 1.15
    axes.set_ylim(100 - span, 100 + span)
    days = [parse_instant(point.as_of).astimezone(UTC) for point in history.points]
    if days:
        shown = days if len(days) <= 5 else [days[0], days[len(days) // 2], days[-1]]
        axes.set_xticks(shown, [f"{day:%Y-%m-%d}" for day in shown])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.line)
    axes.grid(axis="y", color=palette.line, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(colors=palette.muted, length=3, width=0.6)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g} %")
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_font(_font("Regular", 7.4))
    axes.set_title(
        "observed reserves in percent of gross liabilities",
        loc="left", pad=7, color=palette.muted, font=_font("Regular", 7.6),
    )  # fmt: skip


def _font(weight: str, size: float) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(resource("fonts", f"IBMPlexSans-{weight}.ttf")), size=size)
