"""Review notes and tickmarks."""

from __future__ import annotations

from ui.pages.papers_page import PapersPage
from ui.papers.notes import NotesPaper
from ui.papers.tickmarks import TickmarksPaper


class NotesPage(PapersPage):
    """Two tabs."""

    papers_named = "Review notes, tickmarks"
    kinds = (NotesPaper, TickmarksPaper)
    """Notes first: an open one keeps the report a draft."""
