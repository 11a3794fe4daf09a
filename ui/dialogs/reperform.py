"""File → Re-perform: repeat every computed procedure of a package from the original inputs, and see what differs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QWidget

from auditor_app.errors import AuditError
from ui import prompts, reperform_work
from ui.desk import Desk
from ui.jobs import Job
from ui.models.columns import chip_column, count_column, text_column
from ui.reperform_work import ReperformAsked
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, column, label, row, show_text
from ui.widgets.file_choice import FileChoice
from ui.widgets.progress_strip import ProgressStrip
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from auditor_app.fileroom.reperform import Reperformance, Repetition

_STATES = {"same": ("Same", Tone.GOOD), "different": ("Differs", Tone.BAD), "not re-performed": ("Not re-performed", Tone.WARN)}  # fmt: skip
_WORDS = {"perform-run": "Run of all procedures", "issue-report": "Report, byte by byte", "record-sample": "Step of sampling"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """One place in which a repeated result differs."""

    entry: int
    kind: str
    where: str
    recorded: str
    repeated: str


_REPEATED = (
    count_column("Entry", lambda item: item.entry),
    text_column("What was computed", lambda item: _WORDS.get(item.kind, item.kind)),
    chip_column("Result", lambda item: _STATES[item.status][0], lambda item: _STATES[item.status][1]),
    count_column("Places that differ", lambda item: len(item.differences)),
    text_column("Why", lambda item: item.reason, wide=True),
)  # fmt: skip
_PLACES = (
    count_column("Entry", lambda item: item.entry),
    text_column("Place", lambda item: item.where, yields=True),
    text_column("Recorded", lambda item: item.recorded, wide=True),
    text_column("Came out again", lambda item: item.repeated, wide=True),
)


class ReperformDialog(QDialog):
    """Package, trust store, folder; then one line for each computed result, and every place that differs."""

    def __init__(self, parent: QWidget, desk: Desk, trust: Path | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Re-perform")
        self.setMinimumWidth(900)
        self._desk = desk
        self._job: Job | None = None
        self.outcome: Reperformance | None = None
        self.package = FileChoice("Package", "PACKAGE.zip", lambda place, then: prompts.open_file(place, "Package", prompts.PACKAGES, then))  # fmt: skip
        self.trust = FileChoice("Your trust store", "the keys that you pinned", lambda place, then: prompts.open_file(place, "Trust store", prompts.TRUST_STORES, then), trust)  # fmt: skip
        self.folder = FileChoice("Inputs", "the folder that holds the original inputs, at any depth", lambda place, then: prompts.open_folder(place, "Folder of inputs", then))  # fmt: skip
        self.verdict = Banner()
        self.notes = label("", "muted", wrap=True)
        self.repeated = TablePanel("Computed results of the journal", _REPEATED, desk.runner, filterable=False)
        self.places = TablePanel("Differences, place by place", _PLACES, desk.runner, reads=lambda item: f"{item.where}: recorded {item.recorded}, came out again {item.repeated}")  # fmt: skip
        self.strip = ProgressStrip()
        self.start_button = button("Re-perform", self.start, primary=True)
        self.start_button.setDefault(True)
        self._why = label("", "muted", wrap=True)
        self._fill()
        for part in (self.notes, self.repeated, self.places):
            part.hide()
        for file in (self.package, self.trust, self.folder):
            file.chosen.connect(self._judge)
        self.repeated.current_changed.connect(self._on_current)
        self._judge()

    def _fill(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        for name, file in (("Package", self.package), ("Your trust store", self.trust), ("Inputs", self.folder)):
            words = label(name)
            words.setBuddy(file.button)
            form.addRow(words, file)
        intro = label(
            "Repeats every run, step of sampling and report of the package from the original inputs, which are found by their "
            "digests, without a network. Keys come from your own trust store only, never from the package.", wrap=True,
        )  # fmt: skip
        buttons = row(self._why, 1, button("Close", self.reject), self.start_button, spacing=GRID)
        buttons.setStretch(0, 1)
        parts = (label("Re-perform", "title"), intro, form, self.verdict, self.notes, self.repeated, self.places, self.strip)  # fmt: skip
        layout = column(*parts, buttons, spacing=2 * GRID, margins=3 * GRID)
        layout.setStretch(5, 1)
        layout.setStretch(6, 1)
        self.setLayout(layout)

    def _judge(self, *_: object) -> None:
        wanted = (
            (self.package.path is None, "Choose the package."),
            (self.trust.path is None, "Choose your trust store."),
            (self.folder.path is None, "Choose the folder of inputs."),
            (self._job is not None, "Re-performing…"),
        )
        missing = next((text for lacks, text in wanted if lacks), "")
        show_text(self._why, missing)
        self.start_button.setEnabled(not missing)

    def start(self) -> None:
        """Repeat, in a job that can be cancelled."""
        package, trust, folder = self.package.path, self.trust.path, self.folder.path
        if package is None or trust is None or folder is None or self._job is not None:
            return
        for part in (self.verdict, self.notes, self.repeated, self.places):
            part.hide()
        asked = ReperformAsked(package, trust, folder)
        job = self._job = self._desk.runner.make_aside(partial(reperform_work.reperform, asked), "Re-performing")
        job.succeeded.connect(self._on_repeated)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self.strip.follow(job)
        self._judge()
        job.start()

    def reject(self) -> None:
        """Closing stops the work."""
        if self._job is not None:
            self._job.cancel()
        super().reject()

    def _on_repeated(self, result: Reperformance) -> None:
        self._ended()
        self.outcome = result
        states: list[str] = [item.status for item in result.repeated]
        same, differs, left = (states.count(name) for name in _STATES)
        said = f"{same} of {len(states)} came out the same"
        said += f", {differs} differ" if differs else ""
        said += f", {left} were not re-performed" if left else ""
        facts = f"{cut(result.package, 80)}: engagement {result.engagement}, journal head {result.head.text()}."
        tone = Tone.BAD if differs else Tone.WARN if left or not states else Tone.GOOD
        heading = "Everything came out the same" if states and same == len(states) else said
        self.verdict.say(tone, heading, f"{said}. {facts}")
        notes = [item.message for item in result.findings if not item.counts]
        notes += [item.message for item in result.limitations]
        show_text(self.notes, " ".join(notes))
        self.repeated.show_rows(result.repeated)
        self.repeated.show()
        self._show_places(result.repeated)
        self.resize(self.width(), max(self.height(), 680))

    def _show_places(self, repeated: tuple[Repetition, ...]) -> None:
        places = tuple(
            _Place(item.entry, item.kind, place.where, place.recorded, place.repeated)
            for item in repeated
            for place in item.differences
        )
        self.places.show_rows(places)
        self.places.setVisible(bool(places))

    def _on_current(self, item: Repetition | None) -> None:
        """The places of the chosen result, or of all."""
        if self.outcome is not None and item is not None and item.differences:
            self._show_places((item,))

    def _on_failed(self, error: AuditError) -> None:
        self._ended()
        self.verdict.say(Tone.BAD, "The package could not be re-performed", error.sentence())

    def _on_cancelled(self) -> None:
        self._ended()
        self.verdict.say(Tone.NEUTRAL, "Cancelled", "Nothing was written.")

    def _ended(self) -> None:
        self._job = None
        self._judge()
