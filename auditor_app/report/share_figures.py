"""Stacked bars of value shares, drawn once for report and window: by grade of evidence, by proof of control.

Every bar starts at zero and ends at 100 %. Pattern and order carry the meaning without colour; the exact amounts stand
in a table beside the figure. Floats place ink and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor_app.amounts import ZERO, Amount
from auditor_app.coverage.shares import CONTROL, GRADES, ValueParts
from auditor_app.report.figures import Palette, font, short_symbol

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INCHES_PER_ROW = 0.27
_MARGIN_INCHES = 0.98
_WIDTH_INCHES = 6.69
_LEFT, _WIDTH = 0.165, 0.615


@dataclass(frozen=True, slots=True)
class ShareKind:
    """One part of every bar: what it is called, its pattern, and its place in the palette's fills."""

    word: str
    hatch: str
    fill: int


@dataclass(frozen=True, slots=True)
class ShareScale:
    """What a figure of shares is about: its parts from the best to the worst, its title, and what stands beside a bar.

    ``rest`` are the parts whose sum is printed beside each bar, under the words ``rest_word``.
    """

    title: str
    kinds: tuple[ShareKind, ...]
    rest: tuple[int, ...]
    rest_word: str


GRADE_SCALE = ShareScale(
    "share of each asset's reserves by grade of evidence",
    (
        ShareKind("proven", "", 0),
        ShareKind("own node", "....", 1),
        ShareKind("two sources", "////", 2),
        ShareKind("one source", "\\\\\\\\", 3),
        ShareKind("claimed only", "xxxx", 4),
    ),
    (GRADES.index("claimed"),),
    "claimed only",
)
CONTROL_SCALE = ShareScale(
    "share of each asset's claimed reserves by proof of control",
    (
        ShareKind("fresh proof", "", 0),
        ShareKind("stale proof", "////", 2),
        ShareKind("bound to a key or owner", "\\\\\\\\", 3),
        ShareKind("no valid proof", "xxxx", 4),
    ),
    (CONTROL.index("none"),),
    "no valid proof",
)


def inches_high(lines: Sequence[ValueParts]) -> float:
    """How high the figure of these lines is."""
    return _MARGIN_INCHES + _INCHES_PER_ROW * max(len(lines), 1)


def share_figure(lines: Sequence[ValueParts], scale: ShareScale, palette: Palette) -> Figure:
    """A bar per asset from the top, in the given order; an asset without value keeps its row and says so."""
    from matplotlib.figure import Figure

    height = inches_high(lines)
    figure = Figure(figsize=(_WIDTH_INCHES, height), facecolor=palette.background)
    axes = figure.add_axes((_LEFT, 0.36 / height, _WIDTH, 1 - _MARGIN_INCHES / height), facecolor=palette.background)
    for row, line in enumerate(lines):
        _draw_row(axes, row, line, scale, palette)
    axes.set_xlim(0, 100)
    axes.set_ylim(len(lines) - 0.45, -0.55)
    _dress(axes, palette)
    _legend(figure, height, scale, palette)
    return figure


def rest_text(line: ValueParts, scale: ShareScale) -> str:
    """What is printed beside a bar: ``12.5000 % claimed only``."""
    total = line.total
    rest = sum((line.amounts[at] for at in scale.rest), ZERO)
    percent = ValueParts(line.asset, (rest, total - rest)).percent(0)
    return "no value" if percent is None else f"{percent} % {scale.rest_word}"


def share_alternative(lines: Sequence[ValueParts], scale: ShareScale) -> str:
    """The figure in words."""
    said = []
    for line in lines:
        parts = [
            f"{line.percent(at)} percent {kind.word}" for at, kind in enumerate(scale.kinds) if line.amounts[at].units
        ]
        said.append(f"{line.asset} {', '.join(parts) or 'no value'}")
    return f"Stacked bars, {scale.title}: {'; '.join(said)}."


def _draw_row(axes: Any, row: int, line: ValueParts, scale: ShareScale, palette: Palette) -> None:
    total, start = line.total.fraction(), 0.0
    for amount, kind in zip(line.amounts, scale.kinds, strict=True):
        if total and amount.units:
            width = _percent(amount, line.total)
            axes.barh(row, width, left=start, height=0.56, zorder=3, **_ink(kind, palette))
            start += width
    if not total:
        axes.barh(row, 100, height=0.56, facecolor="none", edgecolor=palette.line, linewidth=0.6, zorder=2)
    text = {"va": "center_baseline", "parse_math": False, "transform": axes.get_yaxis_transform()}
    axes.text(-0.02, row, short_symbol(line.asset), ha="right", color=palette.text, font=font("Medium", 8.4), **text)
    axes.text(1.02, row, rest_text(line, scale), ha="left", color=palette.text, font=font("Regular", 8.0), **text)


def _percent(amount: Amount, total: Amount) -> float:
    return float(100 * amount.fraction() / total.fraction())


def _ink(kind: ShareKind, palette: Palette) -> dict[str, Any]:
    fill = palette.shares[kind.fill]
    return {
        "facecolor": fill.fill, "edgecolor": palette.text, "hatchcolor": fill.hatch, "hatch": kind.hatch,
        "linewidth": 0.5, "hatch_linewidth": 0.7,
    }  # fmt: skip


def _dress(axes: Any, palette: Palette) -> None:
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.line)
    axes.tick_params(axis="x", colors=palette.muted, length=3, width=0.6)
    axes.set_xticks([0, 25, 50, 75, 100], [f"{place} %" for place in (0, 25, 50, 75, 100)])
    axes.grid(axis="x", color=palette.line, linewidth=0.4, zorder=0)
    axes.set_axisbelow(True)
    for label in axes.get_xticklabels():
        label.set_font(font("Regular", 7.6))


def _legend(figure: Any, height: float, scale: ShareScale, palette: Palette) -> None:
    """Title, and below it every pattern with its word, whether it occurs or not."""
    from matplotlib.patches import Rectangle

    figure.text(_LEFT, 1 - 0.13 / height, scale.title, va="center", color=palette.muted, font=font("Regular", 7.6))
    handles = [Rectangle((0, 0), 1, 1, **_ink(kind, palette)) for kind in scale.kinds]
    made = figure.legend(
        handles, [kind.word for kind in scale.kinds], loc="center left", ncols=len(handles), frameon=False,
        bbox_to_anchor=(_LEFT - 0.008, 1 - 0.4 / height), prop=font("Regular", 7.8), handlelength=2.4, handleheight=1.1,
        columnspacing=1.6, handletextpad=0.6, borderpad=0, borderaxespad=0,
    )  # fmt: skip
    for text in made.get_texts():
        text.set_color(palette.text)
