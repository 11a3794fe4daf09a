"""Three verdict lines, kept apart: never one green tick."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QGridLayout

from auditor_app.findings import Area, Finding, Verdict, Verdicts
from ui.theme import Tone
from ui.widgets.blocks import GRID, label
from ui.widgets.chips import Chip
from ui.widgets.elided import Elided

_QUESTIONS = (
    (Area.AUTHENTIC, "Authentic", "Is this the file that the issuer signed?"),
    (Area.DATA, "Data", "Does the data agree with what it claims?"),
    (Area.COVERAGE, "Coverage", "Do the observed reserves cover the liabilities?"),
)
_ANSWERS = {
    Verdict.AGREES: ("Agrees", Tone.GOOD),
    Verdict.EXCEPTIONS: ("Exceptions", Tone.BAD),
    Verdict.NOT_CHECKED: ("Not checked", Tone.NEUTRAL),
}


class VerdictLines(QFrame):
    """One line a question: the answer, with how many findings count, and what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        grid = QGridLayout(self)
        grid.setContentsMargins(2 * GRID, GRID + 4, 2 * GRID, GRID + 4)
        grid.setHorizontalSpacing(3 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(2, 1)
        self._chips: dict[Area, Chip] = {}
        for at, (area, name, question) in enumerate(_QUESTIONS):
            chip = Chip()
            grid.addWidget(label(name, "section"), at, 0)
            grid.addWidget(chip, at, 1)
            grid.addWidget(Elided(question, "muted"), at, 2)
            self._chips[area] = chip
        grid.setColumnMinimumWidth(1, 128)
        self.hide()

    def show_verdicts(self, verdicts: Verdicts, findings: tuple[Finding, ...]) -> None:
        """Show the answers of a run."""
        for area, _, _ in _QUESTIONS:
            verdict: Verdict = getattr(verdicts, area.value)
            counting = sum(item.counts for item in findings if item.area is area)
            words, tone = _ANSWERS[verdict]
            if verdict is Verdict.EXCEPTIONS and counting:
                words = f"{counting} exception{'' if counting == 1 else 's'}"
            self._chips[area].say(words, tone)
        self.show()

    @property
    def answers(self) -> tuple[str, ...]:
        """The words of the three chips."""
        return tuple(chip.text for chip in self._chips.values())
