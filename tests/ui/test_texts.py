"""Texts to read and to type: nothing is cut at an edge, nothing acts that does not show."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.widgets.elided import Elided
from ui.widgets.fields import TypedField, hex_digits
from ui.widgets.hash_label import HashLabel
from ui.widgets.line import Line
from ui.widgets.passage import Passage


def _shown(widget: QWidget, width: int, qtbot: QtBot) -> QWidget:
    room = QWidget()
    room.setLayout(QVBoxLayout())
    room.layout().addWidget(widget)  # type: ignore[union-attr]
    qtbot.addWidget(room)
    room.resize(width, 300)
    with qtbot.waitExposed(room):
        room.show()
    return room


def test_an_unbroken_text_is_wrapped_and_its_room_grows_with_it(qtbot: QtBot) -> None:
    passage = Passage("Observed")
    room = _shown(passage, 240, qtbot)
    passage.say("7")
    low = passage.height()
    passage.say("0123456789abcdef" * 30)
    qtbot.waitUntil(lambda: passage.height() > 8 * low)
    lines = passage.document().size().height()
    assert passage.height() >= lines * passage.fontMetrics().lineSpacing()
    assert passage.horizontalScrollBar().maximum() == 0
    high = passage.height()
    room.resize(600, 300)
    qtbot.waitUntil(lambda: passage.height() < high)
    assert passage.text() == "0123456789abcdef" * 30


def test_a_passage_shows_markup_and_hidden_characters_literally(qtbot: QtBot) -> None:
    passage = Passage()
    room = _shown(passage, 400, qtbot)
    passage.say("<b>bold</b> \u202egnp.exe")
    assert passage.text() == "<b>bold</b> \\u202egnp.exe"
    passage.say("")
    assert not passage.isVisible()
    assert room.isVisible()


def test_a_field_names_the_characters_that_do_not_show(qtbot: QtBot) -> None:
    line = Line()
    room = _shown(line, 400, qtbot)
    plain = line.grab().toImage()
    line.setText("Example \u202eknaB")
    assert line.hidden == "holds \\u202e"
    assert line.accessibleDescription() == "holds \\u202e"
    assert line.textMargins().right() > 40
    marked = line.grab().toImage()
    at = room.width() - 80
    assert any(plain.pixel(x, 14) != marked.pixel(x, 14) for x in range(at, marked.width() - 10))
    line.setText("Example Bank")
    assert (line.hidden, line.accessibleDescription(), line.textMargins().right()) == ("", "", 0)


def test_a_field_that_judges_says_both(qtbot: QtBot) -> None:
    field = TypedField("Nonce", "", hex_digits(4, 4))
    qtbot.addWidget(field)
    field.setText("\u202eab")
    assert field.accessibleDescription() == "only hexadecimal digits; holds \\u202e"
    assert field.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_a_line_without_room_ends_in_an_ellipsis(qtbot: QtBot) -> None:
    line = Elided("Not recorded: it came out otherwise than any run in the journal")
    room = _shown(line, 160, qtbot)
    assert line.shown.endswith("…")
    assert line.text() == "Not recorded: it came out otherwise than any run in the journal"
    room.resize(900, 300)
    qtbot.waitUntil(lambda: line.shown == line.text())
    assert line.textFormat() is Qt.TextFormat.PlainText


def test_digits_that_have_the_keyboard_show_a_ring(qtbot: QtBot) -> None:
    digest = HashLabel("Seed", "ab" * 32)
    room = _shown(digest, 400, qtbot)
    room.activateWindow()
    qtbot.waitUntil(room.isActiveWindow)
    digest.clearFocus()
    before = digest.grab().toImage()
    digest.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(digest.hasFocus)
    assert digest.grab().toImage() != before
