"""Every question the window asks: file dialogs and message boxes, opened without blocking, in plain text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QTreeView, QWidget

from ui.text import visible

SNAPSHOTS = "Snapshots (*.porsnap)"
EVIDENCE = "Evidence files (*.porevidence)"
TRUST_STORES = "Trust stores (*.json)"
PEM_KEYS = "Public keys (*.pem *.pub *.crt);;All files (*)"
PRIVATE_KEYS = "Private keys (*.pem *.key);;All files (*)"
ANY = "All files (*)"
SIGN_OFFS = "Signed sign-offs (*.sign-off)"
ENGAGEMENTS = "Engagements (*.engagement)"
PACKAGES = "Packages (*.zip)"
RECORDS = "Commitment records (*.json)"
PROOFS = "Published proofs and trees (*.json *.txt *.csv *.log);;All files (*)"
REPORTS = "PDF documents (*.pdf)"
PAPERS = "Workbook (*.xlsx);;Archive with CSV tables (*.zip)"
KEYS_P12 = "PKCS#12 keys (*.p12 *.pfx);;All files (*)"
MODULES = "PKCS#11 modules (*.so *.dll *.dylib);;All files (*)"
_FILE_DIALOG = QSize(860, 520)
_FILE_COLUMNS = (330, 80, 110, 150)

CERTIFICATES = "Certificates (*.pem *.crt *.cer *.der);;All files (*)"


def open_file(parent: QWidget, title: str, kinds: str, then: Callable[[Path], None]) -> QFileDialog:
    """Ask for one existing file and hand it to ``then``."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(kinds.split(";;"))
    return _show(dialog, then)


def open_files(parent: QWidget, title: str, kinds: str, then: Callable[[list[Path]], None]) -> QFileDialog:
    """Ask for one or several existing files and hand them to ``then`` together."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(kinds.split(";;"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _widen(dialog)
    dialog.filesSelected.connect(lambda names: then([Path(name) for name in names]))
    dialog.open()
    return dialog


def open_folder(parent: QWidget, title: str, then: Callable[[Path], None]) -> QFileDialog:
    """Ask for a folder: a snapshot may be one."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _show(dialog, then)


def save_file(parent: QWidget, title: str, kinds: str, suggested: Path, then: Callable[[Path], None]) -> QFileDialog:
    """Ask where to write a file; Qt asks before an existing one is replaced."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(kinds.split(";;"))
    dialog.setDefaultSuffix(suggested.suffix.removeprefix("."))
    dialog.setDirectory(str(suggested.parent))
    dialog.selectFile(suggested.name)
    return _show(dialog, then)


def tell(parent: QWidget, title: str, text: str, details: str = "", *, alarming: bool = True) -> QMessageBox:
    """Say something that must be read; ``details`` unfold on demand."""
    box = _box(parent, title, text)
    box.setIcon(QMessageBox.Icon.Warning if alarming else QMessageBox.Icon.Information)
    if details:
        box.setDetailedText(details)
    box.setStandardButtons(QMessageBox.StandardButton.Ok)
    box.open()
    return box


def ask(parent: QWidget, title: str, text: str, *, yes: str, then: Callable[[], None]) -> QMessageBox:
    """Ask a question whose only consequence is ``then``."""
    box = _box(parent, title, text)
    box.setIcon(QMessageBox.Icon.Question)
    button = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    button.clicked.connect(lambda: then())
    box.open()
    return box


def _box(parent: QWidget, title: str, text: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText("\n".join(visible(line) for line in text.split("\n")))
    return box


def _show(dialog: QFileDialog, then: Callable[[Path], None]) -> QFileDialog:
    _widen(dialog)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda name: then(Path(name)))
    dialog.open()
    return dialog


def _widen(dialog: QFileDialog) -> None:
    """Names, sizes and dates in full; a dialog of the desktop's own has no such list."""
    dialog.resize(_FILE_DIALOG)
    files = dialog.findChild(QTreeView, "treeView")
    if files is not None:
        for at, width in enumerate(_FILE_COLUMNS):
            files.header().resizeSection(at, width)
