"""The schemes page: every scheme with its properties, its limitations, and counter-examples made when asked for."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from auditor_app.errors import UsageError
from auditor_app.merkle.counterexamples import table as examples
from auditor_app.merkle.counterexamples.model import Demonstration
from auditor_app.merkle.schemes import SCHEMES, scheme_named
from ui.main_window import MainWindow
from ui.pages.schemes import SchemesPage
from ui.widgets.scheme_detail import example_text


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> SchemesPage:
    made = window.go_to("schemes")
    assert isinstance(made, SchemesPage)
    qtbot.waitUntil(made.table.isVisible, timeout=20_000)
    return made


def names(page: SchemesPage) -> list[str]:
    return [item.page.name for item in page.table.model.shown_rows()]


def choose(page: SchemesPage, qtbot: QtBot, name: str) -> None:
    """Click on its row."""
    view = page.table.view
    index = page.table.model.index(names(page).index(name), 0)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
    assert page.detail.page is not None
    assert page.detail.page.name == name


def show(page: SchemesPage, qtbot: QtBot, code: str) -> None:
    """Click on a limitation's button and wait for what it says."""
    wanted = page.detail.show_buttons[code]
    page.detail.limits.ensureWidgetVisible(wanted)
    qtbot.mouseClick(wanted, Qt.MouseButton.LeftButton)
    assert page.detail.example.toPlainText() == "Being made…"
    qtbot.waitUntil(lambda: page.detail.example.toPlainText() != "Being made…", timeout=10_000)


def said(page: SchemesPage) -> str:
    return "\n".join(item.text() for item in page.detail.limits.widget().findChildren(QLabel))


def cells(page: SchemesPage, name: str) -> dict[str, str]:
    model, at = page.table.model, names(page).index(name)
    return {column.title: str(model.index(at, number).data()) for number, column in enumerate(model.columns)}


def test_it_opens_without_waiting_for_the_schemes(window: MainWindow, qtbot: QtBot) -> None:
    made = window.go_to("schemes")
    assert isinstance(made, SchemesPage)
    assert made.schemes == ()
    assert made.empty.isVisible()
    qtbot.waitUntil(made.table.isVisible, timeout=20_000)
    assert names(made) == list(SCHEMES)
    ModelTester(None).check(made.table.model)


def test_each_row_states_what_its_scheme_declares(page: SchemesPage) -> None:
    bitget = cells(page, "bitget")
    assert bitget["Bits"] == "64"
    assert (bitget["Child sums"], bitget["Domains"], bitget["Separators"]) == ("added up", "no", "yes")
    assert (bitget["Salted"], bitget["Unique"], bitget["Copies"]) == ("yes", "yes", "no")
    assert (bitget["Ledger"], bitget["Proof"], bitget["Tree"]) == ("yes", "yes", "no")
    assert cells(page, "bitmex")["Child sums"] == "each"
    assert cells(page, "bitmex")["Negatives"] == "no"
    assert cells(page, "bybit")["Sums cut to"] == "8 decimals"
    assert cells(page, "weex")["Copies"] == "yes"
    assert cells(page, "htx-v1")["Ledger"] == "no"
    assert cells(page, "htx-v1")["Sample"] == "no"


def test_filtered_and_sorted(page: SchemesPage, qtbot: QtBot) -> None:
    page.focus_filter()
    qtbot.keyClicks(page.table.field, "bits<128 tree=no")
    qtbot.waitUntil(lambda: names(page) == ["bitget"], timeout=5000)
    assert page.detail.page is not None
    assert page.detail.page.name == "bitget"  # the one that was on screen is filtered away
    page.table.field.clear()
    qtbot.waitUntil(lambda: len(names(page)) == len(SCHEMES), timeout=5000)
    header = page.table.view.horizontalHeader()
    at = next(number for number, column in enumerate(page.table.model.columns) if column.title == "Bits")
    place = QPoint(header.sectionViewportPosition(at) + header.sectionSize(at) // 2, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    bits = [item.properties.digest_bits for item in page.table.model.shown_rows()]
    assert bits == sorted(bits)
    assert bits[0] == 64
    assert page.table.view.currentIndex().row() == names(page).index("bitget")  # still the chosen one


def test_each_limitation_has_a_button_or_a_reason(page: SchemesPage, qtbot: QtBot) -> None:
    for item in page.schemes:
        choose(page, qtbot, item.page.name)
        text = said(page)
        assert set(page.detail.show_buttons) == {part.code for part in item.page.limitations if part.shown}
        for part in item.page.limitations:
            assert part.text in text
            assert part.shown or f"No counter-example: {part.why_not}" in text
        for name, value in item.page.properties.items():
            assert name in text
            assert value in text
    choose(page, qtbot, "bitmex")
    assert "accounts left out before signing are in no tree" in said(page)


def test_a_counter_example_is_the_cores(page: SchemesPage, qtbot: QtBot) -> None:
    choose(page, qtbot, "mexc")
    show(page, qtbot, "TREE.SUM_NOT_BOUND")
    made = examples.demonstrate(scheme_named("mexc"), "TREE.SUM_NOT_BOUND")
    text = page.detail.example.toPlainText()
    assert made.title in text
    assert text.endswith(made.says)
    assert all(name in text and value in text for name, value in made.shown)
    assert page.detail.example_title.text() == "Counter-example: TREE.SUM_NOT_BOUND"
    choose(page, qtbot, "coinex")
    assert made.title not in page.detail.example.toPlainText()


def test_a_counter_example_is_made_off_the_window_thread(
    page: SchemesPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_in: list[threading.Thread] = []

    def refused(*_: object) -> Demonstration:
        made_in.append(threading.current_thread())
        raise UsageError("USAGE", "nothing to <b>show</b> here")

    monkeypatch.setattr(examples, "demonstrate", refused)
    choose(page, qtbot, "mexc")
    show(page, qtbot, "TREE.SUM_NOT_BOUND")
    assert made_in[0] is not threading.main_thread()
    assert "nothing to <b>show</b> here" in page.detail.example.toPlainText()


def test_another_scheme_drops_a_counter_example_still_being_made(
    page: SchemesPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = threading.Event(), threading.Event()
    real = examples.demonstrate

    def slow(*arguments: object) -> Demonstration:
        began.set()
        assert go_on.wait(10)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(examples, "demonstrate", slow)
    choose(page, qtbot, "mexc")
    qtbot.mouseClick(page.detail.show_buttons["TREE.SUM_NOT_BOUND"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(began.is_set, timeout=5000)
    choose(page, qtbot, "coinex")
    go_on.set()
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=5000)
    assert page.detail.example.toPlainText().startswith("Choose Show")


def test_one_that_does_not_come_out_is_called_a_defect() -> None:
    text = example_text(Demonstration("s", "C", "Title", (("name", "value\x1b"),), "It follows.", holds=False))
    assert text.startswith("Title\n\nname\n    value")
    assert "\x1b" not in text
    assert "It follows." not in text
    assert "report the defect" in text


def test_every_control_has_an_accessible_name(page: SchemesPage, qtbot: QtBot) -> None:
    choose(page, qtbot, "bifubao")
    unnamed = [
        widget
        for widget in page.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]
    assert not unnamed
    assert {item.textFormat() for item in page.findChildren(QLabel)} == {Qt.TextFormat.PlainText}
