"""The workspace: steps on the left, the chosen page on the right, progress and status below."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QInputDialog, QMainWindow, QWidget

from auditor_app.aside import Aside
from auditor_app.counts import counted
from auditor_app.engagement.record import AuditRequest
from auditor_app.errors import ProgramDefect
from ui import demo_work, prompts, theme
from ui.audit_work import Perform, perform_audit, performing
from ui.binder import Binder
from ui.case import Case, sort_dropped
from ui.chain_work import Subject
from ui.connections import Connections
from ui.desk import Desk
from ui.dialogs.pin_key import PinKeyDialog
from ui.engagement_commands import EngagementCommands
from ui.jobs import Job, JobRunner
from ui.menus import Menus
from ui.pages import PAGES, PageEntry
from ui.pages.page import Page
from ui.report_work import BuildReport, build_pdf
from ui.sample_state import status_in
from ui.session import Step, StepStatus
from ui.settings import Settings
from ui.text import visible
from ui.widgets.blocks import GRID, column, row
from ui.widgets.deadline import DeadlineBanner
from ui.widgets.elided import Elided
from ui.widgets.engagement_bar import EngagementIndicator
from ui.widgets.offline import OfflineIndicator
from ui.widgets.page_room import PageRoom
from ui.widgets.progress_strip import ProgressStrip
from ui.widgets.step_rail import RailEntry, StepRail

_FIRST_SIZE = QSize(1280, 800)
_MESSAGE_MS = 10_000


class MainWindow(QMainWindow):
    """The one main window; ``perform`` and ``build_report`` are the core's unless a test names others.

    With ``aside`` long work is done in that second process, without it in threads of this one.
    """

    closed = Signal()

    def __init__(
        self,
        settings: Settings,
        perform: Perform = perform_audit,
        build_report: BuildReport = build_pdf,
        aside: Aside | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.runner = JobRunner(self, aside)
        self.engagement = EngagementCommands(self)
        self.binder = Binder(self.runner, self.engagement, self.follow, parent=self)
        self.case = Case(self.runner, self.binder.performing(performing(perform, aside)), self)
        self.connections = Connections(settings, self)
        self._closing = False
        self._begun: dict[str, Page] = {}
        self._pages: dict[str, Page] = {}
        self.desk = Desk(
            case=self.case, runner=self.runner, settings=settings, connections=self.connections, binder=self.binder, build_report=build_report, follow=self.follow,
            go_to=self.go_to, ask_for_snapshot=self.ask_for_snapshot, ask_for_trust_store=self.ask_for_trust_store,
            ask_for_evidence=self.ask_for_evidence, capture=self.capture, edit_endpoints=self.edit_endpoints, pin_key=self.pin_key, open_snapshot=self.open_snapshot, open_demo=self.open_demo, say=self.say,
            new_engagement=self.engagement.new, open_engagement=self.engagement.open, add_inputs=self.engagement.add_inputs,
            new_note=self.engagement.new_note, set_tickmark=self.engagement.set_tickmark,
            record_run=self.engagement.record_run, lock=self.engagement.lock, act_as=self.engagement.act_as,
        )  # fmt: skip
        self.setWindowTitle("Reserve Auditor")
        self.setAcceptDrops(True)
        self.resize(_FIRST_SIZE)
        self.setMinimumSize(1024, 640)
        theme.dress(self)
        self._build()
        self.menus = Menus(self)
        self._connect()
        store = settings.trust_store
        if store is not None:
            self.case.use_trust_store(store)
        self.go_to(Step.SNAPSHOT.value)

    def _build(self) -> None:
        self.rail = StepRail(
            [
                RailEntry(entry.title, entry.reference, partial(self._status, entry), entry.number, entry.group)
                for entry in PAGES
            ]
        )
        self.stack = PageRoom()
        self.strip = ProgressStrip()
        strip_room = row(self.strip)
        strip_room.setContentsMargins(3 * GRID, 0, 3 * GRID, 2 * GRID - 4)
        self.deadline = DeadlineBanner(self.case, self.runner, self.capture)
        right = column(self.deadline, self.stack, strip_room, spacing=0)
        right.setStretch(1, 1)
        central = QWidget()
        central.setLayout(row(self.rail, right, spacing=0))
        self.setCentralWidget(central)
        self.offline = OfflineIndicator(self.connections)
        self.case_name = Elided("", "muted")
        self.statusBar().setSizeGripEnabled(False)
        self.message = Elided()
        self.message.setContentsMargins(2 * GRID, 0, 0, 0)
        self._message_time = QTimer(self)
        self._message_time.setSingleShot(True)
        self._message_time.timeout.connect(self.message.clear)
        self.statusBar().addWidget(self.message, 1)
        self.statusBar().addPermanentWidget(self.case_name)
        self.statusBar().addPermanentWidget(EngagementIndicator(self.binder))
        self.statusBar().addPermanentWidget(self.offline)

    def _connect(self) -> None:
        self.rail.chosen.connect(self._on_rail_chosen)
        self.case.changed.connect(self._on_case_changed)
        self.case.progressed.connect(self._on_progressed)
        self.case.run_started.connect(self.follow)
        self.case.run_ended.connect(self._on_run_ended)
        self.case.run_ended.connect(self.engagement.on_run_ended)
        self.binder.changed.connect(self._on_engagement_changed)
        self.binder.opened.connect(self.engagement.on_opened)
        self.binder.recorded.connect(self.engagement.on_recorded)
        self.binder.failed.connect(self.engagement.on_failed)
        self.runner.idle.connect(self._on_idle)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_desktop_scheme)

    # pages

    def go_to(self, key: str) -> Page:
        """Open a page, making it the first time."""
        page = self.made_page(key)
        self.stack.setCurrentWidget(page)
        self.rail.show_chosen(next(number for number, entry in enumerate(PAGES) if entry.key == key))
        self.deadline.show_page(key)
        page.refresh()
        return page

    def made_page(self, key: str) -> Page:
        """A page, made now if it is not yet; it is not shown."""
        page = self._pages.get(key)
        if page is None:
            page = self._begun.pop(key, None) or self._begin(key)
            page.finish()
            self._pages[key] = page
        return page

    def make_on(self, key: str) -> bool:
        """One step of making a page behind the one on screen; whether another is left."""
        page = self._pages.get(key) or self._begun.get(key)
        if page is None:
            self._begun[key] = self._begin(key)
            return True
        if page.make_on():
            return True
        self._pages.setdefault(key, page)
        self._begun.pop(key, None)
        return False

    def _begin(self, key: str) -> Page:
        entry = next(entry for entry in PAGES if entry.key == key)
        page = entry.load()(self.desk, entry)
        page.setAccessibleName(entry.title)
        self.stack.addWidget(page)
        return page

    @property
    def page(self) -> Page:
        """The page on screen."""
        shown = self.stack.currentWidget()
        assert isinstance(shown, Page)  # noqa: S101 the stack holds nothing else
        return shown

    def follow(self, job: Job) -> None:
        """Show a job in the progress strip; a defect of the program is told in full."""
        self.strip.follow(job)
        job.failed.connect(self._on_failed)

    def say(self, text: str) -> None:
        """A passing line in the status bar."""
        self.message.setText(visible(text))
        self._message_time.start(_MESSAGE_MS)

    # files

    def open_snapshot(self, path: Path) -> None:
        """A new case on this file; with a trust store the run begins at once."""
        self.case.open_snapshot(path.resolve())
        self.settings.remember(path.resolve())
        self.menus.show_recent(self.settings.recent)
        self.go_to(Step.SNAPSHOT.value)
        self.case.run()

    def use_trust_store(self, path: Path) -> None:
        """Judge keys by this store from now on."""
        self.case.use_trust_store(path.resolve())
        self.settings.trust_store = path.resolve()
        self.case.run()

    def use_evidence(self, path: Path) -> None:
        """Compare with this evidence file and run again."""
        self.case.use_evidence(path.resolve())
        self.case.run()

    def open_request(self, request: AuditRequest, trust_store: Path | None) -> None:
        """Everything a command line named; without a trust store the one used last."""
        self.case.open_request(request, trust_store)
        self.settings.remember(request.snapshot.resolve())
        self.menus.show_recent(self.settings.recent)
        if trust_store is not None:
            self.settings.trust_store = trust_store.resolve()
        self.go_to(Step.SNAPSHOT.value)
        self.case.run()

    def open_together(self, snapshot: Path | None, trust_store: Path | None, evidence: Path | None) -> None:
        """Several files at once, one run."""
        if snapshot is not None:
            self.case.open_snapshot(snapshot.resolve())
            self.settings.remember(snapshot.resolve())
            self.menus.show_recent(self.settings.recent)
        if trust_store is not None:
            self.case.use_trust_store(trust_store.resolve())
            self.settings.trust_store = trust_store.resolve()
        if evidence is not None:
            self.case.use_evidence(evidence.resolve())
        if snapshot is not None:
            self.go_to(Step.SNAPSHOT.value)
        self.case.run()

    def open_both(self, engagement: Path, request: AuditRequest | None, trust_store: Path | None) -> None:
        """The engagement first, so that the run is one inside it."""
        if request is not None:
            self.case.open_request(request, trust_store)
            self.binder.opened.connect(self.engagement.perform_again, Qt.ConnectionType.SingleShotConnection)
        self.engagement.open_file(engagement)

    def open_demo(self) -> None:
        """Help → Open the demo: made in a folder of its own, unless it stands there already."""
        prompts.open_folder(self, "Where to put the demo's folder", self.make_demo)

    def make_demo(self, folder: Path) -> None:
        """Make the demo below ``folder`` and open it; one that somebody worked in is opened as it is."""
        job = self.runner.make_aside(partial(demo_work.demo_in, folder.resolve()), "Making the demo")
        job.succeeded.connect(lambda made: self.open_both(made.engagement, made.request, made.trust_store))
        self.follow(job)
        job.start()

    def ask_for_snapshot(self) -> None:
        """File → Open."""
        prompts.open_file(self, "Open snapshot", prompts.SNAPSHOTS, self.open_snapshot)

    def ask_for_folder(self) -> None:
        """File → Open folder: a snapshot may be one."""
        prompts.open_folder(self, "Open snapshot folder", self.open_snapshot)

    def ask_for_trust_store(self) -> None:
        """File → Use trust store."""
        prompts.open_file(self, "Use trust store", prompts.TRUST_STORES, self.use_trust_store)

    def ask_for_evidence(self) -> None:
        """File → Add evidence."""
        prompts.open_file(self, "Add evidence", prompts.EVIDENCE, self.use_evidence)

    def ask_for_proof(self) -> None:
        """Procedures → Check a published proof."""
        prompts.open_files(self, "Check a published proof", prompts.PROOFS, self.check_proof)

    def check_proof(self, paths: Sequence[Path]) -> None:
        """Check a published proof, or a whole published tree, on its page."""
        from ui.pages.proof import ProofPage

        page = self.go_to("proof")
        assert isinstance(page, ProofPage)  # noqa: S101 the table of pages says so
        page.check(tuple(path.resolve() for path in paths))

    def pin_key(self) -> None:
        """Procedures → Pin a key."""
        chosen = self.case.inputs.trust_store
        store = self.settings.default_trust_store if chosen is None else chosen.path
        PinKeyDialog(self, store, self.use_trust_store).open()

    def edit_endpoints(self) -> None:
        """Edit → Preferences → Endpoints."""
        from ui.dialogs.endpoints import EndpointsDialog

        audit = self.case.audit
        served = {item.chain for item in self.connections.configured}
        chains = () if audit is None else tuple(chain for chain, _, _ in audit.identity.chains)
        suggested = next((chain for chain in chains if chain not in served), "")
        parent = QApplication.activeModalWidget() or self
        EndpointsDialog(parent, self.connections, self.runner, suggested).open()

    def capture(self) -> None:
        """Procedures → Capture evidence."""
        inputs = self.case.inputs
        if inputs.snapshot is None or inputs.trust_store is None:
            self.run_or_explain()
            return
        from ui.dialogs.capture import CaptureDialog  # with the chains behind it: the first window does not wait

        subject = Subject(inputs.snapshot.path, inputs.trust_store.path, inputs.trusted_time)
        CaptureDialog(self, self.desk, subject, self.use_evidence).open()

    # commands

    def run_or_explain(self) -> None:
        """F5."""
        if not self.case.inputs.complete:
            self.go_to(Step.SNAPSHOT.value)
            missing = "a snapshot" if self.case.inputs.snapshot is None else "a trust store"
            self.say(f"Choose {missing} first")
        elif not self.case.run():
            self.say("A run is in progress; Esc cancels it")

    def cancel(self) -> None:
        """Esc."""
        self.case.cancel()
        if self.strip.job is not None:
            self.strip.job.cancel()

    def next_pane(self) -> None:
        """F6: from the rail to the page's first control and back."""
        focused = QApplication.focusWidget()
        if focused is not None and self.stack.isAncestorOf(focused):
            self.rail.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            _focus_first(self.page)

    def go_to_row(self) -> None:
        """Ctrl+G."""
        page, rows = self.page, self.page.row_count()
        if not rows:
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setWindowTitle("Go to row")
        dialog.setLabelText(f"Row, 1 to {rows}")
        dialog.setIntRange(1, min(rows, 2**31 - 1))
        dialog.intValueSelected.connect(lambda number: page.go_to_row(number - 1))
        dialog.open()

    def hide_amounts(self, hidden: bool) -> None:
        """View → Hide amounts."""
        self.settings.hide_amounts = hidden
        for page in self._pages.values():
            page.hide_amounts(hidden)

    def use_appearance(self, appearance: theme.Appearance) -> None:
        """View → Appearance."""
        self.settings.appearance = appearance
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, theme.choose(appearance))
        self.page.refresh()

    # what happens

    def _status(self, entry: PageEntry) -> StepStatus | None:
        if entry.key == "engagement":
            return StepStatus(self.binder.state)
        return None if entry.step is None else status_in(self.case, self.binder.papers, entry.step)

    def _on_rail_chosen(self, at: int) -> None:
        if self.stack.currentWidget() is not self._pages.get(PAGES[at].key):
            self.go_to(PAGES[at].key)

    def _on_case_changed(self) -> None:
        snapshot = self.case.inputs.snapshot
        name = "" if snapshot is None else snapshot.path.name
        self.setWindowTitle(f"{visible(name)} — Reserve Auditor" if name else "Reserve Auditor")
        audit = self.case.audit
        self.case_name.setText(
            "" if audit is None else visible(f"{audit.identity.issuer}   as of {audit.identity.as_of}")
        )
        self.rail.states_changed()
        self.menus.refresh()
        if self.stack.count():
            self.page.refresh()

    def _on_engagement_changed(self) -> None:
        self.rail.states_changed()
        self.menus.refresh()
        if self.stack.count():
            self.page.refresh()

    def _on_progressed(self) -> None:
        self.rail.states_changed()
        self.page.refresh_status()

    def _on_run_ended(self) -> None:
        outcome = self.case.outcome
        if outcome is None or outcome.inputs != self.case.inputs:
            self.say("Cancelled")
        elif outcome.audit is None:
            self.say(
                "Not authentic: nothing behind the signatures was read"
                if outcome.refusal
                else "The run could not finish"
            )
        else:
            counting = sum(item.counts for item in outcome.findings)
            self.say(
                f"Performed: {counted(len(outcome.findings), 'finding')}, {counting} of them exceptions or critical"
            )

    def _on_failed(self, error: object) -> None:
        if isinstance(error, ProgramDefect) and not self._closing:
            prompts.tell(self, "A defect of this program", error.sentence(), error.trace)

    def _on_desktop_scheme(self) -> None:
        if self.settings.appearance is theme.Appearance.SYSTEM:
            self.use_appearance(theme.Appearance.SYSTEM)

    def _on_idle(self) -> None:
        if self._closing:
            self.close()

    # Qt

    def changeEvent(self, event: QEvent) -> None:
        """Coming back to the window: files may have changed meanwhile."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow() and self.stack.count():
            self.case.look_at_files_again()
            self.binder.look_again()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files from this machine only."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A snapshot, a trust store, an evidence file, or several at once; or a published proof."""
        event.acceptProposedAction()
        self.take_files([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def take_files(self, paths: list[Path]) -> None:
        """Sort dropped files by what they are; what belongs to no snapshot is taken for a published proof."""
        engagements = [path for path in paths if path.suffix.lower() == ".engagement"]
        if engagements:
            self.engagement.open_file(engagements[0])
        paths = [path for path in paths if path not in engagements]
        dropped = sort_dropped(paths)
        known = dropped.snapshot or dropped.trust_store or dropped.evidence
        if dropped.others and known:
            names = "\n".join(path.name for path in dropped.others)
            prompts.tell(self, "Not used", f"Drop a published proof by itself.\n{names}")
        if known:
            self.open_together(dropped.snapshot, dropped.trust_store, dropped.evidence)
        elif dropped.others:
            self.check_proof(dropped.others)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing during work: cancel, wait for the threads without freezing, then close."""
        self.binder.close()
        if self.runner.busy:
            self._closing = True
            event.ignore()
            self.setEnabled(False)
            self.say("Stopping the running work…")
            self.runner.retire()
            return
        self.settings.geometry = self.saveGeometry()
        self.settings.sync()
        self.runner.retire()
        event.accept()
        self.closed.emit()


def _focus_first(page: Page) -> None:
    """Give the keyboard to the first control of a page that takes it."""
    for widget in page.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
