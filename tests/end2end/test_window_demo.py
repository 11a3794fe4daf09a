"""The real program in the real window: from opening the demo's file to a report on disk."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from auditor_app.aside import Aside
from auditor_app.demo.build import TRUSTED_TIME, DemoFiles, build_demo
from auditor_app.operation import CancelToken, run
from ui import theme
from ui.main_window import MainWindow
from ui.pages.coverage import CoveragePage
from ui.pages.liabilities import LiabilitiesPage
from ui.pages.report import ReportPage
from ui.pages.sample import SamplePage
from ui.pages.snapshot import SnapshotPage
from ui.session import Step, StepState
from ui.settings import Settings


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    folder = tmp_path_factory.mktemp("demo")
    run(build_demo(folder, CancelToken()))
    return DemoFiles.of(folder)


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    theme.load_fonts()
    theme.apply(qapp, theme.LIGHT)
    made = MainWindow(Settings(tmp_path / "window.ini"), aside=Aside())
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    yield made
    made.runner.retire()
    qtbot.waitUntil(lambda: not made.runner.busy, timeout=20_000)
    made.close()
    made.runner.shut_down()


def opened(window: MainWindow, demo: DemoFiles, qtbot: QtBot) -> MainWindow:
    window.case.open_snapshot(demo.snapshot)
    window.case.type_held_values(nonce=None, previous=None, trusted_time=TRUSTED_TIME)
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        window.open_together(None, demo.trust_store, demo.evidence)
    return window


def test_from_the_file_to_a_report_on_disk(window: MainWindow, demo: DemoFiles, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, demo, qtbot)
    snapshot = window.go_to("snapshot")
    assert isinstance(snapshot, SnapshotPage)
    assert snapshot.verdict_lines.answers == ("Agrees", "1 exception", "5 exceptions")
    assert snapshot.signers.model.rowCount() == 2

    liabilities = window.go_to("liabilities")
    assert isinstance(liabilities, LiabilitiesPage)
    root = window.case.audit.commitments[0].published  # type: ignore[union-attr]
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        qtbot.keyClicks(liabilities.roots.typed, root)
        qtbot.keyClick(liabilities.roots.typed, Qt.Key.Key_Return)
    assert window.case.audit.commitments[0].typed_match is True  # type: ignore[union-attr]

    coverage = window.go_to("coverage")
    assert isinstance(coverage, CoveragePage)
    qtbot.waitUntil(lambda: not coverage.chart.image.isNull(), timeout=30_000)
    assert "shortfall" in coverage.chart.accessibleDescription()

    report = window.go_to("report")
    assert isinstance(report, ReportPage)
    report.date.setText("2023-09-20")
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    target = tmp_path / "report.pdf"
    with qtbot.waitSignal(report.pages.page_shown, timeout=60_000):
        dialog.fileSelected.emit(str(target))
    dialog.reject()
    assert target.read_bytes().startswith(b"%PDF-")
    assert report.pages.pages > 5
    assert window.case.status(Step.REPORT).state is StepState.EXCEPTIONS


def test_a_sample_from_plan_to_items(window: MainWindow, demo: DemoFiles, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, demo, qtbot)
    sample = window.go_to("sample")
    assert isinstance(sample, SamplePage)
    qtbot.waitUntil(lambda: sample.plan.planned is not None, timeout=30_000)
    sample.tabs.setCurrentWidget(sample.select)
    sample.select.source.setCurrentIndex(2)
    record = tmp_path / "record.json"
    with qtbot.waitSignal(window.case.changed, timeout=30_000):
        sample.select.write_record(record)
    assert record.exists()
    sample.select.randomness.setText("12345612345612345612")
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        qtbot.mouseClick(sample.select.draw, Qt.MouseButton.LeftButton)
    assert window.case.status(Step.SAMPLE).state is StepState.AGREES
    qtbot.waitUntil(lambda: sample.execute.items.model.rowCount() == 59, timeout=30_000)
    assert {shown.item.reached for shown in sample.execute.items.model.rows} == {True}


def test_the_second_process_is_killed_during_a_run_and_the_next_run_is_whole(
    window: MainWindow, demo: DemoFiles, qtbot: QtBot
) -> None:
    aside = window.runner._aside
    assert aside is not None
    opened(window, demo, qtbot)
    first = window.case.audit
    assert first is not None
    assert window.case.run()
    killed = aside.process
    assert killed is not None
    with qtbot.waitSignal(window.case.run_ended, timeout=20_000):
        os.kill(killed, signal.SIGKILL)
    outcome = window.case.outcome
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error.code == "PROGRAM.PROCESS_ENDED"
    snapshot = window.go_to("snapshot")
    assert isinstance(snapshot, SnapshotPage)
    assert "SIGKILL, which the system does when memory runs out" in snapshot.failed.text
    assert outcome.findings == ()
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        assert window.case.run()
    assert window.case.audit == first
    assert aside.process != killed


def test_one_flipped_byte_is_not_authentic(window: MainWindow, demo: DemoFiles, tmp_path: Path, qtbot: QtBot) -> None:
    data = bytearray(demo.snapshot.read_bytes())
    data[len(data) // 2] ^= 1
    changed = tmp_path / "changed.porsnap"
    changed.write_bytes(data)
    window.case.use_trust_store(demo.trust_store)
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        window.open_snapshot(changed)
    snapshot = window.go_to("snapshot")
    assert isinstance(snapshot, SnapshotPage)
    assert "NOT AUTHENTIC" in snapshot.refused.text
    assert not window.menus.export.isEnabled()


def test_the_window_sees_what_the_command_line_sees(window: MainWindow, demo: DemoFiles, qtbot: QtBot) -> None:
    from auditor_app.engagement.audit import perform

    opened(window, demo, qtbot)
    again = run(perform(window.case.inputs.request(), CancelToken()))
    assert window.case.audit is not None
    assert window.case.audit.findings == again.findings
    assert window.case.audit.coverage == again.coverage
