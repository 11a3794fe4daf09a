"""Reserves: groups with exact subtotals, filters, shares, typed block hashes, raw requests; by mouse and keyboard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

import auditor_app.chain.proof_steps
import auditor_app.snapshot.authenticate  # noqa: F401 here, so that no thread of a test is still importing at its end
from auditor_app.amounts import Amount
from auditor_app.chain.observed import BlockOrigin
from auditor_app.chain.ownership.model import (
    Binds,
    Freshness,
    Outcome,
    OwnershipLine,
    OwnershipResult,
    OwnershipRow,
    ValueShare,
)
from auditor_app.engagement.record import Audit, AuditRequest
from tests.ui import fakes
from tests.ui.conftest import MakeWindow
from ui.main_window import MainWindow
from ui.models.reserves import reserve_rows
from ui.pages.reserves import ReservesPage
from ui.text import HIDDEN
from ui.widgets.tree_panel import TreePanel

ETHEREUM = "eip155:1"


def controlled(request: AuditRequest) -> Audit:
    """Three of four accounts have a valid proof, every second of them a stale one."""
    audit = fakes.audit(request)
    lines = tuple(
        OwnershipLine(
            OwnershipRow(item.address.asset, item.address.account, item.address.account.rpartition(":")[2], None, "m", ()),
            "evm", item.address.account, "eip191", "EIP-191", Outcome.VALID if at % 4 else Outcome.UNSIGNED,
            Binds.ADDRESS, Freshness.FRESH if at % 2 else Freshness.REPLAYABLE, "", typo_risk=False, note="",
        )
        for at, item in enumerate(audit.addresses)
    )  # fmt: skip
    share = ValueShare("ETH", 2, Amount(10), Amount(1), Amount(2), Amount(3), Amount(4))
    blocks = (BlockOrigin(ETHEREUM, "23700000", "0x" + fakes.digest("eth"), "snapshot", "", anchored=True),)
    evidence = None if audit.evidence is None else replace(audit.evidence, blocks=blocks)
    return replace(audit, ownership=OwnershipResult(lines, (share,), None, None, (), ()), evidence=evidence)


def thousands(request: AuditRequest) -> Audit:
    return replace(controlled(request), addresses=fakes.addresses(5_000))


@pytest.fixture
def page(make_window: MakeWindow, files: object, qtbot: QtBot) -> Iterator[ReservesPage]:
    yield opened(make_window(fakes.performs(controlled)), files, qtbot)


def opened(window: MainWindow, files: object, qtbot: QtBot) -> ReservesPage:
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)  # type: ignore[misc]
    page = window.go_to("reserves")
    assert isinstance(page, ReservesPage)
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=10_000)
    return page


def texts(panel: TreePanel, parent: QModelIndex | None = None, depth: int = 0) -> list[str]:
    """First column and the claimed sums, indented."""
    parent = parent or QModelIndex()
    found = []
    for at in range(panel.model.rowCount(parent)):
        index = panel.model.index(at, 0, parent)
        found.append("  " * depth + f"{index.data()} | {panel.model.index(at, 1, parent).data()}")
        if depth < 1:
            found += texts(panel, index, depth + 1)
    return found


def test_addresses_stand_under_chain_and_asset_with_exact_subtotals(page: ReservesPage) -> None:
    assert texts(page.addresses) == [
        "ETH   5 addresses | 112\u202f595.00",
        "  Ethereum  eip155:1   (5) | 112\u202f595.00",
        "USDT   5 addresses | 128\u202f680.00",
        "  Ethereum  eip155:1   (5) | 128\u202f680.00",
        "BTC   4 addresses | 96\u202f510.00",
        "  Bitcoin  bip122:0000…1e93   (4) | 96\u202f510.00",
    ]
    eth = page.addresses.model.index(0, 0)
    assert (
        page.addresses.model.index(0, 2).data() == "80\u202f413.00"
    )  # observed: 12 short, and a claimed row counts nothing
    assert page.addresses.model.index(0, 3).data() == "-12.00"
    assert page.addresses.model.index(0, 5).data() == "3 of 5 valid"
    chain = page.addresses.model.index(0, 0, eth)
    assert "eip155:1" in chain.data(Qt.ItemDataRole.ToolTipRole)


def test_coins_that_stand_in_an_earlier_row_enter_no_subtotal(page: ReservesPage) -> None:
    audit = page.desk.case.audit
    assert audit is not None
    twice = replace(audit, addresses=(*audit.addresses, replace(audit.addresses[0], counted=False)))
    page.addresses.show_rows(reserve_rows(twice))
    assert texts(page.addresses)[0] == "ETH   6 addresses | 112\u202f595.00"


def test_the_model_keeps_qts_rules(page: ReservesPage, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(page.addresses.model)


def test_filters_narrow_and_subtotals_follow(page: ReservesPage, qtbot: QtBot) -> None:
    panel = page.addresses
    qtbot.keyClicks(panel.field, "grade=one-source")
    qtbot.waitUntil(lambda: panel.field.property("verdict") == "valid", timeout=3000)
    assert panel.model.shown == 0  # it is shown as "One source"
    panel.field.clear()
    qtbot.keyClicks(panel.field, 'grade="one source" asset=ETH')
    qtbot.waitUntil(lambda: panel.model.shown == 1, timeout=3000)
    assert texts(panel)[0].startswith("ETH   1 address |")
    panel.field.clear()
    qtbot.keyClicks(panel.field, "chain=Bitcoin")
    qtbot.waitUntil(lambda: panel.model.shown == 4, timeout=3000)
    panel.field.clear()
    qtbot.keyClicks(panel.field, "difference<0")
    qtbot.waitUntil(lambda: panel.model.shown == 1, timeout=3000)
    panel.field.clear()
    qtbot.keyClicks(panel.field, "weight=3")
    qtbot.waitUntil(lambda: panel.field.property("verdict") == "invalid", timeout=3000)
    assert "no column 'weight'" in panel.field.accessibleDescription()


def test_choices_narrow_by_what_occurs(page: ReservesPage, qtbot: QtBot) -> None:
    boxes = page.addresses.choices
    grades = boxes["All grades"]
    assert [grades.itemText(at) for at in range(grades.count())] == [
        "All grades", "Proven", "Own node", "Two sources", "One source", "Claimed",
    ]  # fmt: skip
    qtbot.keyClick(grades, Qt.Key.Key_Down)
    assert {row.line.grade.value for row in page.addresses.model.shown_rows()} == {"proven"}
    boxes["All chains"].setCurrentText("Bitcoin")
    assert {row.line.address.asset for row in page.addresses.model.shown_rows()} <= {"BTC"}
    grades.setCurrentIndex(0)
    boxes["Any ownership"].setCurrentText("No proof")
    assert page.addresses.model.shown == 1
    boxes["All chains"].setCurrentIndex(0)
    assert page.addresses._count.text() == "displayed 4 of 14"


def test_what_is_selected_stays_selected_under_a_filter_and_an_order(page: ReservesPage, qtbot: QtBot) -> None:
    panel = page.addresses
    panel.go_to(2)
    chosen = panel.model.item(panel.view.currentIndex())
    more = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for position in (3, 12):
        panel.view.selectionModel().select(panel.model.leaf_index(position), more)
    before = panel.view.selected_rows()
    assert len(before) == 3
    shown = []
    panel.current_changed.connect(shown.append)
    grades = panel.choices["All grades"]
    grades.setCurrentText("Two sources" if chosen.line.grade.value == "two-sources" else "Proven")
    kept = [item for item in before if item in list(panel.model.shown_rows())]
    assert panel.view.selected_rows() == kept
    grades.setCurrentIndex(0)
    panel.field.setText(f"address={chosen.line.address.account.rpartition(':')[2]}")
    qtbot.waitUntil(lambda: panel.model.shown < 14, timeout=3000)
    panel.go_to(0)
    panel.field.clear()
    qtbot.waitUntil(lambda: panel.model.shown == 14, timeout=3000)
    assert panel.model.item(panel.view.currentIndex()) is chosen
    assert panel.view.selected_rows() == [chosen]
    assert page.detail.isVisible()
    panel.view.header().setSortIndicator(1, Qt.SortOrder.DescendingOrder)
    assert panel.model.item(panel.view.currentIndex()) is chosen
    panel.choices["All assets"].setCurrentText("BTC")
    assert panel.view.selected_rows() == []
    assert shown[-1] is None
    assert not page.detail.isVisible()
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=10_000)


def test_a_header_sorts_within_the_groups(page: ReservesPage, qtbot: QtBot) -> None:
    header = page.addresses.view.header()
    qtbot.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(header.sectionViewportPosition(1) + 20, 10)
    )
    rows = [row.line for row in page.addresses.model.shown_rows()]
    assert [row.address.asset for row in rows] == ["ETH"] * 5 + ["USDT"] * 5 + ["BTC"] * 4
    assert [row.address.claimed for row in rows[:5]] == sorted(row.address.claimed for row in rows[:5])


def test_a_row_and_a_group_are_copied_in_full_with_every_column(page: ReservesPage, qtbot: QtBot) -> None:
    view = page.addresses.view
    view.setCurrentIndex(page.addresses.model.index(2, 0))
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == 5
    assert lines[0].split("\t")[:3] == ["Asset", "Chain", "Address"]
    assert lines[1].split("\t")[1] == "bip122:000000000019d6689c085ae165831e93"
    page.addresses.go_to(0)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "\n" not in QGuiApplication.clipboard().text()


def test_there_is_no_column_cut_off_at_1280_pixels(page: ReservesPage, qtbot: QtBot) -> None:
    window = page.window()
    window.resize(1280, 800)
    QApplication.processEvents()
    view = page.addresses.view
    assert not view.horizontalScrollBar().isVisible()
    shown = [at for at in range(view.header().count()) if not view.header().isSectionHidden(at)]
    last = max(shown)
    assert view.header().sectionViewportPosition(last) + view.columnWidth(last) <= view.viewport().width()
    assert "Source" in view.left_out
    number = len(view.left_out)
    assert page.addresses._room.text() == f"{number} more {'column' if number == 1 else 'columns'}"
    assert page.addresses._room.isVisible()
    assert "Source" in page.addresses._room.toolTip()
    page.addresses.go_to(0)
    QApplication.processEvents()
    assert page.detail.isVisible()
    qtbot.waitUntil(lambda: not view.horizontalScrollBar().isVisible(), timeout=3000)
    assert "Ownership" in view.left_out
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=10_000)


def test_amounts_are_hidden_in_groups_and_shares(page: ReservesPage, qtbot: QtBot) -> None:
    page.desk.settings.hide_amounts = True
    page.refresh()
    model = page.addresses.model
    assert model.index(0, 1).data() == HIDDEN
    assert model.leaf_index(0).siblingAtColumn(1).data() == HIDDEN
    assert model.leaf_index(0).siblingAtColumn(1).data(Qt.ItemDataRole.ToolTipRole) is None
    assert page.grades.table.model.index(0, 1).data() == HIDDEN
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=5000)


def test_five_thousand_addresses_are_grouped_without_a_stall(
    make_window: MakeWindow, files: object, qtbot: QtBot
) -> None:
    page = opened(make_window(fakes.performs(thousands)), files, qtbot)
    panel = page.addresses
    qtbot.waitUntil(lambda: panel.model.shown == 5_000, timeout=10_000)
    assert texts(panel)[0].startswith("ETH   1\u202f667 addresses")
    assert not panel.view.isExpanded(panel.model.index(0, 0, panel.model.index(0, 0)))  # chains are folded
    worst = 0.0
    panel.field.setText("ownership:valid")
    began = last = time.perf_counter()
    while panel.model.shown == 5_000 and last - began < 10:
        QApplication.processEvents()
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
    assert panel.model.shown < 5_000
    assert worst < 1.0  # a whole second would be a stall on any machine
    panel.go_to(1_200)
    assert panel.model.item(panel.view.currentIndex()) is list(panel.model.shown_rows())[-1]
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=10_000)


def test_shares_are_drawn_when_they_are_looked_at(page: ReservesPage, qtbot: QtBot) -> None:
    assert page.grades.chart.image.isNull()
    for at, panel, words in (
        (1, page.grades, "percent two sources"),
        (2, page.control, "ETH 10.0000 percent fresh proof"),
    ):
        click_tab(page, at, qtbot)
        qtbot.waitUntil(lambda panel=panel: not panel.chart.image.isNull(), timeout=20_000)
        assert words in panel.chart.accessibleDescription()
    assert page.control.table.model.index(0, 2).data() == "1   10.0000 %"
    assert page.grades.table.model.index(0, 1).data() == "112\u202f583.00"


def click_tab(page: ReservesPage, at: int, qtbot: QtBot) -> None:
    bar = page.tabs.tabBar()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())


def test_a_typed_block_hash_is_judged_while_typed_and_runs_again(page: ReservesPage, qtbot: QtBot) -> None:
    click_tab(page, 3, qtbot)
    case = page.desk.case
    card = page.blocks.cards[ETHEREUM]
    assert card.verdict.text == "None typed"
    assert not page.blocks.use.isEnabled()
    card.typed.setText("0x12")
    assert "64 hexadecimal digits" in card.said.text()
    assert not page.blocks.use.isEnabled()
    card.typed.setText("0x" + "ab" * 32)
    assert card.verdict.text == "Another hash"
    card.typed.clear()
    qtbot.keyClicks(card.typed, "0x" + fakes.digest("eth").upper())
    assert card.verdict.text == "Same hash"
    with qtbot.waitSignal(case.run_ended, timeout=5000):
        qtbot.mouseClick(page.blocks.use, Qt.MouseButton.LeftButton)
    assert case.audit is not None
    assert case.audit.request.blocks == ((ETHEREUM, fakes.digest("eth")),)
    assert case.current
    assert card.typed.value == fakes.digest("eth")
    assert not page.blocks.use.isEnabled()
    card.typed.clear()
    with qtbot.waitSignal(case.run_ended, timeout=5000):
        qtbot.mouseClick(page.blocks.use, Qt.MouseButton.LeftButton)
    assert case.audit.request.blocks == ()
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=5000)


def test_a_checkpoint_is_asked_for_only_where_the_evidence_leads_from_one(page: ReservesPage, qtbot: QtBot) -> None:
    click_tab(page, 3, qtbot)
    assert page.blocks.cards[ETHEREUM].checkpoint.isVisible()
    bitcoin = next(card for chain, card in page.blocks.cards.items() if chain.startswith("bip122:"))
    assert not bitcoin.checkpoint.isVisible()
    card = page.blocks.cards[ETHEREUM]
    assert not card.derive.isEnabled()
    card.checkpoint.setText("cd" * 32)
    qtbot.mouseClick(card.derive, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=10_000)
    assert card.typed.text() == ""  # the made-up files hold no evidence: said, and nothing taken over
    assert card.said.text()


def test_every_control_of_the_page_has_a_name(page: ReservesPage, qtbot: QtBot) -> None:
    page.addresses.go_to(0)
    for at in range(4):
        click_tab(page, at, qtbot)
    qtbot.waitUntil(lambda: not page.desk.runner.busy, timeout=20_000)
    nameless = [
        type(widget).__name__
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]
    assert nameless == []


def test_without_evidence_the_page_says_what_to_do(make_window: MakeWindow, files: object, qtbot: QtBot) -> None:
    window = make_window(fakes.performs(controlled))
    snapshot, trust, _ = files  # type: ignore[misc]
    page = opened(window, (snapshot, trust, None), qtbot)
    assert page._heading.text() == "No evidence: reserves are claimed only"
    page.addresses.go_to(0)
    assert not page.detail.raw.isVisible()
    assert "the balance is the issuer's word" in page.detail.text


UNDECIDED = "the evidence holds no state of contract wallets on this chain"


def with_an_undecided_wallet(request: AuditRequest) -> Audit:
    """The first account's proof needs evidence that nobody captured; the fifth's stays none at all."""
    audit = controlled(request)
    assert audit.ownership is not None
    first, *others = audit.ownership.lines
    row = replace(first.row, signatures=("0x",), method="eip1271")
    lines = (replace(first, row=row, method="eip1271", scheme="", binds=Binds.NOTHING, note=UNDECIDED), *others)
    return replace(audit, ownership=replace(audit.ownership, lines=lines))


def test_a_proof_that_was_not_decided_is_not_called_none(make_window: MakeWindow, files: object, qtbot: QtBot) -> None:
    page = opened(make_window(fakes.performs(with_an_undecided_wallet)), files, qtbot)
    box = page.addresses.choices["Any ownership"]
    box.setCurrentText("No proof")
    assert page.addresses._count.text() == "displayed 3 of 14"
    box.setCurrentText("Not decided")
    assert page.addresses._count.text() == "displayed 1 of 14"
    (row,) = page.addresses.model.shown_rows()
    assert page.desk.case.audit is not None
    assert row.line == page.desk.case.audit.addresses[0]
    page.addresses.go_to(0)
    assert f"Not decided: eip1271; {UNDECIDED}." in page.detail.text
