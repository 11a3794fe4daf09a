"""Drawing the core's figures for the window; matplotlib is imported where that is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MakeFigure = Callable[[], "Figure"]
"""A function of the core with everything it needs; it may be called in another process."""


@dataclass(frozen=True, slots=True)
class Dots:
    """The size of a picture: dots across, dots down, and dots an inch."""

    width: int
    height: int
    an_inch: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Red, green, blue, opacity: one byte each, row by row from the top."""

    width: int
    height: int
    rgba: bytes


def draw(make: MakeFigure, dots: Dots, token: CancelToken) -> Operation[Picture]:
    """The figure at this size."""
    yield Progress(0, 1, "charts", "Drawing the chart")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = make()
    token.check()
    figure.set_dpi(dots.an_inch)
    figure.set_size_inches(dots.width / dots.an_inch, dots.height / dots.an_inch)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = canvas.buffer_rgba()
    height, width = pixels.shape[:2]
    return Picture(width, height, bytes(pixels))
