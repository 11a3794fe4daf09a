"""Tickmarks: each has one meaning, and stands beside items with its meaning in words."""

from __future__ import annotations

from auditor_app.engagement.papers import Papers, Tick
from ui.desk import Desk
from ui.dialogs.notes import DefineDialog
from ui.models.columns import count_column, text_column
from ui.pages import page_of
from ui.papers.paper import Paper, tab_room
from ui.widgets.blocks import GRID, button, holder, row
from ui.widgets.table_panel import TablePanel


class TickmarksPaper(Paper):
    """What each mark means, and where it was set."""

    title = "Tickmarks"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._meanings: dict[str, str] = {}
        self._number: dict[str, int] = {}
        meanings = (
            text_column("Mark", lambda item: item[0]),
            text_column("Meaning", lambda item: item[1], wide=True),
            count_column("Set", lambda item: self._number.get(item[0], 0)),
        )
        ticks = (
            text_column("Mark", lambda item: item.mark),
            text_column("Meaning", lambda item: self._meanings.get(item.mark, ""), yields=True),
            text_column("Paper", lambda item: item.paper),
            text_column("Item", lambda item: item.item, wide=True),
            text_column("By", lambda item: item.stamp.person, yields=True),
            text_column("Time (UTC)", lambda item: item.stamp.at),
            count_column("Entry", lambda item: item.stamp.entry),
        )
        self.meanings = TablePanel("Meanings", meanings, desk.runner, filterable=False)
        self.ticks = TablePanel("Marks that were set", ticks, desk.runner, reads=self._in_full)
        self.define = button("Define a mark…", self._on_define, primary=True)
        self.set = button("Set a mark on an item…", desk.set_tickmark)
        self.meanings.fit_rows(5)
        self.setLayout(tab_room(holder(row(self.define, self.set, 1, spacing=GRID)), self.meanings, self.ticks, stretch=2))  # fmt: skip
        self.ticks.activated.connect(lambda tick: desk.go_to(page_of(tick.paper)))

    def tables(self) -> tuple[TablePanel, ...]:
        """Where marks were set, and what they mean."""
        return self.ticks, self.meanings

    def show_papers(self, papers: Papers) -> None:
        """All of it."""
        self._meanings = dict(papers.tickmarks)
        self._number = {mark: sum(tick.mark == mark for tick in papers.ticks) for mark in self._meanings}
        self.meanings.show_rows(papers.tickmarks)
        self.meanings.fit_rows(5)
        self.ticks.show_rows(papers.ticks)
        self.define.setEnabled(self.writable)
        self.set.setEnabled(self.writable and bool(papers.tickmarks))

    def _in_full(self, tick: Tick) -> str:
        return f"{tick.mark}  {self._meanings.get(tick.mark, '')}: paper {tick.paper}, {tick.item}"

    def _on_define(self) -> None:
        DefineDialog(self, lambda action: self.binder.record(action, title="Define a tickmark")).open()
