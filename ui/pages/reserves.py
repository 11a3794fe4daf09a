"""Reserves: each claimed address beside what the evidence shows, how much that is worth, and who controls it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSplitter

from auditor_app.counts import noun
from auditor_app.coverage.shares import ValueParts, value_by_control, value_by_grade
from auditor_app.engagement.record import Audit
from auditor_app.operation import CancelToken, Operation, Progress, run
from ui.jobs import Job
from ui.models.reserves import ADDRESS, ASSET, CHAIN, EVERY, GRADE, LEVELS, OWNERSHIP, TREE, ReserveRow, reserve_rows
from ui.pages.page import Building, Page
from ui.text import count, tooltip
from ui.widgets.address_detail import AddressDetail
from ui.widgets.block_hashes import BlockHashes
from ui.widgets.blocks import GRID, button, column, label, row, show_text, tab_of, tabs
from ui.widgets.hash_label import HashLabel
from ui.widgets.shares import SharesPanel
from ui.widgets.tree_panel import TreePanel

_HOSTS_NAMED = 2
_GRADES = ("Proven", "Own node", "Two sources", "One source", "Claimed only")
_CONTROL = ("Fresh proof", "Stale proof", "Key or owner only", "No valid proof")
_GRADE_WORDS = (
    "How each asset's reserves are known. A row counts with its observed balance, and with its claim where none was "
    "observed; what is claimed only enters no rate."
)
_CONTROL_WORDS = (
    "Who controls the claimed reserves. A fresh proof is bound to the address and holds your challenge or a date near the "
    "snapshot; a stale one could have been signed at another time."
)


@dataclass(frozen=True, slots=True)
class _Reserves:
    """What the page shows of a run's addresses."""

    rows: tuple[ReserveRow, ...]
    by_grade: tuple[ValueParts, ...]
    by_control: tuple[ValueParts, ...]


def _looked_up(audit: Audit, token: CancelToken) -> Operation[_Reserves]:
    yield Progress(0, 3, "tables", "Reading the addresses")
    rows = reserve_rows(audit)
    token.check()
    return _Reserves(rows, value_by_grade(audit.addresses), value_by_control(audit.ownership, audit.addresses))


class ReservesPage(Page):
    """The evidence in a line, then addresses, grades, control and block hashes on tabs."""

    def build(self) -> Building:
        """Evidence card and tabs."""
        runner = self.desk.runner
        self._job: Job | None = None
        self.tabs = tabs("Reserves")
        layout = column(self._evidence_card(), self.tabs, spacing=GRID + 4)
        layout.setStretch(1, 1)
        self.content.setLayout(layout)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        self.tabs.addTab(tab_of(split), "Addresses")
        self.addresses = TreePanel(
            "Reserve addresses", "Asset, chain, address", LEVELS, EVERY, ADDRESS, TREE, runner,
            noun=("address", "addresses"),
            narrow_by=(("All assets", ASSET), ("All chains", CHAIN), ("All grades", GRADE), ("Any ownership", OWNERSHIP)),
        )  # fmt: skip
        split.addWidget(self.addresses)
        split.setStretchFactor(0, 1)
        yield
        self.detail = AddressDetail(runner)
        split.addWidget(self.detail)
        self.addresses.current_changed.connect(self._on_chosen)
        yield
        self.grades = SharesPanel("Reserves by grade of evidence", _GRADE_WORDS, _GRADES, runner)
        self.tabs.addTab(self.grades, "By grade")
        yield
        self.control = SharesPanel("Claimed reserves by proof of control", _CONTROL_WORDS, _CONTROL, runner)
        self.tabs.addTab(self.control, "By control")
        yield
        self.blocks = BlockHashes(self.desk.case, runner)
        self.tabs.addTab(self.blocks, "Block hashes")
        yield

    def _evidence_card(self) -> QFrame:
        self._heading = label("", "section")
        self._sentence = label("", "muted", wrap=True)
        self._digest = HashLabel("Evidence payload SHA-256")
        words = column(row(self._heading, self._digest, 1, spacing=2 * GRID), self._sentence, spacing=4)
        self.capture = button("Capture…", self.desk.capture)
        self.capture.setAccessibleName("Capture evidence")
        add = button("Add evidence…", self.desk.ask_for_evidence)
        inner = row(words, self.capture, add, spacing=2 * GRID)
        inner.setContentsMargins(2 * GRID, GRID + 4, 2 * GRID, GRID + 4)
        inner.setStretch(0, 1)
        made = QFrame()
        made.setProperty("card", True)
        made.setLayout(inner)
        return made

    def tables(self) -> tuple[TreePanel]:
        """The addresses."""
        return (self.addresses,)

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "Reserves not compared yet",
            "Open a snapshot, drop an evidence file (.porevidence) onto the window, and run the procedures (F5).",
        )

    def show_audit(self, audit: Audit) -> None:
        """Evidence, addresses, shares and blocks."""
        self._show_evidence(audit)
        self.detail.show_line(None, None)
        self.blocks.show_audit(audit)
        if self._job is not None:
            self._job.cancel()
            self._job = None
        work = partial(_looked_up, audit)
        if len(audit.addresses) <= self.addresses.at_once:
            self._show(run(work(CancelToken())))
            return
        self.addresses.expect_rows()
        self._job = self.desk.runner.make(work, "Reading the addresses")
        self._job.succeeded.connect(self._show)
        self._job.start()

    def _show(self, reserves: _Reserves) -> None:
        self._job = None
        self.addresses.show_rows(reserves.rows)
        self.grades.show_lines(reserves.by_grade, "grade")
        self.control.show_lines(reserves.by_control, "control")

    def refresh(self) -> None:
        """Also draw again for another theme."""
        super().refresh()
        for panel in (self.grades, self.control):
            panel.draw()
        self.blocks.on_judged()

    def hide_amounts(self, hidden: bool) -> None:
        """In every table and beside them."""
        super().hide_amounts(hidden)
        self.detail.hide_amounts(hidden)
        for panel in (self.grades, self.control):
            panel.table.model.hide_amounts(hidden)

    def _show_evidence(self, audit: Audit) -> None:
        evidence = audit.evidence
        self._digest.setVisible(evidence is not None)
        if evidence is None:
            show_text(self._heading, "No evidence: reserves are claimed only")
            show_text(
                self._sentence,
                "Capture it, or drop an evidence file captured at the named blocks onto this page; the procedures then "
                "run again.",
            )
            return
        show_text(self._heading, f"Evidence {evidence.file_name}")
        who = ", ".join(evidence.captured_by) or "nobody whose key is pinned"
        pinned = (
            "" if evidence.pinned else "  Signed by no pinned auditor key: what it does not prove counts as claimed."
        )
        hosts = ", ".join(evidence.endpoints) or "no endpoint named"
        self._sentence.setToolTip(tooltip(hosts))
        if len(evidence.endpoints) > _HOSTS_NAMED:
            hosts = f"{count(len(evidence.endpoints))} endpoints"
        number = len(audit.addresses)
        said = f"Captured {evidence.captured_at} by {who}, from {hosts}.{pinned}  {count(number)} {noun(number, 'address', 'addresses')} compared."
        show_text(self._sentence, said)
        self._digest.show_digest(evidence.payload_sha256)

    def _on_chosen(self, chosen: ReserveRow | None) -> None:
        if chosen is None:
            self.detail.show_line(None, None)
        else:
            self.detail.show_line(self.desk.case.audit, chosen.line, chosen.control)
