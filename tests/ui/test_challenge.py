"""Making a challenge in the window: what is shown is what will be compared, and an open engagement keeps it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from tests.ui.engaged import choose, dialog_of, papers, settled
from tests.unit.engagement import books
from ui.dialogs.challenge import ChallengeDialog
from ui.main_window import MainWindow
from ui.pages.snapshot import InputsCard

BLOCK = "eip155:1:21925176=0x" + "AB" * 32


def inputs(window: MainWindow) -> InputsCard:
    found = window.go_to("snapshot").findChild(InputsCard)
    assert isinstance(found, InputsCard)
    return found


def asked(window: MainWindow, qtbot: QtBot) -> ChallengeDialog:
    qtbot.mouseClick(inputs(window).new_challenge, Qt.MouseButton.LeftButton)
    return dialog_of(ChallengeDialog, qtbot)


def test_the_text_that_is_shown_is_copied_used_and_compared_with(performed: MainWindow, qtbot: QtBot) -> None:
    dialog = asked(performed, qtbot)
    first = dialog.shown.toPlainText()
    assert " - nonce " in first
    qtbot.keyClicks(dialog.block, "eip155:1:5")
    assert (dialog.yes.isEnabled(), dialog.copy.isEnabled(), dialog.shown.toPlainText()) == (False, False, "")
    assert "not of the form" in dialog.why.text()
    dialog.block.setText(BLOCK)
    dialog.purpose.setText("Audit of Example, with a comma")
    assert not dialog.yes.isEnabled()
    dialog.purpose.setText("Audit of Example")
    text = dialog.shown.toPlainText()
    assert text.endswith(f" - block eip155:1 21925176 0x{'ab' * 32}")
    assert text.startswith("Audit of Example - 20")
    assert text.split(" - ")[2] == first.split(" - ")[2]  # the nonce that was drawn stays
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == text
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    assert performed.case.inputs.challenge == text
    assert inputs(performed).challenge.text() == text
    settled(performed, qtbot)


def test_cancel_changes_nothing_and_another_dialog_draws_another_nonce(performed: MainWindow, qtbot: QtBot) -> None:
    dialog = asked(performed, qtbot)
    first = dialog.shown.toPlainText()
    dialog.reject()
    assert performed.case.inputs.challenge is None
    second = asked(performed, qtbot)
    assert second.shown.toPlainText() != first
    second.reject()


def test_an_open_engagement_keeps_it(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.binder.act_as(books.PREPARER)
    card = InputsCard(engaged.go_to("snapshot"))
    qtbot.addWidget(card)
    qtbot.mouseClick(card.new_challenge, Qt.MouseButton.LeftButton)
    dialog = dialog_of(ChallengeDialog, qtbot)
    dialog.block.setText(BLOCK)
    text = dialog.shown.toPlainText()
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    settled(engaged, qtbot)
    (kept,) = papers(engaged).challenges
    assert (kept.action.challenge, kept.action.block_from, kept.stamp.person) == (text, "typed", books.PREPARER)
    assert papers(engaged).challenge == text


def test_who_acts_is_asked_before_it_is_recorded(staffed: MainWindow, qtbot: QtBot) -> None:
    choose(staffed, books.REVIEWER, qtbot)
    card = InputsCard(staffed.go_to("snapshot"))
    qtbot.addWidget(card)
    card.new_challenge.click()
    dialog_of(ChallengeDialog, qtbot).yes.click()
    settled(staffed, qtbot)
    assert [item.stamp.person for item in papers(staffed).challenges] == [books.REVIEWER]
