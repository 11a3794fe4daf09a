"""The menu bar and every keyboard shortcut, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from auditor_app import __version__
from ui import prompts
from ui.dialogs.words import WordsDialog
from ui.pages import PAGES
from ui.text import menu_text
from ui.theme import Appearance

if TYPE_CHECKING:
    from ui.engagement_commands import EngagementCommands
    from ui.main_window import MainWindow

_SHORTCUTS_TEXT = """F5    run the procedures
Esc    cancel the running work
F6    next pane
Alt+1 … Alt+7    steps
Alt+8, Alt+9, Alt+0    ledger, published proof, schemes
Ctrl+N    new engagement
Ctrl+Shift+G    open an engagement
Ctrl+W    close the engagement
Alt+A, Alt+X, Alt+N, Alt+S    engagement, exceptions log, notes and tickmarks, history
Ctrl+Shift+N    review note on this page
Ctrl+M    tickmark on the selected row
Ctrl+O    open a snapshot
Ctrl+Shift+C    capture evidence
Ctrl+F    filter the table
Ctrl+G    go to a row
Ctrl+C    copy full values
Ctrl+E    export the report
Ctrl+H    hide amounts"""

_FILTER_TEXT = """word    rows that hold it in any column
name:word    rows whose column holds it
name=value    rows whose column equals it
name<number    also <=, >, >=, !=
-term    rows for which the term does not hold
"two words"    one term

Column names are written in lower case with hyphens, as the field's tool tip lists them."""


class Menus:
    """Builds the menus and keeps their enabled states and check marks true."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        bar = window.menuBar()
        bar.setAccessibleName("Menu bar")
        self._file(bar.addMenu("&File"))
        self._edit(bar.addMenu("&Edit"))
        self._procedures(bar.addMenu("&Procedures"))
        self._view(bar.addMenu("&View"))
        self._help(bar.addMenu("&Help"))
        self.refresh()

    def _file(self, menu: QMenu) -> None:
        window = self._window
        self.open = _add(menu, "&Open snapshot…", window.ask_for_snapshot, "Ctrl+O")
        _add(menu, "Open snapshot &folder…", window.ask_for_folder, "Ctrl+Shift+O")
        self._recent = menu.addMenu("Open &recent")
        self.show_recent(window.settings.recent)
        menu.addSeparator()
        _add(menu, "Use &trust store…", window.ask_for_trust_store, "Ctrl+T")
        self.evidence = _add(menu, "Add e&vidence…", window.ask_for_evidence, "Ctrl+Shift+E")
        menu.addSeparator()
        self.export = _add(menu, "&Export report…", lambda: window.page.export(), "Ctrl+E")
        menu.addSeparator()
        self._engagement(menu, window.engagement)
        menu.addSeparator()
        _add(menu, "&Quit", window.close, "Ctrl+Q")

    def _engagement(self, menu: QMenu, commands: EngagementCommands) -> None:
        _add(menu, "&New engagement…", commands.new, "Ctrl+N")
        _add(menu, "Open en&gagement…", commands.open, "Ctrl+Shift+G")
        _add(menu, "Open engagement rea&d-only…", commands.open_to_read, None)
        self._recent_engagements = menu.addMenu("Open recent engage&ment")
        self.show_recent_engagements(self._window.settings.recent_engagements)
        add = _add(menu, "&Add inputs…", commands.add_inputs, "Ctrl+Shift+A")
        export = _add(menu, "Export pac&kage…", commands.export, "Ctrl+Shift+P")
        self.lock = _add(menu, "&Lock…", commands.lock, None)
        _add(menu, "Chec&k engagement…", commands.check, "Ctrl+Shift+K")
        _add(menu, "&Re-perform…", commands.reperform, "Ctrl+Shift+R")
        close = _add(menu, "C&lose engagement", commands.close, "Ctrl+W")
        self._with_engagement, self._writing = (export, close), [add]

    def _edit(self, menu: QMenu) -> None:
        window = self._window
        _add(menu, "&Filter", lambda: window.page.focus_filter(), "Ctrl+F")
        _add(menu, "&Go to row…", window.go_to_row, "Ctrl+G")
        menu.addSeparator()
        _add(menu, "&Copy selected rows", self._copy, None)
        menu.addSeparator()
        self._writing += [
            _add(menu, "Review &note on this page…", window.engagement.new_note, "Ctrl+Shift+N"),
            _add(menu, "Set a &tickmark on the selected row…", window.engagement.set_tickmark, "Ctrl+M"),
        ]
        menu.addSeparator()
        preferences = menu.addMenu("P&references")
        _add(preferences, "&Endpoints…", window.edit_endpoints, None)
        self.offline = _add(preferences, "Work &offline", None, None)
        self.offline.setCheckable(True)
        self.offline.setChecked(window.connections.offline)
        self.offline.toggled.connect(window.connections.set_offline)
        window.connections.changed.connect(lambda: self.offline.setChecked(window.connections.offline))

    def _procedures(self, menu: QMenu) -> None:
        window = self._window
        self.run = _add(menu, "&Run procedures", window.run_or_explain, "F5")
        self.cancel = _add(menu, "&Cancel running work", window.cancel, "Esc")
        menu.addSeparator()
        _add(menu, "&Pin a key…", window.pin_key, "Ctrl+K")
        menu.addSeparator()
        self.capture = _add(menu, "Capture &evidence…", window.capture, "Ctrl+Shift+C")
        _add(menu, "Check a published &proof…", window.ask_for_proof, "Ctrl+P")

    def _view(self, menu: QMenu) -> None:
        window = self._window
        for entry in PAGES:
            if entry.group:
                menu.addSeparator()
            title = f"&{entry.keys[-1]}  {entry.title}" if entry.keys else entry.title
            _add(menu, title, partial(window.go_to, entry.key), entry.keys or None)
        menu.addSeparator()
        _add(menu, "&Next pane", window.next_pane, "F6")
        menu.addSeparator()
        self.hide_amounts = _add(menu, "&Hide amounts", None, "Ctrl+H")
        self.hide_amounts.setCheckable(True)
        self.hide_amounts.setChecked(window.settings.hide_amounts)
        self.hide_amounts.toggled.connect(window.hide_amounts)
        looks = menu.addMenu("&Appearance")
        group = QActionGroup(looks)
        for choice, words in (
            (Appearance.SYSTEM, "As the &desktop"),
            (Appearance.LIGHT, "&Light"),
            (Appearance.DARK, "D&ark"),
        ):
            action = _add(looks, words, partial(window.use_appearance, choice), None)
            action.setCheckable(True)
            action.setChecked(window.settings.appearance is choice)
            group.addAction(action)

    def _help(self, menu: QMenu) -> None:
        window = self._window
        _add(menu, "&Keyboard", lambda: WordsDialog(window, "Keyboard", _SHORTCUTS_TEXT).open(), "F1")
        _add(
            menu,
            "&Filter language",
            lambda: WordsDialog(window, "Filter language", _FILTER_TEXT).open(),
            None,
        )
        _add(menu, "Open the &demo…", window.open_demo, None)
        _add(menu, "&About", partial(prompts.tell, window, "About", f"Reserve Auditor {__version__}\nRe-performs an exchange's proof of reserves from its signed snapshot, offline.\nApache License 2.0.", alarming=False), None)  # fmt: skip

    def show_recent(self, recent: Sequence[Path]) -> None:
        """List the snapshots opened lately."""
        self._list(self._recent, recent, self._window.open_snapshot)

    def show_recent_engagements(self, recent: Sequence[Path]) -> None:
        """List the engagements opened lately."""
        self._list(self._recent_engagements, recent, self._window.engagement.open_file)

    def _list(self, menu: QMenu, recent: Sequence[Path], chosen: Callable[[Path], object]) -> None:
        menu.clear()
        for path in recent:
            _add(menu, menu_text(f"{path.name}    {path.parent}"), partial(chosen, path), None)
        if recent:
            menu.addSeparator()
            _add(menu, "Forget these", self._forget, None)
        menu.setEnabled(bool(recent))

    def refresh(self) -> None:
        """Commands that can do nothing now are disabled, all but Run, which explains itself."""
        case = self._window.case
        self.evidence.setEnabled(case.inputs.snapshot is not None)
        self.capture.setEnabled(case.inputs.complete)
        self.export.setEnabled(case.current)
        binder = self._window.binder
        for action in self._with_engagement:
            action.setEnabled(binder.papers is not None)
        for action in self._writing:
            action.setEnabled(binder.writable)
        self.lock.setEnabled(binder.writable and binder.papers is not None and binder.papers.locked is None)

    def _forget(self) -> None:
        self._window.settings.forget_recent()
        self.show_recent(())
        self.show_recent_engagements(())

    def _copy(self) -> None:
        self._window.page.copy_rows()


def _add(menu: QMenu, text: str, triggered: Callable[[], object] | None, shortcut: str | None) -> QAction:
    action = QAction(text, menu)
    if shortcut is not None:
        action.setShortcut(QKeySequence(shortcut))
    if triggered is not None:
        action.triggered.connect(lambda: triggered())
    menu.addAction(action)
    return action
