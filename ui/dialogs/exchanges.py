"""Raw requests and replies of an evidence file that name one account: shown as they stand, and what they are worth said."""

from __future__ import annotations

import json

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QSplitter, QWidget

from auditor_app.chain.exchange_reading import AccountExchanges, RawExchange
from ui.jobs import JobRunner
from ui.models.columns import count_column, text_column
from ui.text import count, short_middle, visible
from ui.theme import mono_font
from ui.widgets.blocks import GRID, button, column, label, row
from ui.widgets.table_panel import TablePanel

_WORTH = "They prove nothing by themselves: whoever made the file could have made them up. A bulk request names many accounts."
_MOST_TEXT = 200_000


def _method(item: RawExchange) -> str:
    """What a JSON-RPC request calls; the verb and path of any other."""
    try:
        document = json.loads(item.request)
    except ValueError:
        return item.asked
    calls = document if isinstance(document, list) else [document]
    names = dict.fromkeys(str(call["method"]) for call in calls if isinstance(call, dict) and "method" in call)
    return ", ".join(names) or item.asked


_COLUMNS = (
    text_column("Answered at", lambda item: item.at),
    text_column("Host", lambda item: item.origin, wide=True),
    text_column("Asked", _method, yields=True),
    count_column("Request bytes", lambda item: len(item.request)),
    count_column("Reply bytes", lambda item: len(item.reply)),
)


class ExchangesDialog(QDialog):
    """A table above, the chosen request and reply below."""

    def __init__(self, parent: QWidget, account: str, found: AccountExchanges, runner: JobRunner) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Raw requests")
        self.setMinimumSize(760, 560)
        self.resize(900, 680)
        more = f", the first {count(len(found.shown))} shown" if found.named > len(found.shown) else ""
        said = (
            f"{short_middle(account, 24)}: named in {count(found.named)} of the {count(found.kept)} exchanges kept for its "
            f"chain{more}. {_WORTH}"
        )
        self.table = TablePanel("Requests", _COLUMNS, runner, filterable=False)
        self.request = _text("Request")
        self.reply = _text("Reply")
        texts = QSplitter(Qt.Orientation.Horizontal)
        for name, field in (("Request", self.request), ("Reply", self.reply)):
            part = QWidget()
            part.setLayout(column(label(name, "overline"), field, spacing=4))
            texts.addWidget(part)
        texts.setChildrenCollapsible(False)
        texts.setHandleWidth(2 * GRID)
        layout = column(
            label("Raw requests", "title"), label(said, wrap=True), self.table, texts,
            row(1, button("Close", self.accept)), spacing=GRID + 4, margins=3 * GRID,
        )  # fmt: skip
        layout.setStretch(2, 2)
        layout.setStretch(3, 3)
        self.setLayout(layout)
        self.table.current_changed.connect(self._on_chosen)
        self.table.show_rows(found.shown)
        self.table.go_to(0)

    def _on_chosen(self, chosen: RawExchange | None) -> None:
        for field, text in ((self.request, "" if chosen is None else chosen.request), (self.reply, "" if chosen is None else chosen.reply)):  # fmt: skip
            cut = f"\n… {count(len(text) - _MOST_TEXT)} characters more" if len(text) > _MOST_TEXT else ""
            field.setPlainText(visible(text[:_MOST_TEXT]) + cut)


def _text(name: str) -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setReadOnly(True)
    made.setTabChangesFocus(True)
    made.setFont(mono_font())
    made.setAccessibleName(name)
    made.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
    return made
