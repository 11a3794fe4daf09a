"""Raising an exception by hand, and closing one with its reason."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from auditor_app.engagement.actions import RaiseException
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.papers_document import reference_of
from auditor_app.procedures import PROCEDURES
from ui.dialogs.engagement import Question
from ui.widgets.blocks import choice
from ui.widgets.fields import TypedField
from ui.widgets.prose import Prose


class RaiseDialog(Question):
    """Procedure, item, expected, observed, cause, management's response."""

    def __init__(self, parent: QWidget, papers: Papers, then: Callable[[RaiseException], object]) -> None:
        sentence = "It gets the next number and is never deleted."
        super().__init__(parent, "Raise an exception", sentence, "Raise it")
        self._then = then
        self.procedure = choice("Procedure")
        for item in papers.procedures:
            title = PROCEDURES[item.key].title if item.key in PROCEDURES else item.key
            self.procedure.addItem(f"{reference_of(papers, item.key)}  {title}", item.key)
        self.item = TypedField("Item", "what it is about, for instance: ledger spot, leaf 4,711")
        self.texts = {
            name: Prose(words, lines=2)
            for name, words in (
                ("expected", "Expected"),
                ("observed", "Observed"),
                ("cause", "Cause"),
                ("response", "Management's response"),
            )
        }
        self.add("Procedure", self.procedure)
        self.add("Item", self.item)
        for field in self.texts.values():
            self.add(field.edit.accessibleName(), field)
        self.item.judged.connect(self._judge)
        self.texts["observed"].changed.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        missing = "Say what it is about." if not self.item.value else ""
        self.judge(missing or ("Say what was observed." if not self.texts["observed"].text else ""))

    def on_yes(self) -> None:
        """Raise it."""
        texts = {name: field.text for name, field in self.texts.items()}
        action = RaiseException(procedure=self.procedure.currentData(), item=self.item.value or "", **texts)
        self.accept()
        self._then(action)


class CloseDialog(Question):
    """One line: the reason."""

    def __init__(self, parent: QWidget, number: int, then: Callable[[str], object]) -> None:
        sentence = "It stays in the log with its number and this reason. A closed exception takes no more changes."
        super().__init__(parent, f"Close exception {number}", sentence, "Close it")
        self._then = then
        self.reason = TypedField("Reason", "for instance: corrected in snapshot 13; bank letter of 2 November")
        self.add("Reason", self.reason)
        self.reason.judged.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        self.judge("" if self.reason.value else "Say why.")

    def on_yes(self) -> None:
        """Close it."""
        reason = self.reason.value or ""
        self.accept()
        self._then(reason)
