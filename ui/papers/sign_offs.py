"""Sign-offs: who has signed off what, what took one back, and the next one to give."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFrame, QPushButton

from auditor_app.engagement import actions
from auditor_app.engagement.papers import Papers, SignedOff
from auditor_app.engagement.terms import SIGNING_ROLES, Role
from ui import engagement_work
from ui.chain_work import SigningFile
from ui.desk import Desk
from ui.dialogs.sign_off import SignOffDialog
from ui.models.columns import chip_column, count_column, hash_column, text_column
from ui.papers.paper import Paper, by, tab_room
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import GRID, button, card, column, holder, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.table_panel import TablePanel


def _cleared(item: SignedOff) -> str:
    return "" if item.cleared is None else by(item.cleared)


_COLUMNS = (
    text_column("Role", lambda item: item.role.capitalize()),
    text_column("Person", lambda item: item.stamp.person, wide=True),
    text_column("Time (UTC)", lambda item: item.stamp.at),
    chip_column("State", lambda item: "Stands" if item.cleared is None else "Cleared", lambda item: Tone.GOOD if item.cleared is None else Tone.STALE),
    text_column("Cleared by", _cleared),
    chip_column("Key", lambda item: "Signed" if item.envelope else "No key", lambda item: Tone.INFO if item.envelope else Tone.NEUTRAL),
    count_column("Up to entry", lambda item: item.head.length),
    hash_column("Head", lambda item: item.head.sha256, ends=1),
)  # fmt: skip


def _in_full(item: SignedOff) -> str:
    cleared = f" Cleared by {_cleared(item)}." if item.cleared is not None else ""
    return f"{item.role.capitalize()}: {by(item.stamp)}, over the head {item.head.text()}.{cleared}"


class _Stage(QFrame):
    """One role: its state and its button."""

    def __init__(self, role: Role, sign: QPushButton) -> None:
        super().__init__()
        self.chip = Chip()
        self.sign = sign
        self._text = label("", wrap=True)
        framed = card(column(row(label(role.capitalize(), "section"), 1, self.chip), self._text, 1, row(sign, 1), spacing=6))  # fmt: skip
        self.setLayout(column(framed))

    def say(self, state: str, tone: Tone, text: str) -> None:
        """Show it."""
        self.chip.say(state, tone)
        show_text(self._text, text)


class SignOffsPaper(Paper):
    """Three stages in their order, and every sign-off there ever was."""

    title = "Sign-offs"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.stages = {
            role: _Stage(role, button(f"Sign off as {role}", partial(self._on_sign, role))) for role in SIGNING_ROLES
        }
        self.with_key = button("Sign off with a key, too…", self._on_key, link=True)
        self._note = label(
            "A sign-off covers everything up to the entry before it. A later edit clears the sign-offs of later stages than its author's. "
            "With a key it also shows a journal that was cut or written anew.", "muted", wrap=True,
        )  # fmt: skip
        stages = row(*self.stages.values(), spacing=GRID)
        for at in range(len(self.stages)):
            stages.setStretch(at, 1)
        self.table = TablePanel("Sign-offs so far", _COLUMNS, desk.runner, filterable=False, reads=_in_full)
        note = row(self._note, self.with_key, spacing=2 * GRID)
        note.setStretch(0, 1)
        self.setLayout(tab_room(holder(stages), holder(note), self.table, stretch=2))

    def tables(self) -> tuple[TablePanel, ...]:
        """All there ever were."""
        return (self.table,)

    def show_papers(self, papers: Papers) -> None:
        """State and next step of each role."""
        self.table.show_rows(tuple(reversed(papers.sign_offs)))
        for role, stage in self.stages.items():
            standing = papers.standing(role)
            why = self._why_not(papers, role)
            stage.sign.setEnabled(not why)
            last = next((item for item in reversed(papers.sign_offs) if item.role == role), None)
            if standing is not None:
                stage.say("Stands", Tone.GOOD, f"{by(standing.stamp)}.")
            elif last is not None:
                stage.say("Cleared", Tone.STALE, f"Cleared by {_cleared(last)}. {why}")
            else:
                stage.say("Not given", Tone.NEUTRAL, why)
        self.with_key.setEnabled(self._next(papers) is not None)

    def _why_not(self, papers: Papers, role: Role) -> str:
        """Why the person who acts cannot sign off as ``role`` now; empty where they can."""
        if papers.standing(role) is not None:
            return "It stands."
        if not self.writable:
            return "The engagement is open read-only."
        author = papers.person(self.binder.author)
        if author is None:
            return "Choose who acts first."
        if role not in author.roles:
            return f"{cut(author.name, 40)} is no {role} of this engagement."
        earlier = SIGNING_ROLES[: SIGNING_ROLES.index(role)]
        waiting = next((name for name in earlier if papers.standing(name) is None), None)
        return "" if waiting is None else f"The {waiting} signs off first."

    def _next(self, papers: Papers) -> Role | None:
        return next((role for role in SIGNING_ROLES if not self._why_not(papers, role)), None)

    def _on_sign(self, role: Role) -> None:
        self.binder.record(actions.SignOff(role=role), title=f"Sign off as {role}")

    def _on_key(self) -> None:
        papers = self.binder.papers
        role = None if papers is None else self._next(papers)
        if role is not None:
            SignOffDialog(self, role, partial(self.sign_with, role)).open()

    def sign_with(self, role: Role, key: SigningFile, output: Path) -> None:
        """Sign the head as it is now, enter the sign-off and keep it outside the file."""
        work = partial(engagement_work.sign_off_with_key, role, key, output)
        self.binder.write(f"Sign off as {role}", work, lambda _: self.desk.say(f"Signed sign-off written to {output}"))
