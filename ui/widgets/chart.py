"""The core's matplotlib figure on a page: drawn in a job thread for the size it has, so that no click waits for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy

from auditor_app.operation import CancelToken, Operation, Progress
from ui.jobs import Job, JobRunner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARGIN = 8
_SETTLED_MS = 60
_DPI = 100


class Chart(QFrame):
    """Shows at most one figure; a new one replaces it. While a size is being drawn, the picture before it is stretched."""

    def __init__(self, name: str, runner: JobRunner) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName(name)
        self._runner = runner
        self._figure: Figure | None = None
        self._image = QImage()
        self._job: Job | None = None
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self._draw)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(180)

    def show_figure(self, figure: Figure, description: str) -> None:
        """Show a figure, which nobody else draws any more; ``description`` is its alternative text."""
        self.setAccessibleDescription(description)
        self._figure = figure
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._figure, self._image = None, QImage()
        self.update()

    @property
    def image(self) -> QImage:
        """What is shown; a null image before the first drawing."""
        return self._image

    def sizeHint(self) -> QSize:
        """A comfortable chart."""
        return QSize(640, 280)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew once the size stands still."""
        super().resizeEvent(event)
        if self._figure is not None:
            self._settled.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture inside the card's border."""
        super().paintEvent(event)
        if not self._image.isNull():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self._place(), self._image)
            painter.end()

    def _place(self) -> QRect:
        return self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)

    def _draw(self) -> None:
        """One drawing at a time: a figure may not be drawn by two threads."""
        if self._figure is None or self._place().isEmpty():
            return
        if self._job is not None:
            self._settled.start()
            return
        size, ratio = self._place().size(), self.devicePixelRatioF()
        if self._image.text("figure") == str(id(self._figure)) and self._image.size() == size * ratio:
            return
        self._job = self._runner.make(partial(_drawn, self._figure, size, ratio), "Drawing the chart")
        self._job.succeeded.connect(self._on_drawn)
        self._job.wound_down.connect(self._on_wound_down)
        self._job.start()

    def _on_drawn(self, image: QImage) -> None:
        if self._figure is not None:
            self._image = image
            self.update()

    def _on_wound_down(self) -> None:
        self._job = None


def _drawn(figure: Figure, size: QSize, ratio: float, token: CancelToken) -> Operation[QImage]:
    """The figure as a picture of ``size`` points, ``ratio`` dots each."""
    yield Progress(0, 1, "charts", "Drawing the chart")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    token.check()
    dots = size * ratio
    figure.set_dpi(_DPI * ratio)
    figure.set_size_inches(dots.width() / figure.dpi, dots.height() / figure.dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = canvas.buffer_rgba()
    height, width = pixels.shape[:2]
    lent = QImage(pixels, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    image = lent.scaled(dots, Qt.AspectRatioMode.IgnoreAspectRatio).copy()  # its own bytes: the figure's are used again
    image.setDevicePixelRatio(ratio)
    image.setText("figure", str(id(figure)))
    return image
