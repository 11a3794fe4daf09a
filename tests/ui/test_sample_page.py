"""The Sample page inside an engagement: plan, commit, draw, execute and evaluate, each step in the journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from auditor_app.engagement.actions import AddPerson
from auditor_app.engagement.file import open_for_writing
from auditor_app.engagement.terms import Person
from auditor_app.sampling.records import load_any
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import opened, papers, settled
from tests.unit.cli.test_sample import folder  # noqa: F401 - the fixture
from tests.unit.engagement import books
from ui.case import perform_audit
from ui.main_window import MainWindow
from ui.pages.sample import SamplePage

LEFT = Qt.MouseButton.LeftButton
DICE = "12345612345612345612"


@pytest.fixture
def window(make_window: MakeWindow, folder: Path, qtbot: QtBot) -> MainWindow:  # noqa: F811
    """A real snapshot performed inside an engagement."""
    made = make_window(perform_audit)
    book = books.new(folder)
    with open_for_writing(book) as writer:
        writer.record(books.act(AddPerson(person=Person(name=books.PREPARER, roles=("preparer",)))))
    opened(made, book, qtbot)
    with qtbot.waitSignal(made.case.run_ended, timeout=60_000):
        made.open_together(folder / "good.porsnap", folder / "trust.json", None)
    settled(made, qtbot)
    return made


def sample_page(window: MainWindow, qtbot: QtBot) -> SamplePage:
    page = window.go_to("sample")
    assert isinstance(page, SamplePage)
    qtbot.waitUntil(lambda: page.plan.planned is not None, timeout=30_000)
    settled(window, qtbot)
    return page


def committed(page: SamplePage, window: MainWindow, record: Path, qtbot: QtBot) -> None:
    page.tabs.setCurrentWidget(page.select)
    page.select.source.setCurrentIndex(2)
    page.select.write_record(record)
    qtbot.waitUntil(lambda: page.select.shown is not None, timeout=60_000)
    settled(window, qtbot)


def drawn(page: SamplePage, window: MainWindow, record: Path, qtbot: QtBot) -> None:
    committed(page, window, record, qtbot)
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: bool([s for s in papers(window).samples if s.action.step == "draw"]), timeout=60_000)
    settled(window, qtbot)


def test_the_four_tabs_from_plan_to_limits(
    window: MainWindow,
    folder: Path,  # noqa: F811
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    page = sample_page(window, qtbot)
    assert [page.tabs.tabText(at) for at in range(4)] == ["Plan", "Select", "Execute", "Evaluate"]
    record = tmp_path / "record.json"
    committed(page, window, record, qtbot)
    digest = load_any(record).digest.hex()
    qtbot.mouseClick(page.select.digest.findChild(QToolButton), LEFT)
    assert QGuiApplication.clipboard().text() == digest
    assert page.select._hand_over.isVisible()
    assert [step.action.step for step in papers(window).samples] == ["commit"]
    assert page.plan.confidence.isEnabled()  # nothing is drawn yet
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.tabs.currentWidget() is page.executing, timeout=60_000)
    settled(window, qtbot)
    assert [step.action.step for step in papers(window).samples] == ["commit", "draw"]
    assert not page.plan.confidence.isEnabled()
    assert "seed" in page.plan.locked.text
    qtbot.waitUntil(page.answers.record.isEnabled, timeout=30_000)
    qtbot.keyClicks(page.answers.reply_by, "2026-12-15")
    qtbot.keyClicks(page.answers.reply_to, "confirmations@example.com")
    page.answers.write_letters(tmp_path / "letters")
    qtbot.waitUntil(page.answers.problem.isVisible, timeout=30_000)
    assert "letters written" in page.answers.problem.text
    settled(window, qtbot)
    assert len(list((tmp_path / "letters").iterdir())) > 10
    form = next(path for path in (tmp_path / "letters").iterdir() if path.suffix == ".csv")
    page.answers.replies.use(form)
    qtbot.mouseClick(page.answers.record, LEFT)
    qtbot.waitUntil(lambda: page.answers.items.model.rowCount() > 0 or page.answers.problem.isVisible(), timeout=20_000)
    assert page.answers.items.model.rowCount() > 0, page.answers.problem.text
    settled(window, qtbot)
    assert "EN" in page.answers.meanings.text()  # nobody answered: each counts as a deviation
    page.tabs.setCurrentWidget(page.evaluate)
    assert "Beyond what the plan allows" in page.evaluate.verdict.text
    assert "prints no limit" in page.evaluate.printed.text()
    qtbot.mouseClick(page.evaluate.record, LEFT)
    qtbot.waitUntil(lambda: papers(window).samples[-1].action.step == "evaluate", timeout=60_000)
    settled(window, qtbot)


def test_another_sample_is_planned_after_a_drawn_one(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    drawn(page, window, tmp_path / "record.json", qtbot)
    assert not page.plan.tolerable.isEnabled()
    page.tabs.setCurrentWidget(page.plan)
    qtbot.mouseClick(page.plan.again, LEFT)
    assert page.plan.tolerable.isEnabled()
    settled(window, qtbot)


def test_randomness_of_another_kind_is_refused_and_nothing_is_recorded(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    page = sample_page(window, qtbot)
    committed(page, window, tmp_path / "record.json", qtbot)
    page.select.randomness.setText("block:" + "ab" * 32)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: "was not drawn" in page.select.problem.text, timeout=60_000)
    settled(window, qtbot)
    assert [step.action.step for step in papers(window).samples] == ["commit"]


def test_strata_are_committed_to(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    qtbot.keyClicks(page.plan.strata, "BTC:1..100; BTC:100..")
    committed(page, window, tmp_path / "record.json", qtbot)
    strata = load_any(tmp_path / "record.json").committed.strata  # type: ignore[union-attr]
    assert [item.asset for item in strata] == ["BTC", "BTC", ""]


def test_the_reasoning_is_switched_off_and_on(window: MainWindow, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    assert page.plan._prose.isVisible()
    qtbot.mouseClick(page.plan.reasoning, LEFT, pos=page.plan.reasoning.rect().center() * 0)
    page.plan.reasoning.setFocus()
    qtbot.keyClick(page.plan.reasoning, Qt.Key.Key_Space)
    assert page.plan._prose.isVisible() is page.plan.reasoning.isChecked()
    qtbot.keyClick(page.plan.reasoning, Qt.Key.Key_Space)
    assert page.plan._prose.isVisible() is page.plan.reasoning.isChecked()
    settled(window, qtbot)
