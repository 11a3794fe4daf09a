"""The working-paper index A to G: every reference with what stands under it, and the way there."""

from __future__ import annotations

from dataclasses import dataclass

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.papers_document import indexed
from ui.desk import Desk
from ui.models.columns import count_column, text_column
from ui.pages import page_of
from ui.papers.paper import Paper, tab_room
from ui.widgets.blocks import button, holder, row
from ui.widgets.table_panel import TablePanel


@dataclass(frozen=True, slots=True)
class IndexLine:
    """One working paper."""

    letter: str
    section: str
    reference: str
    title: str
    ticks: int
    notes: int


_COLUMNS = (
    text_column("Paper", lambda item: item.reference),
    text_column("Section", lambda item: f"{item.letter}  {item.section}"),
    text_column("Title", lambda item: item.title, wide=True),
    count_column("Tickmarks", lambda item: item.ticks),
    count_column("Open notes", lambda item: item.notes),
)


class IndexPaper(Paper):
    """A double click, or Enter, opens the page."""

    title = "Index"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.table = TablePanel("Working-paper index", _COLUMNS, desk.runner)
        self.go = button("Open this paper", self._on_go)
        self.table.activated.connect(self._on_go)
        self.setLayout(tab_room(self.table, holder(row(self.go, 1))))

    def tables(self) -> tuple[TablePanel, ...]:
        """The index."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """Every paper with its marks and open notes."""
        lines = tuple(
            IndexLine(
                letter,
                section,
                reference,
                title,
                sum(tick.paper == reference for tick in papers.ticks),
                sum(note.paper == reference for note in papers.open_notes),
            )
            for letter, section, named in indexed(papers)
            for reference, title in named
        )
        self.table.show_rows(lines)

    def _on_go(self, *_: object) -> None:
        index = self.table.view.currentIndex()
        if index.isValid():
            self.desk.go_to(page_of(self.table.model.row_at(index.row()).reference))
