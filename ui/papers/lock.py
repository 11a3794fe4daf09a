"""The lock and the amendments after it, each with what, why, who and when."""

from __future__ import annotations

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Amended, Papers
from ui.desk import Desk
from ui.models.columns import count_column, text_column
from ui.papers.paper import Paper, by, tab_room
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, holder, row
from ui.widgets.table_panel import TablePanel

_COLUMNS = (
    text_column("What", lambda item: item.amendment.what, wide=True),
    text_column("Why", lambda item: item.amendment.why, wide=True),
    text_column("Who", lambda item: item.stamp.person, yields=True),
    text_column("When (UTC)", lambda item: item.stamp.at),
    text_column("Action", lambda item: item.action),
    count_column("Entry", lambda item: item.stamp.entry),
)


class LockPaper(Paper):
    """State, one button, the trail."""

    title = "Lock"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.state = Banner()
        self.lock = button("Lock…", desk.lock)
        self.amend = button("Amend with a text only…", self._on_amend)
        self.table = TablePanel("Amendments", _COLUMNS, desk.runner, reads=_in_full)
        self.setLayout(tab_room(self.state, holder(row(self.lock, self.amend, 1, spacing=GRID)), self.table, stretch=2))

    def tables(self) -> tuple[TablePanel, ...]:
        """The trail."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """Locked or not, and everything since."""
        if papers.locked is None:
            text = "Lock it when the file is complete: from then on it takes amendments only, each with what and why."
            self.state.say(Tone.INFO, "Not locked", text)
        else:
            self.state.say(Tone.STALE, "Locked", f"{cut(papers.locked.reason, 300)} ({by(papers.locked.stamp)})")
        self.lock.setEnabled(self.writable and papers.locked is None)
        self.amend.setEnabled(self.writable and papers.locked is not None)
        self.table.show_rows(papers.amendments)

    def _on_amend(self) -> None:
        self.binder.record(actions.Amend(), title="A text only")


def _in_full(item: Amended) -> str:
    return f"{item.amendment.what}. Why: {item.amendment.why}. {by(item.stamp)}."
