"""Capture evidence: every request listed before it is made, then asked, signed and put into the case."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QTabWidget, QWidget

from auditor_app.chain.names import chain_name
from auditor_app.counts import noun
from auditor_app.errors import AuditError
from auditor_app.operation import Progress
from ui import prompts
from ui.chain_work import Listed, SigningFile, Subject, capture_evidence, encrypted, list_requests, working_file
from ui.desk import Desk
from ui.jobs import Job
from ui.models.columns import Column, count_column, text_column
from ui.models.reserves import asked_shown, asked_text, named_chain
from ui.text import count, short_middle
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, column, holder, label, row, show_text
from ui.widgets.line import Line
from ui.widgets.progress_strip import ProgressStrip
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from auditor_app.chain.capture import Captured

_REQUESTS = (
    text_column("Host", lambda item: item.origin, wide=True),
    text_column("Chain", lambda item: named_chain(item.chain), yields=True),
    count_column("Block", lambda item: item.height),
    text_column("Asset", lambda item: item.asset),
    Column("Asked for", asked_shown, asked_text, asked_text, yields=True),
    count_column("Balances", lambda item: item.accounts),
)
_LEFT_OUT = (
    text_column("Account", lambda item: short_middle(item.account, 20), wide=True),
    text_column("Asset", lambda item: item.asset),
    text_column("Why not", lambda item: item.reason, yields=True),
)
_LINE = 32
_INTRO = "The requests, host by host, before any is made. No one else is asked."
_ALSO = (
    "For these balances each host is also asked for its chain id, and for the named block before and after; the first "
    "host of an EVM chain for state proofs of these accounts and for the tokens' code."
)


class CaptureDialog(QDialog):
    """Lists on opening without asking anyone; ``captured`` is given the written evidence file."""

    def __init__(self, parent: QWidget, desk: Desk, subject: Subject, captured: Callable[[Path], object]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Capture evidence")
        self.setMinimumSize(820, 600)
        self.resize(980, 740)
        self._desk = desk
        self._subject = subject
        self._captured = captured
        self._listed: Listed | None = None
        self._job: Job | None = None
        self._key: Path | None = None
        self._feeds: tuple[str, ...] = ()
        self._output = subject.snapshot.with_suffix(".porevidence")
        self.banner = Banner()
        self.go_online = button("Go online", partial(desk.connections.set_offline, False))
        self.banner.add_button(self.go_online)
        self.requests = TablePanel("Requests", _REQUESTS, desk.runner, filterable=False)
        self.left_out = TablePanel("Not captured", _LEFT_OUT, desk.runner, filterable=False)
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.notes = label("", "muted", wrap=True)
        self.key_file = _read_only("Signing key file", "PEM file of your private key, role auditor")
        self.choose_key = button("Choose…", self._on_choose_key)
        self.choose_key.setAccessibleName("Choose the signing key")
        self.feeds = Line()
        self.feeds.setAccessibleName("Price feeds")
        self.feeds.setPlaceholderText("ETH/USD=eip155:1:0x…  USDT/USD=eip155:1:0x…")
        self.feeds.setToolTip(
            "Contracts whose price values the protection funds, with blanks between; asked at the block"
        )
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setAccessibleName("Pass phrase of the signing key")
        self.output = _read_only("Evidence file to write", "")
        self.choose_output = button("Choose…", self._on_choose_output)
        self.choose_output.setAccessibleName("Choose the evidence file")
        self.strip = ProgressStrip()
        self._why = label("", "muted", wrap=True)
        self.endpoints = button("Endpoints…", desk.edit_endpoints)
        self.close_button = button("Close", self.reject)
        self.start = button("Capture", self._on_start, primary=True)
        self._fill()
        self.passphrase.textChanged.connect(self._refresh)
        self.feeds.editingFinished.connect(self._on_feeds)
        desk.connections.changed.connect(self._list)
        self.write_to(self._output)
        self._list()

    def _fill(self) -> None:
        for title, panel in (("Requests", self.requests), ("Not captured", self.left_out)):
            tab = QWidget()
            inner = column(panel)
            inner.setContentsMargins(0, GRID, 0, 0)
            tab.setLayout(inner)
            self.tabs.addTab(tab, title)
        self.tabs.setAccessibleName("Requests, and rows not captured")
        self.tabs.tabBar().setAccessibleName("Requests, and rows not captured")
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        self._passphrase_label = label("Pass phrase")
        self._passphrase_label.setBuddy(self.passphrase)
        feeds_label = label("Price feeds")
        feeds_label.setBuddy(self.feeds)
        rows = (
            (feeds_label, self.feeds),
            (label("Signing key"), holder(row(self.key_file, self.choose_key))),
            (self._passphrase_label, self.passphrase),
            (label("Evidence file"), holder(row(self.output, self.choose_output))),
        )
        for name, field in rows:
            name.setMinimumHeight(_LINE)  # beside the middle of its field
            form.addRow(name, field)
        self._form = form
        form.setRowVisible(self.passphrase, False)
        buttons = row(self.endpoints, holder(row(self._why)), self.close_button, self.start)
        buttons.setStretch(1, 1)
        layout = column(
            label("Capture evidence", "title"), label(_INTRO, wrap=True), self.banner, self.tabs,
            label(_ALSO, "muted", wrap=True), self.notes, form,
            self.strip, buttons, spacing=GRID + 4, margins=3 * GRID,
        )  # fmt: skip
        layout.setStretch(3, 1)
        self.setLayout(layout)

    @property
    def capturing(self) -> bool:
        """Whether hosts are being asked now."""
        return self._job is not None and self._listed is not None

    def done(self, result: int) -> None:
        """Closing stops the work: nothing is asked behind a closed dialog."""
        self._desk.connections.changed.disconnect(self._list)
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    def sign_with(self, path: Path) -> None:
        """Use this private key; its pass phrase is asked for only if it has one."""
        try:
            asks = encrypted(path)
        except AuditError as error:
            self.banner.say(Tone.BAD, "The key cannot be used", error.sentence())
            return
        self._key = path
        self.key_file.setText(str(path))
        self.passphrase.clear()
        self._form.setRowVisible(self.passphrase, asks)
        self._refresh()

    def write_to(self, path: Path) -> None:
        """Write the evidence here."""
        self._output = path
        self.output.setText(str(path))
        self._refresh()

    def _on_choose_key(self) -> None:
        prompts.open_file(self, "Signing key", prompts.PRIVATE_KEYS, self.sign_with)

    def _on_choose_output(self) -> None:
        prompts.save_file(self, "Evidence file", prompts.EVIDENCE, self._output, self.write_to)

    def _list(self) -> None:
        """List the requests for the endpoints as they are now; what was being asked is stopped."""
        if self._job is not None:
            self._job.cancel()
        self._listed = None
        configured = self._desk.connections.configured
        self._feeds = tuple(self.feeds.text().split())
        work = partial(list_requests, self._subject, configured, feeds=self._feeds)
        self._job = self._desk.runner.make_aside(work, "Listing the requests")
        self._job.succeeded.connect(self._on_listed)
        self._job.failed.connect(self._on_failed)
        self._job.progressed.connect(self._on_listing)
        self._job.start()
        self._refresh()

    def _on_listing(self, progress: Progress) -> None:
        if self._listed is None and progress.percent:
            show_text(self._why, f"Listing the requests… {progress.percent} %")

    def _on_feeds(self) -> None:
        """List again where other feeds were typed."""
        if tuple(self.feeds.text().split()) != self._feeds and not self.capturing:
            self._list()

    def _on_listed(self, listed: Listed) -> None:
        self._job = None
        self._listed = listed
        self.requests.show_rows(listed.readings)
        self.left_out.show_rows(listed.left_out)
        balances = sum(item.accounts for item in listed.readings)
        self.tabs.setTabText(0, f"Requests  {count(balances)} {noun(balances, 'balance')}")
        self.tabs.setTabText(1, f"Not captured  {count(len(listed.left_out))}")
        notes = [f"{chain_name(chain)}: no endpoint is configured." for chain in listed.without_endpoint]
        notes += [f"{chain_name(chain)}: one host only; a second host raises the grade." for chain in listed.one_host]
        show_text(self.notes, " ".join(notes))
        self._show_state()
        self._refresh()

    def _show_state(self) -> None:
        """Offline, nothing to ask, or nothing in the way."""
        self.go_online.hide()
        if self._desk.connections.permission() is not None and self._listed and self._listed.readings:
            self.banner.hide()
        elif not self._desk.connections.configured or (self._listed and not self._listed.readings):
            self.banner.say(Tone.INFO, "Nobody to ask", "Configure an endpoint for a chain of this snapshot.")
        else:
            self.go_online.show()
            self.banner.say(
                Tone.INFO, "Working offline", "The list stands below; nothing is asked until you go online."
            )

    def _missing(self) -> str:
        if self._job is not None:
            return "" if self._listed is not None else "Listing the requests…"
        if self._listed is None or not self._listed.readings:
            return "There is nothing to ask."
        if self._desk.connections.permission() is None:
            return "Working offline."
        if self._key is None:
            return "Choose your signing key."
        if not self.passphrase.isHidden() and not self.passphrase.text():
            return "Type the pass phrase."
        return ""

    def _refresh(self) -> None:
        missing = self._missing()
        left = working_file(self._output).exists()
        goes_on = "An interrupted capture left balances; it goes on from there." if left else ""
        show_text(self._why, missing or goes_on)
        self.start.setEnabled(not missing and self._job is None)
        for widget in (self.choose_key, self.choose_output, self.passphrase, self.feeds, self.endpoints):
            widget.setEnabled(not self.capturing)

    def _on_start(self) -> None:
        permission = self._desk.connections.permission()
        if permission is None or self._listed is None or self._key is None:
            return
        key = SigningFile(self._key, self.passphrase.text())
        work = partial(capture_evidence, self._subject, self._listed, permission, key, self._output)
        job = self._desk.runner.make_aside(work, "Capturing evidence")
        job.succeeded.connect(self._on_captured)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self.passphrase.clear()
        self.banner.hide()
        self.strip.follow(job)
        self._job = job
        self._refresh()
        job.start()

    def _on_captured(self, captured: Captured) -> None:
        self._job = None
        said = f"Captured {count(captured.balances)} {noun(captured.balances, 'balance')} in {count(captured.requests)} {noun(captured.requests, 'request')}"
        self._desk.say(" ".join([said, *captured.notes]))
        self._captured(self._output)
        self.accept()

    def _on_cancelled(self) -> None:
        if self.isVisible():
            self._job = None
            self.banner.say(
                Tone.WARN, "Cancelled", "No evidence was written. What was read is kept and not asked again."
            )
            self._refresh()

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self.go_online.hide()
        wrong = "The requests cannot be listed" if self._listed is None else "No evidence was written"
        self.banner.say(Tone.BAD, wrong, error.sentence())
        self._refresh()


def _read_only(name: str, placeholder: str) -> QLineEdit:
    made = Line()
    made.setReadOnly(True)
    made.setAccessibleName(name)
    made.setPlaceholderText(placeholder)
    return made
