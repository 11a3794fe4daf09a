"""What the window asks about an engagement: who acts, what an amendment is for, how a new one begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QFormLayout, QListWidget, QWidget

from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import INPUT_ROLES, SIGNING_ROLES, STANDARDS, InputRole, Person, Standard, Terms
from ui import prompts
from ui.text import cut
from ui.widgets.blocks import GRID, button, choice, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.line import Line


class Question(QDialog):
    """Title, a sentence, a form, and Cancel beside the one thing to do."""

    def __init__(self, parent: QWidget, title: str, sentence: str, yes: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(560)
        self.why = label("", "muted", wrap=True)
        self.yes = button(yes, self.on_yes, primary=True)
        self.yes.setDefault(True)
        self.form = QFormLayout()
        self.first: QWidget | None = None
        self.form.setHorizontalSpacing(3 * GRID)
        self.form.setVerticalSpacing(GRID)
        buttons = row(self.why, 1, button("Cancel", self.reject), self.yes, spacing=GRID)
        buttons.setStretch(0, 4)
        parts = (label(title, "title"), label(sentence, wrap=True), self.form, buttons)
        self.setLayout(column(*parts, spacing=2 * GRID, margins=3 * GRID))

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard goes to the first field, or the one that is named."""
        super().showEvent(event)
        if self.first is not None:
            self.first.setFocus()
            return
        for at in range(self.form.rowCount()):
            found = self.form.itemAt(at, QFormLayout.ItemRole.FieldRole) or self.form.itemAt(
                at, QFormLayout.ItemRole.SpanningRole
            )
            field = None if found is None else found.widget()
            if field is not None and field.isVisible() and field.isEnabled():
                field.setFocus()
                return

    def add(self, name: str, field: QWidget) -> None:
        """One line of the form."""
        words = label(name)
        words.setBuddy(field)
        self.form.addRow(words, field)

    def judge(self, missing: str) -> None:
        """Say what is missing, and allow it only when nothing is."""
        show_text(self.why, missing)
        self.yes.setEnabled(not missing)

    def on_yes(self) -> None:
        """Do it."""
        raise NotImplementedError


class WhoActsDialog(Question):
    """Choose the person of the engagement who sits here."""

    def __init__(self, parent: QWidget, papers: Papers, now: str, chosen: Callable[[str], object]) -> None:
        sentence = "Every entry of the journal names a person of the engagement. Choose who acts in this window."
        super().__init__(parent, "Who acts?", sentence, "Act as this person")
        self._names = [item.name for item in papers.people]
        self._chosen = chosen
        self.people = QListWidget()
        self.people.setAccessibleName("People of the engagement")
        for item in papers.people:
            self.people.addItem(f"{cut(item.name)}   {', '.join(item.roles)}")
        self.people.setCurrentRow(max(0, self._names.index(now) if now in self._names else 0))
        self.people.itemDoubleClicked.connect(self.on_yes)
        self.form.addRow(self.people)
        note = "People are added on the Engagement page. Names are the word of whoever keeps the journal."
        show_text(self.why, note)

    def on_yes(self, *_: object) -> None:
        """The person under the cursor."""
        name = self._names[max(0, self.people.currentRow())]
        self.accept()
        self._chosen(name)


class AmendmentDialog(Question):
    """What is amended and why: asked before every entry in a locked engagement."""

    def __init__(self, parent: QWidget, papers: Papers, title: str, then: Callable[[Amendment], object]) -> None:
        locked = papers.locked
        since = "" if locked is None else f" It was locked {locked.stamp.at} by {cut(locked.stamp.person)}."
        sentence = f"The engagement is locked and takes amendments only.{since} Say what is amended and why."
        super().__init__(parent, f"Amendment: {title}", sentence, "Record the amendment")
        self._then = then
        self.what = TypedField("What is amended", "for instance: management's response to exception 3")
        self.reason = TypedField("Why it is amended", "for instance: received after the lock")
        self.add("What", self.what)
        self.add("Why", self.reason)
        for field in (self.what, self.reason):
            field.judged.connect(self._on_judged)
        self._on_judged()

    def _on_judged(self) -> None:
        self.judge("" if self.what.value and self.reason.value else "Both are printed in the amendment trail.")

    def on_yes(self) -> None:
        """Hand the amendment over."""
        amendment = Amendment(what=self.what.value or "", why=self.reason.value or "")
        self.accept()
        self._then(amendment)


class NewEngagementDialog(Question):
    """The least that an engagement begins with: a file, a client, a standard, a person."""

    def __init__(
        self, parent: QWidget, folder: Path, then: Callable[[Path, Terms, Person], object], name: str = ""
    ) -> None:
        sentence = "One file holds the whole engagement and is always saved. The rest of the terms is stated on the Engagement page."
        super().__init__(parent, "New engagement", sentence, "Make the engagement")
        self._then = then
        self._folder = folder
        self.client = TypedField("Client", "the engaging party's legal name")
        self.standard = choice("Standard")
        for key, words in STANDARDS.items():
            self.standard.addItem(words, key)
        self.person = TypedField("Your name", "as the journal will print it")
        self.person.setText(name)
        self.role = choice("Your role")
        for role in SIGNING_ROLES:
            self.role.addItem(role.capitalize(), role)
        self.file = Line()
        self.file.setAccessibleName("Engagement file")
        self.file.setPlaceholderText("a file that is not there yet")
        self.file.textChanged.connect(self._on_judged)
        self.choose = button("Choose…", self._on_choose)
        for words, field in (("Client", self.client), ("Standard", self.standard), ("Your name", self.person), ("Your role", self.role)):  # fmt: skip
            self.add(words, field)
        self.form.addRow(label("File"), row(self.file, self.choose))
        for typed in (self.client, self.person):
            typed.judged.connect(self._on_judged)
        self._on_judged()

    def _on_choose(self) -> None:
        suggested = self._folder / "new.engagement"
        prompts.save_file(self, "New engagement file", prompts.ENGAGEMENTS, suggested, self.use_file)

    def use_file(self, path: Path) -> None:
        """Where it will be."""
        self.file.setText(str(path))

    @property
    def path(self) -> Path | None:
        """The file that is chosen or typed, with its suffix; ``None`` while there is none."""
        typed = Path(self.file.text().strip())
        if not typed.name or self.file.text().endswith("/"):
            return None
        return typed if typed.suffix else typed.with_suffix(".engagement")

    def _wrong_file(self) -> str:
        path = self.path
        if path is None:
            return "Choose where the file goes."
        if not path.is_absolute() or not path.parent.is_dir():
            return "There is no such folder: type the whole path."
        if path.exists():
            return "This file is there already: name a new one, or open it."
        return ""

    def _on_judged(self) -> None:
        missing = (
            ("Type the client's name.", self.client.value),
            ("Type your name.", self.person.value),
        )
        self.judge(next((words for words, value in missing if not value), "") or self._wrong_file())

    def on_yes(self) -> None:
        """Make it."""
        standard: Standard = self.standard.currentData()
        terms = Terms(client=self.client.value or "", standard=standard)
        person = Person(name=self.person.value or "", roles=(self.role.currentData(),))
        path = self.path
        self.accept()
        if path is not None:
            self._then(path, terms, person)


class AddInputsDialog(Question):
    """Which files, and what for."""

    def __init__(self, parent: QWidget, then: Callable[[Sequence[Path], InputRole | None], object]) -> None:
        sentence = "Files are taken in by name, size and SHA-256. They are never copied and never written to."
        super().__init__(parent, "Add inputs", sentence, "Add")
        self._then = then
        self._paths: tuple[Path, ...] = ()
        self.files = QListWidget()
        self.files.setAccessibleName("Files to add")
        self.files.setFixedHeight(110)
        self.role = choice("What they are for")
        self.role.addItem("By their names", None)
        for role in INPUT_ROLES:
            self.role.addItem(role.capitalize(), role)
        self.choose = button("Choose files…", self._on_choose)
        self.form.addRow(label("Files"), self.files)
        self.form.addRow("", row(self.choose, 1))
        self.add("What for", self.role)
        self.judge("Choose at least one file.")

    def _on_choose(self) -> None:
        prompts.open_files(self, "Add inputs", prompts.ANY, self.use_files)

    def use_files(self, paths: Sequence[Path]) -> None:
        """These."""
        self._paths = tuple(paths)
        self.files.clear()
        self.files.addItems([cut(str(path), 120) for path in self._paths])
        self.judge("" if self._paths else "Choose at least one file.")

    def on_yes(self) -> None:
        """Take them in."""
        role: InputRole | None = self.role.currentData()
        self.accept()
        self._then(self._paths, role)


class LockDialog(Question):
    """Why now; open notes keep it from being locked."""

    def __init__(self, parent: QWidget, papers: Papers, then: Callable[[str], object]) -> None:
        sentence = "After the lock the file takes amendments only, each with what and why. It cannot be unlocked."
        super().__init__(parent, "Lock the engagement", sentence, "Lock it")
        self._then = then
        self._notes = len(papers.open_notes)
        self.reason = TypedField("Reason", "for instance: report issued, file assembled")
        self.add("Why now", self.reason)
        self.reason.judged.connect(self._on_judged)
        self._on_judged()

    def _on_judged(self) -> None:
        if self._notes:
            self.judge(f"{self._notes} review notes are open: close them first.")
        else:
            self.judge("" if self.reason.value else "Say why.")

    def on_yes(self) -> None:
        """Lock."""
        reason = self.reason.value or ""
        self.accept()
        self._then(reason)
