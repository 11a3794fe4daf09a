"""Ledger: the rows themselves, one part at a time; go to a row, find an id, see the rows that findings name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QSpinBox, QWidget

from auditor_app.counts import counted
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.findings import Finding
from ui import ledger_work
from ui.jobs import Job, Work
from ui.ledger_work import LedgerForm, LedgerPlace
from ui.models.columns import in_words, reads_as_row
from ui.models.rows import RowsModel
from ui.pages.page import Building, Page
from ui.text import count, visible
from ui.theme import Tone, mono_font
from ui.widgets.blocks import GRID, Banner, button, choice, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.table_panel import RowsView

if TYPE_CHECKING:
    from auditor_app.ledger.browse import PartRows
    from auditor_app.merkle.exceptional import ExceptionalRows
    from auditor_app.snapshot.statement import Column as LedgerColumn
    from ui.models.columns import Column, Marks

_PART_ROWS = 2**18
_TURNS = (("Ctrl+PgUp", -1), ("Ctrl+PgDown", 1))
"""Keys that turn the parts."""


class PartPager(QWidget):
    """Which part is shown: first, previous, a number, next, last."""

    def __init__(self, turned: Callable[[int], None]) -> None:
        super().__init__()
        self._turned = turned
        self._of = label("", "muted")
        self.spin = QSpinBox()
        self.spin.setAccessibleName("Part")
        self.spin.setKeyboardTracking(False)
        self.spin.setMinimumWidth(88)
        self.previous = button("Previous part", partial(self.turn, -1))
        self.previous.setToolTip("Ctrl+Page Up")
        self.next = button("Next part", partial(self.turn, 1))
        self.next.setToolTip("Ctrl+Page Down")
        self.spin.valueChanged.connect(self._on_turned)
        self.setLayout(row(label("Part"), self.spin, self._of, self.previous, self.next))

    @property
    def part(self) -> int:
        """The 0-based number of the part shown."""
        return self.spin.value() - 1

    def show_parts(self, parts: int) -> None:
        """Another ledger: begin at its first part, without telling anybody."""
        self.spin.blockSignals(True)
        self.spin.setRange(1, max(1, parts))
        self.spin.setValue(1)
        self.spin.blockSignals(False)
        self._of.setText(f"of {count(parts)}")
        self._show_ends()

    def show_part(self, part: int) -> None:
        """Show another number without telling anybody."""
        self.spin.blockSignals(True)
        self.spin.setValue(part + 1)
        self.spin.blockSignals(False)
        self._show_ends()

    def turn(self, step: int) -> None:
        """So many parts on; not beyond the ends."""
        if self.isEnabled():
            self.spin.setValue(self.spin.value() + step)

    def _on_turned(self) -> None:
        self._show_ends()
        self._turned(self.part)

    def _show_ends(self) -> None:
        self.previous.setEnabled(self.spin.value() > self.spin.minimum())
        self.next.setEnabled(self.spin.value() < self.spin.maximum())


class LedgerPage(Page):
    """A ledger to choose, a part of it in the table, and three ways to a row."""

    def build(self) -> Building:
        """Two lines of controls, then the rows."""
        self._place: LedgerPlace | None = None
        self._forms: tuple[LedgerForm, ...] = ()
        self._findings: tuple[Finding, ...] = ()
        self._job: Job | None = None
        self._shown_part = -1
        self.ledgers = choice("Ledger")
        self.ledgers.currentIndexChanged.connect(self._on_ledger)
        self.pager = PartPager(self._on_part)
        self.id = TypedField("Id to find", "the whole id, as the first column holds it")
        self.id.setMinimumWidth(280)
        self.id.returnPressed.connect(self.find_id)
        self._find = button("Find id", self.find_id)
        self.exceptions = button("Exceptions only", self._on_exceptions)
        self.exceptions.setToolTip("Every row that a finding is about: negative, repeated, out of order, malformed")
        self.exceptions.setCheckable(True)
        self.said = label("", "muted")
        self.problem = Banner()
        self.model = RowsModel((), mono_font(), self)
        self.view = RowsView(self.model, "Rows of the ledger")
        self._tickmarks: Marks = {}
        self.view.selectionModel().currentRowChanged.connect(lambda *_: self._show_marks())
        self.view.horizontalHeader().setSectionsClickable(False)  # the rows stand in the order that was hashed
        self.view.horizontalHeader().setSortIndicatorShown(False)
        for keys, step in _TURNS:
            turn = QShortcut(QKeySequence(keys), self)
            turn.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            turn.activated.connect(partial(self.pager.turn, step))
        above = row(self.ledgers, self.pager, 1, self.exceptions, spacing=2 * GRID)
        below = row(self.id, self._find, 1, self.said)
        layout = column(above, below, self.problem, self.view, spacing=GRID + 4)
        layout.setStretch(3, 1)
        self.content.setLayout(layout)
        yield

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "No ledger to look at yet",
            "Open a snapshot and run the procedures (F5). The rows of an authentic snapshot can then be read here.",
        )

    # Page

    def show_audit(self, audit: Audit) -> None:
        """Another run: its ledgers, from their first part."""
        self._place = LedgerPlace(audit.request, audit.identity.payload_sha256, "")
        self._findings = tuple(item for item in audit.findings if item.procedure == "ledger")
        self._shown_part = -1
        self.model.set_columns(())
        self._read(partial(ledger_work.read_forms, self._place), "Reading the statement", self._on_forms)

    def hide_amounts(self, hidden: bool) -> None:
        """Mask the amounts of every row."""
        self.model.hide_amounts(hidden)

    def focus_filter(self) -> None:
        """Ctrl+F finds an id."""
        self.id.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.id.selectAll()

    def row_count(self) -> int:
        """Rows of the whole ledger, or those that findings name."""
        form = self.form
        if form is None:
            return 0
        return self.model.rowCount() if self.exceptions.isChecked() else form.declared_rows

    def go_to_row(self, position: int) -> None:
        """Any row of the ledger, whatever part it stands in."""
        if self.exceptions.isChecked():
            self._select(position)
        else:
            self._open(position // _PART_ROWS, position % _PART_ROWS)

    def selected_item(self) -> str:
        """The row under the cursor in words, for a tickmark."""
        index = self.view.currentIndex()
        return in_words(self.model.row_at(index.row()), self.model.described) if index.isValid() else ""

    def names_a_row(self, item: str) -> bool:
        """Whether a tickmark's item is a row of the ledger."""
        return reads_as_row(item, self.model.described)

    def show_row_marks(self, marks: Marks) -> None:
        """Show tickmarks beside the rows of the part on screen."""
        self._tickmarks = marks
        if self.model.described and self.model.show_marks(marks):
            self.view.fit_columns()

    def copy_rows(self) -> None:
        """Edit → Copy selected rows."""
        self.view.copy_rows()

    # what is shown

    @property
    def form(self) -> LedgerForm | None:
        """The ledger that is chosen."""
        at = self.ledgers.currentIndex()
        return self._forms[at] if 0 <= at < len(self._forms) else None

    @property
    def place(self) -> LedgerPlace:
        """Where its rows are read."""
        if self._place is None or self.form is None:
            raise ValueError("no ledger is chosen")
        return LedgerPlace(self._place.request, self._place.payload_sha256, self.form.name)

    def find_id(self) -> None:
        """Look for the typed id in every part, in the background."""
        key = self.id.value
        if key and self.form is not None:
            work = partial(ledger_work.find_id, self.place, key)
            self._read(work, "Looking for the id", self._on_found, follow=True)

    def _on_forms(self, forms: tuple[LedgerForm, ...]) -> None:
        self._forms = forms
        self.ledgers.blockSignals(True)
        self.ledgers.clear()
        for form in forms:
            self.ledgers.addItem(visible(f"{form.name}   {count(form.declared_rows)} rows"))
        self.ledgers.blockSignals(False)
        self._on_ledger()

    def _on_ledger(self) -> None:
        form = self.form
        if form is None:
            return
        self._shown_part = -1
        self.model.set_columns(())
        self.pager.show_parts(len(form.members))
        self._show_exceptions_button(form)
        if self.exceptions.isChecked():
            self._on_exceptions()
        else:
            self._open(0, 0)

    def _show_exceptions_button(self, form: LedgerForm) -> None:
        from auditor_app.ledger.browse import named_places

        named = bool(named_places(self._findings, form.members))
        self.exceptions.setText("Exceptions only")
        self.exceptions.setEnabled(named)
        if not named:
            self.exceptions.setChecked(False)

    def _on_part(self, part: int) -> None:
        self._open(part, 0)

    def _open(self, part: int, position: int) -> None:
        form = self.form
        if form is None or not form.members:
            show_text(self.said, "The ledger has no rows")
            return
        part = max(0, min(part, len(form.members) - 1))
        self.exceptions.setChecked(False)
        self.pager.setEnabled(True)
        if self._shown_part == part:
            self.pager.show_part(part)
            self._select(position)
            return
        self.pager.show_part(part)
        self.said.setText("Reading…")
        work = partial(ledger_work.read_part, self.place, part)
        self._read(work, "Reading the part", partial(self._on_rows, part, position))

    def _on_rows(self, part: int, position: int, rows: PartRows) -> None:
        from ui.models.ledger_columns import ledger_columns

        self._shown_part = part
        self._show(rows, ledger_columns)
        first = rows.first_row
        said = f"Rows {count(first + 1)} to {count(first + len(rows))}" if len(rows) else "No rows"
        if position >= len(rows) > 0:
            said = f"There is no row {count(first + position + 1)}: {said[0].lower()}{said[1:]}"
        show_text(self.said, f"{said}  ·  {rows.name}")
        self._select(position)

    def _on_exceptions(self) -> None:
        form = self.form
        if form is None:
            return
        self._shown_part = -1
        if not self.exceptions.isChecked():
            self._open(self.pager.part, 0)
            return
        self.pager.setEnabled(False)
        self.said.setText("Reading…")
        work = partial(ledger_work.read_exceptions, self.place, form, self._findings)
        self._read(work, "Reading the exceptions", self._on_exception_rows, follow=True)

    def _on_exception_rows(self, found: ExceptionalRows) -> None:
        from ui.models.ledger_columns import exception_columns

        self._show(found.rows, exception_columns)
        shown = count(len(found.rows))
        self.exceptions.setText(f"Exceptions only  {shown}{'+' if found.more else ''}")
        show_text(
            self.said,
            f"The first {shown} rows; there are more"
            if found.more
            else f"{counted(len(found.rows), 'row')} in the whole ledger",
        )
        self._select(0)

    def _show(self, rows: Sequence[Any], columns: Callable[[Sequence[LedgerColumn]], tuple[Column, ...]]) -> None:
        """Other rows, and other columns where they are other ones."""
        form = self.form
        wanted = () if form is None else columns(form.columns)
        if [item.title for item in wanted] != [item.title for item in self.model.described]:
            self.model.set_columns(wanted)
            self.show_row_marks(self._tickmarks)
        self.model.set_rows(rows, range(len(rows)))
        self.view.fit_columns()

    def _select(self, position: int) -> None:
        if self.model.rowCount():
            index = self.model.index(max(0, min(position, self.model.rowCount() - 1)), 0)
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _on_found(self, where: tuple[int, int] | None) -> None:
        if where is None:
            self.desk.say(f"No row of ledger {self.place.ledger} has the id {self.id.value}")
            show_text(self.said, "No row has this id")
        else:
            self._open(*where)

    # reading

    def _read(self, work: Work, title: str, done: Callable[[Any], None], *, follow: bool = False) -> None:
        """A job whose result is shown; whatever was being read before is dropped."""
        before, self._job = self._job, None
        if before is not None and before.running:
            before.cancel()
        self.problem.hide()
        job = self.desk.runner.make_aside(work, title)
        job.succeeded.connect(done)
        job.failed.connect(self._on_failed)
        self._job = job
        job.cancelled.connect(partial(self._on_cancelled, job))
        if follow:
            self.desk.follow(job)
        job.start()

    def _on_cancelled(self, job: Job) -> None:
        """Cancelled by a person, not by the next reading: what was shown before stays, or comes back."""
        if job is self._job:
            if self.exceptions.isChecked():
                self._open(self.pager.part, 0)
            else:
                show_text(self.said, "Cancelled")

    def _on_failed(self, error: AuditError) -> None:
        self.model.set_rows((), range(0))
        self._shown_part = -1
        show_text(self.said, "")
        self.problem.say(Tone.WARN, "The rows were not read", error.sentence())
