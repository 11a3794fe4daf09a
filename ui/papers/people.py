"""People and roles: only they act."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import ROLES, Person, Role
from ui.desk import Desk
from ui.models.columns import text_column
from ui.papers.paper import Paper, beside, tab_room
from ui.widgets.blocks import GRID, button, card, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.table_panel import TablePanel

_COLUMNS = (
    text_column("Name", lambda item: item.name, wide=True),
    text_column("Roles", lambda item: ", ".join(item.roles)),
)


class PeoplePaper(Paper):
    """A table and a form: a name that is there gets other roles, a new one joins."""

    title = "People"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._names: frozenset[str] = frozenset()
        self.table = TablePanel("People of the engagement", _COLUMNS, desk.runner, filterable=False)
        self.name = TypedField("Name", "as the journal will print it")
        self.roles: dict[Role, QCheckBox] = {role: QCheckBox(role.capitalize()) for role in ROLES}
        self.record = button("Add the person", self._on_record, primary=True)
        self.act = button("Act as this person", self._on_act)
        self._why = label("", "muted", wrap=True)
        form = column(
            label("Name and roles", "section"), self.name, *self.roles.values(), row(self.record, 1), row(self.act, 1), self._why,
            label("Preparer, reviewer and partner sign off in this order. Names are the word of whoever keeps the journal.", "muted", wrap=True), 1,
        )  # fmt: skip
        self.setLayout(tab_room(beside(self.table, card(form))))
        self.table.current_changed.connect(self._on_current)
        self.name.textChanged.connect(self._judge)
        for box in self.roles.values():
            box.toggled.connect(self._judge)
        form.setSpacing(GRID)

    def tables(self) -> tuple[TablePanel, ...]:
        """The people."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """Everybody, and what may be done."""
        added = frozenset(item.name for item in papers.people) - self._names
        self._names = frozenset(item.name for item in papers.people)
        if self.name.text().strip() in added:
            self._start_anew()
        self.table.show_rows(papers.people)
        self._judge()

    def _on_current(self, person: Person | None) -> None:
        if person is not None:
            self.name.setText(person.name)
            for role, box in self.roles.items():
                box.setChecked(role in person.roles)

    def _start_anew(self) -> None:
        """The person is in the list: the next one starts without name and roles."""
        self.name.clear()
        for box in self.roles.values():
            box.setChecked(False)
        self.name.setFocus()

    def _judge(self, *_: object) -> None:
        name = self.name.text().strip()
        known = name in self._names
        self.record.setText("Change the roles" if known else "Add the person")
        self.act.setEnabled(known and self.writable)
        chosen = any(box.isChecked() for box in self.roles.values())
        self.record.setEnabled(bool(name) and chosen and self.writable)
        missing = "Type a name." if not name else "Choose at least one role." if not chosen else ""
        show_text(self._why, missing)

    def _on_record(self) -> None:
        chosen = tuple(role for role, box in self.roles.items() if box.isChecked())
        person = Person(name=self.name.text().strip(), roles=chosen)
        self.binder.record(actions.AddPerson(person=person), title="People and roles")

    def _on_act(self) -> None:
        self.desk.act_as(self.name.text().strip())
