"""Three verdict lines, kept apart: never one green tick."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from auditor_app.findings import Area, Finding, Verdict, Verdicts
from ui.theme import Tone
from ui.widgets.blocks import GRID, label
from ui.widgets.chips import Chip

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
    """One line a question: what was asked, the answer, and how many findings count."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        grid = QGridLayout(self)
        grid.setContentsMargins(2 * GRID, GRID + 4, 2 * GRID, GRID + 4)
        grid.setHorizontalSpacing(3 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(3, 1)
        self._lines: dict[Area, tuple[Chip, QLabel]] = {}
        for at, (area, name, question) in enumerate(_QUESTIONS):
            chip, detail = Chip(), label("", "muted")
            grid.addWidget(label(name, "section"), at, 0)
            grid.addWidget(chip, at, 1)
            grid.addWidget(label(question, "muted"), at, 2)
            grid.addWidget(detail, at, 3)
            self._lines[area] = (chip, detail)
        grid.setColumnMinimumWidth(1, 120)
        self.hide()

    def show_verdicts(self, verdicts: Verdicts, findings: tuple[Finding, ...]) -> None:
        """Show the answers of a run."""
        for area, _, _ in _QUESTIONS:
            verdict: Verdict = getattr(verdicts, area.value)
            counting = sum(item.counts for item in findings if item.area is area)
            chip, detail = self._lines[area]
            words, tone = _ANSWERS[verdict]
            chip.say(words, tone)
            detail.setText("" if not counting else f"{counting} exception{'s' if counting > 1 else ''} found")
        self.show()

    @property
    def answers(self) -> tuple[str, ...]:
        """The words of the three chips."""
        return tuple(chip.text for chip, _ in self._lines.values())
