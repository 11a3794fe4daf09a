"""Preferences, endpoints: which chain is asked of whom, the offline switch, and keys that go to the system keyring only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QTabWidget, QWidget

from auditor_app.chain.names import chain_name
from auditor_app.errors import AuditError
from ui.chain_work import keep_key, keys_held
from ui.connections import Connections
from ui.endpoints import ConfiguredEndpoint, Inspected, inspect
from ui.jobs import Job, JobRunner
from ui.models.columns import chip_column, text_column
from ui.models.reserves import named_chain
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, choice, column, label, restyle, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.table_panel import TablePanel

_CHAIN = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\Z", re.ASCII)
_TAB_HEIGHT = 250
_INTRO = (
    "A snapshot never names a host: whom to ask is yours to say. Nothing is asked until you capture evidence or look at "
    "a chain, and each request is listed before it is made."
)
_KEY_HELP = (
    "Where a URL needs a secret, write {key} for it. The key is kept in the system keyring, never in a file of this "
    "program; it is put into the URL at the moment of asking."
)


@dataclass(frozen=True, slots=True)
class _Row:
    """An endpoint as listed; ``held`` is ``None`` while the keyring has not answered."""

    endpoint: ConfiguredEndpoint
    seen: Inspected
    held: bool | None

    @property
    def key(self) -> tuple[str, Tone]:
        """Words and tone of its key."""
        if not self.seen.needs_key:
            return "Not needed", Tone.NEUTRAL
        if self.held is None:
            return "Looking", Tone.NEUTRAL
        return ("Held", Tone.GOOD) if self.held else ("Missing", Tone.WARN)


_COLUMNS = (
    text_column("Chain", lambda item: named_chain(item.endpoint.chain)),
    text_column("URL", lambda item: item.endpoint.url, wide=True),
    text_column("Node", lambda item: "own" if item.endpoint.own_node else "another's"),
    chip_column("Key", lambda item: item.key[0], lambda item: item.key[1]),
)


def _chain(text: str) -> str:
    if not _CHAIN.match(text):
        raise ValueError("a CAIP-2 id like eip155:1")
    return text


class EndpointsDialog(QDialog):
    """Changes apply at once; Close only closes. ``suggested`` is a chain that has no endpoint yet."""

    def __init__(self, parent: QWidget, connections: Connections, runner: JobRunner, suggested: str = "") -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Endpoints")
        self.setMinimumSize(760, 600)
        self.resize(920, 740)
        self._connections = connections
        self._runner = runner
        self._held: dict[str, bool] = {}
        self._job: Job | None = None
        self.offline = choice("Connections")
        self.offline.addItem("Work offline: open no connection, whatever is configured", True)
        self.offline.addItem("Online when asked: configured endpoints only", False)
        self.offline.setCurrentIndex(0 if connections.offline else 1)
        self.offline.currentIndexChanged.connect(lambda: connections.set_offline(self.offline.currentData()))
        self.problem = Banner()
        self.table = TablePanel("Endpoints", _COLUMNS, runner, filterable=False)
        self.table.current_changed.connect(self._on_current)
        self.remove = button("Remove", self._on_remove)
        self.remove.setAccessibleName("Remove the selected endpoint")
        self.chain = TypedField("Chain", "eip155:1", _chain, mono=True)
        self.chain.setText(suggested)
        self.url = TypedField("URL", "https://node.example/{key}", self._url, mono=True)
        self.own = choice("Who runs the node")
        self.own.addItem("Somebody else runs this node", False)
        self.own.addItem("I run this node: its readings are graded own-node", True)
        self._why = label("", "muted", wrap=True)
        self.add = button("Add endpoint", self._on_add, primary=True)
        self.secret = QLineEdit()
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.secret.setAccessibleName("Key of the selected endpoint's host")
        self.keep = button("Store in the keyring", self._on_keep)
        self._key_of = label("", "muted", wrap=True)
        self._fill()
        for field in (self.chain, self.url):
            field.judged.connect(self._on_judged)
        self.secret.textChanged.connect(self._on_judged)
        self._show()

    def _fill(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(GRID)
        for name, field in (("Chain", self.chain), ("URL", self.url), ("Node", self.own)):
            words = label(name)
            words.setBuddy(field)
            form.addRow(words, field)
        new = column(form, self._why, row(1, self.add))
        words = label("Key")
        words.setBuddy(self.secret)
        keys = column(label(_KEY_HELP, "muted", wrap=True), self._key_of, row(words, self.secret, self.keep))
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setMinimumHeight(_TAB_HEIGHT)
        self.tabs.setAccessibleName("New endpoint, and keys")
        self.tabs.tabBar().setAccessibleName("New endpoint, and keys")
        for title, layout in (("New endpoint", new), ("Key of the selected host", keys)):
            layout.addStretch(1)
            layout.setContentsMargins(0, 2 * GRID, 0, 0)
            tab = QWidget()
            tab.setLayout(layout)
            self.tabs.addTab(tab, title)
        outer = column(
            label("Endpoints", "title"), label(_INTRO, wrap=True), self.offline, self.problem, self.table,
            row(1, self.remove), self.tabs, row(1, button("Close", self.accept)), spacing=GRID + 4, margins=3 * GRID,
        )  # fmt: skip
        outer.setStretch(4, 1)
        self.setLayout(outer)

    def done(self, result: int) -> None:
        """The keyring may answer late: nobody waits for it."""
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    def _selected(self) -> _Row | None:
        index = self.table.view.currentIndex()
        found = self.table.model.row_at(index.row()) if index.isValid() else None
        return found if isinstance(found, _Row) else None

    def _url(self, text: str) -> str:
        try:
            inspect(ConfiguredEndpoint(self.chain.value or "eip155:1", text))
        except AuditError as error:
            raise ValueError(error.what.removeprefix("the endpoint was refused: ")) from None
        return text

    def _show(self) -> None:
        rows = []
        for item in self._connections.configured:
            seen = inspect(item)
            rows.append(_Row(item, seen, self._held.get(seen.host)))
        self.table.show_rows(rows)
        unknown = tuple(dict.fromkeys(item.seen.host for item in rows if item.seen.needs_key and item.held is None))
        if unknown and self._job is None:
            self._start(self._runner.make(partial(keys_held, unknown), "Asking the system keyring"), self._on_held)
        self._on_judged()

    def _start(self, job: Job, then: Callable[[Any], None]) -> None:
        self._job = job
        job.succeeded.connect(then)
        job.failed.connect(self._on_failed)
        job.start()

    def _on_current(self, _: object) -> None:
        self._on_judged()

    def _on_judged(self) -> None:
        chosen = self._selected()
        missing = self.chain.wrong or self.url.wrong or ("" if self.chain.value and self.url.value else "Type both.")
        wrong = self.chain.wrong or self.url.wrong
        said = (
            wrong[:1].upper() + wrong[1:] + "." if wrong else chain_name(self.chain.value) if self.chain.value else ""
        )
        show_text(self._why, said)
        self._why.setProperty("ink", "bad" if wrong else "")
        restyle(self._why)
        self.add.setEnabled(not missing)
        self.remove.setEnabled(chosen is not None)
        keyed = chosen is not None and chosen.seen.needs_key
        self.secret.setEnabled(keyed)
        self.keep.setEnabled(keyed and bool(self.secret.text()) and self._job is None)
        host = "" if chosen is None else f"Host {chosen.seen.host}."
        show_text(self._key_of, host if keyed else "Select an endpoint whose URL holds {key}.")

    def _on_add(self) -> None:
        new = ConfiguredEndpoint(self.chain.value or "", self.url.value or "", self.own.currentData())
        kept = tuple(item for item in self._connections.configured if (item.chain, item.url) != (new.chain, new.url))
        try:
            self._connections.configure((*kept, new))
        except AuditError as error:
            self._on_failed(error)
            return
        self.problem.hide()
        self.url.clear()
        self._show()

    def _on_remove(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self._connections.configure(tuple(item for item in self._connections.configured if item != chosen.endpoint))
            self._show()

    def _on_keep(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            host, secret = chosen.seen.host, self.secret.text()
            self.secret.clear()
            job = self._runner.make(partial(keep_key, host, secret), "Asking the system keyring")
            self._start(job, partial(self._on_kept, host))

    def _on_kept(self, host: str, _: None) -> None:
        self._job = None
        self._held[host] = True
        self.problem.hide()
        self._show()

    def _on_held(self, held: Mapping[str, bool]) -> None:
        self._job = None
        self._held.update(held)
        self._show()

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self.problem.say(Tone.BAD, "Not kept", error.sentence())
        self._on_judged()
