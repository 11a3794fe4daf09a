"""The open engagement in the window: who holds it, what is entered, what is told, and what is not lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from auditor_app.engagement import actions
from auditor_app.engagement.file import EngagementFile, open_for_writing
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import Person
from auditor_app.errors import AuditError, EngagementError
from auditor_app.operation import CancelToken
from tests.ui import fakes
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import Files, choose, dialog_of, opened, papers, performed, settled, with_inputs
from tests.unit.engagement import books
from ui.dialogs.engagement import AmendmentDialog, NewEngagementDialog, WhoActsDialog
from ui.main_window import MainWindow


def on_disk(window: MainWindow, question: Callable[[Papers], object]) -> object:
    """What another process would read."""
    code = "import sys,pathlib;from auditor_app.engagement.file import open_for_reading as o;print(o(pathlib.Path(sys.argv[1])).papers.head.length)"
    done = subprocess.run([sys.executable, "-c", code, str(window.binder.path)], capture_output=True, text=True, check=True, timeout=60)  # fmt: skip
    assert int(done.stdout) == papers(window).head.length
    return question(papers(window))


def test_one_person_acts_and_an_entry_is_on_the_disk(engaged: MainWindow, qtbot: QtBot) -> None:
    assert engaged.binder.author == books.PREPARER
    with qtbot.waitSignal(engaged.binder.recorded, timeout=30_000):
        engaged.binder.record(books.exception())
    assert on_disk(engaged, lambda now: [line.item for line in now.exceptions]) == ["asset BTC"]


def test_nothing_is_entered_before_somebody_is_chosen(staffed: MainWindow, qtbot: QtBot) -> None:
    dialog_of(WhoActsDialog, qtbot).reject()
    staffed.binder.record(books.exception())
    assert not staffed.binder.busy
    choose(staffed, books.REVIEWER, qtbot)
    settled(staffed, qtbot)
    assert papers(staffed).exceptions[0].raised.person == books.REVIEWER
    assert staffed.settings.actor(papers(staffed).identity) == books.REVIEWER


def test_whoever_acted_last_acts_again(staffed: MainWindow, qtbot: QtBot) -> None:
    choose(staffed, books.PARTNER, qtbot)
    path = staffed.binder.path
    assert path is not None
    staffed.engagement.close()
    assert staffed.binder.papers is None
    opened(staffed, path, qtbot)
    assert staffed.binder.author == books.PARTNER


def test_cleared_sign_offs_are_told(engaged: MainWindow, qtbot: QtBot) -> None:
    binder = engaged.binder
    binder.record(actions.AddPerson(person=Person(name=books.REVIEWER, roles=("reviewer",))))
    binder.record(actions.SignOff(role="preparer"))
    settled(engaged, qtbot)
    binder.act_as(books.REVIEWER)
    binder.record(actions.SignOff(role="reviewer"))
    settled(engaged, qtbot)
    binder.act_as(books.PREPARER)
    binder.record(books.exception())
    settled(engaged, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "Reviewer: R. Eviewer" in box.text()
    assert "Preparer" not in box.text().replace("P. Reparer", "")
    box.close()


def test_a_run_is_entered_once_and_found_again(engaged: MainWindow, files: Files, qtbot: QtBot) -> None:
    performed(engaged, files, qtbot)
    note = engaged.binder.note_of(engaged.case.audit)
    run_entry = papers(engaged).runs[0].stamp.entry
    assert note is not None
    assert (note.entry, note.text) == (run_entry, f"Recorded as journal entry {run_entry}")
    assert engaged.page._entry_note.text() == note.text
    with qtbot.waitSignal(engaged.case.run_ended, timeout=30_000):
        qtbot.keyClick(engaged, Qt.Key.Key_F5)
    settled(engaged, qtbot)
    assert len(papers(engaged).runs) == 1
    assert engaged.binder.note_of(engaged.case.audit) == note
    files[2].write_text("other evidence")
    engaged.case.use_evidence(files[2])
    with qtbot.waitSignal(engaged.case.run_ended, timeout=30_000):
        qtbot.keyClick(engaged, Qt.Key.Key_F5)
    settled(engaged, qtbot)
    assert engaged.binder.note_of(engaged.case.audit).entry is None  # type: ignore[union-attr]
    assert "no longer the file that was added" in engaged.binder.note_of(engaged.case.audit).text  # type: ignore[union-attr]


def test_opening_brings_the_last_run_back_without_a_new_entry(
    engaged: MainWindow, files: Files, make_window: MakeWindow, qtbot: QtBot
) -> None:
    performed(engaged, files, qtbot)
    path, head = engaged.binder.path, papers(engaged).head
    assert path is not None
    engaged.close()
    other = make_window(fakes.performs(with_inputs))
    with qtbot.waitSignal(other.case.run_ended, timeout=30_000):
        other.engagement.open_file(path)
    settled(other, qtbot)
    assert other.case.inputs.snapshot is not None
    assert other.case.inputs.snapshot.path == files[0]
    assert other.case.inputs.trusted_time is None
    assert papers(other).head == head
    assert other.binder.note_of(other.case.audit).entry == papers(other).runs[0].stamp.entry  # type: ignore[union-attr]


def test_a_run_from_before_is_not_entered_behind_ones_back(
    make_window: MakeWindow, files: Files, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window(fakes.performs(with_inputs))
    performed(window, files, qtbot)
    assert window.binder.note_of(window.case.audit) is None
    opened(window, books.new(tmp_path), qtbot)
    assert papers(window).runs == ()
    assert "before the engagement was opened" in window.binder.note_of(window.case.audit).text  # type: ignore[union-attr]


def test_a_run_waits_for_the_person(staffed: MainWindow, files: Files, qtbot: QtBot) -> None:
    dialog_of(WhoActsDialog, qtbot).reject()
    performed(staffed, files, qtbot)
    assert "nobody was chosen" in staffed.binder.note_of(staffed.case.audit).text  # type: ignore[union-attr]
    staffed.binder.act_as(books.PREPARER)
    settled(staffed, qtbot)
    assert [item.stamp.person for item in papers(staffed).runs] == [books.PREPARER]


def test_another_process_writes_so_this_window_reads(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = books.new(tmp_path)
    code = "import sys,pathlib;from auditor_app.engagement.file import open_for_writing as o;b=o(pathlib.Path(sys.argv[1]));print('in',flush=True);sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        window = make_window()
        opened(window, path, qtbot)
        other.communicate()
    assert not window.binder.writable
    assert "another process is writing" in window.binder.why_read_only.lower()
    told: list[AuditError] = []
    window.binder.record(books.exception(), failed=told.append)
    assert "another process" in told[0].sentence().lower()
    assert window.binder.author == ""


def test_a_locked_engagement_asks_what_and_why(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.binder.record(actions.Lock(reason="delivered"))
    settled(engaged, qtbot)
    engaged.binder.record(books.exception())
    dialog = dialog_of(AmendmentDialog, qtbot)
    assert not dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.what, "a late exception")
    qtbot.keyClicks(dialog.reason, "confirmation came late")
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    settled(engaged, qtbot)
    assert [item.amendment.why for item in papers(engaged).amendments] == ["confirmation came late"]


def test_a_new_engagement_from_the_menu(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window()
    monkeypatch.setattr("ui.prompts.save_file", lambda *args: args[-1](tmp_path / "acme.engagement"))
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of(NewEngagementDialog, qtbot)
    qtbot.keyClicks(dialog.client, "Acme <b>Exchange</b>")
    qtbot.keyClicks(dialog.person, "A. Auditor")
    assert not dialog.yes.isEnabled()
    qtbot.mouseClick(dialog.choose, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    settled(window, qtbot)
    assert papers(window).terms.client == "Acme <b>Exchange</b>"
    assert window.settings.recent_engagements == (tmp_path / "acme.engagement",)


def test_the_file_of_a_new_engagement_may_be_typed(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window = make_window()
    window.engagement.new()
    dialog = dialog_of(NewEngagementDialog, qtbot)
    qtbot.keyClicks(dialog.client, "Acme")
    qtbot.keyClicks(dialog.person, "A. Auditor")
    for typed, said in (
        ("/", "Choose where"),
        ("here", "no such folder"),
        (str(tmp_path / "no folder" / "x"), "no such folder"),
    ):
        dialog.file.clear()
        qtbot.keyClicks(dialog.file, typed)
        assert said in dialog.why.text()
    (tmp_path / "there.engagement").touch()
    dialog.file.setText(str(tmp_path / "there"))
    assert "there already" in dialog.why.text()
    assert not dialog.yes.isEnabled()
    dialog.file.setText(str(tmp_path / "typed"))
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    settled(window, qtbot)
    assert window.binder.path == tmp_path / "typed.engagement"


def a_database() -> bytes:
    """Of another program."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE note (text)")
        return connection.serialize()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (a_database(), "another program"),
        (b"SQLite format 3\x00" + b"x" * 200, "no engagement file"),
        (b"short", ""),
        (b"", ""),
    ],
)
def test_a_foreign_file_is_refused_in_a_sentence(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot, content: bytes, said: str
) -> None:
    path = tmp_path / "foreign.engagement"
    path.write_bytes(content)
    window = make_window()
    window.engagement.open_file(path)
    settled(window, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert said in box.text()
    assert "Traceback" not in box.text()
    assert window.binder.papers is None
    box.close()


def test_closing_lets_go_of_the_file_at_once(engaged: MainWindow, qtbot: QtBot) -> None:
    path = engaged.binder.path
    assert path is not None
    engaged.engagement.close()
    open_for_writing(path).close()


def test_cancelling_an_opening_leaves_no_lock(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path, window = books.new(tmp_path), make_window()
    window.engagement.open_file(path)
    window.binder.close()
    settled(window, qtbot)
    assert window.binder.papers is None
    open_for_writing(path).close()


def test_a_killed_window_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    code = f"""
import os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from tests.unit.engagement import books
from ui.application import make_application
from ui.main_window import MainWindow
from ui.settings import Settings
settings = Settings(Path({str(tmp_path / "w.ini")!r}))
application = make_application(settings)
window = MainWindow(settings)
window.binder.opened.connect(lambda: [window.binder.record(books.exception(f"item {{n}}")) for n in range(400)])
window.binder.recorded.connect(lambda done: print(done.head.length, flush=True))
QTimer.singleShot(0, lambda: window.binder.open(Path({str(path)!r})))
application.exec()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}) as process:  # fmt: skip
        assert process.stdout is not None
        told = 0
        for line in process.stdout:
            told = int(line)
            if told >= 25:
                break
        process.kill()
    with open_for_writing(path) as book:
        assert told <= book.papers.head.length <= told + 2
        assert [line.item for line in book.papers.exceptions] == [
            f"item {n}" for n in range(book.papers.head.length - 1)
        ]


def test_work_that_reads_and_work_that_enters_take_turns(engaged: MainWindow, qtbot: QtBot) -> None:
    order: list[str] = []

    def reading(book: EngagementFile, token: CancelToken):  # type: ignore[no-untyped-def]
        yield from ()
        order.append(f"read {book.papers.head.length}")

    engaged.binder.record(books.exception("one"))
    engaged.binder.read("Reading", reading, lambda _: order.append("told"), ended=lambda: order.append("ended"))
    engaged.binder.record(books.exception("two"))
    settled(engaged, qtbot)
    assert order == ["read 2", "told", "ended"]
    assert papers(engaged).head.length == 3


def test_a_reader_sees_what_another_process_wrote(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = books.new(tmp_path)
    window = make_window()
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.binder.open(path, writing=False)
    settled(window, qtbot)
    with open_for_writing(path) as other:
        other.record(books.act(books.exception("from elsewhere")))
    window.binder.look_again()
    settled(window, qtbot)
    assert [line.item for line in papers(window).exceptions] == ["from elsewhere"]
    assert not window.binder.writable


def test_a_file_that_was_replaced_is_not_written_to_silently(engaged: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = engaged.binder.path
    assert path is not None
    path.rename(tmp_path / "away.engagement")
    engaged.binder.look_again()
    box = dialog_of(QMessageBox, qtbot)
    assert "moved, deleted or replaced" in box.text()
    assert engaged.binder.papers is None
    box.close()


def test_a_run_is_entered_as_an_amendment_where_somebody_asks(engaged: MainWindow, files: Files, qtbot: QtBot) -> None:
    engaged.binder.record(actions.Lock(reason="delivered"))
    settled(engaged, qtbot)
    performed(engaged, files, qtbot)
    page = engaged.go_to("liabilities")
    assert page._entry_note.text() == "Not recorded: the engagement is locked"
    assert papers(engaged).runs == ()
    qtbot.mouseClick(page._record, Qt.MouseButton.LeftButton)
    dialog = dialog_of(AmendmentDialog, qtbot)
    qtbot.keyClicks(dialog.what, "another run")
    qtbot.keyClicks(dialog.reason, "new evidence")
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    settled(engaged, qtbot)
    assert len(papers(engaged).runs) == 1
    assert page._entry_note.text().startswith("Recorded as journal entry")
    assert not page._record.isVisible()


def test_a_medium_that_cannot_be_written_to_is_read(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = books.new(tmp_path)

    def refuses(path: Path) -> EngagementFile:
        raise EngagementError("OUTPUT.WRITE", "the engagement file may not be written here")

    monkeypatch.setattr("ui.engagement_work.open_for_writing", refuses)
    window = make_window()
    opened(window, path, qtbot)
    assert not window.binder.writable
    assert "may not be written here" in window.binder.why_read_only
    assert papers(window).terms.client == "Example Exchange Ltd"


def test_a_page_says_what_stands_on_it(engaged: MainWindow, files: Files, qtbot: QtBot) -> None:
    performed(engaged, files, qtbot)
    engaged.binder.record(
        actions.OpenNote(paper="D4", text="?"),
        actions.DefineTickmark(mark="TB", meaning="traced"),
        actions.ApplyTickmark(mark="TB", paper="D5", item="fund"),
    )
    settled(engaged, qtbot)
    page = engaged.go_to("coverage")
    assert page._attached.text() == "1 open note, 1 tickmark"
    assert [table._paper.text() for table in page.tables()] == ["D4–D5"] * len(page.tables())
    qtbot.mouseClick(page._attached, Qt.MouseButton.LeftButton)
    assert engaged.page.entry.key == "notes"
    assert not engaged.go_to("liabilities")._attached.isVisible()


def test_opening_never_enters_a_run_by_itself(
    engaged: MainWindow, files: Files, make_window: MakeWindow, qtbot: QtBot
) -> None:
    performed(engaged, files, qtbot)
    engaged.binder.record(actions.SignOff(role="preparer"))
    settled(engaged, qtbot)
    path, head = engaged.binder.path, papers(engaged).head
    assert path is not None
    engaged.close()
    files[1].write_text("a trust store with another key")
    other = make_window(fakes.performs(with_inputs))
    with qtbot.waitSignal(other.case.run_ended, timeout=30_000):
        other.engagement.open_file(path)
    settled(other, qtbot)
    assert papers(other).head == head
    page = other.go_to("liabilities")
    assert page._entry_note.text() == "Not recorded: it came out otherwise than any run in the journal"
    qtbot.mouseClick(page._record, Qt.MouseButton.LeftButton)
    settled(other, qtbot)
    assert len(papers(other).runs) == 2


def test_inputs_that_are_gone_are_named_when_the_file_is_opened(
    engaged: MainWindow, files: Files, make_window: MakeWindow, qtbot: QtBot
) -> None:
    performed(engaged, files, qtbot)
    path = engaged.binder.path
    assert path is not None
    engaged.close()
    files[2].unlink()
    other = make_window(fakes.performs(with_inputs))
    opened(other, path, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "demo.porevidence" in box.text()
    assert "demo.porsnap" not in box.text()
    box.close()


def test_commands_that_enter_are_disabled_for_a_reader(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window = make_window()
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.binder.open(books.new(tmp_path), writing=False)
    settled(window, qtbot)
    assert not window.menus.lock.isEnabled()
    assert not any(action.isEnabled() for action in window.menus._writing)
    assert all(action.isEnabled() for action in window.menus._with_engagement)


def test_a_dropped_engagement_is_opened_and_offered_again(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path, window = books.new(tmp_path), make_window()
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.take_files([path])
    settled(window, qtbot)
    recent = [action.text() for action in window.menus._recent_engagements.actions()]
    assert recent[0].startswith("book.engagement")
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.binder.papers is None
    assert not window.page.content.isVisible()
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.menus._recent_engagements.actions()[0].trigger()
    settled(window, qtbot)
    assert papers(window).terms.client == "Example Exchange Ltd"
