"""Engagement: terms, people, agreed procedures, inputs, sign-offs, journal, lock and the working-paper index."""

from __future__ import annotations

from ui.pages.papers_page import PapersPage
from ui.papers.index import IndexPaper
from ui.papers.inputs import InputsPaper
from ui.papers.journal import JournalPaper
from ui.papers.lock import LockPaper
from ui.papers.people import PeoplePaper
from ui.papers.procedures import ProceduresPaper
from ui.papers.sign_offs import SignOffsPaper
from ui.papers.terms import TermsPaper


class EngagementPage(PapersPage):
    """Working paper A."""

    papers_named = "Terms, people, procedures, inputs, sign-offs, journal, lock, index"
    kinds = (
        TermsPaper,
        PeoplePaper,
        ProceduresPaper,
        InputsPaper,
        SignOffsPaper,
        JournalPaper,
        LockPaper,
        IndexPaper,
    )
