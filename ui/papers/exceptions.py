"""The exceptions log: numbered, never deleted, closed with a reason."""

from __future__ import annotations

from PySide6.QtWidgets import QSplitter

from auditor_app.engagement import actions
from auditor_app.engagement.papers import LoggedException, Papers
from auditor_app.engagement.papers_document import reference_of
from auditor_app.procedures import PROCEDURES
from ui import engagement_work
from ui.desk import Desk
from ui.dialogs.exceptions import CloseDialog, RaiseDialog
from ui.models.columns import Column, chip_column, count_column, text_column
from ui.papers.paper import Paper, beside, by, scrolled, tab_room
from ui.text import masked
from ui.theme import Tone, mono_font
from ui.widgets.blocks import GRID, button, card, column, holder, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.passage import Passage
from ui.widgets.prose import Prose
from ui.widgets.table_panel import TablePanel

_TYPED = ("cause", "response", "disposition")
_NOT_MASKED = ("Raised",)
_WORDS = {"cause": "Cause", "response": "Management's response", "disposition": "Disposition"}


def _open(item: LoggedException) -> bool:
    return item.closed is None


class ExceptionsPaper(Paper):
    """The log on the left; on the right the chosen exception and what is written down about it."""

    title = "Exceptions log"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._papers: Papers | None = None
        self._line: LoggedException | None = None
        columns = (
            count_column("No", lambda item: item.number),
            chip_column("State", lambda item: "Open" if _open(item) else "Closed", lambda item: Tone.BAD if _open(item) else Tone.GOOD),
            Column("Paper", lambda item: self._reference(item.procedure), self._named, lambda item: self._reference(item.procedure), note="Working-paper reference of the procedure"),
            text_column("Item", lambda item: item.item, wide=True),
            text_column("Finding", lambda item: item.finding, gives_way=1),
            text_column("Expected", lambda item: item.expected, gives_way=4),
            text_column("Observed", lambda item: item.observed, gives_way=5),
            text_column("Response", lambda item: item.response, gives_way=3),
            text_column("Disposition", lambda item: item.disposition, gives_way=2),
        )  # fmt: skip
        self.table = TablePanel("Exceptions log", columns, desk.runner)
        self.raise_one = button("Raise an exception…", self._on_raise)
        self.take_over = button("Import from the last run", self._on_import, primary=True)
        self.state = label("", "muted")
        self._fill()
        self.table.current_changed.connect(self._on_chosen)

    def _fill(self) -> None:
        self._chip = Chip()
        self._title = label("", "section", wrap=True)
        self._facts = {name: Passage(name) for name in ("Item", "Expected", "Observed", "Raised", "Closed")}
        self._names = {name: label(name, "overline") for name in self._facts}
        for name in ("Expected", "Observed"):
            self._facts[name].setFont(mono_font())
        self.typed = {name: Prose(_WORDS[name], lines=2) for name in _TYPED}
        self.record = button("Record", self._on_record, primary=False)
        self.close_one = button("Close with a reason…", self._on_close)
        facts = [part for name in self._facts for part in (self._names[name], self._facts[name])]
        fields = [part for name in _TYPED for part in (label(_WORDS[name], "overline"), self.typed[name])]
        self._form = holder(column(*fields, row(self.record, self.close_one, 1), spacing=6))
        detail = card(column(row(self._chip, self._title), *facts, self._form, 1, spacing=4))
        head = row(self.take_over, self.raise_one, self.state, 1, spacing=GRID)
        self.split: QSplitter = beside(self.table, scrolled(detail, "Exception in detail"), (640, 360))
        self.setLayout(tab_room(holder(head), self.split, stretch=1))
        for field in self.typed.values():
            field.changed.connect(self._judge)

    def tables(self) -> tuple[TablePanel, ...]:
        """The log."""
        return (self.table,)

    def hide_amounts(self, hidden: bool) -> None:
        """In the detail, too."""
        self._show_facts()

    def show_papers(self, papers: Papers) -> None:
        """Every line; the one that was chosen stays chosen."""
        chosen = None if self._line is None else self._line.number
        self._papers = papers
        self.table.show_rows(papers.exceptions)
        open_now = len(papers.open_exceptions)
        show_text(self.state, f"{open_now:,} open, {len(papers.exceptions) - open_now:,} closed; none is ever deleted")
        self.take_over.setEnabled(self.writable and bool(papers.runs))
        self.raise_one.setEnabled(self.writable)
        if chosen is not None and chosen <= len(papers.exceptions):
            line = papers.exceptions[chosen - 1]
            if not self.table.select(line):
                self._on_current(line)
        elif papers.exceptions:
            self.table.go_to(0)
        else:
            self._on_current(None)

    def _reference(self, key: str) -> str:
        return "" if self._papers is None else reference_of(self._papers, key)

    def _named(self, item: LoggedException) -> str:
        title = PROCEDURES[item.procedure].title if item.procedure in PROCEDURES else item.procedure
        return f"{self._reference(item.procedure)} {title}"

    def _on_chosen(self, line: LoggedException | None) -> None:
        """The cursor leaves the table whenever its rows change: what is being typed stays."""
        if line is not None:
            self._on_current(line)

    def _on_current(self, line: LoggedException | None) -> None:
        if line is not None and self._line is not None and line.number == self._line.number:
            typed = {name: field.text for name, field in self.typed.items()}
            changed = {name for name in _TYPED if typed[name] != getattr(self._line, name)}
        else:
            changed = set()
        self._line = line
        self._chip.setVisible(line is not None)
        self._form.setVisible(line is not None)
        if line is None:
            show_text(self._title, "Choose an exception")
        else:
            self._chip.say("Open" if _open(line) else "Closed", Tone.BAD if _open(line) else Tone.GOOD)
            show_text(self._title, f"Exception {line.number}  {self._reference(line.procedure)}")
            for name in _TYPED:
                if name not in changed:
                    self.typed[name].set_text(getattr(line, name))
        self._show_facts()
        self._judge()

    def _show_facts(self) -> None:
        hidden = self.desk.settings.hide_amounts
        for name, text in _facts(self._line).items():
            self._names[name].setVisible(bool(text))
            self._facts[name].say(masked(text) if hidden and name not in _NOT_MASKED else text)

    def _judge(self) -> None:
        line = self._line
        usable = line is not None and _open(line) and self.writable
        for field in self.typed.values():
            field.edit.setReadOnly(not usable)
        self.record.setEnabled(usable and bool(self._changes()))
        self.close_one.setEnabled(usable)

    def _changes(self) -> dict[str, str]:
        if self._line is None:
            return {}
        typed = {name: field.text for name, field in self.typed.items()}
        return {name: text for name, text in typed.items() if text != getattr(self._line, name)}

    def _on_record(self) -> None:
        if self._line is not None:
            action = actions.UpdateException(number=self._line.number, **self._changes())
            self.binder.record(action, title=f"Exception {self._line.number}")

    def _on_close(self) -> None:
        line = self._line
        if line is not None:
            CloseDialog(self, line.number, lambda reason: self.binder.record(actions.CloseException(number=line.number, reason=reason), title=f"Close exception {line.number}")).open()  # fmt: skip

    def _on_raise(self) -> None:
        if self._papers is not None:
            RaiseDialog(
                self, self._papers, lambda action: self.binder.record(action, title="Raise an exception")
            ).open()

    def _on_import(self) -> None:
        self.binder.write("Importing exceptions", engagement_work.import_exceptions, self._on_imported)

    def _on_imported(self, number: int) -> None:
        said = (
            f"{number:,} exception{'' if number == 1 else 's'} raised"
            if number
            else "Every finding of the last run that counts is in the log"
        )
        self.desk.say(said)


def _facts(line: LoggedException | None) -> dict[str, str]:
    if line is None:
        return dict.fromkeys(("Item", "Expected", "Observed", "Raised", "Closed"), "")
    finding = f"{line.finding}: " if line.finding else ""
    return {
        "Item": _shown(f"{finding}{line.item}"),
        "Expected": _shown(line.expected),
        "Observed": _shown(line.observed),
        "Raised": by(line.raised),
        "Closed": "" if line.closed is None else f"{by(line.closed)}: {_shown(line.closing_reason)}",
    }


def _shown(text: str) -> str:
    return text if len(text) <= 1200 else f"{text[:1200]}… ({len(text):,} characters)"
