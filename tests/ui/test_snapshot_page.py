"""The Snapshot page says whose instant keys were judged at: a field that was left empty is not called typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.unit.report import factory
from ui.pages.snapshot import IdentityCard


@pytest.mark.parametrize(("journal", "words"), [(True, "none was typed"), (False, "typed by the auditor")])
def test_the_card_says_who_named_the_instant(qtbot: QtBot, journal: bool, words: str) -> None:
    card = IdentityCard()
    qtbot.addWidget(card)
    audit = factory.audit()
    card.show_identity(replace(audit, request=replace(audit.request, journal_time=journal)))
    shown = [label.text() for label in card.findChildren(QLabel)]
    assert [text for text in shown if words in text] == [text for text in shown if "2026-11-03T00:00:00Z" in text]
    assert any(words in text for text in shown)
