"""The core's matplotlib figure on a page: drawn elsewhere for the size it has, so that no click waits for it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy

from ui.chart_work import Dots, MakeFigure, Picture, draw
from ui.jobs import Job, JobRunner
from ui.theme import current

WAITING = "Drawing…"
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
        self._figure: MakeFigure | None = None
        self._drawn: tuple[MakeFigure, Dots] | None = None
        self._image = QImage()
        self._job: Job | None = None
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self._draw)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(180)

    def show_figure(self, make: MakeFigure, description: str) -> None:
        """Show the figure that ``make`` makes; ``description`` is its alternative text."""
        self.setAccessibleDescription(description)
        self._figure = make
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._figure, self._drawn, self._image = None, None, QImage()
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
        """The picture inside the card's border; until there is one, a quiet word that it is being drawn."""
        super().paintEvent(event)
        painter = QPainter(self)
        if self._image.isNull():
            painter.setPen(QColor(current().muted))
            painter.drawText(self._place(), Qt.AlignmentFlag.AlignCenter, WAITING)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self._place(), self._image)
        painter.end()

    def _place(self) -> QRect:
        return self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)

    def _draw(self) -> None:
        """One drawing at a time: what changes meanwhile is drawn after it."""
        if self._figure is None or self._place().isEmpty():
            return
        if self._job is not None:
            self._settled.start()
            return
        ratio = self.devicePixelRatioF()
        size = self._place().size() * ratio
        wanted = (self._figure, Dots(size.width(), size.height(), _DPI * ratio))
        if wanted == self._drawn:
            return
        self._job = self._runner.make_aside(partial(draw, *wanted), "Drawing the chart")
        self._job.succeeded.connect(partial(self._on_drawn, wanted))
        self._job.wound_down.connect(self._on_wound_down)
        self._job.start()

    def _on_drawn(self, drawn: tuple[MakeFigure, Dots], picture: Picture) -> None:
        if self._figure is not None:
            self._drawn = drawn
            size = (picture.width, picture.height)
            lent = QImage(picture.rgba, *size, 4 * picture.width, QImage.Format.Format_RGBA8888)
            self._image = lent.copy()  # its own bytes: Python may free the others
            self._image.setDevicePixelRatio(drawn[1].an_inch / _DPI)
            self.update()

    def _on_wound_down(self) -> None:
        self._job = None
