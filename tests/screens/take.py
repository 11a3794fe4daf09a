"""Takes the screenshots of the documentation from the real window on the finished demo, offscreen.

``python -m tests.screens.take docs/images`` makes the demo in a temporary folder, opens it, runs it and writes one PNG
a page; ``report.png`` is a page of the demo's report.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pypdfium2
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from auditor_app.demo.binder import PREPARER
from auditor_app.demo.build import DemoFiles, build_demo
from auditor_app.engagement.file import open_for_reading
from auditor_app.operation import CancelToken, run
from tests.end2end.months import make_months
from ui.application import make_application
from ui.main_window import MainWindow
from ui.pages.coverage import CoveragePage
from ui.pages.papers_page import PapersPage
from ui.pages.reserves import ReservesPage
from ui.settings import Settings

PAGES = (
    "engagement",
    "snapshot",
    "liabilities",
    "sample",
    "reserves",
    "coverage",
    "findings",
    "report",
    "exceptions",
    "notes",
    "ledger",
    "proof",
    "schemes",
)
SIZE = (1280, 800)
REPORT_PAGE = 10
_ADDRESS = 3
_PROOF = Path(__file__).resolve().parents[3] / "shared/vectors/merkle/mexc/merkle_proof.json"


def settle(milliseconds: int) -> None:
    """Let the window work for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _identity(engagement: Path) -> str:
    with open_for_reading(engagement) as book:
        return book.papers.identity


def take(folder: Path) -> None:
    """Write every picture into ``folder``."""
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        run(build_demo(demo, CancelToken()))
        files = DemoFiles.of(demo)
        settings = Settings(Path(scratch) / "settings.ini")
        application = make_application(settings)
        window = MainWindow(settings)
        window.resize(*SIZE)
        window.show()
        settings.remember_actor(_identity(files.engagement), PREPARER)
        window.open_both(files.engagement, files.request(), files.trust_store)
        settle(2000)
        while window.case.running or window.binder.busy:
            settle(200)
        for name in PAGES:
            if name == "proof" and _PROOF.is_file():
                window.check_proof([_PROOF])
            window.go_to(name)
            settle(2500)
            window.grab().save(str(folder / f"page-{name}.png"))
        reserves = window.go_to("reserves")
        assert isinstance(reserves, ReservesPage)
        for tab, name in ((1, "grades"), (2, "control"), (3, "blocks")):
            reserves.tabs.setCurrentIndex(tab)
            settle(2500)
            window.grab().save(str(folder / f"page-reserves-{name}.png"))
        reserves.tabs.setCurrentIndex(0)
        reserves.addresses.go_to(_ADDRESS)
        settle(2500)
        window.grab().save(str(folder / "page-reserves-address.png"))
        coverage = window.go_to("coverage")
        assert isinstance(coverage, CoveragePage)
        coverage.tabs.setCurrentIndex(1)
        settle(1000)
        window.grab().save(str(folder / "page-funds.png"))
        coverage.tabs.setCurrentIndex(0)
        for title, name in (("Journal", "journal"), ("Sign-offs", "sign-offs")):
            page = window.go_to("engagement")
            assert isinstance(page, PapersPage)
            page.show_paper(title)
            settle(1000)
            window.grab().save(str(folder / f"page-{name}.png"))
        window.go_to("coverage")
        settle(500)
        window.grab().save(str(folder / "window.png"))
        _, months = make_months(Path(scratch))
        settings.remember_actor(_identity(months), "P. Reparer")
        window.engagement.open_file(months)
        settle(2000)
        while window.case.running or window.binder.busy:
            settle(200)
        window.go_to("history")
        settle(2500)
        window.grab().save(str(folder / "page-history.png"))
        document = pypdfium2.PdfDocument(files.report)
        document[REPORT_PAGE].render(scale=1.4).to_pil().save(folder / "report.png")
        window.close()
        settle(500)
        application.quit()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    assert QApplication.instance() is None
    take(target)
