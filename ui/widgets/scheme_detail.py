"""One scheme's page: what its tree does not prove, each limitation beside its counter-example, and what it declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QPushButton, QScrollArea, QSplitter, QWidget

from auditor_app.errors import AuditError
from ui.jobs import Job, JobRunner
from ui.scheme_work import make_example
from ui.text import visible
from ui.theme import mono_font
from ui.widgets.blocks import GRID, button, card, column, label, row, show_text

if TYPE_CHECKING:
    from auditor_app.merkle.counterexamples.model import Demonstration
    from auditor_app.merkle.scheme_page import PageLimitation, SchemePage

_ASK = "Choose Show beside a limitation: its counter-example is made now, on a small tree of this scheme."
_NO_EXAMPLE = "There is no counter-example to show for this scheme; the reasons stand beside its limitations."


def example_text(made: Demonstration) -> str:
    """A counter-example as plain text: what it is, each name above its value, what follows."""
    shown = [f"{visible(name)}\n    {visible(value)}" for name, value in made.shown]
    return "\n\n".join((visible(made.title), *shown, visible(made.conclusion)))


class SchemeDetail(QSplitter):
    """Limitations and declared properties on the left, the counter-example last asked for on the right."""

    def __init__(self, runner: JobRunner) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._runner = runner
        self._job: Job | None = None
        self._page: SchemePage | None = None
        self.show_buttons: dict[str, QPushButton] = {}
        """Limitation, and the button that makes its counter-example."""
        self.limits = QScrollArea()
        self.limits.setWidgetResizable(True)
        self.limits.setFrameShape(QFrame.Shape.NoFrame)
        self.limits.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.limits.setAccessibleName("What this tree does not prove")
        self.example_title = label("Counter-example", "section", wrap=True)
        self.example = QPlainTextEdit()
        self.example.setReadOnly(True)
        self.example.setTabChangesFocus(True)
        self.example.setFrameShape(QFrame.Shape.NoFrame)
        self.example.setFont(mono_font())
        self.example.setAccessibleName("Counter-example")
        self.addWidget(self.limits)
        self.addWidget(card(column(self.example_title, self.example)))
        self.setChildrenCollapsible(False)
        self.setHandleWidth(2 * GRID)
        self.setSizes([500, 500])

    @property
    def page(self) -> SchemePage | None:
        """The scheme's page on screen."""
        return self._page

    def show_page(self, page: SchemePage) -> None:
        """Show another scheme; a counter-example of the one before goes."""
        if page == self._page:
            return
        self._cancel()
        self._page = page
        self.show_buttons = {}
        limitations = [self._limitation(item) for item in page.limitations]
        inner = column(
            label(page.title, "section", wrap=True),
            label(f"{page.name}, from {page.source}", "muted", wrap=True, selectable=True),
            _heading("What this tree does not prove"),
            *(limitations or [label(page.remark, wrap=True)]),
            _heading("What it declares"),
            _pairs(page.properties),
            _heading("What this program does with it"),
            _pairs(_uses(page)),
            spacing=GRID,
        )
        if page.parameters:
            inner.addWidget(_heading("What a ledger's root needs"))
            inner.addWidget(_pairs(page.parameters))
        inner.addStretch(1)
        before = self.limits.takeWidget()
        if before is not None:
            before.deleteLater()
        self.limits.setWidget(card(inner))
        self._say("Counter-example", _ASK if self.show_buttons else page.remark or _NO_EXAMPLE)

    def _limitation(self, item: PageLimitation) -> QWidget:
        """Its code and its button, the sentence below; where there is no counter-example, why."""
        code = label(item.code, "muted", selectable=True)
        code.setFont(mono_font())
        head = row(code, 1)
        if item.shown:
            show = button("Show", partial(self._on_show, item.code))
            show.setAccessibleName(f"Show the counter-example for {item.code}")
            self.show_buttons[item.code] = show
            head.addWidget(show)
        lines = column(head, label(item.text, wrap=True, selectable=True), spacing=2)
        if not item.shown:
            lines.addWidget(label(f"No counter-example: {item.why_not}", "muted", wrap=True, selectable=True))
        held = QWidget()
        held.setLayout(lines)
        return held

    def _on_show(self, code: str) -> None:
        if self._page is None:
            return
        self._cancel()
        self._say(f"Counter-example: {code}", "Being made…")
        job = self._runner.make_aside(partial(make_example, self._page.name, code), f"Counter-example {code}")
        job.succeeded.connect(self._on_made)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(partial(self._on_cancelled, job))
        self._job = job
        job.start()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _on_made(self, made: Demonstration) -> None:
        self._job = None
        self._say(f"Counter-example: {made.code}", example_text(made))

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._say("No counter-example was made", visible(error.sentence()))

    def _on_cancelled(self, job: Job) -> None:
        if self._job is job:
            self._job = None
            self._say("Counter-example", _ASK)

    def _say(self, title: str, text: str) -> None:
        show_text(self.example_title, title)
        self.example.setPlainText(text)


def _heading(text: str) -> QWidget:
    """The name of a part, with room above."""
    made = label(text, "overline")
    made.setContentsMargins(0, GRID, 0, 0)
    return made


def _uses(page: SchemePage) -> dict[str, str]:
    """Each use with yes or no, and what it takes where a whole tree serves it."""
    by_tree = {use: f", from the whole tree, with {takes}" for use, takes in page.by_tree.items()}
    return {use: f"{'yes' if there else 'no'}{by_tree.get(use, '')}" for use, there in page.uses.items()}


def _pairs(values: Mapping[str, str]) -> QWidget:
    """Names beside values."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(2 * GRID)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    for at, (name, value) in enumerate(values.items()):
        grid.addWidget(label(name, "muted"), at, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(value, wrap=True, selectable=True), at, 1)
    held = QWidget()
    held.setLayout(grid)
    return held
