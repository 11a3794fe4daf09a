"""Review notes: attached to a working paper, answered when closed; there is no final report while one is open."""

from __future__ import annotations

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Papers, ReviewNote
from ui.desk import Desk
from ui.dialogs.notes import AnswerDialog
from ui.models.columns import chip_column, count_column, text_column
from ui.pages import page_of
from ui.papers.paper import Paper, by, tab_room
from ui.theme import Tone
from ui.widgets.blocks import GRID, button, holder, label, row, show_text
from ui.widgets.table_panel import TablePanel


def _open(note: ReviewNote) -> bool:
    return note.closed is None


_COLUMNS = (
    count_column("No", lambda item: item.number),
    chip_column("State", lambda item: "Open" if _open(item) else "Closed", lambda item: Tone.WARN if _open(item) else Tone.GOOD),
    text_column("Paper", lambda item: item.paper),
    text_column("Note", lambda item: item.text, wide=True),
    text_column("Reply", lambda item: item.reply, yields=True),
    text_column("By", lambda item: item.raised.person, yields=True),
    text_column("Time (UTC)", lambda item: item.raised.at, gives_way=1),
)  # fmt: skip


def _in_full(note: ReviewNote) -> str:
    closed = "" if note.closed is None else f" Closed: {note.reply} ({by(note.closed)})"
    return f"{note.text} ({by(note.raised)}){closed}"


class NotesPaper(Paper):
    """The notes, newest questions first to be seen as open."""

    title = "Review notes"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.table = TablePanel("Review notes", _COLUMNS, desk.runner, reads=_in_full)
        self.new = button("New note…", desk.new_note, primary=True)
        self.answer = button("Answer and close…", self._on_answer)
        self.go = button("Open its paper", self._on_go)
        self.state = label("", "muted")
        self.setLayout(tab_room(holder(row(self.new, self.answer, self.go, self.state, 1, spacing=GRID)), self.table, stretch=1))  # fmt: skip
        self.table.current_changed.connect(self._judge)
        self.table.activated.connect(self._on_go)

    def tables(self) -> tuple[TablePanel, ...]:
        """The notes."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """All of them."""
        self.table.show_rows(papers.notes)
        number = len(papers.open_notes)
        show_text(self.state, f"{number:,} open: no final report before they are closed" if number else "None is open")
        self._judge()

    def _current(self) -> ReviewNote | None:
        index = self.table.view.currentIndex()
        found: ReviewNote | None = self.table.model.row_at(index.row()) if index.isValid() else None
        return found

    def _judge(self, *_: object) -> None:
        note = self._current()
        self.new.setEnabled(self.writable)
        self.answer.setEnabled(self.writable and note is not None and _open(note))
        self.go.setEnabled(note is not None)

    def _on_answer(self) -> None:
        note = self._current()
        if note is not None:
            number = note.number
            AnswerDialog(self, note, lambda reply: self.binder.record(actions.CloseNote(number=number, reply=reply), title=f"Close note {number}")).open()  # fmt: skip

    def _on_go(self, *_: object) -> None:
        note = self._current()
        if note is not None:
            self.desk.go_to(page_of(note.paper))
