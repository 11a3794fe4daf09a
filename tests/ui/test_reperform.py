"""File → Re-perform: a real package repeated in the window, with its inputs, without one, and with a forged result."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from auditor_app.cli.main import main
from auditor_app.engagement.file import open_for_reading
from auditor_app.fileroom.package import export
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import dialog_of, settled
from tests.unit.cli.test_sample import folder  # noqa: F401 - the fixture
from tests.unit.snapshot import samples
from ui.dialogs.reperform import ReperformDialog
from ui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
BY = ("--by", "P. Reparer")


@pytest.fixture
def package(folder: Path) -> Path:  # noqa: F811
    """An engagement with a run and a draft report, as its package."""
    book, trust = folder / "book.engagement", folder / "trust.json"
    snapshot = folder / "good.porsnap"
    main([*map(str, ("engagement", "new", book, "--client", "Example Exchange Ltd", "--standard", "isrs-4400", *BY))])
    run = ("verify", snapshot, "--trust", trust, "--trusted-time", samples.NOW, "--engagement", book, *BY)
    assert main([*map(str, run)]) == 1
    with open_for_reading(book) as opened:
        export(opened, folder / "package.zip")
    return folder / "package.zip"


def asked(window: MainWindow, package: Path, inputs: Path, qtbot: QtBot) -> ReperformDialog:
    """The dialog from its menu, filled in."""
    action = next(item for item in window.findChildren(QAction) if item.text() == "&Re-perform…")
    action.trigger()
    dialog = dialog_of(ReperformDialog, qtbot)
    assert not dialog.start_button.isEnabled()
    dialog.package.use(package)
    dialog.trust.use(package.parent / "trust.json")
    dialog.folder.use(inputs)
    qtbot.mouseClick(dialog.start_button, LEFT)
    qtbot.waitUntil(dialog.verdict.isVisible, timeout=60_000)
    return dialog


def test_a_package_comes_out_the_same(make_window: MakeWindow, package: Path, qtbot: QtBot) -> None:
    window = make_window()
    dialog = asked(window, package, package.parent, qtbot)
    assert "Everything came out the same" in dialog.verdict.text
    assert [item.status for item in dialog.outcome.repeated] == ["same"]  # type: ignore[union-attr]
    assert dialog.repeated.model.rowCount() == 1
    assert dialog.places.isHidden()
    assert dialog.start_button.isEnabled()
    dialog.reject()
    settled(window, qtbot)


def test_a_missing_input_is_not_re_performed(
    make_window: MakeWindow, package: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    empty = tmp_path / "empty"
    empty.mkdir()
    dialog = asked(window, package, empty, qtbot)
    assert "1 were not re-performed" in dialog.verdict.text
    assert "good.porsnap is not in the folder" in dialog.outcome.repeated[0].reason  # type: ignore[union-attr]
    dialog.reject()
    settled(window, qtbot)


def test_another_trust_store_gives_a_difference_that_is_listed(
    make_window: MakeWindow, package: Path, qtbot: QtBot
) -> None:
    """Keys of the package's own store are not used: a store without them refuses the run."""
    window = make_window()
    (package.parent / "trust.json").write_text("{}", encoding="utf-8")
    dialog = asked(window, package, package.parent, qtbot)
    assert "differ" in dialog.verdict.text
    assert dialog.places.isVisible()
    assert dialog.places.model.rowCount() >= 1
    assert "trust store used here is not the one" in dialog.notes.text()
    dialog.reject()
    settled(window, qtbot)


def test_what_is_no_package_is_told(make_window: MakeWindow, package: Path, qtbot: QtBot) -> None:
    window = make_window()
    package.write_bytes(b"PK no package")
    dialog = asked(window, package, package.parent, qtbot)
    assert "could not be re-performed" in dialog.verdict.text
    dialog.reject()
    settled(window, qtbot)
