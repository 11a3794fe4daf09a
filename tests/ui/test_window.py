"""The window as a person uses it: menus, keys, dropped files, cancelling, closing."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QAction, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import fakes
from tests.ui.conftest import MakeWindow
from ui import theme
from ui.dialogs.words import WordsDialog
from ui.main_window import MainWindow
from ui.pages import PAGES
from ui.pages.coverage import CoveragePage
from ui.pages.findings import FindingsPage
from ui.pages.liabilities import LiabilitiesPage
from ui.pages.proof import ProofPage
from ui.pages.report import ReportPage
from ui.pages.sample import SamplePage
from ui.pages.snapshot import SnapshotPage
from ui.session import Step, StepState
from ui.settings import Settings

Files = tuple[Path, Path, Path]
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def page(window: MainWindow, key: str, kind: type) -> object:
    found = window.go_to(key)
    assert isinstance(found, kind)
    return found


def chips(window: MainWindow) -> list[str]:
    return [window.case.status(step).text for step in Step]


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    window.dropEvent(
        QDropEvent(
            QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
    )


def ended(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=20_000)


def test_the_first_page_asks_for_a_snapshot(window: MainWindow) -> None:
    first = page(window, "snapshot", SnapshotPage)
    assert first.drop_zone.isVisible()
    assert set(chips(window)) == {"Not started"}


def test_the_first_page_opens_each_way_in(window: MainWindow, qtbot: QtBot) -> None:
    zone = page(window, "snapshot", SnapshotPage).drop_zone
    for door, title in (
        (zone.open, "Open snapshot"),
        (zone.new_engagement, "New engagement"),
        (zone.open_engagement, "Open engagement"),
        (zone.demo, "Where to put the demo's folder"),
    ):
        qtbot.mouseClick(door, Qt.MouseButton.LeftButton)
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        assert dialog.windowTitle() == title
        dialog.reject()


def test_a_demo_that_is_complete_is_opened_as_it_is(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reserve-auditor-demo"
    folder.mkdir()
    (folder / "demo-package.zip").write_bytes(b"the last file of a demo")
    opened: list[Path] = []
    monkeypatch.setattr(window, "open_both", lambda engagement, request, store: opened.extend((engagement, store)))
    window.make_demo(tmp_path)
    qtbot.waitUntil(lambda: bool(opened), timeout=10_000)
    assert opened == [folder / "demo.engagement", folder / "trust.json"]
    assert [item.name for item in folder.iterdir()] == ["demo-package.zip"]
    ended(window, qtbot)


def test_run_is_in_sight_in_the_smallest_window(performed: MainWindow) -> None:
    performed.resize(performed.minimumSize())
    shown = page(performed, "snapshot", SnapshotPage)
    QApplication.processEvents()
    button = shown.inputs.run
    assert button.visibleRegion().boundingRect() == button.rect()


def test_blocks_name_their_chain_in_words(performed: MainWindow) -> None:
    table = page(performed, "snapshot", SnapshotPage).chains
    column = table.model.columns[0]
    row = next(row for row in table.model.shown_rows() if row[0] == "eip155:1")
    assert column.shown(row) == "Ethereum  eip155:1"
    assert column.full(row) == "eip155:1"


def test_the_rail_separates_its_groups(window: MainWindow) -> None:
    rail = window.rail
    heights = [rail.sizeHintForIndex(rail.model().index(at, 0)).height() for at in range(rail.model().rowCount())]
    by_key = dict(zip((entry.key for entry in PAGES), heights, strict=True))
    assert by_key["snapshot"] > by_key["liabilities"]
    assert by_key["exceptions"] > by_key["notes"]
    assert by_key["ledger"] > by_key["schemes"]


def test_dropped_files_are_run_at_once_and_give_three_verdicts(window: MainWindow, files: Files, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        drop(window, *files)
    shown = page(window, "snapshot", SnapshotPage)
    assert shown.verdict_lines.answers == ("Agrees", "1 exception", "2 exceptions")
    assert shown.verdict_lines.isVisible()
    assert chips(window) == ["Agrees", "Exceptions", "Ready", "Exceptions", "Exceptions", "Exceptions", "Ready"]
    assert "demo.porsnap" in window.windowTitle()
    ended(window, qtbot)


def test_a_snapshot_without_trust_store_says_what_is_missing(window: MainWindow, files: Files, qtbot: QtBot) -> None:
    drop(window, files[0])
    assert chips(window)[0] == "Needs attention"
    shown = page(window, "snapshot", SnapshotPage)
    assert "trust store" in shown.waiting.text()
    assert not shown.inputs.run.isEnabled()
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        drop(window, files[1])
    ended(window, qtbot)


def test_a_dropped_file_of_no_snapshot_is_read_as_a_published_proof(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    notes = tmp_path / "notes <b>.txt"
    notes.write_text("no proof at all")
    drop(window, notes)
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=10_000)
    page_shown = window.page
    assert isinstance(page_shown, ProofPage)
    assert page_shown.said.isVisible()
    assert "not recalculated" in page_shown.said.text


def test_file_open_goes_through_a_dialog_and_into_the_recent_list(
    window: MainWindow, files: Files, settings: Settings, qtbot: QtBot
) -> None:
    window.case.use_trust_store(files[1])
    window.menus.open.trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    dialog.setDirectory(str(files[0].parent))
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        dialog.selectFile(files[0].name)
        dialog.fileSelected.emit(str(files[0]))
    dialog.reject()
    assert settings.recent == (files[0],)
    recent = [action.text() for action in window.menus._recent.actions()]
    assert recent[0].startswith("demo.porsnap")
    ended(window, qtbot)


def test_a_refused_snapshot_is_told_plainly_and_offers_no_key(
    make_window: MakeWindow, files: Files, qtbot: QtBot
) -> None:
    window = make_window(fakes.refuses)
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)
    shown = page(window, "snapshot", SnapshotPage)
    assert "NOT AUTHENTIC" in shown.refused.text
    assert "second channel" in shown.refused.text
    assert shown.reasons.model.rowCount() == 2
    words = [action.text().lower() for action in window.findChildren(QAction)]
    assert not [word for word in words if "trust this" in word]
    assert page(window, "findings", FindingsPage).findings.model.rowCount() == 2
    covered = page(window, "coverage", CoveragePage)
    assert covered.empty.isVisible()
    assert not window.menus.export.isEnabled()
    ended(window, qtbot)


def test_an_unusable_file_gives_its_sentence(make_window: MakeWindow, files: Files, qtbot: QtBot) -> None:
    window = make_window(fakes.unusable)
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)
    assert "Permission denied" in page(window, "snapshot", SnapshotPage).failed.text
    assert chips(window)[0] == "Needs attention"
    ended(window, qtbot)


def test_a_defect_is_shown_with_its_trace(make_window: MakeWindow, files: Files, qtbot: QtBot) -> None:
    window = make_window(fakes.breaks)
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    assert "a slip" in box.detailedText()
    box.accept()
    ended(window, qtbot)


def test_a_run_shows_progress_and_escape_cancels_it_at_once(
    make_window: MakeWindow, files: Files, qtbot: QtBot
) -> None:
    window = make_window(fakes.never_ends)
    window.open_together(*files)
    with qtbot.waitSignal(window.case.progressed, timeout=5000):
        pass
    assert window.strip.isVisible()
    qtbot.waitUntil(lambda: "Running" in chips(window)[0] and "%" in chips(window)[0], timeout=5000)
    began = time.monotonic()
    with qtbot.waitSignal(window.case.run_ended, timeout=2000):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert time.monotonic() - began < 0.5
    assert not window.strip.isVisible()
    assert chips(window)[0] == "Ready"
    ended(window, qtbot)


def test_closing_during_work_waits_for_the_thread(make_window: MakeWindow, files: Files, qtbot: QtBot) -> None:
    window = make_window(fakes.never_ends)
    before = threading.active_count()
    window.open_together(*files)
    with qtbot.waitSignal(window.case.progressed, timeout=5000):
        pass
    with qtbot.waitSignal(window.closed, timeout=5000):
        window.close()
    assert not window.runner.busy
    assert threading.active_count() <= before
    assert not window.isVisible()


def test_what_a_timer_asks_for_while_the_window_closes_never_begins(
    make_window: MakeWindow, files: Files, qtbot: QtBot
) -> None:
    window = make_window(fakes.never_ends)
    window.open_together(*files)
    with qtbot.waitSignal(window.case.progressed, timeout=5000):
        pass
    with qtbot.waitSignal(window.closed, timeout=5000):
        window.close()
        assert window.runner.busy
        window.runner.make(partial(fakes.never_ends, window.case.inputs.request()), "Too late").start()
    assert not window.runner.busy


def test_a_changed_input_turns_its_steps_out_of_date_until_the_next_run(performed: MainWindow, qtbot: QtBot) -> None:
    shown = page(performed, "liabilities", LiabilitiesPage)
    performed.case.type_root("spot", "ab" * 16)
    assert performed.case.status(Step.LIABILITIES).state is StepState.OUT_OF_DATE
    assert performed.case.status(Step.RESERVES).state is StepState.EXCEPTIONS
    assert "Out of date" in shown.banner.text
    assert shown.banner.isVisible()
    assert not performed.menus.export.isEnabled()
    with qtbot.waitSignal(performed.case.run_ended, timeout=5000):
        qtbot.keyClick(performed, Qt.Key.Key_F5)
    assert performed.case.status(Step.LIABILITIES).state is StepState.EXCEPTIONS
    assert not shown.banner.isVisible()
    ended(performed, qtbot)


def test_a_root_typed_from_the_website_is_compared(performed: MainWindow, qtbot: QtBot) -> None:
    shown = page(performed, "liabilities", LiabilitiesPage)
    shown.roots.typed.setFocus()
    qtbot.keyClicks(shown.roots.typed, "xyz")
    assert shown.roots.typed.property("verdict") == "invalid"
    shown.roots.typed.clear()
    root = performed.case.audit.commitments[0].published  # type: ignore[union-attr]
    with qtbot.waitSignal(performed.case.run_ended, timeout=5000):
        qtbot.keyClicks(shown.roots.typed, f"0x{root.upper()[:8]} {root[8:]}")
        qtbot.keyClick(shown.roots.typed, Qt.Key.Key_Return)
    assert performed.case.inputs.published_roots == (("spot", root),)
    assert shown.roots._typed_chip.text == "Agrees"
    assert shown.roots.typed.hasFocus()  # the keyboard stays where it was through the run
    ended(performed, qtbot)


def test_every_page_opens_with_its_number(performed: MainWindow, qtbot: QtBot) -> None:
    for at, entry in enumerate(PAGES):
        if entry.keys:
            qtbot.keyClick(performed, getattr(Qt.Key, f"Key_{entry.keys[-1]}"), ALT)
            assert performed.page.entry is entry
            assert performed.rail.currentIndex().row() == at
    assert [entry.keys for entry in PAGES if entry.step] == [f"Alt+{number}" for number in range(1, 8)]
    ended(performed, qtbot)


def test_f6_goes_round_the_panes(performed: MainWindow, qtbot: QtBot) -> None:
    performed.go_to("findings")
    performed.rail.setFocus()
    qtbot.keyClick(performed, Qt.Key.Key_F6)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert performed.page.isAncestorOf(focused)
    qtbot.keyClick(performed, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is performed.rail


def test_ctrl_f_goes_to_the_filter_and_ctrl_g_to_a_row(performed: MainWindow, qtbot: QtBot) -> None:
    shown = page(performed, "reserves", object)
    qtbot.keyClick(performed, Qt.Key.Key_F, CTRL)
    assert QApplication.focusWidget() is shown.addresses.field  # type: ignore[attr-defined]
    performed.go_to_row()
    dialog = QApplication.activeModalWidget()
    assert dialog is not None
    dialog.findChild(QLineEdit).setText("9")
    dialog.accept()  # type: ignore[attr-defined]
    index = shown.addresses.view.currentIndex()  # type: ignore[attr-defined]
    assert shown.addresses.model.item(index) == list(shown.addresses.model.shown_rows())[8]  # type: ignore[attr-defined]


def test_a_finding_leads_to_its_page(performed: MainWindow, qtbot: QtBot) -> None:
    shown = page(performed, "findings", FindingsPage)
    assert shown.findings.model.row_at(0).severity.value == "exception", "those that count stand first"
    shown.findings.field.setText("code=RESERVE.SHORTFALL")
    qtbot.waitUntil(lambda: shown.findings.model.rowCount() == 1)
    shown.findings.go_to(0)
    assert shown.detail._parts["Expected"].text() == "141233.918200000000000000"
    qtbot.mouseClick(shown.detail.go, Qt.MouseButton.LeftButton)
    assert performed.page.entry.key == "coverage"
    ended(performed, qtbot)


def test_hidden_amounts_are_hidden_on_every_page(performed: MainWindow, qtbot: QtBot) -> None:
    covered = page(performed, "coverage", CoveragePage)
    performed.menus.hide_amounts.trigger()
    assert covered.coverage.model.index(0, 4).data() == "•••"
    found = page(performed, "findings", FindingsPage)
    assert "12 500.00" not in found.detail._message.text()
    assert "•••" in found.detail._message.text()
    assert performed.settings.hide_amounts
    performed.menus.hide_amounts.trigger()
    assert "12 500.00" in found.detail._message.text()
    ended(performed, qtbot)


def test_the_chart_is_the_cores_figure_and_follows_the_theme(performed: MainWindow, qtbot: QtBot) -> None:
    covered = page(performed, "coverage", CoveragePage)
    qtbot.waitUntil(lambda: not covered.chart.image.isNull(), timeout=20_000)
    assert "ETH 99.9912 percent, shortfall" in covered.chart.accessibleDescription()
    assert covered.chart.image.pixelColor(1, 1).lightness() > 200
    performed.use_appearance(theme.Appearance.DARK)
    qtbot.waitUntil(lambda: covered.chart.image.pixelColor(1, 1).lightness() < 100, timeout=20_000)
    ended(performed, qtbot)


def test_a_report_is_previewed_and_written(performed: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    shown = page(performed, "report", ReportPage)
    shown.date.setText("2026-13-01")
    assert not shown.save.isEnabled()
    shown.date.setText("2026-11-30")
    with qtbot.waitSignal(shown.pages.page_shown, timeout=20_000):
        qtbot.mouseClick(shown.preview, Qt.MouseButton.LeftButton)
    assert shown.pages.pages == 2
    with qtbot.waitSignal(shown.pages.page_shown, timeout=5000):
        qtbot.mouseClick(shown.pages._next, Qt.MouseButton.LeftButton)
    assert shown.pages._spin.value() == 2
    shown.date.setFocus()
    qtbot.keyClick(shown.date, Qt.Key.Key_E, CTRL)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    dialog.reject()
    with qtbot.waitSignal(shown.pages.page_shown, timeout=20_000):
        shown.export_to(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert performed.case.status(Step.REPORT).state is StepState.EXCEPTIONS
    ended(performed, qtbot)


def test_a_sample_is_planned_while_typing(performed: MainWindow, qtbot: QtBot) -> None:
    shown = page(performed, "sample", SamplePage)
    qtbot.waitUntil(lambda: shown.plan.planned is not None, timeout=20_000)
    assert shown.plan._size.text() == "59 items"
    shown.plan.tolerable.setText("1%")
    qtbot.waitUntil(lambda: shown.plan._size.text().startswith("29"), timeout=5000)
    shown.plan.tolerable.setText("101")
    qtbot.waitUntil(lambda: "no rate" in shown.plan._why_not.text(), timeout=5000)
    ended(performed, qtbot)


def test_randomness_is_asked_for_only_after_the_commitment(performed: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    shown = page(performed, "sample", SamplePage)
    shown.tabs.setCurrentWidget(shown.select)
    assert not shown.select.draw.isEnabled()
    record = tmp_path / "record.json"
    record.write_text("{}")
    performed.case.commit_sample(record)
    assert performed.case.status(Step.SAMPLE).state is StepState.NEEDS_ATTENTION
    assert shown.select.draw.isEnabled()
    shown.select.source.setCurrentIndex(2)
    shown.select.randomness.setText("1" * 20)
    with qtbot.waitSignal(performed.case.run_ended, timeout=5000):
        qtbot.mouseClick(shown.select.draw, Qt.MouseButton.LeftButton)
    assert performed.case.inputs.sample is not None
    assert performed.case.inputs.sample.randomness == "dice:" + "1" * 20
    qtbot.waitUntil(lambda: shown.execute.items.model.rowCount() == 59, timeout=5000)
    ended(performed, qtbot)


def test_a_file_that_changed_on_disk_is_noticed(performed: MainWindow, files: Files) -> None:
    files[2].write_text("other evidence")
    performed.case.look_at_files_again()
    assert performed.case.status(Step.COVERAGE).state is StepState.OUT_OF_DATE
    assert performed.case.status(Step.SNAPSHOT).state is StepState.AGREES


def test_another_snapshot_begins_another_case(performed: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    performed.case.type_root("spot", "ab" * 16)
    other = tmp_path / "other.porsnap"
    other.write_text("y")
    with qtbot.waitSignal(performed.case.run_ended, timeout=5000):
        performed.open_snapshot(other)
    inputs = performed.case.inputs
    assert inputs.published_roots == ()
    assert inputs.evidence is None
    assert inputs.trust_store is not None
    ended(performed, qtbot)


def test_file_text_is_shown_literally_everywhere(make_window: MakeWindow, files: Files, qtbot: QtBot) -> None:
    window = make_window(fakes.performs(fakes.hostile_audit))
    with qtbot.waitSignal(window.case.run_ended, timeout=5000):
        window.open_together(*files)
    for entry in PAGES:
        window.go_to(entry.key)
    ended(window, qtbot)
    labels = window.findChildren(QLabel)
    assert len(labels) > 80
    assert [item.text() for item in labels if item.textFormat() is not Qt.TextFormat.PlainText] == []
    shown = [item.text() for item in labels if "<b>bold</b>" in item.text()]
    assert shown, "the hostile text is on screen as it is"
    assert not [text for text in shown if "\u202e" in text]
    tips = [widget.toolTip() for widget in window.findChildren(QWidget) if widget.toolTip()]
    assert not [tip for tip in tips if "<b>bold" in tip or "<img" in tip]


def test_every_control_has_an_accessible_name(performed: MainWindow, qtbot: QtBot) -> None:
    performed.case.type_root("spot", "ab" * 16)
    for entry in PAGES:
        performed.go_to(entry.key)
    performed.pin_key()
    ended(performed, qtbot)
    nameless = [
        f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"
        for top in QApplication.topLevelWidgets()
        for widget in [top, *top.findChildren(QWidget)]
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]
    assert nameless == []
    dialog = QApplication.activeModalWidget()
    assert dialog is not None
    dialog.close()


class _Windows(QObject):
    """Names every widget that is shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(type(watched).__name__)
        return False


def test_no_part_of_a_page_flashes_up_as_a_window(performed: MainWindow, qtbot: QtBot) -> None:
    application, windows = QApplication.instance(), _Windows()
    assert application is not None
    application.installEventFilter(windows)
    for entry in PAGES:
        performed.go_to(entry.key)
    performed.case.type_root("spot", "ab" * 16)
    ended(performed, qtbot)
    application.removeEventFilter(windows)
    assert windows.shown == []
    assert performed.isActiveWindow()


def test_an_accessible_rail_says_number_and_state(performed: MainWindow) -> None:
    said = performed.rail.model().index(2, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "Liabilities, 2 of 7: Exceptions"


@pytest.mark.parametrize("chosen", [theme.LIGHT, theme.DARK])
def test_every_pair_of_colours_can_be_read(chosen: theme.Theme) -> None:
    pairs = [(pair.text, pair.fill) for pair in chosen.tones.values()]
    pairs += [(chosen.text, chosen.surface), (chosen.muted, chosen.surface), (chosen.muted, chosen.window)]
    pairs += [(chosen.muted, chosen.sunken), (chosen.on_accent, chosen.accent), (chosen.accent, chosen.surface)]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def contrast(first: str, second: str) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_keyboard_is_explained_in_two_columns(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, WordsDialog)
    said = [item.text() for item in dialog.findChildren(QLabel)]
    assert said[said.index("Ctrl+M") + 1] == "tickmark on the selected row"
    assert all(item.textFormat() is Qt.TextFormat.PlainText for item in dialog.findChildren(QLabel))
    dialog.reject()
