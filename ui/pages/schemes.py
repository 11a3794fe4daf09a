"""Schemes: every tree this program knows with what it declares, and what the chosen one does not prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui.jobs import Job
from ui.models.columns import Column, count_column, text_column
from ui.pages.page import Building, Page
from ui.scheme_work import ListedScheme, list_schemes
from ui.widgets.blocks import GRID, column
from ui.widgets.scheme_detail import SchemeDetail
from ui.widgets.table_panel import TablePanel

_SUMS = {None: "no sums", True: "each", False: "added up"}


def _yes_no(title: str, value: Callable[[ListedScheme], bool], note: str) -> Column:
    return text_column(title, lambda item: "yes" if value(item) else "no", note=note)


def _use(title: str, use: str) -> Column:
    return _yes_no(title, lambda item: item.page.uses[use], f"Whether this program has its use: {use}")


_COLUMNS = (
    text_column("Scheme", lambda item: item.page.name, note="Its name in snapshots and on the command line"),
    count_column("Limits", lambda item: len(item.page.limitations)),
    count_column("Bits", lambda item: item.properties.digest_bits),
    replace(text_column("Child sums", lambda item: _SUMS[item.properties.binds_child_sums], note="Whether a node's hash binds the sum of each child, or only both added up"), gives_way=1),
    replace(_yes_no("Domains", lambda item: item.properties.domain_separation, "Whether leaves and nodes are hashed apart"), gives_way=2),
    replace(_yes_no("Separators", lambda item: item.properties.field_separators, "Whether something stands between the hashed fields"), gives_way=3),
    replace(text_column("Sums cut to", lambda item: item.page.properties["sums cut to"], note="Decimals that sums are cut to at every node"), gives_way=4),
    replace(_yes_no("Negatives", lambda item: item.properties.allows_negatives, "Whether the rule accepts negative balances"), gives_way=5),
    replace(_yes_no("Copies", lambda item: item.properties.duplicates_odd, "Whether a lone node is paired with its copy"), gives_way=6),
    replace(_yes_no("Salted", lambda item: item.properties.salted, "Whether leaves hold a secret"), gives_way=7),
    replace(_yes_no("Unique", lambda item: item.properties.unique_ids, "Whether one id may stand in one leaf only"), gives_way=8),
    replace(_yes_no("Sample", lambda item: item.properties.confirmed, "Whether some published sample recalculates to its root"), gives_way=9),
    _use("Ledger", "root from a ledger"),
    _use("Proof", "customer's proof file"),
    _use("Tree", "whole-tree file"),
    text_column("Published by", lambda item: item.page.title, wide=True),
)  # fmt: skip


class SchemesPage(Page):
    """The table above, the chosen scheme's page below. Nothing here depends on the case."""

    def build(self) -> Building:
        """Read first when the page is first looked at."""
        self._job: Job | None = None
        self._failed = ""
        self.schemes: tuple[ListedScheme, ...] = ()
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        self.content.setLayout(column(split))
        self.table = TablePanel("Schemes", _COLUMNS, self.desk.runner)
        split.addWidget(self.table)
        yield
        self.detail = SchemeDetail(self.desk.runner)
        self.table.current_changed.connect(self._on_current)
        split.addWidget(self.detail)
        split.setSizes([280, 340])
        yield

    def tables(self) -> tuple[TablePanel, ...]:
        """The one."""
        return (self.table,)

    def hide_amounts(self, hidden: bool) -> None:
        """No figure of the client stands here: properties and made-up examples stay readable."""

    def show_audit(self, audit: Audit) -> None:
        """Nothing here comes from the audit."""

    def refresh(self) -> None:
        """Read the schemes once; they do not change while the program runs."""
        if not self.schemes and self._job is None and not self._failed:
            self._read()
        self.empty.say("The schemes could not be read" if self._failed else "Reading the schemes…", self._failed)
        self.show_content(bool(self.schemes))

    def _read(self) -> None:
        job = self.desk.runner.make_aside(list_schemes, "Reading the schemes")
        job.succeeded.connect(self._on_read)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self._job = job
        job.start()

    def _on_read(self, schemes: tuple[ListedScheme, ...]) -> None:
        self._job = None
        self.schemes = schemes
        self.table.show_rows(schemes)
        self.table.go_to(0)
        self.refresh()

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._failed = error.sentence()
        self.refresh()

    def _on_cancelled(self) -> None:
        self._job = None

    def _on_current(self, item: ListedScheme | None) -> None:
        if item is not None:
            self.detail.show_page(item.page)
        elif not any(row.page == self.detail.page and self.table.select(row) for row in self.schemes):
            self.table.go_to(0)  # the one on screen is filtered away: the first that is left
