"""The History page: two recorded snapshots beside each other, the chart, the findings, and what it says without any."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from auditor_app.cli.main import main
from auditor_app.engagement.history import AssetPoint, history
from auditor_app.report.figures import PRINT_PALETTE, svg
from auditor_app.report.history_figure import charted, in_words, rates_figure
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import opened, settled
from tests.unit.cli.test_sample import folder  # noqa: F401 - the fixture
from tests.unit.engagement.test_history import month
from tests.unit.snapshot import samples
from ui.pages.history import HistoryPage

BY = ("--by", "P. Reparer")


def test_snapshots_of_an_issuer_stand_beside_each_other(
    make_window: MakeWindow,
    folder: Path,  # noqa: F811
    qtbot: QtBot,
) -> None:
    book, trust = folder / "book.engagement", folder / "trust.json"
    main([*map(str, ("engagement", "new", book, "--client", "Example", "--standard", "isrs-4400", *BY))])
    for name in ("good", "bad"):
        run = ("verify", folder / f"{name}.porsnap", "--trust", trust, "--trusted-time", samples.NOW)
        main([*map(str, (*run, "--engagement", book, *BY))])
    window = make_window()
    page = window.go_to("history")
    assert isinstance(page, HistoryPage)
    assert page.content.isHidden()
    opened(window, book, qtbot)
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    assert window.page is page
    settled(window, qtbot)
    qtbot.waitUntil(lambda: page.snapshots.model.rowCount() == 2, timeout=30_000)
    lines = [page.snapshots.model.row_at(at) for at in range(2)]
    assert [line.chained for line in lines] == ["broken", "broken"]  # one number used twice
    codes = {page.findings.model.row_at(at).code for at in range(page.findings.model.rowCount())}
    assert codes == {"ROOT.EQUIVOCATION", "FRESH.ROLLBACK"}
    assert "400" in page.snapshots.model.index(0, 4).data()
    assert page.chart.accessibleDescription().startswith("Reserve rates over time")
    settled(window, qtbot)


def test_the_figure_holds_what_is_farthest_from_the_line_and_is_the_same_every_time() -> None:
    def point(number: int, *rates: str) -> object:
        assets = tuple(AssetPoint(f"A{at}", 8, 100, 100, rate) for at, rate in enumerate(rates))
        return month(number, assets=assets)

    steady = [f"{100 + at}.0000" for at in range(8)]
    series = history([point(1, *steady), point(2, *steady[:7], "91.5000")])  # type: ignore[list-item]
    assert charted(series)[0] == "A7"
    assert len(charted(series)) == 7
    assert "A0" not in charted(series)
    assert "A7 107.0000 percent on 2026-01-01, 91.5000 percent on 2026-02-01" in in_words(series)
    assert svg(rates_figure(series, PRINT_PALETTE)) == svg(rates_figure(series, PRINT_PALETTE))
    assert charted(history([])) == ()
    svg(rates_figure(history([]), PRINT_PALETTE))
