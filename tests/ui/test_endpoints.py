"""Endpoints in the preferences: kept without secrets, refused where a core refusal stands, asked of nobody."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import keyring
import keyring.errors
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from auditor_app.errors import AuditError
from ui.connections import Connections
from ui.dialogs.endpoints import EndpointsDialog
from ui.endpoints import ConfiguredEndpoint
from ui.main_window import MainWindow
from ui.settings import Settings

UI = Path(__file__).resolve().parents[2] / "ui"
SECRET = "s3cr3t-" + "x" * 20


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A keyring in memory."""
    held: dict[str, str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda _, user: held.get(user))
    monkeypatch.setattr(keyring, "set_password", lambda _, user, secret: held.update({user: secret}))
    return held


@pytest.fixture
def dialog(window: MainWindow, vault: dict[str, str]) -> EndpointsDialog:
    window.edit_endpoints()
    made = QApplication.activeModalWidget()
    assert isinstance(made, EndpointsDialog)
    return made


def settled(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=5000)


def add(dialog: EndpointsDialog, chain: str, url: str, qtbot: QtBot) -> None:
    dialog.chain.setText(chain)
    dialog.url.setText(url)
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)


def test_rows_are_kept_and_a_second_window_finds_them(
    window: MainWindow, dialog: EndpointsDialog, settings: Settings, qtbot: QtBot, tmp_path: Path
) -> None:
    add(dialog, "eip155:1", "https://node.example/v2/{key}", qtbot)
    dialog.own.setCurrentIndex(1)
    add(dialog, "eip155:10", "http://127.0.0.1:8545", qtbot)
    settled(window, qtbot)
    settings.sync()
    again = Connections(Settings(tmp_path / "window.ini"))
    assert again.configured == (
        ConfiguredEndpoint("eip155:1", "https://node.example/v2/{key}"),
        ConfiguredEndpoint("eip155:10", "http://127.0.0.1:8545", own_node=True),
    )
    dialog.table.go_to(0)
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert [item.chain for item in window.connections.configured] == ["eip155:10"]
    dialog.accept()


@pytest.mark.parametrize(
    ("chain", "url"),
    [
        ("eip155:1", "http://node.example/"),
        ("eip155:1", f"https://node.example/v2/{SECRET}"),
        ("eip155:1", "https://user:pass@node.example/"),
        ("eip155:1", "ftp://node.example/"),
        ("Ethereum", "https://node.example/"),
        ("eip155:1", ""),
    ],
)
def test_what_the_core_refuses_cannot_be_added(
    window: MainWindow, dialog: EndpointsDialog, chain: str, url: str, qtbot: QtBot
) -> None:
    add(dialog, chain, url, qtbot)
    assert not dialog.add.isEnabled()
    assert window.connections.configured == ()
    with pytest.raises(AuditError):
        window.connections.configure((ConfiguredEndpoint(chain, url),))
    dialog.accept()


def test_a_key_goes_to_the_keyring_and_nowhere_else(
    window: MainWindow, dialog: EndpointsDialog, vault: dict[str, str], settings: Settings, qtbot: QtBot, tmp_path: Path
) -> None:
    add(dialog, "eip155:1", "https://node.example/v2/{key}", qtbot)
    settled(window, qtbot)
    dialog.table.go_to(0)
    assert dialog.table.model.row_at(0).key[0] == "Missing"
    dialog.tabs.setCurrentIndex(1)
    dialog.secret.setText(SECRET)
    qtbot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    settled(window, qtbot)
    assert vault == {"node.example": SECRET}
    assert dialog.secret.text() == ""
    assert dialog.table.model.row_at(0).key[0] == "Held"
    settings.sync()
    assert SECRET not in "".join(path.read_text() for path in tmp_path.iterdir() if path.is_file())
    dialog.accept()


def test_without_a_keyring_the_environment_is_named(
    window: MainWindow, dialog: EndpointsDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: str) -> None:
        raise keyring.errors.NoKeyringError

    monkeypatch.setattr(keyring, "set_password", none)
    add(dialog, "eip155:1", "https://node.example/v2/{key}", qtbot)
    settled(window, qtbot)
    dialog.table.go_to(0)
    dialog.tabs.setCurrentIndex(1)
    dialog.secret.setText(SECRET)
    qtbot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.problem.isVisible, timeout=5000)
    assert "RESERVE_AUDITOR_KEY_NODE_EXAMPLE" in dialog.problem.text
    assert SECRET not in dialog.problem.text
    dialog.accept()
    settled(window, qtbot)


def test_offline_is_the_default_and_gives_no_permission(window: MainWindow) -> None:
    connections = window.connections
    assert connections.offline
    connections.configure((ConfiguredEndpoint("eip155:1", "https://node.example/"),))
    assert connections.permission() is None
    assert window.offline.accessibleName().startswith("Offline")
    window.menus.offline.setChecked(False)
    permission = connections.permission()
    assert permission is not None
    assert permission.endpoints == connections.configured
    assert "node.example" in window.offline.toolTip()
    connections.configure(())
    assert connections.permission() is None
    assert window.offline.chip.text == "Offline"


@pytest.mark.parametrize("stored", ["{", "[1]", '[["eip155:1"]]', '[["eip155:1", "http://node.example/", false]]', "7"])
def test_settings_that_were_tampered_with_give_no_endpoint(settings: Settings, stored: str) -> None:
    settings.endpoints = stored
    settings.online = True
    assert Connections(settings).configured == ()
    assert Connections(settings).permission() is None


def test_only_one_file_of_the_window_can_reach_what_opens_connections() -> None:
    """Offline by construction: whatever asks takes a Permission, and only Connections makes one."""
    reach = {f"auditor_app.chain.{name}" for name in ("capture", "live", "rpc", "evm", "transport", "readers")}
    found: set[str] = set()
    makers: set[str] = set()
    for path in UI.rglob("*.py"):
        tree = ast.parse(path.read_text())
        typing_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in reach and id(node) not in typing_only:
                found.add(path.name)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Permission":
                makers.add(path.name)
    assert found == {"chain_work.py"}
    assert makers == {"connections.py"}


def test_every_control_of_the_dialogs_has_a_name(window: MainWindow, dialog: EndpointsDialog, qtbot: QtBot) -> None:
    add(dialog, "eip155:1", "https://node.example/v2/{key}", qtbot)
    window.desk.case.open_snapshot(UI / "settings.py")
    window.case.use_trust_store(UI / "settings.py")
    window.capture()
    settled(window, qtbot)
    dialogs = [item for item in QApplication.topLevelWidgets() if isinstance(item, QDialog) and item.isVisible()]
    nameless = [
        f"{type(widget).__name__} in {type(made).__name__}"
        for made in dialogs
        for widget in made.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]
    assert len(dialogs) == 2
    assert nameless == []
    for made in dialogs:
        made.reject()


def test_a_hostile_settings_file_opens_nothing_and_shows_no_secret(settings: Settings, tmp_path: Path) -> None:
    """Whoever can write the settings can name hosts, but gets neither plain http, nor user names, nor a secret kept."""
    bad = [
        "http://10.0.0.1:8545", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "https://a:b@node.example/",
        "file:///etc/passwd", "gopher://127.0.0.1/", "https://node.example/#x", "https://node.example/a b", "https://",
        f"https://node.example/?apikey={SECRET}", "ws://127.0.0.1:8546", "HTTP://node.example/",
    ]  # fmt: skip
    settings.endpoints = json.dumps([["eip155:1", url, False] for url in bad])
    settings.online = True
    connections = Connections(settings)
    assert connections.configured == ()
    assert connections.permission() is None


def test_a_key_is_never_part_of_what_is_shown_or_said(
    window: MainWindow, dialog: EndpointsDialog, vault: dict[str, str], qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    vault["node.example"] = SECRET
    add(dialog, "eip155:1", "https://node.example/v2/{key}", qtbot)
    settled(window, qtbot)
    dialog.table.go_to(0)
    said = [item.text() for item in dialog.findChildren(QLabel)]
    said += [str(dialog.table.model.index(0, at).data(role)) for at in range(4) for role in (0, 3, 11)]
    said += [window.offline.toolTip(), repr(window.connections.permission()), repr(window.connections.configured)]
    window.connections.set_offline(False)
    said += [window.offline.toolTip(), repr(window.connections.permission()), caplog.text]
    dialog.table.view.copy_rows()
    said.append(QApplication.clipboard().text())
    assert not [text for text in said if SECRET in text]
    dialog.accept()


def test_what_is_wrong_with_a_url_is_said_in_words_and_colour(dialog: EndpointsDialog, qtbot: QtBot) -> None:
    dialog.chain.setText("eip155:1")
    assert dialog._why.text() == "Ethereum"
    qtbot.keyClicks(dialog.url, "http://node.example/")
    assert dialog.url.property("verdict") == "invalid"
    assert "anyone on the way can change the answer" in dialog._why.text()
    assert not dialog.add.isEnabled()
    dialog.accept()
