"""Capturing in the window: listed first, then asked, signed and put into the case; offline nothing is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from auditor_app.chain.observed import Grade
from tests.ui import fakes
from tests.ui.conftest import MakeWindow
from tests.ui.node import CHAIN, PASSPHRASE, AuditorFiles, Node, auditor_files, running_node
from ui.audit_work import perform_audit
from ui.dialogs.capture import CaptureDialog
from ui.dialogs.exchanges import ExchangesDialog
from ui.endpoints import ConfiguredEndpoint
from ui.main_window import MainWindow
from ui.pages.reserves import ReservesPage


@pytest.fixture
def held(tmp_path: Path) -> AuditorFiles:
    return auditor_files(tmp_path)


@pytest.fixture
def node() -> Iterator[Node]:
    with running_node() as made:
        yield made


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    return make_window(perform_audit)


def settled(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)


def opened(window: MainWindow, held: AuditorFiles, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        window.open_together(held.snapshot, held.trust, None)
    settled(window, qtbot)


def configured(window: MainWindow, node: Node, *, offline: bool) -> None:
    window.connections.configure((ConfiguredEndpoint(CHAIN, node.url),))
    window.connections.set_offline(offline)


def capture_dialog(window: MainWindow, qtbot: QtBot) -> CaptureDialog:
    window.capture()
    found = QApplication.activeModalWidget()
    assert isinstance(found, CaptureDialog)
    settled(window, qtbot)
    return found


def click(qtbot: QtBot, widget: QWidget) -> None:
    said = [item.text() for item in widget.window().findChildren(QLabel) if item.isVisible()]
    assert widget.isEnabled(), said
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_from_the_list_to_evidence_in_the_case(
    window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot
) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    listed = [(item.origin, item.asset, item.accounts) for item in dialog.requests.model.rows]
    assert listed == [(node.url, "ETH", 3), (node.url, "USDT", 2)]
    assert [item.asset for item in dialog.left_out.model.rows] == ["BTC"]
    assert node.fake.seen == []  # a list is made of files only
    assert not dialog.start.isEnabled()
    dialog.sign_with(held.key)
    assert dialog.passphrase.isHidden()
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    settled(window, qtbot)
    audit = window.case.audit
    assert audit is not None
    assert audit.evidence is not None
    assert audit.evidence.pinned
    assert {line.grade for line in audit.addresses if line.address.asset != "BTC"} == {Grade.ONE_SOURCE}
    assert [line.observed for line in audit.addresses if line.address.asset == "USDT"] == [1_000_000, 9_000_000]
    assert held.evidence.exists()
    assert "eth_getProof" in node.methods


def test_a_typed_price_feed_is_listed_and_then_asked(
    window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot
) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.feeds.setFocus()
    qtbot.keyClicks(dialog.feeds, "ETH/USDT")
    dialog.choose_key.setFocus()
    qtbot.waitUntil(lambda: "names no price feed" in dialog.banner.text, timeout=20_000)
    assert not dialog.start.isEnabled()
    dialog.feeds.setFocus()
    dialog.feeds.clear()
    feed = "0x" + "fe" * 20
    qtbot.keyClicks(dialog.feeds, f"ETH/USDT={CHAIN}:{feed}")
    dialog.choose_key.setFocus()
    settled(window, qtbot)
    assert [item.asset for item in dialog.requests.model.rows] == ["ETH", "USDT", "ETH/USDT"]
    assert "price feed 0x" in dialog.requests.model.rows[2].sentence()
    assert node.fake.seen == []
    dialog.sign_with(held.key)
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    settled(window, qtbot)
    asked = b"".join(body for _, body in node.fake.seen)
    assert feed.encode() in asked
    assert b"0xfeaf968c" in asked


def test_a_locked_key_asks_for_its_pass_phrase_and_forgets_it(
    window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot
) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.locked_key)
    assert not dialog.passphrase.isHidden()
    assert not dialog.start.isEnabled()
    dialog.passphrase.setText("another")
    click(qtbot, dialog.start)
    assert dialog.passphrase.text() == ""
    qtbot.waitUntil(lambda: "pass phrase is wrong" in dialog.banner.text, timeout=20_000)
    assert node.fake.seen == []  # nothing is asked before the key can sign
    settled(window, qtbot)
    dialog.passphrase.setText(PASSPHRASE)
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    assert held.evidence.exists()


def test_offline_lists_but_asks_nobody(window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=True)
    assert window.offline.chip.text == "Offline"
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    assert len(dialog.requests.model.rows) == 2
    assert not dialog.start.isEnabled()
    dialog._on_start()
    settled(window, qtbot)
    assert node.fake.seen == []
    click(qtbot, dialog.go_online)
    settled(window, qtbot)
    assert dialog.start.isEnabled()
    assert window.offline.chip.text == "Online when asked"
    dialog.reject()


def test_cancelled_leaves_no_evidence_and_goes_on_where_it_stopped(
    window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot
) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    node.slow = 0.05
    click(qtbot, dialog.start)
    qtbot.waitUntil(lambda: "eth_getProof" in node.methods, timeout=20_000)  # balances were read by then
    assert not dialog.endpoints.isEnabled()
    assert dialog.strip.isVisible()
    assert dialog.strip.job is not None
    dialog.strip.job.cancel()
    assert "Cancelled" in dialog.banner.text
    settled(window, qtbot)
    assert not held.evidence.exists()
    assert held.evidence.with_name("s.porevidence.partial").exists()
    node.slow = 0
    node.fake.seen.clear()
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    assert held.evidence.exists()
    assert node.methods.count("eth_getBalance") <= 3  # what probes ask; the three accounts were kept
    assert not held.evidence.with_name("s.porevidence.partial").exists()


def test_going_offline_stops_a_capture(window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    node.slow = 0.1
    click(qtbot, dialog.start)
    qtbot.waitUntil(lambda: bool(node.fake.seen), timeout=20_000)
    window.connections.set_offline(True)
    settled(window, qtbot)
    asked = len(node.fake.seen)
    assert not held.evidence.exists()
    assert not dialog.start.isEnabled()
    qtbot.wait(300)
    assert len(node.fake.seen) == asked
    dialog.reject()


def test_what_was_not_listed_is_not_asked(window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    auditor_files(held.snapshot.parent, as_of="2026-11-02T00:00:00Z")  # another snapshot under the same name
    click(qtbot, dialog.start)
    qtbot.waitUntil(lambda: "no longer those" in dialog.banner.text, timeout=20_000)
    assert node.fake.seen == []
    dialog.reject()
    settled(window, qtbot)


def test_closing_the_dialog_stops_asking(window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    node.slow = 0.05
    click(qtbot, dialog.start)
    qtbot.waitUntil(lambda: bool(node.fake.seen), timeout=20_000)
    dialog.reject()
    settled(window, qtbot)
    assert not held.evidence.exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "rpc-watch"]


def test_evidence_dropped_on_the_reserves_page_and_one_address_in_full(
    window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot
) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    window.case.use_evidence(None)
    window.connections.set_offline(True)
    page = window.go_to("reserves")
    assert isinstance(page, ReservesPage)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(held.evidence))])
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        window.dropEvent(
            QDropEvent(QPointF(600, 400), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        )  # fmt: skip
    assert window.page is page
    assert not page.detail.isVisible()
    line = next(
        item
        for item in page.addresses.model.rows
        if item.line.address.asset == "USDT" and item.line.observed == 9_000_000
    )
    page.addresses.select(line)
    settled(window, qtbot)
    assert page.detail.isVisible()
    titles = [step.title for step in page.detail.steps]
    assert titles == [
        "Captured", "Snapshot", "Block", "Balance read", "Header", "Token nodes", "Slot", "Storage nodes", "Token balance",
    ]  # fmt: skip
    assert {step.holds for step in page.detail.steps} == {True, None}
    assert "9000000 of the token's own units" in page.detail.text
    assert "no proofs of control" in page.detail.text
    window.hide_amounts(True)
    QApplication.processEvents()
    shown = [item.text() for item in page.detail.findChildren(QLabel) if item.isVisible()]
    assert any("of the token's own units" in text for text in shown)
    assert not any("9000000" in text or "9.00" in text for text in shown)
    window.hide_amounts(False)
    click(qtbot, page.detail.close_button)
    assert not page.detail.isVisible()


def test_the_deadline_is_said_above_every_page_when_a_snapshot_is_opened(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    instant = datetime.now(UTC) - timedelta(minutes=5)
    held = auditor_files(tmp_path, as_of=instant.strftime("%Y-%m-%dT%H:%M:%SZ"))
    opened(window, held, qtbot)
    for key in ("snapshot", "findings", "reserves"):
        window.go_to(key)
        assert window.deadline.isVisible()
        assert "Ethereum (eip155:1) about 21 min left" in window.deadline.text
    click(qtbot, window.deadline.capture)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, CaptureDialog)
    settled(window, qtbot)
    assert "Configure an endpoint" in dialog.banner.text
    dialog.reject()
    click(qtbot, window.deadline.later)
    window.go_to("coverage")
    assert not window.deadline.isVisible()
    opened(window, auditor_files(_folder(tmp_path), as_of=instant.strftime("%Y-%m-%dT%H:%M:%SZ")), qtbot)
    assert window.deadline.isVisible()  # another snapshot: it was put aside for the first one only


def _folder(parent: Path) -> Path:
    made = parent / "another"
    made.mkdir()
    return made


def test_the_deadline_is_said_before_the_ledgers_are_read(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window(fakes.never_ends)
    held = auditor_files(tmp_path, as_of=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    window.open_together(held.snapshot, held.trust, None)
    qtbot.waitUntil(window.deadline.isVisible, timeout=20_000)
    assert window.case.running
    assert window.case.audit is None
    window.case.use_evidence(held.snapshot)
    assert not window.deadline.isVisible()
    window.case.cancel()


def test_a_snapshot_that_is_not_authentic_says_nothing_of_its_blocks(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    held = auditor_files(tmp_path, as_of=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    data = bytearray(held.snapshot.read_bytes())
    data[len(data) // 3] ^= 1
    held.snapshot.write_bytes(data)
    opened(window, held, qtbot)
    assert not window.deadline.isVisible()


def test_the_deadline_passes(window: MainWindow, held: AuditorFiles, qtbot: QtBot) -> None:
    opened(window, held, qtbot)
    instant = datetime(2026, 11, 1, tzinfo=UTC)
    for after, words in ((timedelta(seconds=1535), "left"), (timedelta(seconds=1537), "archive node")):
        window.deadline._now = lambda after=after: instant + after  # type: ignore[misc]
        window.deadline.show_state()
        assert words in window.deadline.text
        assert window.deadline.isVisible()
    window.go_to("findings")
    assert not window.deadline.isVisible()  # a deadline that has passed is said where it matters
    window.go_to("reserves")
    assert window.deadline.isVisible()


def test_a_key_reaches_the_host_and_no_file(
    window: MainWindow, held: AuditorFiles, node: Node, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "s3cr3t-" + "y" * 24
    monkeypatch.setattr(keyring, "get_password", lambda service, user: secret)
    opened(window, held, qtbot)
    window.connections.configure((ConfiguredEndpoint(CHAIN, node.url + "/v2/{key}"),))
    window.connections.set_offline(False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    settled(window, qtbot)
    window.settings.sync()
    assert any(secret in path for path, _ in node.fake.seen)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert held.evidence in files
    assert not [path.name for path in files if secret.encode() in path.read_bytes()]
    assert not [text for text in (Path("/proc/self/cmdline").read_text(),) if secret in text]


def test_raw_requests_of_one_address_are_shown_as_they_stand(
    window: MainWindow, held: AuditorFiles, node: Node, qtbot: QtBot
) -> None:
    opened(window, held, qtbot)
    configured(window, node, offline=False)
    dialog = capture_dialog(window, qtbot)
    dialog.sign_with(held.key)
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        click(qtbot, dialog.start)
    settled(window, qtbot)
    window.connections.set_offline(True)
    asked = len(node.fake.seen)
    page = window.go_to("reserves")
    assert isinstance(page, ReservesPage)
    page.addresses.select(next(item for item in page.addresses.model.rows if item.line.address.asset == "ETH"))
    settled(window, qtbot)
    click(qtbot, page.detail.raw)
    settled(window, qtbot)
    shown = QApplication.activeModalWidget()
    assert isinstance(shown, ExchangesDialog)
    methods = {str(shown.table.model.index(row, 2).data()) for row in range(shown.table.model.rowCount())}
    assert {"eth_getBalance", "eth_getProof"} & methods
    account = page.detail._line.address.account.rpartition("0x")[2].lower()  # type: ignore[union-attr]
    for row in range(shown.table.model.rowCount()):
        shown.table.go_to(row)
        assert account in (shown.request.toPlainText() + shown.reply.toPlainText()).lower()
    assert len(node.fake.seen) == asked
    shown.accept()
    window.hide_amounts(True)
    assert not page.detail.raw.isEnabled()
