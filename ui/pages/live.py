"""Live check: the snapshot's addresses at the newest blocks. A look, not evidence; no audited figure knows of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from auditor_app.chain.names import chain_name
from auditor_app.counts import noun
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from auditor_app.instants import format_instant
from ui.chain_work import Listed, Subject, list_requests, look
from ui.endpoints import ConfiguredEndpoint
from ui.jobs import Job, Work
from ui.models.columns import (
    Column,
    address_column,
    chip_column,
    count_column,
    hash_column,
    rate_column,
    text_column,
    units_column,
)
from ui.models.reserves import asked_shown, asked_text, named_chain
from ui.pages.page import Building, Page
from ui.text import count
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, column, label, row, show_text, tab_of, tabs
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from auditor_app.chain.live import LiveAsset, LiveResult
    from auditor_app.chain.plan import PlannedReading

_NO_EVIDENCE = (
    "Balances at the newest blocks, as one endpoint of each chain gave them. They are no evidence, and no figure, finding "
    "or report of the engagement holds any of them."
)


_FIRST, _THEN = "First", "If the one before does not answer"


def _in_turn(readings: Sequence[PlannedReading]) -> list[tuple[PlannedReading, str]]:
    """Each reading with its host's turn: of a chain's hosts the first that answers is the only one."""
    seen: set[tuple[str, str, str | None]] = set()
    found = []
    for item in readings:
        key = (item.chain, item.asset, item.token)
        found.append((item, _THEN if key in seen else _FIRST))
        seen.add(key)
    return found


def _change(item: LiveAsset) -> int:
    return item.now - item.claimed


def _fell(change: int) -> Tone | None:
    return Tone.WARN if change < 0 else None


_REQUESTS = (
    text_column("Host", lambda item: item[0].origin, yields=True),
    text_column("Asked", lambda item: item[1]),
    text_column("Chain", lambda item: named_chain(item[0].chain)),
    text_column("Asset", lambda item: item[0].asset),
    Column(
        "Asked for",
        lambda item: asked_shown(item[0]),
        lambda item: asked_text(item[0]),
        lambda item: asked_text(item[0]),
        wide=True,
    ),
    count_column("Balances", lambda item: item[0].accounts),
)
_ASSETS = (
    text_column("Asset", lambda item: item.asset),
    units_column("Claimed then", lambda item: item.claimed, lambda item: item.decimals, note="At the snapshot's block, of the rows that were read now"),
    units_column("On chain now", lambda item: item.now, lambda item: item.decimals),
    units_column("Change", _change, lambda item: item.decimals, tone=lambda item: _fell(_change(item)), note="Now less claimed"),
    rate_column("Rate if liabilities stood still", lambda item: item.rate_if_unchanged, note="Balances now ÷ the liabilities published in the snapshot, as if these had not changed since; rounded down"),
    chip_column("Rows", lambda item: "All read" if item.complete else "Not all read", lambda item: Tone.NEUTRAL if item.complete else Tone.WARN),
)  # fmt: skip
_LINES = (
    text_column("Asset", lambda item: item.asset),
    text_column("Chain", lambda item: named_chain(item.account.rpartition(":")[0]), yields=True),
    address_column("Address", lambda item: item.account.rpartition(":")[2], wide=True),
    units_column("Claimed then", lambda item: item.claimed, lambda item: item.decimals),
    units_column("On chain now", lambda item: item.now, lambda item: item.decimals),
    units_column("Change", lambda item: item.change, lambda item: item.decimals, tone=lambda item: _fell(item.change)),
)
_BLOCKS = (
    text_column("Chain", lambda item: named_chain(item[0]), wide=True),
    count_column("Height", lambda item: item[1]),
    hash_column("Block hash", lambda item: item[2]),
    text_column("Answered by", lambda item: item[3], wide=True),
)

_NOT_READ = (text_column("Why", str, wide=True),)

_Asked = tuple[Subject, tuple[ConfiguredEndpoint, ...]]


def _answered(result: LiveResult) -> str:
    """Whose word the figures are, in a sentence."""
    hosts = dict.fromkeys(origin for *_, origin in result.blocks)
    return f" Answered by {', '.join(hosts)}." if hosts else ""


class LivePage(Page):
    """The requests first; results appear only after the auditor asked."""

    def build(self) -> Building:
        """What would be asked above, four tabs below."""
        self._asked: _Asked | None = None
        self._listed: Listed | None = None
        self._job: Job | None = None
        self.apart = Banner()
        self.go_online = button("Go online", partial(self.desk.connections.set_offline, False))
        self.apart.add_button(self.go_online)
        self._what = label("", wrap=True)
        self._seen_at = label("", "muted", wrap=True)
        self.look = button("Look now", self._on_look, primary=True)
        endpoints = button("Endpoints…", self.desk.edit_endpoints)
        words = column(self._what, self._seen_at, spacing=4)
        top = row(words, endpoints, self.look, spacing=GRID)
        top.setStretch(0, 1)
        runner = self.desk.runner
        self.tabs = tabs("Live check")
        layout = column(self.apart, card(top), self.tabs, spacing=2 * GRID)
        layout.setStretch(2, 1)
        self.content.setLayout(layout)
        self.requests = TablePanel("Requests", _REQUESTS, runner)
        self._tab("Requests", self.requests)
        yield
        self.assets = TablePanel("By asset now", _ASSETS, runner)
        self._tab("By asset", self.assets)
        yield
        self.lines = TablePanel("By address now", _LINES, runner)
        self._tab("By address", self.lines)
        yield
        self.blocks = TablePanel("Newest blocks", _BLOCKS, runner, filterable=False)
        self._tab("Blocks", self.blocks)
        yield
        self.not_read = TablePanel("Not read", _NOT_READ, runner, filterable=False, reads=str)
        self._tab("Not read", self.not_read)
        yield
        self.desk.connections.changed.connect(self._on_connections)

    def _tab(self, title: str, panel: TablePanel) -> None:
        self.tabs.addTab(tab_of(panel), title)

    def tables(self) -> tuple[TablePanel, ...]:
        """Requests, assets, addresses, blocks, what was not read."""
        return self.requests, self.assets, self.lines, self.blocks, self.not_read

    def nothing_yet(self) -> tuple[str, str]:
        """Before any snapshot is open."""
        return (
            "Nobody is asked yet",
            "Open a snapshot with its trust store: the requests are listed here before any is made.",
        )

    def show_audit(self, audit: Audit) -> None:
        """Nothing here comes from the audit, and nothing goes into it."""

    def refresh(self) -> None:
        """List the requests again for another snapshot or other endpoints; earlier results then go."""
        super().refresh()
        subject = self._subject()
        self.show_content(subject is not None)
        if subject is None:
            self._forget()
            return
        asked = (subject, self.desk.connections.configured)
        if asked != self._asked:
            self._forget()
            self._asked = asked
            self._start(partial(list_requests, *asked, live=True), "Listing the requests", self._on_listed)
        self._show_state()

    def _subject(self) -> Subject | None:
        inputs = self.desk.case.inputs
        if inputs.snapshot is None or inputs.trust_store is None:
            return None
        return Subject(inputs.snapshot.path, inputs.trust_store.path, inputs.trusted_time)

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self._asked = self._listed = None
        for table in self.tables():
            table.show_rows(())
        show_text(self._seen_at, "")
        self.tabs.setCurrentIndex(0)

    def _start(self, work: Work, title: str, then: Callable[[Any], None]) -> None:
        job = self.desk.runner.make_aside(work, title)
        job.succeeded.connect(then)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(partial(self._on_cancelled, job))
        self._job = job
        if title != "Listing the requests":
            self.desk.follow(job)
        job.start()

    def _on_connections(self) -> None:
        """Going offline stops a look at once."""
        if self.desk.connections.offline and self._listed is not None and self._job is not None:
            self._job.cancel()
        if self.isVisible():
            self.refresh()

    def _on_listed(self, listed: Listed) -> None:
        self._job = None
        self._listed = listed
        self.requests.show_rows(_in_turn(listed.readings))
        self._show_state()

    def _on_look(self) -> None:
        permission, subject = self.desk.connections.permission(), self._subject()
        if permission is not None and subject is not None and self._listed is not None and self._job is None:
            self._start(partial(look, subject, self._listed, permission), "Looking at the chains now", self._on_seen)
            self._show_state()

    def _on_seen(self, result: LiveResult) -> None:
        self._job = None
        self.assets.show_rows(result.assets)
        self.lines.show_rows(result.lines)
        self.blocks.show_rows(result.blocks)
        self.not_read.show_rows(result.notes)
        self.tabs.setTabText(4, f"Not read  {count(len(result.notes))}")
        show_text(
            self._seen_at, f"Looked at {format_instant(datetime.now(UTC))}." + _answered(result) + self._unread(result)
        )
        self.tabs.setCurrentIndex(1)
        self._show_state()

    def _unread(self, result: LiveResult) -> str:
        """What stands in no row, in a clause: nothing is left out silently."""
        listed = self._listed
        chains = () if listed is None else listed.without_endpoint
        said = [f" No endpoint: {', '.join(map(chain_name, chains))}."] if chains else []
        said += [" Not every host or balance could be read; the last tab says which."] if result.notes else []
        return "".join(said)

    def _on_failed(self, error: AuditError) -> None:
        self._job = None
        self._show_state()
        self.go_online.hide()
        self.apart.say(Tone.BAD, "Nothing was read", error.sentence())

    def _on_cancelled(self, job: Job) -> None:
        if self._job is job:
            self._job = None
            self._show_state()

    def _show_state(self) -> None:
        listed, connections = self._listed, self.desk.connections
        readings = () if listed is None else listed.readings
        turns = _in_turn(readings)
        hosts, others = (
            list(dict.fromkeys(item.origin for item, turn in turns if turn == wanted)) for wanted in (_FIRST, _THEN)
        )
        balances = sum(item.accounts for item, turn in turns if turn == _FIRST)
        some = f"{count(balances)} {noun(balances, 'balance')} at the newest block would be asked of {', '.join(hosts)}"
        some += f"; of {', '.join(others)} only where the host before does not answer." if others else "."
        show_text(self._what, some if readings else "There is nothing to ask yet.")
        allowed = connections.permission() is not None
        self.look.setEnabled(bool(readings) and allowed and self._job is None)
        self.go_online.setVisible(bool(readings) and not allowed)
        if readings and not allowed:
            self.apart.say(Tone.INFO, "Working offline", "The list stands below; nothing is asked until you go online.")
        elif listed is not None and not readings:
            self.apart.say(Tone.INFO, "Nobody to ask", "Configure an endpoint for a chain of this snapshot.")
        else:
            self.apart.say(Tone.INFO, "A look, not evidence", _NO_EVIDENCE)
