"""Tables: exact sorting with missing values last, the filter language, full values on copy, hidden amounts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from auditor_app.amounts import Amount
from auditor_app.coverage.lines import CoverageLine
from auditor_app.operation import CancelToken, Progress, run
from auditor_app.pace import Pace
from tests.ui import fakes
from ui.jobs import JobRunner
from ui.models.columns import chip_column, hash_column, rate_column, text_column, units_column
from ui.models.filters import BadFilter, parse_filter
from ui.models.rows import arranged
from ui.text import amount, groups, masked, short_hash, visible
from ui.theme import Tone
from ui.widgets.step_rail import RailEntry, RailModel
from ui.widgets.table_panel import TablePanel

COLUMNS = (
    text_column("Asset", lambda item: item.asset, wide=True),
    units_column("Observed", lambda item: item.observed, lambda item: item.decimals),
    units_column("Difference", lambda item: item.difference, lambda item: item.decimals),
    rate_column("Rate", lambda item: item.rate),
    chip_column("Result", lambda item: "Short" if item.rate is None else "Even", lambda item: Tone.GOOD),
    hash_column("Digest", lambda item: fakes.digest(item.asset)),
)


def shown(panel: TablePanel, column: int = 0) -> list[str]:
    return [str(panel.model.index(row, column).data()) for row in range(panel.model.rowCount())]


@pytest.fixture
def runner(qtbot: QtBot):
    made = JobRunner()
    yield made
    made.shut_down()
    qtbot.waitUntil(lambda: not made.busy, timeout=5000)


@pytest.fixture
def panel(qtbot: QtBot, runner: JobRunner) -> TablePanel:
    made = TablePanel("Assets", COLUMNS, runner)
    qtbot.addWidget(made)
    made.resize(900, 400)
    with qtbot.waitExposed(made):
        made.show()
    made.show_rows(fakes.coverage())
    return made


def sort_by(qtbot: QtBot, panel: TablePanel, column: int) -> None:
    header = panel.view.horizontalHeader()
    place = header.sectionViewportPosition(column) + 20
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 10))


def test_the_models_keep_qts_rules(panel: TablePanel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(panel.model)
    qtmodeltester.check(RailModel([RailEntry("Snapshot", "B", lambda: None), RailEntry("Report", "G", lambda: None)]))


def test_a_click_on_a_header_sorts_by_exact_values_with_the_missing_last(panel: TablePanel, qtbot: QtBot) -> None:
    sort_by(qtbot, panel, 2)
    assert shown(panel) == ["ETH", "BTC", "USDC", "USDT", "SOL"]
    sort_by(qtbot, panel, 2)
    assert shown(panel) == ["USDT", "USDC", "BTC", "ETH", "SOL"]


def test_sorting_tells_apart_what_floats_cannot(runner: JobRunner) -> None:
    rows = (CoverageLine("more", 18, 10**40 + 1, 0, 0, None), CoverageLine("less", 18, 10**40, 0, 0, None))
    columns = (units_column("Liabilities", lambda item: item.liabilities, lambda item: item.decimals),)
    assert list(run(arranged(rows, columns, None, (0, False), CancelToken()))) == [1, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("usd", ["USDT", "USDC"]),
        ("asset:ETH", ["ETH"]),
        ("asset=eth", ["ETH"]),
        ("-asset:usd", ["BTC", "ETH", "SOL"]),
        ("difference<0", ["ETH"]),
        ("rate>=102.2495", ["BTC", "USDT", "USDC"]),
        ("rate<100%", ["ETH"]),
        ("observed=141221.5102", ["ETH"]),
        ("result=short", ["SOL"]),
        ("usd rate>103", ["USDT"]),
        (fakes.digest("SOL")[20:40], ["SOL"]),
        ('"no such thing"', []),
    ],
)
def test_the_filter_language(text: str, expected: list[str]) -> None:
    test = parse_filter(text, COLUMNS)
    assert [line.asset for line in fakes.coverage() if test(line)] == expected


@pytest.mark.parametrize("text", ['"open', "price<1", "rate<", "rate<many", "asset<3", "difference<1e3"])
def test_a_wrong_filter_says_why(text: str) -> None:
    with pytest.raises(BadFilter) as wrong:
        parse_filter(text, COLUMNS)
    assert wrong.value.reason


def test_typing_a_filter_colours_it_and_counts(panel: TablePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.field.explained):
        qtbot.keyClicks(panel.field, "usd")
    assert panel.field.property("verdict") == "valid"
    assert panel._count.text() == "displayed 2 of 5"
    with qtbot.waitSignal(panel.field.explained):
        qtbot.keyClicks(panel.field, " rate<x")
    assert panel.field.property("verdict") == "invalid"
    assert "'x'" in panel.field.accessibleDescription()
    assert panel._why.isVisible()
    assert shown(panel) == ["USDT", "USDC"], "an unfinished filter leaves the table as it was"


def test_ctrl_c_copies_full_values(panel: TablePanel, qtbot: QtBot) -> None:
    panel.go_to(1)
    qtbot.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    cells = QGuiApplication.clipboard().text().split("\t")
    assert cells == [
        "ETH",
        "141221.510200000000000000",
        "-12.408000000000000000",
        "99.9912",
        "Even",
        fakes.digest("ETH"),
    ]
    qtbot.keyClick(panel.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == 6
    assert lines[0].startswith("Asset\tObserved")


def test_copied_text_is_never_a_formula_and_keeps_its_columns(panel: TablePanel) -> None:
    panel.show_rows((CoverageLine('=cmd|"/c calc"!A1\tx', 8, 1, 0, 1, 1),))
    panel.go_to(0)
    panel.view.copy_column(0)
    assert QGuiApplication.clipboard().text() == '\'=cmd|"/c calc"!A1 x'


def test_hidden_amounts_are_masked_on_screen_and_whole_on_copy(panel: TablePanel) -> None:
    panel.model.hide_amounts(True)
    assert shown(panel, 1) == ["•••"] * 5
    assert shown(panel, 0)[0] == "BTC"
    assert panel.model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) is None
    panel.go_to(0)
    panel.view.copy_rows()
    assert "13000.00000000" in QGuiApplication.clipboard().text()


def test_many_rows_are_arranged_off_the_windows_thread(panel: TablePanel, qtbot: QtBot) -> None:
    rows = tuple(CoverageLine(f"A{at:05}", 8, at, 0, 0, at) for at in range(20_000))
    panel.show_rows(rows)
    assert panel._job is not None
    qtbot.waitUntil(lambda: panel.model.rowCount() == 20_000, timeout=5000)
    panel.field.setText("asset=A00007")
    qtbot.waitUntil(lambda: shown(panel) == ["A00007"], timeout=5000)


def test_file_text_in_tool_tips_is_escaped(panel: TablePanel) -> None:
    panel.show_rows((CoverageLine(fakes.HOSTILE, 8, 1, 0, 1, 1),))
    tip = panel.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tip
    assert "&lt;img" in tip
    assert "\u202e" not in tip


def test_texts() -> None:
    root = "35d01ffef2beec3ff0166c03f3d9b0cc"
    assert groups(root) == "35d0 1ffe f2be ec3f f016 6c03 f3d9 b0cc"
    assert short_hash(root * 2) == "35d0 1ffe … f3d9 b0cc"
    assert visible("a\u202eb\nc\x1b[31m") == "a\\u202eb\\nc\\x1b[31m"
    assert (
        masked("12 500.00 less than 3 at eip155:1, root 35d0 1ffe")
        == "••• ••• less than ••• at eip155:1, root 35d0 1ffe"
    )


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (123450000, 8, "1.2345"),
        (100, 2, "1.00"),
        (-1, 18, "-0.000000000000000001"),
        (7, 0, "7"),
        (1234567, 0, "1\u202f234\u202f567"),
    ],
)
def test_amounts_are_exact(units: int, decimals: int, text: str) -> None:
    assert amount(Amount(units, decimals)) == text


def test_pace_speaks_after_three_seconds() -> None:
    clock = iter([0.0, 2.0, 10.0])
    pace = Pace(lambda: next(clock))
    assert "left" not in pace.describe(Progress(0, 1000, "rows", "Hashing"))
    assert "left" not in pace.describe(Progress(200, 1000, "rows", "Hashing"))
    said = pace.describe(Progress(500, 1000, "rows", "Hashing"))
    assert said == "500 of 1\u202f000 rows  ·  50 rows/s  ·  about 10 s left"
