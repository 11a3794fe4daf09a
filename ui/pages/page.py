"""What all pages share: a header with the working-paper reference and state, a banner, and an empty state."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QStackedLayout, QVBoxLayout, QWidget

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from ui.desk import Desk
from ui.models.columns import Marks, reads_as_row
from ui.pages import PageEntry, page_of
from ui.sample_state import status_in
from ui.session import StepState
from ui.text import cut, tooltip, visible
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, EmptyState, button, column, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.elided import Elided
from ui.widgets.table_panel import TablePanel
from ui.widgets.tree_panel import TreePanel

Building = Iterator[None]
"""A page's parts are made one after the other: a step ends when a part stands in its place."""

_NONE = object()


class Page(QWidget):
    """One page; subclasses build their content once and show each new audit in it.

    A page is made in steps, so that pages can be made behind the one on screen without a step that is felt. Until
    :meth:`finish` was called, or :meth:`make_on` said that nothing is left, a page must not be used or shown.
    """

    has_state = False
    """Whether a page that is no step says a state beside its title."""

    def __init__(self, desk: Desk, entry: PageEntry) -> None:
        super().__init__()
        self.desk = desk
        self.entry = entry
        self._shown: Audit | None = None
        self._marked_from: Papers | None = None
        self._last_table: TablePanel | TreePanel | None = None
        self._chip = Chip()
        if entry.step is None and not self.has_state:
            self._chip.hide()
        self.banner = Banner()
        self.run_again = button("Run again  (F5)", desk.case.run)
        self.banner.add_button(self.run_again)
        self._title = label(entry.title, "title")
        self._entry_note = Elided("", "muted")
        self._entry_note.setAccessibleName("Journal entry of this run")
        self._marks = label("", wrap=True)
        self._marks.setAccessibleName("Tickmarks on the selected row")
        self._marks.hide()
        self._record = button("Record this run…", desk.record_run, link=True)
        self._attached = button("", lambda: desk.go_to("notes"), link=True)
        self._attached.setAccessibleName("Notes and tickmarks on this paper")
        self._record.hide()
        self._attached.hide()
        title = row(self._title, self._chip, 1, self._attached, self._entry_note, self._record, spacing=2 * GRID)
        title.setAlignment(self._chip, Qt.AlignmentFlag.AlignVCenter)
        head = column(label(entry.overline, "overline"), title, label(entry.summary, "muted"), spacing=4)
        self.empty = EmptyState("", "", *self.empty_buttons())
        self.content = QWidget()
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID + 4, 3 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(head)
        layout.addWidget(self.banner)
        layout.addWidget(self._marks)
        layout.addLayout(self._stack, 1)
        self._stack.addWidget(self.empty)  # only now: a stack without a parent shows its first widget as a window
        self._stack.addWidget(self.content)
        self._left: Building | None = self._make()

    def build(self) -> Building:
        """Fill :attr:`content`; connect the page to whatever may call it only when its last part is there."""
        raise NotImplementedError

    def _make(self) -> Building:
        yield from self.build()
        for table in self.tables():
            table.name_paper(self.entry.reference)
            table.current_changed.connect(partial(self._on_row, table))

    def finish(self) -> None:
        """Make at once whatever is not made yet."""
        left, self._left = self._left, None
        for _ in left or ():
            pass

    def make_on(self) -> bool:
        """Make the next part; whether any is left."""
        if self._left is not None and next(self._left, _NONE) is _NONE:
            self._left = None
        return self._left is not None

    def show_audit(self, audit: Audit) -> None:
        """Show a finished run in the content; called once for each."""
        raise NotImplementedError

    def empty_buttons(self) -> tuple[QPushButton, ...]:
        """What the empty state offers to do."""
        return ()

    def nothing_yet(self) -> tuple[str, str]:
        """Heading and sentence of the empty state."""
        return "Nothing performed yet", "Open a snapshot and run the procedures (F5)."

    def tables(self) -> tuple[TablePanel | TreePanel, ...]:
        """The page's tables, the main one first: Ctrl+F goes to its filter, amounts are hidden in all."""
        return ()

    def refresh(self) -> None:
        """Show the case as it is now."""
        self._refresh_status()
        audit = self.desk.case.audit
        if audit is not None and audit is not self._shown:
            self.show_audit(audit)
        self._shown = audit
        self.hide_amounts(self.desk.settings.hide_amounts)
        if audit is None:
            self.empty.say(*self._reason_for_nothing())
        self.show_content(audit is not None)

    def refresh_status(self) -> None:
        """Only the chip: progress moved."""
        self._refresh_status()

    def show_content(self, there_is_any: bool) -> None:
        """The content, or the empty state."""
        self._stack.setCurrentWidget(self.content if there_is_any else self.empty)

    def hide_amounts(self, hidden: bool) -> None:
        """Mask amounts on this page."""
        for table in self.tables():
            table.model.hide_amounts(hidden)

    def focus_filter(self) -> None:
        """Ctrl+F."""
        shown = [table for table in self.tables() if table.isVisible()]
        if shown:
            shown[0].focus_filter()

    def first_table(self) -> TablePanel | TreePanel | None:
        """The table whose row was chosen last, else the main one on screen."""
        if self._last_table is not None and self._last_table.isVisible():
            return self._last_table
        return next((table for table in self.tables() if table.isVisible()), None)

    def row_count(self) -> int:
        """How many rows Ctrl+G can go to."""
        panel = self.first_table()
        return 0 if panel is None else panel.shown_count()

    def go_to_row(self, position: int) -> None:
        """Put the cursor on the row at a 0-based position of the main table."""
        panel = self.first_table()
        if panel is not None:
            panel.go_to(position)

    @property
    def paper(self) -> str:
        """The working paper on screen: what notes and tickmarks are attached to."""
        return self.entry.reference.partition("–")[0]

    def selected_item(self) -> str:
        """The selected row of the main table in words, for a tickmark; empty where none is selected."""
        panel = self.first_table()
        return "" if panel is None else panel.chosen_in_words()

    def copy_rows(self) -> None:
        """Copy the selected rows of the main table."""
        panel = self.first_table()
        if panel is not None:
            panel.view.copy_rows()

    def export(self) -> None:
        """Ctrl+E: the report, wherever one is."""
        self.desk.go_to("report").export()

    def _on_row(self, table: TablePanel | TreePanel, item: object) -> None:
        if item is not None and table.isVisible():
            self._last_table = table
        self._show_marks()

    def _show_marks(self) -> None:
        """The tickmarks on the selected row, with their meanings in words."""
        papers = self.desk.binder.papers
        if papers is None or not papers.ticks or not self.entry.reference:
            self._marks.hide()
            return
        chosen, meanings = self.selected_item(), dict(papers.tickmarks)
        found = [tick for tick in papers.ticks if tick.item == chosen and page_of(tick.paper) == self.entry.key]
        said = "; ".join(f"{tick.mark}  {meanings[tick.mark]} ({tick.stamp.person}, entry {tick.stamp.entry})" for tick in found[:6])  # fmt: skip
        loose = (
            ""
            if said
            else "; ".join(
                f"{tick.mark}  {tick.item} ({meanings[tick.mark]}, {tick.stamp.person})"
                for tick in papers.ticks
                if page_of(tick.paper) == self.entry.key and not self.names_a_row(tick.item)
            )
        )
        shown = f"On the selected row: {said}" if said else f"On this paper: {loose}" if loose else ""
        show_text(self._marks, cut(shown, 400))

    def names_a_row(self, item: str) -> bool:
        """Whether a tickmark's item is a row of a table here, in the words that Ctrl+M gives it, or was typed freely."""
        return any(reads_as_row(item, table.model.described) for table in self.tables())

    def _show_attached(self) -> None:
        """How many open notes and tickmarks stand on this page's papers."""
        papers = self.desk.binder.papers
        if papers is None or not self.entry.reference:
            self._attached.hide()
            self._mark_rows(None)
            return
        notes = sum(page_of(note.paper) == self.entry.key for note in papers.open_notes)
        ticks = sum(page_of(tick.paper) == self.entry.key for tick in papers.ticks)
        said = [f"{number:,} {words}{'' if number == 1 else 's'}" for number, words in ((notes, "open note"), (ticks, "tickmark")) if number]  # fmt: skip
        self._attached.setText(", ".join(said))
        self._attached.setAccessibleName(f"On this paper: {', '.join(said)}" if said else "Notes and tickmarks on this paper")  # fmt: skip
        self._attached.setVisible(bool(said))
        self._mark_rows(papers)
        self._show_marks()

    def _mark_rows(self, papers: Papers | None) -> None:
        """The tickmarks of this page's papers, beside the rows of its tables."""
        if papers is self._marked_from:
            return
        self._marked_from = papers
        found: dict[str, tuple[str, str]] = {}
        meanings = {} if papers is None else dict(papers.tickmarks)
        for tick in () if papers is None else papers.ticks:
            if page_of(tick.paper) == self.entry.key:
                before, means = found.get(tick.item, ("", ""))
                said = f"{tick.mark}  {meanings[tick.mark]} ({tick.stamp.person}, entry {tick.stamp.entry})"
                found[tick.item] = (f"{before} {tick.mark}".strip(), f"{means}; {said}" if means else said)
        self.show_row_marks({item: (visible(signs), cut(means, 400)) for item, (signs, means) in found.items()})

    def show_row_marks(self, marks: Marks) -> None:
        """Show tickmarks beside the rows they were set on."""
        for table in self.tables():
            table.show_marks(marks)

    def _refresh_status(self) -> None:
        self._show_attached()
        if self.entry.step is None:
            return
        binder, audit = self.desk.binder, self.desk.case.audit
        note = binder.note_of(audit)
        show_text(self._entry_note, "" if note is None else cut(note.text, 70))
        self._entry_note.setToolTip(tooltip("" if note is None else note.text))
        judged = audit is not None and audit.request.trusted_time is not None
        lacks = note is not None and note.entry is None
        self._record.setVisible(lacks and judged and binder.writable and self.desk.case.current)
        status = status_in(self.desk.case, binder.papers, self.entry.step)
        self._chip.say(status.text, status.state.tone)
        if status.state is StepState.OUT_OF_DATE:
            self.banner.say(
                Tone.STALE,
                "Out of date",
                "An input changed since this was performed. What stands below is the earlier result.",
            )
        else:
            self.banner.hide()

    def _reason_for_nothing(self) -> tuple[str, str]:
        case = self.desk.case
        if case.running:
            return "Running…", "The procedures are being performed; results appear here when the run has ended."
        outcome = case.outcome
        if outcome is not None and outcome.refusal is not None:
            return (
                "Not authentic",
                "The snapshot was refused, so nothing behind its signatures was read. See Snapshot and Findings.",
            )
        if outcome is not None and outcome.error is not None:
            return "The run could not finish", outcome.error.sentence()
        return self.nothing_yet()
