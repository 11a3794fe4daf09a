"""The agreed procedures with their wording: reworded, added, or left out with a reason."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.papers_document import reference_of
from auditor_app.engagement.terms import AgreedProcedure
from auditor_app.procedures import PROCEDURES
from ui.desk import Desk
from ui.models.columns import chip_column, text_column
from ui.papers.paper import Paper, beside, tab_room
from ui.theme import Tone
from ui.widgets.blocks import button, card, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.prose import Prose
from ui.widgets.table_panel import TablePanel


class ProceduresPaper(Paper):
    """The list on the left, the chosen procedure's wording on the right."""

    title = "Procedures"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._papers: Papers | None = None
        columns = (
            text_column("Paper", lambda item: self._reference(item.key)),
            text_column("Procedure", lambda item: _title(item.key)),
            chip_column("State", lambda item: "Agreed" if item.agreed else "Left out", lambda item: Tone.INFO if item.agreed else Tone.WARN),
            text_column("Wording", lambda item: item.wording, wide=True),
        )  # fmt: skip
        self.table = TablePanel("Agreed procedures", columns, desk.runner, filterable=False)
        self.key = TypedField("Procedure's name", "a name of your own, for instance bank-letters")
        self.wording = Prose("Wording", "what is done, as the report prints it", lines=6)
        self.agreed = QCheckBox("Agreed with the engaging party")
        self.reason = Prose("Reason", "why it is changed or left out", lines=2)
        self.record = button("Record", self._on_record, primary=True)
        self.new = button("Add a procedure of your own", self._on_new)
        self.usual = button("The program's own wording", self._on_usual, link=True)
        self._why = label("", "muted", wrap=True)
        form = column(
            label("Procedure", "overline"), self.key, label("Wording", "overline"), self.wording, row(self.usual, 1),
            self.agreed, label("Reason", "overline"), self.reason, row(self.record, 1), row(self.new, 1), self._why, 1, spacing=6,
        )  # fmt: skip
        self.setLayout(tab_room(beside(self.table, card(form), (480, 400))))
        self.table.current_changed.connect(self._on_current)
        self.key.textChanged.connect(self._judge)
        for field in (self.wording, self.reason):
            field.changed.connect(self._judge)
        self.agreed.toggled.connect(self._judge)

    def tables(self) -> tuple[TablePanel, ...]:
        """The procedures."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """All of them, also those left out."""
        known = self.table.model.rowCount() > 0
        self._papers = papers
        self.table.show_rows(papers.procedures)
        if not known:
            self.table.go_to(0)
        self._judge()

    def typed(self) -> AgreedProcedure:
        """As it stands in the form."""
        return AgreedProcedure(
            key=self.key.text().strip(),
            wording=self.wording.text,
            agreed=self.agreed.isChecked(),
            reason=self.reason.text,
        )

    def _reference(self, key: str) -> str:
        return "" if self._papers is None else reference_of(self._papers, key)

    def _recorded(self, key: str) -> AgreedProcedure | None:
        procedures = () if self._papers is None else self._papers.procedures
        return next((item for item in procedures if item.key == key), None)

    def _on_current(self, item: AgreedProcedure | None) -> None:
        if item is not None:
            self.key.setText(item.key)
            self.wording.set_text(item.wording)
            self.agreed.setChecked(item.agreed)
            self.reason.set_text(item.reason)

    def _on_new(self) -> None:
        self.table.view.clearSelection()
        self.key.clear()
        self.wording.set_text("")
        self.reason.set_text("")
        self.agreed.setChecked(True)
        self.key.setFocus()

    def _on_usual(self) -> None:
        self.wording.set_text(PROCEDURES[self.key.text().strip()].wording)

    def _judge(self, *_: object) -> None:
        key = self.key.text().strip()
        recorded = self._recorded(key)
        self.usual.setVisible(key in PROCEDURES)
        typed = self.typed()
        missing = ""
        if not _is_key(key):
            missing = "A name in lower case without blanks."
        elif not typed.wording:
            missing = "A procedure has a wording."
        elif not typed.agreed and not typed.reason:
            missing = "Say why it is left out."
        same = recorded == typed
        self.record.setText("Add the procedure" if recorded is None else "Record the change")
        self.record.setEnabled(not missing and not same and self.writable)
        show_text(self._why, missing or ("As recorded in the journal." if same else "Not in the journal yet."))

    def _on_record(self) -> None:
        self.binder.record(actions.AgreeProcedure(procedure=self.typed()), title="Agreed procedures")


def _title(key: str) -> str:
    return PROCEDURES[key].title if key in PROCEDURES else key


def _is_key(text: str) -> bool:
    allowed = "abcdefghijklmnopqrstuvwxyz0123456789"
    return 0 < len(text) <= 64 and text[0] in allowed and all(sign in f"{allowed}._-" for sign in text)
