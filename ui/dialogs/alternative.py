"""An alternative procedure in place of an answer that is missing, typed beside one drawn item."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from auditor_app.sampling.answers import Replacement
from ui.dialogs.engagement import Question
from ui.widgets.blocks import choice
from ui.widgets.fields import TypedField

_CHECKS = {"ledger": "the extract of the exchange's ledger", "confirmation": "the customer's reply"}


class AlternativeDialog(Question):
    """Which answer is missing, what was done instead, and why."""

    def __init__(
        self, parent: QWidget, item: str, missing: Sequence[str], then: Callable[[Replacement], object]
    ) -> None:
        sentence = (
            f"Item {item} has no answer and counts as a deviation. Say what you did instead and why it serves: the item then "
            "carries the mark EA with this text. A difference is never replaced."
        )
        super().__init__(parent, "Alternative procedure", sentence, "Use it")
        self._item, self._then = item, then
        self.check = choice("In place of")
        for check in missing:
            self.check.addItem(_CHECKS[check], check)
        self.alternative = TypedField("What was done", "for instance: agreed to the withdrawal of 3 November on chain")
        self.reason = TypedField("Reason", "for instance: the letter came back; the account is closed")
        for name, field in (("In place of", self.check), ("What was done", self.alternative), ("Reason", self.reason)):
            self.add(name, field)
        for typed in (self.alternative, self.reason):
            typed.judged.connect(self._judge)
        self._judge()

    def _judge(self) -> None:
        missing = "" if self.alternative.value else "Say what was done instead."
        self.judge(missing or ("" if self.reason.value else "Say why."))

    def on_yes(self) -> None:
        """Hand it over."""
        made = Replacement(self._item, self.check.currentData(), self.alternative.value or "", self.reason.value or "")
        self.accept()
        self._then(made)
