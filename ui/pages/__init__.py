"""The pages of the workspace. A new page is one file and one line in :data:`PAGES`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.session import Step

if TYPE_CHECKING:
    from ui.pages.page import Page


@dataclass(frozen=True, slots=True)
class PageEntry:
    """``reference`` is the working-paper reference; ``step`` is ``None`` for a page that is no step.

    The module is imported when the page is first opened: the first window does not wait for it.
    """

    key: str
    step: Step | None
    title: str
    reference: str
    summary: str
    module: str
    class_name: str
    keys: str = ""
    """The shortcut that opens it."""
    group: str = ""
    """The heading above it in the rail, on the first page of a group."""

    @property
    def overline(self) -> str:
        """The line above the page's title."""
        return f"Working paper {self.reference}" if self.reference else "Reference"

    @property
    def number(self) -> str:
        """The step's number in the rail; empty for a page that is no step."""
        return "" if self.step is None else str(list(Step).index(self.step) + 1)

    def load(self) -> type[Page]:
        """The page's class."""
        found: type[Page] = getattr(importlib.import_module(self.module), self.class_name)
        return found


PAGES: tuple[PageEntry, ...] = (
    PageEntry("engagement", None, "Engagement", "A", "Terms, people, procedures, inputs, sign-offs, and the journal of everything that was done.", "ui.pages.engagement", "EngagementPage", "Alt+A"),
    PageEntry("snapshot", Step.SNAPSHOT, "Snapshot", "B", "Who signed the file, and whether it is the one you asked for.", "ui.pages.snapshot", "SnapshotPage", "Alt+1", "Procedures"),
    PageEntry("liabilities", Step.LIABILITIES, "Liabilities", "C", "Every row counted, every total and root recalculated from all rows.", "ui.pages.liabilities", "LiabilitiesPage", "Alt+2"),
    PageEntry("sample", Step.SAMPLE, "Sample", "E", "Leaves drawn with public randomness that was committed to beforehand.", "ui.pages.sample", "SamplePage", "Alt+3"),
    PageEntry("reserves", Step.RESERVES, "Reserves", "D1–D3", "Claimed balances beside what was observed, address by address.", "ui.pages.reserves", "ReservesPage", "Alt+4"),
    PageEntry("coverage", Step.COVERAGE, "Coverage", "D4–D5", "Observed reserves against gross liabilities, asset by asset; protection funds apart.", "ui.pages.coverage", "CoveragePage", "Alt+5"),
    PageEntry("findings", Step.FINDINGS, "Findings", "F", "Everything the procedures observed, and what they could not have shown.", "ui.pages.findings", "FindingsPage", "Alt+6"),
    PageEntry("report", Step.REPORT, "Report", "G", "The document as it will be handed over, page by page.", "ui.pages.report", "ReportPage", "Alt+7"),
    PageEntry("exceptions", None, "Exceptions log", "F1", "Every exception by its number: cause, management's response, disposition; closed with a reason.", "ui.pages.exceptions", "ExceptionsPage", "Alt+X", "Engagement file"),
    PageEntry("notes", None, "Notes and tickmarks", "A2", "Review notes that must be answered before a final report, and what each mark means.", "ui.pages.notes", "NotesPage", "Alt+N"),
    PageEntry("history", None, "History", "B6", "The issuer's snapshots in this engagement, one after the other.", "ui.pages.history", "HistoryPage", "Alt+S"),
    PageEntry("ledger", None, "Ledger", "C1", "Every row as it stands in the signed file, read when it is looked at.", "ui.pages.ledger", "LedgerPage", "Alt+8", "To look up"),
    PageEntry("proof", None, "Published proof", "C4", "What an exchange gives its customers, recalculated from the leaf to the root.", "ui.pages.proof", "ProofPage", "Alt+9"),
    PageEntry("schemes", None, "Schemes", "", "Every tree this program knows, and what each does not prove.", "ui.pages.schemes", "SchemesPage", "Alt+0"),
    PageEntry("live", None, "Live check", "", "The snapshot's addresses at the newest blocks: a look that enters no figure of the report.", "ui.pages.live", "LivePage"),
)  # fmt: skip


def page_of(reference: str) -> str:
    """The key of the page that shows a working paper: the nearest reference, else its letter."""
    for entry in PAGES:
        if reference in _covered(entry.reference):
            return entry.key
    return next((entry.key for entry in PAGES if entry.reference[:1] == reference[:1]), "engagement")


def _covered(references: str) -> tuple[str, ...]:
    first, _, last = references.partition("–")
    if not last:
        return (first,)
    return tuple(f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]) + 1))
