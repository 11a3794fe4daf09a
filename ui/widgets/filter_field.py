"""A filter field that says while typing whether it understands, in colour, in words, and to screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, QTimer, Signal

from ui.models.columns import Column
from ui.models.filters import BadFilter, Predicate, parse_filter
from ui.text import tooltip
from ui.widgets.blocks import restyle
from ui.widgets.line import Line

_PAUSE_MS = 120
_LEAST_WIDTH = 140
_WIDTH = 260


class FilterField(Line):
    """Emits a predicate for valid text only; ``None`` for an empty one."""

    filtered = Signal(object)
    explained = Signal(str)
    """Why the text is no filter; empty when it is one."""

    def __init__(self, columns: Sequence[Column], subject: str) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._judge)
        self.setPlaceholderText("Filter  (Ctrl+F)")
        self.setClearButtonEnabled(True)
        self.setAccessibleName(f"Filter {subject}")
        self.setMinimumWidth(_LEAST_WIDTH)
        names = ", ".join(column.name for column in self._columns)
        self.setToolTip(tooltip(f"Words; name:word; name=value; name<number; -word for not. Names: {names}"))
        self.textChanged.connect(self._judge_soon)

    def sizeHint(self) -> QSize:
        """Wide where there is room."""
        return QSize(_WIDTH, super().sizeHint().height())

    @property
    def predicate(self) -> Predicate | None:
        """The test in force; :class:`BadFilter` for invalid text."""
        return parse_filter(self.text(), self._columns) if self.text().strip() else None

    def _judge_soon(self, *_: object) -> None:
        self._pause.start()

    def _judge(self) -> None:
        try:
            predicate = self.predicate
        except BadFilter as error:
            self._show("invalid", error.reason)
            return
        self._show("valid" if predicate else "", "")
        self.filtered.emit(predicate)

    def _show(self, verdict: str, reason: str) -> None:
        if self.property("verdict") != verdict:
            self.setProperty("verdict", verdict)
            restyle(self)
        self.setAccessibleDescription(f"Not a filter: {reason}" if reason else "")
        self.explained.emit(reason)
