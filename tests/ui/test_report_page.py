"""The Report page in an engagement: what is missing, drafts and redacted versions, signing, checking, working papers."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from auditor_app.engagement.actions import AgreeProcedure
from auditor_app.engagement.file import open_for_writing
from auditor_app.engagement.terms import AgreedProcedure
from auditor_app.operation import CancelToken, run
from auditor_app.procedures import PROCEDURES
from auditor_app.report.document import ReportOptions, build_report
from auditor_app.report.signed_report import check_report
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import Files, dialog_of, opened, papers, performed, settled, with_inputs
from tests.unit.engagement import books
from tests.unit.report import engaged as report_papers
from tests.unit.report import factory, signers
from ui.dialogs.check_report import CheckReportDialog
from ui.dialogs.sign_report import SignReportDialog
from ui.main_window import MainWindow
from ui.pages.papers_page import PapersPage
from ui.pages.report import ReportPage
from ui.papers.terms import TermsPaper
from ui.widgets.fields import TypedField

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(make_window: MakeWindow, files: Files, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    """A performed run inside an engagement that lacks a place and every sign-off."""
    made = make_window(lambda request, _: _perform(request))  # type: ignore[arg-type, return-value]
    opened(made, books.new(tmp_path, place=""), qtbot)
    performed(made, files, qtbot)
    return made


def _perform(request):  # type: ignore[no-untyped-def]
    from auditor_app.operation import Progress

    yield Progress(0, 1, "rows", "Performing")
    return with_inputs(request)


def shown(window: MainWindow, qtbot: QtBot) -> ReportPage:
    page = window.go_to("report")
    assert isinstance(page, ReportPage)
    qtbot.waitUntil(lambda: bool(page.gaps.buttons), timeout=30_000)
    settled(window, qtbot)
    return page


def names(page: ReportPage) -> list[str]:
    return [item.accessibleName() for item in page.gaps.buttons]


def test_an_agreed_procedure_that_the_engagement_supplies_is_no_gap(
    make_window: MakeWindow, files: Files, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window(lambda request, _: _perform(request))  # type: ignore[arg-type, return-value]
    path = books.new(tmp_path)
    with open_for_writing(path) as book:
        for key in ("sample-limits", "history"):
            procedure = AgreedProcedure(key=key, wording=PROCEDURES[key].wording)
            book.record(books.act(AgreeProcedure(procedure=procedure)))
    opened(window, path, qtbot)
    performed(window, files, qtbot)
    found = names(shown(window, qtbot))
    assert "Go to: Date of the report" in found
    assert not [name for name in found if "procedure" in name.lower()]


def test_each_missing_element_takes_the_person_to_where_it_is_supplied(window: MainWindow, qtbot: QtBot) -> None:
    page = shown(window, qtbot)
    found = names(page)
    assert "Go to: Signature, date and place: place" in found
    assert "Go to: Date of the report" in found
    assert "Go to: Sign-off of the partner" in found
    qtbot.mouseClick(page.gaps.buttons[found.index("Go to: Date of the report")], LEFT)
    assert page.date.hasFocus()
    qtbot.keyClicks(page.date, "2026-11-30")
    qtbot.waitUntil(lambda: "Go to: Date of the report" not in names(page), timeout=30_000)
    qtbot.mouseClick(page.gaps.buttons[names(page).index("Go to: Signature, date and place: place")], LEFT)
    engagement = window.page
    assert isinstance(engagement, PapersPage)
    terms = engagement.front()
    assert isinstance(terms, TermsPaper)
    place = terms.fields["place"]
    assert isinstance(place, TypedField)
    assert place.hasFocus()
    qtbot.keyClicks(place, "Valletta")
    qtbot.mouseClick(terms.record, LEFT)
    settled(window, qtbot)
    page = shown(window, qtbot)
    qtbot.waitUntil(lambda: not any("place" in name for name in names(page)), timeout=30_000)
    assert page.place.text() == "Valletta"
    qtbot.mouseClick(page.gaps.buttons[names(page).index("Go to: Sign-off of the partner")], LEFT)
    assert isinstance(window.page, PapersPage)
    assert window.page.front().title == "Sign-offs"
    settled(window, qtbot)


def test_a_draft_is_entered_in_the_journal_and_a_redacted_version_by_its_digest(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    page = shown(window, qtbot)
    qtbot.keyClicks(page.date, "2026-11-30")
    before = papers(window).head.length
    with qtbot.waitSignal(page.pages.page_shown, timeout=60_000):
        qtbot.mouseClick(page.preview, LEFT)
    settled(window, qtbot)
    assert papers(window).head.length == before
    with qtbot.waitSignal(page.pages.page_shown, timeout=60_000):
        page.export_to(tmp_path / "draft.pdf")
    settled(window, qtbot)
    issued = papers(window).reports
    assert [item.action.kind for item in issued] == ["draft"]
    assert issued[0].action.size == str((tmp_path / "draft.pdf").stat().st_size)
    assert page.pages.isVisible()
    page.version.setFocus()
    qtbot.keyClick(page.version, Qt.Key.Key_Down)
    assert page.pages.isHidden()  # another version is another document
    with qtbot.waitSignal(page.pages.page_shown, timeout=60_000):
        page.export_to(tmp_path / "masked.pdf")
    settled(window, qtbot)
    written = (tmp_path / "masked.pdf").read_bytes()
    kept = papers(window).reports[-1].action
    assert kept.redacted is not None and kept.redacted.sha256 == hashlib.sha256(written).hexdigest()
    assert len(papers(window).reports) == 2
    masked = check_report(written, ()).contents.manifest
    assert masked.redacted_from is not None


def test_a_final_report_is_refused_while_something_is_missing(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = shown(window, qtbot)
    qtbot.keyClicks(page.date, "2026-11-30")
    page.kind.setFocus()
    qtbot.keyClick(page.kind, Qt.Key.Key_Down)
    page.export_to(tmp_path / "final.pdf")
    settled(window, qtbot)
    assert "The preparer has not signed off" in page.problem.text
    assert not (tmp_path / "final.pdf").exists()
    assert papers(window).reports == ()


def test_working_papers_are_written_in_both_forms(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = shown(window, qtbot)
    qtbot.mouseClick(page.papers, LEFT)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    dialog.reject()
    for name in ("papers.xlsx", "papers.zip"):
        page.export_papers_to(tmp_path / name)
        settled(window, qtbot)
        qtbot.waitUntil(lambda name=name: name in page.problem.text, timeout=30_000)  # type: ignore[misc]
    with zipfile.ZipFile(tmp_path / "papers.zip") as archive:
        assert "SHA256SUMS" in archive.namelist()
        assert any(name.startswith("A1-terms") for name in archive.namelist())
    page.export_papers_to(tmp_path / "papers.doc")
    settled(window, qtbot)
    qtbot.waitUntil(lambda: "neither a workbook" in page.problem.text, timeout=30_000)


@pytest.fixture(scope="module")
def final() -> bytes:
    options = ReportOptions("2026-11-05", papers=report_papers.papers(), final=True)
    return run(build_report(factory.audit(), options, CancelToken())).pdf


def test_a_report_is_signed_with_a_key_file_and_checked(
    make_window: MakeWindow, final: bytes, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    report, key, signed = tmp_path / "final.pdf", tmp_path / "partner.p12", tmp_path / "signed.pdf"
    report.write_bytes(final)
    key.write_bytes(signers.p12("E. Partner"))
    authority = tmp_path / "ca.pem"
    authority.write_bytes(signers.pem(signers.root()[0]))
    page = window.go_to("report")
    assert isinstance(page, ReportPage)
    page.sign_report()
    dialog = dialog_of(SignReportDialog, qtbot)
    assert not dialog.yes.isEnabled()
    dialog.report.use(report)
    dialog.key.use(key)
    dialog.output.use(signed)
    dialog.role.setCurrentIndex(2)
    assert dialog.secret.echoMode() is QLineEdit.EchoMode.Password
    qtbot.keyClicks(dialog.secret, "wrong")
    qtbot.mouseClick(dialog.yes, LEFT)
    qtbot.waitUntil(dialog.problem.isVisible, timeout=30_000)
    assert dialog.secret.text() == ""
    assert not signed.exists()
    qtbot.keyClicks(dialog.secret, signers.PASSPHRASE.decode())
    qtbot.mouseClick(dialog.yes, LEFT)
    told = dialog_of(QMessageBox, qtbot)
    assert "Signed as partner" in told.text()
    told.accept()
    page.check_report()
    checking = dialog_of(CheckReportDialog, qtbot)
    checking.report.use(signed)
    qtbot.mouseClick(checking.check, LEFT)
    qtbot.waitUntil(checking.signatures.isVisible, timeout=30_000)
    assert "No certificate was named" in checking.verdict.text
    checking.use_certificates([authority])
    qtbot.waitUntil(checking.check.isEnabled, timeout=30_000)
    qtbot.mouseClick(checking.check, LEFT)
    qtbot.waitUntil(lambda: "agree" in checking.verdict.text, timeout=30_000)
    qtbot.waitUntil(checking.check.isEnabled, timeout=30_000)
    bent = bytearray(signed.read_bytes())
    bent[len(final) // 2] ^= 1
    signed.write_bytes(bytes(bent))
    qtbot.mouseClick(checking.check, LEFT)
    qtbot.waitUntil(lambda: "finding" in checking.verdict.text or "could not" in checking.verdict.text, timeout=30_000)
    settled(window, qtbot)
    checking.reject()


def test_a_time_stamp_is_not_asked_for_while_offline(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window = make_window()
    page = window.go_to("report")
    assert isinstance(page, ReportPage)
    page.sign_report()
    dialog = dialog_of(SignReportDialog, qtbot)
    for file in (dialog.report, dialog.key, dialog.output):
        file.use(tmp_path / "x")
    assert dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.authority, "https://tsa.example/x")
    assert not dialog.yes.isEnabled()
    assert "offline" in dialog.network.text()
    window.connections.set_offline(False)
    dialog.long_term.toggle()
    assert "tsa.example" in dialog.network.text()
    assert "certificates" in dialog.why.text()
    dialog.reject()
