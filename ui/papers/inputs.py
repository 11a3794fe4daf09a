"""The inputs by digest, and whether what is where they were last seen is still the same file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.taking import FoundInput, InputState
from ui import engagement_work, prompts
from ui.desk import Desk
from ui.models.columns import chip_column, count_column, hash_column, text_column
from ui.papers.paper import Paper, by, tab_room
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, button, holder, row
from ui.widgets.table_panel import TablePanel

_STATES = {
    InputState.AGREES: ("Agrees", Tone.GOOD),
    InputState.CHANGED: ("Changed", Tone.BAD),
    InputState.MISSING: ("Moved or gone", Tone.WARN),
    InputState.NOT_COMPARED: ("There, not compared", Tone.NEUTRAL),
}
_COLUMNS = (
    text_column("Role", lambda item: item.taken.file.role),
    text_column("Name", lambda item: item.taken.file.name, wide=True),
    chip_column("File now", lambda item: _STATES[item.state][0], lambda item: _STATES[item.state][1]),
    count_column("Bytes", lambda item: int(item.taken.file.size)),
    hash_column("SHA-256", lambda item: item.taken.file.sha256),
    count_column("Entry", lambda item: item.taken.stamp.entry),
    text_column("Last seen at", lambda item: item.place, yields=True),
)  # fmt: skip


def _in_full(item: FoundInput) -> str:
    now = f" There now: {item.observed}." if item.observed and item.state is InputState.CHANGED else ""
    return f"SHA-256 {item.taken.file.sha256}. Added by {by(item.taken.stamp)}.{now}"


class InputsPaper(Paper):
    """Looked at quickly whenever the tab is opened; compared byte by byte on request."""

    title = "Inputs"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.table = TablePanel("Inputs by digest", _COLUMNS, desk.runner, reads=_in_full)
        self.add = button("Add inputs…", desk.add_inputs)
        self.compare = button("Compare digests", partial(self.look, digests=True), primary=True)
        self.locate = button("It is somewhere else…", self._on_locate)
        buttons = holder(row(self.add, self.compare, self.locate, 1, spacing=GRID))
        self.setLayout(tab_room(buttons, self.table, stretch=1))
        self.table.current_changed.connect(self._judge)

    def tables(self) -> tuple[TablePanel, ...]:
        """The inputs."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """Look again: files may have been added."""
        if self.isVisible():
            self.look()
        self._judge()

    def looked_at(self) -> None:
        """Files may have changed meanwhile."""
        self.look()

    def look(self, *, digests: bool = False) -> None:
        """Look at every file where it was last seen; with ``digests`` read it."""
        work = partial(engagement_work.look_at_inputs, digests)
        title = "Comparing the inputs" if digests else "Looking at the inputs"
        self.binder.read(title, work, self._on_found, shown=digests)

    def _on_found(self, found: tuple[FoundInput, ...]) -> None:
        self.table.show_rows(found)
        self._judge()

    def _current(self) -> FoundInput | None:
        index = self.table.view.currentIndex()
        found: FoundInput | None = self.table.model.row_at(index.row()) if index.isValid() else None
        return found

    def _judge(self, *_: object) -> None:
        self.add.setEnabled(self.writable)
        self.compare.setEnabled(self.table.model.rowCount() > 0)
        self.locate.setEnabled(self.writable and self._current() is not None)

    def _on_locate(self) -> None:
        item = self._current()
        if item is not None:
            title = f"Where is {cut(item.taken.file.name, 60)}?"
            prompts.open_file(self, title, prompts.ANY, partial(self.use_place, item))

    def use_place(self, item: FoundInput, path: Path) -> None:
        """Note the new place if the same bytes are there; the journal does not change."""
        work = partial(engagement_work.relocate, item.taken.file, path)
        self.binder.read("Comparing the file", work, lambda _: self.look())
