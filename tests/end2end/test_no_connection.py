"""Opening and verifying opens no connection: watched at the interpreter's sockets, and by the kernel's own counters.

The second also sees native code, such as the EVM that re-executes calls: it asks the product's own witness server on
127.0.0.1, and nobody else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from auditor_app.chain.reexecution import available
from auditor_app.engagement.audit import perform
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store
from tests.end2end.executed import SHARES, executed_files
from tests.end2end.open_many import NOT_ALLOWED
from tests.ui.node import CHAIN, THEN, AuditorFiles, auditor_files, running_node
from ui import theme
from ui.chain_work import SigningFile, Subject, capture_evidence, list_requests
from ui.endpoints import ConfiguredEndpoint, Permission
from ui.main_window import MainWindow
from ui.pages import PAGES
from ui.settings import Settings

RUNS, EXECUTED = 1000, 10
ROOT = Path(__file__).resolve().parents[2]
_WATCHED = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}


class Watch:
    """An audit hook, which can never be removed, that notes what is connected to while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event in _WATCHED and "127.0.0.1" not in str(arguments):
            self.seen.append(f"{event} {arguments}")

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.seen.clear()
        self.on = True
        try:
            yield
        finally:
            self.on = False


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> AuditorFiles:
    """A snapshot, and evidence with state proofs captured for it."""
    return _captured(auditor_files(tmp_path_factory.mktemp("held")))


def _captured(made: AuditorFiles) -> AuditorFiles:
    subject = Subject(made.snapshot, made.trust, None)
    with running_node() as node:
        endpoints = (ConfiguredEndpoint(CHAIN, node.url),)
        listed = run(list_requests(subject, endpoints, CancelToken()))
        signing = SigningFile(made.key)
        run(capture_evidence(subject, listed, Permission(endpoints), signing, made.evidence, CancelToken()))
    return made


def test_the_watch_sees_a_connection(watch: Watch) -> None:
    import socket

    with watch.watching(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect(("192.0.2.1", 9))
    assert len(watch.seen) == 1


def test_a_thousand_verifications_open_none(watch: Watch, held: AuditorFiles) -> None:
    request = AuditRequest(held.snapshot, held.trust, held.evidence)
    results: set[tuple[object, ...]] = set()
    with watch.watching():
        for _ in range(RUNS):
            audit: Audit = run(perform(request, CancelToken()))
            results.add(tuple((line.observed, line.grade) for line in audit.addresses))
    assert watch.seen == []
    assert len(results) == 1
    assert sum(observed is not None for observed, _ in results.pop()) == 4  # type: ignore[misc]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process a network of its own")
@pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")
def test_a_thousand_files_in_a_network_of_their_own(tmp_path: Path) -> None:
    for name, make, block in (("plain", _plain_files, THEN.hash), ("executed", executed_files, "")):
        folder = tmp_path / name
        folder.mkdir()
        made = make(folder)
        (folder / "hash").write_text(block or _named_hash(made))
    script = [sys.executable, "-m", "tests.end2end.open_many", str(tmp_path), str(RUNS - EXECUTED), str(EXECUTED)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == NOT_ALLOWED:
        pytest.skip(f"this system allows no network of its own: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["countersCount"] is True
    plain, executed = told["plain"], told["executed"]
    assert (plain["opened"] + executed["opened"], plain["elsewhere"], executed["elsewhere"]) == (RUNS, 0, 0)
    assert (plain["connections"], plain["datagrams"], executed["datagrams"]) == (0, 0, 0)
    assert executed["connections"] >= EXECUTED  # to the witness server: there is nobody else
    assert [len(kind["seen"]) for kind in (plain, executed)] == [1, 1]
    assert json.loads(executed["seen"][0]) == [[2 * SHARES, "proven"]]
    assert [7 * 10**18, "proven"] in json.loads(plain["seen"][0])


def _plain_files(folder: Path) -> AuditorFiles:
    return _captured(auditor_files(folder))


def _named_hash(made: AuditorFiles) -> str:
    snapshot = authenticate_snapshot(made.snapshot, load_store(made.trust), token=CancelToken())
    try:
        return str(snapshot.statement.predicate.chains[CHAIN].block_hash)
    finally:
        snapshot.members.close()


def test_the_window_opens_none_either(
    watch: Watch, held: AuditorFiles, qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    theme.load_fonts()
    theme.apply(qapp, theme.LIGHT)
    with watch.watching():
        window = MainWindow(Settings(tmp_path / "window.ini"))
        qtbot.addWidget(window)
        window.show()
        with qtbot.waitSignal(window.case.run_ended, timeout=30_000):
            window.open_together(held.snapshot, held.trust, held.evidence)
        for entry in PAGES:
            if entry.step is not None or entry.key == "live":
                window.go_to(entry.key)
        qtbot.waitUntil(lambda: not window.runner.busy, timeout=30_000)
        window.close()
    assert watch.seen == []
    assert window.offline.chip.text == "Offline"
