"""The warning before the deadline: how long ordinary nodes still serve state proofs of the snapshot's blocks.

It stands above every page from the moment a snapshot is opened, before its ledgers are read: there may be minutes left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import QTimer

from auditor_app.chain.deadline import KEPT_BLOCKS, ProofDeadline
from auditor_app.chain.names import chain_name
from auditor_app.pace import duration
from ui.case import Case
from ui.chain_work import Subject, read_deadlines
from ui.jobs import Job, JobRunner
from ui.text import listed
from ui.theme import Tone
from ui.widgets.blocks import Banner, button

_RULE = f"Many nodes serve state proofs for their last {KEPT_BLOCKS} blocks only."
_LOOK_AGAIN_MS = 20_000
_WHERE_A_PASSED_ONE_IS_SAID = frozenset({"snapshot", "reserves"})


def _now() -> datetime:
    return datetime.now(UTC)


class DeadlineBanner(Banner):
    """Hidden where there is evidence, where no chain has state proofs, and once it was put aside for this snapshot.

    While there is time it stands above every page; when that has passed, on the pages that it concerns only.
    """

    def __init__(
        self, case: Case, runner: JobRunner, capture: Callable[[], object], now: Callable[[], datetime] = _now
    ) -> None:
        super().__init__()
        self.setProperty("above", True)
        self._case = case
        self._runner = runner
        self._now = now
        self._job: Job | None = None
        self._subject: Subject | None = None
        self._read_for: Subject | None = None
        self._deadlines: tuple[ProofDeadline, ...] = ()
        self._put_aside = False
        self._page = ""
        self.capture = button("Capture now…", capture)
        self.capture.setAccessibleName("Capture evidence now")
        self.later = button("Not now", self._on_later)
        self.later.setAccessibleName("Put the warning before the deadline aside")
        self.add_button(self.capture)
        self.add_button(self.later)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_AGAIN_MS)
        self._clock.timeout.connect(self.show_state)
        self._clock.start()
        case.changed.connect(self._on_case_changed)

    def show_deadlines(self, deadlines: Sequence[ProofDeadline]) -> None:
        """The deadlines of the open snapshot."""
        self._deadlines = tuple(deadlines)
        self.show_state()

    def show_page(self, key: str) -> None:
        """Another page is on screen."""
        self._page = key
        self.show_state()

    def show_state(self) -> None:
        """Say what is left now."""
        now = self._now()
        left = {item: seconds for item in self._deadlines if (seconds := _seconds(item, now)) > 0}
        wanted = bool(self._deadlines) and not self._put_aside and self._case.inputs.evidence is None
        if not wanted or (not left and self._page not in _WHERE_A_PASSED_ONE_IS_SAID):
            self.hide()
        elif left:
            said = "; ".join(f"{_named(item)} about {duration(seconds)} left" for item, seconds in left.items())
            self.say(Tone.WARN, "Capture before the proofs are gone", f"{_RULE} By estimate: {said}.")
        else:
            names = listed([_named(item) for item in self._deadlines])
            self.say(Tone.INFO, "No evidence yet", f"{_RULE} That is over for {names}: proofs need an archive node.")

    def _on_case_changed(self) -> None:
        """Another snapshot or trust store: read its blocks. Only what was signed by pinned keys is believed."""
        inputs = self._case.inputs
        subject = None
        if inputs.snapshot is not None and inputs.trust_store is not None:
            subject = Subject(inputs.snapshot.path, inputs.trust_store.path, inputs.trusted_time)
        if subject != self._subject:
            if self._subject is None or subject is None or subject.snapshot != self._subject.snapshot:
                self._put_aside = False
            self._subject = subject
            self._deadlines = ()
            if self._job is not None:
                self._job.cancel()
            self._job = None
        if self._read_for != self._subject:
            QTimer.singleShot(0, self, self._read)  # evidence may come with the snapshot
        self.show_state()

    def _read(self) -> None:
        subject = self._subject
        if subject is not None and subject != self._read_for and self._case.inputs.evidence is None:
            self._read_for = subject
            self._job = self._runner.make_aside(partial(read_deadlines, subject), "Reading the snapshot's blocks")
            self._job.succeeded.connect(self.show_deadlines)
            self._job.start()  # a file that is refused has no deadline, and the run says why

    def _on_later(self) -> None:
        self._put_aside = True
        self.hide()


def _seconds(item: ProofDeadline, now: datetime) -> float:
    left = item.left(now)
    return 0 if left is None else left.total_seconds()


def _named(item: ProofDeadline) -> str:
    return f"{chain_name(item.chain)} ({item.chain})"
