"""The ledger page over a real signed snapshot of two parts: rows, ids, exceptions, copying, and nothing that stalls."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QInputDialog
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from auditor_app.demo.build import ISSUER, SIGNERS, demo_key
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.errors import Location
from auditor_app.findings import finding
from auditor_app.issuing.pack import pack
from auditor_app.ledger.browse import row_index
from auditor_app.ledger.source import LedgerPart
from auditor_app.operation import CancelToken, Operation, Progress, run
from auditor_app.snapshot.trust import EMPTY, Provenance, add_key, save_store
from tests.ui import fakes
from tests.ui.conftest import MakeWindow
from ui import ledger_work
from ui.main_window import MainWindow
from ui.pages.ledger import LedgerPage

PART = 2**18
ROWS = PART + 500
_SNAPSHOT = """
snapshot-id = "two-parts"
sequence = 1
as-of = 2023-09-15T00:00:00Z
created-at = 2023-09-15T08:00:00Z
[issuer]
legal-name = "Example Exchange Ltd"
[[assets]]
symbol = "BTC"
decimals = 8
[[ledgers]]
name = "spot"
csv = "spot.csv"
order = "tree"
columns = "account:token,BTC:base-units/8"
"""


@dataclass(frozen=True)
class Signed:
    snapshot: Path
    trust_store: Path
    payload_sha256: str


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("two-parts")
    (folder / "snapshot.toml").write_text(_SNAPSHOT)
    (folder / "spot.csv").write_text("".join(f"u{at},{'-5' if at == PART + 3 else at}\n" for at in range(ROWS)))
    keys = [demo_key(name) for name in SIGNERS]
    packed = run(pack(folder / "snapshot.toml", folder / "two.porsnap", keys, CancelToken()))
    store = EMPTY
    for name, key in zip(SIGNERS, keys, strict=True):
        said = Provenance(channel="letter", by="A. Auditor", at="2023-09-01T09:00:00Z")
        store = add_key(
            store, pem=key.public_pem(), typed_fingerprint=key.keyid, role="issuer", issuer=ISSUER, signer=name, provenance=said
        )  # fmt: skip
    save_store(folder / "trust.json", store)
    return Signed(folder / "two.porsnap", folder / "trust.json", packed.payload_sha256)


def _audit(signed: Signed, request: AuditRequest) -> Audit:
    member = "ledger/spot-00001.csv"
    named = finding(
        "LEAF.NEGATIVE", procedure="ledger", subject="ledger spot", message="Counted 1 cell with a minus.",
        at=Location(member, row=4), places=(Location(member, row=4), Location("ledger/spot-00000.csv", row=2)),
    )  # fmt: skip
    made = fakes.audit(request, found=(named,))
    return replace(made, identity=replace(made.identity, payload_sha256=signed.payload_sha256))


@pytest.fixture
def opened(make_window: MakeWindow, signed: Signed, qtbot: QtBot) -> MainWindow:
    window = make_window(fakes.performs(lambda request: _audit(signed, request)))
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(signed.snapshot, signed.trust_store, None)
    return window


def ledger(window: MainWindow, qtbot: QtBot) -> LedgerPage:
    page = window.go_to("ledger")
    assert isinstance(page, LedgerPage)
    qtbot.waitUntil(lambda: page.model.rowCount() > 0, timeout=10_000)
    return page


def cursor(page: LedgerPage) -> tuple[str, ...]:
    at = page.view.currentIndex().row()
    return () if at < 0 else tuple(page.model.row_at(at).cells)


def test_the_first_part_is_shown_and_rows_are_made_when_drawn(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    assert page.model.rowCount() == PART
    assert [page.model.index(1, column).data() for column in range(3)] == ["2", "u1", "0.00000001"]
    assert page.pager.spin.maximum() == 2
    assert "ledger/spot-00000.csv" in page.said.text()


def test_the_next_part_and_back(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    assert not page.pager.previous.isEnabled()
    qtbot.mouseClick(page.pager.next, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.model.rowCount() == 500, timeout=10_000)
    assert cursor(page)[0] == f"u{PART}"
    assert not page.pager.next.isEnabled()
    page.view.setFocus()
    page.pager.spin.setValue(1)
    qtbot.waitUntil(lambda: page.model.rowCount() == PART, timeout=10_000)


def test_ctrl_g_goes_to_a_row_of_another_part(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QInputDialog)
    assert dialog.intMaximum() == ROWS
    dialog.setIntValue(PART + 101)
    dialog.accept()
    qtbot.waitUntil(lambda: cursor(page)[:1] == (f"u{PART + 100}",), timeout=10_000)


def test_the_last_row_number_of_a_part_is_not_cut(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    number = page.model.index(PART - 1, 0).data()
    assert page.view.columnWidth(0) >= page.view.fontMetrics().horizontalAdvance(number) + 20


def test_an_id_is_found_in_the_background(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    qtbot.keyClick(page.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.id.hasFocus()
    qtbot.keyClicks(page.id, f"u{PART + 42}")
    qtbot.keyClick(page.id, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: cursor(page)[:1] == (f"u{PART + 42}",), timeout=10_000)
    page.id.setText("u9999999")
    qtbot.keyClick(page.id, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.said.text() == "No row has this id", timeout=10_000)


def test_only_the_rows_that_findings_name(opened: MainWindow, qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    page = ledger(opened, qtbot)
    qtbot.mouseClick(page.exceptions, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=10_000)
    assert page.exceptions.text().endswith("2")
    assert "2 rows in the whole ledger" in page.said.text()
    assert [column.title for column in page.model.columns] == ["Row", "Finding", "account", "BTC"]
    assert page.model.index(1, 1).data() == "LEAF.NEGATIVE"
    qtmodeltester.check(page.model)
    shown = [page.model.row_at(at).cells for at in range(2)]
    assert shown == [("u1", "1"), (f"u{PART + 3}", "-5")]
    assert page.model.index(1, 0).data() == f"{PART + 4:,}".replace(",", "\u202f")
    qtbot.mouseClick(page.exceptions, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.model.rowCount() == PART, timeout=10_000)


def test_keys_turn_the_parts(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.model.rowCount() == 500, timeout=10_000)
    qtbot.keyClick(page.view, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.model.rowCount() == PART, timeout=10_000)
    assert page.pager.part == 0


def test_cancelled_exceptions_give_the_part_back(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ledger(opened, qtbot)

    def endless(*arguments: Any) -> Operation[Any]:
        token = arguments[-1]
        while True:
            token.check()
            time.sleep(0.01)
            yield Progress(0, None, "rows", "Reading")

    monkeypatch.setattr(ledger_work, "read_exceptions", endless)
    qtbot.mouseClick(page.exceptions, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(opened.strip.isVisible, timeout=5000)
    qtbot.keyClick(page.view, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: page.said.text().startswith("Rows 1 to"), timeout=10_000)
    assert page.model.rowCount() == PART
    assert not page.exceptions.isChecked()


def test_a_search_that_is_cancelled_says_so_and_leaves_the_rows(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ledger(opened, qtbot)

    def endless(*arguments: Any) -> Operation[Any]:
        token = arguments[-1]
        while True:
            token.check()
            time.sleep(0.01)
            yield Progress(0, None, "rows", "Looking")

    monkeypatch.setattr(ledger_work, "find_id", endless)
    page.id.setText("u1")
    page.find_id()
    qtbot.waitUntil(opened.strip.isVisible, timeout=5000)
    began = time.monotonic()
    opened.cancel()
    qtbot.waitUntil(lambda: not opened.runner.busy, timeout=5000)
    assert time.monotonic() - began < 1
    assert page.said.text() == "Cancelled"
    assert page.model.rowCount() == PART


def test_selecting_and_copying_does_not_freeze(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    page.view.setFocus()
    began = time.monotonic()
    qtbot.keyClick(page.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(page.view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert time.monotonic() - began < 2
    page.go_to_row(7)
    qtbot.keyClick(page.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "8\tu7\t0.00000007"


def test_hidden_amounts_hide_the_rows_amounts_but_not_the_ids(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    opened.hide_amounts(True)
    assert page.model.index(1, 2).data() == "•••"
    assert page.model.index(1, 1).data() == "u1"


def test_another_file_on_disk_is_refused(opened: MainWindow, signed: Signed, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    kept = signed.snapshot.read_bytes()
    try:
        signed.snapshot.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        page.pager.spin.setValue(2)
        qtbot.waitUntil(page.problem.isVisible, timeout=10_000)
        assert page.model.rowCount() == 0
    finally:
        signed.snapshot.write_bytes(kept)


def test_an_id_that_no_row_has_is_said_after_every_part_was_read(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    for part in (2, 1):
        page.pager.spin.setValue(part)
        qtbot.waitUntil(lambda part=part: page.model.rowCount() == (PART, 500)[part - 1], timeout=10_000)
    page.id.setText("nobody")
    page.find_id()
    qtbot.waitUntil(lambda: page.said.text() == "No row has this id", timeout=10_000)


def test_rows_that_break_everything_are_shown_and_break_nothing(
    opened: MainWindow, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    """Control signs, other directions, ten thousand characters, three hundred cells, no cell: on one line, as text."""
    page = ledger(opened, qtbot)
    rows = [
        b"a\x01\x1b[31m,1",
        "\u202eevil,2".encode(),
        b"z" * 10_000 + b",3",
        b"u" + b",7" * 299,
        b"",
        b"alone",
        b"u,<b>1</b>",
    ]
    part = LedgerPart("ledger/bad.csv", PART, b"\n".join(rows) + b"\n")
    page._on_rows(1, 0, row_index(part, CancelToken()))
    assert page.model.rowCount() == len(rows)
    shown = [[page.model.index(at, column).data() for column in range(3)] for at in range(len(rows))]
    assert shown[0][1] == "a\\x01\\x1b[31m"
    assert shown[1][1] == "\\xe2\\x80\\xaeevil"
    assert shown[3][2] == ",".join(["7"] * 299)
    assert shown[6][2] == "<b>1</b>"
    assert all(text.replace("\N{NARROW NO-BREAK SPACE}", "").isprintable() for line in shown for text in line)
    qtmodeltester.check(page.model, force_py=True)
    page.view.selectAll()
    page.copy_rows()
    copied = QGuiApplication.clipboard().text()
    assert len(copied.splitlines()) == len(rows) + 1
    assert "z" * 10_000 in copied
    assert "\x1b" not in copied
    assert page.view.horizontalHeader().length() < 20_000


def test_a_part_without_rows_and_a_row_behind_the_last_are_said(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    page._on_rows(1, 0, row_index(LedgerPart("ledger/none.csv", PART, b""), CancelToken()))
    assert page.model.rowCount() == 0
    assert page.said.text() == "No rows  ·  ledger/none.csv"
    page._on_rows(1, 700, row_index(LedgerPart("ledger/few.csv", PART, b"u,1\nv,2\n"), CancelToken()))
    assert page.said.text() == "There is no row 262,845: rows 262,145 to 262,146  ·  ledger/few.csv".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    )
    assert cursor(page)[0] == "v"


def test_a_row_of_many_megabytes_is_cut_where_it_is_shown_and_copied(opened: MainWindow, qtbot: QtBot) -> None:
    page = ledger(opened, qtbot)
    began = time.perf_counter()
    page._on_rows(1, 0, row_index(LedgerPart("ledger/endless.csv", PART, b"9" * 2**26), CancelToken()))
    text = page.model.index(0, 1).data()
    page.view.selectAll()
    page.copy_rows()
    assert time.perf_counter() - began < 5
    assert len(text) < 2**15
    assert "cut: the row has 67108864 bytes" in QGuiApplication.clipboard().text()
    assert len(QGuiApplication.clipboard().text()) < 2**16
