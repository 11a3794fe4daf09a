"""The terms of the engagement: every text that the report prints, what is still missing, one entry for all changes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import STANDARDS, TEXT_FIELDS, Standard, Terms
from ui.desk import Desk
from ui.papers.paper import Paper, scrolled, tab_room
from ui.text import disguised
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, choice, column, holder, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.prose import Prose, hides

_SHORT = ("client", "responsible_party", "firm", "addressee", "place")
_HINTS = {
    "client": "the engaging party's legal name",
    "responsible_party": "who answers for the subject matter",
    "firm": "who issues the report",
    "addressee": "to whom the report is addressed",
    "place": "where the report is signed",
    "purpose": "why the procedures were agreed",
    "restriction": "who may use the report, and who may not rely on it",
    "scope": "entity, assets, products, networks, instant",
    "acknowledgement": "the engaging party acknowledged that the procedures are appropriate: how and when",
    "independence": "stated either way, with the requirements that apply",
    "ethics": "the ethical requirements that were followed",
    "quality_management": "the standard on quality management that the firm applies",
}
_MOST_SHOWN = 6
_MISSING = "not stated yet: no final report without it"
_THRESHOLD = re.compile(r"([a-z0-9][a-z0-9._-]{0,63})\s*=\s*(\S.*)\Z")


def words_of(name: str) -> str:
    """The name of a term as people write it."""
    return name.replace("_", " ").capitalize()


class TermsPaper(Paper):
    """One form; what is typed stands in the journal only after *Record the terms*."""

    title = "Terms"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._recorded: Terms | None = None
        self.missing = Banner()
        self.standard = choice("Standard")
        for key, words in STANDARDS.items():
            self.standard.addItem(words, key)
        self.fields: dict[str, TypedField | Prose] = {}
        self._marks: dict[str, QLabel] = {}
        form = QVBoxLayout()
        form.setSpacing(2 * GRID)
        form.setContentsMargins(0, 0, GRID, 0)
        form.addWidget(self.missing)
        short = QGridLayout()
        short.setHorizontalSpacing(2 * GRID)
        short.setVerticalSpacing(2 * GRID)
        short.addLayout(self._field("client"), 0, 0)
        short.addLayout(_named("Standard", self.standard), 0, 1)
        for at, name in enumerate(_SHORT[1:], 2):
            short.addLayout(self._field(name), at // 2, at % 2)
        for side in (0, 1):
            short.setColumnStretch(side, 1)
        form.addLayout(short)
        for name in TEXT_FIELDS:
            if name not in _SHORT:
                form.addLayout(self._field(name))
        self.funds = QCheckBox("Show the rate with the protection funds, too")
        form.addWidget(self.funds)
        self.thresholds = Prose("Agreed limits", "one a line:  name = value", lines=2, guarded=False)
        self._thresholds_why = label("", wrap=True)
        self._thresholds_why.setProperty("ink", "bad")
        form.addLayout(_named("Agreed limits", self.thresholds, self._thresholds_why))
        self.record = button("Record the terms", self._on_record, primary=True)
        self.discard = button("Discard what was typed", self._on_discard)
        self._state = label("", "muted", wrap=True)
        buttons = row(self._state, self.discard, self.record, spacing=GRID)
        buttons.setStretch(0, 1)
        inner = QWidget()
        inner.setLayout(form)
        self.area = scrolled(inner, "Terms of the engagement")
        self.setLayout(tab_room(card(column(self.area)), holder(buttons)))
        self.standard.currentIndexChanged.connect(self._on_typed)
        self.funds.toggled.connect(self._on_typed)
        self.thresholds.changed.connect(self._on_typed)

    def _field(self, name: str) -> QVBoxLayout:
        words, hint = words_of(name), _HINTS[name]
        field: TypedField | Prose = TypedField(words, hint) if name in _SHORT else Prose(words, hint, lines=2)
        (field.textChanged if isinstance(field, TypedField) else field.changed).connect(self._on_typed)
        self.fields[name] = field
        mark = self._marks[name] = label("", wrap=True)
        mark.setProperty("ink", "warn")
        return _named(words, field, mark)

    def show_papers(self, papers: Papers) -> None:
        """Fill the form, unless something is being typed."""
        if self._recorded is None or self.typed() == self._recorded:
            self._fill(papers.terms)
        self._recorded = papers.terms
        obstacles = papers.obstacles()
        if obstacles:
            self.missing.say(Tone.WARN, "What keeps the report a draft", _shortly(papers, obstacles))
        else:
            self.missing.say(Tone.GOOD, "Nothing keeps a report from being final", "All terms, notes and sign-offs are there.")  # fmt: skip
        self._on_typed()

    def _fill(self, terms: Terms) -> None:
        self._recorded = None
        for name, field in self.fields.items():
            text = str(getattr(terms, name))
            if isinstance(field, Prose):
                field.set_text(text)
            elif field.text() != text:
                field.setText(text)
                field.setCursorPosition(0)
        self.standard.setCurrentIndex(self.standard.findData(terms.standard))
        self.funds.setChecked(terms.funds_with_reserves)
        self.thresholds.set_text("\n".join(f"{name} = {value}" for name, value in terms.thresholds.items()))
        self._recorded = terms

    def typed(self) -> Terms | None:
        """The terms as typed; ``None`` where they cannot be recorded."""
        texts = {name: _text(field) for name, field in self.fields.items()}
        limits = self._limits()
        if not texts["client"] or limits is None:
            return None
        standard: Standard = self.standard.currentData()
        client = texts.pop("client")
        return Terms(
            client=client, standard=standard, funds_with_reserves=self.funds.isChecked(), thresholds=limits, **texts
        )

    def go_to_term(self, name: str) -> None:
        """Put the cursor into the field of a term."""
        field = self.fields[name]
        field.setFocus()
        self.area.ensureWidgetVisible(field)

    def _limits(self) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for line in self.thresholds.text.splitlines():
            match = _THRESHOLD.match(line.strip())
            if line.strip() and match is None:
                return None
            if match is not None:
                found[match[1]] = match[2].strip()
        return found

    def _on_typed(self, *_: object) -> None:
        if self._recorded is None:
            return
        limits = self._limits()
        why = "" if limits is not None else "One a line, name = value; names in lower case without blanks."
        show_text(self._thresholds_why, why)
        for name, field in self.fields.items():
            self._mark(name, field)
        typed = self.typed()
        differs = typed != self._recorded
        self.record.setEnabled(differs and typed is not None and self.writable)
        self.discard.setEnabled(differs)
        said = "A client is needed." if typed is None and limits is not None else why
        if not said and differs:
            said = "Typed, and not in the journal yet." if self.writable else "The engagement is open read-only."
        show_text(self._state, said or "As recorded in the journal.")

    def _mark(self, name: str, field: TypedField | Prose) -> None:
        """Below a field: that it is missing, or shows other than it is; a :class:`Prose` says the latter itself."""
        text = _text(field)
        hidden = "" if isinstance(field, Prose) else disguised(text)
        show_text(self._marks[name], hides(hidden) if hidden else "" if text else _MISSING)

    def _on_record(self) -> None:
        typed = self.typed()
        if typed is not None:
            self.binder.record(actions.ChangeTerms(terms=typed), title="Change the terms")

    def _on_discard(self) -> None:
        papers = self.binder.papers
        if papers is not None:
            self._fill(papers.terms)
            self._on_typed()


def _shortly(papers: Papers, obstacles: Sequence[str]) -> str:
    """The obstacles, the missing terms in one sentence and no more than a few of the others."""
    missing = papers.terms.missing()
    others = obstacles[: len(obstacles) - len(missing)]
    shown = [*others[:_MOST_SHOWN]]
    if len(others) > _MOST_SHOWN:
        shown.append(f"And {len(others) - _MOST_SHOWN:,} more.")
    if missing:
        shown.append(f"Not stated yet: {', '.join(missing).replace('_', ' ')}.")
    return " ".join(shown)


def _text(field: TypedField | Prose) -> str:
    return field.text if isinstance(field, Prose) else field.text().strip()


def _named(words: str, *fields: QWidget) -> QVBoxLayout:
    name = label(words, "overline")
    name.setBuddy(fields[0])
    return column(name, *fields, 1, spacing=4)
