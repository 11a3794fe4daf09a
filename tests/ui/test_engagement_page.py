"""The Engagement page, the exceptions log, notes and tickmarks: every entry by real clicks and keys."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TypeVar, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QTextCharFormat
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from auditor_app.demo.build import demo_key
from auditor_app.engagement import actions
from auditor_app.engagement.file import open_for_writing
from auditor_app.engagement.signed_sign_off import authenticated
from auditor_app.engagement.terms import AgreedProcedure, Person
from auditor_app.fileroom.package import read_package
from auditor_app.snapshot.trust import EMPTY, Provenance, add_key, save_store
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import Files, choose, dialog_of, opened, papers, performed, settled
from tests.ui.fakes import HOSTILE
from tests.unit.engagement import books
from ui.dialogs.check_engagement import CheckEngagementDialog
from ui.dialogs.engagement import AddInputsDialog, AmendmentDialog, LockDialog, WhoActsDialog
from ui.dialogs.exceptions import CloseDialog, RaiseDialog
from ui.dialogs.notes import AnswerDialog, DefineDialog, NoteDialog, TickDialog
from ui.dialogs.sign_off import SignOffDialog
from ui.main_window import MainWindow
from ui.pages.papers_page import PapersPage
from ui.papers.exceptions import ExceptionsPaper
from ui.papers.index import IndexPaper
from ui.papers.inputs import InputsPaper
from ui.papers.journal import JournalPaper
from ui.papers.lock import LockPaper
from ui.papers.notes import NotesPaper
from ui.papers.people import PeoplePaper
from ui.papers.procedures import ProceduresPaper
from ui.papers.sign_offs import SignOffsPaper
from ui.papers.terms import TermsPaper
from ui.papers.tickmarks import TickmarksPaper
from ui.widgets.fields import TypedField
from ui.widgets.passage import Passage
from ui.widgets.prose import Prose

P = TypeVar("P")
CTRL, SHIFT, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier  # fmt: skip


def paper_of(window: MainWindow, key: str, kind: type[P], qtbot: QtBot) -> P:
    """A tab brought to the front, with whatever it reads."""
    page = window.go_to(key)
    assert isinstance(page, PapersPage)
    title = cast("type[PeoplePaper]", kind).title
    found = page.show_paper(title)
    assert isinstance(found, kind)
    settled(window, qtbot)
    return found


def click(target: QPushButton, qtbot: QtBot) -> None:
    assert target.isEnabled(), target.text()
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton)


def act_as(window: MainWindow, name: str) -> None:
    window.binder.act_as(name)


@pytest.fixture
def four(staffed: MainWindow, qtbot: QtBot) -> MainWindow:
    """Four people, the preparer acting."""
    choose(staffed, books.PREPARER, qtbot)
    return staffed


def test_opening_shows_the_page_and_the_rail_says_open(engaged: MainWindow) -> None:
    assert engaged.page.entry.key == "engagement"
    said = engaged.rail.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "Engagement: Open"


def test_without_an_engagement_the_page_offers_one(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_A, ALT)
    page = window.page
    assert page.entry.key == "engagement"
    assert not page.content.isVisible()
    offered = [item.text() for item in page.empty.findChildren(QPushButton)]
    assert offered == ["New engagement…  (Ctrl+N)", "Open engagement…"]


def test_terms_are_recorded_in_one_entry_and_what_is_missing_is_named(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    opened(window, books.new(tmp_path, independence="", scope=""), qtbot)
    paper = paper_of(window, "engagement", TermsPaper, qtbot)
    assert "Not stated yet: scope, independence." in paper.missing.text
    assert paper._marks["independence"].text().startswith("not stated yet")
    assert not paper.record.isEnabled()
    paper.go_to_term("independence")
    qtbot.keyClicks(paper.fields["independence"].edit, "The firm is independent.")  # type: ignore[union-attr]
    field = paper.fields["place"]
    assert isinstance(field, TypedField)
    field.clear()
    qtbot.keyClicks(field, "Zurich")
    qtbot.keyClicks(paper.thresholds.edit, "rate-difference = 0.01 %")
    paper.standard.setCurrentIndex(1)
    assert "not in the journal yet" in paper._state.text()
    click(paper.record, qtbot)
    settled(window, qtbot)
    now = papers(window).terms
    assert (now.independence, now.place, now.standard) == ("The firm is independent.", "Zurich", "at-c-215")
    assert now.thresholds == {"rate-difference": "0.01 %"}
    assert papers(window).head.length == 2
    assert "scope" in paper.missing.text
    assert "independence" not in paper.missing.text
    assert not paper.record.isEnabled()


def test_what_is_being_typed_survives_another_entry(engaged: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(engaged, "engagement", TermsPaper, qtbot)
    field = paper.fields["firm"]
    assert isinstance(field, TypedField)
    field.clear()
    qtbot.keyClicks(field, "Other Firm")
    engaged.binder.record(books.exception())
    settled(engaged, qtbot)
    assert field.text() == "Other Firm"
    click(paper.discard, qtbot)
    assert field.text() == "Example Audit LLP"


def test_a_bad_threshold_is_named_and_not_recorded(engaged: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(engaged, "engagement", TermsPaper, qtbot)
    qtbot.keyClicks(paper.thresholds.edit, "No Equals Sign")
    assert not paper.record.isEnabled()
    assert "name = value" in paper._thresholds_why.text()


def test_the_guard_underlines_while_typing(engaged: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(engaged, "engagement", TermsPaper, qtbot)
    field = paper.fields["purpose"]
    assert isinstance(field, Prose)
    field.set_text("")
    qtbot.keyClicks(field.edit, "we verified that it is solvent")
    assert [item.word for item in field.forbidden] == ["verified", "solvent"]
    marked = list(field.edit.document().firstBlock().layout().formats())
    assert [(item.start, item.length) for item in marked] == [(3, 8), (23, 7)]  # type: ignore[attr-defined]
    assert all(item.format.underlineStyle() is QTextCharFormat.UnderlineStyle.WaveUnderline for item in marked)  # type: ignore[attr-defined]
    assert "verified, solvent" in field.edit.accessibleDescription()
    field.set_text("we inspected and compared")
    assert not field.edit.accessibleDescription()


def test_a_person_joins_and_gets_other_roles(engaged: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(engaged, "engagement", PeoplePaper, qtbot)
    paper.name.insert(HOSTILE)
    paper.roles["reviewer"].click()
    click(paper.record, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).people[-1] == Person(name=HOSTILE, roles=("reviewer",))
    paper.table.select(papers(engaged).people[-1])
    assert paper.record.text() == "Change the roles"
    paper.roles["partner"].click()
    click(paper.record, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).people[-1].roles == ("reviewer", "partner")
    click(paper.act, qtbot)
    assert engaged.binder.author == HOSTILE
    assert engaged.settings.actor(papers(engaged).identity) == HOSTILE


def test_a_procedure_is_reworded_added_and_left_out_with_a_reason(engaged: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(engaged, "engagement", ProceduresPaper, qtbot)
    first = papers(engaged).procedures[0]
    paper.table.select(first)
    paper.wording.set_text("")
    qtbot.keyClicks(paper.wording.edit, "Inspected the container.")
    click(paper.record, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).procedures[0].wording == "Inspected the container."
    paper.agreed.click()
    assert not paper.record.isEnabled()
    assert "Say why" in paper._why.text()
    qtbot.keyClicks(paper.reason.edit, "not asked for")
    click(paper.record, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).procedures[0].agreed is False
    click(paper.new, qtbot)
    qtbot.keyClicks(paper.key, "Bank Letters")
    assert "lower case" in paper._why.text()
    paper.key.clear()
    qtbot.keyClicks(paper.key, "bank-letters")
    qtbot.keyClicks(paper.wording.edit, "Obtained letters of two banks.")
    click(paper.record, qtbot)
    settled(engaged, qtbot)
    added = AgreedProcedure(key="bank-letters", wording="Obtained letters of two banks.")
    assert papers(engaged).procedures[-1] == added
    index = paper_of(engaged, "engagement", IndexPaper, qtbot)
    assert "A10" in [line.reference for line in index.table.model.rows]
    assert "B1" not in [line.reference for line in index.table.model.rows]


def test_inputs_that_changed_or_moved_are_shown(engaged: MainWindow, files: Files, qtbot: QtBot) -> None:
    performed(engaged, files, qtbot)
    paper = paper_of(engaged, "engagement", InputsPaper, qtbot)
    chips = [paper.table.model.data(paper.table.model.index(at, 2)) for at in range(3)]
    assert chips == ["There, not compared"] * 3
    files[0].write_bytes(files[0].read_bytes()[::-1])
    moved = files[2].rename(files[2].with_name("elsewhere.porevidence"))
    click(paper.compare, qtbot)
    settled(engaged, qtbot)
    chips = [paper.table.model.data(paper.table.model.index(at, 2)) for at in range(3)]
    assert chips == ["Changed", "Agrees", "Moved or gone"]
    item = paper.table.model.row_at(2)
    paper.use_place(item, files[1])
    settled(engaged, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "is not the evidence that was added" in box.text()
    box.close()
    paper.use_place(item, moved)
    settled(engaged, qtbot)
    assert paper.table.model.data(paper.table.model.index(2, 2)) == "There, not compared"


def test_inputs_are_added_by_digest_but_never_the_file_itself(
    engaged: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    letter = tmp_path / "=cmd|' calc'!A0.txt"
    letter.write_bytes(b"a letter")
    qtbot.keyClick(engaged, Qt.Key.Key_A, CTRL | SHIFT)
    dialog = dialog_of(AddInputsDialog, qtbot)
    dialog.use_files([letter])
    click(dialog.yes, qtbot)
    settled(engaged, qtbot)
    assert [item.file.name for item in papers(engaged).inputs] == [letter.name]
    path = engaged.binder.path
    assert path is not None
    engaged.engagement.take_inputs([path], None)
    settled(engaged, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "itself cannot be taken in" in box.text()
    box.close()


def test_sign_offs_go_in_order_and_a_later_edit_clears_them(four: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(four, "engagement", SignOffsPaper, qtbot)
    assert [stage.sign.isEnabled() for stage in paper.stages.values()] == [True, False, False]
    click(paper.stages["preparer"].sign, qtbot)
    settled(four, qtbot)
    act_as(four, books.PARTNER)
    assert "reviewer signs off first" in paper.stages["partner"]._text.text()
    act_as(four, books.REVIEWER)
    click(paper.stages["reviewer"].sign, qtbot)
    settled(four, qtbot)
    assert paper.stages["reviewer"].chip.text == "Stands"
    act_as(four, books.PREPARER)
    four.binder.record(books.exception())
    settled(four, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "Reviewer" in box.text()
    box.close()
    assert paper.stages["reviewer"].chip.text == "Cleared"
    assert paper.stages["preparer"].chip.text == "Stands"


def test_a_sign_off_with_a_key_is_kept_outside(four: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    paper = paper_of(four, "engagement", SignOffsPaper, qtbot)
    signer = demo_key("A. Auditor")
    key, output = tmp_path / "key.pem", tmp_path / "preparer.sign-off"
    key.write_bytes(_private_pem())
    head = papers(four).head
    click(paper.with_key, qtbot)
    dialog = dialog_of(SignOffDialog, qtbot)
    assert not dialog.yes.isEnabled()
    dialog.use_key(key)
    dialog.use_output(output)
    click(dialog.yes, qtbot)
    settled(four, qtbot)
    store = add_key(EMPTY, pem=signer.public_pem(), typed_fingerprint=signer.keyid, role="auditor", issuer="X", signer="A. Auditor", provenance=Provenance(channel="here", by="me", at=books.START))  # fmt: skip
    statement = authenticated(output.read_text(), store, file="s")
    assert (statement.head, statement.role, statement.person) == (head.sha256, "preparer", books.PREPARER)
    trust = tmp_path / "auditors.json"
    save_store(trust, store)
    assert papers(four).sign_offs[0].envelope
    four.engagement.check()
    check = dialog_of(CheckEngagementDialog, qtbot)
    check.use("sign-off", output)
    check.use("trust", trust)
    click(check.check, qtbot)
    settled(four, qtbot)
    assert "agrees with every head" in check.verdict.text
    check.close()


def _private_pem() -> bytes:
    from hashlib import sha256

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = sha256(b"reserve-auditor demo key: A. Auditor").digest()
    return Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_the_journal_has_a_plain_sentence_for_each_entry_and_a_head_to_copy(four: MainWindow, qtbot: QtBot) -> None:
    four.binder.record(books.exception("leaf <b>7</b>"))
    settled(four, qtbot)
    paper = paper_of(four, "engagement", JournalPaper, qtbot)
    sentences = [line.sentence for line in paper.table.model.rows]
    assert sentences[0].startswith("Opened the engagement for Example Exchange Ltd")
    assert sentences[-1] == "Raised an exception at procedure coverage: leaf <b>7</b>."
    assert '"item": "leaf <b>7</b>"' in paper.entry.toPlainText()
    click(paper.copy, qtbot)
    assert QGuiApplication.clipboard().text() == papers(four).head.text()
    paper.table.field.setText("action:raise")
    qtbot.waitUntil(lambda: paper.table.model.rowCount() == 1)
    four.binder.record(books.exception("another"))
    settled(four, qtbot)
    qtbot.waitUntil(lambda: paper.table.model.rowCount() == 2)


def test_the_lock_asks_why_and_lists_the_amendments(engaged: MainWindow, qtbot: QtBot) -> None:
    paper = paper_of(engaged, "engagement", LockPaper, qtbot)
    click(paper.lock, qtbot)
    dialog = dialog_of(LockDialog, qtbot)
    assert not dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.reason, "report issued")
    click(dialog.yes, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).locked is not None
    assert engaged.binder.state.value[0] == "Locked"
    click(paper.amend, qtbot)
    amendment = dialog_of(AmendmentDialog, qtbot)
    qtbot.keyClicks(amendment.what, "name of the addressee")
    qtbot.keyClicks(amendment.reason, "typing slip")
    click(amendment.yes, qtbot)
    settled(engaged, qtbot)
    assert [item.amendment.what for item in paper.table.model.rows] == ["name of the addressee"]
    assert not paper.lock.isEnabled()


def test_an_open_note_keeps_the_file_from_being_locked(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.binder.record(actions.OpenNote(paper="D2", text="?"))
    settled(engaged, qtbot)
    engaged.engagement.lock()
    dialog = dialog_of(LockDialog, qtbot)
    qtbot.keyClicks(dialog.reason, "now")
    assert not dialog.yes.isEnabled()
    assert "1 review notes are open" in dialog.why.text()
    dialog.close()


def test_the_index_leads_to_the_papers(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.binder.record(actions.OpenNote(paper="D2", text="?"))
    settled(engaged, qtbot)
    paper = paper_of(engaged, "engagement", IndexPaper, qtbot)
    line = next(line for line in paper.table.model.rows if line.reference == "D2")
    assert line.notes == 1
    paper.table.select(line)
    click(paper.go, qtbot)
    assert engaged.page.entry.key == "reserves"


# exceptions


def test_an_exception_is_raised_described_and_closed(engaged: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(engaged, Qt.Key.Key_X, ALT)
    paper = paper_of(engaged, "exceptions", ExceptionsPaper, qtbot)
    click(paper.raise_one, qtbot)
    dialog = dialog_of(RaiseDialog, qtbot)
    qtbot.keyClicks(dialog.item, "ledger spot, leaf 4,711")
    assert not dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.texts["observed"].edit, "12.5 BTC less")
    click(dialog.yes, qtbot)
    settled(engaged, qtbot)
    assert paper._title.text().startswith("Exception 1")
    qtbot.keyClicks(paper.typed["cause"].edit, "rounding")
    qtbot.keyClicks(paper.typed["disposition"].edit, "reported")
    click(paper.record, qtbot)
    settled(engaged, qtbot)
    line = papers(engaged).exceptions[0]
    assert (line.cause, line.response, line.disposition) == ("rounding", "", "reported")
    click(paper.close_one, qtbot)
    closing = dialog_of(CloseDialog, qtbot)
    qtbot.keyClicks(closing.reason, "corrected")
    click(closing.yes, qtbot)
    settled(engaged, qtbot)
    line = papers(engaged).exceptions[0]
    assert line.closing_reason == "corrected"
    assert paper.typed["cause"].edit.isReadOnly()
    assert not paper.close_one.isEnabled()
    assert paper.table.model.rowCount() == 1


def test_findings_of_the_last_run_become_exceptions_once(engaged: MainWindow, files: Files, qtbot: QtBot) -> None:
    performed(engaged, files, qtbot)
    paper = paper_of(engaged, "exceptions", ExceptionsPaper, qtbot)
    click(paper.take_over, qtbot)
    settled(engaged, qtbot)
    audit = engaged.case.audit
    assert audit is not None
    counting = [item for item in audit.findings if item.counts]
    assert [line.finding for line in papers(engaged).exceptions] == [item.code for item in counting]
    click(paper.take_over, qtbot)
    settled(engaged, qtbot)
    assert len(papers(engaged).exceptions) == len(counting)


def test_typing_about_an_exception_survives_another_entry(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.binder.record(books.exception("one"), books.exception("two"))
    settled(engaged, qtbot)
    paper = paper_of(engaged, "exceptions", ExceptionsPaper, qtbot)
    qtbot.keyClicks(paper.typed["cause"].edit, "still typing")
    engaged.binder.record(books.exception("three"))
    settled(engaged, qtbot)
    assert paper.typed["cause"].text == "still typing"
    paper.table.go_to(1)
    assert paper.typed["cause"].text == ""


def test_hidden_amounts_are_hidden_in_the_exceptions_detail_and_in_the_journal(
    engaged: MainWindow, qtbot: QtBot
) -> None:
    amounts = {"expected": "4120.25 ETH", "observed": "4080.25 ETH"}
    engaged.binder.record(actions.RaiseException(procedure="coverage", item="asset ETH", **amounts))
    settled(engaged, qtbot)
    paper = paper_of(engaged, "exceptions", ExceptionsPaper, qtbot)
    assert paper._facts["Expected"].text() == "4120.25 ETH"
    engaged.menus.hide_amounts.trigger()
    assert [paper._facts[name].text() for name in ("Expected", "Observed")] == ["••• ETH", "••• ETH"]
    assert "•••" not in paper._facts["Raised"].text()
    journal = paper_of(engaged, "engagement", JournalPaper, qtbot)
    qtbot.waitUntil(lambda: "RaiseException" in journal.entry.toPlainText() or "raise-exception" in journal.entry.toPlainText(), timeout=10_000)  # fmt: skip
    assert "4120.25" not in journal.entry.toPlainText()
    engaged.menus.hide_amounts.trigger()
    assert "4120.25" in journal.entry.toPlainText()


def test_ten_thousand_exceptions_do_not_stall_the_window(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = books.new(tmp_path)
    with open_for_writing(path) as book:
        book.record(*(books.act(books.exception(f"leaf {number}")) for number in range(10_000)))
    window = make_window()
    longest = _Heartbeat(window)
    opened(window, path, qtbot)
    paper = paper_of(window, "exceptions", ExceptionsPaper, qtbot)
    qtbot.waitUntil(lambda: paper.table.model.rowCount() == 10_000, timeout=60_000)
    window.binder.record(books.exception("one more"))
    settled(window, qtbot)
    qtbot.waitUntil(lambda: paper.table.model.rowCount() == 10_001, timeout=60_000)
    assert longest.stop() < 0.5
    paper_of(window, "engagement", JournalPaper, qtbot)


class _Heartbeat:
    """The longest that the window's thread worked without coming round: its own processor time, the machine is shared."""

    def __init__(self, window: MainWindow) -> None:
        import time

        from PySide6.QtCore import QTimer

        self._last, self._longest, self._clock = time.thread_time(), 0.0, time.thread_time
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._beat)
        self._timer.start(10)

    def _beat(self) -> None:
        now = self._clock()
        self._longest, self._last = max(self._longest, now - self._last), now

    def stop(self) -> float:
        self._timer.stop()
        return self._longest


# notes and tickmarks


def test_a_note_is_opened_on_the_page_and_closed_with_a_reply(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.go_to("coverage")
    qtbot.keyClick(engaged, Qt.Key.Key_N, CTRL | SHIFT)
    dialog = dialog_of(NoteDialog, qtbot)
    assert dialog.paper.currentData() == "D4"
    qtbot.keyClicks(dialog.text.edit, "Is the rate rounded down?")
    click(dialog.yes, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).open_notes[0].paper == "D4"
    assert "Note 1 on paper D4 is open." in papers(engaged).obstacles()
    paper = paper_of(engaged, "notes", NotesPaper, qtbot)
    paper.table.go_to(0)
    click(paper.answer, qtbot)
    answer = dialog_of(AnswerDialog, qtbot)
    qtbot.keyClicks(answer.reply.edit, "Yes.")
    click(answer.yes, qtbot)
    settled(engaged, qtbot)
    assert papers(engaged).open_notes == ()
    assert not paper.answer.isEnabled()


def test_a_tickmark_stands_in_the_row_of_the_table_whose_row_was_chosen(
    engaged: MainWindow, files: Files, qtbot: QtBot
) -> None:
    performed(engaged, files, qtbot)
    shown = engaged.go_to("liabilities")
    others, chosen = shown.tables()[:2]
    columns = chosen.model.columnCount()
    chosen.go_to(1)
    chosen.view.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
    chosen.go_to(1)
    words = shown.selected_item()
    assert words == chosen.chosen_in_words()
    engaged.binder.record(actions.DefineTickmark(mark="✓", meaning="agreed to the bank letter"))
    engaged.binder.record(actions.ApplyTickmark(mark="✓", paper="C2", item=words))
    settled(engaged, qtbot)
    model = chosen.model
    assert model.columnCount() == columns + 1
    assert [str(model.index(at, columns).data()) for at in range(model.rowCount())].count("✓") == 1
    assert model.index(1, columns).data() == "✓"
    assert "agreed to the bank letter" in str(model.index(1, columns).data(Qt.ItemDataRole.ToolTipRole))
    assert chosen.view.horizontalHeader().visualIndex(columns) == 0
    assert chosen.chosen_in_words() == words
    assert shown._marks.text().startswith("On the selected row: ✓")
    assert chosen.view.selectionModel().isRowSelected(1)  # the mark's own cell with it
    engaged.binder.record(actions.ApplyTickmark(mark="✓", paper="C2", item="the issuer's own listing"))
    settled(engaged, qtbot)
    chosen.go_to(0)
    assert shown._marks.text().startswith("On this paper: ✓  the issuer's own listing (agreed to the bank letter")
    assert words not in shown._marks.text()
    assert "".join(str(others.model.index(0, at).data()) for at in range(others.model.columnCount())).count("✓") == 0
    engaged.binder.close()
    assert model.columnCount() == columns


def test_a_tickmark_has_one_meaning_and_stands_beside_the_selected_row(
    engaged: MainWindow, files: Files, qtbot: QtBot
) -> None:
    performed(engaged, files, qtbot)
    paper = paper_of(engaged, "notes", TickmarksPaper, qtbot)
    assert not paper.set.isEnabled()
    engaged.engagement.set_tickmark()  # no mark yet: that comes first
    dialog_of(DefineDialog, qtbot).reject()
    click(paper.define, qtbot)
    dialog = dialog_of(DefineDialog, qtbot)
    qtbot.keyClicks(dialog.mark, "much too long")
    assert not dialog.yes.isEnabled()
    dialog.mark.clear()
    qtbot.keyClicks(dialog.mark, "TB")
    qtbot.keyClicks(dialog.meaning, "traced to the trial balance")
    click(dialog.yes, qtbot)
    settled(engaged, qtbot)
    engaged.activateWindow()  # a dialog was closed
    qtbot.waitUntil(engaged.isActiveWindow)
    shown = engaged.go_to("reserves")
    shown.tables()[0].go_to(0)
    qtbot.keyClick(engaged, Qt.Key.Key_M, CTRL)
    tick = dialog_of(TickDialog, qtbot)
    assert tick.paper.currentData() == "D1"
    assert tick.item.text()
    click(tick.yes, qtbot)
    settled(engaged, qtbot)
    assert [(item.mark, item.paper) for item in papers(engaged).ticks] == [("TB", "D1")]
    assert "TB  traced to the trial balance (P. Reparer, entry" in shown._marks.text()
    tree = shown.tables()[0].model
    index = tree.leaf_index(0)
    assert str(index.data()).endswith("  TB")
    assert "traced to the trial balance" in str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert not str(tree.leaf_index(1).data()).endswith("TB")
    shown.tables()[0].go_to(1)
    assert not shown._marks.isVisible()
    paper_of(engaged, "notes", TickmarksPaper, qtbot)
    model = paper.ticks.model
    assert [model.data(model.index(0, at)) for at in (0, 1, 2)] == ["TB", "traced to the trial balance", "D1"]
    engaged.binder.record(actions.DefineTickmark(mark="TB", meaning="something else"))
    settled(engaged, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "has a meaning already" in box.text()
    box.close()


# bad input, reading only, checking, exporting


def test_a_second_person_reads_everything_and_enters_nothing(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = books.new(tmp_path)
    with open_for_writing(path) as book:
        book.record(books.act(books.exception()))
        book.record(books.act(actions.OpenNote(paper="D2", text="?")))
    window = make_window()
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.binder.open(path, writing=False)
    settled(window, qtbot)
    for key in ("engagement", "exceptions", "notes"):
        page = window.go_to(key)
        assert "read-only" in page.banner.text.lower()
        for paper in page.papers:
            page.show_paper(paper.title)
            settled(window, qtbot)
            may = {item.text() for item in paper.findChildren(QPushButton) if item.isEnabled() and item.isVisible()}
            assert may <= {"Copy head", "Compare digests", "Open this paper", "Open its paper", "Add a procedure of your own", "The program's own wording"}, paper.title  # fmt: skip


@pytest.mark.parametrize("kind", ["newer", "edited", "trigger"])
def test_a_damaged_newer_or_foreign_file_says_so(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot, kind: str
) -> None:
    path = books.new(tmp_path)
    with sqlite3.connect(path) as raw:
        if kind == "newer":
            raw.execute("PRAGMA user_version=99")
        elif kind == "edited":
            raw.execute("UPDATE entries SET body = CAST(replace(body, 'Example', 'Exbmple') AS BLOB)")
        else:
            raw.execute("CREATE TRIGGER t AFTER INSERT ON entries BEGIN SELECT 1; END")
    raw.close()
    window = make_window()
    window.engagement.open_file(path)
    settled(window, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    said = {"newer": "newer program", "edited": "edited", "trigger": "not those that this program writes"}[kind]
    assert said in box.text()
    assert window.binder.papers is None
    box.close()


def test_hostile_texts_are_literal_and_break_no_layout(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    long = "=cmd #set page(width: 1pt) " + "A" * 4900
    path = books.new(tmp_path, client=HOSTILE, firm=long, purpose=HOSTILE)
    with open_for_writing(path) as book:
        book.record(books.act(actions.AddPerson(person=Person(name=HOSTILE, roles=("reviewer", "client")))))
        book.record(books.act(actions.AddPerson(person=Person(name=long, roles=("partner",)))))
        book.record(books.act(actions.RaiseException(procedure="coverage", item=HOSTILE, expected=long, observed=long, cause=HOSTILE)))  # fmt: skip
        book.record(books.act(actions.OpenNote(paper="D2", text=long)))
        book.record(books.act(actions.DefineTickmark(mark="<b>", meaning=HOSTILE)))
        book.record(books.act(actions.ApplyTickmark(mark="<b>", paper="D2", item=long)))
        book.record(books.act(actions.SignOff(role="preparer")))
    window = make_window()
    window.resize(1024, 640)
    with qtbot.waitSignal(window.binder.opened, timeout=30_000):
        window.engagement.open_file(path)
    dialog_of(WhoActsDialog, qtbot).close()
    window.binder.act_as(long)
    for key in ("engagement", "exceptions", "notes"):
        page = window.go_to(key)
        for paper in page.papers:
            page.show_paper(paper.title)
            settled(window, qtbot)
            for table in paper.tables():
                table.go_to(0)
    labels = window.findChildren(QLabel)
    assert [item.text()[:40] for item in labels if item.textFormat() is not Qt.TextFormat.PlainText] == []
    assert not [item.text()[:40] for item in labels if "\u202e" in item.text()]
    passages = window.findChildren(Passage)
    assert not [item.text()[:40] for item in passages if "\u202e" in item.text()]
    assert any("<b>bold</b>" in item.text() for item in passages)
    tips = [item.toolTip() for item in window.findChildren(QWidget) if item.toolTip()]
    assert not [tip for tip in tips if "<b>bold" in tip or "<img" in tip]
    assert (window.width(), window.height()) == (1024, 640)


def test_checking_says_what_it_cannot_show_and_finds_a_cut_journal(
    engaged: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    engaged.binder.record(books.exception())
    settled(engaged, qtbot)
    head = papers(engaged).head
    qtbot.keyClick(engaged, Qt.Key.Key_K, CTRL | SHIFT)
    dialog = dialog_of(CheckEngagementDialog, qtbot)
    click(dialog.check, qtbot)
    settled(engaged, qtbot)
    assert "Without a head from outside it is not shown" in dialog.verdict.text
    qtbot.keyClicks(dialog.head, "xyz")
    assert not dialog.check.isEnabled()
    dialog.head.clear()
    qtbot.keyClicks(dialog.head, head.text())
    click(dialog.check, qtbot)
    settled(engaged, qtbot)
    assert "agrees with every head" in dialog.verdict.text
    assert engaged.binder.writable
    cut = tmp_path / "cut.engagement"
    path = engaged.binder.path
    assert path is not None
    dialog.close()
    engaged.engagement.close()
    cut.write_bytes(path.read_bytes())
    with sqlite3.connect(cut) as raw:
        raw.execute("DELETE FROM entries WHERE sequence = 2")
    raw.close()
    engaged.engagement.check()
    dialog = dialog_of(CheckEngagementDialog, qtbot)
    dialog.use("file", cut)
    qtbot.keyClicks(dialog.head, head.text())
    click(dialog.check, qtbot)
    qtbot.waitUntil(lambda: "finding" in dialog.verdict.text, timeout=30_000)
    settled(engaged, qtbot)
    assert "cut from its end" in "".join(row[3] for row in dialog.table.model.rows)
    dialog.close()


def test_the_package_is_written_and_never_over_the_engagement(
    engaged: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    package = tmp_path / "book.zip"
    engaged.engagement.export_to(package)
    settled(engaged, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "SHA-256" in box.text()
    box.close()
    assert read_package(package).papers.head == papers(engaged).head
    path = engaged.binder.path
    assert path is not None
    before = path.read_bytes()
    engaged.engagement.export_to(path)
    settled(engaged, qtbot)
    box = dialog_of(QMessageBox, qtbot)
    assert "itself cannot be replaced" in box.text()
    box.close()
    engaged.engagement.close()
    assert path.read_bytes() == before


def test_checking_the_open_file_keeps_its_lock(engaged: MainWindow, qtbot: QtBot) -> None:
    engaged.engagement.check()
    dialog = dialog_of(CheckEngagementDialog, qtbot)
    dialog.inputs.click()
    click(dialog.check, qtbot)
    settled(engaged, qtbot)
    dialog.close()
    engaged.engagement.export_to(engaged.binder.path.with_suffix(".zip"))  # type: ignore[union-attr]
    settled(engaged, qtbot)
    dialog_of(QMessageBox, qtbot).close()
    code = (
        "import sys,pathlib;from auditor_app.engagement.file import open_for_writing as o;o(pathlib.Path(sys.argv[1]))"
    )
    other = subprocess.run([sys.executable, "-c", code, str(engaged.binder.path)], capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert "another process is writing" in other.stderr
    engaged.binder.record(books.exception())
    settled(engaged, qtbot)
    assert engaged.binder.writable


def test_every_control_of_the_engagement_has_an_accessible_name(four: MainWindow, qtbot: QtBot) -> None:
    four.binder.record(
        books.exception(), actions.OpenNote(paper="D2", text="?"), actions.DefineTickmark(mark="TB", meaning="traced")
    )
    settled(four, qtbot)
    for key in ("engagement", "exceptions", "notes"):
        page = four.go_to(key)
        for paper in page.papers:
            page.show_paper(paper.title)
            settled(four, qtbot)
    exceptions = paper_of(four, "exceptions", ExceptionsPaper, qtbot)
    notes = paper_of(four, "notes", NotesPaper, qtbot)
    notes.table.go_to(0)
    commands = four.engagement
    asked = (
        commands.new, commands.add_inputs, commands.lock, commands.check, commands.new_note, commands.set_tickmark,
        four.binder.ask_who_acts, exceptions._on_raise, exceptions._on_close, notes._on_answer,
        paper_of(four, "engagement", SignOffsPaper, qtbot)._on_key,
    )  # fmt: skip
    nameless = [name for key in ("engagement", "exceptions", "notes") for name in _nameless(four.go_to(key))]
    for ask in asked:
        ask()
        dialog = QApplication.activeModalWidget()
        assert dialog is not None, ask
        nameless += _nameless(dialog)
        dialog.close()
    assert nameless == []


def _nameless(top: QWidget) -> list[str]:
    return [
        f"{type(widget).__name__} in {type(widget.parentWidget()).__name__} of {top.windowTitle()}"
        for widget in top.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]
