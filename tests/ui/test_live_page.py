"""The live check: listed, asked only when told to, and known to no audited figure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from auditor_app.chain.live import LiveAsset, LiveResult
from tests.ui.conftest import MakeWindow
from tests.ui.node import CHAIN, HEIGHT, AuditorFiles, Node, auditor_files, running_node
from tests.unit.chain.fake_endpoint import fake_endpoint
from ui.audit_work import perform_audit
from ui.endpoints import ConfiguredEndpoint
from ui.main_window import MainWindow
from ui.pages.live import LivePage


@pytest.fixture
def held(tmp_path: Path) -> AuditorFiles:
    return auditor_files(tmp_path)


@pytest.fixture
def node() -> Iterator[Node]:
    with running_node() as made:
        yield made


@pytest.fixture
def window(make_window: MakeWindow, held: AuditorFiles, qtbot: QtBot) -> MainWindow:
    made = make_window(perform_audit)
    with qtbot.waitSignal(made.case.run_ended, timeout=20_000):
        made.open_together(held.snapshot, held.trust, None)
    settled(made, qtbot)
    return made


def settled(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)


def live(window: MainWindow, qtbot: QtBot) -> LivePage:
    page = window.go_to("live")
    assert isinstance(page, LivePage)
    settled(window, qtbot)
    return page


def test_a_look_shows_balances_now_and_changes_no_figure(window: MainWindow, node: Node, qtbot: QtBot) -> None:
    window.connections.configure((ConfiguredEndpoint(CHAIN, node.url), ConfiguredEndpoint(CHAIN, node.url + "/second")))
    page = live(window, qtbot)
    assert not page.look.isEnabled()
    assert page.go_online.isVisible()
    window.connections.set_offline(False)
    settled(window, qtbot)
    turns = ["First"] * 2 + ["If the one before does not answer"] * 2
    assert [(item.asset, turn) for item, turn in page.requests.model.rows] == list(
        zip(["ETH", "USDT"] * 2, turns, strict=True)
    )
    assert node.fake.seen == []
    audit, inputs = window.case.audit, window.case.inputs
    qtbot.mouseClick(page.look, Qt.MouseButton.LeftButton)
    settled(window, qtbot)
    assert [(item.asset, item.now, item.claimed) for item in page.assets.model.rows] == [
        ("ETH", 7 * 10**18, 12 * 10**18),
        ("USDT", 13_000_000, 10_000_000),
    ]
    assert {item.change for item in page.lines.model.rows} == {-5 * 10**18, 0, 3_000_000}
    assert page.blocks.model.rows[0][:2] == (CHAIN, HEIGHT + 50)
    assert {path for path, _ in node.fake.seen} == {"/"}
    assert "eth_getProof" not in node.methods
    assert "no evidence" in page.apart.text
    assert window.case.audit is audit
    assert window.case.inputs == inputs


def test_a_host_that_does_not_answer_is_followed_by_the_next(window: MainWindow, node: Node, qtbot: QtBot) -> None:
    """As ``chain now`` does: one logic, and the list shows the second host before it is asked."""
    with fake_endpoint(lambda handler, _: handler.reply(b"<html>")) as fake:
        window.connections.configure((ConfiguredEndpoint(CHAIN, fake.url), ConfiguredEndpoint(CHAIN, node.url)))
        window.connections.set_offline(False)
        page = live(window, qtbot)
        assert [turn for _, turn in page.requests.model.rows] == ["First"] * 2 + [
            "If the one before does not answer"
        ] * 2
        assert "only where the host before does not answer" in page._what.text()
        assert page._what.text().startswith(
            f"{sum(item.accounts for item, turn in page.requests.model.rows[:2])} balances"
        )
        qtbot.mouseClick(page.look, Qt.MouseButton.LeftButton)
        settled(window, qtbot)
        assert len(fake.seen) > 0
    assert page.blocks.model.rows[0][:2] == (CHAIN, HEIGHT + 50)
    assert page.blocks.model.rows[0][3] == node.url  # and not the one that was asked first
    assert f"Answered by {node.url}." in page._seen_at.text()
    assert {item.asset for item in page.lines.model.rows} == {"ETH", "USDT"}
    assert "the next endpoint was asked" in page.not_read.model.rows[0]


def test_the_rate_is_named_for_what_it_is(window: MainWindow, qtbot: QtBot) -> None:
    page = live(window, qtbot)
    page._on_seen(LiveResult((), (), (LiveAsset("ETH", 18, 9, 8, 10, True), LiveAsset("BTC", 8, 9, 8, 10, False))))
    titles = [column.title for column in page.assets.model.columns]
    at = titles.index("Rate if liabilities stood still")
    shown = [page.assets.model.columns[at].shown(item) for item in page.assets.model.rows]
    assert shown == ["80.0000 %", "–"]


def test_another_snapshot_takes_the_results_away(window: MainWindow, node: Node, tmp_path: Path, qtbot: QtBot) -> None:
    window.connections.configure((ConfiguredEndpoint(CHAIN, node.url),))
    window.connections.set_offline(False)
    page = live(window, qtbot)
    qtbot.mouseClick(page.look, Qt.MouseButton.LeftButton)
    settled(window, qtbot)
    assert page.assets.model.rowCount() == 2
    (tmp_path / "other").mkdir()
    other = auditor_files(tmp_path / "other", as_of="2026-11-02T00:00:00Z")
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        window.open_snapshot(other.snapshot)
    live(window, qtbot)
    assert page.assets.model.rowCount() == 0
    assert page.requests.model.rowCount() == 2


def test_going_offline_stops_a_look(window: MainWindow, node: Node, qtbot: QtBot) -> None:
    window.connections.configure((ConfiguredEndpoint(CHAIN, node.url),))
    window.connections.set_offline(False)
    page = live(window, qtbot)
    node.slow = 0.1
    qtbot.mouseClick(page.look, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(node.fake.seen), timeout=20_000)
    window.connections.set_offline(True)
    settled(window, qtbot)
    asked = len(node.fake.seen)
    qtbot.wait(300)
    assert len(node.fake.seen) == asked
    assert page.assets.model.rowCount() == 0
    assert not page.look.isEnabled()


def test_an_endpoint_that_talks_nonsense_is_said(window: MainWindow, qtbot: QtBot) -> None:
    with fake_endpoint(lambda handler, _: handler.reply(b"<html>")) as fake:
        window.connections.configure((ConfiguredEndpoint(CHAIN, fake.url),))
        window.connections.set_offline(False)
        page = live(window, qtbot)
        qtbot.mouseClick(page.look, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "Nothing was read" in page.apart.text, timeout=20_000)
    assert "an HTML page" in page.apart.text
    assert page.look.isEnabled()
    settled(window, qtbot)
