"""Published proof: what an exchange gave a customer, or its whole tree, recalculated by every rule that fits it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QSplitter, QStackedLayout, QWidget

from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.merkle.profiles import Detection
from auditor_app.merkle.published import ProofCheck
from auditor_app.merkle.published_tree import TreeCheck
from auditor_app.merkle.schemes import SCHEMES
from ui import prompts
from ui.jobs import Job
from ui.models.proof_columns import (
    BALANCES,
    COMPARED,
    NODES,
    PROFILES,
    PathLevel,
    coin_balances,
    compared_in_full,
    node_in_full,
)
from ui.pages.findings import FINDING_COLUMNS, severity_order
from ui.pages.page import Building, Page
from ui.proof_work import AUTO, ProofAnswer, ProofRequest, check_published
from ui.text import count, groups
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, EmptyState, button, choice, column, holder, label, row, show_text, tabs
from ui.widgets.path_drawing import PathDrawing, path_nodes
from ui.widgets.proof_cards import DifferenceCard, LimitationsCard, ProofRoots, beside, tab_of
from ui.widgets.table_panel import TablePanel

_HEADING = "No published proof chosen yet"
_TODO = (
    "Drop here the file that an exchange gives its customer, or the files of its whole tree. The leaf is recalculated "
    "from the file's own fields, the path up to the root, by every scheme that fits; type the root from the exchange's "
    "website to compare it. Nothing leaves this computer."
)


class ProofPage(Page):
    """Choice above; roots, path, tables and, beside them, what the scheme cannot prove."""

    def build(self) -> Building:
        """Choice, banner, then either what to do or the result."""
        self._files: tuple[Path, ...] = ()
        self._companion: Path | None = None
        self._job: Job | None = None
        self._answer: ProofAnswer | None = None
        self._check: ProofCheck | None = None
        self.said = Banner()
        self.roots = ProofRoots()
        self.roots.compare.connect(self._again)
        self._start_here = EmptyState(_HEADING, _TODO, button("Choose files…", self._ask_files, primary=True))
        self.result = QWidget()
        self._below = QStackedLayout()
        layout = column(self._build_choice(), self.said, spacing=GRID + 4)
        layout.addLayout(self._below, 1)
        self.content.setLayout(layout)
        self._below.addWidget(self._start_here)
        self._below.addWidget(self.result)
        yield from self._build_result()

    def _build_choice(self) -> QWidget:
        self._chosen = label("", wrap=True)
        self._chosen.setProperty("role", "section")
        self._second = label("", "muted", wrap=True)
        self.scheme = choice("Scheme")
        self.scheme.addItem("Scheme: every one that fits", AUTO)
        for name in SCHEMES:
            self.scheme.addItem(name, name)
        self.scheme.activated.connect(self._anew)
        self._second_button = button("Second file…", self._ask_companion)
        self._second_button.setToolTip("The exchange's anchor, or the customer's file beside a whole tree")
        words = column(self._chosen, self._second, spacing=2)
        bar = row(words, self.scheme, self._second_button, button("Other files…", self._ask_files))
        bar.setStretch(0, 1)
        self._choice = holder(bar)
        self._choice.hide()
        return self._choice

    def _build_result(self) -> Building:
        runner = self.desk.runner
        self.tabs = tabs("Parts of the proof")
        self.difference, self.limitations = DifferenceCard(), LimitationsCard()
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.tabs)
        split.addWidget(beside(self.difference, self.limitations))
        split.setStretchFactor(0, 1)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.setSizes([680, 300])
        self._verdict = label("", "section", wrap=True)
        self.which = choice("Proof in the file")
        self.which.activated.connect(self._show_chosen)
        self._not = label("", "muted", wrap=True)
        head = row(column(self._verdict, self._not, spacing=2), self.which)
        head.setStretch(0, 1)
        layout = column(head, self.roots, split, spacing=GRID + 4)
        layout.setStretch(2, 1)
        self.result.setLayout(layout)
        yield
        self.drawing = PathDrawing()
        self._tab(self.drawing)
        yield
        self.nodes = TablePanel("Nodes of the path", NODES, runner, filterable=False, reads=self._read_node)
        self._tab(self.nodes)
        yield
        self.balances = TablePanel("Balances", BALANCES, runner)
        self._tab(self.balances)
        yield
        self.compared = TablePanel("Compared", COMPARED, runner, reads=compared_in_full)
        self._tab(self.compared)
        yield
        self.findings = TablePanel("Findings in the proof", FINDING_COLUMNS, runner, reads=lambda item: item.message)
        self._tab(self.findings)
        yield
        self.profiles = TablePanel("Schemes tried", PROFILES, runner, reads=lambda item: item.sentence())
        self._tab(self.profiles)
        yield

    def _tab(self, part: QWidget) -> None:
        self.tabs.addTab(tab_of(part), "")

    # ---- what the window asks of every page

    def tables(self) -> tuple[TablePanel, ...]:
        """Whichever of them is on screen."""
        return self.balances, self.compared, self.findings, self.profiles, self.nodes

    def show_audit(self, audit: Audit) -> None:
        """A published proof stands beside the engagement: nothing here comes from the audit."""

    def refresh(self) -> None:
        """The page has its own empty state."""
        super().refresh()
        self.show_content(True)

    def hide_amounts(self, hidden: bool) -> None:
        """The drawing's sums and the preimage as well."""
        super().hide_amounts(hidden)
        self.drawing.hide_amounts(hidden, self._check)
        self.difference.hide_amounts(hidden)
        if hidden:
            self.nodes.view.setCurrentIndex(QModelIndex())  # what is read out below holds a preimage

    def _read_node(self, item: PathLevel) -> str:
        return "" if self.desk.settings.hide_amounts else node_in_full(item)

    @property
    def verdict(self) -> str:
        """Which profile the file follows, or where the nearest one breaks."""
        return str(self._verdict.text())

    # ---- checking

    def check(self, paths: tuple[Path, ...]) -> None:
        """Check other files; scheme, root and second file of the earlier ones are forgotten."""
        if not paths:
            return
        self._files, self._companion = paths, None
        self.scheme.setCurrentIndex(0)
        self.roots.typed.clear()
        self._anew()

    def _ask_files(self) -> None:
        prompts.open_files(self, "Check a published proof", prompts.PROOFS, self._take)

    def _take(self, paths: list[Path]) -> None:
        self.check(tuple(path.resolve() for path in paths))

    def _ask_companion(self) -> None:
        prompts.open_file(self, "Second file of the exchange", prompts.PROOFS, self.use_companion)

    def use_companion(self, path: Path) -> None:
        """Check again with the publisher's second file: an anchor, or a customer's file beside a whole tree."""
        self._companion = path.resolve()
        self._anew()

    def _anew(self, *_: object) -> None:
        """An earlier result must not stand under another file's name or another scheme's."""
        self._nothing("Recalculating…")
        self.said.hide()
        self._again()

    def _again(self) -> None:
        if not self._files or self.roots.typed.wrong:
            return
        if self._job is not None:
            self._job.cancel()
        request = ProofRequest(self._files, self.scheme.currentData(), self.roots.typed.value, self._companion)
        self._name_files(request)
        job = self.desk.runner.make_aside(partial(check_published, request), "Recalculating the published proof")
        job.succeeded.connect(self._on_answer)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(partial(self._on_cancelled, job))
        self._job = job
        self.desk.follow(job)
        job.start()

    def _name_files(self, request: ProofRequest) -> None:
        first, *rest = request.files
        show_text(self._chosen, f"{first.name} and {count(len(rest))} more" if rest else first.name)
        show_text(self._second, "" if request.companion is None else f"Second file: {request.companion.name}")
        self._choice.show()

    def _on_cancelled(self, job: Job) -> None:
        if self._job is job:
            self._job = None
            self._nothing("Nothing recalculated")
            self.said.say(Tone.INFO, "Cancelled", "Nothing was recalculated. Choose the scheme or the files again.")

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._nothing("Nothing recalculated")
        self.said.say(Tone.BAD, "The file was not recalculated", error.sentence())

    def _nothing(self, heading: str) -> None:
        self._start_here.say(heading, _TODO)
        self._answer = self._check = None
        self._below.setCurrentWidget(self._start_here)
        for table in self.tables():
            table.show_rows(())

    def _on_answer(self, answer: ProofAnswer) -> None:
        self._job = None
        self._answer = answer
        self.said.hide()
        self._below.setCurrentWidget(self.result)  # first: tabs measure their titles only while they are on screen
        typed = answer.request.root
        if typed is not None and typed == self.roots.typed.value:
            self.roots.typed.setText(groups(typed))
        if answer.detection is not None:
            self._show_detection(answer.detection)
        elif answer.tree is not None:
            self._show_tree(answer, answer.tree)
        self.hide_amounts(self.desk.settings.hide_amounts)

    # ---- showing

    def _show_detection(self, found: Detection) -> None:
        checks, difference = found.chosen.checks, found.chosen.difference
        partly = "" if all(check.complete for check in checks) else "; the file shows no path to a root"
        show_text(self._verdict, _capital(found.chosen.sentence()) + partly)
        show_text(self._not, _others(found))
        self.which.clear()
        for number in range(len(checks)):
            self.which.addItem(f"Proof {number + 1} of {len(checks)}")
        self.which.setVisible(len(checks) > 1)
        self.which.setCurrentIndex(0 if difference is None else difference.proof)
        self.difference.show_difference(difference, hidden=self.desk.settings.hide_amounts)
        self.limitations.show_limitations(item for check in checks for item in check.limitations)
        self.findings.show_rows(severity_order(tuple(item for check in checks for item in check.findings)))
        self.profiles.show_rows(found.attempts)
        self._show_chosen()
        self.tabs.setCurrentIndex(0)

    def _show_chosen(self, *_: object) -> None:
        """One proof of the file: a customer's balance may be split over several leaves."""
        answer = self._answer
        if answer is None or answer.detection is None:
            return
        check = answer.detection.chosen.checks[max(0, self.which.currentIndex())]
        self._check = check
        root = check.root if check.complete else ""
        published = check.published_root_matches if self._typed_stands(answer) else None
        self.roots.show_roots(root, check.root_in_file, check.root_matches, published)
        self.drawing.show_check(check, hidden=self.desk.settings.hide_amounts)
        top = len(check.steps)
        steps = (*check.steps, None)
        levels = [PathLevel(node, step, top) for node, step in zip(path_nodes(check), steps, strict=True)]
        self.nodes.show_rows(levels[::-1])
        self.balances.show_rows(coin_balances(check.leaf.balances, check.balances))
        self.compared.show_rows(check.checks)
        self._name_tabs(path=True)

    def _typed_stands(self, answer: ProofAnswer) -> bool:
        """Whether the root that was compared is the one that stands in the field: an anchor's is another."""
        return answer.request.root is not None and answer.request.root == self.roots.typed.value

    def _show_tree(self, answer: ProofAnswer, found: TreeCheck) -> None:
        others = answer.others
        self._check = None
        show_text(self._verdict, _tree_verdict(found))
        show_text(self._not, f"The files have the form of {', '.join(others)}, too." if others else "")
        self.which.hide()
        stated = [item.agrees for item in found.checks if item.name == "published root"]
        published = all(stated) if stated and self._typed_stands(answer) else None
        self.roots.show_roots(found.root, None, None, published)
        self.drawing.show_check(None, hidden=True)
        self.difference.show_difference(None, hidden=True)
        self.limitations.show_limitations(found.limitations)
        self.findings.show_rows(severity_order(found.findings))
        self.balances.show_rows(coin_balances(None, found.totals))
        self.compared.show_rows(found.checks)
        for table in (self.nodes, self.profiles):
            table.show_rows(())
        self._name_tabs(path=False)
        self.tabs.setCurrentIndex(2)

    def _name_tabs(self, *, path: bool) -> None:
        tables = (None, self.nodes, self.balances, self.compared, self.findings, self.profiles)
        for at, (name, table) in enumerate(zip(_TABS, tables, strict=True)):
            self.tabs.setTabText(at, name if table is None else f"{name}  {count(len(table.model.rows))}")
            self.tabs.setTabVisible(at, path or name not in _OF_ONE_PATH)


_TABS = ("Path", "Nodes", "Balances", "Compared", "Findings", "Schemes tried")
_OF_ONE_PATH = ("Path", "Nodes", "Schemes tried")
_NAMED = 3


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _others(found: Detection) -> str:
    """``not bitget, numbers quoted: first difference at level 0 / byte 0; …`` of the profiles not chosen."""
    others = [item for item in found.attempts if item is not found.chosen]
    said = [item.sentence() for item in others[:_NAMED]]
    if len(others) > _NAMED:
        said.append(f"{count(len(others) - _NAMED)} more under Schemes tried")
    return _capital("; ".join(said))


def _tree_verdict(found: TreeCheck) -> str:
    """What was counted in the tree."""
    return (
        f"Whole tree of the scheme {found.scheme}: {count(found.leaves)} leaves, {count(found.padding)} padding nodes; "
        f"{count(found.nodes)} inner nodes recalculated, {count(found.disagreeing)} do not agree"
    )
