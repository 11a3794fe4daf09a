"""Exceptions log: what was found, what caused it, what management said, how it was disposed of."""

from __future__ import annotations

from ui.pages.papers_page import PapersPage
from ui.papers.exceptions import ExceptionsPaper


class ExceptionsPage(PapersPage):
    """Working paper F1."""

    papers_named = "Exceptions log"
    kinds = (ExceptionsPaper,)
