"""The smallest window, 1024 by 640: tables leave columns out before they scroll sideways, details and roots are not cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.conftest import MakeWindow
from ui.main_window import MainWindow
from ui.pages.findings import FindingsPage
from ui.text import groups
from ui.widgets.hash_label import HashLabel


@pytest.fixture
def small(make_window: MakeWindow, files: tuple[Path, Path, Path], qtbot: QtBot) -> MainWindow:
    window = make_window()
    window.resize(1024, 640)
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        window.open_together(*files)
    return window


@pytest.mark.parametrize("key", ["snapshot", "liabilities", "coverage", "findings"])
def test_no_table_scrolls_sideways(small: MainWindow, key: str, qtbot: QtBot) -> None:
    page = small.go_to(key)
    QApplication.processEvents()
    assert (small.width(), small.height()) == (1024, 640)
    tables = [table for table in page.tables() if table.isVisible()]
    assert tables or key == "snapshot"

    def sideways() -> list[str]:
        return [
            f"{table.accessibleName()} {table.left_out}"
            for table in (panel.view for panel in tables)
            if table.horizontalScrollBar().isVisible()
        ]

    qtbot.waitUntil(lambda: not sideways(), timeout=5_000)
    qtbot.waitUntil(lambda: not small.runner.busy, timeout=20_000)


def test_a_finding_in_detail_has_room(small: MainWindow, qtbot: QtBot) -> None:
    page = small.go_to("findings")
    assert isinstance(page, FindingsPage)
    page.findings.go_to(0)
    QApplication.processEvents()
    code = page.detail._code
    assert code.fontMetrics().horizontalAdvance(code.text()) <= code.width()
    assert page.detail.width() >= 200
    qtbot.waitUntil(lambda: not small.runner.busy, timeout=20_000)


@pytest.mark.parametrize(("width", "points"), [(900, 15.0), (440, 11.5), (360, 10.0)])
def test_a_large_digest_is_as_large_as_there_is_room_for(width: int, points: float, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    page.resize(1000, 100)
    shown = HashLabel("Root", "ab" * 32, whole=True, large=True)
    shown.setParent(page)
    page.show()
    shown.resize(width, 60)
    assert shown._shown.font().pointSizeF() == points
    assert shown.shown.split("\n") == [groups("ab" * 16)] * 2
    assert QFontMetrics(shown._shown.font()).horizontalAdvance(groups("ab" * 16)) <= width
    assert shown.minimumSizeHint().width() < 420
