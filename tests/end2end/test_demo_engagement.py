"""The demo's engagement: filled, intact, re-performed byte by byte, and open in the window with its run found again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from auditor_app.aside import Aside
from auditor_app.demo.binder import PARTNER, PREPARER
from auditor_app.demo.build import DemoFiles
from auditor_app.engagement.checking import check
from auditor_app.engagement.file import open_for_reading
from auditor_app.fileroom.issued import head_of_report
from auditor_app.fileroom.package import read_package
from auditor_app.operation import CancelToken, run
from tests.end2end.conftest import command
from tests.ui.engaged import choose, settled
from ui import theme
from ui.main_window import MainWindow
from ui.settings import Settings


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    theme.load_fonts()
    made = MainWindow(Settings(tmp_path / "window.ini"), aside=Aside())
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    yield made
    made.binder.close()
    made.runner.retire()
    qtbot.waitUntil(lambda: not made.runner.busy, timeout=30_000)
    made.close()
    made.runner.shut_down()


def test_it_is_filled_and_intact(demo: DemoFiles) -> None:
    known = head_of_report(demo.engagement_report)
    result = run(check(demo.engagement, (known,), CancelToken(), inputs=True))
    assert result.findings == ()
    papers = result.papers
    assert papers is not None
    assert papers.terms.missing() == ()
    assert (len(papers.runs), len(papers.samples), len(papers.reports)) == (1, 2, 1)
    assert papers.open_exceptions
    assert len(papers.open_exceptions) < len(papers.exceptions)
    assert papers.obstacles() == ("Note 1 on paper D2 is open.", "The partner has not signed off.")
    assert read_package(demo.package).papers.head == papers.head


def test_its_package_comes_out_the_same(demo: DemoFiles) -> None:
    ended = command("reperform", demo.package, "--trust", demo.trust_store, "--inputs", demo.package.parent)
    assert ended.status == 0, ended.out
    assert ended.out.count("same") == 4


def test_the_window_opens_it_and_finds_the_recorded_run(window: MainWindow, demo: DemoFiles, qtbot: QtBot) -> None:
    with open_for_reading(demo.engagement) as book:
        head, run_entry = book.papers.head, book.papers.runs[0].stamp.entry
    with qtbot.waitSignal(window.case.run_ended, timeout=120_000):
        window.open_both(demo.engagement, demo.request(), demo.trust_store)
        choose(window, PREPARER, qtbot)
    settled(window, qtbot)
    note = window.binder.note_of(window.case.audit)
    assert note is not None
    assert note.entry == run_entry
    assert window.binder.papers is not None
    assert window.binder.papers.head == head
    commitments = window.go_to("liabilities").tables()[1].model
    assert commitments.index(0, len(commitments.described)).data() == "W"
    assert PARTNER in [item.name for item in window.binder.papers.people]
