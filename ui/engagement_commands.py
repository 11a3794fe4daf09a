"""File-menu commands about the engagement, and the questions that the binder asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from auditor_app.engagement.file import Recorded
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.papers import Papers
from auditor_app.errors import AuditError
from ui import engagement_work, prompts
from ui.dialogs.engagement import AmendmentDialog, NewEngagementDialog, WhoActsDialog
from ui.engagement_work import LastRun
from ui.text import cut

if TYPE_CHECKING:
    from ui.main_window import MainWindow


class EngagementCommands(QObject):
    """What the menus do with an engagement; the binder holds it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # questions of the binder

    def who_acts(self, papers: Papers, then: Callable[[str], object]) -> None:
        """Ask which person sits here, and remember it for this engagement."""
        window = self._window

        def chosen(name: str) -> None:
            window.settings.remember_actor(papers.identity, name)
            then(name)

        WhoActsDialog(window, papers, window.binder.author, chosen).open()

    def what_is_amended(self, papers: Papers, title: str, then: Callable[[Amendment], object]) -> None:
        """Ask what is amended and why."""
        AmendmentDialog(self._window, papers, title, then).open()

    # commands

    def new(self) -> None:
        """File → New engagement."""
        window = self._window
        NewEngagementDialog(window, self._folder(), window.binder.create, window.settings.last_actor).open()

    def open(self) -> None:
        """File → Open engagement."""
        prompts.open_file(self._window, "Open engagement", prompts.ENGAGEMENTS, self.open_file)

    def open_file(self, path: Path) -> None:
        """Open for writing, or read-only where it must be."""
        self._window.binder.open(path.resolve())

    def open_to_read(self) -> None:
        """File → Open engagement read-only."""
        prompts.open_file(
            self._window,
            "Open engagement read-only",
            prompts.ENGAGEMENTS,
            lambda path: self._window.binder.open(path.resolve(), writing=False),
        )

    def close(self) -> None:
        """File → Close engagement; everything in it is on the disk already."""
        self._window.binder.close()

    def _folder(self) -> Path:
        open_now, snapshot = self._window.binder.path, self._window.case.inputs.snapshot
        if open_now is not None:
            return open_now.parent
        return Path.home() if snapshot is None else snapshot.path.parent

    # what happens

    def on_opened(self) -> None:
        """Remember the file, choose who acts, and bring the last run back to the screen."""
        window = self._window
        binder, papers = window.binder, window.binder.papers
        if papers is None or binder.path is None:
            return
        window.settings.remember_engagement(binder.path)
        window.menus.show_recent_engagements(window.settings.recent_engagements)
        remembered = window.settings.actor(papers.identity)
        if binder.writable and remembered:
            binder.act_as(remembered)
        if binder.writable and not binder.author:
            binder.ask_who_acts()
        elif not binder.writable:
            window.say(f"Opened read-only. {binder.why_read_only}")
        audit = window.case.audit
        if audit is not None:
            binder.find_run(audit)
        elif window.case.inputs.snapshot is None and papers.runs:
            binder.read("Finding the inputs", engagement_work.last_run, self._on_last_run)

    def _on_last_run(self, found: LastRun) -> None:
        """Perform the last run again on the files where they were last seen; it comes out the same, or says so."""
        window = self._window
        if found.request is None:
            window.say(f"The inputs of the last run were not found: {', '.join(cut(name) for name in found.missing)}")
            return
        window.case.open_request(found.request, found.request.trust_store)
        window.case.run()

    def on_recorded(self, done: Recorded) -> None:
        """Say what was entered; sign-offs that were taken back are told so that nobody misses it."""
        if not done.cleared:
            self._window.say(f"Recorded as journal entry {done.head.length}")
            return
        lines = [f"{item.role.capitalize()}: {cut(item.stamp.person)}, of {item.stamp.at}" for item in done.cleared]
        text = "This entry came after sign-offs and took them back. They are to be given again:\n\n" + "\n".join(lines)
        prompts.tell(self._window, "Sign-offs were cleared", text)

    def on_failed(self, error: AuditError) -> None:
        """Say why nothing was entered or opened."""
        prompts.tell(self._window, "Engagement", error.sentence())

    def on_run_ended(self) -> None:
        """Enter a finished run, or find the entry it has."""
        case = self._window.case
        outcome = case.outcome
        if outcome is not None and outcome.audit is not None and outcome.inputs == case.inputs:
            self._window.binder.take_run(outcome.audit, time_typed=case.inputs.trusted_time is not None)
