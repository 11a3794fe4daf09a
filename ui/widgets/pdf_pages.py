"""A report page by page: rendered off the UI thread with pypdfium2, shown as images."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QSpinBox, QWidget

from auditor_app.errors import AuditError
from ui.jobs import Job, JobRunner
from ui.page_work import RenderedPage, render_page
from ui.widgets.blocks import GRID, button, column, label, row

_WIDEST = 900


class PdfPages(QWidget):
    """Previous, next, page number, and the page itself as wide as the room allows."""

    page_shown = Signal(int)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._pdf = b""
        self._number = 0
        self._job: Job | None = None
        self._image: QImage | None = None
        self._picture = QLabel()
        self._picture.setTextFormat(Qt.TextFormat.PlainText)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._picture)
        self._scroll.setAccessibleName("Report page")
        self._previous = button("Previous page", partial(self._step, -1))
        self._next = button("Next page", partial(self._step, 1))
        self._spin = QSpinBox()
        self._spin.setAccessibleName("Page number")
        self._spin.setMinimum(1)
        self._spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._spin.setFixedSize(64, 30)
        self._spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._spin.valueChanged.connect(self._on_number_typed)
        self._of = label("", "muted")
        self._whole = button("Whole page", self._paint)
        self._whole.setCheckable(True)
        self.setLayout(
            column(
                row(self._previous, self._next, label("Page"), self._spin, self._of, 1, self._whole),
                self._scroll,
                spacing=GRID,
            )
        )
        self.hide()

    @property
    def pages(self) -> int:
        """How many pages the report shown has."""
        return self._spin.maximum() if self._pdf else 0

    def show_pdf(self, pdf: bytes) -> None:
        """Show a document from its first page."""
        self._pdf, self._number, self._image = pdf, 0, None
        self.show()
        self._render()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the page to the new width; the sharp version follows."""
        super().resizeEvent(event)
        self._paint()

    def _step(self, by: int) -> None:
        self._spin.setValue(self._number + 1 + by)

    def _on_number_typed(self, number: int) -> None:
        if self._pdf and number - 1 != self._number:
            self._number = number - 1
            self._render()

    def _render(self) -> None:
        if self._job is not None:
            self._job.cancel()
        job = self._runner.make_aside(partial(render_page, self._pdf, self._number, 1400), "Rendering the page")
        job.succeeded.connect(self._on_rendered)
        job.failed.connect(self._on_failed)
        self._job = job
        job.start()

    def _on_rendered(self, page: RenderedPage) -> None:
        self._job = None
        lent = QImage(page.pixels, page.width, page.height, page.stride, QImage.Format.Format_RGBX8888)
        self._image, self._number = lent.copy(), page.number
        self._spin.setMaximum(page.pages)
        self._spin.setValue(page.number + 1)
        self._of.setText(f"of {page.pages}")
        self._previous.setEnabled(page.number > 0)
        self._next.setEnabled(page.number < page.pages - 1)
        self._picture.setAccessibleName(f"Page {page.number + 1} of {page.pages} of the report")
        self._scroll.verticalScrollBar().setValue(0)
        self._paint()
        self.page_shown.emit(page.number)

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._picture.setText(f"The page cannot be shown: {error.sentence()}")

    def _paint(self) -> None:
        if self._image is None:
            return
        ratio = self.devicePixelRatioF()
        room = self._scroll.viewport().size()
        width = max(200, min(room.width() - 2 * GRID, _WIDEST))
        if self._whole.isChecked():
            width = min(width, max(200, (room.height() - GRID) * self._image.width() // self._image.height()))
        smooth = Qt.TransformationMode.SmoothTransformation
        picture = QPixmap.fromImage(self._image.scaledToWidth(round(width * ratio), smooth))
        picture.setDevicePixelRatio(ratio)
        self._picture.setPixmap(picture)
