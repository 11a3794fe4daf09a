"""A page about the open engagement, in tabs: it shows the papers and needs no run."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from ui.pages.page import Building, Page
from ui.papers.paper import Paper
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import button, column, tabs
from ui.widgets.table_panel import TablePanel

_BETWEEN_PAPERS_MS = 20


class PapersPage(Page):
    """Subclasses name their papers."""

    papers_named = ""
    kinds: tuple[type[Paper], ...] = ()
    """What stands on the tabs."""
    has_state = True

    def build(self) -> Building:
        """The papers in tabs; a single one without."""
        self._shown_papers: tuple[Papers, str, bool] | None = None
        self.papers: tuple[Paper, ...] = ()
        self._behind: list[Paper] = []
        self._pause = QTimer(self)
        self._pause.setInterval(_BETWEEN_PAPERS_MS)
        self._pause.timeout.connect(self._fill_one)
        self.run_again.hide()
        if len(self.kinds) > 1:
            self.tabs = tabs(self.papers_named)
            self.tabs.tabBar().setUsesScrollButtons(True)
            self.content.setLayout(column(self.tabs))
        for kind in self.kinds:
            paper = kind(self.desk)
            self.papers = (*self.papers, paper)
            if len(self.kinds) > 1:
                self.tabs.addTab(paper, paper.title)
            else:
                self.content.setLayout(column(paper))
            yield
        if len(self.kinds) > 1:
            self.tabs.currentChanged.connect(self._on_tab)

    def empty_buttons(self) -> tuple[QPushButton, ...]:
        """What to do first."""
        new = button("New engagement…  (Ctrl+N)", self.desk.new_engagement)
        return new, button("Open engagement…", self.desk.open_engagement, primary=True)

    def tables(self) -> tuple[TablePanel, ...]:
        """All of them."""
        return tuple(table for paper in self.papers for table in paper.tables())

    def show_audit(self, audit: Audit) -> None:
        """Nothing here comes from the run on screen."""

    def refresh(self) -> None:
        """Show the papers as they are now."""
        binder = self.desk.binder
        papers = binder.papers
        state = binder.state
        self._chip.say(state.value[0], state.tone)
        self._show_attached()
        if papers is None:
            self._shown_papers = None
            self._behind.clear()
            self.banner.hide()
            self.empty.say("No engagement is open", "An engagement file holds terms, people, agreed procedures, every run, exceptions, notes and sign-offs, in a journal that no one can change without being seen.")  # fmt: skip
            self.show_content(False)
            return
        if binder.writable:
            self.banner.hide()
        else:
            self.banner.say(Tone.WARN, "Read-only", cut(binder.why_read_only, 300))
        shown = (papers, binder.author, binder.writable)
        if self._shown_papers != shown:
            self._shown_papers = shown
            self._behind = list(self.papers)
            self._pause.start()
        self._fill(self.front())
        self.hide_amounts(self.desk.settings.hide_amounts)
        self.show_content(True)
        self.front().looked_at()

    def hide_amounts(self, hidden: bool) -> None:
        """Beside the tables as well."""
        super().hide_amounts(hidden)
        for paper in self.papers:
            paper.hide_amounts(hidden)

    def refresh_status(self) -> None:
        """A run's progress is none of this page's."""

    def front(self) -> Paper:
        """The paper on screen."""
        if len(self.papers) == 1:
            return self.papers[0]
        return self.papers[self.tabs.currentIndex()]

    def show_paper(self, title: str) -> Paper:
        """Bring a tab to the front."""
        at = next(number for number, paper in enumerate(self.papers) if paper.title == title)
        if len(self.papers) > 1:
            self.tabs.setCurrentIndex(at)
        return self.papers[at]

    def _fill(self, paper: Paper) -> None:
        """Show a paper what it was not shown yet."""
        if paper in self._behind and self._shown_papers is not None:
            self._behind.remove(paper)
            paper.show_papers(self._shown_papers[0])

    def _fill_one(self) -> None:
        """The papers behind the one on screen, one at a time."""
        if self._behind:
            self._fill(self._behind[0])
        else:
            self._pause.stop()

    def _on_tab(self, at: int) -> None:
        self._fill(self.papers[at])
        if self.desk.binder.papers is not None:
            self.papers[at].looked_at()
