"""What every page is handed: the open case, the job runner, the settings, and the way to other pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ui.binder import Binder
from ui.case import Case
from ui.connections import Connections
from ui.jobs import Job, JobRunner
from ui.report_work import BuildReport
from ui.settings import Settings


@dataclass(frozen=True)
class Desk:
    """The services of the window, given to each page when it is made."""

    case: Case
    runner: JobRunner
    settings: Settings
    connections: Connections
    binder: Binder
    """The open engagement: its papers, who acts, and the way to enter something in its journal."""
    build_report: BuildReport
    follow: Callable[[Job], None]
    """Show a job's progress in the strip; call before it starts."""
    go_to: Callable[[str], Any]
    """Open a page by its key and return it."""
    ask_for_snapshot: Callable[[], object]
    ask_for_trust_store: Callable[[], object]
    ask_for_evidence: Callable[[], object]
    capture: Callable[[], object]
    edit_endpoints: Callable[[], object]
    pin_key: Callable[[], object]
    open_snapshot: Callable[[Path], object]
    open_demo: Callable[[], object]
    new_note: Callable[[], object]
    """Ask for a review note on the page on screen."""
    set_tickmark: Callable[[], object]
    """Ask for a tickmark beside the selected row of the page on screen."""
    record_run: Callable[[], object]
    """Enter the run on screen where it was not entered by itself."""
    lock: Callable[[], object]
    """Ask for the reason and lock the engagement."""
    new_engagement: Callable[[], object]
    open_engagement: Callable[[], object]
    add_inputs: Callable[[], object]
    """Ask for files and take them into the engagement."""
    act_as: Callable[[str], object]
    """From now on this person of the engagement acts in this window."""
    say: Callable[[str], object]
    """A passing line in the status bar."""

    def beside_snapshot(self, name: str) -> Path:
        """A name to suggest for a new file: in the snapshot's folder, and not taken yet."""
        snapshot = self.case.inputs.snapshot
        wanted = (Path.home() if snapshot is None else snapshot.path.parent) / name
        others = (wanted.with_stem(f"{wanted.stem}-{number}") for number in range(2, 1000))
        return next((path for path in (wanted, *others) if not path.exists()), wanted)
