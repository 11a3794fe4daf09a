"""The journal, entry by entry: number, time, person, a plain sentence, digest; its whole content below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QSplitter

from auditor_app.engagement.papers import Papers
from ui import engagement_work
from ui.desk import Desk
from ui.engagement_work import JournalLine
from ui.models.columns import count_column, hash_column, text_column
from ui.papers.paper import Paper, tab_room
from ui.text import masked, short_hash
from ui.theme import mono_font
from ui.widgets.blocks import GRID, button, holder, label, row
from ui.widgets.table_panel import TablePanel

_COLUMNS = (
    count_column("Entry", lambda item: item.number),
    text_column("Time (UTC)", lambda item: item.at),
    text_column("Person", lambda item: item.person, yields=True),
    text_column("Action", lambda item: item.action),
    text_column("What was done", lambda item: item.sentence, wide=True),
    hash_column("SHA-256", lambda item: item.sha256, ends=1),
)


class JournalPaper(Paper):
    """Read when it is looked at, in a job; the head stands above."""

    title = "Journal"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._shown = ""
        self._line: JournalLine | None = None
        self.table = TablePanel("Journal", _COLUMNS, desk.runner)
        self.head = label("", selectable=True)
        self.head.setFont(mono_font())
        self.head.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.copy = button("Copy head", self.copy_head)
        self.copy.setAccessibleName("Copy the head as N:HEX")
        self.entry = QPlainTextEdit()
        self.entry.setReadOnly(True)
        self.entry.setFont(mono_font())
        self.entry.setTabChangesFocus(True)
        self.entry.setAccessibleName("The entry's whole content")
        self.entry.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        head = row(label("Head", "muted"), self.head, 1, self.copy, spacing=GRID)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(self.entry)
        split.setStretchFactor(0, 1)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.setSizes([360, 150])
        self.setLayout(tab_room(holder(head), split, stretch=1))
        self.table.current_changed.connect(self._on_current)

    def tables(self) -> tuple[TablePanel, ...]:
        """The entries."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """The head at once, the entries when they are looked at."""
        self.head.setText(f"{papers.head.length}:{short_hash(papers.head.sha256, 4)}")
        if self.isVisible():
            self.looked_at()

    def looked_at(self) -> None:
        """Read what is new."""
        papers = self.binder.papers
        if papers is not None and papers.head.sha256 != self._shown:
            self.binder.read("Reading the journal", engagement_work.journal_lines, self._on_read)

    def copy_head(self) -> None:
        """Put the head on the clipboard as a report prints it: keep it outside the file."""
        papers = self.binder.papers
        if papers is not None:
            QGuiApplication.clipboard().setText(papers.head.text())
            self.desk.say("The head is on the clipboard: kept outside the file it shows what was cut or written anew")

    def _on_current(self, line: JournalLine | None) -> None:
        self._line = line
        self.hide_amounts(self.desk.settings.hide_amounts)

    def hide_amounts(self, hidden: bool) -> None:
        """In the entry's content, too."""
        text = "" if self._line is None else self._line.text
        shown = masked(text) if hidden else text
        if shown != self.entry.toPlainText():
            self.entry.setPlainText(shown)

    def _on_read(self, lines: tuple[JournalLine, ...]) -> None:
        self._shown = lines[-1].sha256 if lines else ""
        self.table.show_rows(lines)
        self.table.go_to(len(lines) - 1)
