"""Findings: all of them, each with what was expected and observed; limitations; procedures as performed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QScrollArea, QSplitter

from auditor_app.engagement.record import Audit, PerformedProcedure
from auditor_app.findings import CATALOGUE, Finding, Limitation, Severity
from auditor_app.procedures import PROCEDURES
from ui.models.columns import chip_column, text_column
from ui.pages.page import Building, Page
from ui.session import step_of
from ui.text import masked
from ui.theme import Tone, mono_font
from ui.widgets.blocks import GRID, button, column, label, row, show_text, tab_of, tabs
from ui.widgets.chips import Chip
from ui.widgets.passage import Passage
from ui.widgets.table_panel import TablePanel
from ui.widgets.verdicts import VerdictLines

SEVERITY_TONES = {
    Severity.NOTE: Tone.NEUTRAL,
    Severity.WARNING: Tone.WARN,
    Severity.EXCEPTION: Tone.BAD,
    Severity.CRITICAL: Tone.BAD,
}
_RANK = {
    severity: at for at, severity in enumerate((Severity.CRITICAL, Severity.EXCEPTION, Severity.WARNING, Severity.NOTE))
}


def _reference(key: str) -> str:
    return PROCEDURES[key].reference if key in PROCEDURES else ""


def severity_order(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that count first."""
    return tuple(sorted(findings, key=lambda item: _RANK[item.severity]))


FINDING_COLUMNS = (
    chip_column("Severity", lambda item: item.severity.value.capitalize(), lambda item: SEVERITY_TONES[item.severity], rank=lambda item: _RANK[item.severity]),
    text_column("Paper", lambda item: _reference(item.procedure), note="Working-paper reference of the procedure", gives_way=2),
    text_column("Code", lambda item: item.code),
    text_column("Subject", lambda item: item.subject, yields=True, gives_way=1),
    text_column("Finding", lambda item: item.message, wide=True),
)  # fmt: skip
REASON_COLUMNS = (FINDING_COLUMNS[0], FINDING_COLUMNS[2], FINDING_COLUMNS[4])
"""What is said about a refused file: severity, code, finding."""

_LIMITATIONS = (
    text_column("Code", lambda item: item.code),
    text_column("Subject", lambda item: item.subject, yields=True),
    text_column("What could not be shown", lambda item: item.message, wide=True),
)
_PROCEDURES = (
    text_column("Paper", lambda item: _reference(item.key)),
    text_column("Procedure", lambda item: PROCEDURES[item.key].title if item.key in PROCEDURES else item.key),
    chip_column("State", lambda item: "Performed" if item.performed else "Left out", lambda item: Tone.INFO if item.performed else Tone.NEUTRAL),
    text_column("Extent", lambda item: item.extent, yields=True),
    text_column("Factual finding", lambda item: item.outcome, wide=True),
)  # fmt: skip


def _procedure_in_full(item: PerformedProcedure) -> str:
    wording = PROCEDURES[item.key].wording if item.key in PROCEDURES else ""
    return " ".join(part for part in (wording, item.extent, item.outcome) if part)


_DETAIL_AT_LEAST = 230


class FindingDetail(QFrame):
    """One finding at length, with what its code means and what to do."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._chip = Chip()
        self._code = label("", "section", selectable=True)
        self._message = Passage("Finding")
        self._parts = {
            name: Passage(name)
            for name in ("Expected", "Observed", "Where", "Procedure", "What it means", "What to do")
        }
        for name in ("Expected", "Observed"):
            self._parts[name].setFont(mono_font())
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.setVerticalSpacing(4)
        form.setContentsMargins(0, GRID, 0, 0)
        self._names = {}
        for name, value in self._parts.items():
            self._names[name] = label(name, "overline")
            form.addRow(self._names[name], value)
        self._form = form
        self.go = button("", lambda: None, link=True)
        inner = column(row(self._chip, 1), self._code, self._message, form, self.go, 1)
        self.setLayout(inner)
        inner.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)

    def show_finding(self, item: Finding | None, *, hidden: bool) -> None:
        """Show a finding, or ask for one to be chosen."""
        self._chip.setVisible(item is not None)
        self.go.setVisible(item is not None)
        if item is None:
            show_text(self._code, "Choose a finding")
            self._message.say("What was expected and what was observed is shown here.")
            values = dict.fromkeys(self._parts, "")
        else:
            entry, procedure = CATALOGUE.get(item.code), PROCEDURES.get(item.procedure)
            self._chip.say(item.severity.value.capitalize(), SEVERITY_TONES[item.severity])
            show_text(self._code, item.code)
            self._message.say(masked(item.message) if hidden else item.message)
            self.go.setText(f"Open {step_of(item.procedure).value.capitalize()}")
            values = {
                "Expected": masked(item.expected) if hidden else item.expected,
                "Observed": masked(item.observed) if hidden else item.observed,
                "Where": item.at.text(),
                "Procedure": "" if procedure is None else f"{procedure.reference}  {procedure.title}",
                "What it means": "" if entry is None else entry.meaning,
                "What to do": "" if entry is None else entry.action,
            }
        for name, text in values.items():
            self._form.setRowVisible(self._parts[name], bool(text))
            self._parts[name].say(text)


class FindingsPage(Page):
    """Three tabs and the verdicts above them."""

    def build(self) -> Building:
        """Verdicts, then tabs."""
        runner = self.desk.runner
        self.verdicts = VerdictLines()
        self.tabs = tabs("Findings, limitations, procedures")
        self.content.setLayout(column(self.verdicts, self.tabs, spacing=GRID))
        self.findings = TablePanel("Findings", FINDING_COLUMNS, runner)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.addWidget(self.findings)
        split.setStretchFactor(0, 1)
        self.tabs.addTab(tab_of(split), "Findings")
        yield
        self.detail = FindingDetail()
        self.detail.go.clicked.connect(self._open_page)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("Finding in detail")
        scroll.setWidget(self.detail)
        scroll.setMinimumWidth(_DETAIL_AT_LEAST)
        split.addWidget(scroll)
        split.setStretchFactor(1, 1)
        split.setSizes([700, 300])
        yield
        self.findings.current_changed.connect(self._on_current)
        self.findings.activated.connect(self._open_page)
        self.limitations = TablePanel("Limitations", _LIMITATIONS, runner, reads=lambda item: item.message)
        self.tabs.addTab(tab_of(self.limitations), "Limitations")
        yield
        self.procedures = TablePanel("Procedures", _PROCEDURES, runner, reads=_procedure_in_full)
        self.tabs.addTab(tab_of(self.procedures), "Procedures")
        yield

    def tables(self) -> tuple[TablePanel, ...]:
        """All three."""
        return self.findings, self.limitations, self.procedures

    def refresh(self) -> None:
        """A refused file has findings, too, though no audit."""
        super().refresh()
        outcome = self.desk.case.outcome
        if outcome is not None and outcome.audit is None and outcome.findings:
            self.verdicts.hide()
            self._show(outcome.findings, (), ())
            self.show_content(True)

    def show_audit(self, audit: Audit) -> None:
        """Fill the tables."""
        self.verdicts.show_verdicts(audit.verdicts, audit.findings)
        self._show(audit.findings, audit.limitations, audit.procedures)

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "No findings yet",
            "Open a snapshot and run the procedures (F5). Notes and limitations are listed here, too.",
        )

    def hide_amounts(self, hidden: bool) -> None:
        """The detail pane as well."""
        super().hide_amounts(hidden)
        index = self.findings.view.currentIndex()
        self.detail.show_finding(self.findings.model.row_at(index.row()) if index.isValid() else None, hidden=hidden)

    def _show(
        self,
        findings: tuple[Finding, ...],
        limitations: tuple[Limitation, ...],
        procedures: tuple[PerformedProcedure, ...],
    ) -> None:
        self.findings.show_rows(severity_order(findings))
        self.limitations.show_rows(limitations)
        self.procedures.show_rows(procedures)
        for at, (name, number) in enumerate(
            (("Findings", len(findings)), ("Limitations", len(limitations)), ("Procedures", len(procedures)))
        ):
            self.tabs.setTabText(at, f"{name}  {number}")
        for table in self.tables():
            table.go_to(0)

    def _on_current(self, item: Finding | None) -> None:
        self.detail.show_finding(item, hidden=self.desk.settings.hide_amounts)

    def _open_page(self, *_: object) -> None:
        index = self.findings.view.currentIndex()
        if index.isValid():
            self.desk.go_to(step_of(self.findings.model.row_at(index.row()).procedure).value)
