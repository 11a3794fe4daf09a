"""Coverage: no column cut off, the chart in both appearances, and funds apart: claims, prices with source and age."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from auditor_app.coverage.lines import FundLine, FundPrice, FundTotal
from auditor_app.engagement.record import Audit, AuditRequest
from tests.ui import fakes
from tests.ui.conftest import MakeWindow
from ui.pages.coverage import CoveragePage
from ui.text import HIDDEN
from ui.widgets.table_panel import RowsView

ACCOUNT = "eip155:1:0x3E48D6bEa7c3821f917220B20eb7b67b99C55bcF"
PRICE = FundPrice("ETH", "USDT", "1650.125", "feed eip155:1:0xEe9F", "2026-10-31T23:00:00Z", "proven", stale=False)
OLD = FundPrice("BTC", "USDT", "34000", "the issuer's website", "2026-10-01T00:00:00Z", "claimed", stale=True)


def with_funds(request: AuditRequest) -> Audit:
    audit = fakes.audit(request)
    return replace(
        audit,
        funds=(
            FundLine("Guardian Fund", "guardian", "on-chain", ACCOUNT, "ETH", 18, 10**18, 10**18, "100", "USDT", "one-source"),
            FundLine("Futures Insurance Fund", "insurance", "ledger", "", "USDT", 6, 7 * 10**6, None, "5", "USDT", "claimed"),
        ),
        fund_totals=(
            FundTotal("Guardian Fund", "guardian", "on-chain", "1650.125", "1650.125", "100", "USDT", "1650.1250", True, (PRICE, OLD)),
            FundTotal("Futures Insurance Fund", "insurance", "ledger", "7", None, "5", "USDT", None, None),
        ),
    )  # fmt: skip


@pytest.fixture
def page(make_window: MakeWindow, files: object, qtbot: QtBot) -> CoveragePage:
    window = make_window(fakes.performs(with_funds))
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)  # type: ignore[misc]
    made = window.go_to("coverage")
    assert isinstance(made, CoveragePage)
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)
    return made


def cells(view: RowsView, row: int) -> list[str]:
    model = view.model()
    return [str(model.index(row, at).data()) for at in range(model.columnCount())]


def test_a_fund_that_is_a_ledger_entry_is_marked_as_a_claim_however_large(page: CoveragePage, qtbot: QtBot) -> None:
    bar = page.tabs.tabBar()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    assert cells(page.funds.view, 0)[-1] == "Target met"
    assert cells(page.funds.view, 1)[-1] == "Claim only"
    assert cells(page.accounts.view, 0)[1:3] == ["Ethereum  eip155:1", "0x3E48D6b…b99C55bcF"]
    assert cells(page.accounts.view, 0)[7] == "No proof"
    assert cells(page.accounts.view, 1)[1] == "Issuer's ledger"
    assert cells(page.accounts.view, 1)[7] == "Claim only"


def test_prices_stand_with_source_time_and_age(page: CoveragePage) -> None:
    assert cells(page.prices.view, 0) == [
        "Guardian Fund", "ETH", "1\u202f650.125", "USDT", "2026-10-31T23:00:00Z", "Near the instant", "Proven",
        "feed eip155:1:0xEe9F",
    ]  # fmt: skip
    assert cells(page.prices.view, 1)[5:] == ["Stale", "Claimed", "the issuer's website"]
    page.show_audit(fakes.audit(AuditRequest(Path("x.porsnap"), Path("trust.json"))))
    assert page.prices.isHidden()


def test_no_column_is_cut_off_at_1280_pixels_and_left_out_ones_are_copied(page: CoveragePage, qtbot: QtBot) -> None:
    page.window().resize(1280, 800)
    QApplication.processEvents()
    view = page.coverage.view
    qtbot.waitUntil(lambda: not view.horizontalScrollBar().isVisible(), timeout=3000)
    assert view.isColumnHidden(6)
    number = len(view.left_out)
    noun = "column" if number == 1 else "columns"
    assert page.coverage._room.text() == f"{number} more {noun}"
    assert page.coverage._room.isVisible()
    page.coverage.go_to(0)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text().split("\t")[6] == "13000.00000000"
    page.window().resize(1900, 900)
    QApplication.processEvents()
    assert not view.isColumnHidden(6)
    assert not page.coverage._room.isVisible()
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=20_000)


def test_amounts_of_funds_can_be_hidden(page: CoveragePage) -> None:
    page.hide_amounts(True)
    assert cells(page.funds.view, 0)[3:6] == [HIDDEN] * 3
    assert cells(page.accounts.view, 0)[4:6] == [HIDDEN] * 2
