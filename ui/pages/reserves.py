"""Reserves: each claimed address beside what the evidence file shows, and how much that evidence is worth."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSplitter, QWidget

from auditor_app.chain.observed import AddressLine, Grade
from auditor_app.engagement.record import Audit
from ui.models.columns import address_column, chip_column, text_column, units_column
from ui.pages.page import Page
from ui.text import count
from ui.theme import Tone
from ui.widgets.address_detail import AddressDetail
from ui.widgets.blocks import GRID, button, column, label, row, show_text
from ui.widgets.deadline import DeadlineBanner
from ui.widgets.hash_label import HashLabel
from ui.widgets.table_panel import TablePanel

_GRADE_TONES = {
    Grade.PROVEN: Tone.GOOD,
    Grade.OWN_NODE: Tone.GOOD,
    Grade.TWO_SOURCES: Tone.INFO,
    Grade.ONE_SOURCE: Tone.WARN,
    Grade.CLAIMED: Tone.NEUTRAL,
}
_GRADE_ORDER = list(Grade)


def _difference(item: AddressLine) -> int | None:
    return None if item.observed is None else item.observed - item.address.claimed


_COLUMNS = (
    text_column("Asset", lambda item: item.address.asset),
    text_column("Chain", lambda item: item.address.chain, yields=True),
    address_column("Address", lambda item: item.address.account.rpartition(":")[2], wide=True),
    text_column("Role", lambda item: item.address.role),
    units_column("Claimed", lambda item: item.address.claimed, lambda item: item.decimals),
    units_column("Observed", lambda item: item.observed, lambda item: item.decimals),
    units_column("Difference", _difference, lambda item: item.decimals, tone=lambda item: Tone.BAD if _difference(item) else None, note="Observed less claimed"),
    chip_column("Grade", lambda item: item.grade.value.replace("-", " ").capitalize(), lambda item: _GRADE_TONES[item.grade], rank=lambda item: _GRADE_ORDER.index(item.grade)),
    text_column("Source", lambda item: item.source, yields=True),
)  # fmt: skip


class ReservesPage(Page):
    """The evidence in a line, then every address."""

    def build(self) -> QWidget:
        """Evidence card and table."""
        self._evidence = QFrame()
        self._evidence.setProperty("card", True)
        self._heading = label("", "section")
        self._sentence = label("", "muted", wrap=True)
        self._digest = HashLabel("Evidence payload SHA-256")
        words = column(self._heading, self._sentence, self._digest, spacing=4)
        capture = button("Capture…", self.desk.capture)
        capture.setAccessibleName("Capture evidence")
        add = button("Add evidence…", self.desk.ask_for_evidence)
        inner = row(words, capture, add, spacing=2 * GRID, margins=2 * GRID)
        inner.setStretch(0, 1)
        self._evidence.setLayout(inner)
        self.addresses = TablePanel("Reserve addresses", _COLUMNS, self.desk.runner)
        self.detail = AddressDetail(self.desk.runner)
        self.addresses.current_changed.connect(self._on_chosen)
        self.deadline = DeadlineBanner(self.desk.capture)
        self.deadline.capture.hide()  # the card below has one
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.addresses)
        split.addWidget(self.detail)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        content = QWidget()
        layout = column(self.deadline, self._evidence, split, spacing=2 * GRID)
        layout.setStretch(2, 1)
        content.setLayout(layout)
        return content

    def tables(self) -> tuple[TablePanel, ...]:
        """The addresses."""
        return (self.addresses,)

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "Reserves not compared yet",
            "Open a snapshot, drop an evidence file (.porevidence) onto the window, and run the procedures (F5).",
        )

    def show_audit(self, audit: Audit) -> None:
        """Evidence and addresses."""
        evidence = audit.evidence
        if evidence is None:
            show_text(self._heading, "No evidence: reserves are claimed only")
            show_text(
                self._sentence, "Drop an evidence file captured at the named blocks onto the window, then run again."
            )
        else:
            show_text(self._heading, f"Evidence {evidence.file_name}")
            who = ", ".join(evidence.captured_by) or "nobody whose key is pinned"
            pinned = "" if evidence.pinned else "  Signed by no pinned auditor key: it counts as claimed."
            hosts = ", ".join(evidence.endpoints) or "no endpoint named"
            show_text(
                self._sentence,
                f"Captured {evidence.captured_at} by {who}, from {hosts}.{pinned}  {count(len(audit.addresses))} addresses compared.",
            )
            self._digest.show_digest(evidence.payload_sha256)
        self._digest.setVisible(evidence is not None)
        self.deadline.show_audit(audit)
        self.detail.show_line(None, None)
        self.addresses.show_rows(audit.addresses)

    def hide_amounts(self, hidden: bool) -> None:
        """In the table and beside it."""
        super().hide_amounts(hidden)
        self.detail.hide_amounts(hidden)

    def _on_chosen(self, line: AddressLine | None) -> None:
        self.detail.show_line(self.desk.case.audit, line)
