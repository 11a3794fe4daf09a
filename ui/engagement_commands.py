"""File-menu commands about the engagement, and the questions that the binder asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from auditor_app.engagement.actions import ApplyTickmark, Lock, OpenNote
from auditor_app.engagement.file import Recorded
from auditor_app.engagement.journal import Amendment
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import InputRole
from auditor_app.errors import AuditError
from ui import engagement_work, prompts
from ui.dialogs.engagement import AddInputsDialog, AmendmentDialog, LockDialog, NewEngagementDialog, WhoActsDialog
from ui.dialogs.notes import DefineDialog, NoteDialog, TickDialog
from ui.dialogs.reperform import ReperformDialog
from ui.engagement_work import LastRun
from ui.text import cut

if TYPE_CHECKING:
    from ui.main_window import MainWindow


_OTHERWISE = "Not recorded: it came out otherwise than any run in the journal"


class EngagementCommands(QObject):
    """What the menus do with an engagement; the binder holds it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._restoring = False

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

    def act_as(self, name: str) -> None:
        """This person acts from now on, also when the file is opened again."""
        window = self._window
        if window.binder.papers is not None:
            window.settings.remember_actor(window.binder.papers.identity, name)
            window.binder.act_as(name)

    def record_run(self) -> None:
        """Enter the run on screen: asks who acts, and in a locked engagement what is amended and why."""
        case = self._window.case
        if case.audit is not None and case.current:
            self._window.binder.record_run(case.audit, time_typed=case.inputs.trusted_time is not None)

    def add_inputs(self) -> None:
        """File → Add inputs."""
        if self._window.binder.papers is not None:
            AddInputsDialog(self._window, self.take_inputs).open()

    def take_inputs(self, paths: Sequence[Path], role: InputRole | None) -> None:
        """Take files in by their digests, in a job."""
        work = partial(engagement_work.add_inputs, tuple(path.resolve() for path in paths), role)
        self._window.binder.write("Adding inputs", work)

    def lock(self) -> None:
        """File → Lock."""
        papers = self._window.binder.papers
        if papers is not None and papers.locked is None:
            LockDialog(self._window, papers, self._lock).open()

    def _lock(self, reason: str) -> None:
        self._window.binder.record(Lock(reason=reason), title="Lock the engagement")

    def new_note(self) -> None:
        """Edit → Review note: on the working paper of the page on screen."""
        window = self._window
        papers = window.binder.papers
        if papers is None:
            window.say("Open an engagement first: notes stand in its journal")
            return
        NoteDialog(window, papers, window.page.paper, self._record_note).open()

    def _record_note(self, action: OpenNote) -> None:
        self._window.binder.record(action, title="New note")

    def set_tickmark(self) -> None:
        """Edit → Set a tickmark: beside the selected row of the page on screen."""
        window = self._window
        papers = window.binder.papers
        if papers is None:
            window.say("Open an engagement first: tickmarks stand in its journal")
            return
        if not papers.tickmarks:
            DefineDialog(window, lambda action: window.binder.record(action, title="Define a tickmark")).open()
            window.say("No mark is defined yet: define one, then press Ctrl+M again")
            return
        TickDialog(window, papers, window.page.paper, window.page.selected_item(), self._record_tick).open()

    def _record_tick(self, action: ApplyTickmark) -> None:
        self._window.binder.record(action, title="Set a tickmark")

    def check(self) -> None:
        """File → Check engagement."""
        window = self._window
        from ui.dialogs.check_engagement import CheckEngagementDialog

        trust = window.case.inputs.trust_store
        CheckEngagementDialog(window, window.desk, window.binder.path, None if trust is None else trust.path).open()

    def reperform(self) -> None:
        """File → Re-perform: any package, whether or not an engagement is open."""
        window = self._window
        trust = window.case.inputs.trust_store
        ReperformDialog(window, window.desk, None if trust is None else trust.path).open()

    def export(self) -> None:
        """File → Export package."""
        path = self._window.binder.path
        if path is not None:
            suggested = path.with_suffix(".zip")
            prompts.save_file(self._window, "Export package", prompts.PACKAGES, suggested, self.export_to)

    def export_to(self, output: Path) -> None:
        """Write the package, in a job."""
        work = partial(engagement_work.export_package, output)
        self._window.binder.read("Writing the package", work, partial(self._on_exported, output), shown=True)

    def _on_exported(self, output: Path, digest: str) -> None:
        text = f"{output}\n\nSHA-256 {digest}\n\nInputs and keys are not in it. Another machine repeats it with File → Re-perform."
        prompts.tell(self._window, "Package written", text, alarming=False)

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
        window.go_to("engagement")
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
            names = "\n".join(cut(name) for name in found.missing)
            text = f"These inputs of the last run are not where they were last seen:\n\n{names}\n\nSay where they are on the Engagement page, under Inputs."
            prompts.tell(window, "Inputs not found", text, alarming=False)
            return
        window.case.open_request(found.request, found.request.trust_store)
        self.perform_again()

    def perform_again(self) -> None:
        """Perform the run of an engagement that was opened: compared with the journal, never entered by itself."""
        self._restoring = self._window.case.run()

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
        outcome, restoring = case.outcome, self._restoring
        self._restoring = False
        if outcome is None or outcome.audit is None or outcome.inputs != case.inputs:
            return
        if restoring:
            self._window.binder.find_run(outcome.audit, _OTHERWISE)
        else:
            self._window.binder.take_run(outcome.audit, time_typed=case.inputs.trusted_time is not None)
