"""A page about the open engagement, in tabs: it shows the papers and needs no run."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from ui.pages.page import Building, Page
from ui.papers.paper import Paper
from ui.text import cut
from ui.theme import Tone
from ui.widgets.blocks import button, column, tabs
from ui.widgets.table_panel import TablePanel


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
            for paper in self.papers:
                paper.show_papers(papers)
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

    def _on_tab(self, at: int) -> None:
        if self.desk.binder.papers is not None:
            self.papers[at].looked_at()
