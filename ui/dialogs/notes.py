"""Review notes and tickmarks: what is typed for one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QWidget

from auditor_app.engagement.actions import ApplyTickmark, DefineTickmark, OpenNote
from auditor_app.engagement.papers import Papers, ReviewNote
from auditor_app.engagement.papers_document import indexed
from ui.dialogs.engagement import Question
from ui.text import cut
from ui.widgets.blocks import choice
from ui.widgets.fields import TypedField
from ui.widgets.prose import Prose


def _paper_choice(papers: Papers, paper: str) -> QComboBox:
    """Every working paper of the index; the letters too, and ``paper`` chosen."""
    box = choice("Working paper")
    for letter, section, named in indexed(papers):
        box.addItem(f"{letter}  {section}", letter)
        for reference, title in named:
            box.addItem(f"{reference}  {cut(title, 60)}", reference)
    box.setCurrentIndex(max(0, box.findData(paper)))
    return box


class NoteDialog(Question):
    """On which paper, and the text."""

    def __init__(self, parent: QWidget, papers: Papers, paper: str, then: Callable[[OpenNote], object]) -> None:
        sentence = "It stays open until somebody answers it; no final report is built before."
        super().__init__(parent, "New note", sentence, "Open the note")
        self._then = then
        self.paper = _paper_choice(papers, paper)
        self.text = Prose("Note", "what is to be answered", lines=4, guarded=False)
        self.add("Working paper", self.paper)
        self.add("Note", self.text)
        self.first = self.text
        self.text.changed.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        self.judge("" if self.text.text else "Type the note.")

    def on_yes(self) -> None:
        """Open it."""
        action = OpenNote(paper=self.paper.currentData(), text=self.text.text)
        self.accept()
        self._then(action)


class AnswerDialog(Question):
    """The reply that closes a note."""

    def __init__(self, parent: QWidget, note: ReviewNote, then: Callable[[str], object]) -> None:
        super().__init__(parent, f"Close note {note.number}", cut(f"{note.paper}: {note.text}", 300), "Close it")
        self._then = then
        self.reply = Prose("Reply", "what was done about it", lines=4, guarded=False)
        self.add("Reply", self.reply)
        self.reply.changed.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        self.judge("" if self.reply.text else "Type the reply.")

    def on_yes(self) -> None:
        """Close it."""
        reply = self.reply.text
        self.accept()
        self._then(reply)


class DefineDialog(Question):
    """A mark and its one meaning."""

    def __init__(self, parent: QWidget, then: Callable[[DefineTickmark], object]) -> None:
        sentence = "A mark has one meaning for the whole engagement. The meaning is printed wherever the mark stands."
        super().__init__(parent, "Define a tickmark", sentence, "Define it")
        self._then = then
        self.mark = TypedField("Mark", "up to 8 signs, for instance ✓ or TB", _mark)
        self.meaning = TypedField("Meaning", "for instance: agreed to the bank's letter")
        self.add("Mark", self.mark)
        self.add("Meaning", self.meaning)
        for field in (self.mark, self.meaning):
            field.judged.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        missing = f"Mark: {self.mark.wrong}." if self.mark.wrong else "" if self.mark.value else "Type a mark."
        self.judge(missing or ("" if self.meaning.value else "Type its meaning."))

    def on_yes(self) -> None:
        """Define it."""
        action = DefineTickmark(mark=self.mark.value or "", meaning=self.meaning.value or "")
        self.accept()
        self._then(action)


class TickDialog(Question):
    """Which mark, on which paper, beside which item."""

    def __init__(
        self, parent: QWidget, papers: Papers, paper: str, item: str, then: Callable[[ApplyTickmark], object]
    ) -> None:
        sentence = "The mark is set in your name and stays in the journal."
        super().__init__(parent, "Set a tickmark", sentence, "Set it")
        self._then = then
        self.mark = choice("Mark")
        for mark, meaning in papers.tickmarks:
            self.mark.addItem(cut(f"{mark}  {meaning}", 80), mark)
        self.paper = _paper_choice(papers, paper)
        self.item = TypedField("Item", "what it stands beside, for instance: leaf 811, user-00001")
        self.item.setText(item)
        self.item.setCursorPosition(0)
        for words, field in (("Mark", self.mark), ("Working paper", self.paper), ("Item", self.item)):
            self.add(words, field)
        self.item.judged.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        missing = "" if self.mark.count() else "Define a mark first, on the page of notes and tickmarks."
        self.judge(missing or ("" if self.item.value else "Name the item."))

    def on_yes(self) -> None:
        """Set it."""
        action = ApplyTickmark(mark=self.mark.currentData(), paper=self.paper.currentData(), item=self.item.value or "")
        self.accept()
        self._then(action)


def _mark(text: str) -> str:
    if len(text) > 8:
        raise ValueError("at most 8 signs")
    return text
